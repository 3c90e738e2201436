//! From files to a [`super::Config`], with every problem on the way. The one place of the room that reads files.

pub mod locate;
pub mod look;

use std::ffi::OsStr;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::file::{FilePlace, SourceFile};
use super::loaded::Loaded;
use super::merge;
use super::tree::{self, Parsed};
use crate::files::bounded::PATIENCE;
use crate::files::glob;
use crate::files::trust::{Distrust, Owners, judge_read, us};
use crate::files::{self, ReadError};
use crate::lang::diagnostic::{Diagnostic, DiagnosticLevel};

/// Bytes of one file.
const MOST: u64 = 16 << 20;
/// Bytes of all files together.
const MOST_BYTES: usize = 64 << 20;
/// Files that may be included.
const MOST_FILES: usize = 1_000;

/// The environment variable that names the file.
pub(crate) const VARIABLE: &str = "OPSROOM_CONFIG";

/// Where the configuration is looked for, in order: `given` (`--config`), else `$OPSROOM_CONFIG`, else
/// `./opsroom.toml`, else `opsroom/config.toml` in the platform's configuration directory. One that is named is
/// taken whether it exists or not, so that its absence is said and not passed over.
pub fn candidates(given: Option<&Path>, variable: Option<&OsStr>) -> Vec<PathBuf> {
    if let Some(given) = given {
        return vec![given.to_owned()];
    }
    if let Some(named) = variable.filter(|named| !named.is_empty()) {
        return vec![PathBuf::from(named)];
    }
    // Below a home that is not an absolute path, the place would depend on where the program was started.
    let platform = directories::BaseDirs::new()
        .map(|dirs| dirs.config_dir().join("opsroom").join("config.toml"))
        .filter(|path| path.is_absolute());
    std::iter::once(PathBuf::from("opsroom.toml")).chain(platform).collect()
}

/// Why a file is the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A person named it: they know whose it is.
    Named,
    /// It lay where the program was started, or in the platform's configuration directory. What it says is run, so it
    /// must be the user's own, or root's, and nobody else may be able to change it.
    Found,
}

/// The main file of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MainFile {
    /// Where it is.
    pub path: PathBuf,
    /// Why it is this one.
    pub origin: Origin,
}

/// The configuration file to load, by [`candidates`]; `None` where there is none.
pub(crate) fn find(given: Option<&Path>) -> Option<MainFile> {
    let variable = std::env::var_os(VARIABLE);
    let candidates = candidates(given, variable.as_deref());
    match candidates.as_slice() {
        [named] if given.is_some() || variable.is_some_and(|named| !named.is_empty()) => {
            Some(MainFile { path: named.clone(), origin: Origin::Named })
        }
        // One that can't be reached is there all the same, and loading it says why.
        several => several
            .iter()
            .find(|path| path.try_exists().unwrap_or(true))
            .map(|path| MainFile { path: path.clone(), origin: Origin::Found }),
    }
}

/// Loads a file that a person named, and what it includes.
pub fn load(path: &Path) -> Loaded {
    MainFile { path: path.to_owned(), origin: Origin::Named }.load()
}

/// As [`MainFile::load_again`], for a file that a person named.
pub fn load_again(path: &Path) -> Loaded {
    MainFile { path: path.to_owned(), origin: Origin::Named }.load_again()
}

impl MainFile {
    /// Loads it and what it includes.
    pub(crate) fn load(&self) -> Loaded {
        self.read().map_or_else(refused, |main| load_file(&main))
    }

    /// Loads again what is running. An empty main file is an error here: it is being written, or was emptied by accident,
    /// and no one means to stop watching everything.
    pub(crate) fn load_again(&self) -> Loaded {
        match self.read() {
            Ok(main) if main.file.text.trim().is_empty() => {
                let hint = "save the file again with its content";
                refused(Box::new(Diagnostic::of_file(&self.path, "this file is empty", hint)))
            }
            Ok(main) => load_file(&main),
            Err(problem) => refused(problem),
        }
    }

    /// The same file for reading it again later: one that nobody else could change when it was named must stay so.
    #[must_use]
    pub(crate) fn kept(&self) -> Self {
        let data = self.path.metadata().ok().filter(std::fs::Metadata::is_file);
        let own = data.is_some_and(|data| judge_read(&self.path, &data, Owners::ours()).is_ok());
        Self { path: self.path.clone(), origin: if own { Origin::Found } else { self.origin } }
    }

