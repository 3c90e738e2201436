//! Patterns over paths, for `include` and for the files of logs: `*`, `?`, `[a-z]`, `[!a]` within one name, `**` over any number of directories.

use std::ffi::{OsStr, OsString};
use std::fs::DirEntry;
use std::io;
use std::path::{Component, Path, PathBuf};

/// Directories that one pattern may look into.
const MAX_DIRECTORIES: usize = 1000;

/// Whether a path is a pattern.
pub(crate) fn is_pattern(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().iter().any(|byte| matches!(byte, b'*' | b'?' | b'['))
}

/// What tells a file from the others that a pattern names: its path below the directory that all of them lie in. The
/// whole path of one that lies elsewhere.
pub(crate) fn below<'a>(pattern: &Path, path: &'a Path) -> &'a Path {
    let fixed: PathBuf = pattern.components().take_while(|part| !is_pattern(Path::new(part.as_os_str()))).collect();
    path.strip_prefix(fixed).unwrap_or(path)
}

/// What a pattern matches now.
#[derive(Debug, Default)]
pub(crate) struct Matches {
    /// The files, sorted.
    pub files: Vec<PathBuf>,
    /// Directories that exist and could not be read, with the system's reason: files may be missing because of them.
    pub unreadable: Vec<(PathBuf, io::Error)>,
}

/// Every file that the pattern matches now, sorted. Directories that can't be read are left out.
pub(crate) fn expand(pattern: &Path) -> Vec<PathBuf> {
    find(pattern).files
}

/// Every file that the pattern matches now, and the directories that could not be read.
pub(crate) fn find(pattern: &Path) -> Matches {
    let mut places = vec![PathBuf::new()];
    let mut walk = Walk::default();
    let parts: Vec<Component<'_>> = pattern.components().collect();
    for (index, part) in parts.iter().enumerate() {
        let last = index + 1 == parts.len();
        let text = part.as_os_str();
        let mut next = Vec::new();
        for place in &places {
            if text == OsStr::new("**") {
                walk.descend(place, &mut next);
            } else if is_pattern(Path::new(text)) {
                for (name, path, directory) in walk.entries(place) {
                    if matches(text.as_encoded_bytes(), name.as_encoded_bytes()) && (last || directory) {
                        next.push(path);
                    }
                }
            } else {
                next.push(place.join(text));
            }
        }
        places = next;
    }
    places.retain(|path| path.is_file());
    places.sort();
    places.dedup();
    Matches { files: places, unreadable: walk.unreadable }
}

/// The directories that one expansion looks into.
#[derive(Debug, Default)]
struct Walk {
    visited: usize,
    unreadable: Vec<(PathBuf, io::Error)>,
}

