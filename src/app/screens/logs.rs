//! The logs screen: merged records, levels over time, filter, search, marks.

mod aside;
mod bars;
mod commands;
pub mod details;
mod detour;
mod filtering;
mod frozen;
mod marks;
mod masked;
mod pane;
mod search;
mod taken;
mod times;

use std::collections::BTreeMap;

use crate::app::console::{Console, Screens};
use crate::app::overlays::Overlay;
use crate::app::state::State;
use crate::app::tails::Tail;
use crate::app::toasts::Tone;
use crate::config::panels;
use crate::lang::time::Stamp;
use crate::logs::filter::{Filter, KnownFields};
use crate::logs::record::{Record, RecordBatch};
use crate::text::name::Name;
use crate::world::logs::{LogView, rings};

pub(crate) use aside::Aside;
pub(in crate::app) use aside::{bring_back, preview_filter, preview_search};
pub use bars::{BarsShown, bars};
pub(in crate::app) use bars::{command as bars_command, jump_to_bar};
pub(in crate::app) use commands::{command, lead_on};
pub(in crate::app) use details::is_late;
pub(crate) use detour::{Former, former};
pub(in crate::app) use detour::{narrow, trace};
pub(in crate::app) use filtering::{apply_saved, complete, set_filter, toggle_saved};
pub(crate) use frozen::Waiting;
pub(in crate::app) use frozen::{hold, thaw};
pub use marks::MAX_MARKS;
pub(crate) use masked::held;
pub(in crate::app) use masked::masked;
pub(crate) use pane::{Pane, PaneRow};
use search::{Found, SLICE, go_to_first_match, next_match, search_again};
pub(in crate::app) use taken::{copied, copied_marks};
pub(in crate::app) use times::{go_to, go_to_cursor};

/// How times are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Timestamps {
    /// `02:41:05`
    #[default]
    Short,
    /// `2026-11-21T02:41:05.123Z`
    Full,
    /// `12s`
    Age,
    /// `+1.2s` since the record above.
    Elapsed,
    /// Not at all.
    None,
}

impl Timestamps {
    /// The next form.
    #[must_use]
    pub(crate) const fn next(self) -> Self {
        match self {
            Self::Short => Self::Full,
            Self::Full => Self::Age,
            Self::Age => Self::Elapsed,
            Self::Elapsed => Self::None,
            Self::None => Self::Short,
        }
    }
}

/// Filters and searches that are remembered.
pub(crate) const MAX_HISTORY: usize = 50;
/// Lines of context at the most.
pub(crate) const MAX_CONTEXT: usize = 20;
/// Columns that one press of left or right moves.
const COLUMNS: usize = 8;

/// What the logs screen remembers.
#[derive(Debug, Clone, Default)]
pub struct LogsScreen {
    /// The records that pass the filter, and where one stands in them.
    pub pane: Pane,
    /// The one log that is shown; `None` merges all.
    pub only: Option<Name>,
    /// The filter in force, as written.
    pub filter: String,
    /// Filters that were used, oldest first.
    pub filters: Vec<String>,
    /// What is searched, as written; `None` where nothing is.
    pub search: Option<String>,
    /// Searches that were used, oldest first.
    pub searches: Vec<String>,
    /// First column shown; kept when new records come.
    pub column: usize,
    /// Marked records, by log and `seq`; they stay though the ring drops them. At most [`MAX_MARKS`].
    pub marks: BTreeMap<(Name, u64), Record>,
    /// Lines of context shown around what the filter keeps.
    pub context: usize,
    /// Whether the level histogram is shown.
    pub histogram: bool,
    /// How long a span the histogram covers: an index into its ranges.
    pub range: usize,
    /// What is known of the fields of the records that came, for completion.
    pub known: KnownFields,
    /// What was shown before a key made the filter, the latest last.
    pub(in crate::app) detours: Vec<Former>,
    found: Option<Found>,
}

impl LogsScreen {
    /// The screen of a new state.
    pub(crate) fn new(logs: &[LogView]) -> Self {
        Self {
            pane: Pane::new(logs, (0..logs.len()).collect(), Filter::everything()),
            histogram: true,
            range: bars::DEFAULT_RANGE,
            ..Self::default()
        }
    }

    /// What to draw in `height` rows; see [`Pane::rows`].
    pub fn rows(&self, logs: &[LogView], height: usize) -> Vec<PaneRow> {
        let context = if self.filter.is_empty() { 0 } else { self.context };
        self.pane.rows(logs, height, context)
    }

