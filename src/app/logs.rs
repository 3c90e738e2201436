//! The logs screen: merged records, levels over time, filter, search, marks.

mod aside;
mod bars;
pub mod details;
mod detour;
mod filtering;
mod frozen;
mod marks;
mod masked;
mod search;
mod taken;
mod times;

use crate::config::panels;
use crate::lang::time::Stamp;
use crate::logs::filter::Filter;
use crate::logs::record::{Level, Record, RecordBatch};
use crate::text::name::Name;
use crate::world::ids::LogId;
use crate::world::logs::{Logs, rings};
use crate::world::table::IdTable;

use super::keymap::Command;
use super::list::moved;
use super::screens::logs::LogScope;
use super::screens::{Screen, Screens};
use super::state::State;
use super::state::console::Console;
use super::state::overlay::Overlay;
use super::tails::Tail;
use super::toasts::Tone;

pub(crate) use aside::Aside;
pub(in crate::app) use aside::{bring_back, preview_filter, preview_search};
pub use bars::{BarsShown, bars};
pub(in crate::app) use bars::{command as bars_command, jump_to_bar};
pub(in crate::app) use details::is_late;
pub(crate) use detour::former;
pub(in crate::app) use detour::{narrow, trace, trace_selected};
pub(in crate::app) use filtering::{apply_saved, complete, set_filter, toggle_saved};
pub(in crate::app) use frozen::{hold, thaw, thaw_to_act};
pub use marks::MAX_MARKS;
pub(in crate::app) use marks::{next_mark, toggle_mark};
pub(crate) use masked::held;
pub(in crate::app) use masked::masked;
pub(in crate::app) use search::next_match;
use search::{SLICE, go_to_first_match, search_again};
pub(in crate::app) use taken::{copied, copied_marks, page, save, save_evidence};
pub(in crate::app) use times::{follow_selection, go_to, go_to_cursor};

/// Rows of the list of records.
pub(in crate::app) fn height(state: &State) -> usize {
    state.height(&panels::RECORDS.id())
}

/// A batch of a log has come in at `now`.
pub(in crate::app) fn arrived(state: &mut State, log: &Name, batch: RecordBatch, now: Stamp) {
    state.world.records(log, batch, now, |logs, at, record, backlog| {
        state.console.overlays.ingest(logs, at, record, backlog);
        follow(&mut state.console, logs, at, record, backlog);
    });
    let Console { screens: Screens { logs: screen, .. }, overlays, tails, .. } = &mut state.console;
    let logs = &state.world.logs;
    screen.pane.forget(logs);
    overlays.forget(logs);
    for tail in tails.values_mut() {
        tail.forget(logs);
    }
    if let Some(found) = &mut screen.found {
        found.view.forget(&rings(logs, screen.pane.sources()), 0);
    }
}

/// Shows a record that was just pushed to the ring of log `at` wherever records are listed.
fn follow(console: &mut Console, logs: &Logs, at: LogId, record: &Record, backlog: bool) {
    let Console { screens: Screens { logs: screen, .. }, tails, .. } = console;
    screen.known.learn(record);
    for tail in tails.values_mut() {
        tail.ingest(logs, at, record, backlog);
    }
    screen.pane.ingest(logs, at, record, backlog);
    if let Some(found) = &mut screen.found
        && let Some(source) = screen.pane.sources().iter().position(|source| *source == at)
    {
        found.view.ingest(&logs[at].ring, source, record, backlog);
    }
}

/// Whether a scan is left over.
pub(in crate::app) fn has_work(state: &State) -> bool {
    let screen = &state.console.screens.logs;
    let mut tails = state.console.tails.values();
    screen.pane.view().is_scanning()
        || tails.any(Tail::is_scanning)
        || screen.found.as_ref().is_some_and(|found| found.view.is_scanning())
        || state.console.overlays.iter().any(Overlay::is_counting)
}

/// Does a slice of what is left over. `true` where there was something.
pub(in crate::app) fn work(state: &mut State) -> bool {
    if !has_work(state) {
        return false;
    }
    let screen = &mut state.console.screens.logs;
    if screen.pane.view().is_scanning() {
        screen.pane.work(&state.world.logs);
    } else if let Some(found) = screen.found.as_mut().filter(|found| found.view.is_scanning()) {
        found.view.work(&rings(&state.world.logs, screen.pane.sources()), SLICE);
    } else if let Some(tail) = state.console.tails.values_mut().find(|tail| tail.is_scanning()) {
        tail.work(&state.world.logs);
    } else {
        state.console.overlays.count(&state.world.logs);
    }
    go_to_first_match(state);
    true
}

/// Shows all logs, one alone, or those of a service.
pub(in crate::app) fn show_scope(state: &mut State, scope: LogScope) {
    state.console.screens.logs.scope = scope;
    let filter = state.console.screens.logs.filter.clone();
    set_filter(state, filter);
}

/// Shows logs to one who comes from elsewhere: from their end on. Where somebody once stood in others is of no use there.
pub(in crate::app) fn come_to(state: &mut State, scope: LogScope) {
    if scope != state.console.screens.logs.scope {
        show_scope(state, scope);
    }
    state.console.screens.logs.pane.resume();
}

