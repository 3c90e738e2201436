//! Why a path is not followed, in words.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};

use super::archive::Packing;
use super::decode::is_binary;
use super::encoding::TextDecoder;
use super::open::OpenLog;

/// Why the file is not followed, if it is no text. One that begins with a hole is judged by its end: a writer that
/// goes on at its old place after a truncation leaves such a file.
///
/// # Errors
/// When the file can't be read.
pub fn refusal(open: &OpenLog, meta: &Metadata, buffer: &mut [u8]) -> io::Result<Option<String>> {
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

/// What a person can do about it.
pub fn in_words(why: &io::Error) -> String {
    match why.kind() {
        io::ErrorKind::PermissionDenied => "no permission to read it; it is tried again".to_owned(),
        _ => why.to_string(),
    }
}
