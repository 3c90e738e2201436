//! The palette: every command by name.

use ratatui::layout::Rect;

use crate::app::layout::Target;
use crate::app::overlays::palette::{Palette, PaletteItem};
use crate::app::state::State;
use crate::theme::Role;
use crate::ui::line::Line;
use crate::ui::paint::{Painter, split_top};
use crate::ui::widgets::dialog::{self, DialogTone};
use crate::ui::widgets::input::InputLine;
use crate::ui::widgets::notice::Notice;
use crate::ui::widgets::table;

use super::Draw;

/// Columns of the palette.
const WIDTH: u16 = 76;
/// Rows of the palette at the most, and of one that offers little.
const HEIGHT: (u16, u16) = (18, 8);
/// Columns of a command's name.
const NAME: usize = 24;

impl Draw for Palette {
    fn draw(&self, _state: &State, painter: &mut Painter<'_>, area: Rect) {
        // The frame and what is typed, and no more rows than it has things to offer: what lies below is of use too.
        let needed = u16::try_from(self.offered() + 3).unwrap_or(u16::MAX);
        let spot = dialog::spot(area, WIDTH, needed.clamp(HEIGHT.1, HEIGHT.0));
        let title = Line::styled(self.title.clone(), Role::DialogTitle);
        let foot = Line::styled("Enter starts, Esc closes", Role::TextDim);
        let inner = dialog::frame(painter, spot, DialogTone::Plain, &title, &foot);
        let (line, list) = split_top(inner, 1);
        let input = InputLine {
            prompt: Line::styled(": ", Role::InputPrompt),
            text: self.input.text(),
            cursor: Some(self.input.cursor()),
            error: None,
            placeholder: self.placeholder,
        };
        input.draw(painter, line);
        if self.items.is_empty() {
            Notice::empty("no match", "fewer letters find more").draw(painter, list);
            return;
        }
        let shown = table::window(0, Some(self.selected), self.items.len(), usize::from(list.height));
        for ((row, item), at) in (0..list.height).zip(&self.items[shown.clone()]).zip(shown.clone()) {
            let spot = Rect { y: list.y + row, height: 1, ..list };
            let keys = Line::styled(item.keys.clone(), Role::Key);
            let right = painter.put_right(spot, 0, &keys);
            let room = Rect { width: spot.width.saturating_sub(right + 1), ..spot };
            painter.put(table::beside_pointer(room), 0, &item_line(item));
            if at == self.selected {
                table::select(painter, spot, true);
            }
            painter.note(spot, Target::OverlayRow(at));
        }
    }
}

/// The name with the letters that match, and what it does.
fn item_line(item: &PaletteItem) -> Line<'static> {
    let mut words = Line::new();
    for (at, c) in item.name.chars().enumerate() {
        let matched = u32::try_from(at).is_ok_and(|at| item.matched.contains(&at));
        words.push(c.to_string(), if matched { Role::Key } else { Role::Text });
    }
    let gap = NAME.saturating_sub(words.width()).max(1);
    words.and(" ".repeat(gap), Role::Text).and(item.help.to_string(), Role::TextDim)
}
