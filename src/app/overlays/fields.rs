//! Lines of a dialog that can be typed in, one of which has the focus.

use std::borrow::Cow;

use crate::app::input::TextInput;
use crate::lang::key::{Key, KeyCode};

/// One line that can be typed in.
#[derive(Debug, Clone)]
pub struct DialogField {
    /// What it is.
    pub label: &'static str,
    /// What was typed.
    pub input: TextInput,
    /// What is meant where nothing was.
    pub placeholder: Cow<'static, str>,
}

impl DialogField {
    pub(super) fn new(label: &'static str, text: &str, placeholder: impl Into<Cow<'static, str>>) -> Self {
        Self { label, input: TextInput::new(text), placeholder: placeholder.into() }
    }
}

/// What a key means in such a dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldKey {
    /// Leave it, and say nothing.
    Leave,
    /// Say what was typed.
    Submit,
    /// Another line has the focus now.
    Moved,
    /// It is for the line that has the focus.
    Typed,
}

impl FieldKey {
    /// Moves the focus, of which there are `stops`, where the key does that.
    pub(super) fn of(key: Key, focus: &mut usize, stops: usize) -> Self {
        let stops = stops.max(1);
        match key.code {
            KeyCode::Esc => return Self::Leave,
            KeyCode::Enter => return Self::Submit,
            KeyCode::Tab | KeyCode::Down => *focus = (*focus + 1) % stops,
            KeyCode::BackTab | KeyCode::Up => *focus = (*focus + stops - 1) % stops,
            _ => return Self::Typed,
        }
        Self::Moved
    }
}

/// Puts a text that was pasted into the line that has the focus; whether one has.
pub(super) fn paste(fields: &mut [DialogField], focus: usize, text: &str) -> bool {
    let Some(field) = fields.get_mut(focus) else { return false };
    field.input.insert(text);
    true
}
