//! What was written before we came, counted for metrics whose window reaches back there.
//!
//! A thread of its own reads it, while the files are followed already. A file that is followed is read up to the byte
//! from which its follower counts, and those that were rotated to their end, so that every record counts once. All
//! files are opened before anything is read: a rotation meanwhile changes nothing. What was counted is put in as a
//! whole.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};

use chrono::{DateTime, Utc};

use super::super::decode::LineSplitter;
use super::super::history::{MAX_BYTES, rotated};
use super::super::pipeline::{Pipeline, RecordStream};
use super::part::{CountReach, LogCounter};
use crate::config::sections::log::Log;
use crate::lang::time::Stamp;
use crate::sources::SourceContext;
use crate::sources::logs::decode::archive;
use crate::sources::logs::decode::archive::Packing;
use crate::sources::logs::decode::encoding;
use crate::sources::logs::decode::encoding::TextDecoder;
use crate::sources::logs::follow::open::{LogFileIdentity, OpenLog};
use crate::sources::logs::follow::start;
use crate::sources::logs::follow::start::Extent;
use crate::text::count::counted;
use crate::text::redact::Redactor;

/// Size of one read.
const READ: usize = 256 << 10;

/// A file of which something was not counted.
#[derive(Debug)]
pub(crate) struct Uncounted {
    file: File,
    /// For the words of an error.
    path: PathBuf,
    /// What comes from here on is counted by others.
    upto: u64,
    /// When it was written last, where others do not go on where this ends; a line without its end is theirs.
    rotated: Option<DateTime<Utc>>,
}

impl Uncounted {
    /// The beginning of a file that is followed; `None` where the system has no handle left for it, and of a pipe, which
    /// has no past.
    pub(crate) fn new(open: &OpenLog, path: &Path, upto: u64) -> Option<Self> {
        if open.is_pipe() {
            return None;
        }
        Some(Self { file: open.file().try_clone().ok()?, path: path.to_owned(), upto, rotated: None })
    }

    /// A file that nobody follows.
    #[expect(clippy::disallowed_methods, reason = "this is the room that reads logs")]
    fn whole(path: PathBuf, modified: DateTime<Utc>) -> io::Result<Self> {
        let file = File::open(&path)?;
        let upto = file.metadata()?.len();
        Ok(Self { file, path, upto, rotated: Some(modified) })
    }

    fn identity(&self) -> Option<LogFileIdentity> {
        self.file.metadata().ok().as_ref().map(LogFileIdentity::from_metadata)
    }
}

/// What has to be counted of one log.
#[derive(Debug)]
pub(crate) struct Backfill {
    log: Log,
    files: Vec<Uncounted>,
    /// Each counter with the one that counts aside for it.
    counters: Vec<(LogCounter, LogCounter)>,
    /// Why some of it can't be read.
    lost: Vec<String>,
    now: Stamp,
}

impl Backfill {
    /// What `files` and the files that `paths` led to before hold for `counters`; `None` where nobody counts. Until it
    /// is read, the counters have no number.
    pub(crate) fn new(
        log: &Log,
        files: Vec<Uncounted>,
        paths: &[&Path],
        counters: &[LogCounter],
        now: Stamp,
    ) -> Option<Self> {
        if counters.is_empty() {
            return None;
        }
        let mut backfill = Self { log: log.clone(), files, counters: Vec::new(), lost: Vec::new(), now };
        let from = counters.iter().map(|counter| counter.from(now.utc)).min().unwrap_or(now.utc);
        for path in paths {
            backfill.rotated(path, from);
        }
        let bytes = backfill.files.iter().map(|file| file.upto).sum();
        backfill.counters = counters.iter().map(|counter| (counter.clone(), counter.aside(bytes))).collect();
        Some(backfill)
    }

