//! Alerts: every condition of every check and metric, evaluated at each reading and at each tick.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::alert::{Alert, AlertState, Severity, Sight, Transition};
use crate::model::condition::{Condition, Predicate};
use crate::model::message::Effect;
use crate::model::name::Name;
use crate::model::text::SafeText;

use super::state::State;
use super::world::alerts::{AlertView, Phase, Subject};
use super::world::timeline::{Entry, Happening};
use super::world::toasts::Tone;

/// One condition with its memory.
#[derive(Debug, Clone)]
pub(super) struct Machine {
    alert: Alert,
    subject: Subject,
    service: Option<Name>,
    /// Position of the subject among the checks or metrics.
    at: usize,
}

/// The machines of a configuration. Those that `old` has already, under the same name and condition, keep their state.
pub(super) fn machines(config: &crate::config::Config, old: &[Machine]) -> Vec<Machine> {
    let checks = config
        .checks
        .iter()
        .enumerate()
        .map(|(at, check)| (at, Subject::Check(check.name.clone()), check.service.clone(), &check.alerts));
    let metrics = config
        .metrics
        .iter()
        .enumerate()
        .map(|(at, metric)| (at, Subject::Metric(metric.name.clone()), metric.service.clone(), &metric.alerts));
    checks
        .chain(metrics)
        .flat_map(|(at, subject, service, alerts)| {
            alerts.iter().enumerate().map(move |(nth, (severity, condition))| {
                machine(at, subject.clone(), service.clone(), nth, (*severity, condition), old)
            })
        })
        .collect()
}

fn machine(
    at: usize,
    subject: Subject,
    service: Option<Name>,
    nth: usize,
    (severity, condition): (Severity, &Condition),
    old: &[Machine],
) -> Machine {
    let kind = if matches!(subject, Subject::Metric(_)) { "metric" } else { "check" };
    let name: Name = format!("{kind}:{}/{}/{nth}", subject.name(), severity.word()).into();
    let same = old.iter().find(|known| known.alert.name == name && known.alert.condition == *condition);
    let alert = same.map_or_else(|| Alert::new(name, severity, condition.clone()), |known| known.alert.clone());
    Machine { alert, subject, service, at }
}

/// A check has a new reading.
pub(super) fn evaluate_check(state: &mut State, at: usize, effects: &mut Vec<Effect>) {
    evaluate(state, |machine| matches!(machine.subject, Subject::Check(_)) && machine.at == at, effects);
}

/// A metric has a new sample.
pub(super) fn evaluate_metric(state: &mut State, at: usize, effects: &mut Vec<Effect>) {
    evaluate(state, |machine| matches!(machine.subject, Subject::Metric(_)) && machine.at == at, effects);
}

/// Time passed: `for`, `stale`, `absent`, and the end of what is resolved.
pub(super) fn evaluate_all(state: &mut State, effects: &mut Vec<Effect>) {
    evaluate(state, |_| true, effects);
    if !state.alerts.is_empty() {
        show(state);
    }
}

/// Our own network went away or came back.
pub(super) fn connectivity(state: &mut State, effects: &mut Vec<Effect>) {
    show(state);
    if state.connectivity.ok {
        title(state, effects);
    } else {
        ring(state, "our own network is gone", effects);
    }
}

/// The configuration is another one.
pub(super) fn reconfigured(state: &mut State, effects: &mut Vec<Effect>) {
    state.machines = machines(&state.config, &state.machines);
    show(state);
    title(state, effects);
}

fn evaluate(state: &mut State, which: impl Fn(&Machine) -> bool, effects: &mut Vec<Effect>) {
    let now = state.now;
    let mut machines = std::mem::take(&mut state.machines);
    let mut happened = Vec::new();
    for (at, machine) in machines.iter_mut().enumerate().filter(|(_, machine)| which(machine)) {
        if let Some(transition) = machine.alert.evaluate(&sight(state, machine), now) {
            happened.push((at, transition));
        }
    }
    state.machines = machines;
    if happened.is_empty() {
        return;
    }
    show(state);
    for (at, transition) in happened {
        tell(state, at, transition, effects);
    }
    state.changed();
}

fn sight<'a>(state: &'a State, machine: &Machine) -> Sight<'a> {
    static NONE: BTreeMap<String, f64> = BTreeMap::new();
    if !state.connectivity.ok {
        return Sight::Unknown;
    }
    match machine.subject {
        Subject::Check(_) => {
            let check = &state.checks[machine.at];
            Sight::Check {
                status: check.status,
                fields: check.last.as_ref().map_or(&NONE, |reading| &reading.fields),
                latency_ms: check.last.as_ref().map(|reading| reading.timing.latency().as_millis() as u64),
                stale: check.stale,
            }
        }
        Subject::Metric(_) => {
            let metric = &state.metrics[machine.at];
            // Before the first sample nothing is absent: it is only not known yet.
            if metric.last.is_none() && !metric.stale {
                return Sight::Unknown;
            }
            Sight::Number {
                value: metric.value.map(|(_, value)| value).filter(|_| metric.error.is_none()),
                stale: metric.stale,
            }
        }
        Subject::Console => Sight::Unknown,
    }
}

