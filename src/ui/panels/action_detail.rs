//! What is known of the action that is chosen: what it would run, what decides how it went, its last runs.

use ratatui::layout::Rect;

use super::{Height, PanelView, Room, frame, framed, note};
use crate::app::describe;
use crate::app::row::RowKey;
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::theme::Role;
use crate::ui::line::Line;
use crate::ui::paint::Painter;
use crate::ui::widgets::frame::Frame;

/// Columns of the labels.
const LABEL: usize = 12;

pub(super) struct ActionDetail;

impl PanelView for ActionDetail {
    /// As high as what there is to say, at most half: the output of a run is beside it.
    fn height(&self, state: &State, _id: &PanelId, room: Room) -> Option<Height> {
        let rows = state.selected_action().map_or(0, |name| describe::rows(state, &RowKey::Action(name)).len());
        Some(Height::fixed(framed(rows).min(room.height / 2)))
    }

    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        let Some(subject) = state.selected_action().map(RowKey::Action) else { return };
        let inner = Frame::inner(area);
        frame(state, painter, id, describe::title(state, &subject)).draw(painter, area);
        note(painter, inner, id.clone());
        let width = usize::from(inner.width.saturating_sub(2)).max(1);
        let rows = describe::rows(state, &subject);
        let lines = rows.iter().flat_map(|(label, text)| {
            Line::styled(format!("{label:<LABEL$} "), Role::TextLabel).and(text, Role::Text).wrapped(width, LABEL + 1)
        });
        for (row, line) in (0..inner.height).zip(lines) {
            painter.put_at(inner, 1, row, &line);
        }
    }
}