    /// So many files of the pattern are not followed, the newest of them written at `newest`: what they hold is not
    /// counted.
    pub(crate) fn leave_out(&mut self, files: usize, newest: DateTime<Utc>) {
        let from = self.counters.iter().map(|(counter, _)| counter.from(self.now.utc)).min();
        if from.is_some_and(|from| newest >= from) {
            self.lost.push(format!("{} not followed and not counted", counted(files, "more file")));
        }
    }

    /// Opens what `path` was before, as far back as `from`.
    fn rotated(&mut self, path: &Path, from: DateTime<Utc>) {
        let mut left = MAX_BYTES;
        for rotated in rotated(path).into_iter().rev().take_while(|rotated| rotated.modified >= from) {
            left = left.saturating_sub(rotated.size);
            if left == 0 {
                self.lost.push("older files are too large to be counted".to_owned());
                return;
            }
            match Uncounted::whole(rotated.path, rotated.modified) {
                Ok(file) => {
                    let identity = file.identity();
                    if self.files.iter().all(|known| known.identity() != identity) {
                        self.files.push(file);
                    }
                }
                Err(why) => self.lost.push(format!("a rotated file can't be read: {why}")),
            }
        }
    }

    /// Reads it, unless `ended` says that nobody wants it any more.
    pub(crate) fn read(mut self, redactor: &Redactor, ended: &dyn Fn() -> bool) {
        let aside = self.counters.iter().map(|(_, aside)| aside.clone()).collect();
        let mut pipeline = Pipeline::new(&self.log, redactor.clone(), aside, 1);
        pipeline.hide(true);
        let from = self.counters.iter().map(|(counter, _)| counter.from(self.now.utc)).min().unwrap_or(self.now.utc);
        let mut untimed = false;
        // The present files, then the rotated ones from the newest on: a short window is known first.
        let mut files = std::mem::take(&mut self.files);
        files.sort_by_key(|file| std::cmp::Reverse(file.rotated.unwrap_or(DateTime::<Utc>::MAX_UTC)));
        for (nth, file) in files.iter().enumerate() {
            match self.file(file, from, &mut pipeline, ended) {
                Ok(timed) => untimed |= !timed,
                Err(why) => self.lost.push(format!("{} can't be read to its end: {why}", file.path.display())),
            }
            if ended() {
                return;
            }
            let next = files.get(nth + 1).map_or(DateTime::<Utc>::MIN_UTC, |file| file.rotated.unwrap_or(self.now.utc));
            self.put_in(next, untimed);
        }
        self.put_in(DateTime::<Utc>::MIN_UTC, untimed);
    }

    /// Puts in what is complete, when nothing newer than `next` is left to be read.
    fn put_in(&mut self, next: DateTime<Utc>, untimed: bool) {
        let now = self.now.utc;
        for (counter, aside) in self.counters.extract_if(.., |(counter, _)| next < counter.from(now)) {
            if let Some(why) = self.lost.first() {
                aside.lost(now, why);
            }
            counter.put_in(&aside);
            if untimed {
                counter.reaches(CountReach::Since(now));
            }
        }
    }

    /// Reads one file; false where its lines state no times, so that nobody knows when they were written.
    fn file(
        &self,
        uncounted: &Uncounted,
        from: DateTime<Utc>,
        pipeline: &mut Pipeline,
        ended: &dyn Fn() -> bool,
    ) -> io::Result<bool> {
        let mut head = [0; 16];
        let read = uncounted.file.read_at(&mut head, 0)?;
        if Packing::recognise(&head[..read]).is_some() {
            return self.packed(uncounted, from, pipeline, ended);
        }
        let marked = encoding::mark(&head[..read]).map(|(encoding, _)| encoding);
        let extent = Extent { size: uncounted.upto, encoding: pipeline.encoding().or(marked) };
        let Some(begin) = start::since(&uncounted.file, extent, from, pipeline, self.now.utc)? else {
            self.advance(uncounted.upto);
            return Ok(uncounted.upto == 0);
        };
        self.advance(begin);
        let decoder = match begin {
            0 => TextDecoder::at_start(pipeline.encoding()),
            _ => TextDecoder::within(extent.encoding),
        };
        let mut lines = Lines::new(decoder, from, uncounted);
        let mut buffer = vec![0; READ];
        let mut offset = begin;
        while offset < uncounted.upto && !ended() {
            let most = usize::try_from(uncounted.upto - offset).unwrap_or(READ).min(READ);
            let read = uncounted.file.read_at(&mut buffer[..most], offset)?;
            if read == 0 {
                break;
            }
            lines.count(&buffer[..read], pipeline, self.now);
            offset += read as u64;
            self.advance(read as u64);
        }
        lines.end(pipeline, self.now);
        Ok(true)
    }

