//! Logs: merged records under their levels over time, with filter, search, marks.

use std::time::Duration;

use ratatui::layout::Rect;

use crate::app::layout::PanelId;
use crate::app::screens::logs::{LogsScreen, Row};
use crate::app::state::State;
use crate::app::world::logs::LogView;
use crate::model::record::Level;
use crate::theme::Role;
use crate::ui::figures;
use crate::ui::paint::{Painter, split_top};
use crate::ui::panels::{focused, frame, log, note};
use crate::ui::widgets::frame::Frame;
use crate::ui::widgets::levels::{self, Counts};
use crate::ui::widgets::log::{LogRow, LogStyle};
use crate::ui::widgets::notice::Notice;
use crate::ui::words::Words;

/// Rows from which the levels over time are worth theirs.
const ROOM_FOR_LEVELS: u16 = 16;
/// The span of the levels.
const SPAN: Duration = Duration::from_hours(1);

/// Draws it.
pub fn draw(state: &State, painter: &mut Painter<'_>, area: Rect) {
    let screen = &state.screens.logs;
    let shown = screen.histogram && area.height >= ROOM_FOR_LEVELS;
    let (upper, lower) = split_top(area, if shown { (area.height / 6).clamp(4, 7) } else { 0 });
    if shown {
        over_time(state, painter, upper);
    }
    records(state, painter, lower);
}

/// How many records of which level came when.
fn over_time(state: &State, painter: &mut Painter<'_>, area: Rect) {
    let id = PanelId::Histogram;
    let inner = Frame::inner(area);
    let histogram = state.screens.logs.pane.view().histogram();
    let columns = usize::from(inner.width.saturating_sub(levels::LABEL)).max(1);
    let to = state.now.utc;
    let from = to - chrono::Duration::from_std(SPAN).unwrap_or_default();
    let (width, bars) = histogram.bars(from, to, columns);
    let buckets: Vec<Counts> = bars
        .iter()
        .map(|bar| {
            let of = |level: Level| u64::from(bar.counts[level as usize]);
            let errors = of(Level::Error) + of(Level::Fatal);
            let all: u64 = bar.counts.iter().map(|count| u64::from(*count)).sum();
            Counts { errors, warnings: of(Level::Warn), others: all - errors - of(Level::Warn) }
        })
        .collect();
    let sum = |of: fn(&Counts) -> u64| buckets.iter().map(of).sum::<u64>();
    let mut words = Words::new();
    for (n, word, role) in [
        (sum(|counts| counts.errors), "errors", Role::LevelError),
        (sum(|counts| counts.warnings), "warnings", Role::LevelWarn),
        (sum(|counts| counts.others), "others", Role::LevelInfo),
    ] {
        words = words.then(format!("{} {word}", figures::count(n)), role);
    }
    let each = figures::left(Duration::from_secs(u64::try_from(width).unwrap_or_default()));
    frame(state, painter, &id, "last hour")
        .with(words, painter.glyphs().dot)
        .note(Words::of(format!("a bar is {each}"), Role::TextDim))
        .draw(painter, area);
    note(painter, inner, id);
    levels::draw(painter, inner, &buckets);
}

/// The records.
fn records(state: &State, painter: &mut Painter<'_>, area: Rect) {
    let id = PanelId::Records;
    let inner = Frame::inner(area);
    let screen = &state.screens.logs;
    let shape = title(state, painter, &id);
    shape.note(standing(state, painter)).foot(losses(state)).draw(painter, area);
    note(painter, inner, id.clone());
    let rows = screen.rows(&state.logs, usize::from(inner.height));
    if rows.is_empty() {
        nothing(state).draw(painter, inner);
        return;
    }
    let rows: Vec<LogRow<'_>> = rows.iter().map(|row| log_row(screen, row)).collect();
    let finder = |text: &str| screen.hits(text);
    let style = LogStyle {
        timestamps: state.timestamps,
        zone: state.config.console.timezone,
        now: state.now,
        source: log::source_width(state, screen.pane.sources().len(), rows.iter().map(|row| row.record)),
        wrap: state.wrap,
        column: screen.column,
        finder: &finder,
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
    }
}

