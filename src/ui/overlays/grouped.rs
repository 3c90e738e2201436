//! The numbers of one field by the values of another, and before that the choice of the other.

use ratatui::layout::Rect;

use super::top::{choose, nothing, shown_text};
use super::{Draw, details};
use crate::app::keymap::Command;
use crate::app::layout::Target;
use crate::app::overlays::counting::SHOWN;
use crate::app::overlays::grouped::GroupedOverlay;
use crate::app::state::State;
use crate::app::state::overlay::Overlay as _;
use crate::theme::Role;
use crate::ui::figures;
use crate::ui::line::Line;
use crate::ui::paint::{Painter, split_top};
use crate::ui::widgets::table::{self, Column, Table, TableRow};

const COLUMNS: [Column; 5] = [
    Column::figure("records", 8, 0),
    Column::figure("p50", 8, 2),
    Column::figure("p95", 8, 0),
    Column::figure("max", 8, 1),
    Column::text("value", 20, 400, 0),
];

impl Draw for GroupedOverlay {
    fn draw(&self, state: &State, painter: &mut Painter<'_>, area: Rect) {
        if let Some(choice) = &self.choice {
            let title = Line::styled(format!("{} by which field?", self.counted.of), Role::DialogTitle);
            return choose(state, painter, choice, &title, area);
        }
        let title = Line::styled(self.counted.of.clone(), Role::LogField)
            .then("by", Role::DialogTitle)
            .then(self.counted.by.clone(), Role::LogField);
        let keys = [
            (Command::Open, "show records"),
            (Command::Order, "sort"),
            (Command::NotThis, "hide these"),
            (Command::GroupBy, "choose another field"),
            (Command::Copy, "copy"),
        ];
        let rows = self.counted.grouped.rows(self.counted.order, SHOWN);
        let at = self.at();
        let foot = Line::styled(format!("{} of {}", (at + 1).min(rows.len()), rows.len()), Role::TextDim);
        let inner = details::frame(state, painter, area, &title, &foot, &keys);
        let (head, body) = split_top(inner, 2);
        painter.put(head, 0, &counted(self, painter.glyphs().dot));
        if rows.is_empty() {
            let none = "no record that passes has a number there and the other field";
            nothing(state, self.is_counting(), none, Command::GroupBy).draw(painter, body);
            return;
        }
        let height = usize::from(body.height.saturating_sub(1)).max(1);
        let shown = table::window_around(at, rows.len(), height);
        let selected = at.checked_sub(shown.start);
        let drawn = shown.clone().zip(&rows[shown]).map(|(place, row)| {
            let figure = |value| figures::value(value, row.unit);
            TableRow {
                cells: vec![
                    Line::plain(figures::count(row.count)),
                    Line::plain(figure(row.p50)),
                    Line::styled(figure(row.p95), Role::TextStrong),
                    Line::plain(figure(row.max)),
                    shown_text(row.value),
                ],
                target: Some(Target::OverlayRow(place)),
                running_on: None,
            }
        });
        Table { columns: &COLUMNS, rows: drawn.collect(), selected, headings: true }.draw(painter, body);
    }
}

/// What the rows are made from, and what they leave out.
fn counted(overlay: &GroupedOverlay, dot: &'static str) -> Line<'static> {
    let grouped = &overlay.counted.grouped;
    let values = figures::counted(grouped.len(), "value");
    let mut words = Line::plain(values).then(format!("{dot} {}", overlay.counted.order.word()), Role::TextDim);
    for (count, what) in [
        (grouped.without_number(), "without a number"),
        (grouped.without_value(), "without the field to group by"),
        (grouped.others(), "of rare values"),
    ] {
        if count > 0 {
            words = words.then(format!("{dot} {} {what}", figures::counted(count, "record")), Role::TextDim);
        }
    }
    match overlay.progress() {
        Some(done) => words.then(format!("{dot} counting, {done} %"), Role::StatusPending),
        None => words,
    }
}
