//! One record in full.

use crate::app::keymap::Command;
use crate::app::keys;
use crate::app::screens::logs;
use crate::app::state::State;
use crate::config::key::Key;
use crate::model::message::Effect;
use crate::model::record::Record;

use super::Then;

/// The overlay.
#[derive(Debug, Clone)]
pub struct RecordOverlay {
    /// The record.
    pub record: Record,
    /// First row shown.
    pub scroll: usize,
}

impl RecordOverlay {
    pub(super) fn key(&mut self, state: &mut State, key: Key, effects: &mut Vec<Effect>) -> Then {
        match keys::overlay_command(state, key) {
            Some(Command::Up) => self.scroll = self.scroll.saturating_sub(1),
            Some(Command::Down) => {
                self.scroll = (self.scroll + 1).min(self.record.fields().len() + self.record.lines().count() + 8);
            }
            Some(Command::Copy) => effects.push(Effect::Copy(self.record.raw.clone())),
            // The neighbours in the list below, so that a stack of records can be read through.
            Some(step @ (Command::Left | Command::Right)) => {
                let by = if step == Command::Left { -1 } else { 1 };
                if let Some(record) = logs::step_cursor(state, by) {
                    *self = Self { record, scroll: 0 };
                }
            }
            Some(Command::Back | Command::Quit | Command::Open) => return Then::Close,
            _ => {}
        }
        Then::Stay
    }
}