/// Which logs a person means who comes to the logs from the present screen: those of the service that it is about, else no
/// longer those of a service that was shown before.
pub(in crate::app) fn choose_scope(state: &mut State) {
    let service = (state.console.screen == Screen::Service).then(|| state.shown_service()).flatten();
    if let Some(service) = service.filter(|service| !service.logs.is_empty()) {
        let scope = LogScope::Service(service.name.clone());
        if scope != state.console.screens.logs.scope {
            come_to(state, scope);
        }
    } else if matches!(state.console.screens.logs.scope, LogScope::Service(_)) {
        show_scope(state, LogScope::All);
    }
}

/// Opens the logs of a service.
pub(in crate::app) fn show_service(state: &mut State, name: &Name) {
    let Some(service) = state.world.service(name) else { return };
    if service.logs.is_empty() && service.own {
        return state.toast(Tone::Info, "what belongs to no service has no logs of its own");
    }
    if service.logs.is_empty() {
        let words = format!("{} has no logs; service = \"{name}\" in a [log.NAME] gives it one", service.title);
        state.toast(Tone::Info, &words);
        return;
    }
    state.go(Screen::Logs);
    come_to(state, LogScope::Service(name.clone()));
}

/// The next log alone, in the order of the configuration; after the last one all.
pub(in crate::app) fn step_log(state: &mut State, by: isize) {
    let count = state.world.logs.len();
    let here = match &state.console.screens.logs.scope {
        LogScope::Log(name) => state.world.logs.iter().position(|log| log.name == *name),
        LogScope::All | LogScope::Service(_) => None,
    };
    // Position 0 is all, 1 the first log.
    let here = here.map_or(0, |at| at + 1).cast_signed();
    let next = (here + by).rem_euclid(count.cast_signed() + 1).unsigned_abs();
    let name = next.checked_sub(1).and_then(|nth| state.world.logs.iter().nth(nth)).map(|log| log.name.clone());
    let said = name.as_ref().map_or_else(|| "all logs".to_owned(), |name| format!("only {name}"));
    show_scope(state, name.map_or(LogScope::All, LogScope::Log));
    state.toast(Tone::Info, &said);
}

/// Selects a record by a click.
pub(in crate::app) fn select(state: &mut State, log: &Name, seq: u64) {
    let height = height(state);
    let screen = &mut state.console.screens.logs;
    let source = screen.pane.sources().iter().position(|id| state.world.logs[*id].name == *log);
    let rings = rings(&state.world.logs, screen.pane.sources());
    let entry = source.and_then(|source| screen.pane.view().index_of(&rings, source, seq));
    if let Some(entry) = entry.and_then(|index| screen.pane.view().get(index)) {
        screen.pane.jump(&state.world.logs, entry, height);
        follow_selection(state);
    }
}

/// Stands still on what is shown. `true` where the newest record was followed.
pub(in crate::app) fn hold_still(state: &mut State) -> bool {
    let height = height(state);
    let pane = &mut state.console.screens.logs.pane;
    let followed = pane.follow;
    pane.pause(&state.world.logs, height);
    followed && !pane.follow
}

/// Moves the cursor as a command says, and never follows. `false` where it is none of these.
pub(in crate::app) fn move_cursor(state: &mut State, command: Command) -> bool {
    const MIDDLE: usize = 1 << 20;
    let height = height(state);
    let pane = &mut state.console.screens.logs.pane;
    let logs = &state.world.logs;
    match command {
        Command::Top | Command::Bottom => {
            let end = if command == Command::Top { pane.view().get(0) } else { pane.view().last() };
            if let Some(end) = end {
                pane.jump(logs, end, height);
            }
        }
        Command::NextError | Command::PreviousError => {
            if let Some(entry) = pane.find_level(Level::Error, command == Command::NextError) {
                pane.jump(logs, entry, height);
            }
        }
        Command::NextMatch | Command::PreviousMatch => next_match(state, command == Command::NextMatch),
        Command::Mark => toggle_mark(state),
        other => {
            let Some(to) = moved(other, MIDDLE, 2 * MIDDLE, height) else { return false };
            pane.step(logs, to.cast_signed() - MIDDLE.cast_signed(), height);
        }
    }
    follow_selection(state);
    true
}

/// Esc: ends the search, then the filter, then shows all logs instead of those of a service. `false` where there was
/// nothing of it.
pub(in crate::app) fn undo(state: &mut State) -> bool {
    if state.console.screen != Screen::Logs {
        return false;
    }
    let screen = &mut state.console.screens.logs;
    if screen.search.is_some() {
        screen.search = None;
        screen.found = None;
    } else if detour::go_back(state) {
    } else if !state.console.screens.logs.filter.is_everything() {
        set_filter(state, Filter::everything());
    } else if matches!(state.console.screens.logs.scope, LogScope::Service(_)) {
        show_scope(state, LogScope::All);
    } else {
        return false;
    }
    true
}

/// The list of logs is another one: places are kept by name.
pub(in crate::app) fn reconfigured(state: &mut State, before: &IdTable<LogId, Name>) {
    let screen = &mut state.console.screens.logs;
    let is_there = screen.scope.is_there(&state.world);
    if !is_there {
        screen.scope = LogScope::All;
    }
    let shown = screen.scope.sources(&state.world);
    let moved = |id| state.world.membership.logs.get(before.get(id)?).copied();
    screen.pane.remap(&state.world.logs, moved, shown);
    screen.detours.clear();
    state.console.overlays.tell(Overlay::logs_moved);
    if is_there {
        search_again(state);
    } else {
        show_scope(state, LogScope::All);
    }
}
