//! One check in full: status, latency, what is wrong, its parts.

use std::time::Duration;

use ratatui::layout::Rect;

use super::{Height, PanelView, Room, frame, note, services};
use crate::app::state::State;
use crate::config::panels::{PanelId, PanelSubject};
use crate::model::status::Status;
use crate::theme::{GlyphSet, Role};
use crate::ui::figures;
use crate::ui::line::{Line, Span};
use crate::ui::paint::Painter;
use crate::ui::widgets::notice::Notice;
use crate::ui::widgets::{status, tree};
use crate::world::checks::CheckView;
use crate::world::reason::Reason;

/// Percentiles in detail are of this window.
const WINDOW: Duration = Duration::from_hours(1);
/// Where there is room they are of these, so that now can be compared with before.
const WINDOWS: [Duration; 3] = [Duration::from_mins(5), WINDOW, Duration::from_hours(24)];
/// Rows from which there is that room.
const ROOMY: u16 = 9;

pub(super) struct OneCheck;

impl PanelView for OneCheck {
    fn height(&self, _state: &State, _id: &PanelId, _room: Room) -> Option<Height> {
        Some(Height { most: 18, ..Height::from(4) })
    }

    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        draw(state, painter, id, area);
    }
}

fn draw(state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
    let PanelSubject::Check(name) = &id.subject else { return };
    let Some(check) = state.seen().check(name) else {
        let inner = frame(state, painter, id, name).draw(painter, area);
        Notice::error("no such check", "the screen's layout names one that no longer exists").draw(painter, inner);
        return;
    };
    let glyphs = painter.glyphs();
    let words = status::label(check.status, check.stale, glyphs, status::FULL);
    let title = state.seen().title_of_check(&check.name);
    let inner =
        frame(state, painter, id, Span::borrowed(title)).with(words, "").note(polled(state, check)).draw(painter, area);
    note(painter, inner, id.clone());
    let room = Rect { width: inner.width.saturating_sub(2), ..inner };
    for (row, line) in (0..inner.height).zip(lines(state, glyphs, check, room)) {
        painter.put_at(inner, 1, row, &line);
    }
}

/// How old the latest answer is.
pub(crate) fn polled(state: &State, check: &CheckView) -> Line<'static> {
    check.age(state.seen().now).map_or_else(
        || Line::styled("not polled yet", Role::TextDim),
        |age| Line::styled(figures::age(age), if check.stale { Role::MarkStale } else { Role::TextDim }),
    )
}

/// How many lines there are in that room. The percentiles of long windows take what a frame has no time for
/// twice: their lines are counted, not made.
pub(super) fn height(state: &State, check: &CheckView, room: Rect) -> usize {
    let more = if room.height >= ROOMY { windows(check).len().saturating_sub(1) } else { 0 };
    lines(state, GlyphSet::UTF8, check, Rect { height: 0, ..room }).len() + more
}

/// What is wrong, latencies, the interval and the next poll, the parts.
pub(crate) fn lines<'a>(state: &'a State, glyphs: GlyphSet, check: &'a CheckView, room: Rect) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    let width = usize::from(room.width);
    let reason = state.seen().reason(check);
    match reason {
        Reason::Stale(..) | Reason::NeverAnswered(_) => {
            lines.extend(Line::styled(reason.to_string(), Role::MarkStale).wrapped(width, 0));
        }
        Reason::NoNetwork(_) | Reason::Waiting => {
            lines.extend(Line::styled(reason.to_string(), Role::TextDim).wrapped(width, 0));
        }
        _ => {}
    }
    // Where all of the error is its own it is said once.
    if let Some(own) = check.own_reason.as_ref().filter(|own| check.error.as_ref() != Some(*own)) {
        lines.extend(Line::styled(own, Role::LevelError).wrapped(width, 0).into_iter().take(2));
    }
    // What was seen before our own network went away says nothing of now.
    let is_believed = check.status != Status::Ok && !matches!(reason, Reason::NoNetwork(_));
    if let Some(error) = check.error.as_ref().filter(|_| is_believed) {
        lines.extend(Line::styled(error, Role::LevelError).wrapped(width, 0).into_iter().take(3));
    }
    if let Some((so_far, needed)) = check.streak {
        lines.push(Line::styled(format!("{so_far} of {needed} polls towards the next status"), Role::StatusPending));
    }
    // What fails comes before how fast it answered.
    let parts = || check.components().map(|parts| tree::lines(parts, glyphs)).unwrap_or_default();
    let is_well = matches!(check.status, Status::Ok | Status::Cold);
    if !is_well {
        lines.extend(parts());
    }
    let mut windows = if room.height >= ROOMY { windows(check) } else { vec![WINDOW] };
    let last = windows.pop().unwrap_or(WINDOW);
    // What they are of: metrics have percentiles of their own.
    let labelled = |window| Line::styled("latency ", Role::TextLabel).join(latencies(glyphs, check, window));
    lines.extend(windows.into_iter().map(labelled));
    let (latencies, schedule) = (labelled(last), schedule(state, check));
    let full = schedule.clone().join(since_due(check));
    // Where polls begin late a person must see it; else it is shown where there is room.
    let shorter = Some(schedule).filter(|_| !begins_late(check));
    let fits = |schedule: &Line<'_>| latencies.width() + schedule.width() + 2 <= width;
    match [Some(full.clone()), shorter].into_iter().flatten().find(fits) {
        Some(schedule) => lines.push(latencies.and("  ", Role::Text).join(schedule)),
        None => lines.extend([latencies, full]),
    }
    if is_well {
        lines.extend(parts());
    }
    lines.push(services::sparkline(state, glyphs, check, u16::try_from(width.min(60)).unwrap_or(60)));
    lines
}

