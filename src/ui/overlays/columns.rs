//! Which fields of the records get a column.

use ratatui::layout::Rect;

use super::Draw;
use crate::app::layout::Target;
use crate::app::overlays::columns::{ColumnRow, ColumnsOverlay};
use crate::app::state::State;
use crate::theme::Role;
use crate::ui::line::Line;
use crate::ui::paint::{Painter, split_top};
use crate::ui::widgets::dialog::{self, DialogTone};
use crate::ui::widgets::input::InputLine;
use crate::ui::widgets::table;

/// Columns and rows of the dialog.
const SIZE: (u16, u16) = (60, 18);

impl Draw for ColumnsOverlay {
    fn draw(&self, state: &State, painter: &mut Painter<'_>, area: Rect) {
        let spot = dialog::spot(area, SIZE.0, SIZE.1);
        let title = Line::styled(format!("columns of {}", self.panel), Role::DialogTitle);
        let foot = Line::styled("Enter shows or hides, Esc closes", Role::TextDim);
        let inner = dialog::frame(painter, spot, DialogTone::Plain, &title, &foot);
        let (line, list) = split_top(inner, 2);
        let input = InputLine {
            prompt: Line::styled("> ", Role::InputPrompt),
            text: self.input.text(),
            cursor: Some(self.input.cursor()),
            error: None,
            placeholder: "type to narrow the fields",
        };
        input.draw(painter, line);
        let columns = state.columns(&self.panel);
        let rows = self.rows();
        let shown = table::window(0, Some(self.selected), rows.len(), usize::from(list.height));
        for ((y, row), at) in (0..list.height).zip(&rows[shown.clone()]).zip(shown.clone()) {
            let (is_shown, words) = match row {
                ColumnRow::Rest if columns.chosen.is_empty() => {
                    (columns.rest, Line::styled("all fields, behind the message", Role::Text))
                }
                ColumnRow::Rest => (columns.rest, Line::styled("the other fields, behind the message", Role::Text)),
                ColumnRow::Field(field) => (columns.has(field.as_str()), Line::styled(*field, Role::LogField)),
            };
            let spot = Rect { y: list.y + y, height: 1, ..list };
            let mark = Line::styled(if is_shown { "[x] " } else { "[ ] " }, Role::TextStrong);
            painter.put(table::beside_pointer(spot), 0, &mark.join(words));
            if at == self.selected {
                table::select(painter, spot, true);
            }
            painter.note(spot, Target::OverlayRow(at));
        }
    }
}
