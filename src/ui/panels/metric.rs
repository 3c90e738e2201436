//! One metric: its value and age in the frame, its course inside.

use std::time::Duration;

use ratatui::layout::Rect;

use super::{Height, PanelView, Room, focused, frame, note};
use crate::app::layout::Target;
use crate::app::row::RowKey;
use crate::app::screens::metrics::Axis;
use crate::app::state::State;
use crate::config::panels::{PanelId, PanelSubject};
use crate::theme::Role;
use crate::ui::figures;
use crate::ui::line::{Line, Span, cut};
use crate::ui::paint::{Painter, split_top};
use crate::ui::widgets::chart::{self, Chart};
use crate::ui::widgets::notice::Notice;
use crate::ui::widgets::{spark, status};
use crate::world::metrics::{MetricView, Point};

/// The spans of a metric's panel on the overview, the last for as long as the console runs.
const SPANS: [(Duration, &str); 3] =
    [(Duration::from_mins(5), "5m"), (Duration::from_mins(15), "15m"), (Duration::from_mins(30), "30m")];

/// The shortest that holds all there is: just after the start half an hour would be an empty box.
fn span(state: &State) -> (Duration, &'static str) {
    let [.., longest] = SPANS;
    SPANS.into_iter().find(|(span, _)| state.world.now.since(state.world.started) <= *span).unwrap_or(longest)
}

/// From this height on panels that stand one under the other have room for charts.
const TALL: u16 = 44;

pub(super) struct OneMetric;

impl PanelView for OneMetric {
    fn height(&self, _state: &State, _id: &PanelId, room: Room) -> Option<Height> {
        // A line without its chart has no use for a second row.
        let (least, most) = match room.is_narrow() {
            true if room.height < TALL => (1, 1),
            true => (1, 8),
            false => (5, 12),
        };
        Some(Height { most, yields: true, ..Height::from(least) })
    }

    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        draw(state, painter, id, area);
    }
}

fn draw(state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
    let PanelSubject::Metric(name) = &id.subject else { return };
    let Some(metric) = state.world.metric(name) else {
        let inner = frame(state, painter, id, name).draw(painter, area);
        Notice::error("no such metric", "the screen's layout names one that no longer exists").draw(painter, inner);
        return;
    };
    if area.height <= 2 {
        line(state, painter, metric, area, focused(state, id));
        note(painter, area, id.clone());
        return;
    }
    let plot = draw_chart(state, painter, metric, area, id, span(state));
    note(painter, plot, id.clone());
    painter.note(area, Target::Row(RowKey::Metric(metric.name.clone())));
}

/// A frame with a chart over a span, and the moment that logs and timeline point at in it. Returns where the plot is.
pub(crate) fn draw_chart(
    state: &State,
    painter: &mut Painter<'_>,
    metric: &MetricView,
    area: Rect,
    id: &PanelId,
    span: (Duration, &str),
) -> Rect {
    let value = value(painter, metric);
    // The name gives way to the value.
    let room = usize::from(area.width).saturating_sub(value.width() + 5).max(4);
    let mut inner = frame(state, painter, id, cut(&metric.title, room, painter.glyphs().ellipsis))
        .with(value, "")
        .note(caveat(metric, room, painter.glyphs().ellipsis).join(age(state, metric)))
        .draw(painter, area);
    if let Some(why) = metric.error.as_ref().filter(|_| metric.value.is_some() && inner.height > 2) {
        let (first, rest) = split_top(inner, 1);
        let why =
            Line::styled(Span::from(why).fitted(usize::from(first.width), painter.glyphs().ellipsis), Role::LevelError);
        painter.put(first, 0, &why);
        inner = rest;
    }
    let plot = chart::plot(inner);
    if metric.value.is_none() {
        nothing(metric).draw(painter, inner);
        return plot;
    }
    let points = course(state, metric, plot.width, span.0);
    let axis = Axis::new(usize::from(plot.width), span.0, metric.every, state.world.now);
    let cursor = state.console.time_cursor.and_then(|at| axis.back(at));
    let cursor_at = state.console.time_cursor.map_or_else(String::new, |at| {
        let zone = state.world.config.console.timezone;
        if figures::same_day(at, state.world.now.utc, zone) {
            figures::clock(at, zone)
        } else {
            figures::full(at, zone)
        }
    });
    let chart = Chart {
        points: &points,
        thresholds: &metric.thresholds,
        unit: &metric.unit,
        span: span.1,
        cursor,
        cursor_at: &cursor_at,
    };
    chart.draw(painter, inner);
    plot
}

