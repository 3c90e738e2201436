//! A line that is being typed: prompt, text, cursor, and a caret under what is wrong.

use ratatui::layout::Rect;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::text::SafeText;
use crate::theme::Role;
use crate::ui::line::{Line, Span, cut};
use crate::ui::paint::Painter;

#[derive(Debug, Clone)]
pub(crate) struct InputLine<'a> {
    /// Before the text.
    pub prompt: Line<'a>,
    /// What was typed.
    pub text: &'a str,
    /// The cursor as a byte offset; `None` where the line has no focus.
    pub cursor: Option<usize>,
    /// What is wrong: byte offset and words. Drawn in the row below.
    pub error: Option<(usize, &'a SafeText)>,
    /// Shown dimly where nothing was typed.
    pub placeholder: &'a str,
}

impl InputLine<'_> {
    /// Draws it in the first row of `area`, its error in the second.
    pub(crate) fn draw(&self, painter: &mut Painter<'_>, area: Rect) {
        let start = painter.put(area, 0, &self.prompt);
        let room = usize::from(area.width.saturating_sub(start));
        if room == 0 {
            return;
        }
        if self.text.is_empty() {
            let gap = u16::from(self.cursor.is_some());
            painter.put_at(area, start + gap, 0, &Line::styled(Span::borrowed(self.placeholder), Role::TextDim));
        }
        let columns = |to: usize| self.text.get(..to).unwrap_or(self.text).width();
        let cursor = columns(self.cursor.unwrap_or(0));
        // Sideways so far that the cursor is in sight.
        let skipped = (cursor + 1).saturating_sub(room);
        let words = self.line().skipped(skipped);
        painter.put_at(area, start, 0, &clipped(&words, room));
        if let Some(at) = self.cursor {
            let under = self.text.get(at..).and_then(|rest| rest.graphemes(true).next()).unwrap_or(" ");
            let column = start + u16::try_from(cursor - skipped).unwrap_or(u16::MAX);
            painter.put_at(area, column, 0, &Line::styled(under.to_owned(), Role::InputCaret));
        }
        if let Some((at, why)) = self.error {
            let column = u16::try_from(columns(at).saturating_sub(skipped)).unwrap_or(u16::MAX);
            caret(painter, area, start.saturating_add(column), why);
        }
    }
}

impl InputLine<'_> {
    /// What was typed; the word that is wrong stands out even where there is no room for a caret below it.
    fn line(&self) -> Line<'_> {
        let plain = || Line::styled(Span::borrowed(self.text), Role::Input);
        let Some((at, _)) = self.error else { return plain() };
        let (Some(before), Some(rest)) = (self.text.get(..at), self.text.get(at..)) else { return plain() };
        let (wrong, after) = rest.split_at(rest.find(' ').unwrap_or(rest.len()));
        Line::styled(Span::borrowed(before), Role::Input)
            .and(Span::borrowed(wrong), Role::InputError)
            .and(Span::borrowed(after), Role::Input)
    }
}

/// `^ why` under the place; to the left of it where the place is far right.
fn caret(painter: &mut Painter<'_>, area: Rect, column: u16, why: &SafeText) {
    let words = Line::styled("^ ", Role::InputError).and(why, Role::InputError);
    let width = u16::try_from(words.width()).unwrap_or(u16::MAX);
    if column.saturating_add(width) <= area.width {
        painter.put_at(area, column, 1, &words);
        return;
    }
    let before = Line::styled(why, Role::InputError).and(" ^", Role::InputError);
    let left = Rect { width: column.saturating_add(1).min(area.width), ..area };
    if painter.put_right(left, 1, &before) == 0 {
        painter.put(area, 1, &Line::styled(why, Role::InputError));
    }
}

/// Without an ellipsis at the end: the cursor may be there.
fn clipped(words: &Line<'_>, room: usize) -> Line<'static> {
    let mut out = Line::new();
    let mut used = 0;
    for (text, role) in words.pieces() {
        let part = cut(text, room - used, "");
        used += part.width();
        out.push(part, role);
    }
    out
}
