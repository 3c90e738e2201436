//! A line of input over the last rows of the screen: filter and search, with what it could be gone on with above it.

use ratatui::layout::Rect;

use crate::app::overlays::line::{LineInput, Purpose};
use crate::app::state::State;
use crate::theme::Role;
use crate::ui::figures;
use crate::ui::line::Line;
use crate::ui::paint::{Painter, split_bottom};
use crate::ui::widgets::input::InputLine;
use crate::ui::widgets::table;

use super::Draw;

/// Rows of offers at the most.
const OFFERS: u16 = 6;
/// Columns of an offer's own text at the most.
const OFFER: usize = 32;

impl Draw for LineInput {
    fn draw(&self, state: &State, painter: &mut Painter<'_>, area: Rect) {
        let (prompt, placeholder) = match &self.purpose {
            Purpose::Filter => (" filter ", "words, level>=warn, field:value, -not, /regex/; Tab completes"),
            Purpose::Search => (" search ", "jumps to matches, hides nothing; Tab completes"),
            Purpose::List(_) => (" rows with ", "words that a row must contain"),
        };
        let (above, spot) = split_bottom(area, 2);
        painter.clear(spot);
        let input = InputLine {
            prompt: Line::styled(prompt, Role::InputPrompt).and(" ", Role::Text),
            text: self.input.text(),
            cursor: Some(self.input.cursor()),
            error: self.error.as_ref().map(|(at, why)| (*at, why)),
            placeholder,
        };
        input.draw(painter, spot);
        if self.error.is_none() {
            let keys = Line::styled(" Enter", Role::Key)
                .and(" apply  ", Role::KeyLabel)
                .and("Esc", Role::Key)
                .and(" undo  ", Role::KeyLabel)
                .and("Up", Role::Key)
                .and(" history", Role::KeyLabel);
            let used = painter.put(spot, 1, &keys);
            let shows = shows(state, self);
            if usize::from(spot.width) > usize::from(used) + shows.width() + 2 {
                painter.put_right(Rect { width: spot.width - 1, ..spot }, 1, &shows);
            }
        }
        offers(painter, self, above);
    }
}

/// What the text as it is does: `1,204 of 50,000 pass`.
fn shows(state: &State, line: &LineInput) -> Line<'static> {
    let logs = &state.console.screens.logs;
    let held: u64 =
        logs.pane.sources().iter().filter_map(|at| state.world.logs.get(*at)).map(|log| log.ring.len() as u64).sum();
    let words = match &line.purpose {
        Purpose::Filter => {
            let passing = figures::count(logs.pane.view().len() as u64);
            Line::styled(format!("{passing} of {} pass", figures::count(held)), Role::TextStrong)
        }
        Purpose::Search => {
            let (_, of) = logs.hit().unwrap_or_default();
            Line::styled(format!("{} found", figures::count(of as u64)), Role::TextStrong)
        }
        Purpose::List(_) => return Line::new(),
    };
    match logs.progress() {
        Some(done) => words.then(format!("so far, {done} %"), Role::StatusPending),
        None => words,
    }
}

/// The offers, the one that Tab has put in marked.
fn offers(painter: &mut Painter<'_>, line: &LineInput, above: Rect) {
    let taken = line.taken.as_ref().map(|(at, _)| *at);
    let height = OFFERS.min(above.height / 2);
    let shown = table::window(0, taken, line.offers.len(), usize::from(height));
    let rows = u16::try_from(shown.len()).unwrap_or(height);
    let spot = split_bottom(above, rows).1;
    painter.clear(spot);
    let longest =
        line.offers[shown.clone()].iter().map(|offer| offer.text.chars().count()).max().unwrap_or(0).min(OFFER);
    for (row, at) in (0..rows).zip(shown) {
        let offer = &line.offers[at];
        let (sign, role) = if taken == Some(at) { (painter.glyphs().pointer, Role::Key) } else { (" ", Role::Text) };
        let words = Line::styled(sign, Role::Key)
            .and(" ", Role::Text)
            .and(format!("{:<longest$}", offer.text), role)
            .and(format!("  {}", offer.note), Role::TextDim);
        painter.put(spot, row, &words);
    }
}
