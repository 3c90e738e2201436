//! What is filled into a dialog: lines that can be typed in, one of which has the focus.

use std::borrow::Cow;
use std::fmt::Debug;

use crate::app::input::TextInput;
use crate::app::state::State;
use crate::app::state::overlay::{Overlay, Then};
use crate::lang::key::{Key, KeyCode};
use crate::lang::time::Stamp;
use crate::model::effect::Effect;
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
enum FormKey {
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
    fn key(&mut self, key: Key) -> FormKey {
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
    fn click_row(&mut self, row: usize) {
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

/// A dialog in which a form is filled in.
pub(crate) trait FormDialog: Debug + Clone + 'static {
    /// Rows that it needs beside those that take keys: its frame, what the keys do, what must be read before.
    const BESIDE: u16 = 4;
    /// The lines that a person fills with their own words: no recording holds those.
    const OWN_WORDS: &'static [&'static str];

    /// What is filled in.
    fn form(&self) -> &DialogForm;

    /// The same to be changed.
    fn form_mut(&mut self) -> &mut DialogForm;

    /// Says what was typed, or what is wrong with it.
    fn submit(&mut self, state: &mut State, effects: &mut Vec<Effect>) -> Then;

    /// A text that a key puts in, where it does.
    fn text_of(&self, _key: Key) -> Option<&'static str> {
        None
    }
}

impl<D: FormDialog> Overlay for D {
    fn key(&mut self, state: &mut State, key: Key, effects: &mut Vec<Effect>) -> Then {
        if let Some(text) = self.text_of(key) {
            self.form_mut().paste(text);
            return Then::Stay;
        }
        match self.form_mut().key(key) {
            FormKey::Leave => Then::Close,
            FormKey::Submit => self.submit(state, effects),
            FormKey::Taken => Then::Stay,
        }
    }

    fn paste(&mut self, _state: &mut State, text: &str) {
        self.form_mut().paste(text);
    }

    fn click_row(&mut self, row: usize) {
        self.form_mut().click_row(row);
    }

    fn came_back(&mut self, why: &SafeText, _now: Stamp) {
        self.form_mut().came_back(why);
    }

    fn least_size(&self) -> (u16, u16) {
        (36, u16::try_from(self.form().stops()).unwrap_or(u16::MAX).saturating_add(D::BESIDE))
    }

    fn hides_typed(&self) -> bool {
        self.form().focused().is_some_and(|field| D::OWN_WORDS.contains(&field.label))
    }

    fn takes_text(&self) -> bool {
        true
    }
}
