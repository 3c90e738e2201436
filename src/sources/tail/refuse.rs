//! Why a path is not followed, in words.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use super::archive::Packing;
use super::decode::is_binary;
use super::encoding::TextDecoder;
use super::open::OpenLog;
use super::permission::Barrier;

/// Why the file is not followed, if it is no text. One that begins with a hole is judged by its end: a writer that
/// goes on at its old place after a truncation leaves such a file.
///
/// # Errors
/// When the file can't be read.
pub(super) fn refusal(open: &OpenLog, meta: &Metadata, buffer: &mut [u8]) -> io::Result<Option<String>> {
    if open.is_pipe() {
        return Ok(None);
    }
    let head = &mut buffer[..4096];
    let read = open.file().read_at(head, 0)?;
    if let Some(packing) = Packing::of(&head[..read]) {
        return Ok(Some(format!("a {packing} archive is not followed; `opsroom logs FILE` reads it")));
    }
    let encoding = open.encoding()?;
    let binary = |bytes: &[u8]| is_binary(TextDecoder::within(encoding).decode(bytes));
    if read == 0 || !binary(&head[..read]) {
        return Ok(None);
    }
    if head[..read].iter().all(|byte| *byte == 0) {
        let read = open.file().read_at(head, meta.size().saturating_sub(4096))?;
        let text = &head[head[..read].iter().position(|byte| *byte != 0).unwrap_or(read)..read];
        if !text.is_empty() && !binary(text) {
            return Ok(None);
        }
    }
    Ok(Some("binary, not shown".to_owned()))
}

/// Why a path can't be read. It is asked again and again while it can't: what took some looking up is kept.
#[derive(Debug, Default)]
pub struct Reasons {
    barrier: Option<Barrier>,
    words: String,
}

impl Reasons {
    /// In words, with what a person can do about it.
    pub fn of(&mut self, path: &Path, why: &io::Error) -> String {
        if why.kind() != io::ErrorKind::PermissionDenied {
            return why.to_string();
        }
        let barrier = Barrier::before(path);
        if self.words.is_empty() || barrier != self.barrier {
            let (facts, hint) = told(barrier.as_ref());
            self.words = format!("{facts}; {hint}");
            self.barrier = barrier;
        }
        self.words.clone()
    }
}

/// Why a path can't be read, and what to do about it, which may be nothing.
pub fn explained(path: &Path, why: &io::Error) -> (String, String) {
    match why.kind() {
        io::ErrorKind::PermissionDenied => told(Barrier::before(path).as_ref()),
        _ => (why.to_string(), String::new()),
    }
}

fn told(barrier: Option<&Barrier>) -> (String, String) {
    barrier.map_or_else(|| ("no permission to read it".to_owned(), String::new()), Barrier::told)
}
