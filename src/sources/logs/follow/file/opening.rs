//! How a path is opened for the first time: whether what lies there is a log, and where reading begins in it.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use super::{Earlier, FileTail};
use crate::lang::time::Stamp;
use crate::logs::record::Level;
use crate::sources::logs::count::Uncounted;
use crate::sources::logs::follow::advance::name;
use crate::sources::logs::follow::between;
use crate::sources::logs::follow::open::{FinishedFile, LogFileIdentity, OpenLog};
use crate::sources::logs::follow::refuse;
use crate::sources::logs::follow::replay::Replay;
use crate::sources::logs::follow::start::{self, StartAt};
use crate::sources::logs::history;
use crate::sources::logs::pipeline::{Pipeline, RecordStream};

/// What was no text is judged again this often, though nothing seems to have changed.
const JUDGE_AGAIN: Duration = Duration::from_secs(5);

/// A file that was no text when it was judged.
#[derive(Debug)]
pub(super) struct Refused {
    meta: Metadata,
    at: Duration,
    why: String,
}

impl Refused {
    /// Whether that still holds of what has `meta` now: nothing was written, nor may have been within one tick of the
    /// kernel's clock.
    fn stands(&self, meta: &Metadata, now: Stamp) -> bool {
        let state = |meta: &Metadata| (meta.size(), meta.mtime(), meta.mtime_nsec());
        LogFileIdentity::from_metadata(meta) == LogFileIdentity::from_metadata(&self.meta)
            && state(meta) == state(&self.meta)
            && now.mono.saturating_sub(self.at) < JUDGE_AGAIN
    }
}

impl FileTail {
    pub(super) fn first_open(
        &mut self,
        at_path: io::Result<Metadata>,
        now: Stamp,
        pipeline: &mut Pipeline,
        known: &[FinishedFile],
        buffer: &mut [u8],
    ) {
        let opened = at_path.and_then(|meta| {
            if let Some(refused) = self.refused.as_ref().filter(|refused| refused.stands(&meta, now)) {
                return Err(io::Error::other(refused.why.clone()));
            }
            let mut open = OpenLog::open(&self.path, pipeline.encoding(), now)?;
            let meta = open.metadata()?;
            if let Some(why) = refuse::refusal(&open, &meta, buffer)? {
                self.refused = Some(Refused { meta, at: now.mono, why: why.clone() });
                return Err(io::Error::other(why));
            }
            self.place(&mut open, &meta, now, pipeline, known)?;
            Ok(open)
        });
        match opened {
            Ok(open) => {
                if self.said_gone {
                    pipeline.marker(&format!("{} is back", name(&self.path)), Level::Info, now);
                }
                self.arrived();
                self.current = Some(open);
                self.refused = None;
            }
            Err(why) => {
                self.failed(&why, now);
                // What appears later is new from its first byte.
                if why.kind() == io::ErrorKind::NotFound {
                    self.options.start = StartAt::Beginning;
                }
            }
        }
    }

    /// Where reading begins in a file that is opened for the first time, and what is read before it.
    fn place(
        &mut self,
        open: &mut OpenLog,
        meta: &Metadata,
        now: Stamp,
        pipeline: &mut Pipeline,
        known: &[FinishedFile],
    ) -> io::Result<()> {
        self.seen = between::seen(&self.path);
        if open.is_pipe() {
            return Ok(());
        }
        if let Some(known) = known.iter().rev().find(|known| open.is(known)) {
            return open.start_at(known.offset, 0, RecordStream::default());
        }
        let size = open.written_end(meta, 0, now)?;
        let (offset, stream) = start::place(open, size, self.options.start, pipeline, now)?;
        let backlog = if self.options.start == StartAt::Beginning { 0 } else { size };
        open.start_at(offset, backlog, stream)?;
        open.count_from(backlog);
        if backlog > 0 {
            self.uncounted.extend(Uncounted::new(open, &self.path, backlog));
        }
        self.look_back(now, pipeline);
        Ok(())
    }

    /// Where what is asked for reaches back beyond the present file, rotated ones are read first.
    fn look_back(&mut self, now: Stamp, pipeline: &mut Pipeline) {
        let StartAt::Since(bound) = self.options.start else { return };
        let Ok(reach) = history::reaching_back(&self.path, bound, pipeline, now.utc) else { return };
        let files = history::besides(self.options.pattern.as_deref(), reach.files);
        if reach.cut {
            pipeline.marker("older files are too large to be read", Level::Warn, now);
        }
        if !files.is_empty() {
            self.earlier.push_back(Earlier::Replay(Replay::of_rotated(files, bound)));
        }
    }
}
