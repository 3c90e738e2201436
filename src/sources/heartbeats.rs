//! What jobs have said of themselves: one small file in the state directory, which the watcher writes and checks read. So
//! it survives a restart, and a console beside the watcher sees the same.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::files::made;

/// Its name in the state directory.
const FILE: &str = "heartbeats.json";
/// Bytes of it at the most.
const MOST: u64 = 8 << 20;

/// Where it is, once that is known.
static PLACE: OnceLock<PathBuf> = OnceLock::new();
/// What was read of it last.
static READ: KeptBeats = KeptBeats(Mutex::new(None));

/// What is known of one job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Beat {
    /// Since when it is waited for.
    pub waiting_since: DateTime<Utc>,
    /// When it signalled last.
    pub last: Option<DateTime<Utc>>,
    /// Whether it said then that it had failed.
    pub failed: bool,
}

/// What is known of each job, by the name of its check.
pub(crate) type Beats = BTreeMap<String, Beat>;

/// The file in a state directory.
pub(crate) fn file_in(state_directory: &Path) -> PathBuf {
    state_directory.join(FILE)
}

/// Says where the file of this process is; the first word counts.
pub(crate) fn use_directory(state_directory: &Path) {
    PLACE.get_or_init(|| file_in(state_directory));
}

/// What is known; nothing where there is no file. Blocking. Each check asks for it with each poll: a file that is the one that
/// was read last is not read again.
///
/// # Errors
/// It can't be read, or is damaged.
pub(crate) fn read() -> io::Result<Arc<Beats>> {
    PLACE.get().map_or_else(|| Ok(Arc::default()), |place| READ.read(place))
}

/// As [`read`], from one file, whatever was read of it before.
pub(crate) fn read_from(place: &Path) -> io::Result<Arc<Beats>> {
    KeptBeats(Mutex::new(None)).read(place)
}

/// By what a file is known to be the same: it is replaced whole, so that another one is another file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileMark {
    device: u64,
    inode: u64,
    length: u64,
    /// Modified and changed, in seconds and nanoseconds.
    times: [i64; 4],
}

impl From<&Metadata> for FileMark {
    fn from(file: &Metadata) -> Self {
        let times = [file.mtime(), file.mtime_nsec(), file.ctime(), file.ctime_nsec()];
        Self { device: file.dev(), inode: file.ino(), length: file.len(), times }
    }
}

/// What was read of a file last, and of which.
struct KeptBeats(Mutex<Option<(FileMark, Arc<Beats>)>>);

impl KeptBeats {
    fn read(&self, place: &Path) -> io::Result<Arc<Beats>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let file = match made::open(place) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Arc::default()),
            opened => opened?,
        };
        let mark = FileMark::from(&file.metadata()?);
        if let Some((_, beats)) = kept.as_ref().filter(|(known, _)| *known == mark) {
            return Ok(Arc::clone(beats));
        }
        if mark.length > MOST {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let mut text = String::new();
        io::Read::read_to_string(&mut io::Read::take(file, MOST), &mut text)?;
        let read: Result<Beats, _> = serde_json::from_str(&text);
        let damaged = |_| io::Error::other(format!("{} is damaged; remove it", place.display()));
        let beats = Arc::new(read.map_err(damaged)?);
        *kept = Some((mark, Arc::clone(&beats)));
        Ok(beats)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::io::Write as _;

    use super::*;

    fn beats(failed: bool) -> Beats {
        let beat = Beat { waiting_since: DateTime::UNIX_EPOCH, last: None, failed };
        Beats::from([("backup".to_owned(), beat)])
    }

    /// Puts another file in its place, as whoever writes it does.
    fn put(place: &Path, text: &str) {
        let fresh = place.with_extension("new");
        let mut file = OpenOptions::new().create(true).truncate(true).write(true).open(&fresh).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        std::fs::rename(fresh, place).unwrap();
    }

    #[test]
    fn a_file_is_read_again_once_it_is_another_one() {
        let directory = tempfile::tempdir().unwrap();
        let (place, kept) = (file_in(directory.path()), KeptBeats(Mutex::new(None)));
        assert_eq!(*kept.read(&place).unwrap(), Beats::new(), "no file yet");
        let write = |failed| put(&place, &serde_json::to_string(&beats(failed)).unwrap());
        write(true);
        let first = kept.read(&place).unwrap();
        assert_eq!(*first, beats(true));
        assert!(Arc::ptr_eq(&first, &kept.read(&place).unwrap()), "it is not read again");
        write(false);
        assert_eq!(*kept.read(&place).unwrap(), beats(false));
        put(&place, "{");
        assert!(kept.read(&place).unwrap_err().to_string().contains("is damaged"));
        OpenOptions::new().write(true).open(&place).unwrap().set_len(MOST + 1).unwrap();
        assert_eq!(kept.read(&place).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        std::fs::remove_file(&place).unwrap();
        assert_eq!(*kept.read(&place).unwrap(), Beats::new(), "it is gone");
    }
}
