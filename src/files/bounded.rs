//! Reading a whole file that somebody named, within a bound in size and in time.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use thiserror::Error;

/// How long a pipe may be silent.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);
/// How long reading may take in all: a pipe can be fed a byte at a time.
const LONGEST: Duration = Duration::from_secs(30);
/// Between two looks at a pipe that nobody has opened for writing yet.
const LOOK: Duration = Duration::from_millis(20);

/// What was read, and of which file.
#[derive(Debug)]
pub(crate) struct Received {
    /// All of its bytes.
    pub bytes: Vec<u8>,
    /// Of the file that was read, not of what has its name by now.
    pub metadata: Metadata,
}

/// Why a file was not read. Each completes "this file …".
#[derive(Debug, Error)]
pub(crate) enum ReadError {
    /// There is none.
    #[error("does not exist")]
    Missing,
    #[error("is a directory")]
    Directory,
    /// A device or a socket.
    #[error("is a {0}, not a file")]
    Special(&'static str),
    /// It has more bytes than are taken.
    #[error("is too large: {}, and at most {most} bytes are read", size(*found, *most))]
    TooLarge {
        /// Its size, where it is known beforehand.
        found: Option<u64>,
        /// The bound.
        most: u64,
    },
    /// A pipe that nobody writes into, or never to an end.
    #[error("is a pipe that was not written to its end within {} s", .0.as_secs())]
    Silent(Duration),
    /// As the system says.
    #[error("can't be read: {0}")]
    Io(io::Error),
}

/// Why a regular file was not read. Each completes "this file …".
#[derive(Debug, Error)]
pub(crate) enum RegularError {
    /// A directory, a pipe, a socket or a device.
    #[error("is a {0}, not a regular file")]
    NotRegular(&'static str),
    /// As of any other file.
    #[error(transparent)]
    Read(ReadError),
}

fn size(found: Option<u64>, most: u64) -> String {
    found.map_or_else(|| format!("more than {most} bytes"), |found| format!("{found} bytes"))
}

/// Opens a file for reading without waiting for the writer of a pipe, and without making a terminal ours.
///
/// # Errors
/// As the system says.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)
}

/// Reads a whole regular file or pipe of at most `most` bytes. A pipe may be silent for `patience`. Blocking.
///
/// # Errors
/// It is missing, something else than a file or a pipe, too large, silent, or can't be read.
pub(crate) fn read(path: &Path, most: u64, patience: Duration) -> Result<Received, ReadError> {
    let (file, metadata) = opened(path)?;
    let kind = metadata.file_type();
    if kind.is_dir() {
        return Err(ReadError::Directory);
    }
    if kind.is_socket() {
        return Err(ReadError::Special("socket"));
    }
    if !kind.is_file() && !kind.is_fifo() {
        return Err(ReadError::Special("device"));
    }
    if kind.is_file() && metadata.len() > most {
        return Err(ReadError::TooLarge { found: Some(metadata.len()), most });
    }
    let bytes = to_end(file, most, patience, kind.is_fifo())?;
    Ok(Received { bytes, metadata })
}

/// Reads a whole regular file of at most `most` bytes, and nothing else: for what is read again each time that it is shown,
/// where a pipe would be empty the second time. Blocking.
///
/// # Errors
/// It is missing, something else than a regular file, too large, or can't be read.
pub(crate) fn read_regular(path: &Path, most: u64) -> Result<Received, RegularError> {
    let (file, metadata) = opened(path).map_err(|error| match error {
        ReadError::Special(kind) => RegularError::NotRegular(kind),
        error => RegularError::Read(error),
    })?;
    let kind = metadata.file_type();
    if !kind.is_file() {
        let found = if kind.is_dir() {
            "directory"
        } else if kind.is_fifo() {
            "pipe"
        } else {
            "device"
        };
        return Err(RegularError::NotRegular(found));
    }
    if metadata.len() > most {
        return Err(RegularError::Read(ReadError::TooLarge { found: Some(metadata.len()), most }));
    }
    let bytes = to_end(file, most, Duration::ZERO, false).map_err(RegularError::Read)?;
    Ok(Received { bytes, metadata })
}

/// The file, and what it is.
fn opened(path: &Path) -> Result<(File, Metadata), ReadError> {
    let file = open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => ReadError::Missing,
        // What opening a socket answers.
        _ if error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) => ReadError::Special("socket"),
        _ => ReadError::Io(error),
    })?;
    let metadata = file.metadata().map_err(ReadError::Io)?;
    Ok((file, metadata))
}

