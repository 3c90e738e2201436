//! The dialog in which a person says something of an incident.

use ratatui::layout::Rect;

use super::{Draw, fields};
use crate::app::overlays::incident_dialog::{IncidentDialog, IncidentPurpose};
use crate::app::state::State;
use crate::theme::Role;
use crate::ui::line::Line;
use crate::ui::paint::{Painter, split_top};
use crate::ui::widgets::dialog::{self, DialogTone};

/// Columns of the dialog.
const WIDTH: u16 = 78;

impl Draw for IncidentDialog {
    fn draw(&self, _state: &State, painter: &mut Painter<'_>, area: Rect) {
        let width = WIDTH.min(area.width);
        let foot = fields::foot(&self.form, verb(&self.purpose), width);
        let rows = u16::try_from(self.form.fields.len() + foot.len()).unwrap_or(u16::MAX);
        let spot = dialog::spot(area, width, rows.saturating_add(3));
        let title = Line::styled(self.title.to_string(), Role::DialogTitle);
        let mut rest = dialog::frame(painter, spot, DialogTone::Plain, &title, &Line::new());
        let labels = fields::label_width(&self.form.fields);
        for (at, field) in self.form.fields.iter().enumerate() {
            rest = fields::draw(painter, rest, (at, field), labels, at == self.form.focus);
        }
        rest = split_top(rest, u16::from(rest.height > 1)).1;
        fields::draw_foot(painter, rest, &foot);
    }
}

const fn verb(purpose: &IncidentPurpose) -> &'static str {
    match purpose {
        IncidentPurpose::Open(_) => "open",
        IncidentPurpose::Entry { .. } => "add",
        IncidentPurpose::Update(_) => "send",
        IncidentPurpose::Correct { .. } => "correct",
        IncidentPurpose::Role(_) | IncidentPurpose::Severity(_) | IncidentPurpose::Step(_) => "put on record",
    }
}
