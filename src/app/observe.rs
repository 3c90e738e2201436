//! What the sources saw, taken into the state.

use crate::config::sections::metric::MetricKind;
use crate::logs::record::{LogState, RecordBatch};
use crate::model::message::{Effect, Observation};
use crate::model::reading::{Reading, Sample};
use crate::model::since::Since;
use crate::model::status::Status;
use crate::text::SafeText;
use crate::text::name::Name;

use super::alerting;
use super::screens::{Screen, logs};
use super::state::State;
use super::world::diagnostics::ProblemKind;
use super::world::timeline::{Entry, Happening};
use super::world::toasts::Tone;

/// Takes in one observation. Only what changes something a person would notice at once asks for a frame; figures wait
/// for the next tick of the header's clock, because over SSH every frame costs.
pub fn observe(state: &mut State, observation: Observation, effects: &mut Vec<Effect>) {
    state.diagnostics.observations += 1;
    match observation {
        Observation::Reading(reading) => self::reading(state, *reading, effects),
        Observation::Sample(sample) => self::sample(state, sample, effects),
        Observation::Records { log, batch } => records(state, &log, batch),
        Observation::LogState { log, state: to } => log_state(state, &log, to),
        Observation::Overrun { name, count } => overrun(state, &name, count),
        Observation::Gap { from, to } => {
            let span = to.since(from);
            state.diagnostics.gaps.0 += 1;
            state.diagnostics.gaps.1 += span;
            for check in &mut state.checks {
                check.lose_sight(from);
            }
            state.derive_services();
            alerting::show(state);
            let text = format!("no data for {}s: the console was suspended or starved", span.as_secs());
            problem(state, ProblemKind::Gap, &SafeText::new("console"), &SafeText::new(&text));
            console(state, SafeText::new(&text));
        }
        Observation::Connectivity { ok, detail } => connectivity(state, ok, &detail, effects),
        Observation::Scheduler { lag, in_flight, waiting, not_asked } => {
            state.diagnostics.waiting = waiting;
            state.diagnostics.not_asked = not_asked;
            state.diagnostics.lag = lag;
            state.diagnostics.lag_max = state.diagnostics.lag_max.max(lag);
            state.diagnostics.in_flight = in_flight;
        }
        Observation::Warning { name, text } => {
            problem(state, ProblemKind::Warning, &SafeText::new(&name), &text);
        }
        Observation::TaskFailed { task, text } => {
            problem(state, ProblemKind::TaskFailed, &task, &text);
            console(state, SafeText::new(&format!("{task} failed and was restarted: {text}")));
            state.toast(Tone::Error, &format!("{task} failed and was restarted; see diagnostics (!)"));
            state.changed();
        }
    }
}

fn reading(state: &mut State, reading: Reading, effects: &mut Vec<Effect>) {
    // Without a network of our own, what polls say is about us and not about the world: it is not kept.
    if !state.connectivity.ok {
        return;
    }
    let Some(at) = state.membership.checks.get(&reading.check).copied() else { return };
    let taken = state.checks[at].take(reading);
    let noticeable = taken.turned.is_some() || taken.noticeable;
    // Whose fault it is comes first: what is told of it says so.
    let rows = if noticeable { state.check_changed(at) } else { Vec::new() };
    if let Some((from, to)) = taken.turned {
        turned(state, at, from, to);
    }
    alerting::evaluate_check(state, at, effects);
    alerting::rows_changed(state, &rows);
    own_figures(state, at, effects);
    if noticeable {
        state.changed();
    }
}

/// Metrics over a check's own latency and availability have a new value with each of its polls.
fn own_figures(state: &mut State, at: usize, effects: &mut Vec<Effect>) {
    let (config, membership) = (state.config.clone(), state.membership.clone());
    let now = state.now;
    for metric in membership.own_figures[at].iter().map(|metric| &config.metrics[*metric]) {
        let check = &state.checks[at];
        let (value, lacking) = match &metric.kind {
            MetricKind::Latency { quantile, window, .. } => {
                (check.percentile(*quantile, *window).map(|ms| ms as f64), "no latency measured yet")
            }
            MetricKind::Availability { window, .. } => {
                (check.availability(*window, now).map(|known| known.percent), "no data for this window yet")
            }
            _ => continue,
        };
        let value = value.ok_or_else(|| SafeText::new(lacking));
        sample(state, Sample { metric: metric.name.clone(), at: now, value, caveat: None }, effects);
    }
}

