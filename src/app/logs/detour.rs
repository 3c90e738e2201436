//! Ways aside: a filter that a key has made, and the way back to what was shown before.

use crate::app::screens::logs::{Former, LogScope};
use crate::app::state::State;
use crate::app::toasts::Tone;
use crate::logs::filter::Filter;
use crate::logs::filter::write::{TRACE_NAMES, trace_is, trace_of};
use crate::logs::record::Record;

use super::filtering::parse;
use super::{select, set_filter};

/// Ways back that are remembered.
const MOST: usize = 16;

/// The way back that Esc takes, if the filter is still the one that a key has made.
pub(crate) fn former(state: &State) -> Option<&Former> {
    let screen = &state.console.screens.logs;
    screen.detours.last().filter(|former| former.set == screen.filter)
}

/// Shows the logs through another filter until [`go_back`]. `false`, and a word why, where it is none.
pub(in crate::app) fn narrow(state: &mut State, filter: &str) -> bool {
    match parse(filter) {
        Ok(filter) => {
            let former = remember(state, &filter, false);
            set_filter(state, filter);
            keep(state, former);
            true
        }
        Err((_, why)) => {
            state.toast(Tone::Error, why.as_str());
            false
        }
    }
}

fn remember(state: &State, filter: &Filter, traces: bool) -> Former {
    let screen = &state.console.screens.logs;
    Former {
        filter: screen.filter.clone(),
        scope: screen.scope.clone(),
        place: if screen.pane.follow { None } else { screen.pane.entry() },
        set: filter.clone(),
        traces,
    }
}

fn keep(state: &mut State, former: Former) {
    let detours = &mut state.console.screens.logs.detours;
    // Where the person has typed another filter meanwhile, nobody wants to go back over it.
    if detours.last().is_some_and(|last| last.set != former.filter) {
        detours.clear();
    }
    if detours.len() == MOST {
        detours.remove(0);
    }
    detours.push(former);
}

/// Everything, of all logs, that has the trace or request id of a record; the cursor stays on the record. From there it
/// leads back. `false` where there is no such id.
pub(in crate::app) fn trace(state: &mut State, record: Option<&Record>) -> bool {
    if former(state).is_some_and(|former| former.traces) {
        return go_back(state);
    }
    let Some(record) = record else { return false };
    let Some(id) = trace_of(record) else {
        let names = TRACE_NAMES.join(", ");
        state.toast(Tone::Info, &format!("this record has no trace or request id; looked for {names}"));
        return false;
    };
    let Ok(filter) = parse(&trace_is(&id)) else { return false };
    let former = remember(state, &filter, true);
    select(state, &record.log, record.seq);
    state.console.screens.logs.scope = LogScope::All;
    set_filter(state, filter);
    keep(state, former);
    true
}

/// The same of the record under the cursor.
pub(in crate::app) fn trace_selected(state: &mut State) {
    let record = state.console.screens.logs.pane.selected(&state.world.logs);
    trace(state, record.as_ref());
}

/// Back to what was shown before, at the same place. `false` where there is nothing to go back to.
pub(in crate::app) fn go_back(state: &mut State) -> bool {
    if former(state).is_none() {
        return false;
    }
    let Some(former) = state.console.screens.logs.detours.pop() else { return false };
    state.console.screens.logs.scope = former.scope;
    set_filter(state, former.filter);
    let pane = &mut state.console.screens.logs.pane;
    match former.place {
        Some(entry) => pane.stand_at(entry),
        None => pane.resume(),
    }
    true
}
