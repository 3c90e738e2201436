//! What jobs have said of themselves: one small file in the state directory, which the watcher writes and checks read. So
//! it survives a restart, and a console beside the watcher sees the same.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::files::made;

/// Its name in the state directory.
const FILE: &str = "heartbeats.json";
/// Bytes of it at the most.
const MOST: u64 = 8 << 20;

/// Where it is, once that is known.
static PLACE: OnceLock<PathBuf> = OnceLock::new();

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

/// What is known; nothing where there is no file. Blocking.
///
/// # Errors
/// It can't be read, or is damaged.
pub(crate) fn read() -> io::Result<Beats> {
    PLACE.get().map_or_else(|| Ok(Beats::new()), |place| read_from(place))
}

/// As [`read`], from one file.
pub(crate) fn read_from(place: &Path) -> io::Result<Beats> {
    let file = match made::open(place) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Beats::new()),
        opened => opened?,
    };
    let mut text = String::new();
    io::Read::read_to_string(&mut io::Read::take(file, MOST), &mut text)?;
    serde_json::from_str(&text).map_err(|_| io::Error::other(format!("{} is damaged; remove it", place.display())))
}
