//! What happened lately.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};

use super::{Panel, keys};
use crate::app::logs;
use crate::app::navigation::open_screen;
use crate::app::row::RowKey;
use crate::app::runs::open_run;
use crate::app::screens::Screen;
use crate::app::state::State;
use crate::config::panels::{self, PanelId};
use crate::model::effect::Effect;
use crate::world::timeline::TimelineEntry;

/// Of everything, or of the service that is shown.
pub(super) struct Timeline {
    pub of_service: bool,
}

impl Panel for Timeline {
    fn is_list(&self) -> bool {
        true
    }

    fn rows(&self, state: &State, _id: &PanelId, filter: &str) -> Vec<RowKey> {
        let text = |to: &mut String, entry: &TimelineEntry| write!(to, "{}", state.seen().event_text(entry));
        match state.regarded_service().filter(|_| self.of_service) {
            Some(service) => keys(state.seen().events_of(service), filter, RowKey::entry, text),
            None => keys(state.seen().timeline.shown(), filter, RowKey::entry, text),
        }
    }

    /// Logs and charts point at the same moment.
    fn moved(&self, state: &mut State) {
        let panel = if self.of_service { panels::SERVICE_TIMELINE.id() } else { panels::TIMELINE.id() };
        let row = state.selected(&panel);
        if let Some(at) = row.and_then(|row| moment(state, &row)) {
            state.console.point_at(Some(at));
        }
    }

    fn open(&self, state: &mut State, _id: &PanelId, row: Option<RowKey>, effects: &mut Vec<Effect>) {
        if let Some(RowKey::Run(id)) = row {
            open_screen(state, Screen::Actions, effects);
            open_run(state, &id, effects);
        } else if let Some(at) = row.and_then(|row| moment(state, &row)) {
            logs::go_to(state, at);
        }
    }

    fn copied(&self, state: &State, row: Option<&RowKey>) -> Option<String> {
        let entry = find(state, row?)?;
        Some(format!("{} {}", entry.at.utc.to_rfc3339(), state.seen().event_text(entry)))
    }
}

fn find<'a>(state: &'a State, row: &RowKey) -> Option<&'a TimelineEntry> {
    state.seen().timeline.newest_first().find(|entry| row.is_entry(entry))
}

/// When it happened.
fn moment(state: &State, row: &RowKey) -> Option<DateTime<Utc>> {
    find(state, row).map(|entry| entry.at.utc)
}
