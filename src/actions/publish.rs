//! Files for others: written so that a reader sees the old or the new one, and nothing outside of their directory.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

/// Who may read what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileReaders {
    /// Whoever there is: a page for the public.
    Everybody,
    /// Who wrote it.
    Owner,
}

impl FileReaders {
    const fn of_file(self) -> Mode {
        Mode::from_raw_mode(match self {
            Self::Everybody => 0o644,
            Self::Owner => 0o600,
        })
    }

    const fn of_directory(self) -> Mode {
        Mode::from_raw_mode(match self {
            Self::Everybody => 0o755,
            Self::Owner => 0o700,
        })
    }
}

/// Writes files into a directory, one after the other, each whole or not at all. The directory is made where it is missing;
/// it may not be a link, and what lies in it under these names is replaced, links too, and never followed.
///
/// # Errors
/// As the system says, with what could not be written.
pub(crate) fn publish<N: AsRef<str>>(directory: &Path, readers: FileReaders, files: &[(N, String)]) -> io::Result<()> {
    let at = open(directory, readers).map_err(|error| naming(directory, &error))?;
    replace_all(directory, &at, readers, files)
}

/// The same for files that people go on with, by what their names end with: where one is there and says something else, all of
/// them are named after the moment too, and nothing is replaced. Returns what their names begin with.
///
/// # Errors
/// As the system says, with what could not be written.
pub(crate) fn publish_beside(
    directory: &Path,
    readers: FileReaders,
    (stem, moment): (&str, &str),
    files: &[(&str, String)],
) -> io::Result<String> {
    let at = open(directory, readers).map_err(|error| naming(directory, &error))?;
    let mut chosen = stem.to_owned();
    let mut number = 1;
    loop {
        let named: Vec<(String, &String)> =
            files.iter().map(|(extension, text)| (format!("{chosen}.{extension}"), text)).collect();
        let mut is_free = true;
        for (name, text) in &named {
            is_free &=
                says_nothing_else(&at, name, text.as_bytes()).map_err(|error| naming(&directory.join(name), &error))?;
        }
        if is_free {
            replace_all(directory, &at, readers, &named)?;
            return Ok(chosen);
        }
        chosen = if number == 1 { format!("{stem}-{moment}") } else { format!("{stem}-{moment}-{number}") };
        number += 1;
    }
}

