//! One part of a file, read by one thread.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use super::Gather;
use super::block::{self, Search};
use crate::clock::Clock;
use crate::model::filter::Filter;
use crate::model::time::Stamp;
use crate::sources::tail::decode::LineSplitter;
use crate::sources::tail::pipeline::{Pipeline, Stream, is_object};

/// Bytes that are looked at together; they fit into the cache of a core.
const BLOCK: usize = 256 << 10;

/// A part and what was gathered from it.
pub(super) struct Part<'a, G> {
    file: &'a File,
    range: Range<u64>,
    pipeline: Pipeline,
    stream: Stream,
    splitter: LineSplitter,
    clock: Clock,
    /// When the last bytes were read.
    now: Stamp,
    search: Option<Search>,
    gather: G,
    /// The last line had no end yet and is in the splitter.
    within_line: bool,
}

impl<'a, G: Gather> Part<'a, G> {
    pub(super) fn new(
        file: &'a File,
        range: Range<u64>,
        pipeline: Pipeline,
        clock: Clock,
        filter: &Filter,
        gather: G,
    ) -> Self {
        Self {
            file,
            range,
            pipeline,
            stream: Stream::default(),
            splitter: LineSplitter::default(),
            now: clock.now(),
            clock,
            search: Search::of(filter),
            gather,
            within_line: false,
        }
    }

    /// Reads it to its end.
    pub(super) fn run(mut self) -> io::Result<G> {
        let mut buffer = vec![0; 2 * BLOCK];
        let mut held = 0;
        loop {
            let room = (buffer.len() - held).min(usize::try_from(self.range.end - self.range.start).unwrap_or(BLOCK));
            let read = match self.file.read_at(&mut buffer[held..held + room], self.range.start) {
                Err(why) if why.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            self.range.start += read as u64;
            self.now = self.clock.now();
            let filled = held + read;
            let ended = read == 0;
            let whole = memchr::memrchr(b'\n', &buffer[..filled]).map_or(0, |at| at + 1);
            self.lines(&buffer[..whole]);
            if ended || (whole == 0 && filled == buffer.len()) {
                self.unended(&buffer[whole..filled]);
                held = 0;
            } else {
                buffer.copy_within(whole..filled, 0);
                held = filled - whole;
            }
            if ended {
                self.end();
                return Ok(self.gather);
            }
        }
    }

    /// Takes lines that are whole.
    fn lines(&mut self, mut lines: &[u8]) {
        if self.within_line {
            let end = memchr::memchr(b'\n', lines).map_or(lines.len(), |at| at + 1);
            self.slow(&lines[..end]);
            self.within_line = end == 0;
            lines = &lines[end..];
        }
        if lines.is_empty() {
            return;
        }
        if self.search.is_some()
            && let Some(count) = block::objects(lines)
        {
            return self.search(lines, count);
        }
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            self.line(line);
        }
    }

    /// Takes a block of `count` objects by the hits of the search alone.
    fn search(&mut self, block: &[u8], count: u64) {
        self.drain(true);
        let Some(search) = self.search.take() else { return };
        let mut hits = 0;
        for hit in search.hits(block) {
            hits += 1;
            let line = &block[hit];
            if !self.pipeline.is_unredacted(line) {
                self.slow(line);
                self.slow(b"\n");
                self.drain(true);
            } else if search.suffices && self.gather.only_counts() {
                self.gather.count_one();
            } else if let Some(glance) = self.pipeline.glance(line, self.now.utc) {
                self.gather.take(&glance);
            } else {
                self.slow(line);
                self.slow(b"\n");
                self.drain(true);
            }
        }
        self.pipeline.passed_objects();
        self.gather.pass_by(count - hits);
        self.search = Some(search);
    }

    /// Takes one line with its end.
    fn line(&mut self, line: &[u8]) {
        let bare = line.strip_suffix(b"\n").unwrap_or(line);
        let bare = bare.strip_suffix(b"\r").unwrap_or(bare);
        if is_object(bare) {
            self.drain(true);
            if let Some(glance) = self.pipeline.glance(bare, self.now.utc) {
                self.gather.take(&glance);
                return;
            }
        }
        self.slow(line);
    }

    /// Takes bytes the way of all lines.
    fn slow(&mut self, bytes: &[u8]) {
        let Self { splitter, pipeline, stream, now, .. } = self;
        splitter.feed(bytes, |line, cut| pipeline.line(stream, line, cut, *now, false));
        self.drain(false);
    }

    /// Takes the beginning of a line that is longer than what is looked at together, or the end of a file that ends
    /// in no line feed.
    fn unended(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.slow(bytes);
            self.within_line = true;
        }
    }

    fn end(&mut self) {
        if let Some((bytes, cut)) = self.splitter.take() {
            self.pipeline.line(&mut self.stream, &bytes, cut, self.now, false);
        }
        self.pipeline.close(&mut self.stream, self.now);
        self.drain(false);
    }

    /// Gathers the records that are made; with `end_record` also the one that could have gone on.
    fn drain(&mut self, end_record: bool) {
        if end_record {
            self.pipeline.end_record(&mut self.stream, self.now);
        }
        if self.pipeline.waiting() > 0
            && let Some(batch) = self.pipeline.take(true)
        {
            for record in &batch.records {
                self.gather.take(record);
            }
        }
    }
}