/// The buckets of a span, one a column.
fn course(state: &State, metric: &MetricView, columns: u16, span: Duration) -> Vec<Option<Point>> {
    let columns = usize::from(columns).max(1);
    let Axis { bucket, buckets, .. } = Axis::new(columns, span, metric.every, state.world.now);
    let points = metric.points(buckets, bucket, state.world.now);
    // Fewer, longer buckets are drawn as wide as they last.
    (0..columns).map(|column| points.get(column * buckets / columns).copied().flatten()).collect()
}

/// Name, value, sparkline and age in one row.
fn line(state: &State, painter: &mut Painter<'_>, metric: &MetricView, area: Rect, focused: bool) {
    let role = if focused { Role::TitleFocus } else { Role::Title };
    let words = Line::styled(metric.title.clone(), role).and(" ", Role::Text).join(value(painter, metric));
    let used = painter.put_at(area, 1, 0, &words) + 2;
    let age = age(state, metric);
    let end = u16::try_from(age.width()).unwrap_or(0) + 1;
    let room = area.width.saturating_sub(used.saturating_add(end).saturating_add(1));
    if room >= 4 {
        let words = match &metric.error {
            Some(why) => {
                let why = Span::from(why).fitted(usize::from(room), painter.glyphs().ellipsis);
                Line::styled(why, Role::LevelError)
            }
            None => sparkline(state, painter, metric, room),
        };
        painter.put_at(area, used, 0, &words);
    }
    painter.put_right(area, 0, &age);
}

/// Its course over the same span in one row.
pub(crate) fn sparkline(state: &State, painter: &Painter<'_>, metric: &MetricView, columns: u16) -> Line<'static> {
    let points = course(state, metric, columns, span(state).0);
    let values: Vec<Option<f64>> = points.iter().map(|point| point.map(|point| point.mean.max(0.0))).collect();
    spark::line(&values, 0.0, painter.glyphs(), Role::ChartLine)
}

/// The latest number, in the colour of what fires for it; STALE where it is too old; that there is none where the last
/// answer gave none.
pub(crate) fn value(painter: &Painter<'_>, metric: &MetricView) -> Line<'static> {
    let Some((_, number)) = metric.value else { return Line::styled(painter.glyphs().none, Role::TextDim) };
    // The word stands with the number: the age beside it may have no room.
    if metric.stale {
        return Line::styled(painter.glyphs().stale, Role::MarkStale)
            .then("STALE", Role::MarkStale)
            .then(metric.mark() + &figures::value(number, &metric.unit), Role::TextDim);
    }
    // The number of before would pass for one that came now.
    if metric.error.is_some() {
        return Line::styled("no value", Role::LevelError);
    }
    let role = match metric.severity {
        Some(severity) => status::severity_role(severity),
        None => Role::TextStrong,
    };
    Line::styled(metric.mark() + &figures::value(number, &metric.unit), role)
}

/// What the latest number leaves out, within `room` columns.
fn caveat(metric: &MetricView, room: usize, ellipsis: &str) -> Line<'static> {
    let Some(caveat) = &metric.caveat else { return Line::new() };
    let text = cut(caveat.text.as_str(), room.min(48), ellipsis);
    Line::styled(text, Role::MarkStale).and(" ", Role::Text)
}

/// How old the latest number is.
pub(crate) fn age(state: &State, metric: &MetricView) -> Line<'static> {
    let role = if metric.stale { Role::MarkStale } else { Role::TextDim };
    metric.age(state.world.now).map_or_else(Line::new, |age| Line::styled(figures::age(age), role))
}

/// Why there is no course.
fn nothing(metric: &MetricView) -> Notice<'_> {
    match &metric.error {
        Some(error) => Notice::error("no value", error),
        None => Notice::empty("waiting for the first value", format!("due every {}", figures::span(metric.every))),
    }
}
