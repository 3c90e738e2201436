//! What every overlay can be asked. Each question has an answer here that suits most.

use std::any::Any;
use std::fmt::Debug;
use std::time::Duration;

use crate::app::keymap::Command;
use crate::lang::key::Key;
use crate::lang::time::Stamp;
use crate::logs::record::Record;
use crate::model::effect::{Effect, RequestId};
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::World;
use crate::world::ids::LogId;
use crate::world::logs::Logs;

use super::State;

/// Keys that were typed before a dialog can have been read are not meant for it (they queue up over a slow link).
pub(crate) const DEAF: Duration = Duration::from_millis(300);

/// An overlay as a copy of its own, for who plays a recording and goes back to a moment of it.
pub trait CopiedOverlay {
    /// The copy.
    fn copied(&self) -> Box<dyn Overlay>;
}

impl<O: Overlay + Clone> CopiedOverlay for O {
    fn copied(&self) -> Box<dyn Overlay> {
        Box::new(self.clone())
    }
}

/// One overlay. While it takes a key it is out of the stack, so that it may change the state and open others.
pub trait Overlay: Any + Debug + CopiedOverlay {
    /// Takes a key.
    fn key(&mut self, state: &mut State, key: Key, effects: &mut Vec<Effect>) -> Then;

    /// Takes pasted text, if it has an input.
    fn paste(&mut self, _state: &mut State, _text: &str) {}

    /// A click on a row selects it. Choices still want a key, because what appears under a moving hand must not be
    /// confirmed by it.
    fn click_row(&mut self, _row: usize) {}

    /// A click on a button: Cancel cancels; what runs something takes the focus, no more.
    fn click_button(&mut self, _state: &mut State, _button: usize) -> Then {
        Then::Stay
    }

    /// Columns and rows of the smallest terminal on which all that it acts on can be seen. On a smaller one it says so, and
    /// takes no key but Esc.
    fn least_size(&self) -> (u16, u16) {
        (20, 4)
    }

    /// Whether it is a box over the screen, rather than a line below it.
    fn is_boxed(&self) -> bool {
        true
    }

    /// How it stands to the list of records, where it shows details of the logs.
    fn details(&self) -> Option<Stands> {
        None
    }

    /// Whether keys that move go to the list of records under it.
    fn moves_list(&self) -> bool {
        false
    }

    /// Whether letters are text in it.
    fn takes_text(&self) -> bool {
        false
    }

    /// Whether what is typed now is a person's own words: no recording holds it.
    fn hides_typed(&self) -> bool {
        false
    }

    /// Another record was selected in the list of records under it.
    fn list_moved(&mut self, _state: &State) {}

    /// When it was opened, where it ignores keys at first.
    fn ignores_keys_since(&self) -> Option<Stamp> {
        None
    }

    /// Whether it has records left to count.
    fn is_counting(&self) -> bool {
        false
    }

    /// Counts a slice of what is left.
    fn count(&mut self, _logs: &Logs) {}

    /// Takes in a record that was just pushed to the ring of log `at`.
    fn ingest(&mut self, _logs: &Logs, _at: LogId, _record: &Record, _backlog: bool) {}

    /// Lets go of what the rings dropped.
    fn forget(&mut self, _logs: &Logs) {}

    /// The logs have other ids since a reload.
    fn logs_moved(&mut self) -> Then {
        Then::Stay
    }

    /// Records were read again without the secrets in them: each as it was, with the one that takes its place.
    fn masked(&mut self, _records: &[(Record, Record)]) -> Then {
        Then::Stay
    }

    /// What was said with it is not on record, or does not run, for this reason: it is open again, with all that was typed.
    fn came_back(&mut self, _why: &SafeText, _now: Stamp) {}

    /// The configuration is another one. What it would do may not be what a person read: then it closes.
    fn reconfigured(&mut self, _world: &World) -> Then {
        Then::Stay
    }
}

/// How details stand to the list of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stands {
    /// The list stays in sight, above them or beside them.
    WithList,
    /// The list stays in sight only beside them.
    Alone,
}

/// What becomes of an overlay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Then {
    /// It stays.
    Stay,
    /// It is closed.
    Close,
    /// It is closed, and what was said with it is asked of the store: it comes back where that fails.
    Sent(RequestId),
    /// It is closed, and this is done.
    Perform(Operation),
}

/// What an overlay can ask for that reaches beyond it: it does not know the screens and commands, which open overlays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// A command.
    Command(Command),
    /// A screen of the configuration.
    Screen(Name),
    /// The logs through a saved filter.
    Filter(Name),
    /// The screen of a service.
    Service(Name),
    /// The logs, one of them alone.
    Log(Name),
    /// The chart of a metric.
    Metric(Name),
    /// The runbook of a service.
    Runbook(Name),
    /// A text into the clipboard.
    Copy(SafeText),
    /// Another theme.
    Theme(String),
    /// The dialog of an action, or of its dry run.
    Action {
        /// The action.
        name: Name,
        /// Whether it only shows what it would do.
        dry_run: bool,
    },
}
