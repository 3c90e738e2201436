//! A file of the configuration as it was read, and places in it.

use std::iter;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use memchr::memchr_iter;

use super::confidential::Confidential;
use crate::lang::diagnostic::{Diagnostic, DiagnosticLevel};

/// One file that was read.
#[derive(Debug, Clone)]
pub(crate) struct SourceFile {
    /// Its path as it is shown.
    pub path: PathBuf,
    pub text: String,
    /// Whether others than the owner can read it; then no secret may stand in it.
    pub readable_by_others: bool,
    line_starts: Vec<usize>,
    /// Characters before every [`BLOCK`] bytes.
    counted: Vec<usize>,
    /// Looked for when the first problem is explained.
    confidential: OnceLock<Confidential>,
}

/// Bytes between two places whose characters are counted beforehand: a whole file may be one line.
const BLOCK: usize = 1 << 10;
/// Bytes from which on a line is long.
const LONG: usize = 16 << 10;
/// Bytes of a long line that are kept on each side of a problem.
const AROUND: usize = 1 << 10;

/// A span of bytes in one of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FilePlace {
    /// Which file, as an index.
    pub file: usize,
    /// First byte.
    pub start: usize,
    /// Past the last byte.
    pub end: usize,
}

impl SourceFile {
    /// A file with its text.
    pub(crate) fn new(path: impl Into<PathBuf>, text: String, readable_by_others: bool) -> Self {
        let line_starts = iter::once(0).chain(memchr_iter(b'\n', text.as_bytes()).map(|index| index + 1)).collect();
        let (mut counted, mut characters) = (Vec::new(), 0);
        for block in 0..=text.len() / BLOCK {
            counted.push(characters);
            let ends = [block, block + 1].map(|block| text.floor_char_boundary(block * BLOCK));
            characters += text[ends[0]..ends[1]].chars().count();
        }
        Self { path: path.into(), text, readable_by_others, line_starts, counted, confidential: OnceLock::new() }
    }

    /// The directory against which its relative paths are meant, absolute: what runs may have another one.
    pub(crate) fn directory(&self) -> PathBuf {
        let parent = self.path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::path::absolute(parent).map_or_else(|_| parent.to_owned(), |path| path.components().collect())
    }

    /// Line (from 1) and column in characters (from 1) of a byte.
    pub(crate) fn position(&self, byte: usize) -> (usize, usize) {
        let byte = self.floor(byte);
        let line = self.line_starts.partition_point(|start| *start <= byte);
        (line, self.characters(self.line_starts[line - 1], byte) + 1)
    }

    /// How many characters there are between two bytes, each at the beginning of one.
    fn characters(&self, start: usize, end: usize) -> usize {
        let before = |byte: usize| {
            let block = byte / BLOCK;
            self.counted[block] + self.text[self.floor(block * BLOCK)..byte].chars().count()
        };
        before(end) - before(start)
    }

    /// The text of a line, counted from 1, without its line break.
    pub(crate) fn line(&self, line: usize) -> &str {
        let start = self.line_starts.get(line - 1).copied().unwrap_or(self.text.len());
        let end = self.line_starts.get(line).copied().unwrap_or(self.text.len());
        self.text[start..end].trim_end_matches(['\n', '\r'])
    }

    /// How many lines there are.
    pub(crate) fn lines(&self) -> usize {
        self.line_starts.len()
    }

    /// The diagnostic at a span of bytes. What is confidential in the file is in none of its texts.
    #[expect(clippy::needless_pass_by_value, reason = "the text is made for this and nothing else")]
    pub(crate) fn diagnostic(
        &self,
        level: DiagnosticLevel,
        place: FilePlace,
        message: String,
        hint: Option<String>,
    ) -> Diagnostic {
        let (line, column) = self.position(place.start);
        let line_start = self.line_starts[line - 1];
        let line_end = line_start + self.line(line).len();
        // A problem in the line break itself is shown at the line's end.
        let length = self.characters(line_start, line_end);
        let column = column.min(length + 1);
        let (start, end) = (self.floor(place.start), self.floor(place.end));
        let spanned = self.text.get(start..end.min(line_end)).unwrap_or("").lines().next().unwrap_or("");
        let room = (length + 1).saturating_sub(column);
        // As many problems as a long line has would each keep all of it.
        let (kept, kept_end) = if line_end - line_start > LONG {
            (self.floor(start.saturating_sub(AROUND)).max(line_start), self.floor(start + AROUND).min(line_end))
        } else {
            (line_start, line_end)
        };
        let confidential = self.confidential.get_or_init(|| Confidential::scan(&self.text));
        let shown = self.text.get(kept..kept_end).unwrap_or("");
        let here = confidential.hidden_of(kept, shown);
        Diagnostic {
            level,
            file: self.path.clone(),
            line,
            column,
            message: confidential.message(&message, &here),
            hint: hint.map(|hint| confidential.message(&hint, &here)),
            source_line: confidential.line(kept, shown),
            cut: self.characters(line_start, kept.min(line_end)),
            width: spanned.chars().count().min(room).max(1),
        }
    }

