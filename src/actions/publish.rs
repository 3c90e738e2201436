//! Files for the public: written so that a reader sees the old or the new one, and nothing outside of their directory.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

/// Everybody may read them.
const FILE: u32 = 0o644;
const DIRECTORY: u32 = 0o755;

/// Writes files into a directory, one after the other, each whole or not at all. The directory is made where it is missing;
/// it may not be a link, and what lies in it under these names is replaced, links too, and never followed.
///
/// # Errors
/// As the system says, with what could not be written.
pub(crate) fn publish<N: AsRef<str>>(directory: &Path, files: &[(N, String)]) -> io::Result<()> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", directory.display()));
    let at = open(directory).map_err(named)?;
    for (name, text) in files {
        let name = name.as_ref();
        replace(&at, name, text.as_bytes())
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", directory.join(name).display())))?;
    }
    rustix::fs::fsync(&at).map_err(|error| named(error.into()))
}

/// The directory itself: all that follows is done within it, whatever is put in its place meanwhile.
fn open(directory: &Path) -> io::Result<OwnedFd> {
    let is_new = match rustix::fs::mkdir(directory, Mode::from_raw_mode(DIRECTORY)) {
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
        rustix::fs::fchmod(&at, Mode::from_raw_mode(DIRECTORY))?;
    }
    Ok(at)
}

fn replace(at: &OwnedFd, name: &str, bytes: &[u8]) -> io::Result<()> {
    let temporary = format!(".{name}.{}-{:08x}.tmp", rustix::process::getpid().as_raw_nonzero(), fastrand::u32(..));
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::openat(at, &temporary, flags, Mode::from_raw_mode(0o600))?;
    let mut file = File::from(file);
    let mut write = || {
        file.write_all(bytes)?;
        rustix::fs::fchmod(&file, Mode::from_raw_mode(FILE))?;
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
        publish(&directory, &page("one")).unwrap();
        publish(&directory, &page("two")).unwrap();
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
        publish(&directory, &page("one")).unwrap();
        assert_eq!(fs::read_to_string(&outside).unwrap(), "precious");
        assert!(!directory.join("index.html").is_symlink());
    }

    #[test]
    fn a_directory_that_is_a_link_is_refused_and_what_fails_leaves_the_old_file() {
        let room = tempfile::tempdir().unwrap();
        let (directory, link) = (room.path().join("status"), room.path().join("link"));
        publish(&directory, &page("one")).unwrap();
        symlink(&directory, &link).unwrap();
        let refused = publish(&link, &page("two")).unwrap_err().to_string();
        assert!(refused.contains("it is a link"), "{refused}");
        // A directory in the way of the second file.
        fs::create_dir(directory.join("blocked")).unwrap();
        let refused = publish(&directory, &[("blocked", "x".to_owned())]).unwrap_err().to_string();
        assert!(refused.contains("blocked"), "{refused}");
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 3, "no temporary file is left");
        assert_eq!(fs::read_to_string(directory.join("index.html")).unwrap(), "one");
        let nowhere = publish(&room.path().join("no/such/parent"), &page("x")).unwrap_err();
        assert_eq!(nowhere.kind(), io::ErrorKind::NotFound);
    }
}
