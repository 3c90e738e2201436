//! Everything that can happen to the console.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::key::Key;
use crate::lang::time::{BootTime, Stamp};
use crate::model::observation::Observation;
use crate::model::outcome::Outcome;
use crate::text::SafeText;
use crate::text::redact::Literals;
use crate::world::diagnostics::Meters;

use super::layout::LayoutMap;
use super::screens::{Screen, Wall};

/// One event, with the moment at which it entered the loop.
#[derive(Debug, Clone)]
pub struct Message {
    /// When it entered the loop.
    pub at: Stamp,
    /// What happened.
    pub event: Event,
}

/// What can happen.
#[derive(Debug, Clone, Serialize, Deserialize)]
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
    #[serde(skip)]
    Reloaded(Result<(Arc<Config>, Vec<SafeText>), Vec<Diagnostic>>),
    /// A screen was asked for from outside, for a picture of it.
    Open(Screen),
    /// This console hangs on a wall from now on.
    Wall(Wall),
    /// Something that only the runtime can know. None of it asks for a frame: what is drawn next shows it.
    Learned(Learned),
}

/// What only the runtime can know.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Learned {
    /// Where the last frame drew what; sent where that differs from the frame before.
    #[serde(skip)]
    Layout(LayoutMap),
    /// Figures of the loop, sent before a frame is drawn.
    Meters(Meters),
    /// The themes that can be chosen, by name, and what could not be understood of their files.
    Themes {
        /// Names of all of them.
        names: Vec<String>,
        /// In words.
        warnings: Vec<SafeText>,
    },
    /// The values of secrets that no plan may hold, as they are known now.
    #[serde(skip)]
    Literals(Literals),
    /// Whether all that the console takes in is kept in a file from now on.
    Recorded(bool),
    /// The console ends: what was added up so far is stored.
    Ending,
    /// The machine's clock at one moment of ours.
    Boot {
        /// By our clock.
        at: Stamp,
        /// By the machine's.
        boot: BootTime,
    },
}

/// A mouse event, in cells from the upper left corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mouse {
    /// Column.
    pub column: u16,
    /// Row.
    pub row: u16,
    /// What was done.
    pub kind: MouseKind,
}

/// What a mouse can do here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MouseKind {
    /// Left button pressed.
    Press,
    /// Wheel up.
    ScrollUp,
    /// Wheel down.
    ScrollDown,
}
