//! Files that a person asks for: saved screens, log extracts, copies that the terminal can't take.

use std::io;
use std::path::{Path, PathBuf};

use super::files;

/// Writes `text` as `name` into the folder `saved` of the state directory, and says where. A name that is taken gets
/// a number; nothing is ever overwritten.
///
/// # Errors
/// As the system says.
pub(crate) fn save(state_directory: &Path, name: &str, text: &[u8]) -> io::Result<PathBuf> {
    let folder = state_directory.join("saved");
    files::state_directory(state_directory)?;
    files::private_directory(&folder)?;
    let name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '-' }).collect();
    let name = name.trim_start_matches('.');
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, "txt"));
    let stem = if stem.is_empty() { "saved" } else { stem };
    let mut path = folder.join(format!("{stem}.{extension}"));
    let mut number = 2;
    loop {
        match files::write_new(&path, text) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                path = folder.join(format!("{stem}-{number}.{extension}"));
                number += 1;
            }
            written => return written.map(|()| path),
        }
    }
}
