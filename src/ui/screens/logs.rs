//! Logs: merged records under their levels over time, with filter, search, marks.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use ratatui::layout::Rect;

use crate::app::keymap::Command;
use crate::app::layout::PanelId;
use crate::app::screens::logs::{self, BarsShown, LogsScreen, Row, details, former};
use crate::app::state::State;
use crate::logs::histogram::Bar;
use crate::logs::record::{Level, LogState};
use crate::theme::Role;
use crate::ui::figures;
use crate::ui::line::Line;
use crate::ui::paint::{Painter, split_top};
use crate::ui::panels::{focused, frame, log, note};
use crate::ui::widgets::frame::Frame;
use crate::ui::widgets::levels::{self, Counts};
use crate::ui::widgets::log::{LogRow, LogStyle, is_dated};
use crate::ui::widgets::notice::Notice;
use crate::world::logs::LogView;

/// Rows from which the levels over time are worth theirs.
const ROOM_FOR_LEVELS: u16 = 16;

/// Draws it.
pub(crate) fn draw(state: &State, painter: &mut Painter<'_>, area: Rect) {
    let area = beside_details(state, area);
    let screen = &state.console.screens.logs;
    let shown = screen.histogram && area.height >= ROOM_FOR_LEVELS;
    let (upper, lower) = split_top(area, if shown { (area.height / 6).clamp(4, 7) } else { 0 });
    if shown {
        over_time(state, painter, upper);
    }
    records(state, painter, lower);
}

/// What is left of the screen beside a record, patterns or top values that are open where there is room for both.
fn beside_details(state: &State, area: Rect) -> Rect {
    let place = details::place((area.width, area.height));
    let beside = details::are_open(state) && place.width < area.width;
    Rect { width: if beside { area.width - place.width } else { area.width }, ..area }
}

/// How many records of which level came when.
fn over_time(state: &State, painter: &mut Painter<'_>, area: Rect) {
    let id = PanelId::Histogram;
    let screen = &state.console.screens.logs;
    let inner = Frame::inner(area);
    let plot = levels::plot(inner);
    let BarsShown { width, bars, cursor, span, latest } = logs::bars(state, usize::from(plot.width).max(1));
    let buckets: Vec<(DateTime<Utc>, Counts)> = bars.iter().map(|bar| (bar.from, counts(bar))).collect();
    let all = buckets.iter().fold(Counts::default(), |sum, (_, counts)| sum.and(*counts));
    let zone = state.world.config.console.timezone;
    let each = figures::left(Duration::from_secs(u64::try_from(width).unwrap_or_default()));
    // Older records may be in the files; these counts are of what is loaded.
    let begins = bars.first().map(|bar| bar.from + TimeDelta::seconds(width));
    let logs = screen.pane.sources().iter().filter_map(|at| state.world.logs.get(*at));
    let loaded = logs.filter_map(LogView::loaded_since).max();
    let name = if latest {
        match loaded.filter(|first| begins.is_some_and(|begins| *first > begins)) {
            Some(first) => {
                format!("last {span}, loaded since {}", figures::moment(first, state.shown_now().utc, zone))
            }
            None => format!("last {span}"),
        }
    } else {
        format!("{span} from {}", bars.first().map_or_else(String::new, |bar| figures::full(bar.from, zone)))
    };
    let foot = match cursor.and_then(|at| buckets.get(at)) {
        Some((from, counts)) => {
            let to = *from + TimeDelta::seconds(width);
            let from = figures::moment(*from, state.shown_now().utc, zone);
            Line::of(format!("{from} to {}:", figures::time(to, zone)), Role::ChartCursor)
                .then("", Role::Text)
                .join(counted(*counts))
                .then("Enter jumps", Role::TextDim)
        }
        None if focused(state, &id) => Line::of("h and l select a bar, + and - change the span", Role::TextDim),
        None => Line::new(),
    };
    frame(state, painter, &id, name)
        .with(counted(all), painter.glyphs().dot)
        .note(Line::of(format!("a bar is {each}"), Role::TextDim))
        .foot(foot)
        .draw(painter, area);
    note(painter, plot, id);
    match screen.pane.view().histogram().span() {
        // An empty plot says less than that what there is is older.
        Some((_, newest)) if all.total() == 0 && latest && newest < state.shown_now().utc => {
            let age = figures::age((state.shown_now().utc - newest).to_std().unwrap_or_default());
            let headline = format!("no records in the last {span}; the newest is {age} old");
            Notice::empty(headline, further(state)).draw(painter, inner);
        }
        _ => levels::draw(painter, inner, &buckets, cursor),
    }
}

