//! Why a path is not followed, in words.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use super::open::OpenLog;
use super::permission::Barrier;
use super::start;
use crate::sources::logs::decode::archive::Packing;
use crate::sources::logs::decode::encoding::TextDecoder;
use crate::sources::logs::decode::{is_binary, without_holes};

/// Bytes that are looked at.
const SAMPLE: u64 = 4096;

/// Why the file is not followed, if it is no text. Holes in it say nothing: a writer leaves one that goes on at its old
/// place after a truncation, or that makes room for what it will write. Where its beginning is no text, what was written
/// last may be: that is judged too.
///
/// # Errors
/// When the file can't be read.
pub(crate) fn refusal(open: &OpenLog, meta: &Metadata, buffer: &mut [u8]) -> io::Result<Option<String>> {
    if open.is_pipe() {
        return Ok(None);
    }
    let head = &mut buffer[..SAMPLE as usize];
    let read = open.file().read_at(head, 0)?;
    if let Some(packing) = Packing::recognise(&head[..read]) {
        return Ok(Some(format!("a {packing} archive is not followed; `opsroom logs FILE` reads it")));
    }
    let encoding = open.encoding()?;
    let text = |bytes: &[u8]| without_holes(TextDecoder::within(encoding).decode(bytes));
    let begun = text(&head[..read]);
    if read == 0 || (!begun.is_empty() && !is_binary(&begun)) {
        return Ok(None);
    }
    let wide = encoding.is_none().then(|| unmarked(&head[..read])).flatten();
    let end = start::written_end(open.file(), start::Extent { size: meta.size(), encoding })?;
    let from = end.saturating_sub(SAMPLE);
    let read = open.file().read_at(head, from - from % 2)?;
    let last = text(&head[..read]);
    if wide.is_none() && !last.is_empty() && !is_binary(&last) && is_utf8(&last) {
        return Ok(None);
    }
    Ok(Some(match wide {
        Some(label) => format!("binary, not shown; if it is UTF-16, write encoding = \"{label}\""),
        None if end == 0 => "binary so far: nothing but NUL bytes".to_owned(),
        None => "binary, not shown".to_owned(),
    }))
}

/// Whether it is UTF-8, but for a character that was cut at its beginning or its end.
fn is_utf8(bytes: &[u8]) -> bool {
    let cut = bytes.iter().take(3).take_while(|byte| **byte & 0xc0 == 0x80).count();
    std::str::from_utf8(&bytes[cut..]).map_or_else(|why| why.error_len().is_none(), |_| true)
}

/// What bytes without a mark seem to be: every other one is NUL, and the rest are text.
fn unmarked(bytes: &[u8]) -> Option<&'static str> {
    let half = |at: usize| bytes.iter().copied().skip(at).step_by(2).collect::<Vec<u8>>();
    let (even, odd) = (half(0), half(1));
    let is_text = |bytes: &[u8]| !bytes.contains(&0) && !is_binary(bytes);
    let is_nul = |bytes: &[u8]| memchr::memchr_iter(0, bytes).count() * 10 > bytes.len() * 9;
    match (is_text(&even) && is_nul(&odd), is_nul(&even) && is_text(&odd)) {
        (true, false) => Some("utf-16le"),
        (false, true) => Some("utf-16be"),
        _ => None,
    }
}

/// Why a path can't be read. It is asked again and again while it can't: what took some looking up is kept.
#[derive(Debug, Default)]
pub(crate) struct Reasons {
    barrier: Option<Barrier>,
    words: String,
}

impl Reasons {
    /// In words, with what a person can do about it.
    pub(crate) fn explain(&mut self, path: &Path, why: &io::Error) -> String {
        if why.kind() != io::ErrorKind::PermissionDenied {
            return why.to_string();
        }
        let barrier = Barrier::before(path);
        if self.words.is_empty() || barrier != self.barrier {
            let (facts, hint) = summary(barrier.as_ref());
            self.words = format!("{facts}; {hint}");
            self.barrier = barrier;
        }
        self.words.clone()
    }
}

/// Why a path can't be read, and what to do about it, which may be nothing.
pub(crate) fn explained(path: &Path, why: &io::Error) -> (String, String) {
    match why.kind() {
        io::ErrorKind::PermissionDenied => summary(Barrier::before(path).as_ref()),
        _ => (why.to_string(), String::new()),
    }
}

fn summary(barrier: Option<&Barrier>) -> (String, String) {
    barrier.map_or_else(|| ("no permission to read it".to_owned(), String::new()), Barrier::summary)
}
