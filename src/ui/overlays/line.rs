//! A line of input over the last rows of the screen: filter and search.

use ratatui::layout::Rect;

use crate::app::overlays::line::{Line, Purpose};
use crate::theme::Role;
use crate::ui::paint::{Painter, split_bottom};
use crate::ui::widgets::input::InputLine;
use crate::ui::words::Words;

pub(super) fn draw(painter: &mut Painter<'_>, line: &Line, area: Rect) {
    let (prompt, placeholder) = match &line.purpose {
        Purpose::Filter => (" filter ", "words, level>=warn, field:value, -not, /regex/"),
        Purpose::Search => (" search ", "jumps to what it finds, hides nothing"),
        Purpose::List(_) => (" rows with ", "words that a row must hold"),
    };
    let spot = split_bottom(area, 2).1;
    painter.clear(spot);
    let input = InputLine {
        prompt: Words::of(prompt, Role::InputPrompt).and(" ", Role::Text),
        text: line.input.text(),
        cursor: Some(line.input.cursor()),
        error: line.error.as_ref().map(|(at, why)| (*at, why)),
        placeholder,
    };
    input.draw(painter, spot);
    if line.error.is_none() {
        let words = Words::of(" Enter", Role::Key)
            .and(" keeps it  ", Role::KeyLabel)
            .and("Esc", Role::Key)
            .and(" takes it back  ", Role::KeyLabel)
            .and("Up", Role::Key)
            .and(" earlier ones", Role::KeyLabel);
        painter.put(spot, 1, &words);
    }
}
