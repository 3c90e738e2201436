//! Where in a file to begin.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::FileExt;

use chrono::{DateTime, Utc};
use encoding_rs::Encoding;

use super::open::OpenLog;
use crate::lang::time::Stamp;
use crate::sources::logs::decode;
use crate::sources::logs::decode::encoding::{LineFeed, TextDecoder};
use crate::sources::logs::pipeline::{Pipeline, RecordStream};

/// Size of the blocks that are read backwards.
const BLOCK: u64 = 64 << 10;
/// How far back the last lines are looked for, at most.
const FARTHEST: u64 = 8 << 20;

/// Where lines state no time, so many are read instead.
const LINES_WITHOUT_TIME: usize = 1000;

/// What is wanted of a file that was there before us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StartAt {
    /// Everything.
    Beginning,
    /// The last so many lines.
    Last(usize),
    /// What was written since this moment, as its lines state it.
    Since(DateTime<Utc>),
}

/// What is needed to find lines in a file: how many bytes of it there are, and how they are text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent {
    /// Bytes.
    pub size: u64,
    /// Other than UTF-8.
    pub encoding: Option<&'static Encoding>,
}

/// When a file was last written, for [`RecordStream::written`]; `None` of a pipe, which has no such time.
pub(crate) fn written(meta: &Metadata) -> Option<DateTime<Utc>> {
    if meta.is_file() { meta.modified().ok().map(DateTime::from) } else { None }
}

/// The moment before which times without a year are placed in a file: when it was last written, at most `now`.
pub(crate) fn placed(file: &File, now: DateTime<Utc>) -> DateTime<Utc> {
    file.metadata().ok().and_then(|meta| written(&meta)).map_or(now, |written| written.min(now))
}

/// Where reading begins in `open`, which has `size` bytes, and what its records go into.
///
/// # Errors
/// When the file can't be read.
pub(crate) fn place(
    open: &OpenLog,
    size: u64,
    start: StartAt,
    pipeline: &Pipeline,
    now: Stamp,
) -> io::Result<(u64, RecordStream)> {
    let file = open.file();
    let extent = Extent { size, encoding: open.encoding()? };
    Ok(match start {
        StartAt::Beginning => (0, RecordStream::default()),
        StartAt::Last(0) => (size, RecordStream::default()),
        StartAt::Last(count) => (last_lines(file, extent, count)?, RecordStream::default()),
        StartAt::Since(bound) => match since(file, extent, bound, pipeline, now.utc)? {
            Some(offset) => (offset, RecordStream::since(Some(bound))),
            None => (last_lines(file, extent, LINES_WITHOUT_TIME)?, RecordStream::default()),
        },
    })
}

/// Where what is written ends: before the NUL bytes at the end of a file, which are room that its writer has made. How much
/// that is, is found by bisection, for it may be gigabytes.
///
/// # Errors
/// When the file can't be read.
pub(crate) fn written_end(file: &File, extent: Extent) -> io::Result<u64> {
    let blocks = extent.size.div_ceil(BLOCK);
    let mut buffer = vec![0; BLOCK as usize];
    let width = LineFeed::for_encoding(extent.encoding).width() as u64;
    let mut end_in = |block: u64| {
        let from = block * BLOCK;
        let read = file.read_at(&mut buffer[..(extent.size - from).min(BLOCK) as usize], from)?;
        let end = decode::written(&buffer[..read]) as u64;
        io::Result::Ok((end > 0).then(|| (from + end).next_multiple_of(width).min(extent.size)))
    };
    let Some(last) = blocks.checked_sub(1) else { return Ok(0) };
    if let Some(end) = end_in(last)? {
        return Ok(end);
    }
    let (mut low, mut high) = (after_hole(file, extent)? / BLOCK, last);
    while low + 1 < high {
        let middle = low + (high - low) / 2;
        if end_in(middle)?.is_some() { low = middle } else { high = middle }
    }
    Ok(end_in(low)?.unwrap_or(0))
}

