//! Files that a person asks for: evidence, log extracts, copies that the terminal can't take.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use sha2::{Digest as _, Sha256};

use super::files;

/// What lists the other files of a directory of evidence with their hashes, in the form of `sha256sum`.
const SUMS: &str = "SHA256SUMS";

/// Writes `text` as `name` into the folder `saved` of the state directory, and says where. A name that is taken gets
/// a number; nothing is ever overwritten.
///
/// # Errors
/// As the system says.
pub(crate) fn save(state_directory: &Path, name: &str, text: &[u8]) -> io::Result<PathBuf> {
    let folder = saved(state_directory)?;
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

/// Writes files, by their names, into a new directory `name` in the folder `saved` of the state directory, with a list of
/// their hashes that `sha256sum --check` reads, and says where. A name that is taken gets a number.
///
/// # Errors
/// As the system says; then nothing of it is there.
pub(crate) fn save_together<T: AsRef<str>>(
    state_directory: &Path,
    name: &str,
    files: &[(&str, T)],
) -> io::Result<PathBuf> {
    let folder = saved(state_directory)?;
    let mut directory = folder.join(name);
    let mut number = 2;
    while let Err(error) = files::new_directory(&directory) {
        if error.kind() != io::ErrorKind::AlreadyExists {
            return Err(error);
        }
        directory = folder.join(format!("{name}-{number}"));
        number += 1;
    }
    fill(&directory, files).inspect_err(|_| {
        fs::remove_dir_all(&directory).ok();
    })?;
    Ok(directory)
}

/// The folder, made where it is missing.
fn saved(state_directory: &Path) -> io::Result<PathBuf> {
    let folder = state_directory.join("saved");
    files::state_directory(state_directory)?;
    files::private_directory(&folder)?;
    Ok(folder)
}

fn fill<T: AsRef<str>>(directory: &Path, files: &[(&str, T)]) -> io::Result<()> {
    let mut sums = String::new();
    for (name, text) in files {
        let bytes = text.as_ref().as_bytes();
        files::write_new(&directory.join(name), bytes)?;
        // Writing into a string can't fail.
        let _ = writeln!(sums, "{:x}  {name}", Sha256::digest(bytes));
    }
    files::write_new(&directory.join(SUMS), sums.as_bytes())
}
