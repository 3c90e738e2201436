//! Private files: readable by their owner alone, complete or absent, bounded when read.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

/// Makes a directory (with its parents) that only its owner may enter.
///
/// # Errors
/// As the system says.
pub fn private_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes one new private directory; fails where it exists.
///
/// # Errors
/// `AlreadyExists`, or as the system says.
pub fn new_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// Opens a file for appending, 0600, made where it is missing.
///
/// # Errors
/// As the system says.
pub fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}

/// Writes a file so that a reader sees all of it or nothing, also after a power cut: a temporary file, synced,
/// renamed, and the directory synced.
///
/// # Errors
/// As the system says; the old contents are then still there.
pub fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_renamed(path, bytes, true)
}

/// As [`write_synced`] without the syncs, for what may be lost with the machine's power.
///
/// # Errors
/// As the system says.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_renamed(path, bytes, false)
}

fn write_renamed(path: &Path, bytes: &[u8], sync: bool) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}.tmp", rustix::process::getpid().as_raw_nonzero()));
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&temporary)?;
    file.write_all(bytes)?;
    if sync {
        file.sync_all()?;
    }
    fs::rename(&temporary, path)?;
    match path.parent().filter(|_| sync) {
        Some(parent) => OpenOptions::new().read(true).open(parent)?.sync_all(),
        None => Ok(()),
    }
}

/// Reads a whole file, refused beyond `most` bytes. `None` where there is no such file.
///
/// # Errors
/// As the system says, and `FileTooLarge`.
pub fn read_bounded(path: &Path, most: u64) -> io::Result<Option<Vec<u8>>> {
    let file = match OpenOptions::new().read(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(Some(bytes)) }
}
