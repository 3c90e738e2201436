//! One problem of a configuration, as a person reads it.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use unicode_width::UnicodeWidthChar;

use crate::text::SafeText;
use crate::text::count::counted;
use crate::text::redact::Literals;

/// How much a problem matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DiagnosticLevel {
    /// The configuration can't be used.
    Error,
    /// It can, but a person should know.
    Warning,
}

/// A problem with its place and the way out of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// Error or warning.
    pub level: DiagnosticLevel,
    /// The file.
    pub file: PathBuf,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong, one line, no full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The line itself, for the caret; of a very long one what is around it.
    #[serde(skip)]
    pub source_line: String,
    /// How many characters of the line stand before `source_line`.
    #[serde(skip)]
    pub cut: usize,
    /// How many characters the caret underlines, at least 1.
    #[serde(skip)]
    pub width: usize,
}

impl Diagnostic {
    /// A problem of a whole file: it can't be found or read. It points at 1:1 and shows no line.
    pub(crate) fn of_file(file: impl Into<PathBuf>, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            level: DiagnosticLevel::Error,
            file: file.into(),
            line: 1,
            column: 1,
            message: message.into(),
            hint: Some(hint.into()),
            source_line: String::new(),
            cut: 0,
            width: 1,
        }
    }

    /// Puts stars in the place of what the caret underlines, and of whatever else on the line is the same.
    pub(crate) fn hide_marked(&mut self) {
        let marked: String =
            self.source_line.chars().skip((self.column - 1).saturating_sub(self.cut)).take(self.width).collect();
        if !marked.is_empty() {
            self.source_line = self.source_line.replace(&marked, &"*".repeat(marked.chars().count()));
        }
    }

    /// Puts stars in the place of every value of a secret, each as long as the value, so that the caret stays in its place.
    pub(crate) fn mask(&mut self, literals: &Literals) {
        literals.mask(&mut self.message);
        literals.mask(&mut self.source_line);
        if let Some(hint) = &mut self.hint {
            literals.mask(hint);
        }
    }

    /// Whether the configuration can't be used because of it.
    pub fn is_error(&self) -> bool {
        self.level == DiagnosticLevel::Error
    }

    /// Place, message and hint on one line, for a list.
    pub(crate) fn in_one_line(&self) -> SafeText {
        let hint = self.hint.as_ref().map_or_else(String::new, |hint| format!("; hint: {hint}"));
        SafeText::new(&format!("{self}{hint}"))
    }

    /// The whole of it, as `opsroom check` prints it: place and message, the line, the caret, the hint. Ends without
    /// a line break. What came from the file is made safe to print.
    pub fn render(&self) -> String {
        let warning = if self.is_error() { "" } else { "warning: " };
        let head = format!("{}:{}:{}: {warning}{}", self.file.display(), self.line, self.column, self.message);
        let mut out: String = head.chars().map(printable).collect();
        if !self.source_line.is_empty() {
            let (line, caret) = self.excerpt();
            out.push_str("\n  ");
            out.push_str(&line);
            out.push_str("\n  ");
            out.push_str(&caret);
        }
        if let Some(hint) = &self.hint {
            out.push_str("\nhint: ");
            out.extend(hint.chars().map(printable));
        }
        out
    }

    /// The line and the caret line below it. A line that is too long for a screen is cut around the caret.
    fn excerpt(&self) -> (String, String) {
        const BEFORE: usize = 60;
        const WHOLE: usize = 140;
        let chars: Vec<char> = self.source_line.trim_end().chars().collect();
        let column = self.column - self.cut.min(self.column - 1);
        let start = if chars.len() > WHOLE { (column - 1).saturating_sub(BEFORE) } else { 0 };
        let end = chars.len().min(start + WHOLE);
        let mut line = String::new();
        let mut caret = String::new();
        if start + self.cut > 0 {
            line.push('…');
            caret.push(' ');
        }
        for (index, &c) in chars.iter().enumerate().take(end).skip(start) {
            let c = if c == '\t' { ' ' } else { printable(c) };
            line.push(c);
            let mark = if index + 1 < column {
                ' '
            } else if index + 1 < column + self.width {
                '^'
            } else {
                continue;
            };
            caret.extend(std::iter::repeat_n(mark, c.width().unwrap_or(1)));
        }
        if end < chars.len() {
            line.push('…');
        }
        if column > chars.len() {
            caret.push('^');
        }
        (line, caret)
    }
}

/// So many problems are printed: more than a person fixes in one go.
pub(crate) const PRINTED: usize = 50;

/// The first problems as they are printed, each followed by `end`, and how many more there are. Errors come first where
/// not all are printed: they are what stops.
pub(crate) fn rendered(problems: &[Diagnostic], end: &str) -> String {
    let errors = problems.iter().filter(|problem| problem.is_error());
    let cut = problems.len() > PRINTED;
    let shown: Vec<&Diagnostic> = if cut {
        errors.chain(problems.iter().filter(|problem| !problem.is_error())).take(PRINTED).collect()
    } else {
        problems.iter().collect()
    };
    let mut text: String = shown.into_iter().flat_map(|problem| [problem.render(), end.to_owned()]).collect();
    text.push_str(&and_more(problems.len(), "problem", end));
    text
}

/// `and 99,950 more problems` where there are more than are printed, followed by `end`.
pub(crate) fn and_more(count: usize, what: &str, end: &str) -> String {
    match count.saturating_sub(PRINTED) {
        0 => String::new(),
        more => format!("and {}{end}", counted(more, &format!("more {what}"))),
    }
}

/// A character that can be printed without harm: a file may hold escape sequences.
fn printable(c: char) -> char {
    let bidi = matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    if c.is_control() || bidi { '\u{fffd}' } else { c }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file.display(), self.line, self.column, self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(column: usize, width: usize, line: &str) -> Diagnostic {
        Diagnostic {
            level: DiagnosticLevel::Error,
            file: "ops.toml".into(),
            line: 3,
            column,
            message: "unknown key `tiemout`".into(),
            hint: Some("did you mean `timeout`?".into()),
            source_line: line.into(),
            cut: 0,
            width,
        }
    }

    #[test]
    fn a_problem_is_shown_with_line_caret_and_hint() {
        assert_eq!(
            at(1, 7, "tiemout = \"5s\"").render(),
            "ops.toml:3:1: unknown key `tiemout`\n  tiemout = \"5s\"\n  ^^^^^^^\nhint: did you mean `timeout`?"
        );
    }

    #[test]
    fn the_caret_stands_under_its_character_after_tabs_and_wide_characters() {
        let shown = at(5, 2, "\t日本 xy = 1").render();
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[1], "   日本 xy = 1");
        assert_eq!(lines[2], "        ^^");
    }

    #[test]
    fn a_caret_past_the_end_of_the_line_is_drawn() {
        assert_eq!(at(4, 1, "a =").render().lines().nth(2), Some("     ^"));
    }

    #[test]
    fn a_very_long_line_is_cut_around_the_caret() {
        let line = format!("{}tiemout{}", "x".repeat(5_000), "y".repeat(5_000));
        let shown = at(5_001, 7, &line).render();
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines[1].chars().count() < 150, "{}", lines[1]);
        let caret = lines[2].find('^').expect("a caret");
        assert_eq!(lines[1].chars().skip(caret).take(7).collect::<String>(), "tiemout");
    }

    #[test]
    fn escape_sequences_of_the_file_are_not_printed() {
        assert!(!at(1, 1, "x = \"\u{1b}[31m\"").render().contains('\u{1b}'));
    }
}
