//! The logs screen: merged records, filter, search, marks.

mod pane;
mod search;

use std::collections::BTreeSet;

use crate::app::keymap::Command;
use crate::app::layout::PanelId;
use crate::app::overlays::Overlay;
use crate::app::overlays::line::{Line, Purpose};
use crate::app::overlays::record::RecordOverlay;
use crate::app::state::State;
use crate::app::world::logs::LogView;
use crate::app::world::toasts::Tone;
use crate::config::sections::screen::Panel;
use crate::model::filter::{Filter, FilterError};
use crate::model::message::Effect;
use crate::model::name::Name;
use crate::model::record::{Level, Record, RecordBatch};
use crate::model::text::SafeText;

use super::list::moved;

pub use pane::{Pane, Row};
pub(in crate::app) use search::set_search;
use search::{Found, SLICE, go_to_first_match, next_match, search_again};

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
    /// Not at all.
    None,
}

impl Timestamps {
    /// The next form.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Short => Self::Full,
            Self::Full => Self::Age,
            Self::Age => Self::None,
            Self::None => Self::Short,
        }
    }
}

/// Filters and searches that are remembered.
pub const MAX_HISTORY: usize = 50;
/// Lines of context at the most.
pub const MAX_CONTEXT: usize = 20;
/// Records that are copied or saved at once at the most.
const MAX_TAKEN: usize = 100_000;
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
    /// Marked records.
    pub marks: BTreeSet<(Name, u64)>,
    /// Lines of context shown around what the filter keeps.
    pub context: usize,
    /// Whether the level histogram is shown.
    pub histogram: bool,
    found: Option<Found>,
}

impl LogsScreen {
    /// The screen of a new state.
    pub fn new(logs: &[LogView]) -> Self {
        Self {
            pane: Pane::new(logs, (0..logs.len()).collect(), Filter::everything()),
            histogram: true,
            ..Self::default()
        }
    }

    /// What to draw in `height` rows; see [`Pane::rows`].
    pub fn rows(&self, logs: &[LogView], height: usize) -> Vec<Row> {
        let context = if self.filter.is_empty() { 0 } else { self.context };
        self.pane.rows(logs, height, context)
    }

    /// Whether a record is marked.
    pub fn is_marked(&self, record: &Record) -> bool {
        self.marks.contains(&(record.log.clone(), record.seq))
    }

    /// How much of a scan for filter or search is done, in per cent.
    pub fn progress(&self) -> Option<u8> {
        let searching = self.found.as_ref().and_then(|found| found.view.progress());
        self.pane.view().progress().or(searching)
    }
}

fn height(state: &State) -> usize {
    state.height(&PanelId::Records)
}

/// Takes in what a source read.
pub(in crate::app) fn take(state: &mut State, at: usize, batch: RecordBatch) {
    let screen = &mut state.screens.logs;
    for record in batch.records {
        state.logs[at].push(&record);
        screen.pane.take(&state.logs, at, &record, batch.backlog);
        if let Some(found) = &mut screen.found
            && let Some(source) = screen.pane.sources().iter().position(|source| *source == at)
        {
            found.view.take(&pane::rings(&state.logs, screen.pane.sources()), source, &record, batch.backlog);
        }
    }
    state.logs[at].loss.dropped = state.logs[at].ring.dropped();
    screen.pane.forget(&state.logs);
    if let Some(found) = &mut screen.found {
        found.view.forget(&pane::rings(&state.logs, screen.pane.sources()), 0);
    }
}

/// Whether a scan is left over.
pub(in crate::app) fn has_work(state: &State) -> bool {
    let screen = &state.screens.logs;
    screen.pane.view().is_scanning() || screen.found.as_ref().is_some_and(|found| found.view.is_scanning())
}

/// Does a slice of what is left over. `true` where there was something.
pub(in crate::app) fn work(state: &mut State) -> bool {
    if !has_work(state) {
        return false;
    }
    let screen = &mut state.screens.logs;
    if screen.pane.view().is_scanning() {
        screen.pane.work(&state.logs);
    } else if let Some(found) = &mut screen.found {
        found.view.work(&pane::rings(&state.logs, screen.pane.sources()), SLICE);
    }
    go_to_first_match(state);
    true
}

/// Sets the filter: the end of the log at once, the rest in slices.
///
/// # Errors
/// The character from which on it is no filter, as a byte offset, and why; the filter before stays in force.
pub(in crate::app) fn set_filter(state: &mut State, text: &str) -> Result<(), (usize, SafeText)> {
    let filter = parse(text)?.anchored(state.now.utc);
    let screen = &mut state.screens.logs;
    text.trim().clone_into(&mut screen.filter);
    let sources = screen.pane.sources().to_vec();
    screen.pane.refilter(&state.logs, sources, filter);
    search_again(state);
    work(state);
    Ok(())
}

