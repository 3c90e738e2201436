//! Everything that can happen to the console.

use std::sync::Arc;

use crate::config::Config;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::key::Key;
use crate::lang::time::Stamp;
use crate::model::observation::Observation;
use crate::model::outcome::Outcome;
use crate::text::SafeText;

/// One event, with the moment at which it entered the loop.
#[derive(Debug, Clone)]
pub struct Message {
    /// When it entered the loop.
    pub at: Stamp,
    /// What happened.
    pub event: Event,
}

/// What can happen.
#[derive(Debug, Clone)]
pub enum Event {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted: never a command, never a confirmation.
    Paste(String),
    /// The mouse.
    Mouse(Mouse),
    /// The terminal has a new size: columns, rows.
    Resize(u16, u16),
    /// The terminal gained or lost focus.
    Focus(bool),
    /// Time passed: sent once a second while something shown depends on it.
    Clock,
    /// A source saw something.
    Observation(Observation),
    /// An effect ended.
    Outcome(Outcome),
    /// The configuration was read again: the new one and what changed in words, or every problem.
    Reloaded(Result<(Arc<Config>, Vec<SafeText>), Vec<Diagnostic>>),
}

/// A mouse event, in cells from the upper left corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mouse {
    /// Column.
    pub column: u16,
    /// Row.
    pub row: u16,
    /// What was done.
    pub kind: MouseKind,
}

/// What a mouse can do here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MouseKind {
    /// Left button pressed.
    Press,
    /// Wheel up.
    ScrollUp,
    /// Wheel down.
    ScrollDown,
}