    fn read(&self) -> Result<Main, Box<Diagnostic>> {
        let (file, data) = read(&self.path)?;
        if self.origin == Origin::Found {
            judge_read(&self.path, &data, Owners::ours()).map_err(|distrust| not_used(&self.path, &distrust))?;
        }
        Ok(Main { file, owner: data.uid(), origin: self.origin })
    }
}

/// A main file that was read.
struct Main {
    file: SourceFile,
    owner: u32,
    origin: Origin,
}

impl Main {
    /// Whether a file that it includes may be used. Beside a file that a person named, one of a third user or one that
    /// everyone can write into is only worth a warning.
    fn judge(&self, path: &Path, data: &std::fs::Metadata) -> Result<Option<Diagnostic>, Box<Diagnostic>> {
        if self.origin == Origin::Found {
            let judged = judge_read(path, data, Owners::ours());
            return judged.map(|()| None).map_err(|distrust| not_used(path, &distrust));
        }
        let message = if !Owners::and(self.owner).have(data.uid()) {
            format!("this file belongs to another user ({}), who decides what it runs", data.uid())
        } else if data.mode() & 0o002 != 0 && data.is_file() {
            format!("this file is writable by everyone (mode {:04o}), who decide what it runs", data.mode() & 0o7777)
        } else {
            return Ok(None);
        };
        let hint = "look at what it does, then `chown` it or `chmod go-w` it";
        Ok(Some(Diagnostic { level: DiagnosticLevel::Warning, ..Diagnostic::of_file(path, message, hint) }))
    }
}

#[expect(clippy::boxed_local, reason = "it is the error of a result, which would be large")]
fn refused(problem: Box<Diagnostic>) -> Loaded {
    Loaded { diagnostics: vec![*problem], ..Loaded::default() }
}

/// A file that was found, and that others decide on.
fn not_used(path: &Path, distrust: &Distrust) -> Box<Diagnostic> {
    let fix = if distrust.hint.is_empty() { String::new() } else { format!("{}, or ", distrust.hint) };
    let hint = format!("look at what it does, then {fix}name the main file: opsroom --config FILE");
    Box::new(Diagnostic::of_file(path, format!("not used: {}", distrust.reason), hint))
}

/// Loads a text as if it stood in `path`, which need not exist; relative paths and includes are meant from there.
pub fn load_text(path: &Path, text: &str) -> Loaded {
    let file = SourceFile::new(path, text.to_owned(), false);
    load_file(&Main { file, owner: us(), origin: Origin::Named })
}

/// Loads texts that were read elsewhere, the main one first. Nothing is read: what they include is among them.
pub(crate) fn load_texts(texts: impl IntoIterator<Item = (PathBuf, String)>) -> Loaded {
    let files: Vec<SourceFile> = texts.into_iter().map(|(path, text)| SourceFile::new(&path, text, false)).collect();
    let parsed: Vec<Parsed<'_>> = files.iter().map(|file| tree::parse(&file.text)).collect();
    if files.is_empty() {
        return Loaded::default();
    }
    merge::load(&files.iter().collect::<Vec<_>>(), &parsed, Vec::new(), |_| false)
}

fn load_file(main: &Main) -> Loaded {
    let mut included = Included { files: Vec::new(), bytes: main.file.text.len(), problems: Vec::new() };
    let parsed = tree::parse(&main.file.text);
    for (pattern, place) in merge::includes(&parsed.root) {
        if let Err(problem) = included.include(main, &pattern, place) {
            return refused(Box::new(problem));
        }
    }
    let files: Vec<&SourceFile> = std::iter::once(&main.file).chain(&included.files).collect();
    let others = included.files.iter().map(|file| tree::parse(&file.text));
    let parsed: Vec<Parsed<'_>> = std::iter::once(parsed).chain(others).collect();
    merge::load(&files, &parsed, included.problems, exposed)
}

/// What is included so far.
struct Included {
    files: Vec<SourceFile>,
    /// Of all files together.
    bytes: usize,
    problems: Vec<Diagnostic>,
}

