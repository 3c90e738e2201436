//! The chart of one metric or of the latency of one check in its frame: its course, the same of before, what happened meanwhile, where the cursor stands.

use std::collections::BTreeMap;
use std::time::Duration;

use ratatui::layout::Rect;

use super::metric::{age, caveat, nothing, title_within, value};
use super::{frame, next_key};
use crate::app::charts;
use crate::app::keymap::Command;
use crate::app::metrics::panel_span;
use crate::app::screens::metrics::{Axis, Before};
use crate::app::state::State;
use crate::config::panels::{self, PanelId};
use crate::lang::order::InOrder;
use crate::lang::time::Stamp;
use crate::model::latency::Merged;
use crate::theme::Role;
use crate::ui::figures;
use crate::ui::line::{Line, Span, cut};
use crate::ui::paint::{Painter, split_top};
use crate::ui::widgets::chart::{self, Chart, Cursor, Shading};
use crate::ui::widgets::frame::Frame;
use crate::ui::widgets::notice::Notice;
use crate::ui::widgets::scale::Scale;
use crate::ui::widgets::time_axis::Mark;
use crate::ui::widgets::{spark, status, time_axis};
use crate::world::charted::Charted;
use crate::world::metrics::Point;
use crate::world::timeline::{EventKind, TimelineEntry};

const DAY: Duration = Duration::from_hours(24);

/// What a chart shows beside its subject.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown {
    /// The span that its columns cover, with its word.
    pub span: (Duration, &'static str),
    /// With which time it is compared.
    pub before: Before,
}

/// A frame with a chart over a span, and the moment that logs and timeline point at in it. Returns where the plot is.
pub(super) fn draw(
    state: &State,
    painter: &mut Painter<'_>,
    subject: Charted<'_>,
    area: Rect,
    id: &PanelId,
    shown: Shown,
) -> Rect {
    let ellipsis = painter.glyphs().ellipsis;
    let error = subject.error(state.seen().now).filter(|_| subject.value().is_some() && Frame::inner(area).height > 2);
    let mut inner = split_top(Frame::inner(area), u16::from(error.is_some())).1;
    let plot = chart::plot(inner);
    let axis = Axis::new(usize::from(plot.width), shown.span.0, subject.every(), state.seen().now);
    let cursor = state.console.time_cursor.and_then(|at| axis.back(at));
    let points = course(state, subject, plot.width, axis, (shown.span.0, Before::Off), state.seen().now);
    let before = then(state, subject, plot.width, axis, shown);
    let has_before = before.iter().any(Option::is_some);
    let foot = cursor
        .and_then(|back| happened(state, painter, subject, (axis, back), area.width))
        .unwrap_or_else(|| compared(state, painter, subject, shown.before, has_before));
    // Between the corners, with a blank on either side.
    let room = usize::from(area.width).saturating_sub(5);
    let is_summed = foot.is_empty() && id.is(&panels::CHARTS);
    let foot = if is_summed { summary(state, subject, shown.span.0, room) } else { foot };
    let value = value(state, painter, subject);
    // The name gives way to the value.
    let room = usize::from(area.width).saturating_sub(value.width() + 5).max(4);
    let whole = frame(state, painter, id, title_within(state, subject, room, ellipsis))
        .with(value, "")
        .note(caveat(subject, room, ellipsis).join(age(state, subject)))
        .foot(foot)
        .draw(painter, area);
    if let Some(why) = error {
        let (first, rest) = split_top(whole, 1);
        let why = Line::styled(Span::from(&*why).fitted(usize::from(first.width), ellipsis), Role::LevelError);
        painter.put(first, 0, &why);
        inner = rest;
    }
    if let Some(notice) = without_course(state, subject, &points, (id, shown)) {
        notice.draw(painter, inner);
        return plot;
    }
    let at = pointed_at(state, shown.span.0);
    let compared = if has_before { shown.before.words() } else { "" };
    let chart = Chart {
        points: &points,
        before: &before,
        thresholds: subject.thresholds(),
        shading: shading(subject),
        unit: subject.unit(),
        span: shown.span.1,
        ticks: &time_axis::ticks(axis, state.seen().config.console.timezone),
        marks: &marks(state, subject, axis),
        cursor: cursor.map(|back| Cursor { back, at: &at, before: compared }),
    };
    chart.draw(painter, inner);
    plot
}

/// The moment that the cursor is at: with its date where the chart shows other days.
fn pointed_at(state: &State, span: Duration) -> String {
    let zone = state.seen().config.console.timezone;
    state.console.time_cursor.map_or_else(String::new, |at| {
        let is_today = figures::same_day(at, state.seen().now.utc, zone);
        if is_today && span <= DAY { figures::clock(at, zone) } else { figures::full(at, zone) }
    })
}

/// How the range of its values is drawn and said.
const fn shading(subject: Charted<'_>) -> Shading {
    match subject {
        Charted::Metric(_) => Shading::Range,
        Charted::Check(_) => Shading::Percentiles,
    }
}

