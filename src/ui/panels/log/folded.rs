//! What the logs say again and again: one row for each shape of message in the last hour, errors first.

use std::cmp::Reverse;
use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use ratatui::layout::Rect;

use super::{foot, frame, newest, rate_line, source_width};
use crate::app::state::State;
use crate::app::tails::Tail;
use crate::config::panels::PanelId;
use crate::lang::order::InOrder;
use crate::logs::pattern;
use crate::logs::record::{Level, Record};
use crate::logs::repeats::RepeatedShape;
use crate::theme::Role;
use crate::ui::figures;
use crate::ui::line::Line;
use crate::ui::paint::Painter;
use crate::ui::panels::{focused, note};
use crate::ui::widgets::frame::Frame;
use crate::ui::widgets::log::{LogRow, LogStyle, is_dated};
use crate::world::logs::{LogView, Logs};

/// What came within so long goes before what came before that. Rows must not change places with every record.
const RECENT: TimeDelta = TimeDelta::minutes(5);

/// Draws them; `false` where nothing was said in the last hour.
pub(super) fn draw(
    state: &State,
    painter: &mut Painter<'_>,
    id: &PanelId,
    title: &Line<'_>,
    logs: &[&LogView],
    area: Rect,
) -> bool {
    let now = state.shown_now();
    let inner = Frame::inner(area);
    let folded = most_wanted(logs, now.utc, usize::from(inner.height));
    if folded.is_empty() {
        return false;
    }
    let dot = painter.glyphs().dot;
    let mut shape = frame(state, painter, id, "");
    shape.title = title.clone().all(if shape.focused { Role::TitleFocus } else { Role::Title });
    shape = shape.with(Line::styled("errors first", Role::TextDim), dot).with(errors(state, logs), dot);
    shape = shape.with(rate_line(logs.iter().map(|log| log.rate).sum::<f64>()), dot);
    let room = usize::from(area.width).saturating_sub(shape.title.width() + 8);
    let state_of_all = newest(state, logs, room, painter.glyphs().ellipsis);
    let rows: Vec<LogRow<'_>> = folded.iter().map(|(record, times)| row(record, *times)).collect();
    shape.note(state_of_all).foot(foot(painter, logs, &rows, area.width)).draw(painter, area);
    note(painter, inner, id.clone());
    let zone = state.seen().config.console.timezone;
    let records = || folded.iter().map(|(record, _)| *record);
    let style = LogStyle {
        timestamps: state.console.timestamps,
        zone,
        now,
        dated: is_dated(records(), now, zone),
        source: source_width(state, logs.len(), records()),
        wrap: false,
        column: 0,
        finder: &|_| Vec::new(),
        colours: state.console.colours,
        columns: state.columns(id),
        focused: focused(state, id),
    };
    let inner = style.head_row(painter, inner, &rows);
    style.draw(painter, inner, &rows);
    true
}

/// Records of a filter that are folded: a frame counts no more.
const FOLDED: usize = 500;

/// In so many rows there is room for what came before what, and nothing is folded.
const ROOMY: usize = 12;

/// The newest records that pass a filter; in few rows each shape of message once, in the place of its latest, with how
/// often it came.
pub(super) fn newest_of(tail: &Tail, logs: &Logs, most: usize) -> (Vec<Record>, Vec<u64>) {
    if most >= ROOMY {
        return (tail.last(logs, most), Vec::new());
    }
    let mut places: HashMap<(u64, Level), usize> = HashMap::new();
    let mut folded: Vec<(Record, u64)> = Vec::new();
    for record in tail.last(logs, FOLDED).into_iter().rev() {
        let shape = (pattern::hash_of(record.message.as_str()), record.level);
        let place = *places.entry(shape).or_insert(folded.len());
        match folded.get_mut(place) {
            Some((_, times)) => *times += 1,
            None => folded.push((record, 1)),
        }
    }
    folded.truncate(most);
    folded.into_iter().rev().unzip()
}

