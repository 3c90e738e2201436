//! Toasts: short messages over the lower right of the screen.

use ratatui::layout::Rect;

use crate::text::SafeText;
use crate::theme::Role;
use crate::ui::line::{Line, cut};
use crate::ui::paint::Painter;

/// Columns of the widest toast.
const WIDEST: u16 = 72;
/// Rows of the highest.
const HIGHEST: usize = 4;

/// Draws toasts upwards from the lower right corner of `area`, the newest lowest.
pub(crate) fn draw<'a>(
    painter: &mut Painter<'_>,
    area: Rect,
    newest_first: impl Iterator<Item = (Role, &'static str, &'a SafeText)>,
) {
    let mut bottom = area.bottom();
    for (role, sign, text) in newest_first {
        let width = area.width.min(WIDEST);
        if width < 8 {
            return;
        }
        let words = Line::styled(sign, role).and(" ", role).and(text, role);
        let mut lines = words.wrapped(usize::from(width) - 2, 2);
        if lines.len() > HIGHEST {
            lines.truncate(HIGHEST);
            let ellipsis = painter.glyphs().ellipsis;
            let last: String = lines.pop().iter().flat_map(Line::pieces).map(|(text, _)| text).collect();
            let last = format!("{}{ellipsis}", last.trim_end());
            lines.push(Line::styled(cut(&last, usize::from(width) - 2, ellipsis), role));
        }
        let height = u16::try_from(lines.len()).unwrap_or(1);
        if bottom < area.top() + height {
            return;
        }
        let widest = lines.iter().map(Line::width).max().unwrap_or(0);
        let width = u16::try_from(widest + 2).unwrap_or(width).min(width);
        bottom -= height;
        let spot = Rect { x: area.right() - width, y: bottom, width, height };
        painter.clear(spot);
        painter.tint(spot, role);
        for (row, line) in (0..height).zip(lines) {
            painter.put_at(spot, 1, row, &line.all(role));
        }
    }
}
