//! Our own log: to the file that `--log-file` names and nowhere else, because the terminal is the screen.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError, RwLock};

use tracing::Level;

use crate::files::made;
use crate::files::trust::{Owners, resolve_to_make};
use crate::text::printable_lines;
use crate::text::redact::Redactor;
use crate::text::secret::Secrets;

/// Why the log could not be written the first time.
static FAILED: OnceLock<String> = OnceLock::new();

/// What masks the log's lines; not there while nothing is logged.
static REDACTOR: OnceLock<RwLock<Redactor>> = OnceLock::new();

/// Starts logging. `verbose`: 0 informs, 1 debugs, 2 traces. The file is appended to, and is readable by its owner alone.
///
/// # Errors
/// The file can't be opened for appending, or others can replace it.
pub(crate) fn start(file: &Path, verbose: u8) -> io::Result<()> {
    let file = open(file)?;
    let level = match verbose {
        0 => Level::INFO,
        1 => Level::DEBUG,
        _ => Level::TRACE,
    };
    REDACTOR.get_or_init(RwLock::default);
    let writer = Mutex::new(SafeLog(file));
    // Its own words about a file that can't be written would go onto the screen, or to a terminal that is gone.
    let subscriber = tracing_subscriber::fmt().with_writer(writer).log_internal_errors(false);
    let subscriber = subscriber.with_ansi(false).with_max_level(level);
    // A second start in one process keeps the first.
    if subscriber.try_init().is_err() {
        tracing::debug!("logging has already started");
    }
    Ok(())
}

/// Why lines of the log are missing, where they are.
pub(crate) fn failure() -> Option<&'static str> {
    FAILED.get().map(String::as_str)
}

fn open(file: &Path) -> io::Result<File> {
    // `/dev/stderr` and `/dev/fd/3` are the person's own redirections.
    if file.starts_with("/dev") {
        return OpenOptions::new().append(true).open(file);
    }
    let file = resolve_to_make(file, Owners::ours()).map_err(io::Error::other)?;
    made::append(&file, 0o600, Owners::ours())
}

/// Masks these secrets in all that is logged from now on.
pub(crate) fn mask(secrets: &Secrets) {
    if let Some(redactor) = REDACTOR.get() {
        *redactor.write().unwrap_or_else(PoisonError::into_inner) = Redactor::from(secrets);
    }
}

/// Writes whole events, masked and made safe for the terminal on which the file will be read.
struct SafeLog(File);

impl Write for SafeLog {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let redactor = REDACTOR.get().map(|known| known.read().unwrap_or_else(PoisonError::into_inner).clone());
        let masked = redactor.unwrap_or_default().redact(&text).into_owned();
        if let Err(error) = self.0.write_all(printable_lines(&masked, false).as_bytes()) {
            FAILED.get_or_init(|| error.to_string());
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_holds_no_secret_and_no_control_character() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let mut log = SafeLog(File::create_new(&path).unwrap());
        REDACTOR.get_or_init(RwLock::default);
        let mut secrets = Secrets::default();
        secrets.insert("token".into(), "swordfish".to_owned());
        mask(&secrets);
        log.write_all("WARN \u{1b}]0;x\u{7}\u{9b}2J\u{202e} swordfish refused\n".as_bytes()).unwrap();
        #[expect(clippy::disallowed_methods, reason = "a test may read what it wrote")]
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, "WARN ␛]0;x␇<U+009B>2J<U+202E> *** refused\n");
    }

    #[test]
    fn a_file_that_takes_no_more_is_said_at_the_end_and_nowhere_else() {
        start(Path::new("/dev/full"), 0).unwrap();
        tracing::info!("no room for this");
        assert!(failure().is_some_and(|why| why.contains("No space left")));
    }
}
