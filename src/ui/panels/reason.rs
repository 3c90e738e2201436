//! Why a check is not well, in a row.

use crate::app::state::State;
use crate::model::status::beside_status;
use crate::theme::Role;
use crate::ui::line::{Line, Span};
use crate::world::checks::CheckView;
use crate::world::reason::Reason;

/// In the words of a list, without the status that stands beside it.
pub(super) fn of<'a>(state: &'a State, check: &'a CheckView) -> Line<'a> {
    let reason = state.seen().reason(check);
    match reason {
        Reason::Nothing => Line::new(),
        Reason::NeverAnswered(_) | Reason::Stale(..) => Line::styled(reason.to_string(), Role::MarkStale),
        Reason::Failing(so_far, needed, error) => {
            Line::styled(format!("{so_far} of {needed}: "), Role::StatusPending).and(error, Role::Text)
        }
        Reason::Recovering(..) => Line::styled(reason.to_string(), Role::StatusPending),
        Reason::Error(error) => Line::plain(Span::borrowed(beside_status(error.as_str()))),
        Reason::NoNetwork(_) | Reason::Waiting => Line::styled(reason.to_string(), Role::TextDim),
    }
}