/// The windows whose percentiles differ: a longer one only where it holds more.
fn windows(check: &CheckView) -> Vec<Duration> {
    let mut minutes = 0;
    let holds_more = |window: &Duration| {
        let before = std::mem::replace(&mut minutes, check.minutes_measured(*window));
        minutes > before
    };
    WINDOWS.into_iter().filter(holds_more).collect()
}

/// The same of the usual window.
pub(crate) fn usual_latencies(glyphs: GlyphSet, check: &CheckView) -> Line<'static> {
    latencies(glyphs, check, WINDOW)
}

/// `p50 3ms  p90 8ms  p95 12ms  p99 40ms  1h`.
fn latencies(glyphs: GlyphSet, check: &CheckView, window: Duration) -> Line<'static> {
    let merged = check.latencies(window);
    let has_answered = check.percentile_of_answers(0.5, window).is_some();
    // Without answers now they would pass for how fast it is.
    let role = if check.is_answering() { Role::Text } else { Role::TextDim };
    let mut words = Line::new();
    for (name, quantile) in [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99)] {
        let figure = merged.percentile(quantile).filter(|_| has_answered);
        let figure = figure.map_or_else(|| glyphs.none.to_owned(), figures::milliseconds);
        words = words.and(format!("{name} "), Role::TextLabel).and(format!("{figure:<6} "), role);
    }
    if has_answered && !check.is_answering() {
        words = words.and(format!("{} ", glyphs.stale), Role::MarkStale);
    }
    let words = words.and(figures::age(window), Role::TextDim);
    match check.percentiles_note() {
        Some(note) => words.and(format!(", {note}"), Role::TextDim),
        None => words,
    }
}

/// `every 15s, next in 7s, 2 overruns`. The countdown is coarse, as ages are.
pub(crate) fn schedule(state: &State, check: &CheckView) -> Line<'static> {
    let mut words = Line::styled(format!("every {}", figures::span(check.every)), Role::TextDim);
    if let Some(next) = check.next_due(state.seen().now).filter(|_| check.every >= Duration::from_secs(10)) {
        words = words.and(format!(", next in {}", figures::age(next)), Role::TextDim);
    }
    if check.overruns > 0 {
        words = words.and(format!(", {}", figures::counted(check.overruns, "overrun")), Role::StatusDegraded);
    }
    words
}

/// `, answered 12ms after due`: what a user of the service would have waited, where polls begin late.
fn since_due(check: &CheckView) -> Line<'static> {
    check.since_due().map_or_else(Line::new, |waited| {
        let waited = figures::milliseconds(waited.as_millis() as u64);
        Line::styled(format!(", answered {waited} after due"), Role::TextDim)
    })
}

/// Whether the latest poll began so late that its latency alone tells less than its user waited.
fn begins_late(check: &CheckView) -> bool {
    const NOTICEABLE: Duration = Duration::from_millis(100);
    let Some(timing) = check.last.as_ref().map(|reading| reading.timing) else { return false };
    timing.sent.since(timing.scheduled) >= NOTICEABLE
}
