//! Everything that is known of one thing.

use ratatui::layout::Rect;

use super::{Draw, closing};
use crate::app::describe;
use crate::app::keymap::Command;
use crate::app::overlays::description::Description;
use crate::app::row::RowKey;
use crate::app::state::State;
use crate::theme::{GlyphSet, Role};
use crate::ui::line::Line;
use crate::ui::paint::Painter;
use crate::ui::widgets::dialog::{self, DialogTone};
use crate::ui::widgets::notice::Notice;
use crate::ui::widgets::scale::Scale;
use crate::ui::widgets::table;

/// Columns of the widest.
const WIDTH: u16 = 110;
/// So many firings a day are few: one is not drawn as high as the row.
const FEW: f64 = 4.0;
/// Columns of the labels at the least, with the gap behind them.
const LABEL: usize = 14;

impl Draw for Description {
    fn draw(&self, state: &State, painter: &mut Painter<'_>, area: Rect) {
        let rows = describe::rows(state, &self.subject);
        let width = usize::from(area.width.min(WIDTH)).saturating_sub(4);
        let glyphs = painter.glyphs();
        // Behind the longest there is a gap too.
        let labels = rows.iter().map(|(label, _)| label.len() + 2).max().unwrap_or(0).max(LABEL);
        let line = |(label, text): &(&'static str, _)| {
            let before = if *label == describe::FIRINGS { bars(state, &self.subject, glyphs) } else { Line::new() };
            let label = Line::styled(format!("{label:<labels$}"), Role::TextLabel);
            label.join(before).and(text, Role::Text).wrapped(width, labels)
        };
        // A scroll is by rows, each whole.
        let lines: Vec<Line<'static>> = rows.iter().skip(self.scroll).flat_map(line).collect();
        let all: usize = rows.iter().map(|row| line(row).len()).sum();
        let height = u16::try_from(all + 2).unwrap_or(u16::MAX).clamp(5, area.height.saturating_sub(2).max(5));
        let spot = dialog::spot(area, WIDTH, height);
        let title = Line::styled(describe::title(state, &self.subject), Role::DialogTitle);
        let shown = usize::from(spot.height.saturating_sub(2));
        let first = all - lines.len();
        let place = table::position(&(first..(first + shown).min(all)), all);
        let foot = place.then(closing(state, &[(Command::Copy, "copies")]), Role::TextDim);
        let inner = dialog::frame(painter, spot, DialogTone::Plain, &title, &foot);
        if rows.is_empty() {
            Notice::empty("it no longer exists", "Esc closes").draw(painter, inner);
        }
        for (row, line) in (0..inner.height).zip(&lines) {
            painter.put(inner, row, line);
        }
    }
}

/// How often an alert fired on each of the last 30 days, today at the right.
fn bars(state: &State, subject: &RowKey, glyphs: GlyphSet) -> Line<'static> {
    let alert = match subject {
        RowKey::Alert(id) => state.seen().alert(id),
        _ => None,
    };
    let Some(alert) = alert else { return Line::new() };
    let days = state.seen().firings_of(alert).by_day.map(|fired| (fired > 0).then(|| f64::from(fired)));
    let scale = Scale::from_zero(days.iter().flatten().copied(), FEW);
    let bars: String = days.iter().map(|day| day.map_or(glyphs.dot, |day| glyphs.bar(scale.share(day)))).collect();
    Line::styled(bars, Role::ChartLine).and("  ", Role::Text)
}
