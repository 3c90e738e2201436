//! The files that a log was before: rotated, packed or not. They are read for history and never followed.
//!
//! [`rotated`] lists them, [`reaching_back`] says which hold what was written since a moment, [`History`] gives the
//! records of all that, oldest first. All of it reads files and takes its time: never on the loop.

pub mod shapes;

use std::collections::VecDeque;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::pipeline::Pipeline;
use crate::clock::Clock;
use crate::config::sections::log::{Log, LogKind};
use crate::files::glob;
use crate::lang::order::InOrder;
use crate::logs::record::Record;
use crate::sources::logs::decode::archive::{Packing, unpacked};
use crate::sources::logs::decode::encoding::TextDecoder;
use crate::sources::logs::follow::start;
use crate::sources::logs::follow::start::{Extent, StartAt};
use crate::sources::logs::scan::once::{Records, files_of};
use crate::text::redact::Redactor;

/// Rotated files of one path that are looked at, the newest.
const MAX_FILES: usize = 64;
/// Bytes that are read of the rotated files of one path, unpacked.
pub(crate) const MAX_BYTES: u64 = 1 << 30;
/// How much larger text is than its archive, roughly.
const PACKED_BY: u64 = 10;
/// Of each file, so much is searched for its first time.
const HEAD: u64 = 64 << 10;

/// A file that a path led to before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rotated {
    /// Where it is now.
    pub path: PathBuf,
    /// When it was written last. Packing keeps this.
    pub modified: DateTime<Utc>,
    /// Its bytes, packed where it is packed.
    pub size: u64,
}

/// The files beside `path` that it was before, by their names: `NAME.1`, `NAME-20261120.gz`, `STEM-2026-11-20.EXT`;
/// of a dated name those with another date; of a link those of its target. Oldest first, at most the 64 newest. What
/// was moved to another directory is not found.
pub(crate) fn rotated(path: &Path) -> Vec<Rotated> {
    let target = if path.is_symlink() { path.canonicalize().ok() } else { None };
    let path = target.as_deref().unwrap_or(path);
    let (Some(name), Some(directory)) = (path.file_name().and_then(|name| name.to_str()), path.parent()) else {
        return Vec::new();
    };
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let mut found: Vec<Rotated> = entries
        .flatten()
        .filter(|entry| entry.file_name().to_str().is_some_and(|other| is_rotation(other, name)))
        .filter_map(|entry| {
            let meta = entry.metadata().ok().filter(std::fs::Metadata::is_file)?;
            Some(Rotated { path: entry.path(), modified: meta.modified().ok()?.into(), size: meta.len() })
        })
        .collect();
    // While it is packed, a file is there twice.
    let plain: Vec<PathBuf> = found.iter().map(|file| file.path.clone()).collect();
    found.retain(|file| Packing::of_name(&file.path).is_none() || !plain.contains(&file.path.with_extension("")));
    found.order_by(|a, b| a.modified.cmp(&b.modified).then_with(|| age(&b.path).cmp(&age(&a.path))));
    let over = found.len().saturating_sub(MAX_FILES);
    found.drain(..over);
    found
}

/// Whether a file called `other` may be a rotated form of the file called `name`.
fn is_rotation(other: &str, name: &str) -> bool {
    let plain = match Packing::of_name(Path::new(other)) {
        Some(_) => other.rsplit_once('.').map_or(other, |(stem, _)| stem),
        None => other,
    };
    if plain == name {
        return plain != other;
    }
    let dated = |text: &str| text.bytes().filter(u8::is_ascii_digit).count() >= 6;
    if plain.strip_prefix(name).is_some_and(is_suffix) || (dated(name) && shape(plain).eq(shape(name))) {
        return true;
    }
    let Some((stem, extension)) = name.rsplit_once('.') else { return false };
    plain
        .strip_prefix(stem)
        .and_then(|rest| rest.strip_suffix(extension)?.strip_suffix('.'))
        .is_some_and(|middle| dated(middle) && is_suffix(middle))
}

/// `.1`, `-20261120`, `_2026-11-20T10`, `.old`.
fn is_suffix(suffix: &str) -> bool {
    let Some(rest) = suffix.strip_prefix(['.', '-', '_']) else { return false };
    matches!(rest, "old" | "bak" | "prev")
        || (rest.bytes().any(|byte| byte.is_ascii_digit())
            && rest.bytes().all(|byte| byte.is_ascii_digit() || b"-_.:TZ".contains(&byte)))
}

fn shape(name: &str) -> impl Iterator<Item = char> {
    name.chars().map(|c| if c.is_ascii_digit() { '0' } else { c })
}