fn parse(text: &str) -> Result<Filter, (usize, SafeText)> {
    Filter::parse(text.trim()).map_err(|FilterError { offset, message, hint }| {
        let blank = text.len() - text.trim_start().len();
        let byte = text.trim_start().char_indices().nth(offset).map_or(text.trim().len(), |(byte, _)| byte);
        let hint = hint.map_or_else(String::new, |hint| format!("; {hint}"));
        (blank + byte, SafeText::new(&format!("{message}{hint}")))
    })
}

/// Shows one log alone, or all.
pub(in crate::app) fn show_only(state: &mut State, name: Option<Name>) {
    let screen = &mut state.screens.logs;
    let sources = state.logs.iter().enumerate();
    let shown =
        sources.filter(|(_, log)| name.as_ref().is_none_or(|name| log.name == *name)).map(|(at, _)| at).collect();
    screen.only = name;
    let filter = screen.pane.view().filter().clone();
    screen.pane.refilter(&state.logs, shown, filter);
    search_again(state);
    work(state);
}

/// The next log alone, in the order of the configuration; after the last one all.
fn step_log(state: &mut State, by: isize) {
    let count = state.logs.len();
    let here = state.screens.logs.only.as_ref().and_then(|name| state.logs.iter().position(|log| log.name == *name));
    // Position 0 is all, 1 the first log.
    let here = here.map_or(0, |at| at + 1).cast_signed();
    let next = (here + by).rem_euclid(count.cast_signed() + 1).unsigned_abs();
    let name = next.checked_sub(1).map(|at| state.logs[at].name.clone());
    let said = name.as_ref().map_or_else(|| "all logs".to_owned(), |name| format!("only {name}"));
    show_only(state, name);
    state.toast(Tone::Info, &said);
}

/// Selects a record by a click.
pub(in crate::app) fn select(state: &mut State, log: &Name, seq: u64) {
    let height = height(state);
    let screen = &mut state.screens.logs;
    let source = screen.pane.sources().iter().position(|at| state.logs[*at].name == *log);
    let rings = pane::rings(&state.logs, screen.pane.sources());
    let entry = source.and_then(|source| screen.pane.view().index_of(&rings, source, seq));
    if let Some(entry) = entry.and_then(|index| screen.pane.view().get(index)) {
        screen.pane.jump(&state.logs, entry, height);
    }
}

/// Moves the cursor and gives the record it stands on then.
pub(in crate::app) fn step_cursor(state: &mut State, by: isize) -> Option<Record> {
    let height = height(state);
    state.screens.logs.pane.step(&state.logs, by, height);
    state.screens.logs.pane.selected(&state.logs)
}

/// Esc: ends the search, then the filter. `false` where there was neither.
pub(in crate::app) fn undo(state: &mut State) -> bool {
    if state.screen != super::Screen::Logs {
        return false;
    }
    let screen = &mut state.screens.logs;
    if screen.search.is_some() {
        screen.search = None;
        screen.found = None;
    } else if !screen.filter.is_empty() {
        // Everything always parses.
        let _ = set_filter(state, "");
    } else {
        return false;
    }
    true
}

/// The list of logs is another one: places are kept by name.
pub(in crate::app) fn reconfigured(state: &mut State, before: &[Name]) {
    let screen = &mut state.screens.logs;
    if screen.only.as_ref().is_some_and(|name| !state.logs.iter().any(|log| log.name == *name)) {
        screen.only = None;
    }
    let only = screen.only.clone();
    let sources = state.logs.iter().enumerate();
    let shown =
        sources.filter(|(_, log)| only.as_ref().is_none_or(|name| log.name == *name)).map(|(at, _)| at).collect();
    let logs = &state.logs;
    let moved = |at: usize| before.get(at).and_then(|name| logs.iter().position(|log| log.name == *name));
    screen.pane.remap(logs, moved, shown);
    search_again(state);
}

