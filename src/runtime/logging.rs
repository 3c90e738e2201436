//! Our own log: to the file that `--log-file` names and nowhere else, because the terminal is the screen.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::Mutex;

use tracing::Level;

use crate::files::made;
use crate::files::trust::{Owners, resolve};

/// Starts logging. `verbose`: 0 informs, 1 debugs, 2 traces. The file is appended to, and is readable by its owner alone.
///
/// # Errors
/// The file can't be opened for appending, or others can replace it.
pub fn start(file: &Path, verbose: u8) -> io::Result<()> {
    let file = open(file)?;
    let level = match verbose {
        0 => Level::INFO,
        1 => Level::DEBUG,
        _ => Level::TRACE,
    };
    let subscriber = tracing_subscriber::fmt().with_writer(Mutex::new(file)).with_ansi(false).with_max_level(level);
    // A second start in one process keeps the first.
    if subscriber.try_init().is_err() {
        tracing::debug!("logging has already started");
    }
    Ok(())
}

fn open(file: &Path) -> io::Result<File> {
    // `/dev/stderr` and `/dev/fd/3` are the person's own redirections.
    if file.starts_with("/dev") {
        return OpenOptions::new().append(true).open(file);
    }
    let resolved = resolve(file, Owners::ours()).map_err(io::Error::other)?;
    made::append(&resolved.path, 0o600, Owners::ours())
}
