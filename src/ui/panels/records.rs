//! Merged records, with filter, search and marks.

use chrono::{DateTime, TimeDelta, Utc};
use ratatui::layout::Rect;

use super::{PanelView, focused, frame, held, log, next_key, note, of_filter};
use crate::app::keymap::Command;
use crate::app::logs::former;
use crate::app::overlays::line::{LineInput, Purpose};
use crate::app::screens::logs::{LogScope, LogsScreen, PaneRow};
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::logs::record::LogState;
use crate::theme::Role;
use crate::ui::figures;
use crate::ui::line::Line;
use crate::ui::paint::{Painter, split_top};
use crate::ui::widgets::frame::Frame;
use crate::ui::widgets::log::{LogRow, LogStyle, is_dated};
use crate::ui::widgets::notice::Notice;
use crate::world::logs::{LoadedSpan, LogView};

pub(super) struct Records;

impl PanelView for Records {
    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        records(state, painter, id, area);
    }
}

/// The records.
fn records(state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
    let inner = Frame::inner(area);
    let screen = &state.console.screens.logs;
    let below = if state.columns(id).chosen.is_empty() || inner.height < 3 { inner } else { split_top(inner, 1).1 };
    let rows = screen.rows(&state.seen().logs, usize::from(below.height));
    let shape = title(state, painter, id);
    let room = usize::from(area.width).saturating_sub(shape.title.width() + 8);
    let rows: Vec<LogRow<'_>> = rows.iter().map(|row| log_row(screen, row)).collect();
    let logs: Vec<&LogView> = screen.pane.sources().iter().filter_map(|at| state.seen().logs.get(*at)).collect();
    let foot = log::foot(painter, &logs, &rows, area.width);
    shape.note(standing(state, painter, room)).foot(foot).draw(painter, area);
    note(painter, below, id.clone());
    if rows.is_empty() {
        nothing(state).draw(painter, inner);
        return;
    }
    let finder = |text: &str| screen.hits(text);
    let style = LogStyle {
        timestamps: state.console.timestamps,
        zone: state.seen().config.console.timezone,
        now: state.shown_now(),
        dated: is_dated(rows.iter().map(|row| row.record), state.shown_now(), state.seen().config.console.timezone),
        source: log::source_width(state, screen.pane.sources().len(), rows.iter().map(|row| row.record)),
        wrap: state.console.wrap,
        column: screen.column,
        finder: &finder,
        colours: state.console.colours,
        columns: state.columns(id),
        focused: focused(state, id),
    };
    // Wrapped rows may need more lines than there are: the cursor's must be among them, and it is at the end while
    // the view follows.
    let below = style.head_row(painter, inner, &rows);
    style.draw(painter, below, &rows[style.first_in_sight(&rows, below, painter.glyphs())..]);
}

fn log_row<'a>(screen: &LogsScreen, row: &'a PaneRow) -> LogRow<'a> {
    // While it follows there is no cursor to look for.
    let selected = row.selected && !screen.pane.follow;
    LogRow {
        record: &row.record,
        selected,
        marked: screen.is_marked(&row.record),
        context: row.context,
        late: row.late,
        since: row.since,
        times: 1,
    }
}

/// Which logs, through which filter, how many.
fn title<'a>(state: &'a State, painter: &Painter<'_>, id: &PanelId) -> Frame<'a> {
    let screen = &state.console.screens.logs;
    let dot = painter.glyphs().dot;
    let name = match &screen.scope {
        LogScope::All => "all logs".to_owned(),
        LogScope::Log(name) => format!("log {name}"),
        LogScope::Service(name) => {
            format!("logs of {}", state.seen().service(name).map_or(&**name, |service| service.title.as_str()))
        }
    };
    let mut shape = frame(state, painter, id, name);
    let is_undone_next = screen.filter.is_everything() && screen.search.is_none();
    if matches!(screen.scope, LogScope::Service(_)) && is_undone_next {
        shape = shape.with(Line::styled("esc shows all logs", Role::TextDim), dot);
    }
    if !screen.filter.is_everything() {
        shape = shape.with(Line::styled(screen.filter.text().to_owned(), Role::LogMatch), dot);
    }
    shape = shape.with(window(state), "");
    let typed = state.console.overlays.top_as::<LineInput>();
    if typed.is_some_and(|line| line.purpose == Purpose::Filter && line.error.is_some()) {
        shape = shape.with(Line::styled("filter not applied", Role::InputError), dot);
    }
    if former(state).is_some() {
        shape = shape.with(Line::styled("esc goes back", Role::TextDim), dot);
    }
    shape = shape.with(covered(state), dot);
    if let Some(searched) = &screen.search {
        let (at, of) = screen.hit().unwrap_or_default();
        let place = if at > 0 {
            format!("{} of {}", figures::count(at as u64), figures::count(of as u64))
        } else {
            figures::count(of as u64)
        };
        shape = shape.with(Line::styled(format!("{}: {place} found", searched.text()), Role::LogMark), dot);
    }
    if let Some(done) = screen.progress() {
        shape = shape.with(Line::styled(format!("searching, {done} %"), Role::StatusPending), dot);
    }
    shape
}

/// How many records are shown, of how many that are loaded, and since when where there may be older ones.
fn covered(state: &State) -> Line<'static> {
    let screen = &state.console.screens.logs;
    let passing = screen.pane.view().len() as u64;
    let shown = || screen.pane.sources().iter().filter_map(|at| state.seen().logs.get(*at));
    let words = if screen.pane.view().filter().is_everything() {
        figures::counted(passing, "record")
    } else {
        let held = shown().map(|log| log.ring.len() as u64).sum();
        format!("{} of {}", figures::count(passing), figures::count(held))
    };
    let words = Line::plain(words);
    match LoadedSpan::of(shown()) {
        Some(LoadedSpan { first, complete }) => {
            let zone = state.seen().config.console.timezone;
            words.then(figures::counted_since(first, complete, state.shown_now().utc, zone), Role::TextDim)
        }
        None => words,
    }
}

