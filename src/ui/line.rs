//! Line: a line of styled text that is safe to draw.
//!
//! *Invariant:* text gets in here as [`SafeText`], as a constant of ours, as a name that the configuration has
//! restricted, or through [`Span::made`], which cleans what is not clean already.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::text::name::Name;
use crate::text::{SafeText, Sgr};
use crate::theme::Role;

/// Text that may be drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span<'a>(Cow<'a, str>);

impl<'a> Span<'a> {
    /// Text that we put together from numbers and safe parts, or that the configuration holds.
    pub(crate) fn made(text: String) -> Span<'static> {
        if text.chars().any(super::sweep::is_forbidden) {
            Span(Cow::Owned(SafeText::new(&text).as_str().to_owned()))
        } else {
            Span(Cow::Owned(text))
        }
    }

    /// The same of a borrowed text.
    pub(crate) fn borrowed(text: &'a str) -> Self {
        if text.chars().any(super::sweep::is_forbidden) {
            Span::made(text.to_owned())
        } else {
            Span(Cow::Borrowed(text))
        }
    }

    /// Columns.
    pub(crate) fn width(&self) -> usize {
        self.0.width()
    }

    /// In at most so many columns.
    #[must_use]
    pub(crate) fn fitted(self, width: usize, ellipsis: &str) -> Self {
        if self.width() <= width { self } else { Self(Cow::Owned(cut(&self.0, width, ellipsis))) }
    }
}

impl<'a> From<&'a SafeText> for Span<'a> {
    fn from(text: &'a SafeText) -> Self {
        Self(Cow::Borrowed(text.as_str()))
    }
}

impl<'a> From<&'a Name> for Span<'a> {
    fn from(name: &'a Name) -> Self {
        Self(Cow::Borrowed(name))
    }
}

impl From<&'static str> for Span<'_> {
    fn from(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl<'a> From<Cow<'a, str>> for Span<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        match text {
            Cow::Borrowed(text) => Span::borrowed(text),
            Cow::Owned(text) => Span::made(text),
        }
    }
}

impl From<String> for Span<'_> {
    fn from(text: String) -> Self {
        Span::made(text)
    }
}

/// A piece of a line.
#[derive(Debug, Clone)]
struct Piece<'a> {
    text: Span<'a>,
    role: Role,
    /// Colours that the text asks for itself, over those of the role.
    ink: Sgr,
}

/// A line of pieces, each with its role.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line<'a> {
    pieces: Vec<Piece<'a>>,
}

impl<'a> Line<'a> {
    /// No words.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// One piece.
    pub(crate) fn styled(text: impl Into<Span<'a>>, role: Role) -> Self {
        Self::new().and(text, role)
    }

    /// Plain text.
    pub(crate) fn plain(text: impl Into<Span<'a>>) -> Self {
        Self::styled(text, Role::Text)
    }

    /// These, and one more piece.
    #[must_use]
    pub(crate) fn and(mut self, text: impl Into<Span<'a>>, role: Role) -> Self {
        self.push(text, role);
        self
    }

    /// These, a space, and one more piece; without the space where there is nothing yet.
    #[must_use]
    pub(crate) fn then(mut self, text: impl Into<Span<'a>>, role: Role) -> Self {
        if !self.pieces.is_empty() {
            self.push(" ", Role::Text);
        }
        self.and(text, role)
    }

    /// These and others.
    #[must_use]
    pub(crate) fn join(mut self, others: Self) -> Self {
        self.pieces.extend(others.pieces);
        self
    }

    /// Adds a piece.
    pub(crate) fn push(&mut self, text: impl Into<Span<'a>>, role: Role) {
        self.push_inked(text, role, Sgr::default());
    }

    /// Adds a piece that has colours of its own.
    pub(crate) fn push_inked(&mut self, text: impl Into<Span<'a>>, role: Role, ink: Sgr) {
        let text = text.into();
        if !text.0.is_empty() {
            self.pieces.push(Piece { text, role, ink });
        }
    }

    /// Every piece in this role and in no colours of its own: what is old or not chosen.
    #[must_use]
    pub(crate) fn all(mut self, role: Role) -> Self {
        for piece in &mut self.pieces {
            piece.role = role;
            piece.ink = Sgr::default();
        }
        self
    }

    /// Columns.
    pub(crate) fn width(&self) -> usize {
        self.pieces.iter().map(|piece| piece.text.width()).sum()
    }

