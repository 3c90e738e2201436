//! Search: jumps from match to match and hides nothing.

use crate::app::keymap::Command;
use crate::app::state::State;
use crate::app::toasts::Tone;
use crate::logs::filter::Filter;
use crate::logs::view::View;
use crate::world::logs::rings;

use super::{height, work};
use crate::app::screens::logs::Found;

/// Records of a search scanned by one slice.
pub(super) const SLICE: usize = 2_000;

/// Goes to the nearest match before the place where the search began, as soon as it is known.
pub(super) fn go_to_first_match(state: &mut State) {
    let height = height(state);
    let screen = &mut state.console.screens.logs;
    let Some(found) = &mut screen.found else { return };
    let Some(from) = found.from else { return };
    let here = found.view.after(&from).unwrap_or(found.view.len()).checked_sub(1);
    if let Some(entry) = here.and_then(|index| found.view.get(index)) {
        found.from = None;
        screen.pane.jump(&state.world.logs, entry, height);
    } else if !found.view.is_scanning() {
        found.from = None;
        if let Some(entry) = found.view.get(0) {
            screen.pane.jump(&state.world.logs, entry, height);
        }
    }
}

/// Sets what is searched; everything searches nothing.
pub(super) fn set_search(state: &mut State, searched: Filter) {
    state.console.screens.logs.search = Some(searched).filter(|searched| !searched.is_everything());
    search_again(state);
    let screen = &mut state.console.screens.logs;
    if let Some(found) = &mut screen.found {
        found.from = screen.pane.entry();
    }
    work(state);
}

pub(super) fn search_again(state: &mut State) {
    let screen = &mut state.console.screens.logs;
    screen.found = screen.search.as_ref().map(|searched| {
        let both = screen.pane.view().filter().and(searched);
        let view = View::new(both, &rings(&state.world.logs, screen.pane.sources()));
        Found { view, from: None }
    });
}

/// Goes to the neighbouring match, around the ends.
pub(in crate::app) fn next_match(state: &mut State, forward: bool) {
    let height = height(state);
    let screen = &mut state.console.screens.logs;
    let (Some(found), Some(here)) = (&screen.found, screen.pane.entry()) else {
        state.toast(Tone::Info, &state.and_keys("no search yet", &[(Command::Search, "begins one")]));
        return;
    };
    let near = if forward { found.view.after(&here) } else { found.view.before(&here) };
    let around = if forward { found.view.get(0) } else { found.view.last() };
    let entry = near.and_then(|index| found.view.get(index));
    let wrapped = entry.is_none();
    match entry.or(around) {
        Some(entry) => {
            screen.pane.jump(&state.world.logs, entry, height);
            if wrapped {
                state.toast(
                    Tone::Info,
                    if forward { "from the first match again" } else { "from the last match again" },
                );
            }
        }
        None => state.toast(Tone::Info, "no match"),
    }
}