impl Walk {
    /// Name, path, and whether it is a directory, of everything in `place`.
    fn entries(&mut self, place: &Path) -> Vec<(OsString, PathBuf, bool)> {
        self.visited += 1;
        if self.visited > MAX_DIRECTORIES {
            return Vec::new();
        }
        let directory = if place.as_os_str().is_empty() { Path::new(".") } else { place };
        let entries = std::fs::read_dir(directory).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        match entries {
            Ok(entries) => {
                let entry =
                    |entry: &DirEntry| (entry.file_name(), place.join(entry.file_name()), entry.path().is_dir());
                entries.iter().map(entry).collect()
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Vec::new(),
            Err(error) => {
                self.unreadable.push((directory.to_owned(), error));
                Vec::new()
            }
        }
    }

    fn descend(&mut self, place: &Path, next: &mut Vec<PathBuf>) {
        next.push(place.to_owned());
        for (name, path, directory) in self.entries(place) {
            // Links are not followed: they may lead in a circle. A hidden directory must be asked for: Kubernetes keeps
            // every file a second time in one.
            if directory && !path.is_symlink() && name.as_encoded_bytes().first() != Some(&b'.') {
                self.descend(&path, next);
            }
        }
    }
}

/// Whether `name` is of the form `pattern`. A hidden file must be asked for.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    if name.first() == Some(&b'.') && pattern.first() != Some(&b'.') {
        return false;
    }
    // With one star to go back to, the time is at worst the product of both lengths.
    let (mut p, mut n) = (0, 0);
    let mut star = None;
    while n < name.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p, n));
            p += 1;
        } else if let Some(length) = one(&pattern[p..], name[n]) {
            p += length;
            n += 1;
        } else if let Some((star_at, taken)) = star {
            star = Some((star_at, taken + 1));
            p = star_at + 1;
            n = taken + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

/// Whether the pattern's first element takes `byte`; its length.
fn one(pattern: &[u8], byte: u8) -> Option<usize> {
    match pattern.first()? {
        b'?' => Some(1),
        b'[' => {
            let Some(close) = pattern.iter().skip(2).position(|c| *c == b']').map(|at| at + 2) else {
                return (byte == b'[').then_some(1);
            };
            let (negated, set) = match pattern[1] {
                b'!' | b'^' => (true, &pattern[2..close]),
                _ => (false, &pattern[1..close]),
            };
            let mut inside = false;
            let mut at = 0;
            while at < set.len() {
                if set.get(at + 1) == Some(&b'-') && at + 2 < set.len() {
                    inside |= (set[at]..=set[at + 2]).contains(&byte);
                    at += 3;
                } else {
                    inside |= set[at] == byte;
                    at += 1;
                }
            }
            (inside != negated).then_some(close + 1)
        }
        literal => (*literal == byte).then_some(1),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn files_are_told_apart_below_what_they_share() {
        for (pattern, path, expected) in [
            ("/var/log/*/app.log", "/var/log/web1/app.log", "web1/app.log"),
            ("/var/log/app-*.log", "/var/log/app-1.log", "app-1.log"),
            ("*.log", "a.log", "a.log"),
            ("/a/**/x.log", "/b/x.log", "/b/x.log"),
        ] {
            assert_eq!(below(Path::new(pattern), Path::new(path)), Path::new(expected));
        }
    }

    #[test]
    fn names() {
        for (pattern, name, expected) in [
            ("*.log", "app.log", true),
            ("*.log", "app.log.1", false),
            ("*.log", ".hidden.log", false),
            ("app-*.log", "app-20261121.log", true),
            ("app?log", "app.log", true),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[]x", "[]x", true),
            ("*a*b*c", "xaxbxbc", true),
            ("*", "anything", true),
            ("", "", true),
        ] {
            assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), expected, "{pattern} {name}");
        }
    }

    #[expect(clippy::disallowed_methods, reason = "lays out the files to be found")]
    #[test]
    fn files_in_directories() {
        let root = tempfile::tempdir().unwrap();
        for path in ["a/x.log", "a/b/y.log", "a/b/z.txt", "w.log"] {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let found = |pattern: &str| {
            let names: Vec<String> = expand(&root.path().join(pattern))
                .iter()
                .map(|path| path.strip_prefix(root.path()).unwrap().display().to_string())
                .collect();
            names
        };
        assert_eq!(found("*.log"), ["w.log"]);
        assert_eq!(found("a/*/*.log"), ["a/b/y.log"]);
        assert_eq!(found("**/*.log"), ["a/b/y.log", "a/x.log", "w.log"]);
        assert_eq!(found("nothing/*.log"), [""; 0]);
        std::fs::create_dir_all(root.path().join("a/.kept")).unwrap();
        std::fs::write(root.path().join("a/.kept/x.log"), "").unwrap();
        assert_eq!(found("**/*.log"), ["a/b/y.log", "a/x.log", "w.log"], "hidden directories must be asked for");
        assert_eq!(found("a/.kept/*.log"), ["a/.kept/x.log"]);
    }

    #[test]
    fn a_directory_that_can_not_be_read_is_named_and_a_missing_one_is_not() {
        let root = tempfile::tempdir().unwrap();
        assert!(find(&root.path().join("missing/*.toml")).unreadable.is_empty());
        // A link to itself stands for every reason why a directory can't be read, also for root.
        std::os::unix::fs::symlink("circle", root.path().join("circle")).unwrap();
        let found = find(&root.path().join("circle/*.toml"));
        assert!(found.files.is_empty());
        assert_eq!(found.unreadable[0].0, root.path().join("circle"));
    }

    proptest! {
        #[test]
        fn any_pattern_ends(pattern in r"[a-c*?\[\]!-]{0,12}", name in "[a-c.]{0,20}") {
            matches(pattern.as_bytes(), name.as_bytes());
        }
    }
}
