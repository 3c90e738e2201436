//! Our own log: to the file that `--log-file` names and nowhere else, because the terminal is the screen.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Mutex;

use tracing::Level;

/// Starts logging. `verbose`: 0 informs, 1 debugs, 2 traces. The file is appended to, and is readable by its owner alone.
///
/// # Errors
/// The file can't be opened for appending.
pub fn start(file: &Path, verbose: u8) -> io::Result<()> {
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(file)?;
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