/// `avg 5.2 %  min 0 %  max 16 %` of what is known; in less room first without the least.
fn figures_of(points: &[Option<Point>], unit: &str, room: usize) -> Line<'static> {
    let known = || points.iter().flatten();
    if known().next().is_none() {
        return Line::new();
    }
    // Buckets at the ends of the span hold fewer values; where all are only carried on, each counts as one.
    let values: u64 = known().map(|point| u64::from(point.count)).sum();
    let weight = |point: &Point| if values == 0 { 1.0 } else { f64::from(point.count) };
    let average = known().map(|point| point.mean * weight(point)).sum::<f64>() / known().map(weight).sum::<f64>();
    let least = known().map(|point| point.min).fold(f64::INFINITY, f64::min);
    let most = known().map(|point| point.max).fold(f64::NEG_INFINITY, f64::max);
    let (average, least, most) = (("avg", average), ("min", least), ("max", most));
    fitting(&[&[average, least, most][..], &[average, most], &[most]], unit, room)
}

/// `p50 20 ms  p95 41 ms  max 1.2 s`, of all that was measured.
fn percentiles_of(latencies: &Merged, unit: &str, room: usize) -> Line<'static> {
    let at = |quantile| latencies.percentile(quantile).map(|ms| ms as f64);
    let (Some(median), Some(high), Some(most)) = (at(0.5), at(0.95), at(1.0)) else { return Line::new() };
    let (median, high, most) = (("p50", median), ("p95", high), ("max", most));
    fitting(&[&[median, high, most][..], &[median, high], &[high]], unit, room)
}

/// The first of these that fits.
fn fitting(forms: &[&[(&str, f64)]], unit: &str, room: usize) -> Line<'static> {
    let said = |figures: &[(&str, f64)]| {
        figures.iter().fold(Line::new(), |words, (name, number)| {
            let gap = if words.is_empty() { "" } else { "  " };
            let number = figures::value(*number, unit);
            words.and(format!("{gap}{name} "), Role::TextLabel).and(number, Role::Text)
        })
    };
    forms.iter().map(|figures| said(figures)).find(|words| words.width() <= room).unwrap_or_else(Line::new)
}

/// What is said instead of a chart: nothing is known at all, or nothing of the time that is shown.
fn without_course(
    state: &State,
    subject: Charted<'_>,
    points: &[Option<Point>],
    (id, shown): (&PanelId, Shown),
) -> Option<Notice<'static>> {
    let Some(age) = subject.age(state.seen().now) else { return Some(nothing(state, subject)) };
    if points.iter().any(Option::is_some) {
        return None;
    }
    let headline = format!("no values in the last {}; the newest is {} old", shown.span.1, figures::age(age));
    let next = if id.is(&panels::CHARTS) {
        next_key(state, Command::LongerRange, "shows a longer range")
    } else {
        next_key(state, Command::Open, "shows it on the metrics screen")
    };
    Some(Notice::empty(headline, next))
}

/// The buckets of an axis, one a column.
fn course(
    state: &State,
    subject: Charted<'_>,
    columns: u16,
    axis: Axis,
    shown: (Duration, Before),
    now: Stamp,
) -> Vec<Option<Point>> {
    let (columns, buckets) = (usize::from(columns).max(1), axis.buckets);
    let points = charts::points(state, subject, shown, axis, now);
    // Fewer, longer buckets are drawn as wide as they last.
    (0..columns).map(|column| points.get(column * buckets / columns).copied().flatten()).collect()
}

/// The same of the time with which is compared; empty where there is none.
fn then(state: &State, subject: Charted<'_>, columns: u16, axis: Axis, shown: Shown) -> Vec<Option<Point>> {
    let now = state.seen().now;
    let ago = charts::ago(state, subject, shown.before).filter(|ago| !ago.is_zero());
    let Some(ago) = ago else { return Vec::new() };
    // Whole buckets, so that both courses advance together.
    let width = axis.bucket.as_millis().max(1);
    let buckets = if shown.before == Before::Release {
        // The last of them ends before the release.
        now.mono.as_millis() / width + 1 - now.mono.saturating_sub(ago).as_millis() / width
    } else {
        (ago.as_millis() + width / 2) / width
    };
    let whole = u32::try_from(buckets).ok().and_then(|buckets| axis.bucket.checked_mul(buckets));
    let then = whole.and_then(|ago| charts::shifted(now, ago));
    then.map_or_else(Vec::new, |then| course(state, subject, columns, axis, (shown.span.0, shown.before), then))
}

/// What the line of before is, or that there is none.
fn compared(
    state: &State,
    painter: &Painter<'_>,
    subject: Charted<'_>,
    before: Before,
    is_there: bool,
) -> Line<'static> {
    let words = before.words();
    if before == Before::Off {
        return Line::new();
    }
    if is_there {
        return Line::styled(format!("{} {words}", painter.glyphs().before[1]), Role::ChartCompare);
    }
    let text = if subject.is_reading_past() || charts::is_reading_before(state, &subject.series(), before) {
        format!("reading data from {words}")
    } else if charts::ago(state, subject, before).is_none() {
        "no release on record".to_owned()
    } else {
        format!("no data from {words}")
    };
    Line::styled(text, Role::TextDim)
}