/// How a longer span is shown, where there is one.
fn further(state: &State) -> String {
    let focus = if focused(state, &PanelId::Histogram) { "" } else { "tab, then " };
    let key = state.console.keymap.key_of(Command::MoreContext).map_or_else(String::new, |key| key.to_string());
    format!("press {focus}{key} to look further back")
}

fn counts(bar: &Bar) -> Counts {
    let of = |level: Level| u64::from(bar.counts[level as usize]);
    let errors = of(Level::Error) + of(Level::Fatal);
    let all: u64 = bar.counts.iter().map(|count| u64::from(*count)).sum();
    Counts { errors, warnings: of(Level::Warn), others: all - errors - of(Level::Warn) }
}

fn counted(counts: Counts) -> Line<'static> {
    let kinds = [
        (counts.errors, "errors", Role::LevelError),
        (counts.warnings, "warnings", Role::LevelWarn),
        (counts.others, "others", Role::LevelInfo),
    ];
    kinds
        .into_iter()
        // None of them is no reason to look.
        .map(|(n, word, role)| (n, word, if n == 0 { Role::TextDim } else { role }))
        .fold(Line::new(), |words, (n, word, role)| words.then(format!("{} {word}", figures::count(n)), role))
}

/// The records.
fn records(state: &State, painter: &mut Painter<'_>, area: Rect) {
    let id = PanelId::Records;
    let inner = Frame::inner(area);
    let screen = &state.console.screens.logs;
    let rows = screen.rows(&state.world.logs, usize::from(inner.height));
    let shape = title(state, painter, &id);
    let room = usize::from(area.width).saturating_sub(shape.title.width() + 8);
    let rows: Vec<LogRow<'_>> = rows.iter().map(|row| log_row(screen, row)).collect();
    let logs: Vec<&LogView> = screen.pane.sources().iter().filter_map(|at| state.world.logs.get(*at)).collect();
    let foot = log::foot(painter, &logs, &rows, area.width);
    shape.note(standing(state, painter, room)).foot(foot).draw(painter, area);
    note(painter, inner, id.clone());
    if rows.is_empty() {
        nothing(state).draw(painter, inner);
        return;
    }
    let finder = |text: &str| screen.hits(text);
    let style = LogStyle {
        timestamps: state.console.timestamps,
        zone: state.world.config.console.timezone,
        now: state.shown_now(),
        dated: is_dated(rows.iter().map(|row| row.record), state.shown_now(), state.world.config.console.timezone),
        source: log::source_width(state, screen.pane.sources().len(), rows.iter().map(|row| row.record)),
        wrap: state.console.wrap,
        column: screen.column,
        finder: &finder,
        colours: state.console.colours,
        focused: focused(state, &id),
    };
    // Wrapped rows may need more lines than there are: the cursor's must be among them, and it is at the end while
    // the view follows.
    style.draw(painter, inner, &rows[style.first_in_sight(&rows, inner, painter.glyphs())..]);
}

fn log_row<'a>(screen: &LogsScreen, row: &'a Row) -> LogRow<'a> {
    // While it follows there is no cursor to look for.
    let selected = row.selected && !screen.pane.follow;
    LogRow {
        record: &row.record,
        selected,
        marked: screen.is_marked(&row.record),
        context: row.context,
        late: row.late,
        since: row.since,
    }
}