    /// Whether there is nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The pieces as text and role.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = (&str, Role)> {
        self.inked().map(|(text, role, _)| (text, role))
    }

    /// The pieces as text, role and colours of their own.
    pub(crate) fn inked(&self) -> impl Iterator<Item = (&str, Role, Sgr)> {
        self.pieces.iter().map(|piece| (piece.text.0.as_ref(), piece.role, piece.ink))
    }

    /// The words broken into lines of at most `width` columns, after spaces where there are any. `indent` columns are
    /// left free at the start of every line but the first.
    pub(crate) fn wrapped(&self, width: usize, indent: usize) -> Vec<Line<'static>> {
        let width = width.max(1);
        let indent = if indent + 8 > width { 0 } else { indent };
        let mut lines = vec![Line::new()];
        let mut used = 0;
        let mut first = true;
        for (text, role, ink) in self.inked() {
            for chunk in text.split_inclusive(' ') {
                for part in broken(chunk, width - indent) {
                    let part_width = part.trim_end().width();
                    if used > 0 && used + part_width > width && !(first && used <= indent) {
                        lines.push(Line::styled(" ".repeat(indent), Role::Text));
                        used = indent;
                        first = false;
                    }
                    // The blank after the last word may have no room, and must not cost the word its end.
                    let kept = if used + part.width() > width { part.trim_end() } else { part };
                    if let Some(line) = lines.last_mut() {
                        line.push_inked(kept.to_owned(), role, ink);
                    }
                    used += part.width();
                }
            }
        }
        lines
    }

    /// Says behind these words that there were more, in at most `width` columns where they are drawn.
    pub(crate) fn break_off(&mut self, width: usize, ellipsis: &'static str, role: Role) {
        if self.width() + ellipsis.width() <= width {
            self.push(ellipsis, role);
        } else {
            // What does not fit gives way to an ellipsis there.
            self.push(" ".repeat(width), role);
        }
    }

    /// The words from column `from` on.
    #[must_use]
    pub(crate) fn skipped(&self, from: usize) -> Line<'static> {
        let mut out = Line::new();
        let mut at = 0;
        for (text, role, ink) in self.inked() {
            let width = text.width();
            if at + width > from {
                let cut = from.saturating_sub(at);
                out.push_inked(tail(text, cut), role, ink);
            }
            at += width;
        }
        out
    }
}

/// A word in parts of at most `width` columns.
fn broken(word: &str, width: usize) -> Vec<&str> {
    if word.trim_end().width() <= width {
        return vec![word];
    }
    let mut parts = Vec::new();
    let (mut start, mut used) = (0, 0);
    for (at, grapheme) in word.grapheme_indices(true) {
        let columns = grapheme.width();
        if used + columns > width && at > start {
            parts.push(&word[start..at]);
            (start, used) = (at, 0);
        }
        used += columns;
    }
    parts.push(&word[start..]);
    parts
}

/// The text without its first columns; a wide sign that is cut through becomes a space.
fn tail(text: &str, columns: usize) -> String {
    let mut at = 0;
    let mut out = String::new();
    for grapheme in text.graphemes(true) {
        let width = grapheme.width();
        if at >= columns {
            out.push_str(grapheme);
        } else if at + width > columns {
            out.push_str(&" ".repeat(at + width - columns));
        }
        at += width;
    }
    out
}

/// The text in at most `width` columns; what does not fit gives way to the ellipsis.
pub(crate) fn cut(text: &str, width: usize, ellipsis: &str) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let room = width.saturating_sub(ellipsis.width());
    let mut out = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let columns = grapheme.width();
        if used + columns > room {
            break;
        }
        used += columns;
        out.push_str(grapheme);
    }
    if width >= ellipsis.width() {
        out.push_str(ellipsis);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(words: &Line<'_>, width: usize, indent: usize) -> Vec<String> {
        words
            .wrapped(width, indent)
            .iter()
            .map(|line| line.pieces().map(|(text, _)| text).collect::<String>())
            .collect()
    }

    #[test]
    fn words_wrap_after_spaces() {
        let words = Line::plain("one two").and(" three", Role::TextDim);
        assert_eq!(lines(&words, 8, 0), ["one two ", "three"]);
        assert_eq!(lines(&words, 7, 0), ["one two", "three"]);
        assert_eq!(lines(&Line::plain("abcdefghij"), 4, 0), ["abcd", "efgh", "ij"]);
        assert_eq!(lines(&Line::plain("aaaa bbbb cccc dddd"), 12, 2), ["aaaa bbbb ", "  cccc dddd"]);
        assert_eq!(lines(&Line::plain("世界世界"), 3, 0), ["世", "界", "世", "界"]);
        assert_eq!(lines(&Line::new(), 3, 0), [""]);
    }

    #[test]
    fn cutting_keeps_columns() {
        assert_eq!(cut("abcdef", 4, "…"), "abc…");
        assert_eq!(cut("世界世界", 4, "…"), "世…");
        assert_eq!(cut("abc", 0, "…"), "");
        assert_eq!(cut("abc", 3, "…"), "abc");
    }

    #[test]
    fn skipping_columns_cuts_wide_signs_to_a_space() {
        let words = Line::plain("a").and("世界b", Role::TextDim);
        let text: String = words.skipped(2).pieces().map(|(text, _)| text.to_owned()).collect();
        assert_eq!(text, " 界b");
    }

    #[test]
    fn what_is_made_is_clean() {
        assert!(!Span::made("a\u{1b}[31m\u{202e}b".to_owned()).0.chars().any(crate::ui::sweep::is_forbidden));
    }
}
