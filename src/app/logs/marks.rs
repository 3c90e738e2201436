//! Marks: records that a person wants to find again, kept though the ring drops them.

use crate::app::state::State;
use crate::app::toasts::Tone;
use crate::lang::order::InOrder;
use crate::logs::record::Record;
use crate::world::logs::rings;

use super::height;

/// Records that can be marked at once: each is held in memory.
pub const MAX_MARKS: usize = 100;

/// Marks the selected record, or takes its mark away.
pub(in crate::app) fn toggle_mark(state: &mut State) {
    let screen = &mut state.console.screens.logs;
    let Some(record) = screen.pane.selected(&state.world.logs) else { return };
    let id = (record.log.clone(), record.seq);
    if screen.marks.remove(&id).is_some() {
        return;
    }
    if screen.marks.len() == MAX_MARKS {
        state.toast(
            Tone::Warning,
            &format!("{MAX_MARKS} records are marked, the most possible: remove a mark or save them"),
        );
        return;
    }
    screen.marks.insert(id, record);
}

/// The marked records by time, each as it is now where it is still held.
pub(super) fn in_order(state: &State) -> Vec<Record> {
    let newest = |(id, kept): (&(_, u64), &Record)| -> Record {
        let (log, seq): &(crate::text::name::Name, u64) = id;
        state.world.log(log).and_then(|log| log.ring.get(*seq)).unwrap_or(kept).clone()
    };
    let mut marked: Vec<Record> = state.console.screens.logs.marks.iter().map(newest).collect();
    marked.order_by(|a, b| place(a).cmp(&place(b)));
    marked
}

fn place(record: &Record) -> (chrono::DateTime<chrono::Utc>, &str, u64) {
    (record.at(), &*record.log, record.seq)
}

/// Goes to the neighbouring mark, around the ends. Returns its record where it is not among those that are shown.
pub(in crate::app) fn next_mark(state: &mut State, forward: bool) -> Option<Record> {
    let marked = in_order(state);
    let here = state.console.screens.logs.pane.selected(&state.world.logs)?;
    let near = if forward {
        marked.iter().find(|record| place(record) > place(&here))
    } else {
        marked.iter().rev().find(|record| place(record) < place(&here))
    };
    let around = if forward { marked.first() } else { marked.last() };
    let Some(record) = near.or(around) else {
        state.toast(Tone::Info, "no marks yet: m marks a line");
        return None;
    };
    if near.is_none() {
        state.toast(Tone::Info, if forward { "from the first mark again" } else { "from the last mark again" });
    }
    go_to(state, record)
}

/// Puts the cursor on a record. Returns it, and says why, where it is not among those that are shown.
fn go_to(state: &mut State, record: &Record) -> Option<Record> {
    let height = height(state);
    let screen = &mut state.console.screens.logs;
    let held = rings(&state.world.logs, screen.pane.sources());
    let source =
        screen.pane.sources().iter().position(|at| state.world.logs.get(*at).is_some_and(|log| log.name == record.log));
    let index = source.and_then(|source| screen.pane.view().index_of(&held, source, record.seq));
    if let Some(entry) = index.and_then(|index| screen.pane.view().get(index)) {
        screen.pane.jump(&state.world.logs, entry, height);
        return None;
    }
    let held = state.world.log(&record.log).is_some_and(|log| log.ring.get(record.seq).is_some());
    let why =
        if held { "the filter hides this marked record" } else { "no longer in the log's memory; kept by the mark" };
    state.toast(Tone::Info, why);
    Some(record.clone())
}