/// How old a name says that the file is, for files that were written last at the same moment: `.2` is older than
/// `.1`, and an earlier date older than a later one.
fn age(path: &Path) -> (i128, PathBuf) {
    let digits = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
    let number = digits.get(..digits.len().min(30)).and_then(|digits| digits.parse::<i128>().ok()).unwrap_or(0);
    (if digits.len() >= 6 { -number } else { number }, path.to_owned())
}

/// The rotated files that may hold what was written since a moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RotatedFiles {
    /// They, oldest first.
    pub files: Vec<PathBuf>,
    /// More would have been needed than is read.
    pub cut: bool,
}

/// Which rotated files of `path` hold lines since `bound`, besides the file that is there now. By the first time that
/// each states, or where it states none by when it was written last.
///
/// # Errors
/// Those of `path`; a rotated file that can't be read counts as one without times.
pub(crate) fn reaching_back(
    path: &Path,
    bound: DateTime<Utc>,
    pipeline: &Pipeline,
    now: DateTime<Utc>,
) -> io::Result<RotatedFiles> {
    let mut reach = RotatedFiles::default();
    if first_time(path, pipeline, now)?.is_some_and(|first| first <= bound) {
        return Ok(reach);
    }
    let mut left = MAX_BYTES;
    for file in rotated(path).into_iter().rev() {
        if file.modified < bound {
            break;
        }
        let size = file.size.saturating_mul(if Packing::of_name(&file.path).is_some() { PACKED_BY } else { 1 });
        reach.cut = size > left;
        if reach.cut {
            break;
        }
        left -= size;
        let first = first_time(&file.path, pipeline, now).ok().flatten();
        reach.files.push(file.path);
        if first.is_some_and(|first| first <= bound) {
            break;
        }
    }
    reach.files.reverse();
    Ok(reach)
}

/// The first time that the lines of a file state, packed or not; `None` where its beginning states none.
///
/// # Errors
/// When the file can't be read.
pub(crate) fn first_time(path: &Path, pipeline: &Pipeline, now: DateTime<Utc>) -> io::Result<Option<DateTime<Utc>>> {
    let mut head = Vec::new();
    let (from, file) = begun(path)?;
    let read = file.take(HEAD).read_to_end(&mut head);
    let written = std::fs::metadata(path).ok().and_then(|meta| start::written(&meta));
    let now = written.map_or(now, |written| written.min(now));
    if head.is_empty() {
        read?;
    }
    let mut decoder = match from {
        0 => TextDecoder::at_start(pipeline.encoding()),
        _ => TextDecoder::within(pipeline.encoding()),
    };
    Ok(start::first_time(decoder.decode(&head), pipeline, now))
}

/// A file from where what is written begins, and where that is; see [`open_any`](crate::sources::logs::decode::archive::open_any).
#[expect(clippy::disallowed_methods, reason = "this is the room that reads logs")]
fn begun(path: &Path) -> io::Result<(u64, Box<dyn Read + Send>)> {
    let mut file = std::fs::File::open(path)?;
    let meta = file.metadata()?;
    let extent = Extent { size: meta.len(), encoding: None };
    let from = if meta.is_file() { start::after_hole(&file, extent)? } else { 0 };
    // The hole was looked for behind the place that reading goes on at.
    if meta.is_file() {
        file.seek(SeekFrom::Start(from))?;
    }
    Ok((from, unpacked(file, path)?))
}

/// The records of a log since a moment, as its lines state it: of the rotated files, then of the present ones; oldest
/// file first, each in its own order. A file that can't be read gives an error and the next one follows. Each file
/// numbers its records again.
pub(crate) struct History {
    log: Log,
    since: DateTime<Utc>,
    redactor: Redactor,
    clock: Clock,
    files: VecDeque<PathBuf>,
    current: Option<Records>,
    cut: bool,
}

impl History {
    /// What `log` wrote since `since`, its present files included. A log that is a command has no history.
    pub(crate) fn open(log: &Log, since: DateTime<Utc>, redactor: Redactor, clock: Clock) -> Self {
        let mut history = Self::of_rotated(log, since, redactor, clock);
        history.files.extend(files_of(log));
        history
    }

    /// What `log` wrote since `since` into files that were rotated.
    pub(crate) fn of_rotated(log: &Log, since: DateTime<Utc>, redactor: Redactor, clock: Clock) -> Self {
        let pipeline = Pipeline::new(log, Redactor::default(), Vec::new(), 1);
        let (mut files, mut cut) = (Vec::new(), false);
        for path in files_of(log) {
            if let Ok(reach) = reaching_back(&path, since, &pipeline, clock.now().utc) {
                cut |= reach.cut;
                let pattern = if let LogKind::File(path) = &log.kind { Some(&**path) } else { None };
                files.extend(besides(pattern.filter(|path| glob::is_pattern(path)), reach.files));
            }
        }
        files.dedup();
        Self { log: log.clone(), since, redactor, clock, files: files.into(), current: None, cut }
    }

