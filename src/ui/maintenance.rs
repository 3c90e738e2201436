//! The row of the overview that says which maintenance runs, comes, or ended lately. It is there only then.

use ratatui::layout::Rect;

use super::figures;
use super::paint::{Painter, split_top};
use super::widgets::status;
use crate::app::screens::Screen;
use crate::app::state::State;
use crate::lang::schedule::TimeWindow;
use crate::model::maintenance::clock_with_zone;
use crate::theme::Role;
use crate::ui::line::Line;
use crate::world::maintenance::MaintenanceStage;

/// Draws it in the first row of `area` and returns the rest.
pub(crate) fn draw(state: &State, painter: &mut Painter<'_>, area: Rect) -> Rect {
    if state.console.screen != Screen::Overview {
        return area;
    }
    let Some((standing, window, more)) = state.seen().maintenance_shown() else { return area };
    let (row, rest) = split_top(area, 1);
    let mut line = Line::plain(" ")
        .join(status::maintenance(painter.glyphs()))
        .and(format!(" {}", window.title), Role::TextStrong)
        .and(format!(" {}", when(state, standing, window.window)), Role::Text);
    if standing != MaintenanceStage::Over {
        line =
            line.then(painter.glyphs().dot, Role::TextDim).and(format!(" {}", window.services.describe()), Role::Text);
    }
    if let Some(why) = &window.why {
        line = line.then(painter.glyphs().dot, Role::TextDim).and(format!(" {why}"), Role::TextDim);
    }
    if more > 0 {
        line = line.and(format!("  +{more} more"), Role::MarkMaintenance);
    }
    painter.put(Rect { width: row.width.saturating_sub(1), ..row }, 0, &line);
    rest
}

/// `until 04:00 UTC`, `from 02:00 UTC, in 1h 20m, until 04:00 UTC`, `ended 04:00 UTC`.
pub(super) fn when(state: &State, standing: MaintenanceStage, window: TimeWindow) -> String {
    let (now, zone) = (state.seen().now.utc, state.seen().config.console.timezone);
    let clock = |at| clock_with_zone(at, now, zone);
    let (start, end) = (window.start, window.end);
    match standing {
        MaintenanceStage::Running => format!("until {}", clock(end)),
        MaintenanceStage::Coming => {
            let left = figures::age((start - now).to_std().unwrap_or_default());
            format!("from {}, in {left}, until {}", clock(start), clock_with_zone(end, start, zone))
        }
        MaintenanceStage::Over => format!("ended {}", clock(end)),
    }
}
