//! A fault of a service's own beside the dependency that its trouble is by too.

use crate::text::SafeText;
use crate::theme::Role;
use crate::ui::line::{Line, Span};

/// Columns of a dependency's name that stay in any case.
const LEAST_BY: usize = 6;

/// `cart: TypeError + by cache`. Where the room is short the words for the dependency give way first, as far as its name
/// can still be told: what is wrong here matters more.
pub(super) fn beside<'a>(own: &'a SafeText, by: Span<'a>, width: u16, ellipsis: &str) -> Line<'a> {
    const BESIDE: &str = " + ";
    let own = Span::from(own);
    let width = usize::from(width);
    let room = width.saturating_sub(own.width());
    let named = |word: &'static str, by| Line::styled(word, Role::MarkInhibited).and(by, Role::MarkInhibited);
    let whole = named(" + by ", by.clone());
    let also = if whole.width() <= room {
        whole
    } else {
        named(BESIDE, by.fitted(room.saturating_sub(BESIDE.len()).max(LEAST_BY), ellipsis))
    };
    let room = width.saturating_sub(also.width()).max(1);
    Line::plain(own.fitted(room, ellipsis)).join(also)
}
