//! Whether a file is still, or again, the one that was read.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::time::{Duration, SystemTime};

use super::OpenLog;
use crate::lang::time::Stamp;
use crate::sources::logs::decode;

/// Bytes of the beginning that tell a file from another.
pub(crate) const HEAD: usize = 256;
/// Bytes before the offset that must still be there.
pub(super) const SEAM: usize = 64;
/// The content is compared at least this often, though nothing seems to have changed.
const RECHECK: Duration = Duration::from_secs(5);

/// Which file it is, as long as somebody holds it open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LogFileIdentity {
    device: u64,
    inode: u64,
}

impl LogFileIdentity {
    /// The identity in `meta`.
    pub(crate) fn from_metadata(meta: &Metadata) -> Self {
        Self { device: meta.dev(), inode: meta.ino() }
    }
}

/// A file that was read to its end and let go, to know it again under another name. Its number alone does not tell
/// it: that is given to a new file as soon as nobody holds the old one.
#[derive(Debug, Clone)]
pub(crate) struct FinishedFile {
    pub identity: LogFileIdentity,
    /// How far it was read.
    pub offset: u64,
    /// When it was made, where the file system says it.
    born: Option<SystemTime>,
    head: Vec<u8>,
    seam: Vec<u8>,
}
impl FinishedFile {
    /// Its first bytes, as far as they were remembered.
    pub(crate) fn head(&self) -> &[u8] {
        &self.head
    }
}

impl OpenLog {
    /// Whether the content that was read is no longer there: truncated, or written again. `meta` is that of the
    /// file now. A rewritten file with the same beginning and the same bytes before the offset can't be told.
    ///
    /// # Errors
    /// When the file can't be read.
    pub(crate) fn was_rewritten(&mut self, meta: &Metadata, now: Stamp) -> io::Result<bool> {
        if self.pipe {
            return Ok(false);
        }
        if meta.size() < self.offset {
            return Ok(true);
        }
        let state = (meta.mtime(), meta.mtime_nsec(), meta.size());
        let fresh = self.checked.is_some_and(|(at, seconds, nanos, size)| {
            (seconds, nanos, size) == state && now.mono.saturating_sub(at) < RECHECK
        });
        if fresh {
            return Ok(false);
        }
        self.checked = Some((now.mono, state.0, state.1, state.2));
        let mut buffer = [0; HEAD];
        let head = &mut buffer[..self.head.len()];
        let seam_at = self.offset - self.seam.len() as u64;
        if !reads_as(&self.file, head, 0, &self.head)?
            || !reads_as(&self.file, &mut buffer[..self.seam.len()], seam_at, &self.seam)?
        {
            return Ok(true);
        }
        // The head of a short file grows with it.
        if self.head.len() < HEAD && meta.size() > self.head.len() as u64 {
            let read = self.file.read_at(&mut buffer, 0)?;
            self.head = buffer[..decode::written(&buffer[..read])].to_vec();
        }
        Ok(false)
    }

    /// To know this file again.
    pub(crate) fn known(&self) -> FinishedFile {
        FinishedFile {
            identity: self.identity,
            offset: self.offset,
            born: self.born(),
            head: self.head.clone(),
            seam: self.seam.clone(),
        }
    }

    /// The first bytes, as far as they were remembered.
    pub(crate) fn head(&self) -> &[u8] {
        &self.head
    }

    fn born(&self) -> Option<SystemTime> {
        self.metadata().ok()?.created().ok()
    }

    /// Whether this is the file that `known` speaks of, and what was read of it is still there.
    pub(crate) fn is(&self, known: &FinishedFile) -> bool {
        let mut buffer = [0; HEAD];
        self.identity == known.identity
            && self.born() == known.born
            && self.metadata().is_ok_and(|meta| meta.size() >= known.offset)
            && reads_as(&self.file, &mut buffer[..known.head.len()], 0, &known.head).unwrap_or(false)
            && reads_as(
                &self.file,
                &mut buffer[..known.seam.len()],
                known.offset - known.seam.len() as u64,
                &known.seam,
            )
            .unwrap_or(false)
    }
}

fn reads_as(file: &File, buffer: &mut [u8], at: u64, expected: &[u8]) -> io::Result<bool> {
    let mut done = 0;
    while done < buffer.len() {
        match file.read_at(&mut buffer[done..], at + done as u64)? {
            0 => return Ok(false),
            read => done += read,
        }
    }
    Ok(buffer == expected)
}
