//! What is taken out of the logs: copied, written to a file, read in a pager.

use chrono::{DateTime, TimeDelta, Utc};

use crate::app::screens::Screen;
use crate::app::state::State;
use crate::app::toasts::Tone;
use crate::lang::order::InOrder;
use crate::logs::record::Record;
use crate::logs::ring::AHEAD;
use crate::model::effect::{ConsoleEffect, Effect, TerminalEffect};
use crate::text::name::Name;
use crate::world::logs::rings;

use super::marks;

/// Records that are written to a file at once at the most.
const MAX_SAVED: usize = 100_000;
/// Records that a pager gets at the most: a key must not wait for more.
const MAX_PAGED: usize = 20_000;
/// How far back evidence looks in the logs.
const LATELY: TimeDelta = TimeDelta::minutes(15);

/// The marked records, raw; `None` where none are.
pub(in crate::app) fn copied_marks(state: &State) -> Option<String> {
    let any = !state.console.screens.logs.marks.is_empty();
    any.then(|| text(&marks::in_order(state), false))
}

/// The selected record, raw.
pub(in crate::app) fn copied(state: &State) -> Option<String> {
    state.console.screens.logs.pane.selected(&state.world.logs).map(|record| record.raw.to_string())
}

/// Writes what is marked, else what passes the filter, into a file.
pub(in crate::app) fn save(state: &mut State, effects: &mut Vec<Effect>) {
    let records = chosen(state, MAX_SAVED);
    if records.is_empty() {
        state.toast(Tone::Info, "no record to write");
        return;
    }
    let what = if state.console.screens.logs.marks.is_empty() { "" } else { "-marked" };
    let name = format!("logs-{}{what}.txt", state.world.now.utc.format("%Y%m%dT%H%M%SZ"));
    effects.push(ConsoleEffect::Save { name, text: text(&records, false) }.into());
}

/// Gives what is marked, else what passes the filter, to the person's pager; with the log before each line where there
/// are several.
pub(in crate::app) fn page(state: &mut State, effects: &mut Vec<Effect>) {
    let records = chosen(state, MAX_PAGED);
    if records.is_empty() {
        state.toast(Tone::Info, "no record to read");
        return;
    }
    let several = state.console.screens.logs.pane.sources().len() > 1;
    effects.push(TerminalEffect::Page(text(&records, several)).into());
}

/// Saves the present screen as evidence, with what the logs say beside it: on the logs screen what is marked, else what
/// passes the filter; elsewhere what was written lately, of all logs.
pub(in crate::app) fn save_evidence(state: &State, effects: &mut Vec<Effect>) {
    let records = match state.console.screen {
        Screen::Logs => chosen(state, MAX_PAGED),
        _ => lately(state),
    };
    effects.push(TerminalEffect::SaveEvidence(text(&by_time(records), true)).into());
}

/// By what the lines state, and of lines that state no time right behind the one above them. On a screen a record that
/// arrived late stands where it arrived; who reads of it later wants to know when things happened.
fn by_time(mut records: Vec<Record>) -> Vec<Record> {
    records.order_by(|one, other| (&one.log, one.seq).cmp(&(&other.log, other.seq)));
    let mut above: Option<(Name, DateTime<Utc>)> = None;
    let mut timed: Vec<(DateTime<Utc>, Record)> = Vec::with_capacity(records.len());
    for record in records {
        let read = record.read_at.utc;
        // A clock that is far ahead says nothing.
        let stated = record.time.filter(|time| *time <= read + AHEAD);
        let before = above.as_ref().filter(|(log, _)| *log == record.log).map(|(_, at)| *at);
        let at = stated.or(before).unwrap_or(read);
        above = Some((record.log.clone(), at));
        timed.push((at, record));
    }
    // Those of one moment stay in the order of their log.
    timed.order_by_key(|(at, _)| *at);
    timed.into_iter().map(|(_, record)| record).collect()
}

/// What was written in the last [`LATELY`], by time, the newest [`MAX_PAGED`] at the most.
fn lately(state: &State) -> Vec<Record> {
    let from = state.world.now.utc - LATELY;
    let mut records: Vec<(DateTime<Utc>, &Record)> = Vec::new();
    for log in &state.world.logs {
        let ring = &log.ring;
        let timed = (0..ring.len()).rev().filter_map(|at| Some((ring.time_at(at)?, ring.at(at)?)));
        records.extend(timed.take_while(|(time, _)| *time >= from).take(MAX_PAGED));
    }
    records.order_by_key(|(time, record)| (*time, record.seq));
    let first = records.len().saturating_sub(MAX_PAGED);
    records[first..].iter().map(|(_, record)| (*record).clone()).collect()
}

/// What is marked, else the newest `most` of what passes the filter.
fn chosen(state: &State, most: usize) -> Vec<Record> {
    let screen = &state.console.screens.logs;
    if !screen.marks.is_empty() {
        return marks::in_order(state);
    }
    let view = screen.pane.view();
    let held = rings(&state.world.logs, screen.pane.sources());
    let entries = view.iter_from(view.len().saturating_sub(most));
    entries.filter_map(|entry| held.get(entry.source)?.get(entry.seq).cloned()).collect()
}

/// The lines as they came; those that were joined into one record are lines again.
fn text(records: &[Record], named: bool) -> String {
    let longest = records.iter().map(|record| record.log.len()).max().unwrap_or(0);
    let mut text = String::new();
    for record in records {
        for line in record.lines() {
            if named {
                text.push_str(&record.log);
                text.extend(std::iter::repeat_n(' ', longest - record.log.len()));
                text.push_str(" | ");
            }
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}
