//! A question with an answer that changes nothing and one other.

use ratatui::layout::Rect;

use crate::app::layout::Target;
use crate::app::overlays::ask::AskOverlay;
use crate::app::state::State;
use crate::theme::Role;
use crate::ui::line::Line;
use crate::ui::paint::{Painter, split_bottom, split_top};
use crate::ui::widgets::dialog::{self, DialogTone};

use super::Draw;
use super::confirm::place;

impl Draw for AskOverlay {
    fn draw(&self, state: &State, painter: &mut Painter<'_>, area: Rect) {
        let width = 70.min(area.width);
        let inside = usize::from(width.saturating_sub(4)).max(1);
        let question = Line::styled(&self.question, Role::DialogTitle).wrapped(inside, 0);
        let detail = Line::plain(&self.detail).wrapped(inside, 0);
        let rows = u16::try_from(question.len() + detail.len()).unwrap_or(u16::MAX);
        let spot = dialog::spot(area, width, rows.saturating_add(5));
        let title = place(&state.world.config.console.environment, "local").and(self.then.title(), Role::DialogTitle);
        let inner = dialog::frame(painter, spot, DialogTone::Danger, &title, &Line::new());
        let (mut rest, buttons) = split_bottom(inner, 1);
        let free = if rest.height > rows { vec![Line::new()] } else { Vec::new() };
        for words in question.iter().chain(&free).chain(&detail) {
            painter.put(rest, 0, words);
            rest = split_top(rest, 1).1;
        }
        let used = painter.put(buttons, 0, &dialog::button(self.then.keeps(), true));
        painter.note(Rect { width: used, ..buttons }, Target::OverlayButton(0));
        painter.put_at(buttons, used + 2, 0, &Line::styled(self.next_key(state.world.now), Role::KeyLabel));
    }
}
