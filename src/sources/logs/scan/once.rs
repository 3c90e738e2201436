//! Reads a log from beginning to end, once: for commands that print and end.

use std::collections::VecDeque;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::clock::Clock;
use crate::config::sections::log::{Log, LogKind};
use crate::files::glob;
use crate::logs::record::Record;
use crate::sources::logs::decode::LineSplitter;
use crate::sources::logs::decode::archive;
use crate::sources::logs::decode::archive::Packing;
use crate::sources::logs::decode::encoding;
use crate::sources::logs::decode::encoding::TextDecoder;
use crate::sources::logs::follow::start;
use crate::sources::logs::follow::start::{Extent, StartAt};
use crate::sources::logs::history;
use crate::sources::logs::history::MAX_BYTES;
use crate::sources::logs::pipeline::{Pipeline, RecordStream};
use crate::text::name::Name;
use crate::text::redact::Redactor;

/// Size of one read.
const READ: usize = 256 << 10;

/// The records of one file or pipe, in its order.
pub struct Records {
    input: Box<dyn Read>,
    pipeline: Pipeline,
    decoder: TextDecoder,
    splitter: LineSplitter,
    stream: RecordStream,
    ready: VecDeque<Record>,
    buffer: Vec<u8>,
    clock: Clock,
    ended: bool,
    /// Why no more can be read; said after what was read.
    failed: Option<io::Error>,
}

impl Records {
    /// Records of a stream, in the form that `log` says. Where a read of it times out, the record that may go on is
    /// given as it is.
    pub fn open(input: Box<dyn Read>, log: &Log, redactor: Redactor, clock: Clock) -> Self {
        Self {
            input,
            pipeline: Pipeline::new(log, redactor, Vec::new(), 1),
            decoder: TextDecoder::at_start(log.encoding),
            splitter: LineSplitter::default(),
            stream: RecordStream::default(),
            ready: VecDeque::new(),
            buffer: vec![0; READ],
            clock,
            ended: false,
            failed: None,
        }
    }

    /// Records of a file from `from` on; since a moment all of one that states no times. Of one that is packed the last lines can't be found: it is read from its
    /// beginning, and of it [`MAX_BYTES`] at most.
    ///
    /// # Errors
    /// When the file can't be read.
    #[expect(clippy::disallowed_methods, reason = "this is the room that reads logs")]
    pub(crate) fn of_file(path: &Path, log: &Log, from: StartAt, redactor: Redactor, clock: Clock) -> io::Result<Self> {
        let mut file = std::fs::File::open(path)?;
        let meta = file.metadata()?;
        if meta.is_dir() {
            return Err(io::Error::other("it is a directory"));
        }
        let probe = Pipeline::new(log, Redactor::default(), Vec::new(), 1);
        let now = clock.now().utc;
        let bound = match from {
            StartAt::Since(since) if meta.is_file() => {
                // What begins later, or states no times, is wanted whole: its first lines may state none.
                let first = history::first_time(path, &probe, now).ok().flatten();
                first.filter(|first| *first < since).map(|_| since)
            }
            _ => None,
        };
        let mut head = [0; 16];
        let read = if meta.is_file() { file.read_at(&mut head, 0)? } else { 0 };
        let encoding = log.encoding.or_else(|| encoding::mark(&head[..read]).map(|(encoding, _)| encoding));
        let (input, offset): (Box<dyn Read>, u64) = if !meta.is_file() {
            // A pipe has no place to begin at but its beginning.
            (Box::new(file), 0)
        } else if Packing::recognise(&head[..read]).is_some() {
            (Box::new(archive::unpacked(file, path)?.take(MAX_BYTES)), 0)
        } else {
            let whole = Extent { size: meta.size(), encoding };
            let extent = Extent { size: start::written_end(&file, whole)?, encoding };
            let offset = match from {
                StartAt::Last(count) => start::last_lines(&file, extent, count)?,
                StartAt::Since(_) | StartAt::Beginning => match bound {
                    Some(since) => start::since(&file, extent, since, &probe, now)?.unwrap_or(0),
                    None => 0,
                },
            };
            file.seek(SeekFrom::Start(offset))?;
            (Box::new(file), offset)
        };
        let mut records = Self::open(input, log, redactor, clock);
        if offset > 0 {
            records.decoder = TextDecoder::within(encoding);
        }
        records.stream = RecordStream::since(bound);
        records.stream.come_from(records.pipeline.label(path));
        records.stream.written(start::written(&meta));
        Ok(records)
    }

    /// The log whose records these are.
    pub(crate) fn log(&self) -> &Name {
        self.pipeline.log()
    }

    /// Whether the next record has yet to be read, which may take its time.
    pub(crate) fn must_read(&self) -> bool {
        self.ready.is_empty() && !self.ended
    }

    fn fill(&mut self) {
        let read = match self.input.read(&mut self.buffer) {
            Err(why) if why.kind() == io::ErrorKind::Interrupted => return,
            Err(why) if why.kind() == io::ErrorKind::TimedOut => return self.settle(),
            Err(why) => {
                self.failed = Some(why);
                0
            }
            Ok(read) => read,
        };
        let now = self.clock.now();
        let Self { decoder, splitter, stream, pipeline, .. } = self;
        if read == 0 {
            self.ended = true;
            pipeline.feed(stream, splitter, decoder.finish(), now);
            if let Some((bytes, cut)) = splitter.next_line() {
                pipeline.line(stream, &bytes, cut, now, false);
            }
            pipeline.close(stream, now);
        } else {
            pipeline.feed(stream, splitter, decoder.decode(&self.buffer[..read]), now);
        }
        if let Some(batch) = pipeline.take_batch(true) {
            self.ready.extend(batch.records);
        }
    }

    /// Nothing has come for a while: the last record is given as it is by now. What is added to it later comes as a
    /// longer version with the same `seq`.
    fn settle(&mut self) {
        self.pipeline.settle(&mut self.stream, self.clock.now());
        if let Some(batch) = self.pipeline.take_batch(true) {
            self.ready.extend(batch.records);
        }
    }
}

impl Iterator for Records {
    type Item = io::Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.ready.is_empty() && !self.ended {
            self.fill();
        }
        self.ready.pop_front().map(Ok).or_else(|| self.failed.take().map(Err))
    }
}

/// The files that a log names now, oldest change first; none for a command. Archives among them are its history.
pub(crate) fn files_of(log: &Log) -> Vec<PathBuf> {
    let LogKind::File(path) = &log.kind else { return Vec::new() };
    if !glob::is_pattern(path) {
        return vec![path.clone()];
    }
    let mut found = glob::expand(path);
    found.retain(|path| history::is_followed(path));
    found.sort_by_cached_key(|path| (path.metadata().and_then(|meta| meta.modified()).ok(), path.clone()));
    found
}
