//! The row of the overview that says which change or freeze runs or comes. It is there only then.

use ratatui::layout::Rect;

use super::maintenance;
use super::paint::{Painter, split_top};
use crate::app::screens::Screen;
use crate::app::state::State;
use crate::model::thing::ChangeRecord;
use crate::theme::Role;
use crate::ui::line::Line;
use crate::world::changes::CalendarEntry;
use crate::world::maintenance::MaintenanceStage;

/// Draws it in the first row of `area` and returns the rest.
pub(crate) fn draw(state: &State, painter: &mut Painter<'_>, area: Rect) -> Rect {
    if state.console.screen != Screen::Overview {
        return area;
    }
    let Some((change, more)) = state.seen().change_shown() else { return area };
    let (row, rest) = split_top(area, 1);
    let dot = painter.glyphs().dot;
    let role = if change.freeze { Role::StatusDegraded } else { Role::MarkMaintenance };
    let mut line = Line::styled(format!(" {} ", change.word()), role)
        .and(change.title.as_str().to_owned(), Role::TextStrong)
        .and(format!(" {}", when(state, change)), Role::Text)
        .then(dot, Role::TextDim)
        .and(format!(" {}", change.services.describe()), Role::Text);
    if let Some((by, _)) = &change.approved {
        line = line.then(dot, Role::TextDim).and(format!(" approved by {by}"), Role::TextDim);
    } else if change.needs_approval() {
        line = line.then(dot, Role::TextDim).and(" not approved yet", Role::StatusDegraded);
    }
    if more > 0 {
        line = line.and(format!("  +{more} more"), Role::TextDim);
    }
    painter.put(Rect { width: row.width.saturating_sub(1), ..row }, 0, &line);
    rest
}

/// When it runs, as maintenance does.
fn when(state: &State, change: &ChangeRecord) -> String {
    let entry = CalendarEntry::Change(change);
    let is_running = entry.is_running(state.seen().now.utc);
    let phase = if is_running { MaintenanceStage::Running } else { MaintenanceStage::Coming };
    maintenance::when(state, phase, entry.window())
}