/// A check has another status than before.
fn turned(state: &mut State, at: usize, from: Status, to: Status) {
    let check = &state.checks[at];
    let because = check.own_reason.as_ref().or(check.error.as_ref());
    let because = because.map_or_else(String::new, |error| format!(": {error}"));
    // What was found so did not turn now: only a change that was seen is one.
    let what = match check.since.filter(|since| !since.seen && to != Status::Unknown) {
        Some(since) => format!("{} {}", to.word(), since.describe(state.now, state.config.console.timezone)),
        None => format!("{} → {}", from.word(), to.word()),
    };
    let text = SafeText::new(&format!("{} {what}{because}", check.name));
    let entry = Entry {
        at: state.now,
        happening: Happening::Status { check: check.name.clone(), from, to },
        service: check.service.clone(),
        text,
    };
    // The first answer of a check is news only where it is bad.
    if !(from == Status::Unknown && to == Status::Ok) {
        state.timeline.push(entry);
    }
}

fn sample(state: &mut State, sample: Sample, effects: &mut Vec<Effect>) {
    if !state.connectivity.ok {
        return;
    }
    let Some(at) = state.membership.metrics.get(&sample.metric).copied() else { return };
    let noticeable = state.metrics[at].take(sample);
    alerting::evaluate_metric(state, at, effects);
    if noticeable {
        state.changed();
    }
}

fn records(state: &mut State, name: &Name, batch: RecordBatch) {
    if state.frozen.is_some() {
        logs::hold(state, name, batch);
        return;
    }
    let any = !batch.records.is_empty();
    logs::arrived(state, name, batch, state.now);
    if any && state.shows_logs() {
        state.changed();
    }
}

fn log_state(state: &mut State, name: &Name, to: LogState) {
    let Some(log) = state.logs.iter_mut().find(|log| log.name == *name) else { return };
    if log.state == to {
        return;
    }
    let failed = match &to {
        LogState::Failed(why) => Some(why.clone()),
        _ => None,
    };
    log.state = to;
    if let Some(why) = failed {
        problem(state, ProblemKind::Warning, &SafeText::new(name), &why);
    }
    state.changed();
}

fn overrun(state: &mut State, name: &Name, count: u64) {
    let membership = state.membership.clone();
    let judged = membership.of_source.get(name).into_iter().flatten();
    for at in judged.chain(membership.checks.get(name)) {
        state.checks[*at].overruns = count;
    }
    if state.screen == Screen::Service {
        state.changed();
    }
}

/// Our own network went away or came back.
fn connectivity(state: &mut State, ok: bool, detail: &SafeText, effects: &mut Vec<Effect>) {
    let was = state.connectivity.ok;
    state.connectivity.detail = detail.clone();
    if was == ok && state.connectivity.since.is_some() {
        return;
    }
    state.connectivity.ok = ok;
    state.connectivity.since = Some(Since { at: state.now, seen: state.connectivity.since.is_some() });
    if was != ok {
        let now = state.now;
        for check in state.checks.iter_mut().filter(|_| !ok) {
            check.lose_sight(now);
        }
        state.derive_services();
        let text = if ok { "our own network is back" } else { "our own network is down: every status is unknown" };
        console(state, SafeText::new(&format!("{text} ({detail})")));
        alerting::connectivity(state, effects);
    }
    state.changed();
}

fn problem(state: &mut State, kind: ProblemKind, about: &SafeText, text: &SafeText) {
    state.diagnostics.note(state.now, kind, about.clone(), text.clone());
    if state.screen == Screen::Diagnostics {
        state.changed();
    }
}

fn console(state: &mut State, text: SafeText) {
    state.timeline.push(Entry { at: state.now, happening: Happening::Console, service: None, text });
}
