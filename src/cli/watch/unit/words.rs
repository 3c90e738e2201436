//! Paths and words as a unit of systemd holds them.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use crate::cli::span::Refusal;
use crate::text::is_hidden;

/// An argument of a command: quoted where it has to be, and nothing in it expanded.
pub(super) fn argument(word: &str) -> String {
    setting(&word.replace('$', "$$"))
}

/// The program of a command, or a word of a setting: there no variable is filled in.
pub(super) fn setting(word: &str) -> String {
    let plain = word.replace('%', "%%");
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%$,+?&[]".contains(c);
    if !plain.is_empty() && plain.chars().all(is_plain) {
        return plain;
    }
    format!("\"{}\"", plain.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Whether a text holds what can't be seen. In a unit, which people read and edit, a line break would begin another setting.
pub(super) fn has_hidden(text: &str) -> bool {
    text.chars().any(|c| c.is_control() || is_hidden(c))
}

/// A path as text.
///
/// # Errors
/// It is not UTF-8, or holds what can't be seen.
pub(super) fn path_text<'a>(what: &str, path: &'a Path) -> Result<&'a str, Refusal> {
    let (shown, hint) = (path.as_os_str().as_bytes().escape_ascii(), "rename it, or name it by another path");
    match path.to_str() {
        None => Err((format!("the path of {what} is not UTF-8: `{shown}`"), hint.to_owned())),
        Some(text) if has_hidden(text) => {
            Err((format!("the path of {what} has a control character: `{shown}`"), hint.to_owned()))
        }
        Some(text) => Ok(text),
    }
}

/// A path as it is found from anywhere. systemd takes none with `..` in it.
pub(super) fn placed(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    if !path.components().any(|part| part == Component::ParentDir) {
        return path;
    }
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return without_parents(&path) };
    // Where a link lies on the way, only the system knows what is above.
    parent.canonicalize().map_or_else(|_| without_parents(&path), |parent| parent.join(name))
}

fn without_parents(path: &Path) -> PathBuf {
    let mut found = PathBuf::new();
    for part in path.components() {
        if part == Component::ParentDir {
            found.pop();
        } else {
            found.push(part);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn words_reach_the_program_as_they_are() {
        for (word, written) in [
            ("/usr/bin/opsroom", "/usr/bin/opsroom"),
            ("/etc/my ops/100%.toml", "\"/etc/my ops/100%%.toml\""),
            ("a$HOME", "a$$HOME"),
            ("say \"x\\\"", "\"say \\\"x\\\\\\\"\""),
            ("", "\"\""),
        ] {
            assert_eq!(argument(word), written);
        }
        assert_eq!(setting("/a$b %"), "\"/a$b %%\"");
    }

    #[test]
    fn a_path_that_a_unit_cannot_hold_is_refused() {
        assert_eq!(path_text("the store", Path::new("/srv/ä ö/x.db")), Ok("/srv/ä ö/x.db"));
        for (path, why) in [
            (&b"/srv/x\nUser=root"[..], r"control character: `/srv/x\nUser=root`"),
            (b"/srv/\x1b[2J", "control character"),
            (b"/srv/\xff.toml", r"not UTF-8: `/srv/\xff.toml`"),
        ] {
            let (problem, _) = path_text("the store", Path::new(OsStr::from_bytes(path))).unwrap_err();
            assert!(problem.contains(why), "{problem}");
        }
    }

    #[test]
    fn a_path_is_found_from_anywhere() {
        let here = std::env::current_dir().unwrap();
        assert_eq!(placed(Path::new("x.db")), here.join("x.db"));
        assert_eq!(placed(Path::new("/no/such/../place/x.db")), Path::new("/no/place/x.db"));
        assert_eq!(placed(Path::new("/usr/../etc/x.db")), Path::new("/etc/x.db"));
    }
}
