//! One service: its checks with their parts, its metrics, actions and logs.

use std::borrow::Cow;

use ratatui::layout::Rect;

use crate::app::layout::{PanelId, Target};
use crate::app::state::State;
use crate::model::since::Since;
use crate::theme::Role;
use crate::ui::figures;
use crate::ui::footer::key_of_action;
use crate::ui::line::Line;
use crate::ui::paint::{Painter, shares, split_bottom, split_left, split_top};
use crate::ui::panels::{self, Listing, check, frame, log, metric, note, runs};
use crate::ui::widgets::frame::Frame;
use crate::ui::widgets::notice::Notice;
use crate::ui::widgets::status;
use crate::ui::widgets::table::{Column, Row, Table, beside_pointer, select};
use crate::world::services::ServiceView;

/// From this width on metrics and actions stand beside the checks.
const WIDE: u16 = 100;

/// Draws it.
pub(crate) fn draw(state: &State, painter: &mut Painter<'_>, area: Rect) {
    let Some(service) = state.shown_service() else {
        Notice::empty("no services yet", "add [service.NAME] and [check.NAME] to the configuration")
            .draw(painter, area);
        return;
    };
    let (title, rest) = split_top(area, 1);
    about(state, painter, service, title);
    let (upper, lower) = if service.logs.is_empty() {
        (rest, Rect { height: 0, ..rest })
    } else {
        split_bottom(rest, (rest.height * 2 / 5).max(4))
    };
    let aside = !(service.metrics.is_empty() && service.actions.is_empty());
    if aside && area.width >= WIDE {
        let (left, right) = split_left(upper, area.width * 11 / 20);
        checks(state, painter, left);
        side(state, painter, service, right);
    } else if aside && upper.height >= 12 {
        let (left, right) = split_top(upper, upper.height * 3 / 5);
        checks(state, painter, left);
        side(state, painter, service, right);
    } else {
        checks(state, painter, upper);
    }
    if !lower.is_empty() {
        logs(state, painter, lower);
    }
}

/// Metrics above actions, or whichever there are.
fn side(state: &State, painter: &mut Painter<'_>, service: &ServiceView, area: Rect) {
    let rows = |n: usize| u16::try_from(n).unwrap_or(u16::MAX).saturating_add(2);
    match (service.metrics.is_empty(), service.actions.is_empty()) {
        (false, false) => {
            let heights = shares(area.height, &[rows(service.metrics.len()), rows(service.actions.len())], 3);
            let (upper, lower) = split_top(area, heights[0]);
            metrics(state, painter, upper);
            actions(state, painter, lower);
        }
        (false, true) => metrics(state, painter, area),
        _ => actions(state, painter, area),
    }
}

/// Status, since when, what it depends on, where its runbook is.
fn about(state: &State, painter: &mut Painter<'_>, service: &ServiceView, row: Rect) {
    let glyphs = painter.glyphs();
    let mut words = Line::plain(" ")
        .and(service.title.clone(), Role::TextStrong)
        .and("  ", Role::Text)
        .join(status::words(service.status, service.stale, glyphs, status::FULL))
        .and(standing(state, service.since), Role::TextDim);
    words = match (&service.blocked_by, &service.own_reason) {
        (Some(by), Some(own)) => {
            words.and("  ", Role::Text).join(panels::services::own_and(own, by, 60, glyphs.ellipsis))
        }
        (Some(by), None) => words.and(format!("  {} explained by {by}", glyphs.inhibited), Role::MarkInhibited),
        (None, _) => words,
    };
    if let Some(config) = state.world.config.services.iter().find(|config| config.name == service.name) {
        for (at, name) in config.depends_on.iter().enumerate() {
            words = words.and(if at == 0 { "  depends on " } else { ", " }, Role::TextDim).and(name, Role::Text);
            if let Some(other) = state.world.service(name) {
                words = words.and(" ", Role::Text).join(status::words(other.status, other.stale, glyphs, 1));
            }
        }
        if let Some(runbook) = &config.runbook {
            words = words.and("  runbook ", Role::TextDim).and(runbook.clone(), Role::Text);
        }
        for (name, url) in &config.links {
            words = words.and(format!("  {name} "), Role::TextDim).and(url.clone(), Role::Text);
        }
    }
    painter.put(row, 0, &words);
}

