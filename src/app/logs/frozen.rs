//! What comes in while the screen is frozen: it waits, so that filter and search work on what was there.

use crate::app::state::State;
use crate::app::toasts::Tone;
use crate::logs::record::RecordBatch;
use crate::text::name::Name;

/// Keeps a batch for later. What there is no room for any more is counted as dropped by the ring of its log.
pub(in crate::app) fn hold(state: &mut State, log: &Name, batch: RecordBatch) {
    let dropped = state.console.waiting.push(log, batch, state.world.now);
    if let Some(view) = state.world.logs.iter_mut().find(|view| view.name == *log) {
        view.ring.note_dropped(dropped);
    }
}

/// Lets the screen go on, and takes in what waited. `false`: it was not held still.
pub(in crate::app) fn thaw(state: &mut State) -> bool {
    if state.console.frozen.take().is_none() {
        return false;
    }
    for (log, batch, at) in state.console.waiting.take() {
        super::arrived(state, &log, batch, at);
    }
    true
}

/// Lets the screen go on because of what is asked for: nobody is to act upon what was so a while ago.
pub(in crate::app) fn thaw_to_act(state: &mut State) {
    if thaw(state) {
        state.toast(Tone::Info, "no longer frozen: this is how it stands now");
    }
}
