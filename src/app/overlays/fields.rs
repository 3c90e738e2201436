//! What is filled into a dialog: lines that can be typed in, one of which has the focus.

use std::borrow::Cow;

use crate::app::input::TextInput;
use crate::app::state::overlay::Then;
use crate::lang::key::{Key, KeyCode};
use crate::text::SafeText;

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

/// What became of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FormKey {
    /// Leave it, and say nothing.
    Leave,
    /// Say what was typed.
    Submit,
    /// It moved the focus, or was for what has it.
    Taken,
}

/// What a person fills in: lines, and behind them perhaps something that is on or off.
#[derive(Debug, Clone)]
pub struct DialogForm {
    /// What can be typed.
    pub fields: Vec<DialogField>,
    /// Whether what stands behind the last line is on; `None`: nothing stands there.
    pub switch: Option<bool>,
    /// What has the focus: a line, or behind the last one the switch.
    pub focus: usize,
    /// What is wrong.
    pub error: Option<SafeText>,
}

impl DialogForm {
    pub(super) const fn new(fields: Vec<DialogField>) -> Self {
        Self { fields, switch: None, focus: 0, error: None }
    }

    /// With something behind the lines that is off.
    pub(super) fn with_switch(self) -> Self {
        Self { switch: Some(false), ..self }
    }

    /// Whether the switch has the focus.
    pub(crate) fn is_on_switch(&self) -> bool {
        self.switch.is_some() && self.focus == self.fields.len()
    }

    /// How many things can have the focus.
    pub(crate) fn stops(&self) -> usize {
        self.fields.len() + usize::from(self.switch.is_some())
    }

    /// The line that has the focus.
    pub(super) fn focused(&self) -> Option<&DialogField> {
        self.fields.get(self.focus)
    }

    /// What was typed into a line, without the blanks around it.
    pub(super) fn text(&self, label: &str) -> &str {
        self.fields.iter().find(|field| field.label == label).map_or("", |field| field.input.text().trim())
    }

    /// The same where anything was typed.
    pub(super) fn optional(&self, label: &str) -> Option<SafeText> {
        Some(self.text(label)).filter(|text| !text.is_empty()).map(SafeText::new)
    }

    /// The same of a line that may not be empty.
    ///
    /// # Errors
    /// It is, in words.
    pub(super) fn needed(&self, label: &str) -> Result<SafeText, String> {
        self.optional(label).ok_or_else(|| format!("{label} is empty"))
    }

    /// The parts of a line between commas.
    pub(super) fn listed(&self, label: &str) -> Vec<String> {
        let parts = self.text(label).split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(str::to_owned).collect()
    }

    /// Takes a key.
    pub(super) fn key(&mut self, key: Key) -> FormKey {
        let stops = self.stops().max(1);
        match key.code {
            KeyCode::Esc => return FormKey::Leave,
            KeyCode::Enter => return FormKey::Submit,
            KeyCode::Tab | KeyCode::Down => self.focus = (self.focus + 1) % stops,
            KeyCode::BackTab | KeyCode::Up => self.focus = (self.focus + stops - 1) % stops,
            code => match (self.fields.get_mut(self.focus), &mut self.switch) {
                (Some(field), _) => {
                    if field.input.key(key) {
                        self.error = None;
                    }
                }
                (None, Some(on)) => *on ^= code == KeyCode::Char(' '),
                (None, None) => {}
            },
        }
        FormKey::Taken
    }

    /// Takes a text that was pasted, or chosen by a key.
    pub(super) fn paste(&mut self, text: &str) {
        if let Some(field) = self.fields.get_mut(self.focus) {
            field.input.insert(text);
            self.error = None;
        }
    }

    /// A row was clicked.
    pub(super) fn click_row(&mut self, row: usize) {
        self.focus = row.min(self.stops().saturating_sub(1));
    }

    /// What was typed is not on record, for this reason.
    pub(super) fn came_back(&mut self, why: &SafeText) {
        self.error = Some(why.clone());
    }

    /// What was typed is wrong: the dialog stays.
    pub(super) fn refuse(&mut self, problem: &str) -> Then {
        self.error = Some(SafeText::new(problem));
        Then::Stay
    }
}