    /// Whether a record is marked.
    pub(crate) fn is_marked(&self, record: &Record) -> bool {
        self.marks.contains_key(&(record.log.clone(), record.seq))
    }

    /// How much of a scan for filter or search is done, in per cent.
    pub fn progress(&self) -> Option<u8> {
        let searching = self.found.as_ref().and_then(|found| found.view.progress());
        self.pane.view().progress().or(searching)
    }
}

fn height(state: &State) -> usize {
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
fn follow(console: &mut Console, logs: &[LogView], at: usize, record: &Record, backlog: bool) {
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

/// Shows one log alone, or all.
pub(in crate::app) fn show_only(state: &mut State, name: Option<Name>) {
    let screen = &mut state.console.screens.logs;
    let sources = state.world.logs.iter().enumerate();
    let shown =
        sources.filter(|(_, log)| name.as_ref().is_none_or(|name| log.name == *name)).map(|(at, _)| at).collect();
    screen.only = name;
    let filter = screen.pane.view().filter().clone();
    screen.pane.refilter(&state.world.logs, shown, filter);
    search_again(state);
    work(state);
}

/// The next log alone, in the order of the configuration; after the last one all.
fn step_log(state: &mut State, by: isize) {
    let count = state.world.logs.len();
    let here = state
        .console
        .screens
        .logs
        .only
        .as_ref()
        .and_then(|name| state.world.logs.iter().position(|log| log.name == *name));
    // Position 0 is all, 1 the first log.
    let here = here.map_or(0, |at| at + 1).cast_signed();
    let next = (here + by).rem_euclid(count.cast_signed() + 1).unsigned_abs();
    let name = next.checked_sub(1).map(|at| state.world.logs[at].name.clone());
    let said = name.as_ref().map_or_else(|| "all logs".to_owned(), |name| format!("only {name}"));
    show_only(state, name);
    state.toast(Tone::Info, &said);
}

/// Selects a record by a click.
pub(in crate::app) fn select(state: &mut State, log: &Name, seq: u64) {
    let height = height(state);
    let screen = &mut state.console.screens.logs;
    let source = screen.pane.sources().iter().position(|at| state.world.logs[*at].name == *log);
    let rings = rings(&state.world.logs, screen.pane.sources());
    let entry = source.and_then(|source| screen.pane.view().index_of(&rings, source, seq));
    if let Some(entry) = entry.and_then(|index| screen.pane.view().get(index)) {
        screen.pane.jump(&state.world.logs, entry, height);
        times::follow_selection(state);
    }
}

/// Moves the cursor and gives the record it stands on then.
pub(in crate::app) fn step_cursor(state: &mut State, by: isize) -> Option<Record> {
    let height = height(state);
    state.console.screens.logs.pane.step(&state.world.logs, by, height);
    state.console.screens.logs.pane.selected(&state.world.logs)
}

/// Esc: ends the search, then the filter. `false` where there was neither.
pub(in crate::app) fn undo(state: &mut State) -> bool {
    if state.console.screen != super::Screen::Logs {
        return false;
    }
    let screen = &mut state.console.screens.logs;
    if screen.search.is_some() {
        screen.search = None;
        screen.found = None;
    } else if detour::go_back(state) {
    } else if !state.console.screens.logs.filter.is_empty() {
        // Everything always parses.
        let _ = set_filter(state, "");
    } else {
        return false;
    }
    true
}

/// The list of logs is another one: places are kept by name.
pub(in crate::app) fn reconfigured(state: &mut State, before: &[Name]) {
    let screen = &mut state.console.screens.logs;
    if screen.only.as_ref().is_some_and(|name| !state.world.logs.iter().any(|log| log.name == *name)) {
        screen.only = None;
    }
    let only = screen.only.clone();
    let sources = state.world.logs.iter().enumerate();
    let shown =
        sources.filter(|(_, log)| only.as_ref().is_none_or(|name| log.name == *name)).map(|(at, _)| at).collect();
    let logs = &state.world.logs;
    let moved = |at: usize| before.get(at).and_then(|name| logs.iter().position(|log| log.name == *name));
    screen.pane.remap(logs, moved, shown);
    screen.detours.clear();
    state.console.overlays.tell(Overlay::logs_moved);
    search_again(state);
}