/// Where what is written begins: behind the hole at the beginning of a file.
///
/// # Errors
/// When the file can't be read.
pub(crate) fn after_hole(file: &File, extent: Extent) -> io::Result<u64> {
    let mut buffer = vec![0; BLOCK as usize];
    let width = LineFeed::for_encoding(extent.encoding).width() as u64;
    let mut at = 0;
    for _ in 0..FARTHEST / BLOCK {
        let read = file.read_at(&mut buffer, at)?;
        if let Some(data) = buffer[..read].iter().position(|byte| *byte != 0) {
            let data = at + data as u64;
            return Ok(data - data % width);
        }
        let next = rustix::fs::seek(file, rustix::fs::SeekFrom::Data(at + read as u64)).unwrap_or(extent.size);
        if read == 0 || next >= extent.size {
            break;
        }
        at = next.max(at + read as u64);
    }
    Ok(0)
}

/// The offset at which the last `count` lines begin; a line without its end counts as one.
///
/// # Errors
/// When the file can't be read.
pub(crate) fn last_lines(file: &File, extent: Extent, count: usize) -> io::Result<u64> {
    let feed = LineFeed::for_encoding(extent.encoding);
    let mut wanted = count;
    let mut buffer = vec![0; BLOCK as usize];
    // Half of a character at the end belongs to no line yet.
    let size = extent.size - extent.size % feed.width() as u64;
    let mut end = size;
    // The line feed at the very end ends the last line and does not begin another.
    let mut last = true;
    while end > 0 {
        // Blocks begin at multiples of their size: a line feed of two bytes is never split.
        let start = (end - 1) / BLOCK * BLOCK;
        let block = &mut buffer[..(end - start) as usize];
        file.read_exact_at(block, start)?;
        // Before a hole nothing is looked for: it may be gigabytes.
        if block.iter().all(|byte| *byte == 0) {
            return Ok(end);
        }
        for after in feed.after_each_backwards(block) {
            if last && after == block.len() {
                continue;
            }
            wanted = wanted.saturating_sub(1);
            if wanted == 0 {
                return Ok(start + after as u64);
            }
        }
        last = false;
        end = start;
        if size - end >= FARTHEST {
            return next_line(file, end, extent);
        }
    }
    Ok(0)
}

/// Where the first line after `from` begins; the end of the file where none does.
///
/// # Errors
/// When the file can't be read.
pub(crate) fn next_line(file: &File, from: u64, extent: Extent) -> io::Result<u64> {
    let feed = LineFeed::for_encoding(extent.encoding);
    let mut buffer = vec![0; BLOCK as usize];
    let mut at = from - from % feed.width() as u64;
    while at < extent.size {
        let read = file.read_at(&mut buffer, at)?;
        if let Some(after) = feed.after_first(&buffer[..read]) {
            return Ok(at + after as u64);
        }
        if read < feed.width() {
            break;
        }
        at += (read - read % feed.width()) as u64;
    }
    Ok(extent.size)
}

/// An offset before every line that states `bound` or later, found by bisection; `None` where the file states no
/// times. It supposes that the times rise, as they do in a log, but for a little disorder.
///
/// # Errors
/// When the file can't be read.
pub(crate) fn since(
    file: &File,
    extent: Extent,
    bound: DateTime<Utc>,
    pipeline: &Pipeline,
    now: DateTime<Utc>,
) -> io::Result<Option<u64>> {
    let now = placed(file, now);
    let begin = after_hole(file, extent)?;
    let (mut low, mut high) = (begin, extent.size);
    if time_after(file, begin, extent, pipeline, now)?.is_none() {
        return Ok(None);
    }
    while high - low > BLOCK {
        let middle = low + (high - low) / 2;
        let start = next_line(file, middle, extent)?;
        match time_after(file, start, extent, pipeline, now)? {
            Some(time) if time < bound => low = middle,
            _ => high = middle,
        }
    }
    // A block more, for lines that are a little out of order.
    let from = low.saturating_sub(BLOCK);
    if from <= begin { Ok(Some(begin)) } else { next_line(file, from, extent).map(Some) }
}

