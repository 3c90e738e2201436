//! A line of text being typed: filter, search, names, reasons.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use crate::lang::key::{Key, KeyCode};

/// A text of one line with a cursor. Bounded, so that a paste of a whole file can't fill the memory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TextInput {
    text: String,
    cursor: usize,
}

/// Longest text that can be typed, in bytes.
pub(crate) const MAX_INPUT: usize = 4096;

impl TextInput {
    /// An input that holds `text`, the cursor behind it.
    pub(crate) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), cursor: text.len() }
    }

    /// What was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The cursor as a byte offset, always on a grapheme's boundary.
    pub(crate) fn cursor(&self) -> usize {
        self.cursor
    }

    /// Inserts at the cursor; control characters become spaces. `false`: nothing went in.
    pub(crate) fn insert(&mut self, text: &str) -> bool {
        let before = self.cursor;
        for c in text.chars() {
            let c = if c.is_control() { ' ' } else { c };
            if self.text.len() + c.len_utf8() > MAX_INPUT {
                break;
            }
            self.text.insert(self.cursor, c);
            self.cursor += c.len_utf8();
        }
        self.cursor > before
    }

    /// Puts `with` in the place of the bytes `range`, the cursor behind it. Nothing where it would grow too long.
    pub(crate) fn replace(&mut self, range: Range<usize>, with: &str) {
        if self.text.get(range.clone()).is_some() && self.text.len() + with.len() - range.len() <= MAX_INPUT {
            self.cursor = range.start + with.len();
            self.text.replace_range(range, with);
        }
    }

    /// Empties it.
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.cursor = 0;
    }

    /// Handles a key of line editing. `true` where the text or cursor may have changed.
    pub(crate) fn key(&mut self, key: Key) -> bool {
        match (key.code, key.ctrl, key.alt) {
            // A terminal that marks no paste types all of it: what has no room costs nothing.
            (KeyCode::Char(c), false, false) => return self.insert(c.encode_utf8(&mut [0; 4])),
            (KeyCode::Backspace, false, false) | (KeyCode::Char('h'), true, false) => self.delete(self.before()),
            (KeyCode::Delete, false, false) => self.delete_forward(),
            (KeyCode::Char('w'), true, false) | (KeyCode::Backspace, _, true) => self.delete(self.word_before()),
            (KeyCode::Char('u'), true, false) => self.delete(0),
            (KeyCode::Char('k'), true, false) => self.text.truncate(self.cursor),
            (KeyCode::Left, false, _) => self.cursor = self.before(),
            (KeyCode::Right, false, _) => self.cursor = self.after(),
            (KeyCode::Home, ..) | (KeyCode::Char('a'), true, false) => self.cursor = 0,
            (KeyCode::End, ..) | (KeyCode::Char('e'), true, false) => self.cursor = self.text.len(),
            _ => return false,
        }
        true
    }

    fn before(&self) -> usize {
        self.text[..self.cursor].grapheme_indices(true).next_back().map_or(0, |(at, _)| at)
    }

    fn after(&self) -> usize {
        self.text[self.cursor..].graphemes(true).next().map_or(self.cursor, |g| self.cursor + g.len())
    }

    fn word_before(&self) -> usize {
        let head = self.text[..self.cursor].trim_end();
        head.rfind(char::is_whitespace).map_or(0, |at| at + head[at..].chars().next().map_or(1, char::len_utf8))
    }

    fn delete(&mut self, from: usize) {
        self.text.replace_range(from..self.cursor, "");
        self.cursor = from;
    }

    fn delete_forward(&mut self) {
        let to = self.after();
        self.text.replace_range(self.cursor..to, "");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(input: &mut TextInput, code: KeyCode, ctrl: bool) {
        input.key(Key { code, ctrl, alt: false });
    }

    #[test]
    fn edits_by_grapheme_and_word() {
        let mut input = TextInput::new("api e\u{301}rror");
        for _ in 0..4 {
            press(&mut input, KeyCode::Left, false);
        }
        press(&mut input, KeyCode::Backspace, false);
        assert_eq!(input.text(), "api rror");
        press(&mut input, KeyCode::End, false);
        press(&mut input, KeyCode::Char('w'), true);
        assert_eq!(input.text(), "api ");
        press(&mut input, KeyCode::Char('u'), true);
        assert_eq!(input.text(), "");
        // Spaces behind a word go with it.
        let mut input = TextInput::new("api error  ");
        press(&mut input, KeyCode::Char('w'), true);
        assert_eq!(input.text(), "api ");
    }

    #[test]
    fn a_paste_is_one_bounded_line() {
        let mut input = TextInput::default();
        input.insert("a\nb");
        assert_eq!(input.text(), "a b");
        assert!(input.insert(&"é".repeat(MAX_INPUT)));
        assert!(input.text().len() <= MAX_INPUT && !input.insert("é"));
        press(&mut input, KeyCode::Char('a'), false);
        assert!(!input.key(Key::plain(KeyCode::Char('b'))), "a full line takes no more, and says so");
    }
}
