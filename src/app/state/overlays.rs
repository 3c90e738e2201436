//! The overlays that are open, one over the other.

use std::any::Any;
use std::collections::VecDeque;

use crate::lang::key::{Key, KeyCode};
use crate::lang::time::Stamp;
use crate::logs::record::Record;
use crate::model::effect::{Effect, RequestId};
use crate::text::SafeText;
use crate::world::ids::LogId;
use crate::world::logs::Logs;

use super::State;
use super::overlay::{CopiedOverlay, DEAF, Operation, Overlay, Then};

/// So many of those that were sent are kept; of more no answer is waited for.
const MOST_SENT: usize = 16;

/// What lies over the screen, the topmost last; and what was sent to the store and is closed as long as that may take it.
#[derive(Debug, Default)]
pub struct Overlays {
    open: Vec<Box<dyn Overlay>>,
    sent: VecDeque<(RequestId, Box<dyn Overlay>)>,
    /// Until then keys were typed before what came back can have been seen: they are meant for the screen.
    deaf_until: Option<Stamp>,
}

impl Clone for Overlays {
    fn clone(&self) -> Self {
        let sent = self.sent.iter().map(|(request, overlay)| (*request, overlay.copied()));
        Self {
            open: self.iter().map(CopiedOverlay::copied).collect(),
            sent: sent.collect(),
            deaf_until: self.deaf_until,
        }
    }
}

impl Overlays {
    /// Whether nothing lies over the screen.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// From the lowest to the topmost.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &dyn Overlay> {
        self.open.iter().map(AsRef::as_ref)
    }

    /// The one that takes the keys.
    pub(crate) fn top(&self) -> Option<&dyn Overlay> {
        self.open.last().map(AsRef::as_ref)
    }

    /// The smallest terminal that the topmost one needs, where `size` is less.
    pub fn too_small(&self, size: (u16, u16)) -> Option<(u16, u16)> {
        self.top().map(Overlay::least_size).filter(|least| size.0 < least.0 || size.1 < least.1)
    }

    /// The topmost one, if it is an `O`.
    pub fn top_as<O: Overlay>(&self) -> Option<&O> {
        let top: &dyn Any = self.top()?;
        top.downcast_ref()
    }

    /// The latest `O` that is open, wherever it lies.
    pub(crate) fn latest_mut<O: Overlay>(&mut self) -> Option<&mut O> {
        self.open.iter_mut().rev().find_map(|overlay| {
            let overlay: &mut dyn Any = overlay.as_mut();
            overlay.downcast_mut()
        })
    }

    /// Opens one over all others.
    pub(crate) fn push(&mut self, overlay: impl Overlay) {
        self.open.push(Box::new(overlay));
    }

    /// Closes the topmost ones until so many are left.
    pub(in crate::app) fn close_down_to(&mut self, left: usize) {
        self.open.truncate(left);
    }

    /// Tells every one of them something; those that answer [`Then::Close`] are gone. Returns how many.
    pub(in crate::app) fn tell(&mut self, mut what: impl FnMut(&mut dyn Overlay) -> Then) -> usize {
        let before = self.open.len();
        self.open.retain_mut(|overlay| what(overlay.as_mut()) == Then::Stay);
        self.sent.retain_mut(|(_, overlay)| what(overlay.as_mut()) == Then::Stay);
        before - self.open.len()
    }

    /// What was asked with this request is on record, waits for a store that is away, or runs.
    pub(in crate::app) fn arrived(&mut self, request: RequestId) {
        self.sent.retain(|(of, _)| *of != request);
    }

    /// What was asked with this request failed: what a person typed for it is open again. Under what is open by now, so that
    /// no key which is meant for that gets into it.
    pub(in crate::app) fn come_back(&mut self, request: RequestId, why: &SafeText, now: Stamp) {
        let Some(at) = self.sent.iter().position(|(of, _)| *of == request) else { return };
        if let Some((_, mut overlay)) = self.sent.remove(at) {
            overlay.came_back(why, now);
            self.deaf_until = self.open.is_empty().then(|| now.plus(DEAF));
            self.open.insert(0, overlay);
        }
    }

    fn send(&mut self, request: RequestId, overlay: Box<dyn Overlay>) {
        if self.sent.len() == MOST_SENT {
            self.sent.pop_front();
        }
        self.sent.push_back((request, overlay));
    }

    /// A record was just pushed to the ring of log `at`.
    pub(in crate::app) fn ingest(&mut self, logs: &Logs, at: LogId, record: &Record, backlog: bool) {
        self.open.iter_mut().for_each(|overlay| overlay.ingest(logs, at, record, backlog));
    }

    /// The rings dropped records.
    pub(in crate::app) fn forget(&mut self, logs: &Logs) {
        self.open.iter_mut().for_each(|overlay| overlay.forget(logs));
    }

    /// Counts a slice for the lowest one that has records left to count.
    pub(in crate::app) fn count(&mut self, logs: &Logs) {
        if let Some(overlay) = self.open.iter_mut().find(|overlay| overlay.is_counting()) {
            overlay.count(logs);
        }
    }
}

