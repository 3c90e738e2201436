//! From files to a [`Config`], with every problem on the way. The one place of the room that reads files.

pub mod glob;
pub mod locate;
pub mod look;

use std::path::{Path, PathBuf};

use super::Config;
use super::diagnostic::Diagnostic;
use super::file::SourceFile;
use super::merge;

/// What came of loading.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// The configuration; `None` where a problem is an error.
    pub config: Option<Config>,
    /// Every problem, by file and position. With a `config`, these are warnings.
    pub diagnostics: Vec<Diagnostic>,
}

/// The environment variable that names the file.
pub const VARIABLE: &str = "OPSROOM_CONFIG";

/// Where the configuration is looked for, in order: `given` (`--config`), else `$OPSROOM_CONFIG`, else
/// `./opsroom.toml`, else `opsroom/config.toml` in the platform's configuration directory. One that is named is
/// taken whether it exists or not, so that its absence is said and not passed over.
pub fn candidates(given: Option<&Path>, variable: Option<&str>) -> Vec<PathBuf> {
    if let Some(given) = given {
        return vec![given.to_owned()];
    }
    if let Some(named) = variable.filter(|named| !named.is_empty()) {
        return vec![PathBuf::from(named)];
    }
    let platform = directories::BaseDirs::new().map(|dirs| dirs.config_dir().join("opsroom").join("config.toml"));
    std::iter::once(PathBuf::from("opsroom.toml")).chain(platform).collect()
}

/// The configuration file to load, by [`candidates`]; `None` where there is none.
pub fn find(given: Option<&Path>) -> Option<PathBuf> {
    let variable = std::env::var(VARIABLE).ok();
    let candidates = candidates(given, variable.as_deref());
    match candidates.as_slice() {
        [named] => Some(named.clone()),
        several => several.iter().find(|path| path.exists()).cloned(),
    }
}

/// Loads a file and what it includes.
pub fn load(path: &Path) -> Loaded {
    match read(path) {
        Ok(file) => load_file(file),
        Err(diagnostic) => Loaded { config: None, diagnostics: vec![*diagnostic] },
    }
}

/// Loads again what is running. An empty main file is an error here: it is being written, or was emptied by accident,
/// and no one means to stop watching everything.
pub fn load_again(path: &Path) -> Loaded {
    match read(path) {
        Ok(file) if file.text.trim().is_empty() => {
            let hint = "save the file again with its content";
            Loaded { config: None, diagnostics: vec![Diagnostic::of_file(path, "this file is empty", hint)] }
        }
        Ok(file) => load_file(file),
        Err(diagnostic) => Loaded { config: None, diagnostics: vec![*diagnostic] },
    }
}

/// Loads a text as if it stood in `path`, which need not exist; relative paths and includes are meant from there.
pub fn load_text(path: &Path, text: &str) -> Loaded {
    load_file(SourceFile::new(path, text.to_owned(), false))
}

fn load_file(main: SourceFile) -> Loaded {
    let mut files = vec![main];
    let mut early = Vec::new();
    for (pattern, place) in merge::includes(&files[0]) {
        let glob::Matches { files: matching, unreadable } = glob::find(&files[0].directory().join(&pattern));
        for (directory, error) in unreadable {
            // What it holds would silently be missing.
            let message = format!("the directory {} can't be read: {error}", directory.display());
            let hint = Some("check its permissions".to_owned());
            early.push(files[0].diagnostic(super::diagnostic::Gravity::Error, place, message, hint));
        }
        if matching.is_empty() && !pattern.contains(['*', '?']) {
            early.push(files[0].diagnostic(
                super::diagnostic::Gravity::Error,
                place,
                format!("file `{pattern}` not found"),
                Some(format!("relative paths start at {}", files[0].directory().display())),
            ));
        }
        for path in matching {
            let shown = shown_path(&files[0], &path);
            if files.iter().any(|file| file.path == shown) {
                continue;
            }
            match read(&shown) {
                Ok(file) => files.push(file),
                Err(diagnostic) => early.push(*diagnostic),
            }
        }
    }
    merge::load(&files, early, exposed)
}

/// An included file's path as the main file's is written: relative where that is.
fn shown_path(main: &SourceFile, path: &Path) -> PathBuf {
    match (main.path.is_absolute(), path.strip_prefix(main.directory())) {
        (false, Ok(rest)) => main.path.parent().unwrap_or(Path::new("")).join(rest),
        _ => path.to_owned(),
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the place that reads the configuration's files")]
fn read(path: &Path) -> Result<SourceFile, Box<Diagnostic>> {
    const MOST: u64 = 16 << 20;
    let fail = |what: String, hint: &str| Box::new(Diagnostic::of_file(path, what, hint));
    let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            fail("this file does not exist".to_owned(), "`opsroom config example` prints one to start from")
        }
        _ => fail(format!("this file can't be read: {error}"), "check its permissions"),
    })?;
    if metadata.is_dir() {
        return Err(fail("this is a directory".to_owned(), "name the file in it"));
    }
    if metadata.len() > MOST {
        return Err(fail(format!("this file has {} bytes", metadata.len()), "a configuration has at most 16 MiB"));
    }
    let bytes = std::fs::read(path)
        .map_err(|error| fail(format!("this file can't be read: {error}"), "check its permissions"))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let start = String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned();
        let file = SourceFile::new(path, start, false);
        let (line, column) = file.position(valid);
        let mut diagnostic = fail("this is not UTF-8".to_owned(), "save the file in UTF-8");
        (diagnostic.line, diagnostic.column) = (line, column);
        diagnostic
    })?;
    Ok(SourceFile::new(path, text, readable_by_others(&metadata)))
}

/// Whether others can read a file. What lies under `/run` is put there by the system (Docker's and systemd's secrets
/// are world-readable within their own world) and is not ours to judge.
fn exposed(path: &Path) -> bool {
    !path.starts_with("/run")
        && path.metadata().is_ok_and(|metadata| metadata.is_file() && readable_by_others(&metadata))
}

#[cfg(unix)]
fn readable_by_others(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn readable_by_others(_: &std::fs::Metadata) -> bool {
    false
}
