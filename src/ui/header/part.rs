//! What the header is made of.

use crate::ui::line::Line;

/// One part of the header, in forms of which each is shorter than the one before. Where the room is short the form with the
/// highest `drop_priority` gives way to the next one, and the last to nothing; 0 stays.
pub(super) struct Part(pub(super) Vec<Form>);

pub(super) struct Form {
    pub(super) words: Line<'static>,
    pub(super) drop_priority: u8,
}

impl Part {
    pub(super) fn new(words: Line<'static>, drop_priority: u8) -> Self {
        Self(vec![Form { words, drop_priority }])
    }

    /// The same with a longer form before it.
    pub(super) fn or_longer(mut self, words: Line<'static>, drop_priority: u8) -> Self {
        self.0.insert(0, Form { words, drop_priority });
        self
    }

    pub(super) fn width(&self) -> usize {
        self.0.first().map_or(0, |form| form.words.width())
    }

    pub(super) fn drop_priority(&self) -> u8 {
        self.0.first().map_or(0, |form| form.drop_priority)
    }
}
