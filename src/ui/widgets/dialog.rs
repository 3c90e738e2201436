//! A box over the screen: a title, lines, buttons.

use ratatui::layout::Rect;

use super::frame::padded;
use crate::theme::Role;
use crate::ui::line::Line;
use crate::ui::paint::{Painter, split_top};

/// How a dialog is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DialogTone {
    /// It shows or asks.
    Plain,
    /// What it asks changes the world.
    Danger,
}

/// Screens of fewer rows have none to spare above a box.
const SPARES_A_ROW: u16 = 8;
/// And of fewer none below it.
const SPARES_TWO: u16 = 10;

/// Whether a screen of so many rows leaves the last of them free below a box.
pub(crate) const fn is_free_below(height: u16) -> bool {
    height >= SPARES_TWO
}

/// A box in the middle of `screen`, at most `width` × `height`, smaller where the screen is. The first row stays free: it
/// says where one is; and the last one: messages stand there, and must hide nothing that is confirmed.
pub(crate) fn spot(screen: Rect, width: u16, height: u16) -> Rect {
    let width = width.min(screen.width);
    let top = u16::from(screen.height >= SPARES_A_ROW);
    let height = height.min(screen.height - top - u16::from(is_free_below(screen.height)));
    let y = screen.y + ((screen.height - height) / 2).max(top);
    Rect { x: screen.x + (screen.width - width) / 2, y, width, height }
}

/// Clears the spot, draws the frame with its title and foot, and returns the inside, one cell free on either side.
pub(crate) fn frame(
    painter: &mut Painter<'_>,
    spot: Rect,
    tone: DialogTone,
    title: &Line<'_>,
    foot: &Line<'_>,
) -> Rect {
    painter.clear(spot);
    painter.tint(spot, Role::Dialog);
    if spot.width < 6 || spot.height < 3 {
        painter.put(spot, 0, title);
        return split_top(spot, 1).1;
    }
    painter.outline(spot, true, if tone == DialogTone::Danger { Role::DialogDanger } else { Role::DialogBorder });
    let edge = Rect { x: spot.x + 1, width: spot.width - 2, height: 1, ..spot };
    painter.put_at(edge, 1, 0, &padded(title));
    self::foot(painter, spot, foot);
    Rect { x: spot.x + 2, y: spot.y + 1, width: spot.width - 4, height: spot.height - 2 }
}

/// Words in the lower edge of a box, for what is known once its inside is drawn.
pub(crate) fn foot(painter: &mut Painter<'_>, spot: Rect, words: &Line<'_>) {
    if !words.is_empty() && spot.width >= 6 && spot.height >= 3 {
        let edge = Rect { x: spot.x + 1, y: spot.bottom() - 1, width: spot.width - 3, height: 1 };
        painter.put_right(edge, 0, &padded(words));
    }
}

/// What is searched for, at the left of the lower edge of a box.
pub(crate) fn search(painter: &mut Painter<'_>, spot: Rect, words: &Line<'_>) {
    if spot.width >= 6 && spot.height >= 3 {
        let edge = Rect { x: spot.x + 1, y: spot.bottom() - 1, width: spot.width - 3, height: 1 };
        painter.put_at(edge, 1, 0, &padded(words));
    }
}

/// A button's words.
pub(crate) fn button(label: &'static str, focused: bool) -> Line<'static> {
    let role = if focused { Role::DialogButtonFocus } else { Role::DialogButton };
    let (open, close) = if focused { ("[ ", " ]") } else { ("  ", "  ") };
    Line::styled(open, role).and(label, role).and(close, role)
}
