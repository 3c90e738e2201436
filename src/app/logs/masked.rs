//! Records that were read before a secret in them was known.

use super::follow;
use crate::app::state::State;
use crate::logs::filter::KnownFields;
use crate::logs::record::Record;

/// Records of each log from which it is learned again what a filter may ask for.
const LEARNED_AGAIN: usize = 500;

/// Every record that is held, or waits while the screen is frozen.
pub(crate) fn held(state: &State) -> Vec<Record> {
    let held = state.world.logs.iter().flat_map(|log| log.ring.iter().chain(log.repeats.kept()));
    held.chain(state.console.waiting.all()).cloned().collect()
}

/// Takes in records without the secrets in them, each with the one whose place it takes. Where it was replaced meanwhile,
/// that was by one which was read with the secrets known.
pub(in crate::app) fn masked(state: &mut State, records: &[(Record, Record)]) {
    // What a filter is completed with holds values of fields.
    state.console.screens.logs.known = KnownFields::default();
    state.world.masked(records, |logs, at, record, backlog| follow(&mut state.console, logs, at, record, backlog));
    let known = &mut state.console.screens.logs.known;
    for record in state.world.logs.iter().flat_map(|log| log.ring.iter().rev().take(LEARNED_AGAIN)) {
        known.learn(record);
    }
    state.console.waiting.replace(records);
    state.console.overlays.tell(|overlay| overlay.masked(records));
}
