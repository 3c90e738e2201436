//! What was in the files before we came, counted for metrics whose window reaches back there.
//!
//! A thread of its own reads it, while the files are followed already. Each file is read up to the byte from which its
//! follower counts, so that every record counts once; what was counted is put in as a whole.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::mpsc::{Receiver, Sender, channel};

use chrono::{DateTime, Utc};
use encoding_rs::Encoding;

use super::super::decode::LineSplitter;
use super::super::encoding::TextDecoder;
use super::super::open::OpenLog;
use super::super::pipeline::{Pipeline, Stream};
use super::super::start::{self, Extent};
use super::part::{Counter, Reach};
use crate::config::sections::log::Log;
use crate::model::redact::Redactor;
use crate::model::time::Stamp;
use crate::sources::Context;

/// Size of one read.
const READ: usize = 256 << 10;

/// A file that is followed, up to where its follower counts.
#[derive(Debug)]
pub struct Uncounted {
    file: File,
    upto: u64,
    encoding: Option<&'static Encoding>,
}

impl Uncounted {
    /// The past of an open file; `None` where the system has no handle left for it, and of a pipe, which has none.
    pub fn new(open: &OpenLog, upto: u64) -> Option<Self> {
        if open.is_pipe() {
            return None;
        }
        Some(Self { file: open.file().try_clone().ok()?, upto, encoding: open.encoding().ok()? })
    }
}

/// What has to be counted of one log.
#[derive(Debug)]
pub struct Backfill {
    log: Log,
    files: Vec<Uncounted>,
    /// Each counter with the one that counts aside for it.
    counters: Vec<(Counter, Counter)>,
    now: Stamp,
}

impl Backfill {
    /// The past of `files` for `counters`; `None` where nobody counts. Until it is read, they have no number.
    pub fn new(log: &Log, files: Vec<Uncounted>, counters: &[Counter], now: Stamp) -> Option<Self> {
        if counters.is_empty() {
            return None;
        }
        let bytes = files.iter().map(|past| past.upto).sum();
        let counters = counters.iter().map(|counter| (counter.clone(), counter.aside(bytes))).collect();
        Some(Self { log: log.clone(), files, counters, now })
    }

    /// Reads it, unless `ended` says that nobody wants it any more.
    pub fn read(self, redactor: &Redactor, ended: &dyn Fn() -> bool) {
        let aside = self.counters.iter().map(|(_, aside)| aside.clone()).collect();
        // A validated configuration has no expression that does not compile.
        let Ok(mut pipeline) = Pipeline::new(&self.log, redactor.clone(), aside, 1) else { return };
        pipeline.hide(true);
        let from = self.counters.iter().map(|(counter, _)| counter.from(self.now.utc)).min().unwrap_or(self.now.utc);
        let mut untimed = false;
        for past in &self.files {
            match self.file(past, from, &mut pipeline, ended) {
                Ok(timed) => untimed |= !timed,
                Err(why) => self.failed(&why),
            }
            if ended() {
                return;
            }
        }
        for (counter, aside) in &self.counters {
            counter.put_in(aside);
            if untimed {
                counter.reaches(Reach::Since(self.now.utc));
            }
        }
    }

    /// Reads one file; false where its lines state no times, so that nobody knows when they were written.
    fn file(
        &self,
        past: &Uncounted,
        from: DateTime<Utc>,
        pipeline: &mut Pipeline,
        ended: &dyn Fn() -> bool,
    ) -> io::Result<bool> {
        let extent = Extent { size: past.upto, encoding: past.encoding };
        let Some(mut offset) = start::since(&past.file, extent, from, pipeline, self.now.utc)? else {
            self.advance(past.upto);
            return Ok(past.upto == 0);
        };
        self.advance(offset);
        let mut decoder = TextDecoder::within(past.encoding);
        let mut splitter = LineSplitter::default();
        let mut stream = Stream::since(Some(from));
        let mut buffer = vec![0; READ];
        while offset < past.upto && !ended() {
            let most = usize::try_from(past.upto - offset).unwrap_or(READ).min(READ);
            let read = past.file.read_at(&mut buffer[..most], offset)?;
            if read == 0 {
                break;
            }
            let text = decoder.decode(&buffer[..read]);
            splitter.feed(text, |line, cut| pipeline.line(&mut stream, line, cut, self.now, false));
            offset += read as u64;
            self.advance(read as u64);
        }
        // What has no end yet is counted by the follower.
        pipeline.close(&mut stream, self.now);
        Ok(true)
    }

    fn advance(&self, bytes: u64) {
        self.counters.iter().for_each(|(counter, _)| counter.advanced(bytes));
    }

    fn failed(&self, why: &io::Error) {
        for (_, aside) in &self.counters {
            aside.lost(self.now.utc, &format!("a part could not be read: {why}"));
        }
    }
}

/// Starts the thread that reads the past of one after the other; it ends with the sender or with the context. `None`
/// where the system gives no thread.
pub fn backfiller(context: &Context, redactor: &Redactor) -> Option<Sender<Backfill>> {
    let (sender, jobs): (_, Receiver<Backfill>) = channel();
    let (cancel, redactor) = (context.cancel.clone(), redactor.clone());
    let work = move || {
        for past in jobs {
            past.read(&redactor, &|| cancel.is_cancelled());
        }
    };
    std::thread::Builder::new().name("backfill".into()).spawn(work).ok().map(|_| sender)
}
