//! The moment that logs, charts and timeline point at together.

use chrono::{DateTime, Utc};

use crate::app::screens::Screen;
use crate::app::state::State;
use crate::app::toasts::Tone;

use super::height;

/// Opens the logs at the moment that charts and timeline point at.
pub(in crate::app) fn go_to_cursor(state: &mut State) {
    match state.console.time_cursor {
        Some(at) => go_to(state, at),
        None => state.toast(Tone::Info, "no time selected: move a chart's cursor or select a row of the timeline"),
    }
}

/// Opens the logs at the first record that is not before `at`, or at the last one there is.
pub(in crate::app) fn go_to(state: &mut State, at: DateTime<Utc>) {
    state.go(Screen::Logs);
    let height = height(state);
    let view = state.console.screens.logs.pane.view();
    let index = view.first_at(at).min(view.len().saturating_sub(1));
    let Some(entry) = view.get(index) else {
        state.toast(Tone::Info, "no record to go to");
        return;
    };
    state.console.screens.logs.pane.jump(&state.world.logs, entry, height);
    state.console.point_at(Some(at));
    let away = (entry.at - at).abs();
    if away > chrono::Duration::minutes(1) {
        state.toast(Tone::Info, "no record at that time; this is the nearest one loaded");
    }
}

/// The moment of the selected record becomes everybody's; none while the newest is followed.
pub(in crate::app) fn follow_selection(state: &mut State) {
    let pane = &state.console.screens.logs.pane;
    if pane.follow {
        return;
    }
    if let Some(entry) = pane.entry() {
        let at = entry.at;
        state.console.point_from_logs(Some(at));
    }
}
