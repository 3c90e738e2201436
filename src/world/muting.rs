//! Why nobody needs to hear of an alert: the reasons in their order, the first of which is said. None of them stops its
//! machine. An acknowledgement is none: what is acknowledged is heard of, and somebody is at it.

use super::World;
use super::alerts::AlertView;

impl World {
    /// Why an alert is muted, in words; `None`: it is not.
    pub(crate) fn muted_because(&self, alert: &AlertView) -> Option<String> {
        alert.inhibited_by.as_ref().map(|by| format!("{by} is down"))
    }
}
