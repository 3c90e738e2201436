//! The dialog in which a person plans a change or calls one off.

use ratatui::layout::Rect;

use super::{Draw, fields};
use crate::app::overlays::change_dialog::{ChangeDialog, ChangePurpose};
use crate::app::state::State;
use crate::theme::Role;
use crate::ui::line::Line;
use crate::ui::paint::{Painter, split_top};
use crate::ui::widgets::dialog::{self, DialogTone};

/// Columns of the dialog.
const WIDTH: u16 = 78;

impl Draw for ChangeDialog {
    fn draw(&self, _state: &State, painter: &mut Painter<'_>, area: Rect) {
        let (title, verb) = match &self.purpose {
            ChangePurpose::Plan => ("plan a change".to_owned(), "plan"),
            ChangePurpose::CallOff(change) => (format!("call off the {} {}", change.word(), change.title), "call off"),
        };
        let (width, title) = (WIDTH.min(area.width), Line::styled(title, Role::DialogTitle));
        let foot = fields::foot(&self.form, verb, width);
        let rows = u16::try_from(self.form.stops() + foot.len()).unwrap_or(u16::MAX);
        let spot = dialog::spot(area, width, rows.saturating_add(3));
        let mut rest = dialog::frame(painter, spot, DialogTone::Plain, &title, &Line::new());
        let labels = fields::label_width(&self.form.fields);
        for (at, field) in self.form.fields.iter().enumerate() {
            rest = fields::draw(painter, rest, (at, field), labels, at == self.form.focus);
        }
        let freeze = ("freeze", "no changes in that time (Space toggles)");
        rest = fields::switch(painter, rest, &self.form, labels, freeze);
        rest = split_top(rest, u16::from(rest.height > 1)).1;
        fields::draw_foot(painter, rest, &foot);
    }
}