/// Commands of the logs screen, and of log panels elsewhere: these are tails, and whoever wants to move in one gets the
/// whole screen.
pub(super) fn command(state: &mut State, panel: &PanelId, command: Command, effects: &mut Vec<Effect>) {
    if *panel != PanelId::Records {
        let leads_on = matches!(
            command,
            Command::Open
                | Command::Up
                | Command::PageUp
                | Command::HalfPageUp
                | Command::Top
                | Command::Search
                | Command::PreviousError
        );
        if !leads_on {
            return;
        }
        let only = match panel {
            PanelId::Layout(Panel::Log(name)) if &**name != "*" => Some(name.clone()),
            PanelId::ServiceLogs => {
                let logs = state.shown_service().map(|service| service.logs.clone()).unwrap_or_default();
                if let [one] = logs[..] { Some(state.logs[one].name.clone()) } else { None }
            }
            _ => None,
        };
        state.go(super::Screen::Logs);
        if only != state.screens.logs.only {
            show_only(state, only);
        }
        if command == Command::Open {
            return;
        }
    }
    let height = height(state);
    let screen = &mut state.screens.logs;
    match command {
        Command::Top => {
            if let Some(first) = screen.pane.view().get(0) {
                screen.pane.jump(&state.logs, first, height);
            }
        }
        Command::Select if screen.pane.follow => screen.pane.pause(&state.logs, height),
        Command::Select | Command::Bottom => screen.pane.resume(),
        Command::Left => screen.column = screen.column.saturating_sub(COLUMNS),
        Command::Right => screen.column = (screen.column + COLUMNS).min(8192),
        Command::MoreContext => screen.context = (screen.context + 1).min(MAX_CONTEXT),
        Command::LessContext => screen.context = screen.context.saturating_sub(1),
        Command::Histogram => screen.histogram = !screen.histogram,
        Command::Mark => mark(state),
        Command::Open => {
            if let Some(record) = screen.pane.selected(&state.logs) {
                state.overlays.push(Overlay::Record(RecordOverlay { record, scroll: 0 }));
            }
        }
        Command::Search => {
            let line = Line::new(state, Purpose::Search);
            state.overlays.push(Overlay::Line(line));
        }
        Command::NextMatch => next_match(state, true),
        Command::PreviousMatch => next_match(state, false),
        Command::NextError => next_error(state, true),
        Command::PreviousError => next_error(state, false),
        Command::NextLog => step_log(state, 1),
        Command::PreviousLog => step_log(state, -1),
        Command::SaveRecords => save(state, effects),
        other => {
            const MIDDLE: usize = 1 << 20;
            if let Some(to) = moved(other, MIDDLE, 2 * MIDDLE, height) {
                screen.pane.step(&state.logs, to.cast_signed() - MIDDLE.cast_signed(), height);
            }
        }
    }
}

fn mark(state: &mut State) {
    let screen = &mut state.screens.logs;
    let Some(record) = screen.pane.selected(&state.logs) else { return };
    let id = (record.log.clone(), record.seq);
    if !screen.marks.remove(&id) {
        screen.marks.insert(id);
    }
}

fn next_error(state: &mut State, forward: bool) {
    let height = height(state);
    match state.screens.logs.pane.find_level(Level::Error, forward) {
        Some(entry) => state.screens.logs.pane.jump(&state.logs, entry, height),
        None => state.toast(Tone::Info, if forward { "no error further on" } else { "no error before" }),
    }
}

/// The marked records, else the selected one, as they came.
pub(super) fn copied(state: &State, panel: &PanelId) -> Option<String> {
    let screen = &state.screens.logs;
    if *panel == PanelId::Records && !screen.marks.is_empty() {
        let record = |(name, seq): &(Name, u64)| state.log(name)?.ring.get(*seq).cloned();
        let mut marked: Vec<Record> = screen.marks.iter().filter_map(record).collect();
        marked.sort_by_key(Record::at);
        return Some(marked.iter().map(|record| record.raw.as_str()).collect::<Vec<_>>().join("\n"));
    }
    screen.pane.selected(&state.logs).map(|record| record.raw.to_string())
}

/// Writes what passes the filter, or what is marked, into a file.
fn save(state: &mut State, effects: &mut Vec<Effect>) {
    let screen = &state.screens.logs;
    let text = if screen.marks.is_empty() {
        let view = screen.pane.view();
        let rings = pane::rings(&state.logs, screen.pane.sources());
        let entries = view.iter_from(view.len().saturating_sub(MAX_TAKEN));
        let lines: Vec<&str> =
            entries.filter_map(|entry| Some(rings.get(entry.source)?.get(entry.seq)?.raw.as_str())).collect();
        lines.join("\n")
    } else {
        copied(state, &PanelId::Records).unwrap_or_default()
    };
    if text.is_empty() {
        state.toast(Tone::Info, "there is no record to write");
        return;
    }
    let name = format!("logs-{}.txt", state.now.utc.format("%Y%m%dT%H%M%SZ"));
    effects.push(Effect::Save { name, text: text + "\n" });
}
