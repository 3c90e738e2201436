//! Directories and files that the program makes: they are its user's own, and nobody else's.

use std::fs::{DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{
    DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::trust::{ALL_WRITE, Distrust, OTHERS_WRITE, Owners, describe, hint, resolve, us};

const GROUP_WRITE: u32 = 0o020;

/// Makes a directory of our own (with its parents) where it is missing, 0700. One that is there must be ours alone to
/// write into, and no other user may be able to put another in its place. Returns its path without links.
///
/// # Errors
/// It is not ours, or can't be made.
pub(crate) fn own_directory(path: &Path) -> Result<PathBuf, Distrust> {
    if !path.is_absolute() {
        let hint = "set XDG_STATE_HOME or HOME to an absolute path";
        return Err(Distrust::new(format!("{} is not an absolute path", path.display()), hint));
    }
    let elsewhere = |distrust: Distrust| Distrust {
        hint: "use a directory of your own: set XDG_STATE_HOME, or under sudo use `sudo -H`".to_owned(),
        ..distrust
    };
    let mut resolved = resolve(path, Owners::ours()).map_err(elsewhere)?;
    if resolved.found.is_none() {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&resolved.path);
        made.map_err(|error| {
            Distrust::new(
                format!("the directory {} can't be made: {}", resolved.path.display(), describe(&error)),
                hint(&error).unwrap_or("set XDG_STATE_HOME to a directory that you can write to"),
            )
        })?;
        resolved = resolve(path, Owners::ours()).map_err(elsewhere)?;
    }
    let Some(found) = resolved.found else { return Err(Distrust::io(path, &io::ErrorKind::NotFound.into())) };
    judge_own(&resolved.path, &found)?;
    Ok(resolved.path)
}

/// As [`own_directory`], for one that lies in another directory of ours: it may not be a link.
///
/// # Errors
/// As there.
pub(crate) fn inner_directory(path: &Path) -> Result<PathBuf, Distrust> {
    if path.is_symlink() {
        return Err(Distrust::new(
            format!("{} is a link, not a directory of its own", path.display()),
            "remove the link; the directory is made again",
        ));
    }
    own_directory(path)
}

fn judge_own(path: &Path, found: &Metadata) -> Result<(), Distrust> {
    let shown = path.display();
    if !found.is_dir() {
        return Err(Distrust::new(format!("{shown} is not a directory"), "move it away, or set XDG_STATE_HOME"));
    }
    if found.uid() != us() {
        return Err(Distrust::new(
            format!("{shown} belongs to another user ({}, and you are {})", found.uid(), us()),
            "set XDG_STATE_HOME to a directory of your own, or `chown` this one if it is yours",
        ));
    }
    if found.mode() & OTHERS_WRITE != 0 {
        return Err(Distrust::new(
            format!("{shown} is writable by others (mode {:04o})", found.mode() & 0o7777),
            format!("look at what is in it, then `chmod 700 {shown}`"),
        ));
    }
    Ok(())
}

/// A file of ours, as it was opened: a regular file with one name, which only we can write into.
///
/// # Errors
/// It is something else.
pub(crate) fn judge_file(found: &Metadata, owners: Owners) -> io::Result<()> {
    let kind = found.file_type();
    let wrong = if kind.is_fifo() {
        Some("it is a pipe, not a file".to_owned())
    } else if !kind.is_file() {
        Some("it is not a regular file".to_owned())
    } else if found.nlink() > 1 {
        Some(format!("it has {} names (hard links), so it may be another file", found.nlink()))
    } else if !owners.have(found.uid()) {
        Some(format!("it belongs to another user ({})", found.uid()))
    } else if found.mode() & ALL_WRITE != 0 {
        Some(format!("it is writable by everyone (mode {:04o})", found.mode() & 0o7777))
    } else {
        None
    };
    match wrong {
        Some(wrong) => Err(io::Error::other(wrong)),
        None => Ok(()),
    }
}

fn flags() -> i32 {
    // Without waiting: somebody may have put a pipe there.
    (OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY).bits().cast_signed()
}

/// What opening says of a link in the place of a file.
fn explained(error: io::Error) -> io::Error {
    if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) {
        return io::Error::other("it is a link, not a file of its own");
    }
    if error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) {
        return io::Error::other("it is a pipe or a socket, not a file");
    }
    error
}

