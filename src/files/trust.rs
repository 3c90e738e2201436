//! Whether others than we and root can change what lies on a path.
//!
//! A path is followed a component at a time, as the system would, and each directory and link on the way is looked at:
//! who may write into the directory may put anything in the place of what is in it. Access control lists are not seen.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fmt;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

use super::group;

/// As many links as the system follows in one path.
const MOST_LINKS: usize = 40;
const ROOT: u32 = 0;
const STICKY: u32 = 0o1000;
pub(super) const ALL_WRITE: u32 = 0o002;
/// Group and all.
pub(super) const OTHERS_WRITE: u32 = 0o022;

/// Why something is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distrust {
    /// What is wrong with which path, one line, no full stop.
    pub reason: String,
    /// What to do about it.
    pub hint: String,
}

impl Distrust {
    pub(super) fn new(reason: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { reason: reason.into(), hint: hint.into() }
    }

    /// What the system says of a path.
    pub(super) fn io(path: &Path, error: &io::Error) -> Self {
        Self::new(
            format!("{} can't be used: {}", path.display(), describe(error)),
            hint(error).unwrap_or("check that it exists and its permissions"),
        )
    }
}

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Distrust {}

/// What the system says, where its own words and number would not do.
pub(crate) fn describe(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ReadOnlyFilesystem => "its file system is read-only".to_owned(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "the disk is full".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        _ => error.to_string(),
    }
}

/// What to do about it, where that is known.
pub(super) fn hint(error: &io::Error) -> Option<&'static str> {
    match error.kind() {
        io::ErrorKind::ReadOnlyFilesystem => Some("mount its file system writable"),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Some("free some space on its file system"),
        _ => None,
    }
}

/// The user that we are.
pub(crate) fn us() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// The users whose files and directories are as good as our own: we, root, and perhaps one more.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owners {
    also: u32,
    directories: bool,
}

impl Owners {
    /// We and root.
    pub(crate) fn ours() -> Self {
        Self { also: ROOT, directories: true }
    }

    /// We, root, and the user `also`.
    pub(crate) fn and(also: u32) -> Self {
        Self { also, directories: true }
    }

    /// The same for a file that is only read: it shows itself whose it is, so a directory on the way may be anybody's
    /// as long as it is not everybody's.
    #[must_use]
    pub(crate) fn of_files(self) -> Self {
        Self { directories: false, ..self }
    }

    /// Whether the user is one of them.
    pub(crate) fn have(self, user: u32) -> bool {
        [ROOT, us(), self.also].contains(&user)
    }
}

/// Where a path leads.
#[derive(Debug)]
pub(crate) struct Resolved {
    /// The path without links.
    pub path: PathBuf,
    /// What is there; `None` where nothing is.
    pub found: Option<Metadata>,
}

/// Follows a path to its end, which need not exist; the end itself is not judged, unless others could have put it there.
///
/// # Errors
/// Somebody else can change or has made something on the way.
pub(crate) fn resolve(path: &Path, owners: Owners) -> Result<Resolved, Distrust> {
    let absolute = std::path::absolute(path).map_err(|error| Distrust::io(path, &error))?;
    let mut ahead: VecDeque<OsString> = VecDeque::new();
    prepend(&mut ahead, &absolute);
    let mut at = PathBuf::from("/");
    let mut links = 0;
    let mut found = Some(at.metadata().map_err(|error| Distrust::io(&at, &error))?);
    while let Some(name) = ahead.pop_front() {
        if name == ".." {
            at.pop();
            found = Some(at.metadata().map_err(|error| Distrust::io(&at, &error))?);
            continue;
        }
        // Below what is missing there is nothing to judge.
        let Some(parent) = found.as_ref() else {
            at.push(name);
            continue;
        };
        if !parent.is_dir() {
            return Err(Distrust::new(format!("{} is not a directory", at.display()), "name another path"));
        }
        let child = at.join(&name);
        let there = match child.symlink_metadata() {
            Ok(there) => Some(there),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(Distrust::io(&child, &error)),
        };
        judge_step(&at, parent, &child, there.as_ref(), owners)?;
        if there.as_ref().is_some_and(Metadata::is_symlink) {
            links += 1;
            if links > MOST_LINKS {
                return Err(Distrust::new(
                    format!("{} leads in a circle of links", path.display()),
                    "remove the links",
                ));
            }
            let target = std::fs::read_link(&child).map_err(|error| Distrust::io(&child, &error))?;
            if target.is_absolute() {
                at = PathBuf::from("/");
                found = Some(at.metadata().map_err(|error| Distrust::io(&at, &error))?);
            }
            prepend(&mut ahead, &target);
        } else {
            (at, found) = (child, there);
        }
    }
    Ok(Resolved { path: at, found })
}