    /// The files that are still to be read, oldest first.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(PathBuf::as_path)
    }

    /// Passes over the rest of the file that is being read.
    pub(crate) fn pass_over(&mut self) {
        self.current = None;
    }

    /// Whether more was written than a history reads.
    pub(crate) fn is_cut(&self) -> bool {
        self.cut
    }
}

/// Without the files that `pattern` names: each of those is followed and read by itself, whatever it is called.
pub(super) fn besides(pattern: Option<&Path>, mut files: Vec<PathBuf>) -> Vec<PathBuf> {
    if let (Some(pattern), false) = (pattern, files.is_empty()) {
        let named: Vec<PathBuf> = glob::expand(pattern).into_iter().filter(|path| is_followed(path)).collect();
        files.retain(|file| !named.contains(file));
    }
    files
}

/// Whether a file that a pattern names is followed: an archive is read for history alone.
pub(super) fn is_followed(path: &Path) -> bool {
    Packing::of_name(path).is_none()
}

impl Iterator for History {
    type Item = io::Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(next) = self.current.as_mut().and_then(Iterator::next) {
                return Some(next);
            }
            let path = self.files.pop_front()?;
            let from = StartAt::Since(self.since);
            match Records::of_file(&path, &self.log, from, self.redactor.clone(), self.clock) {
                Ok(records) => self.current = Some(records),
                Err(why) => {
                    self.current = None;
                    return Some(Err(io::Error::new(why.kind(), format!("{}: {why}", path.display()))));
                }
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "lays out the files to be read")]
mod tests {
    use std::fs;
    use std::process::Command;
    use std::time::SystemTime;

    use super::*;

    fn at(hour: u32) -> DateTime<Utc> {
        format!("2026-11-20T{hour:02}:00:00Z").parse().unwrap()
    }

    /// A directory with one file for each hour: `app.log` and what it was before.
    struct Place(tempfile::TempDir);

    impl Place {
        /// The names, oldest first; the first is written from hour 0 on.
        fn open(names: &[&str]) -> Self {
            let place = Self(tempfile::tempdir().unwrap());
            for (hour, name) in (0..).zip(names) {
                let lines =
                    [0, 20, 40].map(|minute| format!("2026-11-20T{hour:02}:{minute:02}:00Z INFO {name} {minute}\n"));
                place.write(name, &lines.concat(), at(hour) + chrono::Duration::minutes(40));
            }
            place
        }

        fn write(&self, name: &str, text: &str, modified: DateTime<Utc>) {
            let tool = Packing::of_name(Path::new(name)).map(|packing| packing.to_string());
            let path = self.path(name);
            fs::write(&path, text).unwrap();
            if let Some(tool) = tool {
                let packed = Command::new(tool).arg("-c").stdin(fs::File::open(&path).unwrap()).output().unwrap();
                fs::write(&path, packed.stdout).unwrap();
            }
            fs::File::options().write(true).open(path).unwrap().set_modified(SystemTime::from(modified)).unwrap();
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn names(files: &[PathBuf]) -> Vec<&str> {
            files.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect()
        }

        fn reach(&self, bound: DateTime<Utc>) -> RotatedFiles {
            let pipeline = Pipeline::new(&self.log(), Redactor::default(), Vec::new(), 1);
            reaching_back(&self.path("app.log"), bound, &pipeline, at(12)).unwrap()
        }

        fn log(&self) -> Log {
            Log::of_file("app".into(), self.path("app.log"))
        }

        fn messages(&self, since: DateTime<Utc>) -> Vec<String> {
            let history = History::open(&self.log(), since, Redactor::default(), Clock::start());
            history
                .map(|record| record.map_or_else(|why| why.to_string(), |record| record.message.to_string()))
                .collect()
        }
    }

    #[test]
    fn which_names_are_rotated_ones() {
        for (name, other, expected) in [
            ("app.log", "app.log.1", true),
            ("app.log", "app.log.12.gz", true),
            ("app.log", "app.log-20261120", true),
            ("app.log", "app.log-20261120-1.xz", true),
            ("app.log", "app-20261120.log", true),
            ("app.log", "app-2026-11-20T10-00-00.123.log.gz", true),
            ("app.log", "app.2026-11-20.log.zst", true),
            ("app.log", "app.log.gz", true),
            ("app.log", "app.log.old", true),
            ("app-20261121.log", "app-20261120.log.bz2", true),
            ("app-20261121.log", "other-20261120.log", false),
            ("app.log", "app.log", false),
            ("app.log", "app-2.log", false),
            ("app.log", "app-error.log", false),
            ("app.log", "app.log.swp", false),
            ("app.log", "app.log.1.tmp", false),
            ("app.log", "app.login", false),
            ("app.log", "xapp.log.1", false),
            ("a", "a.", false),
        ] {
            assert_eq!(is_rotation(other, name), expected, "{other} of {name}");
        }
    }

