//! The help: the keys as they are now.

use ratatui::layout::Rect;

use crate::app::layout::Target;
use crate::app::overlays::help::{Help, HelpRow, HelpSign};
use crate::app::state::State;
use crate::theme::{GlyphSet, Role};
use crate::ui::line::Line;
use crate::ui::paint::Painter;
use crate::ui::widgets::dialog::{self, DialogTone};
use crate::ui::widgets::table;

use super::Draw;

/// Columns of the help.
const WIDTH: u16 = 76;
/// Columns of the keys in it.
const KEYS: usize = 18;

impl Draw for Help {
    fn draw(&self, _state: &State, painter: &mut Painter<'_>, area: Rect) {
        // Two rows free above and below the frame: the core scrolls by the same height.
        let spot = dialog::spot(area, WIDTH, area.height.saturating_sub(2).max(3));
        let height = usize::from(spot.height.saturating_sub(2));
        let shown = table::window(self.scroll, None, self.rows.len(), height);
        let title = Line::styled("keys and commands", Role::DialogTitle);
        let foot = table::position(&shown, self.rows.len()).then("Esc closes", Role::TextDim);
        let inner = dialog::frame(painter, spot, DialogTone::Plain, &title, &foot);
        for (row, entry) in (0..inner.height).zip(&self.rows[shown]) {
            let words = match entry {
                HelpRow::Sign(sign, meaning) => {
                    let (sign, role) = drawn(painter.glyphs(), *sign);
                    Line::styled(format!("  {sign:<KEYS$} "), role).and(*meaning, Role::Text)
                }
                HelpRow::Heading(text) => Line::styled(text.clone(), Role::Title),
                HelpRow::Entry { keys, help } => {
                    Line::styled(format!("  {keys:<KEYS$} "), Role::Key).and(help.clone(), Role::Text)
                }
            };
            painter.put(inner, row, &words);
            painter.note(Rect { y: inner.y + row, height: 1, ..inner }, Target::OverlayRow(usize::from(row)));
        }
    }
}

/// A sign as it is drawn where it stands.
fn drawn(glyphs: GlyphSet, sign: HelpSign) -> (String, Role) {
    match sign {
        HelpSign::Late => (glyphs.up.to_owned(), Role::LogMark),
        HelpSign::Mark => (glyphs.mark.to_owned(), Role::LogMark),
        HelpSign::Marker => (glyphs.marker.to_owned(), Role::LogMark),
        HelpSign::Average => (glyphs.bars[4].to_owned(), Role::ChartLine),
        HelpSign::Range => (format!("{} {}", glyphs.band, glyphs.shade), Role::ChartLine),
        HelpSign::Event => (glyphs.event.to_owned(), Role::Key),
        HelpSign::Before => (glyphs.before[1].to_owned(), Role::ChartCompare),
    }
}
