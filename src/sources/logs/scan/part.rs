//! One part of a file, read by one thread.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use super::Gather;
use super::block::{self, Search};
use super::suspects::Suspicion;
use crate::clock::Clock;
use crate::lang::time::Stamp;
use crate::logs::filter::Filter;
use crate::logs::record::Level;
use crate::sources::logs::decode::LineSplitter;
use crate::sources::logs::follow::start;
use crate::sources::logs::pipeline::{Pipeline, RecordStream, is_object, objects_of};

/// Bytes that are read together, half of what is looked at together; both fit into the cache of a core.
const BLOCK: usize = 64 << 10;

/// A part and what was gathered from it.
pub(super) struct Part<'a, G> {
    file: &'a File,
    range: Range<u64>,
    block: usize,
    pub(super) pipeline: Pipeline,
    stream: RecordStream,
    splitter: LineSplitter,
    clock: Clock,
    /// When the last bytes were read.
    now: Stamp,
    suspicion: Option<Suspicion>,
    search: Option<Search>,
    /// Where nothing is asked of a record but its level, and nothing is wanted but how many pass.
    levels: Option<Filter>,
    pub(super) gather: G,
    /// The last line had no end yet and is in the splitter.
    within_line: bool,
    /// The last record may go on.
    pub(super) is_open: bool,
}

impl<'a, G: Gather> Part<'a, G> {
    pub(super) fn new(
        file: &'a File,
        range: Range<u64>,
        pipeline: Pipeline,
        clock: Clock,
        filter: &Filter,
        suspicion: Option<Suspicion>,
        gather: G,
    ) -> Self {
        Self {
            file,
            range,
            block: BLOCK,
            pipeline,
            stream: {
                let mut stream = RecordStream::default();
                stream.written(file.metadata().ok().and_then(|meta| start::written(&meta)));
                stream
            },
            splitter: LineSplitter::default(),
            now: clock.now(),
            clock,
            suspicion,
            search: Search::for_filter(filter),
            levels: (gather.only_counts() && filter.passes_level(Level::None).is_some()).then(|| filter.clone()),
            gather,
            within_line: false,
            is_open: false,
        }
    }

    /// The same, with blocks of another size.
    #[cfg(test)]
    pub(super) fn by_blocks_of(self, block: usize) -> Self {
        Self { block, ..self }
    }

    /// Reads it to its end; `None` where a line of a container goes on behind it.
    pub(super) fn run(mut self) -> io::Result<Option<G>> {
        let is_last = self.range.end == u64::MAX;
        let mut buffer = vec![0; 2 * self.block];
        let mut held = 0;
        loop {
            let room =
                (buffer.len() - held).min(usize::try_from(self.range.end - self.range.start).unwrap_or(self.block));
            let read = match self.file.read_at(&mut buffer[held..held + room], self.range.start) {
                Err(why) if why.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            self.range.start += read as u64;
            self.now = self.clock.now();
            let filled = held + read;
            let ended = read == 0;
            let whole = memchr::memrchr(b'\n', &buffer[..filled]).map_or(0, |at| at + 1);
            let taken = self.lines(&buffer[..whole], ended);
            if ended || (whole == 0 && filled == buffer.len()) {
                self.unended(&buffer[whole..filled]);
                held = 0;
            } else {
                buffer.copy_within(taken..filled, 0);
                held = filled - taken;
            }
            if ended {
                let is_whole = is_last || !self.stream.holds_pieces();
                self.end();
                return Ok(is_whole.then_some(self.gather));
            }
        }
    }

    /// Takes lines that are whole, but for those at their end whose record may go on in the next ones, unless these are
    /// the `last`. Returns how many bytes were taken: at least one line.
    fn lines(&mut self, all: &[u8], last: bool) -> usize {
        let mut lines = all;
        if self.within_line {
            let end = memchr::memchr(b'\n', lines).map_or(lines.len(), |at| at + 1);
            self.slow(&lines[..end]);
            self.within_line = end == 0;
            lines = &lines[end..];
        }
        if lines.is_empty() {
            return all.len();
        }
        if let Some(suspicion) = self.suspicion.take() {
            let left = self.passing(&suspicion, lines, last);
            self.suspicion = Some(suspicion);
            return all.len() - left;
        }
        if self.search.is_some()
            && let Some(count) = block::objects(lines)
        {
            self.search(lines, count);
            return all.len();
        }
        while !lines.is_empty() {
            let run = match objects_of(lines) {
                0 => memchr::memchr(b'\n', lines).map_or(lines.len(), |at| at + 1),
                run => run,
            };
            self.run_of(&lines[..run]);
            lines = &lines[run..];
        }
        all.len()
    }

    /// Takes lines: where all are objects as they will be shown, what is asked of each of them is asked once.
    fn run_of(&mut self, lines: &[u8]) {
        let Some(text) = self.pipeline.clean(lines).filter(|_| is_object(lines)) else {
            return lines.split_inclusive(|byte| *byte == b'\n').for_each(|line| self.line(line));
        };
        self.drain(true);
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', lines) {
            let line = &text[start..end];
            start = end + 1;
            if let Some(passes) = self.passes_by_level(line) {
                if passes { self.gather.count_one() } else { self.gather.pass_by(1) }
            } else if let Some(glance) = self.pipeline.glance_clean(line, self.stream.placed(self.now)) {
                self.gather.ingest(&glance);
            } else {
                self.slow_alone(line.as_bytes());
            }
        }
    }

    /// Whether an object that is clean passes, where its level decides that.
    fn passes_by_level(&mut self, line: &str) -> Option<bool> {
        let filter = self.levels.as_ref()?;
        filter.passes_level(self.pipeline.level_of_clean(line)?)
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
                self.slow_alone(line);
            } else if let Some(glance) = self.pipeline.glance(line, self.stream.placed(self.now)) {
                self.gather.ingest(&glance);
            } else {
                self.slow_alone(line);
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
            if let Some(glance) = self.pipeline.glance(bare, self.stream.placed(self.now)) {
                self.gather.ingest(&glance);
                return;
            }
        }
        self.slow(line);
    }

    /// Takes bytes the way of all lines.
    pub(super) fn slow(&mut self, bytes: &[u8]) {
        self.is_open = true;
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
        if let Some((bytes, cut)) = self.splitter.next_line() {
            self.pipeline.line(&mut self.stream, &bytes, cut, self.now, false);
        }
        self.pipeline.close(&mut self.stream, self.now);
        self.drain(false);
    }

    /// Takes an object without its end the way of all lines: what follows is another record.
    fn slow_alone(&mut self, object: &[u8]) {
        self.slow(object);
        self.slow(b"\n");
        self.drain(true);
    }

    /// Gathers the records that are made; with `end_record` also the one that could have gone on.
    pub(super) fn drain(&mut self, end_record: bool) {
        if end_record {
            self.is_open = false;
            self.pipeline.end_record(&mut self.stream, self.now);
        }
        if self.pipeline.waiting() > 0
            && let Some(batch) = self.pipeline.take_batch(true)
        {
            for record in &batch.records {
                self.gather.ingest(record);
            }
        }
    }
}
