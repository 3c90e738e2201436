//! Where things are written: for problems that only show outside the files.

use std::path::PathBuf;

use crate::config::file::{FilePlace, SourceFile};
use crate::config::literal;
use crate::config::tree::{self, TomlValue};
use crate::lang::diagnostic::{Diagnostic, DiagnosticLevel};
use crate::text::redact::Literals;

/// The files of a configuration, for finding the place of a value again.
#[derive(Debug, Clone, Default)]
pub(crate) struct Locator {
    files: Vec<SourceFile>,
}

impl Locator {
    /// Reads the files again. One that can't be read any more has no places.
    pub(crate) fn read(paths: &[PathBuf]) -> Self {
        // What came through a pipe is gone.
        let files = paths.iter().filter(|path| path.is_file());
        Self { files: files.filter_map(|path| super::read(path).ok()).map(|(file, _)| file).collect() }
    }

    /// Over a text as if it stood in `path`.
    #[cfg(test)]
    pub(crate) fn of_text(path: impl Into<PathBuf>, text: &str) -> Self {
        Self { files: vec![SourceFile::new(path, text.to_owned(), false)] }
    }

    /// Every text of the files that holds the value of a secret.
    pub(crate) fn literals(&self, literals: &Literals) -> Vec<Diagnostic> {
        if literals.is_empty() {
            return Vec::new();
        }
        let files: Vec<&SourceFile> = self.files.iter().collect();
        let parsed: Vec<_> = files.iter().map(|file| tree::parse(&file.text)).collect();
        let trees: Vec<_> = parsed.iter().map(|parsed| parsed.root.as_slice()).collect();
        literal::find(&files, &trees, literals)
    }

    /// A problem at the value that `path` leads to (`["check", "db", "command", "0"]`), or at the deepest part of the
    /// path that is written; at the beginning of the first file if nothing of it is.
    pub(crate) fn diagnostic(
        &self,
        path: &[&str],
        level: DiagnosticLevel,
        message: String,
        hint: String,
    ) -> Diagnostic {
        let places = self.files.iter().enumerate().filter_map(|(index, file)| find(file, index, path));
        // A name is defined in one file; the section alone may stand in each.
        let deepest = places.max_by_key(|(depth, place)| (*depth, std::cmp::Reverse(place.file)));
        match (deepest, self.files.first()) {
            (Some((_, place)), _) => self.files[place.file].diagnostic(level, place, message, Some(hint)),
            (None, Some(file)) => file.diagnostic(level, FilePlace { file: 0, start: 0, end: 0 }, message, Some(hint)),
            (None, None) => Diagnostic { level, ..Diagnostic::of_file("", message, hint) },
        }
    }
}

/// How many steps of the path are written in a file, and the place of the last one: the value where the path ends, the
/// key where it does not.
fn find(file: &SourceFile, index: usize, path: &[&str]) -> Option<(usize, FilePlace)> {
    let root = tree::parse(&file.text).root;
    let mut found = None;
    let mut table = Some(&root);
    let mut items_of: Option<&TomlValue<'_>> = None;
    for (depth, step) in path.iter().enumerate() {
        let ends = depth + 1 == path.len();
        let (span, value) = if let Some(inner) = table {
            let Some(node) = inner.iter().find(|node| node.key == *step) else { break };
            (if ends { node.span } else { node.key_span }, &node.value)
        } else if let (Some(TomlValue::Array(items)), Ok(number)) = (items_of, step.parse::<usize>()) {
            let Some(item) = items.get(number) else { break };
            (item.span, &item.value)
        } else {
            break;
        };
        let span = span.range();
        found = Some((depth + 1, FilePlace { file: index, start: span.start, end: span.end }));
        table = if let TomlValue::Table(inner) = value { Some(inner) } else { None };
        items_of = Some(value);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_again() {
        let text = "[console]\ntheme = \"x\"\n[check.db]\ncommand = [\"a\", \"b\"]\n[secret]\ns = { env = \"N\" }\n";
        let locator = Locator::of_text("ops.toml", text);
        for (path, line, column) in [
            (&["console", "theme"] as &[&str], 2, 9),
            (&["check", "db", "command", "1"], 4, 17),
            (&["check", "db", "directory"], 3, 8),
            (&["secret", "s", "env"], 6, 13),
            (&["log", "x"], 1, 1),
        ] {
            let found = locator.diagnostic(path, DiagnosticLevel::Warning, "m".to_owned(), "h".to_owned());
            assert_eq!((found.line, found.column), (line, column), "{path:?}");
        }
    }
}
