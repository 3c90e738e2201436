//! The charts of the service that is shown.

use super::Panel;
use crate::app::state::State;

pub(super) struct ServiceCharts;

impl Panel for ServiceCharts {
    fn is_wanted(&self, state: &State) -> bool {
        state.regarded_service().is_some_and(|service| state.seen().charted_of(service).next().is_some())
    }

    fn takes_focus(&self, _state: &State) -> bool {
        false
    }

    fn takes_wheel(&self) -> bool {
        false
    }
}