/// As [`resolve`], of a file that the program makes where a person says: a link in its place is refused, whoever made it, also
/// one that leads nowhere yet.
///
/// # Errors
/// As there, or it is a link.
pub(crate) fn resolve_to_make(path: &Path, owners: Owners) -> Result<PathBuf, Distrust> {
    if path.is_symlink() {
        return Err(Distrust::new("it is a link, not a file of its own", "name the file that it leads to"));
    }
    Ok(resolve(path, owners)?.path)
}

/// Puts the components of a path before those that are still to be followed.
fn prepend(ahead: &mut VecDeque<OsString>, path: &Path) {
    for part in path.components().rev() {
        match part {
            Component::Normal(name) => ahead.push_front(name.to_owned()),
            Component::ParentDir => ahead.push_front("..".into()),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
}

/// One step of a path, from a directory to what is in it.
fn judge_step(
    at: &Path,
    parent: &Metadata,
    child: &Path,
    there: Option<&Metadata>,
    owners: Owners,
) -> Result<(), Distrust> {
    let shown = at.display();
    let sticky = parent.mode() & STICKY != 0;
    if parent.mode() & ALL_WRITE != 0 && !sticky {
        return Err(Distrust::new(
            format!("{shown} is writable by everyone, so anyone can replace what is in it"),
            format!("`chmod o-w {shown}`, or use another directory"),
        ));
    }
    // Of the root directory there is nothing outside; in a container without its owner it belongs to nobody.
    if owners.directories && at != Path::new("/") && !owners.have(parent.uid()) {
        return Err(Distrust::new(
            format!("{shown} belongs to another user ({}), who can replace what is in it", parent.uid()),
            "use a directory of your own",
        ));
    }
    let Some(there) = there.filter(|there| !owners.have(there.uid())) else { return Ok(()) };
    if there.is_symlink() {
        return Err(Distrust::new(
            format!("{} is a link that another user ({}) made", child.display(), there.uid()),
            "name what it leads to, if you trust it",
        ));
    }
    if parent.mode() & OTHERS_WRITE != 0 && owners.directories {
        return Err(Distrust::new(
            format!("{} was made by another user ({})", child.display(), there.uid()),
            "use a directory of your own",
        ));
    }
    Ok(())
}

/// Whether a file that is only read is to be believed: it belongs to one of `owners`, and nobody else may write into it
/// or replace it. Its group may, where that is its owner alone. `data` is of the file as it was opened.
///
/// # Errors
/// It is not.
pub(crate) fn judge_read(path: &Path, data: &Metadata, owners: Owners) -> Result<(), Distrust> {
    let shown = path.display();
    if !owners.have(data.uid()) {
        return Err(Distrust::new(
            format!("this file belongs to another user ({}), who decides what it runs", data.uid()),
            "",
        ));
    }
    let all = data.mode() & ALL_WRITE != 0;
    if data.is_file() && data.mode() & OTHERS_WRITE != 0 && (all || !group::is_private(data.uid(), data.gid())) {
        let who = if all { "everyone" } else { "its group" };
        return Err(Distrust::new(
            format!("this file is writable by {who} (mode {:04o}), who decides what it runs", data.mode() & 0o7777),
            format!("`chmod go-w {shown}`"),
        ));
    }
    resolve(path, owners.of_files()).map(drop)
}
