//! What is locked, by whom, for what.

use ratatui::layout::Rect;

use super::{Height, Listing, PanelView, Room, frame, none_matches, note, runs};
use crate::app::row::RowKey;
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::config::titles::locked_for;
use crate::lang::time::Moment;
use crate::model::run::Run;
use crate::theme::Role;
use crate::ui::figures;
use crate::ui::line::Line;
use crate::ui::paint::Painter;
use crate::ui::widgets::frame::Frame;
use crate::ui::widgets::table::{Column, Table, TableRow, longest};

/// A target is whole where there is room for it.
fn columns(state: &State) -> [Column; 4] {
    let targets = state.seen().locks.iter().map(|lock| lock.target.as_str());
    [
        Column::text("target", 8, longest(targets, 8, 48), 0),
        Column::text("holder", 8, 24, 1),
        Column::figure("since", 5, 2),
        Column::text("for", 14, 60, 3),
    ]
}

pub(super) struct Locks;

impl PanelView for Locks {
    /// What it needs, at most a third; less beside what runs.
    fn height(&self, state: &State, id: &PanelId, room: Room) -> Option<Height> {
        let rows = state.rows(id).len();
        Some(runs::beside_output(state, rows, super::framed(rows).min(room.screen / 3), room))
    }

    fn width(&self) -> (u16, u16) {
        runs::WIDTH
    }

    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        let inner = Frame::inner(area);
        let listing = Listing::new(state, id, usize::from(inner.height));
        frame(state, painter, id, "locks").foot(listing.position()).draw(painter, area);
        note(painter, inner, id.clone());
        if let (true, Some(notice)) = (listing.keys.is_empty(), none_matches(state, id)) {
            notice.draw(painter, inner);
            return;
        }
        let found = |key: &RowKey| {
            state.seen().locks.iter().find(|lock| matches!(key, RowKey::Lock(target) if *target == lock.target))
        };
        let rows = listing.visible().iter().filter_map(found).map(|lock| {
            let since = state.seen().run_by_id(&lock.id).map_or(Moment { utc: lock.since, boot: None }, Run::began);
            let age = state.seen().moment().since(since);
            let cells = vec![
                Line::plain(lock.target.clone()),
                Line::plain(format!("{}@{}", lock.holder, lock.host)),
                Line::styled(figures::age(age), Role::TextDim),
                Line::styled(locked_for(&state.seen().config.actions, lock), Role::TextDim),
            ];
            TableRow { cells, target: None, ..TableRow::default() }
        });
        let rows = rows.collect();
        Table { columns: &columns(state), rows, selected: listing.selected, headings: false }.draw(painter, inner);
    }
}
