//! The line in which a person types a number, a reason or a note of a step.

use ratatui::layout::Rect;

use crate::app::overlays::step_dialog::{StepDialog, StepPurpose};
use crate::app::state::State;
use crate::theme::Role;
use crate::ui::line::Line;
use crate::ui::paint::{Painter, split_top};
use crate::ui::widgets::dialog::{self, DialogTone};
use crate::ui::widgets::input::InputLine;

use super::Draw;

/// Columns of the dialog.
const WIDTH: u16 = 72;
/// Lines of what is asked that are shown at the most.
const ASKED: usize = 4;

impl Draw for StepDialog {
    fn draw(&self, state: &State, painter: &mut Painter<'_>, area: Rect) {
        let width = WIDTH.min(area.width);
        let inside = usize::from(width.saturating_sub(4)).max(1);
        let mut asked = Line::styled(self.asks(state), Role::Text).wrapped(inside, 2);
        let room = usize::from(dialog::spot(area, width, u16::MAX).height).saturating_sub(4);
        asked.truncate(ASKED.min(room));
        let rows = u16::try_from(asked.len() + 2).unwrap_or(u16::MAX);
        let spot = dialog::spot(area, width, rows.saturating_add(4));
        let title = Line::styled(self.purpose.title(), Role::DialogTitle);
        let mut rest = dialog::frame(painter, spot, DialogTone::Plain, &title, &Line::new());
        for line in &asked {
            painter.put(rest, 0, line);
            rest = split_top(rest, 1).1;
        }
        let input = InputLine {
            prompt: Line::styled("> ", Role::InputPrompt),
            text: self.input.text(),
            cursor: Some(self.input.cursor()),
            error: None,
            placeholder: if self.purpose == StepPurpose::Measure { "a number" } else { "in a few words" },
        };
        input.draw(painter, Rect { height: rest.height.min(1), ..rest });
        rest = split_top(rest, 1).1;
        let keys = match &self.error {
            Some(error) => Line::styled(error.to_string(), Role::InputError),
            None => Line::styled("Enter", Role::Key)
                .and(format!(" {}  ", self.purpose.title()), Role::KeyLabel)
                .and("Esc", Role::Key)
                .and(" leave", Role::KeyLabel),
        };
        for (row, line) in (0..rest.height).zip(keys.wrapped(inside, 0)) {
            painter.put(rest, row, &line);
        }
    }
}
