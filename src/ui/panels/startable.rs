//! The actions that can be started, with their last runs.

use ratatui::layout::Rect;

use super::{Height, PanelView, Room, frame, list_in, name_of, runs};
use crate::app::layout::Target;
use crate::app::row::RowKey;
use crate::app::state::State;
use crate::config::panels::{self, PanelId};
use crate::theme::Role;
use crate::ui::footer::key_of_action;
use crate::ui::line::Line;
use crate::ui::paint::Painter;
use crate::ui::widgets::notice::Notice;
use crate::ui::widgets::table::{Column, Table, TableRow};

pub(super) struct Startable;

impl PanelView for Startable {
    /// What it needs, at most half; less beside what runs.
    fn height(&self, state: &State, id: &PanelId, room: Room) -> Option<Height> {
        let rows = state.rows(id).len();
        Some(runs::beside_output(state, rows, super::framed(rows).min(room.screen / 2), room))
    }

    fn width(&self) -> (u16, u16) {
        runs::WIDTH
    }

    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        draw(state, painter, id, area);
    }
}

/// Columns of the actions; the keys take as much as the longest needs.
fn action_columns(state: &State) -> [Column; 4] {
    let keys = state
        .seen()
        .config
        .actions
        .iter()
        .map(|action| key_of_action(state, action).chars().count())
        .max()
        .unwrap_or(0);
    let keys = u16::try_from(keys).unwrap_or(6).clamp(1, 8);
    let title = runs::title_width(state);
    [
        Column::text("key", keys, keys, 0),
        Column::text("action", title, title, 0),
        Column::text("last", 14, 18, 1),
        Column::figure("ago", 4, 2),
    ]
}

/// A table of actions: of the service, or of all.
pub(super) fn draw(state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
    let service = state.shown_service().filter(|_| id.is(&panels::SERVICE_ACTIONS));
    let empty = || Notice::empty("no actions", "add [adapter.NAME] and [action.NAME] to the configuration");
    let frame = frame(state, painter, id, name_of("actions", service));
    let Some((inner, listing)) = list_in(state, painter, (id, area), frame, empty) else { return };
    let glyphs = painter.glyphs();
    let found = |key: &RowKey| {
        state.seen().config.actions.iter().find(|action| matches!(key, RowKey::Action(name) if *name == action.name))
    };
    let none = if state.seen().is_past_unknown() { "store away" } else { "never run" };
    let rows = listing.visible().iter().filter_map(found).map(|action| {
        let last = state.seen().last_run(&action.name);
        let cells = vec![
            Line::styled(key_of_action(state, action), Role::Key),
            Line::plain(action.title.clone()),
            last.map_or_else(|| Line::styled(none, Role::TextDim), |run| runs::outcome_line(run, glyphs)),
            last.map_or_else(Line::new, |run| Line::styled(runs::ago(state.seen().moment(), run), Role::TextDim)),
        ];
        TableRow { cells, target: Some(Target::Row(RowKey::Action(action.name.clone()))), ..TableRow::default() }
    });
    let rows = rows.collect();
    Table { columns: &action_columns(state), rows, selected: listing.selected, headings: false }.draw(painter, inner);
}
