//! One open log file: which file it is, how far it was read, and whether it is still the file that was read.

mod identity;

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use encoding_rs::Encoding;

pub(crate) use self::identity::HEAD;
use self::identity::SEAM;
pub(crate) use self::identity::{FinishedFile, LogFileIdentity};
use super::advance;
use super::start::{self, Extent};
use crate::lang::time::Stamp;
use crate::lang::unit;
use crate::logs::record::Level;
use crate::sources::logs::decode;
use crate::sources::logs::decode::LineSplitter;
use crate::sources::logs::decode::encoding;
use crate::sources::logs::decode::encoding::{LineFeed, TextDecoder};
use crate::sources::logs::pipeline::{Pipeline, RecordStream};

/// Room that a writer has made is looked at this often, though the file's times say that nothing was written.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Size of one read.
pub(crate) const READ: usize = 256 << 10;

/// An open file or named pipe.
#[derive(Debug)]
pub(crate) struct OpenLog {
    file: File,
    path: PathBuf,
    identity: LogFileIdentity,
    pipe: bool,
    told: Option<&'static Encoding>,
    decoder: TextDecoder,
    head: Vec<u8>,
    seam: Vec<u8>,
    offset: u64,
    splitter: LineSplitter,
    stream: RecordStream,
    checked: Option<(Duration, i64, i64, u64)>,
    grew: Duration,
    shown: usize,
    /// What was there when it was opened; up to here it is backlog.
    backlog: u64,
    /// Lines that end before it are counted by somebody else.
    counted_from: u64,
    /// NUL bytes that were left out and not told of yet.
    hollow: u64,
    /// When nothing but NUL bytes was behind the offset, and the file's times and size then.
    room: Option<(Duration, i64, i64, u64)>,
}

impl OpenLog {
    /// Opens `path` for reading from its beginning; a named pipe without waiting for its writer. `told` is what it is
    /// written in, where that is known.
    ///
    /// # Errors
    /// When it can't be opened or is neither a file nor a named pipe.
    pub(crate) fn open(path: &Path, told: Option<&'static Encoding>, now: Stamp) -> io::Result<Self> {
        let kind = std::fs::metadata(path)?.file_type();
        if kind.is_dir() {
            return Err(io::Error::other("it is a directory; write DIRECTORY/*.log to follow what is in it"));
        }
        if kind.is_socket() {
            return Err(io::Error::other("it is a socket; follow what its other side writes with command = […]"));
        }
        if !kind.is_file() && !kind.is_fifo() {
            return Err(io::Error::other("it is a device; follow it with command = [\"cat\", …]"));
        }
        let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::CLOEXEC;
        let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
        let meta = file.metadata()?;
        Ok(Self {
            file,
            path: path.to_owned(),
            identity: LogFileIdentity::from_metadata(&meta),
            pipe: meta.file_type().is_fifo(),
            told,
            decoder: TextDecoder::at_start(told),
            head: Vec::new(),
            seam: Vec::new(),
            offset: 0,
            splitter: LineSplitter::default(),
            stream: RecordStream::default(),
            checked: None,
            grew: now.mono,
            shown: 0,
            backlog: 0,
            counted_from: 0,
            hollow: 0,
            room: None,
        })
    }

    /// Whether it is a named pipe: a stream without places.
    pub(crate) fn is_pipe(&self) -> bool {
        self.pipe
    }