/// Which logs, through which filter, how many.
fn title<'a>(state: &'a State, painter: &Painter<'_>, id: &PanelId) -> Frame<'a> {
    let screen = &state.screens.logs;
    let dot = painter.glyphs().dot;
    let name = screen.only.as_ref().map_or_else(|| "all logs".to_owned(), |name| format!("log {name}"));
    let mut shape = frame(state, painter, id, name);
    if !screen.filter.is_empty() {
        shape = shape.with(Words::of(screen.filter.clone(), Role::LogMatch), dot);
    }
    let passing = screen.pane.view().len() as u64;
    shape = shape.with(Words::plain(figures::count(passing)), dot);
    if let Some(searched) = &screen.search {
        let (at, of) = screen.hit().unwrap_or_default();
        let place = if at > 0 {
            format!("{} of {}", figures::count(at as u64), figures::count(of as u64))
        } else {
            figures::count(of as u64)
        };
        shape = shape.with(Words::of(format!("{searched}: {place} found"), Role::LogMark), dot);
    }
    if let Some(done) = screen.progress() {
        shape = shape.with(Words::of(format!("searching, {done} %"), Role::StatusPending), dot);
    }
    shape
}

/// Following, or how much came since it stands still.
fn standing(state: &State, painter: &Painter<'_>) -> Words<'static> {
    let screen = &state.screens.logs;
    let mut words = Words::new();
    if screen.column > 0 {
        words = words.then(format!("from column {}", screen.column + 1), Role::TextDim);
    }
    if screen.context > 0 && !screen.filter.is_empty() {
        words = words.then(format!("{} lines around", screen.context), Role::TextDim);
    }
    if screen.pane.follow {
        let shown = screen.pane.sources().iter().filter_map(|at| state.logs.get(*at));
        let rate = shown.map(|log| log.rate).sum();
        if !words.is_empty() {
            words.push(" ", Role::Text);
        }
        return words.join(log::rate_words(rate)).then("following", Role::StatusOk);
    }
    let new = screen.pane.new_records as u64;
    if new > 0 {
        let down = painter.glyphs().down;
        return words.then(format!("{down} {} new, G follows", figures::count(new)), Role::LogMark);
    }
    words.then("held, G follows", Role::TextDim)
}

/// What could not be shown: said at once, not in a corner of the diagnostics.
fn losses(state: &State) -> Words<'static> {
    let shown = || state.screens.logs.pane.sources().iter().filter_map(|at| state.logs.get(*at));
    let of = |count: fn(&LogView) -> u64| shown().map(count).sum::<u64>();
    let mut words = Words::new();
    for (n, text) in [
        (of(|log| log.loss.dropped.max(log.ring.dropped())), "older records dropped"),
        (of(|log| log.loss.skipped_bytes), "bytes skipped"),
        (of(|log| log.loss.cut_bytes), "bytes cut from long lines"),
    ] {
        if n > 0 {
            words = words.then(format!("{} {text}", figures::count(n)), Role::TextDim);
        }
    }
    words
}

/// Why there are no records.
fn nothing(state: &State) -> Notice<'static> {
    let screen = &state.screens.logs;
    let logs: Vec<&LogView> = screen.pane.sources().iter().filter_map(|at| state.logs.get(*at)).collect();
    if screen.progress().is_some() {
        return Notice::empty("searching what is held", "the newest are looked at first");
    }
    if !screen.filter.is_empty() && logs.iter().any(|log| !log.ring.is_empty()) {
        let held: u64 = logs.iter().map(|log| log.ring.len() as u64).sum();
        return Notice::empty(
            format!("none of {} records passes the filter", figures::count(held)),
            "/ changes the filter, an empty one shows all",
        );
    }
    log::nothing(&logs)
}