/// How many records pass, and of how many of them the counts are.
fn covers(passing: usize, rows: usize) -> Line<'static> {
    let all = figures::count(passing as u64);
    if passing <= FOLDED || rows >= ROOMY { Line::plain(all) } else { Line::plain(format!("newest {FOLDED} of {all}")) }
}

/// A title with the filter and how many records pass it.
pub(super) fn titled<'a>(shape: Frame<'a>, filtered: &Tail, rows: usize, dot: &'static str) -> Frame<'a> {
    let view = filtered.view();
    let shape = shape
        .with(Line::styled(view.filter().text().to_owned(), Role::LogMatch), dot)
        .with(covers(view.len(), rows), dot);
    match view.progress() {
        Some(done) => shape.with(Line::styled(format!("searching, {done} %"), Role::StatusPending), dot),
        None => shape,
    }
}

fn row(record: &Record, times: u64) -> LogRow<'_> {
    LogRow { record, selected: false, marked: false, context: false, late: false, since: None, times }
}

/// The latest record of each shape with how often it came: errors, then warnings, then others; of each what came of late,
/// what is worse, and what came often.
fn most_wanted<'a>(logs: &[&'a LogView], now: DateTime<Utc>, most: usize) -> Vec<(&'a Record, u64)> {
    let of = |log: &&'a LogView| -> Vec<(&'a LogView, &'a RepeatedShape, u64)> {
        let log: &'a LogView = log;
        log.repeats.of_hour(now).map(|(repeat, count)| (log, repeat, count)).collect()
    };
    let mut all: Vec<_> = logs.iter().flat_map(of).collect();
    let order = |(log, repeat, count): &(&'a LogView, &'a RepeatedShape, u64)| {
        let class = match repeat.level {
            Level::Error | Level::Fatal => 0,
            Level::Warn => 1,
            _ => 2,
        };
        let is_old = now - repeat.at > RECENT;
        let latest = Reverse((repeat.at, repeat.seq));
        (class, is_old, Reverse(repeat.level), Reverse(*count), latest, log.name.clone())
    };
    // Hundreds of logs have thousands of shapes: only those that are drawn are put in order.
    if all.len() > most && most > 0 {
        all.select_nth_unstable_by_key(most - 1, order);
    }
    all.truncate(most);
    all.order_by_key(order);
    let record = |(log, repeat, count): (&'a LogView, &'a RepeatedShape, u64)| {
        (log.ring.get(repeat.seq).unwrap_or(&repeat.kept), count)
    };
    all.into_iter().map(record).collect()
}

/// `254 errors in the last hour`, or since when they are counted where that is less, or that not all is read yet.
fn errors(state: &State, logs: &[&LogView]) -> Line<'static> {
    let now = state.shown_now().utc;
    let count: u64 = logs.iter().map(|log| log.repeats.errors(now)).sum();
    let begins = logs.iter().filter_map(|log| log.counted_since()).max();
    let zone = state.seen().config.console.timezone;
    let is_recent = |begins: &DateTime<Utc>| now - *begins < TimeDelta::hours(1);
    // Of a log that has been read for longer the whole hour is counted.
    let first = logs.iter().map(|log| log.counted_since().filter(is_recent)).min().flatten();
    let span = match (begins.filter(is_recent), first) {
        // What is still to be read may be of any minute.
        _ if logs.iter().any(|log| log.is_behind()) => "so far, still reading".to_owned(),
        (None, _) => "in the last hour".to_owned(),
        // That there were none is said of all of them.
        (Some(begins), _) if count == 0 => format!("since {}", figures::moment(begins, now, zone)),
        (Some(begins), Some(first)) => figures::counted_since(first, begins, now, zone),
        (Some(begins), None) => format!("in the last hour, complete since {}", figures::moment(begins, now, zone)),
    };
    match count {
        0 => Line::styled(format!("no errors {span}"), Role::TextDim),
        _ => Line::styled(format!("{} {span}", figures::counted(count, "error")), Role::LevelError),
    }
}
