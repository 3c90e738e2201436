//! Silences in force: what each matches, by whom, until when, why.

use std::fmt::Write as _;

use super::{Hint, Panel, keys};
use crate::app::keymap::Command;
use crate::app::row::RowKey;
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::model::thing::SilenceRecord;
use crate::world::history::clock;

pub(super) struct Silences;

impl Panel for Silences {
    fn is_list(&self) -> bool {
        true
    }

    fn rows(&self, state: &State, _id: &PanelId, filter: &str) -> Vec<RowKey> {
        let text = |to: &mut String, silence: &SilenceRecord| {
            let title = state.seen().title_of_match(&silence.matching);
            write!(to, "{title} {} {} {}", silence.matching, silence.by, silence.why)
        };
        keys(state.seen().active_silences(), filter, |silence| RowKey::Silence(silence.id.clone()), text)
    }

    fn is_wanted(&self, state: &State) -> bool {
        state.seen().active_silences().next().is_some()
    }

    fn hints(&self, _state: &State) -> Vec<Hint> {
        vec![(Command::EndSilence, "end silence"), (Command::Describe, "describe"), (Command::Silence, "add silence")]
    }

    fn copied(&self, state: &State, row: Option<&RowKey>) -> Option<String> {
        let RowKey::Silence(id) = row? else { return None };
        let world = state.seen();
        let silence = world.active_silence(id)?;
        let until = clock(silence.until, world.now.utc, world.config.console.timezone);
        Some(format!("{} {} silenced by {} until {until}: {}", silence.id, silence.matching, silence.by, silence.why))
    }
}