/// From when to when the filter reaches, where it says so: which night is meant.
fn window(state: &State) -> Line<'static> {
    let filter = state.console.screens.logs.pane.view().filter();
    let (now, zone) = (state.shown_now().utc, state.seen().config.console.timezone);
    let moment = |at| figures::moment(at, now, zone);
    let words = match (filter.since(), filter.until()) {
        (Some(from), Some(to)) => format!("({} to {})", moment(from), moment(to)),
        (Some(from), None) => format!("(from {})", moment(from)),
        (None, Some(to)) => format!("(before {})", moment(to)),
        (None, None) => return Line::new(),
    };
    Line::styled(words, Role::TextDim)
}

/// How the records are looked at, and whether they follow: what there is room for, the latter in any case.
fn standing(state: &State, painter: &Painter<'_>, room: usize) -> Line<'static> {
    let screen = &state.console.screens.logs;
    let mut parts = vec![trouble(state)];
    if screen.column > 0 {
        parts.push(Line::styled(format!("from column {}", screen.column + 1), Role::TextDim));
    }
    if screen.context > 0 && !screen.filter.is_everything() {
        parts.push(Line::styled(format!("{} around", figures::counted(screen.context, "line")), Role::TextDim));
    }
    if let Some(at) = state.console.time_cursor.filter(|at| elsewhere(state, *at)) {
        let zone = state.seen().config.console.timezone;
        let goes = format!("goes to {}", figures::moment(at, state.shown_now().utc, zone));
        parts.push(Line::styled(next_key(state, Command::GoToTime, &goes), Role::ChartCursor));
    }
    let following = following(state, painter);
    let mut words = Line::new();
    for part in parts.into_iter().filter(|part| !part.is_empty()) {
        // A part and the two blanks behind it.
        if words.width() + part.width() + 2 + following.width() <= room {
            words = words.join(part).and("  ", Role::Text);
        }
    }
    words.join(following)
}

/// The logs of which no records come now: the records of the others must not hide that.
fn trouble(state: &State) -> Line<'static> {
    type Test = fn(&LogState) -> bool;
    let shown = || state.console.screens.logs.pane.sources().iter().filter_map(|at| state.seen().logs.get(*at));
    let kinds: [(Test, &str, Role); 3] = [
        (|state| matches!(state, LogState::Failed(_)), "can't be read", Role::LevelError),
        (|state| matches!(state, LogState::Restarting(_)), "restarting", Role::StatusPending),
        (|state| matches!(state, LogState::Waiting(_)), "waiting for a file", Role::StatusPending),
    ];
    let left: Vec<(&LogView, u64)> = shown()
        .filter_map(|log| match log.state {
            LogState::CatchingUp { left } => Some((log, left)),
            _ => None,
        })
        .collect();
    for (is_so, words, role) in kinds {
        let mut these = shown().filter(|log| is_so(&log.state));
        if let Some(first) = these.next() {
            return Line::styled(format!("{} {words}", one_or_all(first, these.count())), role);
        }
    }
    let Some((first, _)) = left.first() else { return Line::new() };
    let words = log::catching_up(left.iter().map(|(_, left)| left).sum());
    Line::styled(format!("{} {words}", one_or_all(first, left.len() - 1)), Role::StatusPending)
}

/// The name of a log where it is the only one, else how many there are.
fn one_or_all(first: &LogView, more: usize) -> String {
    if more == 0 { first.name.to_string() } else { format!("{} logs", more + 1) }
}

/// Following, or how much came since it stands still.
fn following(state: &State, painter: &Painter<'_>) -> Line<'static> {
    let screen = &state.console.screens.logs;
    if screen.pane.follow {
        let shown = screen.pane.sources().iter().filter_map(|at| state.seen().logs.get(*at));
        return log::rate_line(shown.map(|log| log.rate).sum()).then("following", Role::StatusOk);
    }
    let new = screen.pane.new_records as u64;
    if new > 0 {
        let down = painter.glyphs().down;
        let new = format!("{down} {} new", figures::count(new));
        return Line::styled(held(state, &new), Role::LogMark);
    }
    Line::styled(held(state, "held"), Role::TextDim)
}

/// Whether the moment that is pointed at is another than that of the selected record.
fn elsewhere(state: &State, at: DateTime<Utc>) -> bool {
    let pane = &state.console.screens.logs.pane;
    pane.follow || pane.entry().is_none_or(|entry| (entry.at - at).abs() > TimeDelta::seconds(1))
}

/// Why there are no records.
fn nothing(state: &State) -> Notice<'static> {
    let screen = &state.console.screens.logs;
    let logs: Vec<&LogView> = screen.pane.sources().iter().filter_map(|at| state.seen().logs.get(*at)).collect();
    if screen.progress().is_some() {
        return Notice::empty("searching what is held", "newest first");
    }
    if !screen.filter.is_everything() && logs.iter().any(|log| !log.ring.is_empty()) {
        let held = logs.iter().map(|log| log.ring.len() as u64).sum();
        return log::none_passes(held, of_filter(state));
    }
    if let LogScope::Service(name) = &screen.scope
        && logs.iter().any(|log| !log.ring.is_empty())
    {
        let filter = format!("and {name} finds what mentions it there");
        let next = state.keys_to(&[(Command::Back, "shows all logs"), (Command::Filter, &filter)]);
        return Notice::empty(format!("no loaded record names {name}"), next);
    }
    log::nothing(&logs)
}