/// ` 3m`, or ` since before 05:24:10Z` where it was not seen to begin.
fn standing(state: &State, since: Option<Since>) -> String {
    match since {
        None => String::new(),
        Some(since) if since.seen => format!(" {}", figures::age_since(Some(since), state.world.now, "")),
        Some(since) => format!(" {}", since.describe(state.world.now, state.world.config.console.timezone)),
    }
}

/// Its checks, each with what is wrong, latencies and parts below it.
pub(super) fn checks(state: &State, painter: &mut Painter<'_>, area: Rect) {
    let id = PanelId::Checks;
    let inner = Frame::inner(area);
    let listing = Listing::new(state, &id, usize::from(inner.height));
    let height = usize::from(inner.height);
    let focused = panels::focused(state, &id);
    // Rows: the name of a check, and the lines below it.
    let mut lines: Vec<(Option<usize>, Line<'_>)> = Vec::new();
    let below = beside_pointer(inner).width.saturating_sub(2);
    for (at, key) in listing.keys.iter().enumerate() {
        let Some(check) = state.world.check(key) else { continue };
        lines.push((Some(at), heading(state, painter, check)));
        let detail = check::lines(state, painter, check, below);
        lines.extend(detail.into_iter().map(|words| (None, Line::plain("  ").join(words))));
    }
    let chosen = listing.selected.map(|at| at + listing.shown.start);
    let line_of = |wanted: usize| lines.iter().position(|(at, _)| *at == Some(wanted)).unwrap_or(0);
    let first = line_of(listing.shown.start);
    // The whole of the chosen check is brought in sight where it fits.
    let first = chosen.map_or(first, |chosen| {
        let (top, end) =
            (line_of(chosen), if chosen + 1 < listing.keys.len() { line_of(chosen + 1) } else { lines.len() });
        first.min(top).max(end.saturating_sub(height).min(top))
    });
    let total = lines.len();
    let shown = first..(first + height).min(total);
    let place = crate::ui::widgets::table::position(&shown, total);
    frame(state, painter, &id, "checks").foot(place).draw(painter, area);
    note(painter, inner, id);
    if lines.is_empty() {
        Notice::empty("no checks", "add [check.NAME] with service = \"…\"").draw(painter, inner);
        return;
    }
    for (row, (at, words)) in (0..inner.height).zip(&lines[shown]) {
        let line = Rect { y: inner.y + row, height: 1, ..inner };
        painter.put(beside_pointer(line), 0, words);
        let Some(key) = at.and_then(|at| listing.keys.get(at)) else { continue };
        if focused && *at == chosen {
            select(painter, line, true);
        }
        painter.note(line, Target::CheckRow((&**key).into()));
    }
}

fn heading<'a>(state: &State, painter: &Painter<'_>, check: &'a crate::world::checks::CheckView) -> Line<'a> {
    status::words(check.status, check.stale, painter.glyphs(), status::FULL)
        .and(" ", Role::Text)
        .and(&check.name, Role::TextStrong)
        .and(format!(" {}", standing(state, check.since)), Role::Text)
        .and("  answered ", Role::TextDim)
        .join(check::polled(state, check))
        .and(if check.last.is_some() { " ago" } else { "" }, Role::TextDim)
}

const METRICS: [Column; 5] = [
    Column::text("metric", 8, 18, 0),
    Column::figure("value", 10, 0),
    Column::plot("course", 6, 30, 3),
    Column::text("thresholds", 10, 24, 4),
    Column::text("age", 4, 12, 2),
];

/// Its metrics.
pub(super) fn metrics(state: &State, painter: &mut Painter<'_>, area: Rect) {
    list(state, painter, &PanelId::Metrics, "metrics", area);
}

/// A table of metrics: of the service, or of all.
pub(super) fn list(state: &State, painter: &mut Painter<'_>, id: &PanelId, name: &'static str, area: Rect) {
    let inner = Frame::inner(area);
    let listing = Listing::new(state, id, usize::from(inner.height));
    frame(state, painter, id, name).foot(listing.position()).draw(painter, area);
    note(painter, inner, id.clone());
    if listing.keys.is_empty() {
        Notice::empty("no metrics", "add [metric.NAME] with from and value, or / to change the filter")
            .draw(painter, inner);
        return;
    }
    let columns = &METRICS;
    let widths = crate::ui::widgets::table::widths(columns, beside_pointer(inner).width);
    let rows = listing.visible().iter().filter_map(|key| state.world.metric(key)).map(|shown| {
        let mark = state.console.screens.metrics.shown.contains(&shown.name) && *id == PanelId::MetricList;
        let mut title = Line::plain(shown.title.clone());
        if mark {
            title = Line::of(painter.glyphs().mark, Role::LogMark).then(shown.title.clone(), Role::Text);
        }
        let cells = vec![
            title,
            metric::value(painter, shown),
            metric::sparkline(state, painter, shown, widths[2]),
            thresholds(shown),
            metric::age(state, shown),
        ];
        Row { cells, target: Some(Target::MetricRow(shown.name.clone())) }
    });
    let rows = rows.collect();
    let focused = panels::focused(state, id);
    Table { columns, rows, selected: listing.selected, focused, headings: false }.draw(painter, inner);
}

/// `> 5 % medium, > 10 % high`.
pub(super) fn thresholds(metric: &crate::world::metrics::MetricView) -> Line<'static> {
    let mut words = Line::new();
    for (severity, threshold, above) in &metric.thresholds {
        let sign = if *above { ">" } else { "<" };
        let role = match status::severity_role(*severity) {
            Role::SeverityCritical => Role::ChartCritical,
            role => role,
        };
        words = words.then(format!("{sign}{}", figures::value(*threshold, &metric.unit)), role);
    }
    words
}

