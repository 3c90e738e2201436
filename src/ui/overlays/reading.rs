//! A text over the screen.

use ratatui::layout::Rect;

use super::{Draw, closing};
use crate::app::keymap::Command;
use crate::app::overlays::reading::{ReadingOverlay, ReadingSubject};
use crate::app::reading::{self, ReadingLine};
use crate::app::state::State;
use crate::theme::Role;
use crate::ui::line::Line;
use crate::ui::paint::Painter;
use crate::ui::widgets::dialog::{self, DialogTone};
use crate::ui::widgets::table;

/// Columns of the widest.
const WIDTH: u16 = 110;

impl Draw for ReadingOverlay {
    fn draw(&self, state: &State, painter: &mut Painter<'_>, area: Rect) {
        let lines = self.lines(state);
        let width = usize::from(area.width.min(WIDTH)).saturating_sub(4);
        let drawn = |line: &ReadingLine| {
            let role = if line.is_heading { Role::TextLabel } else { Role::Text };
            Line::styled(line.text.clone(), role).wrapped(width, 2)
        };
        // A scroll is by lines, each whole.
        let all: usize = lines.iter().map(|line| drawn(line).len()).sum();
        let shown: Vec<Line<'static>> = lines.iter().skip(self.scroll).flat_map(drawn).collect();
        let height = u16::try_from(all + 2).unwrap_or(u16::MAX).clamp(5, area.height.saturating_sub(2).max(5));
        let spot = dialog::spot(area, WIDTH, height);
        let rows = usize::from(spot.height.saturating_sub(2));
        let first = all - shown.len();
        let place = table::position(&(first..(first + rows).min(all)), all);
        let copies = (Command::Copy, "copies");
        let (title, keys) = match self.subject {
            ReadingSubject::SinceLooked => ("since you last looked", &[copies][..]),
            ReadingSubject::Handover if reading::offered(state).is_some() => {
                ("handover, offered", &[(Command::Acknowledge, "accepts it: you are on call"), copies][..])
            }
            ReadingSubject::Handover => ("handover", &[copies][..]),
            ReadingSubject::OnCall => ("on call", &[copies][..]),
        };
        let foot = place.then(closing(state, keys), Role::TextDim);
        let title = Line::styled(title, Role::DialogTitle);
        let inner = dialog::frame(painter, spot, DialogTone::Plain, &title, &foot);
        for (row, line) in (0..inner.height).zip(&shown) {
            painter.put(inner, row, line);
        }
    }
}