    #[test]
    fn rotated_files_come_oldest_first_and_by_name_where_the_times_are_the_same() {
        let place = Place::open(&["app.log.3.gz", "app.log.2.xz", "app.log.1", "app.log"]);
        let files: Vec<PathBuf> = rotated(&place.path("app.log")).into_iter().map(|file| file.path).collect();
        assert_eq!(Place::names(&files), ["app.log.3.gz", "app.log.2.xz", "app.log.1"]);
        let place = Place::open(&[]);
        for name in ["app.log", "app.log.10", "app.log.2", "app.log.1"] {
            place.write(name, "x\n", at(1));
        }
        let files: Vec<PathBuf> = rotated(&place.path("app.log")).into_iter().map(|file| file.path).collect();
        assert_eq!(Place::names(&files), ["app.log.10", "app.log.2", "app.log.1"]);
        std::os::unix::fs::symlink(place.path("app.log"), place.path("current")).unwrap();
        assert_eq!(rotated(&place.path("current")).len(), 3);
    }

    #[test]
    fn only_the_files_that_are_needed_are_read() {
        let place = Place::open(&["app.log.4.gz", "app.log.3.zst", "app.log.2.bz2", "app.log.1", "app.log"]);
        let reach = |hour, minute| place.reach(at(hour) + chrono::Duration::minutes(minute)).files;
        assert_eq!(reach(4, 0), [""; 0].map(PathBuf::from));
        assert_eq!(Place::names(&reach(3, 50)), [""; 0]);
        assert_eq!(Place::names(&reach(3, 10)), ["app.log.1"]);
        assert_eq!(Place::names(&reach(1, 10)), ["app.log.3.zst", "app.log.2.bz2", "app.log.1"]);
    }

    #[test]
    fn more_than_a_gigabyte_of_the_past_is_not_read_and_that_is_said() {
        let place = Place::open(&["app.log.2", "app.log.1", "app.log"]);
        fs::File::options().write(true).open(place.path("app.log.2")).unwrap().set_len(MAX_BYTES).unwrap();
        let file = fs::File::options().write(true).open(place.path("app.log.2")).unwrap();
        file.set_modified(SystemTime::from(at(0) + chrono::Duration::minutes(30))).unwrap();
        let reach = place.reach(at(0));
        assert_eq!((Place::names(&reach.files), reach.cut), (vec!["app.log.1"], true));
    }

    #[test]
    fn the_records_of_a_day_come_from_packed_files_too() {
        let place = Place::open(&["app.log.4.gz", "app.log.3.zst", "app.log.2.bz2", "app.log.1.xz", "app.log"]);
        let messages = place.messages(at(0) + chrono::Duration::minutes(30));
        assert_eq!(messages.len(), 13, "{messages:?}");
        assert_eq!((messages[0].as_str(), messages[12].as_str()), ("app.log.4.gz 40", "app.log 40"));
        assert!(messages.is_sorted_by_key(|text| std::cmp::Reverse(text.split(' ').next().map(str::to_owned))));
    }

    #[test]
    fn a_damaged_file_is_said_and_the_next_one_is_read() {
        let place = Place::open(&["app.log.2.gz", "app.log.1.gz", "app.log"]);
        let path = place.path("app.log.1.gz");
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - 12]).unwrap();
        let later = SystemTime::from(at(1) + chrono::Duration::minutes(45));
        fs::File::options().write(true).open(&path).unwrap().set_modified(later).unwrap();
        let messages = place.messages(at(0));
        assert!(messages.iter().any(|text| text.contains("the gzip archive ends too early")), "{messages:?}");
        assert_eq!(messages.last().map(String::as_str), Some("app.log 40"));
    }

    #[test]
    fn a_pattern_that_names_the_rotated_files_too_gives_each_record_once() {
        let place = Place::open(&["app.log.2.gz", "app.log.1", "app.log"]);
        let mut log = place.log();
        log.kind = LogKind::File(place.path("app.log*"));
        let history = History::open(&log, at(0), Redactor::default(), Clock::start());
        assert_eq!(history.map(Result::unwrap).count(), 9);
    }
}
