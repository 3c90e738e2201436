//! The service that is shown in one line: status, since when, its error budget, what it depends on, its runbook.

use ratatui::layout::Rect;

use super::{Height, PanelView, Room, overlaid, own_fault, slo};
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::model::since::Since;
use crate::theme::Role;
use crate::ui::figures;
use crate::ui::line::{Line, Span};
use crate::ui::paint::Painter;
use crate::ui::widgets::notice::Notice;
use crate::ui::widgets::status;
use crate::world::services::ServiceView;

pub(super) struct ServiceStatus;

impl PanelView for ServiceStatus {
    fn height(&self, state: &State, _id: &PanelId, _room: Room) -> Option<Height> {
        Some(if state.shown_service().is_some() { Height::fixed(1) } else { Height::from(4) })
    }

    fn draw(&self, state: &State, painter: &mut Painter<'_>, _id: &PanelId, area: Rect) {
        match state.shown_service() {
            Some(service) => about(state, painter, service, area),
            None => Notice::empty("no services yet", "add [service.NAME] and [check.NAME] to the configuration")
                .draw(painter, area),
        }
    }
}

/// Status, since when, its error budget, what it depends on, where its runbook is.
fn about(state: &State, painter: &mut Painter<'_>, service: &ServiceView, row: Rect) {
    let glyphs = painter.glyphs();
    let mut words = Line::plain(" ")
        .and(service.title.clone(), Role::TextStrong)
        .and("  ", Role::Text)
        .join(status::label(service.status, service.stale, glyphs, status::FULL))
        .and(standing(state, service.since), Role::TextDim);
    let leading = service.leading.and_then(|id| state.seen().checks.get(id));
    let over = overlaid::overlays(state, glyphs, service, leading.is_some_and(|check| check.flapping), false);
    if !over.is_empty() {
        words = words.and("  ", Role::Text).join(over);
    }
    words = match (service.by(), &service.own_reason) {
        (Some(by), Some(own)) => words.and("  ", Role::Text).join(own_fault::beside(
            own,
            Span::borrowed(state.seen().title_of_service(by)),
            60,
            glyphs.ellipsis,
        )),
        (Some(by), None) => words.and(format!("  by {}", state.seen().title_of_service(by)), Role::MarkInhibited),
        (None, _) => words,
    };
    for line in slo::of_service(state, service, glyphs.none) {
        words = words.and("  slo ", Role::TextDim).join(line);
    }
    if let Some(config) = state.seen().config.services.iter().find(|config| config.name == service.name) {
        for (at, name) in config.depends_on.iter().enumerate() {
            let title = Span::borrowed(state.seen().title_of_service(name));
            words = words.and(if at == 0 { "  depends on " } else { ", " }, Role::TextDim).and(title, Role::Text);
            if let Some(other) = state.seen().service(name) {
                words = words.and(" ", Role::Text).join(status::label(other.status, other.stale, glyphs, 1));
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

/// ` 3m since 05:24:10Z`, or ` since before 05:24:10Z` where it was not seen to begin.
pub(super) fn standing(state: &State, since: Option<Since>) -> String {
    let (now, zone) = (state.seen().now, state.seen().config.console.timezone);
    since.map_or_else(String::new, |since| {
        let age = if since.seen { format!(" {}", figures::age(now.since(since.at))) } else { String::new() };
        format!("{age} {}", since.describe(now, zone))
    })
}