/// Columns of the actions; the keys take as much as the longest needs.
fn action_columns(state: &State) -> [Column; 4] {
    let keys =
        state.world.config.actions.iter().map(|action| key_of_action(state, action).chars().count()).max().unwrap_or(0);
    let keys = u16::try_from(keys).unwrap_or(6).clamp(1, 8);
    [
        Column::text("key", keys, keys, 0),
        Column::text("action", 10, 30, 0),
        Column::text("last", 14, 18, 1),
        Column::figure("ago", 4, 2),
    ]
}

/// Its actions with their last runs.
pub(super) fn actions(state: &State, painter: &mut Painter<'_>, area: Rect) {
    action_list(state, painter, &PanelId::ServiceActions, area);
}

/// A table of actions: of the service, or of all.
pub(super) fn action_list(state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
    let inner = Frame::inner(area);
    let listing = Listing::new(state, id, usize::from(inner.height));
    frame(state, painter, id, "actions").foot(listing.position()).draw(painter, area);
    note(painter, inner, id.clone());
    if listing.keys.is_empty() {
        Notice::empty("no actions", "add [adapter.NAME] and [action.NAME] to the configuration").draw(painter, inner);
        return;
    }
    let glyphs = painter.glyphs();
    let found = |key: &Cow<'_, str>| state.world.config.actions.iter().find(|action| *action.name == **key);
    let rows = listing.visible().iter().filter_map(found).map(|action| {
        let last = state.world.last_runs(&action.name).into_iter().next();
        let cells = vec![
            Line::of(key_of_action(state, action), Role::Key),
            Line::plain(action.title.clone()),
            last.map_or_else(|| Line::of("never run", Role::TextDim), |run| runs::outcome_words(run, glyphs)),
            last.map_or_else(Line::new, |run| Line::of(runs::ago(state.world.moment(), run), Role::TextDim)),
        ];
        Row { cells, target: Some(Target::ActionRow(action.name.clone())) }
    });
    let rows = rows.collect();
    let focused = panels::focused(state, id);
    Table { columns: &action_columns(state), rows, selected: listing.selected, focused, headings: false }
        .draw(painter, inner);
}

/// Its last records.
pub(super) fn logs(state: &State, painter: &mut Painter<'_>, area: Rect) {
    let Some(service) = state.shown_service() else { return };
    let logs: Vec<_> = service.logs.iter().filter_map(|at| state.world.logs.get(*at)).collect();
    let mut title = Line::plain("logs");
    for log in &logs {
        title = title.then(&log.name, Role::Text);
    }
    let of = log::Tail { logs: &logs, naming: Some(&service.name).filter(|_| !service.own), filtered: None };
    log::tail(state, painter, &PanelId::ServiceLogs, title, &of, area);
}
