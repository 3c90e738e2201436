//! What lies over a screen: a stack, the topmost takes the keys.

pub mod ask;
pub mod choices;
pub mod confirm;
pub mod help;
pub mod line;
pub mod palette;
pub mod patterns;
pub mod record;
pub mod top;

use crate::lang::key::{Key, KeyCode};
use crate::model::message::Effect;

use super::state::State;
use crate::lang::time::Stamp;
use crate::logs::record::Record;
use crate::world::logs::LogView;
use line::LineInput;

/// One overlay.
#[derive(Debug, Clone)]
pub enum Overlay {
    /// Keys and commands.
    Help(help::Help),
    /// Every command by name.
    Palette(palette::Palette),
    /// A line of input at the bottom: filter, search.
    Line(LineInput),
    /// Values for the parameters of an action.
    Choices(choices::Choices),
    /// A question with Cancel and one other answer.
    Ask(ask::Ask),
    /// An action before it runs.
    Confirm(Box<confirm::Confirmation>),
    /// One record in full.
    Record(Box<record::RecordOverlay>),
    /// Messages grouped by their shape.
    Patterns(Box<patterns::PatternsOverlay>),
    /// The most frequent values of a field.
    Top(Box<top::TopOverlay>),
}

impl Overlay {
    /// Whether it shows details of the logs, beside the list where there is room.
    pub(crate) fn is_details(&self) -> bool {
        matches!(self, Self::Record(_) | Self::Patterns(_) | Self::Top(_))
    }

    /// Whether it has records left to count.
    pub(crate) fn is_counting(&self) -> bool {
        match self {
            Self::Patterns(panel) => panel.progress().is_some(),
            Self::Top(panel) => panel.is_counting(),
            Self::Line(line) => line.aside.as_ref().is_some_and(|aside| aside.is_scanning()),
            _ => false,
        }
    }

    /// Counts a slice of what is left.
    pub(super) fn count(&mut self, logs: &[LogView]) {
        match self {
            Self::Patterns(panel) => panel.work(logs),
            Self::Top(panel) => panel.work(logs),
            Self::Line(LineInput { aside: Some(aside), .. }) => aside.work(logs),
            _ => {}
        }
    }

    /// Takes in a record that was just pushed to the ring of log `at`.
    pub(super) fn take(&mut self, logs: &[LogView], at: usize, record: &Record, backlog: bool) {
        match self {
            Self::Patterns(panel) => panel.take(logs, at, record),
            Self::Top(panel) => panel.take(at, record),
            Self::Line(LineInput { aside: Some(aside), .. }) => aside.take(logs, at, record, backlog),
            _ => {}
        }
    }

    /// Lets go of what the rings dropped.
    pub(super) fn forget(&mut self, logs: &[LogView]) {
        if let Self::Line(LineInput { aside: Some(aside), .. }) = self {
            aside.forget(logs);
        }
    }

    /// When it was opened, where it ignores keys at first.
    pub(super) fn ignores_keys_since(&self) -> Option<Stamp> {
        match self {
            Self::Confirm(dialog) => Some(dialog.opened),
            Self::Ask(ask) => Some(ask.opened),
            _ => None,
        }
    }

    /// Whether letters are text in it.
    pub(crate) fn takes_text(&self) -> bool {
        match self {
            Self::Palette(_) | Self::Line(_) | Self::Choices(_) => true,
            Self::Confirm(dialog) => matches!(dialog.focus, confirm::Focus::Name | confirm::Focus::Reason),
            Self::Top(panel) => panel.choice.is_some(),
            Self::Help(_) | Self::Record(_) | Self::Ask(_) | Self::Patterns(_) => false,
        }
    }
}

/// What becomes of the overlay after it took a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// It stays.
    Stay,
    /// It is closed.
    Close,
}

/// Gives a key to the topmost overlay.
pub(super) fn key(state: &mut State, key: Key, effects: &mut Vec<Effect>) {
    with_top(state, |state, top| match top {
        Overlay::Help(help) => help.key(state, key),
        Overlay::Palette(palette) => palette.key(state, key, effects),
        Overlay::Line(line) => line.key(state, key),
        Overlay::Choices(choices) => choices.key(state, key, effects),
        Overlay::Ask(ask) => ask.key(state, key, effects),
        Overlay::Confirm(dialog) => dialog.key(state, key, effects),
        Overlay::Record(record) => record.key(state, key, effects),
        Overlay::Patterns(panel) => panel.key(state, key, effects),
        Overlay::Top(panel) => panel.key(state, key, effects),
    });
}

/// Gives pasted text to the topmost overlay, if it has an input.
pub(super) fn paste(state: &mut State, text: &str) {
    with_top(state, |state, top| {
        match top {
            Overlay::Palette(palette) => palette.paste(state, text),
            Overlay::Line(line) => line.paste(state, text),
            Overlay::Choices(choices) => choices.paste(text),
            Overlay::Confirm(dialog) => dialog.paste(state, text),
            Overlay::Top(panel) => panel.paste(text),
            Overlay::Help(_) | Overlay::Record(_) | Overlay::Ask(_) | Overlay::Patterns(_) => {}
        }
        Then::Stay
    });
}

/// A click on a row of the topmost overlay: selects it. Buttons and choices still want a key, because a dialog that
/// appears under a moving hand must not be confirmed by it.
pub(super) fn click_row(state: &mut State, row: usize) {
    match state.console.overlays.last_mut() {
        Some(Overlay::Record(record)) => record.click(row),
        Some(Overlay::Patterns(panel)) => panel.click(row),
        Some(Overlay::Top(panel)) => panel.click(row),
        Some(Overlay::Palette(palette)) => palette.selected = row.min(palette.items.len().saturating_sub(1)),
        Some(Overlay::Choices(choices)) => choices.click(row),
        _ => {}
    }
}

/// A click on a button: Cancel cancels; Run takes the focus, no more.
pub(super) fn click_button(state: &mut State, button: usize) {
    with_top(state, |state, top| match (top, button) {
        (Overlay::Confirm(dialog), 0) => dialog.cancel(state),
        (Overlay::Ask(ask), 0) => ask.leave(state),
        (Overlay::Confirm(dialog), _) => {
            dialog.focus = confirm::Focus::Run;
            Then::Stay
        }
        (Overlay::Record(record), tab) => {
            record.show(tab);
            Then::Stay
        }
        _ => Then::Stay,
    });
}

/// The wheel over details of the logs: as the keys up and down. `false` where it means nothing.
pub(super) fn wheel(state: &mut State, up: bool, notch: usize) -> bool {
    if !state.console.overlays.last().is_some_and(Overlay::is_details) {
        return false;
    }
    let key = Key::plain(if up { KeyCode::Up } else { KeyCode::Down });
    for _ in 0..notch {
        self::key(state, key, &mut Vec::new());
    }
    true
}

/// Takes the topmost overlay out while it works on the state, and puts it back where it was, under what it opened.
fn with_top(state: &mut State, work: impl FnOnce(&mut State, &mut Overlay) -> Then) {
    let Some(mut top) = state.console.overlays.pop() else { return };
    let at = state.console.overlays.len();
    if work(state, &mut top) == Then::Stay {
        state.console.overlays.insert(at.min(state.console.overlays.len()), top);
    }
}