    /// Reads an archive; false where its lines state no times.
    fn packed(
        &self,
        uncounted: &Uncounted,
        from: DateTime<Utc>,
        pipeline: &mut Pipeline,
        ended: &dyn Fn() -> bool,
    ) -> io::Result<bool> {
        let mut input = archive::unpacked(uncounted.file.try_clone()?, &uncounted.path)?.take(MAX_BYTES);
        let mut lines = Lines::new(TextDecoder::at_start(pipeline.encoding()), from, uncounted);
        let mut buffer = vec![0; READ];
        let placed = start::placed(&uncounted.file, self.now.utc);
        let mut timed = None;
        while !ended() {
            let read = match input.read(&mut buffer) {
                Err(why) if why.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            if read == 0 {
                break;
            }
            let states = |line: &[u8]| pipeline.time_of(line, placed).is_some();
            if !*timed.get_or_insert_with(|| buffer[..read].split(|byte| *byte == b'\n').take(200).any(states)) {
                return Ok(false);
            }
            lines.count(&buffer[..read], pipeline, self.now);
        }
        lines.end(pipeline, self.now);
        self.advance(uncounted.upto);
        Ok(true)
    }

    fn advance(&self, bytes: u64) {
        self.counters.iter().for_each(|(counter, _)| counter.advanced(bytes));
    }
}

/// The lines of one file, on their way into the pipeline.
struct Lines {
    decoder: TextDecoder,
    splitter: LineSplitter,
    stream: RecordStream,
    followed: bool,
}

impl Lines {
    fn new(decoder: TextDecoder, from: DateTime<Utc>, uncounted: &Uncounted) -> Self {
        let mut stream = RecordStream::since(Some(from));
        stream.written(uncounted.file.metadata().ok().and_then(|meta| start::written(&meta)));
        Self { decoder, splitter: LineSplitter::default(), stream, followed: uncounted.rotated.is_none() }
    }

    fn count(&mut self, bytes: &[u8], pipeline: &mut Pipeline, now: Stamp) {
        let Self { decoder, splitter, stream, .. } = self;
        pipeline.feed(stream, splitter, decoder.decode(bytes), now);
    }

    fn end(mut self, pipeline: &mut Pipeline, now: Stamp) {
        if let Some((line, cut)) = self.splitter.next_line().filter(|_| !self.followed) {
            pipeline.line(&mut self.stream, &line, cut, now, false);
        }
        pipeline.close(&mut self.stream, now);
    }
}

/// Starts the thread that reads one after the other; it ends with the sender or with the context. `None` where the
/// system gives no thread.
pub(crate) fn backfiller(context: &SourceContext, redactor: &Redactor) -> Option<Sender<Backfill>> {
    let (sender, jobs): (_, Receiver<Backfill>) = channel();
    let (cancel, redactor) = (context.cancel.clone(), redactor.clone());
    let work = move || {
        for backfill in jobs {
            backfill.read(&redactor, &|| cancel.is_cancelled());
        }
    };
    std::thread::Builder::new().name("backfill".into()).spawn(work).ok().map(|_| sender)
}
