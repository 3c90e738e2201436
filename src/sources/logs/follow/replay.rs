//! Rotated files that are read once, a slice at a time and before what is followed.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use chrono::{DateTime, Utc};

use super::start::{self, Extent};
use crate::lang::time::Stamp;
use crate::logs::record::Level;
use crate::sources::logs::decode::LineSplitter;
use crate::sources::logs::decode::archive::{Packing, unpacked};
use crate::sources::logs::decode::encoding;
use crate::sources::logs::decode::encoding::TextDecoder;
use crate::sources::logs::history::MAX_BYTES;
use crate::sources::logs::pipeline::{Pipeline, RecordStream};

/// Files that are read one after the other.
#[derive(Debug)]
pub(crate) struct Replay {
    files: VecDeque<PathBuf>,
    /// They are of the time before we came: counted by somebody else, and shown from this moment on.
    since: Option<DateTime<Utc>>,
    reading: Option<Reading>,
}

/// The one that is being read.
struct Reading {
    input: Box<dyn Read + Send>,
    decoder: TextDecoder,
    splitter: LineSplitter,
    stream: RecordStream,
    /// Bytes left on the disk; of a packed file all of them, until it is through.
    left: u64,
    packed: bool,
}

impl std::fmt::Debug for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reading").finish_non_exhaustive()
    }
}

impl Replay {
    /// Reads what was written since `since` in `files`, oldest first.
    pub(crate) fn of_rotated(files: Vec<PathBuf>, since: DateTime<Utc>) -> Self {
        Self { files: files.into(), since: Some(since), reading: None }
    }

    /// Reads a whole file that came and went while its path was followed.
    pub(crate) fn of_one(file: PathBuf) -> Self {
        Self { files: [file].into(), since: None, reading: None }
    }

    /// Whether all is read.
    pub(crate) fn is_over(&self) -> bool {
        self.files.is_empty() && self.reading.is_none()
    }

    /// Bytes on the disk that are not read yet.
    pub(crate) fn left(&self) -> u64 {
        let waiting = self.files.iter().filter_map(|path| path.metadata().ok()).map(|meta| meta.len());
        self.reading.iter().map(|reading| reading.left).chain(waiting).sum()
    }

    /// Reads at most `budget` bytes more; returns how many. A file that can't be read is a marker.
    pub(crate) fn read(&mut self, budget: usize, buffer: &mut [u8], pipeline: &mut Pipeline, now: Stamp) -> usize {
        pipeline.count(self.since.is_none());
        let mut total = 0;
        while total < budget {
            if self.reading.is_none() {
                let Some(path) = self.files.pop_front() else { break };
                match self.open(&path, pipeline, now) {
                    Ok(reading) => self.reading = Some(reading),
                    Err(why) => {
                        pipeline.marker(&format!("{} can't be read: {why}", path.display()), Level::Warn, now);
                        continue;
                    }
                }
            }
            let Some(reading) = &mut self.reading else { break };
            let most = buffer.len().min(budget - total);
            let read = reading.read(&mut buffer[..most], pipeline, now);
            total += read;
            if read == 0 {
                self.reading = None;
            }
        }
        pipeline.count(true);
        total
    }

    #[expect(clippy::disallowed_methods, reason = "this is the room that reads logs")]
    fn open(&self, path: &PathBuf, pipeline: &Pipeline, now: Stamp) -> io::Result<Reading> {
        let mut file = File::open(path)?;
        let mut head = [0; 16];
        let head = {
            let read = file.read_at(&mut head, 0)?;
            &head[..read]
        };
        let mut stream = RecordStream::since(self.since);
        stream.come_from(pipeline.label(path));
        stream.written(file.metadata().ok().and_then(|meta| start::written(&meta)));
        let mut decoder = TextDecoder::at_start(pipeline.encoding());
        let mut left = file.metadata()?.len();
        if let (None, Some(bound)) = (Packing::recognise(head), self.since) {
            let marked = encoding::mark(head).map(|(encoding, _)| encoding);
            let extent = Extent { size: file.metadata()?.len(), encoding: pipeline.encoding().or(marked) };
            let offset = start::since(&file, extent, bound, pipeline, now.utc)?.unwrap_or(0);
            if offset > 0 {
                file.seek(SeekFrom::Start(offset))?;
                left = left.saturating_sub(offset);
                decoder = TextDecoder::within(extent.encoding);
            }
        }
        let packed = Packing::recognise(head).is_some();
        let input = Box::new(unpacked(file, path)?.take(MAX_BYTES));
        Ok(Reading { input, decoder, splitter: LineSplitter::default(), stream, left, packed })
    }
}

impl Reading {
    /// Reads once; 0 where it is over.
    fn read(&mut self, buffer: &mut [u8], pipeline: &mut Pipeline, now: Stamp) -> usize {
        let Self { input, decoder, splitter, stream, left, packed } = self;
        let outcome = loop {
            match input.read(buffer) {
                Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        if let Ok(read @ 1..) = outcome {
            if !*packed {
                *left = left.saturating_sub(read as u64);
            }
            pipeline.feed(stream, splitter, decoder.decode(&buffer[..read]), now);
            return read;
        }
        pipeline.feed(stream, splitter, decoder.finish(), now);
        if let Some((bytes, cut)) = splitter.next_line() {
            pipeline.line(stream, &bytes, cut, now, false);
        }
        pipeline.close(stream, now);
        if let Err(why) = outcome {
            pipeline.marker(&why.to_string(), Level::Warn, now);
        }
        0
    }
}