fn to_end(mut file: File, most: u64, patience: Duration, pipe: bool) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    let mut part = vec![0; 64 << 10];
    let (mut silent, mut all) = (Duration::ZERO, Duration::ZERO);
    loop {
        match file.read(&mut part) {
            // A pipe without a writer reads as ended: before the first byte, one may still come.
            Ok(0) if !(pipe && bytes.is_empty()) => return Ok(bytes),
            Ok(0) => {}
            Ok(read) => {
                bytes.extend_from_slice(&part[..read]);
                silent = Duration::ZERO;
                if bytes.len() as u64 > most {
                    return Err(ReadError::TooLarge { found: None, most });
                }
                continue;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(ReadError::Io(error)),
        }
        if silent >= patience || all >= LONGEST {
            return Err(ReadError::Silent(if silent >= patience { patience } else { LONGEST }));
        }
        wait(&file);
        silent += LOOK;
        all += LOOK;
    }
}

/// Until there is something to read, or one look's time has passed.
fn wait(file: &File) {
    let time = Timespec { tv_sec: 0, tv_nsec: i64::from(LOOK.subsec_nanos()) };
    let mut polled = [PollFd::new(file, PollFlags::IN)];
    // A pipe that was hung up answers at once, and for ever.
    let hung_up =
        poll(&mut polled, Some(&time)).is_ok_and(|ready| ready > 0) && !polled[0].revents().contains(PollFlags::IN);
    if hung_up {
        std::thread::sleep(LOOK);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::net::UnixListener;

    use super::*;

    const MOST: u64 = 1 << 20;
    const SOON: Duration = Duration::from_millis(100);

    fn refused(path: &Path) -> String {
        read(path, MOST, SOON).unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_file_is_refused_without_waiting() {
        let place = tempfile::tempdir().unwrap();
        let _socket = UnixListener::bind(place.path().join("socket")).unwrap();
        assert_eq!(refused(Path::new("/dev/zero")), "is a device, not a file");
        assert_eq!(refused(place.path()), "is a directory");
        assert_eq!(refused(&place.path().join("socket")), "is a socket, not a file");
        assert_eq!(refused(&place.path().join("none")), "does not exist");
        rustix::fs::mkfifoat(
            rustix::fs::CWD,
            place.path().join("fifo"),
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        )
        .unwrap();
        assert!(refused(&place.path().join("fifo")).starts_with("is a pipe that was not written"));
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "lays out the file to be read")]
    fn where_only_a_regular_file_will_do_a_pipe_and_a_directory_are_refused_at_once() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        let _socket = UnixListener::bind(at("socket")).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, at("fifo"), rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).unwrap();
        std::fs::write(at("file"), "text").unwrap();
        let refused = |path: &Path| read_regular(path, 4).unwrap_err().to_string();
        assert_eq!(refused(&at("fifo")), "is a pipe, not a regular file");
        assert_eq!(refused(&at("socket")), "is a socket, not a regular file");
        assert_eq!(refused(place.path()), "is a directory, not a regular file");
        assert_eq!(refused(Path::new("/dev/zero")), "is a device, not a regular file");
        assert_eq!(read_regular(&at("file"), 4).unwrap().bytes, b"text");
        assert!(read_regular(&at("file"), 3).unwrap_err().to_string().starts_with("is too large: 4 bytes"));
    }

    #[test]
    fn a_size_that_is_known_is_said_and_one_that_grows_is_bounded() {
        let place = tempfile::tempdir().unwrap();
        let large = place.path().join("large");
        File::create_new(&large).unwrap().set_len(300 << 20).unwrap();
        assert_eq!(refused(&large), "is too large: 314572800 bytes, and at most 1048576 bytes are read");
        let (reader, mut writer) = io::pipe().unwrap();
        std::thread::spawn(move || while writer.write_all(&[b'#'; 4096]).is_ok() {});
        let file = File::from(std::os::fd::OwnedFd::from(reader));
        let path = format!("/dev/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&file));
        assert!(refused(Path::new(&path)).starts_with("is too large: more than 1048576 bytes"));
    }

    #[test]
    fn a_pipe_is_read_to_its_end_in_parts_that_come_late() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("fifo");
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).unwrap();
        let into = path.clone();
        let writer = std::thread::spawn(move || {
            let mut out = OpenOptions::new().write(true).open(into).unwrap();
            out.write_all(b"[check").unwrap();
            std::thread::sleep(LOOK * 3);
            out.write_all(b".a]\n").unwrap();
        });
        let received = read(&path, MOST, Duration::from_secs(30)).unwrap();
        assert_eq!(received.bytes, b"[check.a]\n");
        writer.join().unwrap();
    }
}
