//! What a configuration is made of on disk: the main file and every file that its `include` patterns match now.
//!
//! Two looks that differ mean that the configuration should be read again. Directories need no watch of their own:
//! the patterns are expanded at each look, so a first file, a last one that went, a directory that appears and a
//! swapped link all show.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::{merge, read};
use crate::config::tree;
use crate::files::glob;

/// Tells one content of a path from another as far as the file system knows. Links are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct FileMark {
    device: u64,
    inode: u64,
    modified: (i64, i64),
    changed: (i64, i64),
    /// Bytes.
    pub length: u64,
}

impl FileMark {
    /// The mark of what is at `path`; `None` if it is missing or unreachable. Blocking.
    pub(crate) fn read(path: &Path) -> Option<Self> {
        path.metadata().ok().map(|data| Self::from(&data))
    }
}

impl From<&Metadata> for FileMark {
    fn from(data: &Metadata) -> Self {
        Self {
            device: data.dev(),
            inode: data.ino(),
            modified: (data.mtime(), data.mtime_nsec()),
            changed: (data.ctime(), data.ctime_nsec()),
            length: data.len(),
        }
    }
}

/// Every file of a configuration with its mark; the main file is in it even if it is missing.
pub(crate) type Fingerprint = BTreeMap<PathBuf, Option<FileMark>>;

/// Looks at the files of one configuration, again and again.
#[derive(Debug, Clone)]
pub(crate) struct ConfigWatcher {
    main: PathBuf,
    /// The state of the main file in which the patterns were read.
    parsed: Option<FileMark>,
    patterns: Vec<PathBuf>,
}

impl ConfigWatcher {
    /// For the configuration whose main file is `main`.
    pub(crate) fn new(main: &Path) -> Self {
        Self { main: main.to_owned(), parsed: None, patterns: Vec::new() }
    }

    /// The files as they are now. Blocking. While the main file can't be read, its last known patterns count.
    pub(crate) fn now(&mut self) -> Fingerprint {
        // A pipe changes whenever it is written into, and what was read from it is gone.
        let mark =
            self.main.metadata().ok().filter(|data| !data.file_type().is_fifo()).map(|data| FileMark::from(&data));
        if mark.is_some() && mark != self.parsed {
            self.parsed = None;
            if let Ok((file, _)) = read(&self.main) {
                let base = file.directory();
                self.patterns = merge::includes(&tree::parse(top(&file.text)).root)
                    .into_iter()
                    .map(|(pattern, _)| base.join(pattern))
                    .collect();
                self.parsed = mark;
            }
        }
        let found = self.patterns.iter().flat_map(|pattern| glob::expand(pattern));
        let mut all: Fingerprint =
            found.map(|path| (FileMark::read(&path), path)).map(|(mark, path)| (path, mark)).collect();
        all.insert(self.main.clone(), mark);
        all
    }
}

/// The lines before the first table, where `include` stands: of a long file that is little to parse. A line within an array
/// may begin with a bracket too, but none of an array of patterns.
fn top(text: &str) -> &str {
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        if line.trim_ascii_start().starts_with('[') {
            break;
        }
        end += line.len();
    }
    &text[..end]
}

#[expect(clippy::disallowed_methods, reason = "lays out the files to be looked at")]
#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn every_way_in_which_the_files_can_change_shows() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        let mut look = ConfigWatcher::new(&at("opsroom.toml"));
        let mut before = look.now();
        let mut differs = |what: &str, change: &dyn Fn()| {
            assert_eq!(look.now(), before, "before: {what}");
            change();
            let after = look.now();
            assert_ne!(after, before, "{what}");
            before = after;
        };
        let main = "include = [\"conf.d/*.toml\"]\n";
        differs("the main file appears", &|| fs::write(at("opsroom.toml"), main).unwrap());
        differs("the first file, with its directory", &|| {
            fs::create_dir(at("conf.d")).unwrap();
            fs::write(at("conf.d/a.toml"), "# 1").unwrap();
        });
        differs("written in place", &|| fs::write(at("conf.d/a.toml"), "# 2, longer").unwrap());
        differs("replaced by a rename", &|| {
            fs::write(at("conf.d/.a.swp"), "# 3").unwrap();
            fs::rename(at("conf.d/.a.swp"), at("conf.d/a.toml")).unwrap();
        });
        differs("emptied", &|| fs::write(at("conf.d/a.toml"), "").unwrap());
        differs("the last file goes", &|| fs::remove_file(at("conf.d/a.toml")).unwrap());
        differs("a link whose target is swapped: set up", &|| {
            for (version, text) in [("..1", "# a"), ("..2", "# b")] {
                fs::create_dir(at("conf.d").join(version)).unwrap();
                fs::write(at("conf.d").join(version).join("b.toml"), text).unwrap();
            }
            std::os::unix::fs::symlink("..1", at("conf.d/..data")).unwrap();
            std::os::unix::fs::symlink("..data/b.toml", at("conf.d/b.toml")).unwrap();
        });
        differs("a link whose target is swapped", &|| {
            std::os::unix::fs::symlink("..2", at("conf.d/..new")).unwrap();
            fs::rename(at("conf.d/..new"), at("conf.d/..data")).unwrap();
        });
        differs("the directory vanishes", &|| fs::rename(at("conf.d"), at("away")).unwrap());
        differs("the directory is back", &|| fs::rename(at("away"), at("conf.d")).unwrap());
        differs("the main file goes", &|| fs::remove_file(at("opsroom.toml")).unwrap());
        differs("an included file changes meanwhile", &|| fs::write(at("conf.d/b.toml"), "# longer").unwrap());
        differs("the main file names others", &|| {
            fs::write(at("opsroom.toml"), "include = [\"other/*.toml\"]\n").unwrap();
        });
        differs("one of the others appears", &|| {
            fs::create_dir(at("other")).unwrap();
            fs::write(at("other/c.toml"), "").unwrap();
        });
    }
}
