//! What is known of the service that is shown, in a column: what is wrong, since when, its version, how fast it answers,
//! what was deployed and run last.

use ratatui::layout::Rect;

use super::services::{LATENCY_WINDOW, up};
use super::{Height, PanelView, Room, check, frame, note, runs, slo};
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::lang::condition::Condition;
use crate::model::alert::Severity;
use crate::model::run::Run;
use crate::theme::{GlyphSet, Role};
use crate::ui::figures;
use crate::ui::line::{Line, Span};
use crate::ui::paint::Painter;
use crate::ui::widgets::status;
use crate::world::services::ServiceView;
use crate::world::timeline::EventKind;

/// Columns of the names before the values.
const LABEL: usize = 9;

pub(super) struct ServiceDetail;

impl PanelView for ServiceDetail {
    fn height(&self, _state: &State, _id: &PanelId, _room: Room) -> Option<Height> {
        Some(Height { most: 12, ..Height::from(5) })
    }

    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        let Some(service) = state.regarded_service() else { return };
        let glyphs = painter.glyphs();
        let label = status::label(service.status, service.stale, glyphs, status::FULL);
        let title = service.title.clone();
        let inner = frame(state, painter, id, title).with(label, "").draw(painter, area);
        note(painter, inner, id.clone());
        let width = usize::from(inner.width.saturating_sub(2));
        let mut row = 0;
        for line in lines(state, painter, service) {
            for part in line.wrapped(width, LABEL + 1) {
                painter.put_at(inner, 1, row, &part);
                row += 1;
            }
        }
    }
}

fn lines<'a>(state: &'a State, painter: &Painter<'_>, service: &'a ServiceView) -> Vec<Line<'a>> {
    let glyphs = painter.glyphs();
    let world = state.seen();
    let label = |name: &str| Line::styled(format!("{name:<LABEL$} "), Role::TextLabel);
    let mut lines = Vec::new();
    if *service.title != *service.name {
        lines.push(label("name").and(&service.name, Role::Text));
    }
    if let Some(since) = service.since {
        let ago = format!(", {}", figures::elapsed(world.now.since(since.at)));
        let since = since.describe(world.now, world.config.console.timezone);
        let since = since.strip_prefix("since ").unwrap_or(&since).to_owned();
        lines.push(label("since").and(since, Role::Text).and(ago, Role::TextDim));
    }
    let leading = service.leading.and_then(|id| world.checks.get(id));
    if let Some(by) = service.by() {
        let by = world.title_of_service(by);
        lines.push(label("by").and(Span::borrowed(by), Role::MarkInhibited));
    }
    if let Some(why) = world.own_words(service) {
        lines.push(label("reason").and(why, Role::Text));
    }
    let version = leading.and_then(|check| check.last.as_ref()).and_then(|last| last.version.as_ref());
    if let Some(version) = version {
        lines.push(label("version").and(version, Role::Text));
    }
    if let Some(check) = leading {
        lines.push(label("latency").join(check::usual_latencies(glyphs, check)));
        let p95 = check.percentile_of_answers(0.95, LATENCY_WINDOW);
        let p95 = p95.map_or_else(|| glyphs.none.to_owned(), figures::milliseconds);
        let old =
            check.unanswered_for(world.now).map_or_else(String::new, |age| format!(" ({} old)", figures::age(age)));
        let figures = label("last 15m").and(format!("check p95 {p95}"), Role::Text).and(old, Role::MarkStale);
        lines.push(figures.and(", up ", Role::Text).join(up(glyphs, check, LATENCY_WINDOW, world.now)));
    }
    lines.extend(slo::of_service(state, service, glyphs.none).into_iter().map(|line| label("slo").join(line)));
    let needing = world.config.services.iter().filter(|other| other.depends_on.contains(&service.name));
    let needing: Vec<&str> = needing.map(|other| other.title.as_str()).collect();
    if !needing.is_empty() {
        lines.push(label("needed by").and(needing.join(", "), Role::Text));
    }
    lines.extend(watched(state, service));
    lines.extend(deployed(state, service).map(|words| label("deployed").join(words)));
    let runs = world.all_runs().into_iter().filter(|run| run.service.as_ref() == service.configured());
    let none = if world.is_past_unknown() { "store away" } else { "none" };
    lines.push(label("last run").join(
        runs.take(1).next().map_or_else(|| Line::styled(none, Role::TextDim), |run| last_run(state, glyphs, run)),
    ));
    lines
}

/// What of it would be an alert.
fn watched<'a>(state: &'a State, service: &ServiceView) -> Option<Line<'a>> {
    let checks = service.checks.iter().filter_map(|id| state.seen().checks.get(*id)).map(|check| &check.name);
    let written = checks.filter_map(|name| state.seen().config.checks.iter().find(|check| check.name == *name));
    let mut alerts = written.flat_map(|check| &check.alerts);
    let said = |line: Line<'a>, (severity, condition): &'a (Severity, Condition)| {
        line.and(severity.word(), status::severity_role(*severity)).then(Span::borrowed(&condition.written), Role::Text)
    };
    let label = Line::styled(format!("{:<LABEL$} ", "alerts"), Role::TextLabel);
    let first = said(label, alerts.next()?);
    Some(alerts.fold(first, |line, alert| said(line.and(", ", Role::TextDim), alert)))
}

fn last_run<'a>(state: &'a State, glyphs: GlyphSet, run: &'a Run) -> Line<'a> {
    Line::plain(Span::borrowed(state.seen().title_of(&run.action)))
        .and(" ", Role::Text)
        .join(runs::outcome_line(run, glyphs))
        .and(format!(" {} ago", runs::ago(state.seen().moment(), run)), Role::TextDim)
}

/// The newest release of a service that is on record.
fn deployed<'a>(state: &'a State, service: &ServiceView) -> Option<Line<'a>> {
    let mut events = state.seen().timeline.newest_first().filter(|entry| entry.service.as_ref() == Some(&service.name));
    events.find_map(|entry| {
        let EventKind::Deployed { release, who } = &entry.kind else { return None };
        let at = figures::moment(entry.at.utc, state.seen().now.utc, state.seen().config.console.timezone);
        let words = Line::plain(release).and(format!(" at {at} by "), Role::TextDim).and(who, Role::TextDim);
        Some(match &entry.reason {
            Some(subject) => words.and(": ", Role::TextDim).and(subject, Role::TextDim),
            None => words,
        })
    })
}
