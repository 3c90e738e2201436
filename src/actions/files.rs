//! Private files: readable by their owner alone, complete or absent, bounded when read.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use crate::files::made;
use crate::files::trust::{Distrust, Owners};

/// Makes a directory (with its parents) that only its owner may enter. One that is there is refused where it is a link
/// or where others can write into it or replace it.
///
/// # Errors
/// As the system says, or why it can't be trusted, with what to do.
pub(crate) fn private_directory(path: &Path) -> io::Result<()> {
    made::inner_directory(path).map(drop).map_err(explained)
}

/// As [`private_directory`], for the one in which the others lie: it may be a link of our own.
///
/// # Errors
/// As there.
pub(crate) fn state_directory(path: &Path) -> io::Result<()> {
    made::own_directory(path).map(drop).map_err(explained)
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to `map_err`")]
fn explained(distrust: Distrust) -> io::Error {
    io::Error::other(format!("{}; {}", distrust.reason, distrust.hint))
}

/// Makes one new private directory; fails where it exists.
///
/// # Errors
/// `AlreadyExists`, or as the system says.
pub(crate) fn new_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// Opens a file for appending, 0600, made where it is missing. A link, a pipe or a file with other names is refused.
///
/// # Errors
/// As the system says.
pub(crate) fn append(path: &Path) -> io::Result<File> {
    made::append(path, 0o600, Owners::ours())
}

/// Opens a regular file for reading; `None` where there is no such file.
///
/// # Errors
/// It is a link or no file, or as the system says.
pub(crate) fn open(path: &Path) -> io::Result<Option<File>> {
    match made::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a new file; what is there under its name stays as it is.
///
/// # Errors
/// `AlreadyExists`, or as the system says; then there is no file.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = made::create_new(path)?;
    file.write_all(bytes).inspect_err(|_| {
        fs::remove_file(path).ok();
    })
}

/// Writes a file so that a reader sees all of it or nothing, also after a power cut: a temporary file, synced,
/// renamed, and the directory synced.
///
/// # Errors
/// As the system says; the old contents are then still there.
pub(crate) fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_renamed(path, bytes, true)
}

/// As [`write_synced`] without the syncs, for what may be lost with the machine's power.
///
/// # Errors
/// As the system says.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_renamed(path, bytes, false)
}

/// Writes a file so that a reader sees all of it or nothing, synced; one that is there stays as it is.
///
/// # Errors
/// As the system says.
pub(crate) fn write_once(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut whole = path.as_os_str().to_owned();
    whole.push(format!(".{}-{:08x}.new", rustix::process::getpid().as_raw_nonzero(), fastrand::u32(..)));
    let whole = Path::new(&whole);
    write_synced(whole, bytes)?;
    let linked = fs::hard_link(whole, path);
    fs::remove_file(whole)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn write_renamed(path: &Path, bytes: &[u8], sync: bool) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}-{:08x}.tmp", rustix::process::getpid().as_raw_nonzero(), fastrand::u32(..)));
    let temporary = Path::new(&temporary);
    let mut file = made::create_new(temporary)?;
    let written = file.write_all(bytes).and_then(|()| if sync { file.sync_all() } else { Ok(()) });
    written.and_then(|()| fs::rename(temporary, path)).inspect_err(|_| {
        fs::remove_file(temporary).ok();
    })?;
    match path.parent().filter(|_| sync) {
        Some(parent) => OpenOptions::new().read(true).open(parent)?.sync_all(),
        None => Ok(()),
    }
}

/// Removes a file that may be missing.
///
/// # Errors
/// As the system says.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Shortens a file to `length`; one that is no longer than that is removed.
///
/// # Errors
/// As the system says.
pub(crate) fn shorten(path: &Path, length: u64) -> io::Result<()> {
    let file = append(path)?;
    if file.metadata()?.len() <= length {
        return remove(path);
    }
    file.set_len(length)?;
    file.sync_all()
}

/// Bytes that may still be written where `path` is; `None` where the system does not say.
pub(crate) fn room(path: &Path) -> Option<u64> {
    let system = rustix::fs::statvfs(path).ok()?;
    Some(system.f_bavail.saturating_mul(system.f_frsize))
}

/// Reads a whole file, refused beyond `most` bytes. `None` where there is no such file.
///
/// # Errors
/// As the system says, and `FileTooLarge`.
pub(crate) fn read_bounded(path: &Path, most: u64) -> io::Result<Option<Vec<u8>>> {
    let Some(file) = open(path)? else { return Ok(None) };
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(Some(bytes)) }
}