    /// What it is written in, where that is not UTF-8.
    ///
    /// # Errors
    /// When its byte order mark can't be read.
    pub(crate) fn encoding(&self) -> io::Result<Option<&'static Encoding>> {
        let mut start = [0; 3];
        if self.told.is_some() {
            return Ok(self.told);
        }
        let read = self.file.read_at(&mut start, 0)?;
        Ok(encoding::mark(&start[..read]).map(|(encoding, _)| encoding))
    }

    /// The file itself, for positioned reads.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Which file it is.
    pub(crate) fn identity(&self) -> LogFileIdentity {
        self.identity
    }

    /// Its size and times.
    ///
    /// # Errors
    /// When the system does not say (a file of a network share that is gone).
    pub(crate) fn metadata(&self) -> io::Result<Metadata> {
        self.file.metadata()
    }

    /// Whether the handle tells of another file by now, where `meta` is what it tells. File systems that find a file by
    /// its name (FUSE) do that after it was renamed; what can be read through the handle then is no more than the other
    /// file is long.
    pub(crate) fn refers_to_other_file(&self, meta: &Metadata) -> bool {
        LogFileIdentity::from_metadata(meta) != self.identity
    }

    /// Reads on through `other`, which is the same file under another name.
    pub(crate) fn continue_in(&mut self, other: Self) {
        self.file = other.file;
        self.checked = None;
    }

    /// How far it was read.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Reading goes on at `offset`; what is before `backlog` was there before us.
    ///
    /// # Errors
    /// When the file can't be read.
    pub(crate) fn start_at(&mut self, offset: u64, backlog: u64, stream: RecordStream) -> io::Result<()> {
        if offset > 0 {
            self.decoder = TextDecoder::within(self.encoding()?);
        }
        self.offset = offset;
        self.backlog = backlog;
        self.stream = stream;
        Ok(())
    }

    /// Lines that end before `offset` are counted by somebody else.
    pub(crate) fn count_from(&mut self, offset: u64) {
        self.counted_from = offset;
    }

    /// Bytes behind the place where it is read; none of a pipe.
    pub(crate) fn left(&self) -> u64 {
        let size = if self.pipe { 0 } else { self.metadata().map_or(0, |meta| meta.size()) };
        size.saturating_sub(self.offset)
    }

    /// Whether what is read now was there before us.
    pub(crate) fn in_backlog(&self) -> bool {
        self.offset < self.backlog
    }

    /// How long it has not grown.
    pub(crate) fn idle(&self, now: Stamp) -> Duration {
        now.mono.saturating_sub(self.grew)
    }

    /// Reads the next bytes, at most the buffer, and gives their lines to the pipeline. Returns how many were read.
    ///
    /// # Errors
    /// When the file can't be read.
    pub(crate) fn read(&mut self, buffer: &mut [u8], pipeline: &mut Pipeline, now: Stamp) -> io::Result<usize> {
        let uncounted = self.counted_from.saturating_sub(self.offset);
        let most = match uncounted {
            0 => buffer.len(),
            left => buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX)),
        };
        let meta = if self.pipe { None } else { self.file.metadata().ok() };
        let read = if self.pipe {
            self.read_pipe(&mut buffer[..most], pipeline, now)?
        } else {
            self.read_written(&mut buffer[..most], meta.as_ref(), now)?
        };
        if read == 0 {
            return Ok(0);
        }
        let bytes = &buffer[..read];
        self.offset += read as u64;
        self.grew = now.mono;
        self.shown = 0;
        self.remember(bytes);
        self.stream.come_from(pipeline.label(&self.path));
        self.stream.written(meta.as_ref().and_then(start::written));
        let Self { decoder, splitter, stream, .. } = self;
        pipeline.count(uncounted == 0);
        pipeline.feed(stream, splitter, decoder.decode(bytes), now);
        pipeline.count(true);
        self.hollow += self.splitter.take_hollow();
        if decode::written(bytes) == 0 {
            self.step_over_hole();
        } else if self.hollow > 0 {
            let skipped = unit::quantity(std::mem::take(&mut self.hollow) as f64, "B");
            let text = format!("{skipped} of NUL bytes skipped in {}", advance::name(&self.path));
            pipeline.marker(&text, Level::Warn, now);
        }
        Ok(read)
    }

    /// What is written behind the offset. NUL bytes at the end of the file are room that its writer has made: they are left
    /// until it is filled.
    fn read_written(&mut self, buffer: &mut [u8], meta: Option<&Metadata>, now: Stamp) -> io::Result<usize> {
        if meta.is_some_and(|meta| self.is_room(meta, now)) {
            return Ok(0);
        }
        let read = self.file.read_at(buffer, self.offset)?;
        if read == 0 || buffer[read - 1] != 0 {
            return Ok(read);
        }
        let encoding = self.encoding()?;
        let end = self.offset + decode::written(&buffer[..read]) as u64;
        let end = end.next_multiple_of(LineFeed::for_encoding(encoding).width() as u64);
        let kept = (end.saturating_sub(self.offset) as usize).min(read);
        let Some(meta) = meta.filter(|_| decode::written(&buffer[..read]) == 0) else { return Ok(kept) };
        let extent = Extent { size: meta.size(), encoding };
        if start::written_end(&self.file, extent)? > self.offset {
            return Ok(read);
        }
        self.room = Some((now.mono, meta.mtime(), meta.mtime_nsec(), meta.size()));
        Ok(0)
    }

    /// Whether nothing but room is behind the offset, as far as is known of the file when `meta` is its. Two writes within
    /// one tick of the kernel's clock leave the same times.
    fn is_room(&self, meta: &Metadata, now: Stamp) -> bool {
        self.room.is_some_and(|(at, seconds, nanos, size)| {
            (seconds, nanos, size) == (meta.mtime(), meta.mtime_nsec(), meta.size())
                && now.mono.saturating_sub(at) < LOOK_AGAIN
        })
    }

    /// Where what is written ends in the file, `meta` of which is that of now. Only far from the offset it is looked for.
    ///
    /// # Errors
    /// When the file can't be read.
    pub(crate) fn written_end(&self, meta: &Metadata, near: u64, now: Stamp) -> io::Result<u64> {
        if self.pipe || meta.size() <= self.offset.saturating_add(near) {
            return Ok(meta.size());
        }
        if self.is_room(meta, now) {
            return Ok(self.offset);
        }
        start::written_end(&self.file, Extent { size: meta.size(), encoding: self.encoding()? })
    }

    /// What is in the pipe. When its writers have left, what they did not end is a line; others may come.
    fn read_pipe(&mut self, buffer: &mut [u8], pipeline: &mut Pipeline, now: Stamp) -> io::Result<usize> {
        match (&self.file).read(buffer) {
            Err(why) if matches!(why.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(0),
            Ok(0) if self.splitter.partial().is_some() => {
                self.finish(pipeline, now);
                Ok(0)
            }
            other => other,
        }
    }

    fn remember(&mut self, bytes: &[u8]) {
        if bytes.len() >= SEAM {
            self.seam.clear();
            self.seam.extend_from_slice(&bytes[bytes.len() - SEAM..]);
        } else {
            self.seam.extend_from_slice(bytes);
            let over = self.seam.len().saturating_sub(SEAM);
            self.seam.drain(..over);
        }
    }

    /// Goes on where the next data is: a sparse file may claim gigabytes of nothing.
    fn step_over_hole(&mut self) {
        if let Ok(next) = rustix::fs::seek(&self.file, rustix::fs::SeekFrom::Data(self.offset))
            && next > self.offset
        {
            self.hollow += next - self.offset;
            self.offset = next;
            self.seam.clear();
        }
    }

    /// Goes on near the end of the file, which has `size` bytes, at the first line after `from`. Returns how many bytes
    /// that leaves out. What was held of a line is shown as it is.
    ///
    /// # Errors
    /// When the file can't be read.
    pub(crate) fn skip_to_line(
        &mut self,
        from: u64,
        size: u64,
        pipeline: &mut Pipeline,
        now: Stamp,
    ) -> io::Result<u64> {
        let extent = Extent { size, encoding: self.encoding()? };
        let target = start::next_line(&self.file, from, extent)?;
        self.finish(pipeline, now);
        self.decoder = TextDecoder::within(extent.encoding);
        let before = std::mem::replace(&mut self.offset, target);
        self.seam.clear();
        Ok(target - before)
    }

    /// Starts again at the beginning of the same file, after it was truncated. What was held is shown as it is.
    pub(crate) fn rewind(&mut self, pipeline: &mut Pipeline, now: Stamp) {
        self.finish(pipeline, now);
        self.decoder = TextDecoder::at_start(self.told);
        self.offset = 0;
        self.backlog = 0;
        self.counted_from = 0;
        self.hollow = 0;
        self.room = None;
        self.head.clear();
        self.seam.clear();
        self.checked = None;
    }

    /// Shows a line that has had no end for `after`, and settles a record that may go on.
    pub(crate) fn settle(&mut self, pipeline: &mut Pipeline, now: Stamp, after: Duration) {
        let idle = self.idle(now) >= after;
        match self.splitter.partial() {
            Some((bytes, _)) if idle && bytes.len() != self.shown => {
                pipeline.partial(&mut self.stream, bytes, now, false);
                self.shown = bytes.len();
            }
            _ => pipeline.settle(&mut self.stream, now),
        }
    }

    /// Shows what is held: nothing more will come.
    pub(crate) fn finish(&mut self, pipeline: &mut Pipeline, now: Stamp) {
        let Self { decoder, splitter, stream, .. } = self;
        pipeline.feed(stream, splitter, decoder.finish(), now);
        if let Some((bytes, cut)) = self.splitter.next_line() {
            pipeline.line(&mut self.stream, &bytes, cut, now, false);
        }
        pipeline.close(&mut self.stream, now);
        self.shown = 0;
    }
}