/// The first time that a line at or after `from` states, within one block.
fn time_after(
    file: &File,
    from: u64,
    extent: Extent,
    pipeline: &Pipeline,
    now: DateTime<Utc>,
) -> io::Result<Option<DateTime<Utc>>> {
    let mut buffer = vec![0; BLOCK.min(extent.size.saturating_sub(from)) as usize];
    let read = file.read_at(&mut buffer, from)?;
    let mut decoder = TextDecoder::within(extent.encoding);
    Ok(first_time(decoder.decode(&buffer[..read]), pipeline, now))
}

/// The first time that the lines of a text state.
pub(crate) fn first_time(text: &[u8], pipeline: &Pipeline, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    text.split(|byte| *byte == b'\n').find_map(|line| pipeline.time_of(line, now))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(text: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text).unwrap();
        file
    }

    fn last(text: &str, count: usize) -> String {
        let extent = Extent { size: text.len() as u64, encoding: None };
        let at = last_lines(&file(text.as_bytes()), extent, count).unwrap();
        text[at as usize..].to_owned()
    }

    #[test]
    fn the_last_lines() {
        assert_eq!(last("a\nb\nc\n", 2), "b\nc\n");
        assert_eq!(last("a\nb\nc", 2), "b\nc");
        assert_eq!(last("a\nb\n", 5), "a\nb\n");
        assert_eq!(last("", 5), "");
        assert_eq!(last("\n\n\n", 2), "\n\n");
    }

    #[test]
    fn what_is_written_is_found_between_what_is_not() {
        let hole = |size: usize| vec![0; size];
        for (before, text, after) in
            [(0, 10, 0), (0, 10, 50), (0, 300_000, 5 << 20), (70_000, 10, 0), (200_000, 10, 200_000), (0, 0, 300_000)]
        {
            let bytes = [hole(before), vec![b'x'; text], hole(after)].concat();
            let extent = Extent { size: bytes.len() as u64, encoding: None };
            let found = (after_hole(&file(&bytes), extent).unwrap(), written_end(&file(&bytes), extent).unwrap());
            let expected = if text == 0 { (0, 0) } else { (before as u64, (before + text) as u64) };
            assert_eq!(found, expected, "{before} {text} {after}");
        }
        let wide = Extent { size: 8, encoding: Some(encoding_rs::UTF_16LE) };
        assert_eq!(written_end(&file(b"a\0\n\0\0\0\0\0"), wide).unwrap(), 4, "half of a line feed is NUL");
    }

    #[test]
    fn blocks_do_not_matter() {
        let text = (0..40_000).fold(String::new(), |text, number| text + "line " + &number.to_string() + "\n");
        assert!(last(&text, 1).ends_with("line 39999\n"));
        let tail = last(&text, 12_345);
        assert_eq!(tail.lines().count(), 12_345);
        assert!(tail.starts_with("line 27655\n"));
    }
    #[test]
    fn lines_of_two_byte_characters() {
        for (encoding, big) in [(encoding_rs::UTF_16LE, false), (encoding_rs::UTF_16BE, true)] {
            let text =
                (0..30_000).fold(String::new(), |text, number| text + "\u{10a}\u{a0a} " + &number.to_string() + "\n");
            let bytes: Vec<u8> = text
                .encode_utf16()
                .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
                .collect();
            for odd in [0, 1] {
                let extent = Extent { size: (bytes.len() + odd) as u64, encoding: Some(encoding) };
                let whole = [&bytes[..], &[b'\n'; 1][..odd]].concat();
                let at = last_lines(&file(&whole), extent, 12_345).unwrap();
                let mut decoder = TextDecoder::within(Some(encoding));
                let last = String::from_utf8(decoder.decode(&bytes[at as usize..]).to_vec()).unwrap();
                assert_eq!(last.lines().count(), 12_345);
                assert!(last.starts_with("\u{10a}\u{a0a} 17655\n"), "{}", &last[..20]);
            }
        }
    }
}