impl Included {
    /// Reads what one pattern matches. The error is the end of all including.
    #[expect(clippy::result_large_err, reason = "made once, at the end of all including")]
    fn include(&mut self, main: &Main, pattern: &str, place: FilePlace) -> Result<(), Diagnostic> {
        let error = |message, hint| main.file.diagnostic(DiagnosticLevel::Error, place, message, Some(hint));
        let whole = main.file.directory().join(pattern);
        let glob::Matches { files: mut matching, unreadable } = glob::find(&whole);
        for (directory, why) in unreadable {
            // What it holds would silently be missing.
            let message = format!("the directory {} can't be read: {why}", directory.display());
            self.problems.push(error(message, "check its permissions".to_owned()));
        }
        if matching.is_empty() && !pattern.contains(['*', '?']) {
            if whole.symlink_metadata().is_ok() {
                // It is there, and reading it says why it can't be used.
                matching.push(whole);
            } else {
                let hint = format!("relative paths start at {}", main.file.directory().display());
                self.problems.push(error(format!("file `{pattern}` not found"), hint));
            }
        }
        for path in matching {
            let shown = shown_path(&main.file, &path);
            if shown == main.file.path || self.files.iter().any(|file| file.path == shown) {
                continue;
            }
            if self.files.len() == MOST_FILES {
                let hint = format!("a configuration includes at most {MOST_FILES} files: join some, or match fewer");
                return Err(error("too many files are included".to_owned(), hint));
            }
            match read(&shown).and_then(|(file, data)| Ok((main.judge(&shown, &data)?, file))) {
                Ok((warning, file)) => {
                    self.bytes += file.text.len();
                    self.problems.extend(warning);
                    self.files.push(file);
                }
                Err(problem) => self.problems.push(*problem),
            }
            if self.bytes > MOST_BYTES {
                let hint = format!("all files together have at most {} MiB", MOST_BYTES >> 20);
                return Err(error(format!("the included files are too large: {} bytes so far", self.bytes), hint));
            }
        }
        Ok(())
    }
}

/// An included file's path as the main file's is written: relative where that is.
fn shown_path(main: &SourceFile, path: &Path) -> PathBuf {
    match (main.path.is_absolute(), path.strip_prefix(main.directory())) {
        (false, Ok(rest)) => main.path.parent().unwrap_or(Path::new("")).join(rest),
        _ => path.to_owned(),
    }
}

fn read(path: &Path) -> Result<(SourceFile, std::fs::Metadata), Box<Diagnostic>> {
    let fail = |what: String, hint: &str| Box::new(Diagnostic::of_file(path, what, hint));
    let received = files::read(path, MOST, PATIENCE).map_err(|error| match error {
        ReadError::Missing => {
            fail("this file does not exist".to_owned(), "`opsroom config example` prints one to start from")
        }
        ReadError::Directory => fail("this is a directory".to_owned(), "name the file in it"),
        ReadError::Special(kind) => fail(format!("this is a {kind}, not a file"), "name a file, or a pipe"),
        ReadError::TooLarge { .. } => fail(format!("this file {error}"), "split it: include = [\"services/*.toml\"]"),
        ReadError::Silent(_) => fail(format!("this file {error}"), "start what writes into it first, or name a file"),
        ReadError::Io(_) => fail(format!("this file {error}"), "check its permissions"),
    })?;
    let files::Received { bytes, metadata } = received;
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let start = String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned();
        let file = SourceFile::new(path, start, false);
        let (line, column) = file.position(valid);
        let mut diagnostic = fail("this is not UTF-8".to_owned(), "save the file in UTF-8");
        (diagnostic.line, diagnostic.column) = (line, column);
        diagnostic
    })?;
    Ok((SourceFile::new(path, text, readable_by_others(&metadata)), metadata))
}

/// Whether others can read a file. What lies under `/run` is put there by the system (Docker's and systemd's secrets
/// are world-readable within their own world) and is not ours to judge.
fn exposed(path: &Path) -> bool {
    !path.starts_with("/run")
        && path.metadata().is_ok_and(|metadata| metadata.is_file() && readable_by_others(&metadata))
}

fn readable_by_others(metadata: &std::fs::Metadata) -> bool {
    metadata.is_file() && metadata.mode() & 0o077 != 0
}
