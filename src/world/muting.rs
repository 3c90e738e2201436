//! Why nobody needs to hear of an alert: the reasons in their order, the first of which is said. None of them stops its
//! machine. An acknowledgement is none: what is acknowledged is heard of, and somebody is at it.

use super::World;
use super::alerts::AlertView;
use super::history::clock;

impl World {
    /// Why an alert is muted, in words; `None`: it is not. In this order: a silence, a dependency that is down, flapping. A
    /// maintenance window will come before all of them.
    pub(crate) fn muted_because(&self, alert: &AlertView) -> Option<String> {
        if let Some(silence) = &alert.silenced {
            let until = clock(silence.until, self.now.utc, self.config.console.timezone);
            return Some(format!("silenced by {} until {until}: {}", silence.by, silence.why));
        }
        if let Some(by) = &alert.inhibited_by {
            return Some(format!("{by} is down"));
        }
        alert.flapping.then(|| "flapping: its status changes too often".to_owned())
    }

    /// The same in a few words, for a line that says more, by titles.
    pub(crate) fn muted_note(&self, alert: &AlertView) -> Option<String> {
        if let Some(silence) = &alert.silenced {
            return Some(format!("silenced by {}", silence.by));
        }
        if let Some(by) = &alert.inhibited_by {
            return Some(format!("inhibited by {}", self.title_of_service(by)));
        }
        alert.flapping.then(|| "flapping".to_owned())
    }
}
