//! Where the console keeps what it writes.

use std::path::PathBuf;

use directories::ProjectDirs;

/// The state directory: `$XDG_STATE_HOME/opsroom` or its like. Without a home, the system's temporary directory.
pub fn state_directory() -> PathBuf {
    let found = ProjectDirs::from("", "", "opsroom")
        .map(|dirs| dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir()).to_owned());
    found.unwrap_or_else(|| std::env::temp_dir().join("opsroom"))
}

/// Where saved screens, logs and copies go.
pub fn saved_directory() -> PathBuf {
    state_directory().join("saved")
}
