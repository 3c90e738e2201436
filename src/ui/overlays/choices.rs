//! Values for the parameters of an action.

use ratatui::layout::Rect;

use super::Draw;
use super::confirm::place;
use crate::app::layout::Target;
use crate::app::overlays::choices::Choices;
use crate::app::state::State;
use crate::model::choice::{Choice, before_running, knows_running};
use crate::theme::Role;
use crate::ui::line::{Line, Span};
use crate::ui::paint::{Painter, split_top};
use crate::ui::widgets::dialog::{self, DialogTone};
use crate::ui::widgets::input::InputLine;
use crate::ui::widgets::notice::Notice;
use crate::ui::widgets::table;

/// Columns and rows of the dialog.
const SIZE: (u16, u16) = (76, 18);

impl Draw for Choices {
    fn draw(&self, state: &State, painter: &mut Painter<'_>, area: Rect) {
        let spot = dialog::spot(area, SIZE.0, SIZE.1);
        let kind = if self.dry_run { " (dry run)" } else { "" };
        let title = place(&state.world.config.console.environment, "local")
            .and(format!("{}{kind}", state.world.title_of(&self.action)), Role::DialogTitle);
        let offers = self.offered();
        let says =
            if offers.is_empty() || knows_running(offers) { "" } else { "the adapter does not say what runs · " };
        let foot = Line::styled(format!("{says}Enter chooses, Esc cancels"), Role::TextDim);
        let inner = dialog::frame(painter, spot, DialogTone::Danger, &title, &foot);
        let mut top = inner;
        for (name, value) in &self.chosen {
            let words =
                Line::styled(format!("{name} = "), Role::TextLabel).and(Span::borrowed(value), Role::TextStrong);
            painter.put(top, 0, &words);
            top = split_top(top, 1).1;
        }
        let offered = !offers.is_empty();
        let (line, list) = split_top(top, 2);
        let input = InputLine {
            prompt: Line::styled(format!("{} = ", self.parameter()), Role::InputPrompt),
            text: self.input.text(),
            cursor: Some(self.input.cursor()),
            error: self.error.as_ref().map(|why| (0, why)),
            placeholder: if offered { "type to narrow the list" } else { "type a value" },
        };
        input.draw(painter, line);
        if self.loading {
            Notice::empty("asking the adapter for values", "Esc cancels").draw(painter, list);
            return;
        }
        let list = match self.left_out() {
            Some(words) if list.height > 1 => {
                let bottom = Rect { y: list.bottom() - 1, height: 1, ..list };
                painter.put(bottom, 0, &Line::styled(words, Role::StatusDegraded));
                Rect { height: list.height - 1, ..list }
            }
            _ => list,
        };
        let values = self.shown();
        if offered && values.is_empty() {
            Notice::empty("no value contains what was typed", "Backspace shows more").draw(painter, list);
            return;
        }
        let before = before_running(offers).and_then(|at| offers.get(at));
        let width = values.iter().map(|choice| Span::from(&choice.value).width()).max().unwrap_or(0).min(30);
        let shown = table::window(0, self.selected, values.len(), usize::from(list.height));
        for ((row, choice), at) in (0..list.height).zip(&values[shown.clone()]).zip(shown.clone()) {
            let spot = Rect { y: list.y + row, height: 1, ..list };
            painter.put(table::beside_pointer(spot), 0, &choice_line(choice, width, before == Some(*choice)));
            if self.selected == Some(at) {
                table::select(painter, spot, true);
            }
            painter.note(spot, Target::OverlayRow(at));
        }
    }
}

/// A value with what is known of it; the one that runs is marked and dim, because it can't be chosen.
fn choice_line(choice: &Choice, width: usize, is_before: bool) -> Line<'_> {
    let role = if choice.running { Role::TextDim } else { Role::Text };
    let gap = width.saturating_sub(Span::from(&choice.value).width());
    let mut words = Line::styled(&choice.value, role).and(" ".repeat(gap), role);
    if choice.running {
        words = words.and("  runs now", Role::TextStrong);
    } else if is_before {
        words = words.and("  the one before", Role::TextLabel);
    }
    if let Some(at) = &choice.at {
        words = words.and("  ", role).and(at, Role::TextDim);
    }
    if let Some(by) = &choice.by {
        words = words.and("  by ", Role::TextDim).and(by, Role::TextDim);
    }
    if let Some(title) = &choice.title {
        words = words.and("  ", role).and(title, Role::TextDim);
    }
    words
}