    /// The byte of the file at which the byte `offset` of a string's *value* is written, given the span of the string
    /// with its quotes: escapes make the two differ.
    pub(crate) fn inside(&self, string: FilePlace, offset: usize) -> FilePlace {
        let raw = self.text.get(string.start..string.end).unwrap_or("");
        // In a damaged file what stands there may have no quotes.
        let is_triple = raw.starts_with("\"\"\"") || raw.starts_with("'''");
        let quotes = if is_triple { 3 } else { usize::from(raw.starts_with(['"', '\''])) };
        let escapes = raw.starts_with('"');
        let mut at = quotes.min(raw.len());
        if quotes == 3 {
            // The line break right after the opening quotes is not part of the value.
            at += raw[at..].len() - raw[at..].trim_start_matches('\r').strip_prefix('\n').unwrap_or(&raw[at..]).len();
        }
        let mut value = 0;
        while value < offset && at < raw.len().saturating_sub(quotes) {
            let (read, made) = if escapes { escape(&raw[at..]) } else { plain(&raw[at..]) };
            at += read;
            value += made;
        }
        let start = self.floor(string.start + at);
        let next = self.text[start..].chars().next().map_or(0, char::len_utf8);
        FilePlace { file: string.file, start, end: start + next }
    }

    /// The nearest character boundary at or before a byte.
    fn floor(&self, byte: usize) -> usize {
        self.text.floor_char_boundary(byte)
    }
}

/// Bytes read and bytes made by the character at the start of `raw`.
fn plain(raw: &str) -> (usize, usize) {
    raw.chars().next().map_or((1, 1), |c| (c.len_utf8(), c.len_utf8()))
}

/// As [`plain`], for strings with escapes.
fn escape(raw: &str) -> (usize, usize) {
    let mut chars = raw.chars();
    if chars.next() != Some('\\') {
        return plain(raw);
    }
    let digits = match chars.next() {
        Some('x') => 2,
        Some('u') => 4,
        Some('U') => 8,
        // A backslash before a line break joins the lines and eats the spaces of the next.
        Some(c) if c.is_whitespace() => {
            return (1 + raw[1..].len() - raw[1..].trim_start().len(), 0);
        }
        Some(_) => return (2, 1),
        None => return (1, 1),
    };
    let made = raw.get(2..2 + digits).and_then(|hex| u32::from_str_radix(hex, 16).ok()).and_then(char::from_u32);
    (2 + digits, made.map_or(1, char::len_utf8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_counted_in_characters() {
        let file = SourceFile::new("x", "ä = 1\nöö = 2\n".to_owned(), false);
        assert_eq!(file.position("ä = 1\n".len()), (2, 1));
        assert_eq!(file.position("ä = 1\nöö".len()), (2, 3));
        assert_eq!(file.line(2), "öö = 2");
        assert_eq!(file.position(9_999), (3, 1));
    }

    #[test]
    fn a_place_inside_a_string_is_found_through_escapes() {
        let cases = [
            (r"'ab[c'", 2, "[c'"),
            (r#""a\tb[""#, 3, "[\""),
            (r#""\u00e4[""#, 2, "[\""),
            ("'''\nab['''", 2, "['''"),
            ("\"\"\"\na\\\n   b[\"\"\"", 2, "[\"\"\""),
            ("'ä['", 2, "['"),
            ("'ab'", 2, "'"),
            ("𑍞ab", 4, "ab"),
        ];
        for (raw, offset, rest) in cases {
            let file = SourceFile::new("x", raw.to_owned(), false);
            let place = file.inside(FilePlace { file: 0, start: 0, end: raw.len() }, offset);
            assert_eq!(&raw[place.start..], rest, "{raw} at {offset}");
        }
    }
}
