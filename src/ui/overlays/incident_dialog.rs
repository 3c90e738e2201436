//! The dialog in which a person says something of an incident.

use ratatui::layout::Rect;

use super::Draw;
use crate::app::overlays::incident_dialog::{IncidentDialog, IncidentPurpose};
use crate::app::state::State;
use crate::theme::Role;
use crate::ui::line::Line;
use crate::ui::paint::{Painter, split_top};
use crate::ui::widgets::dialog::{self, DialogTone};
use crate::ui::widgets::input::InputLine;

/// Columns of the dialog.
const WIDTH: u16 = 78;

impl Draw for IncidentDialog {
    fn draw(&self, _state: &State, painter: &mut Painter<'_>, area: Rect) {
        let rows = u16::try_from(self.fields.len()).unwrap_or(u16::MAX);
        let spot = dialog::spot(area, WIDTH.min(area.width), rows.saturating_add(4));
        let title = Line::styled(self.title.to_string(), Role::DialogTitle);
        let mut rest = dialog::frame(painter, spot, DialogTone::Plain, &title, &Line::new());
        let labels = self.fields.iter().map(|field| field.label.len()).max().unwrap_or(0);
        for (at, field) in self.fields.iter().enumerate() {
            let input = InputLine {
                prompt: Line::styled(format!("{:<labels$}  ", field.label), Role::TextLabel),
                text: field.input.text(),
                cursor: (at == self.focus).then(|| field.input.cursor()),
                error: None,
                placeholder: &field.placeholder,
            };
            input.draw(painter, Rect { height: rest.height.min(1), ..rest });
            rest = split_top(rest, 1).1;
        }
        rest = split_top(rest, u16::from(rest.height > 1)).1;
        painter.put(rest, 0, &keys(self));
    }
}

/// What the keys do, or what is wrong.
fn keys(dialog: &IncidentDialog) -> Line<'static> {
    match &dialog.error {
        Some(error) => Line::styled(error.to_string(), Role::InputError),
        None => Line::styled("Enter", Role::Key)
            .and(format!(" {}  ", verb(&dialog.purpose)), Role::KeyLabel)
            .and("Tab", Role::Key)
            .and(" next field  ", Role::KeyLabel)
            .and("Esc", Role::Key)
            .and(" leave", Role::KeyLabel),
    }
}

const fn verb(purpose: &IncidentPurpose) -> &'static str {
    match purpose {
        IncidentPurpose::Open(_) => "open",
        IncidentPurpose::Entry { .. } => "add",
        IncidentPurpose::Update(_) => "send",
        IncidentPurpose::Role(_) | IncidentPurpose::Severity(_) | IncidentPurpose::Step(_) => "put on record",
    }
}