/// Says what happened: the timeline always, bell and title only for a new critical alert that nothing explains.
fn tell(state: &mut State, at: usize, transition: Transition, effects: &mut Vec<Effect>) {
    let machine = &state.machines[at];
    let Some(view) = state.alert(&machine.alert.name).cloned() else { return };
    let severity = machine.alert.severity;
    let happening = match transition {
        Transition::Fired => Happening::Fired(severity),
        Transition::Resolved => Happening::Resolved(severity),
        Transition::Pending
        | Transition::Cancelled
        | Transition::Keeping
        | Transition::Relapsed
        | Transition::Forgotten => return,
    };
    let word = if transition == Transition::Fired { "" } else { " is over" };
    let muted = view.inhibited_by.as_ref().map_or_else(String::new, |by| format!(" (inhibited by {by})"));
    let text = format!("{}{word}{muted}", view.told());
    state.timeline.push(Entry { at: state.now, happening, service: view.service, text: SafeText::new(&text) });
    if transition == Transition::Fired && severity == Severity::Critical && view.inhibited_by.is_none() {
        state.toast(Tone::Error, &text);
        ring(state, &format!("{} {}", view.subject.name(), view.condition), effects);
    } else {
        title(state, effects);
    }
}

fn ring(state: &State, what: &str, effects: &mut Vec<Effect>) {
    effects.push(Effect::Bell);
    effects.push(Effect::Title(SafeText::new(&format!("! {what} · {}", state.config.console.name))));
}

/// The title while nothing critical fires: it must not cry for ever.
fn title(state: &State, effects: &mut Vec<Effect>) {
    let cries = |alert: &&AlertView| {
        alert.severity == Severity::Critical && alert.phase == Phase::Firing && alert.inhibited_by.is_none()
    };
    let text = match state.alerts.iter().find(cries) {
        Some(alert) => format!("! {} {} · {}", alert.subject.name(), alert.condition, state.config.console.name),
        None => state.config.console.name.clone(),
    };
    effects.push(Effect::Title(SafeText::new(&text)));
}

/// Makes the list of alerts anew: firing, pending, resolved; worst first, newest first.
pub(super) fn show(state: &mut State) {
    let mut alerts: Vec<AlertView> = state.machines.iter().filter_map(|machine| view(state, machine)).collect();
    if !state.connectivity.ok {
        alerts.push(AlertView {
            id: "console:network".to_owned(),
            subject: Subject::Console,
            service: None,
            severity: Severity::Critical,
            condition: "our own network is gone".to_owned(),
            phase: Phase::Firing,
            since: state.connectivity.since,
            value: state.connectivity.detail.clone(),
            inhibited_by: None,
        });
    }
    alerts.sort_by_key(|alert| {
        let newest = alert.since.map(|since| std::cmp::Reverse(since.mono));
        (alert.phase.order(), alert.inhibited_by.is_some(), std::cmp::Reverse(alert.severity), newest)
    });
    state.alerts = alerts;
    let config = Arc::clone(&state.config);
    for metric in &mut state.metrics {
        let firing = state.alerts.iter().filter(|alert| {
            alert.phase == Phase::Firing && alert.subject == Subject::Metric(config.metrics[metric.index].name.clone())
        });
        metric.severity = firing.map(|alert| alert.severity).max();
    }
}

fn view(state: &State, machine: &Machine) -> Option<AlertView> {
    let phase = match machine.alert.state {
        AlertState::Inactive => return None,
        AlertState::Pending { .. } => Phase::Pending,
        AlertState::Firing { .. } | AlertState::Keeping { .. } => Phase::Firing,
        AlertState::Resolved { .. } => Phase::Resolved,
    };
    Some(AlertView {
        id: machine.alert.name.to_string(),
        subject: machine.subject.clone(),
        service: machine.service.clone(),
        severity: machine.alert.severity,
        condition: machine.alert.condition.written.clone(),
        phase,
        since: machine.alert.state.since(),
        value: SafeText::new(&seen(state, machine)),
        inhibited_by: inhibited_by(state, machine),
    })
}

/// Why nobody needs to hear of it: our own network is gone, or what it depends on is down.
fn inhibited_by(state: &State, machine: &Machine) -> Option<Name> {
    if !state.connectivity.ok {
        return Some(Name::from("our own network"));
    }
    machine.service.as_ref().and_then(|name| state.service(name)?.blocked_by.clone())
}

/// What the condition saw: the number with its unit, or the status with its error.
fn seen(state: &State, machine: &Machine) -> String {
    match &machine.subject {
        Subject::Metric(_) => {
            let metric = &state.metrics[machine.at];
            metric.error.as_ref().map_or_else(|| metric.shown(), ToString::to_string)
        }
        Subject::Check(_) => {
            let check = &state.checks[machine.at];
            let field = match &machine.alert.condition.predicate {
                Predicate::Number { field: Some(field), .. } => {
                    check.last.as_ref().and_then(|reading| reading.fields.get(field))
                }
                _ => None,
            };
            match (field, &check.error) {
                (Some(value), _) => value.to_string(),
                (None, Some(error)) => format!("{} {error}", check.status.word()),
                (None, None) => check.status.word().to_owned(),
            }
        }
        Subject::Console => String::new(),
    }
}