/// Which logs, through which filter, how many.
fn title<'a>(state: &'a State, painter: &Painter<'_>, id: &PanelId) -> Frame<'a> {
    let screen = &state.console.screens.logs;
    let dot = painter.glyphs().dot;
    let name = screen.only.as_ref().map_or_else(|| "all logs".to_owned(), |name| format!("log {name}"));
    let mut shape = frame(state, painter, id, name);
    if !screen.filter.is_empty() {
        shape = shape.with(Line::of(screen.filter.clone(), Role::LogMatch), dot);
    }
    if former(state).is_some() {
        shape = shape.with(Line::of("esc goes back", Role::TextDim), dot);
    }
    let passing = screen.pane.view().len() as u64;
    shape = shape.with(Line::plain(figures::count(passing)), dot);
    if let Some(searched) = &screen.search {
        let (at, of) = screen.hit().unwrap_or_default();
        let place = if at > 0 {
            format!("{} of {}", figures::count(at as u64), figures::count(of as u64))
        } else {
            figures::count(of as u64)
        };
        shape = shape.with(Line::of(format!("{searched}: {place} found"), Role::LogMark), dot);
    }
    if let Some(done) = screen.progress() {
        shape = shape.with(Line::of(format!("searching, {done} %"), Role::StatusPending), dot);
    }
    shape
}

/// How the records are looked at, and whether they follow; in `room` columns the latter alone.
fn standing(state: &State, painter: &Painter<'_>, room: usize) -> Line<'static> {
    let screen = &state.console.screens.logs;
    let mut words = Line::new();
    if screen.column > 0 {
        words = words.then(format!("from column {}", screen.column + 1), Role::TextDim);
    }
    if screen.context > 0 && !screen.filter.is_empty() {
        words = words.then(format!("{} lines around", screen.context), Role::TextDim);
    }
    if let Some(at) = state.console.time_cursor.filter(|at| elsewhere(state, *at)) {
        let zone = state.world.config.console.timezone;
        let key = state.console.keymap.key_of(Command::GoToTime).map_or_else(String::new, |key| key.to_string());
        words = words
            .then(format!("{key} goes to {}", figures::moment(at, state.shown_now().utc, zone)), Role::ChartCursor);
    }
    words = words.join(trouble(state));
    let following = following(state, painter);
    if words.is_empty() || words.width() + following.width() + 2 > room {
        return following;
    }
    words.and("  ", Role::Text).join(following)
}

/// The logs of which no records come now: the records of the others must not hide that.
fn trouble(state: &State) -> Line<'static> {
    type Test = fn(&LogState) -> bool;
    let shown = || state.console.screens.logs.pane.sources().iter().filter_map(|at| state.world.logs.get(*at));
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
            return Line::of(format!(" {} {words}", one_or_all(first, these.count())), role);
        }
    }
    let Some((first, _)) = left.first() else { return Line::new() };
    let words = log::catching_up(left.iter().map(|(_, left)| left).sum());
    Line::of(format!(" {} {words}", one_or_all(first, left.len() - 1)), Role::StatusPending)
}

/// The name of a log where it is the only one, else how many there are.
fn one_or_all(first: &LogView, more: usize) -> String {
    if more == 0 { first.name.to_string() } else { format!("{} logs", more + 1) }
}

/// Following, or how much came since it stands still.
fn following(state: &State, painter: &Painter<'_>) -> Line<'static> {
    let screen = &state.console.screens.logs;
    if screen.pane.follow {
        let shown = screen.pane.sources().iter().filter_map(|at| state.world.logs.get(*at));
        return log::rate_words(shown.map(|log| log.rate).sum()).then("following", Role::StatusOk);
    }
    let new = screen.pane.new_records as u64;
    if new > 0 {
        let down = painter.glyphs().down;
        return Line::of(format!("{down} {} new, G follows", figures::count(new)), Role::LogMark);
    }
    Line::of("held, G follows", Role::TextDim)
}

/// Whether the moment that is pointed at is another than that of the selected record.
fn elsewhere(state: &State, at: DateTime<Utc>) -> bool {
    let pane = &state.console.screens.logs.pane;
    pane.follow || pane.entry().is_none_or(|entry| (entry.at - at).abs() > TimeDelta::seconds(1))
}

/// Why there are no records.
fn nothing(state: &State) -> Notice<'static> {
    let screen = &state.console.screens.logs;
    let logs: Vec<&LogView> = screen.pane.sources().iter().filter_map(|at| state.world.logs.get(*at)).collect();
    if screen.progress().is_some() {
        return Notice::empty("searching what is held", "newest first");
    }
    if !screen.filter.is_empty() && logs.iter().any(|log| !log.ring.is_empty()) {
        let held = logs.iter().map(|log| log.ring.len() as u64).sum();
        return log::none_passes(held, "/ changes the filter, Esc takes it off");
    }
    log::nothing(&logs)
}
