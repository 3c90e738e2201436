//! The dialog in which a person acknowledges or silences alerts.

use ratatui::layout::Rect;

use crate::app::overlays::alert_dialog::{AlertDialog, AlertPurpose, REASONS};
use crate::app::state::State;
use crate::theme::Role;
use crate::ui::line::Line;
use crate::ui::paint::{Painter, split_top};
use crate::ui::widgets::dialog::{self, DialogTone};

use super::{Draw, fields};

/// Columns of the dialog.
const WIDTH: u16 = 78;
/// Lines of what it would do that are shown at the most.
const PREVIEWED: usize = 8;

impl Draw for AlertDialog {
    fn draw(&self, state: &State, painter: &mut Painter<'_>, area: Rect) {
        let width = WIDTH.min(area.width);
        let inside = usize::from(width.saturating_sub(4)).max(1);
        let mut preview: Vec<Line<'static>> = Vec::new();
        for text in self.preview(state) {
            preview.extend(Line::styled(text.to_string(), Role::Text).wrapped(inside, 2));
        }
        // Reasons stand under the fields, and a silence has a row for `hold`.
        let below = 1 + usize::from(self.form.switch.is_some());
        // Frame and what the keys do: fields are never pushed out by what stands above them.
        let room = usize::from(dialog::spot(area, width, u16::MAX).height);
        let foot = fields::foot(&self.form, verb(&self.purpose), width);
        let spared = room.saturating_sub(self.form.fields.len() + below + 2 + foot.len());
        preview.truncate(PREVIEWED.min(spared));
        let rows = u16::try_from(preview.len() + self.form.fields.len() + below + foot.len()).unwrap_or(u16::MAX);
        let spot = dialog::spot(area, width, rows.saturating_add(4));
        let title = match self.purpose {
            AlertPurpose::Acknowledge(_) => "acknowledge",
            AlertPurpose::Silence => "silence",
        };
        let title = Line::styled(title, Role::DialogTitle);
        let mut rest = dialog::frame(painter, spot, DialogTone::Plain, &title, &Line::new());
        for line in &preview {
            painter.put(rest, 0, line);
            rest = split_top(rest, 1).1;
        }
        let free = usize::from(rest.height) > self.form.fields.len() + below + foot.len();
        rest = split_top(rest, u16::from(free)).1;
        let labels = fields::label_width(&self.form.fields);
        for (at, field) in self.form.fields.iter().enumerate() {
            rest = fields::draw(painter, rest, (at, field), labels, at == self.form.focus);
            if field.label == "why" {
                painter.put_at(
                    rest,
                    u16::try_from(labels + 2).unwrap_or(0),
                    0,
                    &reasons(field.input.text().is_empty()),
                );
                rest = split_top(rest, 1).1;
            }
        }
        let hold = ("hold", "keep it until then, also once all has been quiet (Space)");
        rest = fields::switch(painter, rest, &self.form, labels, hold);
        fields::draw_foot(painter, rest, &foot);
    }
}

/// The reasons that a digit chooses, while none is written.
fn reasons(can_choose: bool) -> Line<'static> {
    if !can_choose {
        return Line::new();
    }
    REASONS.iter().enumerate().fold(Line::new(), |line, (at, reason)| {
        let gap = if at == 0 { "" } else { "  " };
        line.and(gap, Role::Text).and((at + 1).to_string(), Role::Key).and(" ", Role::Text).and(*reason, Role::TextDim)
    })
}

const fn verb(purpose: &AlertPurpose) -> &'static str {
    match purpose {
        AlertPurpose::Acknowledge(_) => "acknowledge",
        AlertPurpose::Silence => "silence",
    }
}
