//! What is known of the action that is chosen.

use super::Panel;
use crate::app::state::State;

pub(super) struct ActionDetail;

impl Panel for ActionDetail {
    fn is_wanted(&self, state: &State) -> bool {
        state.selected_action().is_some()
    }

    fn takes_focus(&self, _state: &State) -> bool {
        false
    }

    fn takes_wheel(&self) -> bool {
        false
    }
}