fn naming(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Whether there is no file of that name, or one that says the same. A link is something else, wherever it leads.
fn says_nothing_else(at: &OwnedFd, name: &str, bytes: &[u8]) -> io::Result<bool> {
    // A pipe in its place must not hold up who looks.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match rustix::fs::openat(at, name, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(Errno::NOENT) => return Ok(true),
        Err(Errno::LOOP) => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    let mut there = Vec::new();
    file.take(bytes.len() as u64 + 1).read_to_end(&mut there)?;
    Ok(there == bytes)
}

fn replace_all<N: AsRef<str>, T: AsRef<str>>(
    directory: &Path,
    at: &OwnedFd,
    readers: FileReaders,
    files: &[(N, T)],
) -> io::Result<()> {
    for (name, text) in files {
        let name = name.as_ref();
        replace(at, name, readers, text.as_ref().as_bytes()).map_err(|error| naming(&directory.join(name), &error))?;
    }
    rustix::fs::fsync(at).map_err(|error| naming(directory, &error.into()))
}

/// The directory itself: all that follows is done within it, whatever is put in its place meanwhile.
fn open(directory: &Path, readers: FileReaders) -> io::Result<OwnedFd> {
    let is_new = match rustix::fs::mkdir(directory, readers.of_directory()) {
        Ok(()) => true,
        Err(Errno::EXIST) => false,
        Err(error) => return Err(error.into()),
    };
    if directory.is_symlink() {
        return Err(io::Error::other("it is a link; name the directory that it leads to"));
    }
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::RDONLY;
    let at = rustix::fs::open(directory, flags, Mode::empty())?;
    if is_new {
        // Whatever the umask of the process is.
        rustix::fs::fchmod(&at, readers.of_directory())?;
    }
    Ok(at)
}

fn replace(at: &OwnedFd, name: &str, readers: FileReaders, bytes: &[u8]) -> io::Result<()> {
    let temporary = format!(".{name}.{}-{:08x}.tmp", rustix::process::getpid().as_raw_nonzero(), fastrand::u32(..));
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::openat(at, &temporary, flags, Mode::from_raw_mode(0o600))?;
    let mut file = File::from(file);
    let mut write = || {
        file.write_all(bytes)?;
        rustix::fs::fchmod(&file, readers.of_file())?;
        file.sync_all()?;
        rustix::fs::renameat(at, &temporary, at, name)?;
        Ok(())
    };
    write().inspect_err(|_| {
        rustix::fs::unlinkat(at, &temporary, AtFlags::empty()).ok();
    })
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "what was written is read as files")]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn page(text: &str) -> Vec<(&'static str, String)> {
        vec![("status.json", "{}".to_owned()), ("index.html", text.to_owned())]
    }

    #[test]
    fn files_are_replaced_whole_and_everybody_may_read_them() {
        let room = tempfile::tempdir().unwrap();
        let directory = room.path().join("status");
        publish(&directory, FileReaders::Everybody, &page("one")).unwrap();
        publish(&directory, FileReaders::Everybody, &page("two")).unwrap();
        assert_eq!(fs::read_to_string(directory.join("index.html")).unwrap(), "two");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&directory.join("index.html")), mode(&directory.join("status.json"))), (0o644, 0o644));
        let mut names: Vec<_> = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["index.html", "status.json"], "no temporary file is left");
    }

    #[test]
    fn a_link_in_the_place_of_a_file_is_replaced_and_not_followed() {
        let room = tempfile::tempdir().unwrap();
        let (directory, outside) = (room.path().join("status"), room.path().join("precious"));
        fs::create_dir(&directory).unwrap();
        fs::write(&outside, "precious").unwrap();
        symlink(&outside, directory.join("index.html")).unwrap();
        publish(&directory, FileReaders::Everybody, &page("one")).unwrap();
        assert_eq!(fs::read_to_string(&outside).unwrap(), "precious");
        assert!(!directory.join("index.html").is_symlink());
    }

    #[test]
    fn a_directory_that_is_a_link_is_refused_and_what_fails_leaves_the_old_file() {
        let room = tempfile::tempdir().unwrap();
        let (directory, link) = (room.path().join("status"), room.path().join("link"));
        publish(&directory, FileReaders::Everybody, &page("one")).unwrap();
        symlink(&directory, &link).unwrap();
        let refused = publish(&link, FileReaders::Everybody, &page("two")).unwrap_err().to_string();
        assert!(refused.contains("it is a link"), "{refused}");
        // A directory in the way of the second file.
        fs::create_dir(directory.join("blocked")).unwrap();
        let refused =
            publish(&directory, FileReaders::Everybody, &[("blocked", "x".to_owned())]).unwrap_err().to_string();
        assert!(refused.contains("blocked"), "{refused}");
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 3, "no temporary file is left");
        assert_eq!(fs::read_to_string(directory.join("index.html")).unwrap(), "one");
        let nowhere = publish(&room.path().join("no/such/parent"), FileReaders::Everybody, &page("x")).unwrap_err();
        assert_eq!(nowhere.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn what_somebody_edited_is_left_and_what_is_private_stays_so() {
        let room = tempfile::tempdir().unwrap();
        let directory = room.path().join("incidents");
        let write = |text: &str| {
            let files = [("json", "{}".to_owned()), ("md", text.to_owned())];
            publish_beside(&directory, FileReaders::Owner, ("INC-1", "20261130T221500Z"), &files).unwrap()
        };
        assert_eq!((write("one"), write("one")), ("INC-1".to_owned(), "INC-1".to_owned()));
        assert_eq!(write("two"), "INC-1-20261130T221500Z");
        assert_eq!(write("three"), "INC-1-20261130T221500Z-2");
        assert_eq!(fs::read_to_string(directory.join("INC-1.md")).unwrap(), "one");
        assert_eq!(fs::read_to_string(directory.join("INC-1-20261130T221500Z.md")).unwrap(), "two");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&directory), mode(&directory.join("INC-1.md"))), (0o700, 0o600));
        fs::remove_file(directory.join("INC-1.json")).unwrap();
        symlink("/etc/hostname", directory.join("INC-1.json")).unwrap();
        assert_eq!(write("one"), "INC-1-20261130T221500Z-3", "a link is not replaced");
    }
}