/// Gives a key to the topmost overlay. One that can't be seen whole takes none but the one that leaves it.
pub(in crate::app) fn key(state: &mut State, key: Key, effects: &mut Vec<Effect>) -> Option<Operation> {
    if is_cut(state) && key.code != KeyCode::Esc {
        return None;
    }
    if state.console.overlays.deaf_until.is_some_and(|until| state.world.now < until) {
        return None;
    }
    with_top(state, |state, top| top.key(state, key, effects))
}

fn is_cut(state: &State) -> bool {
    state.console.overlays.too_small(state.console.size).is_some()
}

/// Gives pasted text to the topmost overlay.
pub(in crate::app) fn paste(state: &mut State, text: &str) {
    if is_cut(state) {
        return;
    }
    with_top(state, |state, top| {
        top.paste(state, text);
        Then::Stay
    });
}

/// A click on a row of the topmost overlay.
pub(in crate::app) fn click_row(state: &mut State, row: usize) {
    if let Some(top) = state.console.overlays.open.last_mut() {
        top.click_row(row);
    }
}

/// Another record was selected in the list under the topmost overlay.
pub(in crate::app) fn list_moved(state: &mut State) {
    with_top(state, |state, top| {
        top.list_moved(state);
        Then::Stay
    });
}

/// A click on a button of the topmost overlay.
pub(in crate::app) fn click_button(state: &mut State, button: usize) -> Option<Operation> {
    with_top(state, |state, top| top.click_button(state, button))
}

/// The wheel over details of the logs: as the keys up and down. `false` where it means nothing.
pub(in crate::app) fn wheel(state: &mut State, up: bool, notch: usize) -> bool {
    if state.console.overlays.top().is_none_or(|top| top.details().is_none()) {
        return false;
    }
    let key = Key::plain(if up { KeyCode::Up } else { KeyCode::Down });
    for _ in 0..notch {
        self::key(state, key, &mut Vec::new());
    }
    true
}

/// Takes the topmost overlay out while it works on the state, and puts it back where it was, under what it opened.
/// Returns what it asks for as it goes.
fn with_top(state: &mut State, work: impl FnOnce(&mut State, &mut dyn Overlay) -> Then) -> Option<Operation> {
    let mut top = state.console.overlays.open.pop()?;
    let at = state.console.overlays.open.len();
    match work(state, top.as_mut()) {
        Then::Stay => {
            let open = &mut state.console.overlays.open;
            open.insert(at.min(open.len()), top);
            None
        }
        Then::Close => None,
        Then::Sent(request) => {
            state.console.overlays.send(request, top);
            None
        }
        Then::Perform(operation) => Some(operation),
    }
}
