//! The help: the keys as they are now.

use ratatui::layout::Rect;

use crate::app::layout::Target;
use crate::app::overlays::help::{Help, HelpGrid, HelpRow, HelpSign, KEYS};
use crate::app::state::State;
use crate::theme::{GlyphSet, Role};
use crate::ui::line::Line;
use crate::ui::paint::Painter;
use crate::ui::widgets::dialog::{self, DialogTone};
use crate::ui::widgets::notice::Notice;
use crate::ui::widgets::table;

use super::{Draw, closing};
use crate::app::keymap::Command;

impl Draw for Help {
    fn draw(&self, state: &State, painter: &mut Painter<'_>, area: Rect) {
        let page = HelpGrid::of((area.width, area.height));
        let lines = self.lines(page.width);
        let width = u16::try_from(page.columns * (page.width + 2) + 2).unwrap_or(area.width);
        let spot = dialog::spot(area, width, area.height.saturating_sub(2).max(3));
        let shown = table::window(self.scroll, None, lines.len(), page.rows());
        let title = Line::styled("keys and commands", Role::DialogTitle);
        let closes = match self.search() {
            Some(_) => "Esc shows all".to_owned(),
            None => closing(state, &[(Command::Filter, "searches")]),
        };
        let foot = table::position(&shown, lines.len()).then(closes, Role::TextDim);
        let inner = dialog::frame(painter, spot, DialogTone::Plain, &title, &foot);
        if let Some(text) = self.search() {
            let cursor = if self.is_typing() { "_" } else { "" };
            dialog::search(painter, spot, &Line::styled(format!("/{text}{cursor}"), Role::InputPrompt));
        }
        if lines.is_empty() {
            Notice::empty("no key and no command contains that", "Esc shows all").draw(painter, inner);
        }
        for (at, (row, text)) in lines[shown].iter().enumerate() {
            let Ok(row_at) = u16::try_from(at % page.height) else { break };
            let x = u16::try_from(at / page.height * (page.width + 2)).unwrap_or(inner.width).min(inner.width);
            let cell = Rect {
                x: inner.x + x,
                width: (inner.width - x).min(u16::try_from(page.width).unwrap_or(u16::MAX)),
                ..inner
            };
            painter.put(cell, row_at, &words(painter.glyphs(), *row, text));
            painter.note(Rect { y: inner.y + row_at, height: 1, ..cell }, Target::OverlayRow(at));
        }
    }
}

/// A line of it, under its keys.
fn words(glyphs: GlyphSet, row: Option<&HelpRow>, text: &str) -> Line<'static> {
    let (keys, role) = match row {
        Some(HelpRow::Heading(_)) => return Line::styled(text.to_owned(), Role::Title),
        Some(HelpRow::Sign(sign, _)) => drawn(glyphs, *sign),
        Some(HelpRow::Entry { keys, .. }) => (keys.clone(), Role::Key),
        None => (String::new(), Role::Text),
    };
    Line::styled(format!("  {keys:<width$} ", width = KEYS - 3), role).and(text.to_owned(), Role::Text)
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
        HelpSign::Inhibited => (glyphs.inhibited.to_owned(), Role::MarkInhibited),
        HelpSign::Silenced => (glyphs.silenced.to_owned(), Role::MarkSilenced),
        HelpSign::Acknowledged => (glyphs.acknowledged.to_owned(), Role::MarkAcknowledged),
        HelpSign::Maintenance => (glyphs.maintenance.to_owned(), Role::MarkMaintenance),
    }
}
