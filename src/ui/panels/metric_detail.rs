//! What is known of a metric or of the latency of a check, beside its chart: its alerts and how they stand, what it came to over several spans, what it
//! was before, what happened meanwhile.

use std::time::Duration;

use ratatui::layout::Rect;

use super::metric_chart::{mark, summary};
use super::{alerts, frame, metric};
use crate::app::charts::{concerns, happened, shifted};
use crate::app::metrics::span;
use crate::app::screens::metrics::{Before, fitted};
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::lang::condition::Condition;
use crate::model::alert::Severity;
use crate::model::series::OlderSpans;
use crate::theme::Role;
use crate::ui::figures;
use crate::ui::line::{Line, Span};
use crate::ui::paint::Painter;
use crate::ui::widgets::status;
use crate::world::alerts::{AlertSubject, AlertView};
use crate::world::charted::Charted;
use crate::world::timeline::TimelineEntry;

/// Columns of it.
pub(super) const WIDTH: u16 = 52;
/// Columns of the labels.
const LABEL: usize = 11;
/// The spans that are summed up, each where more is known than fills the one before.
const SPANS: [Duration; 5] = [
    Duration::from_mins(5),
    Duration::from_hours(1),
    Duration::from_hours(24),
    Duration::from_hours(7 * 24),
    Duration::from_hours(30 * 24),
];
/// What was before is the average of so long.
const BEFORE: Duration = Duration::from_mins(5);

/// Draws it; nothing where it is given no room.
pub(super) fn draw(state: &State, painter: &mut Painter<'_>, shown: Charted<'_>, area: Rect, id: &PanelId) {
    if area.is_empty() {
        return;
    }
    let inner = frame(state, painter, id, "figures").draw(painter, area);
    let width = usize::from(inner.width.saturating_sub(2)).max(1);
    let mut lines = of_now(state, painter, shown);
    lines.extend(spans(state, shown, width));
    lines.extend(before(state, shown));
    lines.extend(meanwhile(state, shown));
    for (row, line) in (0..inner.height).zip(&lines) {
        painter.put_at(inner, 1, row, line);
    }
}

fn label(name: &str) -> Line<'static> {
    Line::styled(format!("{name:<LABEL$} "), Role::TextLabel)
}

/// Its number, where it comes from, its alerts.
fn of_now<'a>(state: &'a State, painter: &Painter<'_>, shown: Charted<'a>) -> Vec<Line<'a>> {
    let every = Line::styled(format!("  every {}", figures::span(shown.every())), Role::TextDim);
    let mut lines = vec![label("value").join(metric::value(state, painter, shown)).join(every)];
    if let Some(service) = shown.service() {
        lines.push(label("service").and(Span::borrowed(state.seen().title_of_service(service)), Role::Text));
    }
    let of_it = |alert: &&AlertView| match (&alert.subject, shown) {
        (AlertSubject::Metric(name), Charted::Metric(metric)) => *name == metric.name,
        (AlertSubject::Check(name), Charted::Check(check)) => *name == check.name,
        _ => false,
    };
    let standing: Vec<&AlertView> = state.seen().alerts.iter().filter(of_it).collect();
    for (at, (severity, condition)) in conditions(state, shown).iter().enumerate() {
        let line = label(if at == 0 { "alerts" } else { "" })
            .and(severity.word(), status::severity_role(*severity))
            .then(Span::borrowed(&condition.written), Role::Text);
        let alert = standing.iter().find(|alert| alert.severity == *severity);
        lines.push(match alert {
            Some(alert) => line.and("  ", Role::Text).join(alerts::standing(state, painter, alert)),
            None => line.and("  not reached", Role::TextDim),
        });
    }
    lines
}

/// The conditions of its alerts.
fn conditions<'a>(state: &'a State, shown: Charted<'_>) -> &'a [(Severity, Condition)] {
    let config = &state.seen().config;
    let found = match shown {
        Charted::Metric(view) => config.metrics.iter().find(|it| it.name == view.name).map(|it| it.alerts.as_slice()),
        Charted::Check(view) => config.checks.iter().find(|it| it.name == view.name).map(|it| it.alerts.as_slice()),
    };
    found.unwrap_or_default()
}

/// What it came to over each span of which more is known than of the one before.
fn spans(state: &State, shown: Charted<'_>, width: usize) -> Vec<Line<'static>> {
    let known = shown.first().map_or(Duration::ZERO, |first| state.seen().now.mono.saturating_sub(first));
    let mut longest = Duration::ZERO;
    let is_more = |span: &Duration| std::mem::replace(&mut longest, *span) < known;
    let room = width.saturating_sub(LABEL + 1);
    let line = |(span, word)| label(word).join(summary(state, shown, span, room));
    SPANS.into_iter().filter(is_more).map(|span| line(fitted(span, known))).collect()
}

/// What it was an hour, a day and a week ago, where that is known.
fn before(state: &State, shown: Charted<'_>) -> Vec<Line<'static>> {
    let line = |before: Before| {
        let then = shifted(state.seen().now, before.ago()?)?;
        let [point] = shown.points(OlderSpans::NONE, 1, BEFORE, then)[..] else { return None };
        Some(label(before.words()).and(figures::value(point?.mean, shown.unit()), Role::Text))
    };
    [Before::Hour, Before::Day, Before::Week].into_iter().filter_map(line).collect()
}

/// What is marked in the charts, newest first.
fn meanwhile<'a>(state: &'a State, subject: Charted<'_>) -> Vec<Line<'a>> {
    let world = state.seen();
    let shown = happened(state).take_while(|entry| world.now.since(entry.at) <= span(state).0);
    let shown = shown.filter(|entry| concerns(entry, subject));
    let marked = shown.filter_map(|entry| Some((entry, mark(&entry.kind)?.1)));
    let line = |(at, (entry, role)): (usize, (&'a TimelineEntry, Role))| {
        let moment = figures::moment(entry.at.utc, world.now.utc, world.config.console.timezone);
        label(if at == 0 { "meanwhile" } else { "" }).and(moment, Role::LogTime).then(&entry.text, role)
    };
    marked.enumerate().map(line).collect()
}