/// How much an entry of the timeline matters on a chart, and its colour; `None`: it is not marked there.
pub(super) fn mark(kind: &EventKind) -> Option<(u8, Role)> {
    match kind {
        EventKind::Fired(severity) => Some(match status::severity_role(*severity) {
            Role::SeverityCritical => (4, Role::ChartCritical),
            Role::SeverityHigh => (3, Role::SeverityHigh),
            role => (2, role),
        }),
        EventKind::Run { .. } | EventKind::Deployed { .. } => Some((1, Role::Key)),
        EventKind::Resolved(_) => Some((0, Role::StatusOk)),
        EventKind::Status { .. }
        | EventKind::Incident
        | EventKind::Reload
        | EventKind::Network
        | EventKind::Console
        | EventKind::Note => None,
    }
}

/// Columns at least so wide say how much happened in them: in narrower ones the cursor does.
const COUNTED_FROM: Duration = Duration::from_mins(10);

/// The columns in which something happened, with what matters most of it and how much it was.
fn marks(state: &State, subject: Charted<'_>, axis: Axis) -> Vec<Mark> {
    let (start, _) = axis.bounds();
    let shown = charts::happened(state).take_while(|entry| entry.at.utc >= start);
    let shown = shown.filter(|entry| charts::concerns(entry, subject));
    let marked = shown.filter_map(|entry| Some((mark(&entry.kind)?, axis.back(entry.at.utc)?)));
    let mut columns: BTreeMap<usize, ((u8, Role), usize)> = BTreeMap::new();
    for (of_entry, back) in marked {
        let (worst, count) = columns.entry(back).or_insert((of_entry, 0));
        *count += 1;
        if of_entry.0 > worst.0 {
            *worst = of_entry;
        }
    }
    let is_counted = axis.bucket >= COUNTED_FROM;
    let mark = |(back, ((_, role), count))| Mark { back, role, count: if is_counted { count } else { 1 } };
    columns.into_iter().map(mark).collect()
}

/// What happened in the cursor's column, in one line of at most `width` columns; `None`: nothing.
fn happened(
    state: &State,
    painter: &Painter<'_>,
    subject: Charted<'_>,
    (axis, back): (Axis, usize),
    width: u16,
) -> Option<Line<'static>> {
    let (from, to) = axis.moments(back);
    let entries = charts::happened(state).skip_while(|entry| entry.at.utc >= to);
    let entries = entries.filter(|entry| charts::concerns(entry, subject));
    let entries = entries.take_while(|entry| entry.at.utc >= from);
    let mut entries: Vec<(&TimelineEntry, (u8, Role))> =
        entries.filter_map(|entry| Some((entry, mark(&entry.kind)?))).collect();
    // The newest of what matters most.
    entries.order_by_key(|(_, (weight, _))| std::cmp::Reverse(*weight));
    let (entry, (_, role)) = *entries.first()?;
    let glyphs = painter.glyphs();
    let zone = state.seen().config.console.timezone;
    let at = figures::moment(entry.at.utc, state.seen().now.utc, zone);
    let more = if entries.len() > 1 { format!("+{} more", entries.len() - 1) } else { String::new() };
    let room = usize::from(width).saturating_sub(at.len() + more.len() + 10);
    let text = cut(entry.text.as_str(), room, glyphs.ellipsis);
    let line = Line::styled(glyphs.event, role).then(at, Role::LogTime).then(text, Role::Text);
    Some(if more.is_empty() { line } else { line.then(more, Role::TextDim) })
}

/// Buckets over which values are summed up: the same at every width, so that no two places disagree.
const SUMMED: u16 = 60;

/// What it came to over a span, in figures that fit in so many columns.
pub(super) fn summary(state: &State, subject: Charted<'_>, span: Duration, room: usize) -> Line<'static> {
    if let Some(latencies) = charts::latencies(state, subject, span) {
        return percentiles_of(&latencies, subject.unit(), room);
    }
    let now = state.seen().now;
    let axis = Axis::new(usize::from(SUMMED), span, subject.every(), now);
    figures_of(&charts::points(state, subject, (span, Before::Off), axis, now), subject.unit(), room)
}

/// Its course over the span of its panel in one row.
pub(super) fn sparkline(state: &State, painter: &Painter<'_>, subject: Charted<'_>, columns: u16) -> Line<'static> {
    let now = state.seen().now;
    let shown = (panel_span(state).0, Before::Off);
    let axis = Axis::new(usize::from(columns).max(1), shown.0, subject.every(), now);
    let course = |until| course(state, subject, columns, axis, shown, until);
    let ended = course(spark::until(now, axis.bucket));
    // The first bucket of all has not ended yet.
    let points = if ended.iter().any(Option::is_some) { ended } else { course(now) };
    let values: Vec<Option<f64>> = points.iter().map(|point| point.map(|point| point.mean)).collect();
    let scale = Scale::new(values.iter().flatten().copied(), subject.thresholds().iter().map(|(_, at, _)| *at));
    spark::line(&values, scale, painter.glyphs(), Role::ChartLine)
}
