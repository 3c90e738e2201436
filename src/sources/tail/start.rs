//! Where in a file to begin.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use chrono::{DateTime, Utc};

use super::pipeline::Pipeline;

/// Size of the blocks that are read backwards.
const BLOCK: u64 = 64 << 10;
/// How far back the last lines are looked for, at most.
const FARTHEST: u64 = 8 << 20;

/// What is wanted of a file that was there before us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Everything.
    Beginning,
    /// The last so many lines.
    Last(usize),
    /// What was written since this moment, as its lines state it.
    Since(DateTime<Utc>),
}

/// The offset at which the last `count` lines begin; a line without its end counts as one.
///
/// # Errors
/// When the file can't be read.
pub fn last_lines(file: &File, size: u64, count: usize) -> io::Result<u64> {
    let mut wanted = count;
    let mut buffer = vec![0; BLOCK as usize];
    let mut end = size;
    // The line feed at the very end ends the last line and does not begin another.
    let mut last_byte = true;
    while end > 0 {
        let start = end.saturating_sub(BLOCK);
        let block = &mut buffer[..(end - start) as usize];
        file.read_exact_at(block, start)?;
        let searched = if last_byte && block.ends_with(b"\n") { &block[..block.len() - 1] } else { &*block };
        last_byte = false;
        for at in memchr::memrchr_iter(b'\n', searched) {
            wanted = wanted.saturating_sub(1);
            if wanted == 0 {
                return Ok(start + at as u64 + 1);
            }
        }
        end = start;
        if size - end >= FARTHEST {
            return next_line(file, end, size);
        }
    }
    Ok(0)
}

/// Where the first line after `from` begins.
fn next_line(file: &File, from: u64, size: u64) -> io::Result<u64> {
    let mut buffer = vec![0; BLOCK as usize];
    let mut at = from;
    while at < size {
        let read = file.read_at(&mut buffer, at)?;
        if read == 0 {
            break;
        }
        if let Some(found) = memchr::memchr(b'\n', &buffer[..read]) {
            return Ok(at + found as u64 + 1);
        }
        at += read as u64;
    }
    Ok(size)
}

/// An offset before every line that states `bound` or later, found by bisection; `None` where the file states no
/// times. It supposes that the times rise, as they do in a log, but for a little disorder.
///
/// # Errors
/// When the file can't be read.
pub fn since(
    file: &File,
    size: u64,
    bound: DateTime<Utc>,
    pipeline: &Pipeline,
    now: DateTime<Utc>,
) -> io::Result<Option<u64>> {
    let (mut low, mut high) = (0, size);
    if time_after(file, 0, size, pipeline, now)?.is_none() {
        return Ok(None);
    }
    while high - low > BLOCK {
        let middle = low + (high - low) / 2;
        let start = next_line(file, middle, size)?;
        match time_after(file, start, size, pipeline, now)? {
            Some(time) if time < bound => low = middle,
            _ => high = middle,
        }
    }
    // A block more, for lines that are a little out of order.
    let from = low.saturating_sub(BLOCK);
    if from == 0 { Ok(Some(0)) } else { next_line(file, from, size).map(Some) }
}

/// The first time that a line at or after `from` states, within one block.
fn time_after(
    file: &File,
    from: u64,
    size: u64,
    pipeline: &Pipeline,
    now: DateTime<Utc>,
) -> io::Result<Option<DateTime<Utc>>> {
    let mut buffer = vec![0; BLOCK.min(size.saturating_sub(from)) as usize];
    let read = file.read_at(&mut buffer, from)?;
    let whole = &buffer[..read];
    Ok(whole.split(|byte| *byte == b'\n').take(200).find_map(|line| pipeline.time_of(line, now)))
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
        let at = last_lines(&file(text.as_bytes()), text.len() as u64, count).unwrap();
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
    fn blocks_do_not_matter() {
        let text = (0..40_000).fold(String::new(), |text, number| text + "line " + &number.to_string() + "\n");
        assert!(last(&text, 1).ends_with("line 39999\n"));
        let tail = last(&text, 12_345);
        assert_eq!(tail.lines().count(), 12_345);
        assert!(tail.starts_with("line 27655\n"));
    }
}