/// Opens a file of ours for appending; made with `mode` where it is missing.
///
/// # Errors
/// It is not a file of ours alone, or as the system says.
pub(crate) fn append(path: &Path, mode: u32, owners: Owners) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true).mode(mode).custom_flags(flags());
    let file = options.open(path).map_err(explained)?;
    judge_file(&file.metadata()?, owners)?;
    Ok(file)
}

/// Makes a file, 0600, which must not be there.
///
/// # Errors
/// `AlreadyExists`, or as the system says.
pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).custom_flags(flags()).open(path)
}

/// Opens a regular file in a directory of ours for reading; never through a link, never waiting.
///
/// # Errors
/// It is no regular file, or as the system says.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).custom_flags(flags()).open(path).map_err(explained)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is not a regular file")) }
}

/// Makes the file of a store that may be shared, and its directory (0700) where that is missing. The directory may
/// belong to root or to a service's user, and its group may write into it: then the group may write into the file too.
///
/// # Errors
/// Everyone, or a user that neither owns the directory nor is us or root, could replace the file; or it can't be made.
pub(crate) fn shared_file(path: &Path) -> Result<(), Distrust> {
    let path = std::path::absolute(path).map_err(|error| Distrust::io(path, &error))?;
    if let Some(directory) = path.parent()
        && matches!(directory.metadata(), Err(error) if error.kind() == io::ErrorKind::NotFound)
    {
        own_directory(directory)?;
    }
    let place = judge_shared(&path)?;
    shared(&place).map_err(|error| place.distrust(&error))
}

/// What we may do with the file of a store that is there, which may be shared; nothing is made.
///
/// # Errors
/// As [`shared_file`]; or it is not there.
pub(crate) fn existing_shared_file(path: &Path) -> Result<SharedRight, Distrust> {
    let place = judge_shared(&std::path::absolute(path).map_err(|error| Distrust::io(path, &error))?)?;
    let denied =
        |error: &io::Error| matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem);
    let right = match judge_shared_file(&place, OpenOptions::new().append(true)) {
        Err(error) if denied(&error) => {
            judge_shared_file(&place, OpenOptions::new().read(true)).map(|()| SharedRight::Read)
        }
        judged => judged.map(|()| SharedRight::Write),
    };
    right.map_err(|error| place.distrust(&error))
}

/// What may be done with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SharedRight {
    /// It may be written.
    Write,
    /// It may only be read.
    Read,
}

/// The place of a file that may be shared.
struct SharedPlace {
    given: PathBuf,
    /// Without links on its way.
    path: PathBuf,
    /// Whether the group of its directory may write into it.
    group: bool,
    owners: Owners,
}

impl SharedPlace {
    fn distrust(&self, error: &io::Error) -> Distrust {
        Distrust::new(
            format!("{} can't be opened: {}", self.given.display(), describe(error)),
            hint(error).unwrap_or("check that it is a file of its own that you can write to, or use --store FILE"),
        )
    }
}

fn judge_shared(path: &Path) -> Result<SharedPlace, Distrust> {
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(Distrust::new(format!("{} is not a file", path.display()), "name a file"));
    };
    let data = directory.metadata().map_err(|error| Distrust::io(directory, &error))?;
    let resolved = resolve(directory, Owners::and(data.uid()))?;
    let shown = resolved.path.display();
    if data.mode() & ALL_WRITE != 0 {
        return Err(Distrust::new(
            format!("{shown} is writable by everyone, so anyone can replace what is in it"),
            format!("`chmod o-w {shown}`, or keep the store in another directory"),
        ));
    }
    let group = data.mode() & GROUP_WRITE != 0;
    let (given, path) = (path.to_owned(), resolved.path.join(name));
    Ok(SharedPlace { given, path, group, owners: Owners::and(data.uid()) })
}

fn shared(place: &SharedPlace) -> io::Result<()> {
    match create_new(&place.path) {
        // The mask of the process would take the group's right away.
        Ok(made) if place.group => return made.set_permissions(Permissions::from_mode(0o660)),
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    judge_shared_file(place, OpenOptions::new().append(true))
}

fn judge_shared_file(place: &SharedPlace, how: &mut OpenOptions) -> io::Result<()> {
    let found = how.custom_flags(flags()).open(&place.path).map_err(explained)?.metadata()?;
    // One of the group made it.
    let owners = if place.group { Owners::and(found.uid()) } else { place.owners };
    judge_file(&found, owners)
}
