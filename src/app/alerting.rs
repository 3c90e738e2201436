//! Alerts: every condition of every check and metric, evaluated at each reading and at each tick.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use crate::config::Config;
use crate::lang::condition::{Condition, Predicate};
use crate::lang::unit;
use crate::model::alert::{Alert, AlertState, Severity, Sight, Transition};
use crate::model::cause;
use crate::model::message::Effect;
use crate::text::SafeText;
use crate::text::name::Name;

use super::state::State;
use super::world::alerts::{AlertView, Phase, Subject};
use super::world::membership::Membership;
use super::world::timeline::{Entry, Happening};
use super::world::toasts::Tone;

/// One condition with its memory.
#[derive(Debug, Clone)]
pub(super) struct Machine {
    alert: Alert,
    subject: Subject,
    service: Option<Name>,
    /// The row of services that its subject belongs to.
    row: Option<usize>,
    /// Position of the subject among the checks or metrics.
    at: usize,
    /// Whether it stands in the list of alerts.
    listed: bool,
}

/// Every machine of a configuration, in its order, and whose each is.
#[derive(Debug, Clone, Default)]
pub(super) struct Machines {
    all: Vec<Machine>,
    of_check: Vec<Range<usize>>,
    of_metric: Vec<Range<usize>>,
}

impl Machines {
    /// The machines of a configuration. Those that `old` has already, under the same name and condition, keep their
    /// state.
    pub(super) fn new(config: &Config, membership: &Membership, old: &Self) -> Self {
        let known: HashMap<&Name, &Alert> =
            old.all.iter().map(|machine| (&machine.alert.name, &machine.alert)).collect();
        let mut machines = Self::default();
        for (at, check) in config.checks.iter().enumerate() {
            let row = membership.row_of_check.get(at).copied().flatten();
            let subject = Subject::Check(check.name.clone());
            let range = machines.add(&subject, check.service.as_ref(), (row, at), &check.alerts, &known);
            machines.of_check.push(range);
        }
        for (at, metric) in config.metrics.iter().enumerate() {
            let row = membership.row_of_metric.get(at).copied().flatten();
            let subject = Subject::Metric(metric.name.clone());
            let range = machines.add(&subject, metric.service.as_ref(), (row, at), &metric.alerts, &known);
            machines.of_metric.push(range);
        }
        machines
    }

    fn add(
        &mut self,
        subject: &Subject,
        service: Option<&Name>,
        (row, at): (Option<usize>, usize),
        conditions: &[(Severity, Condition)],
        known: &HashMap<&Name, &Alert>,
    ) -> Range<usize> {
        let from = self.all.len();
        let kind = if matches!(subject, Subject::Metric(_)) { "metric" } else { "check" };
        for (nth, (severity, condition)) in conditions.iter().enumerate() {
            let name: Name = format!("{kind}:{}/{}/{nth}", subject.name(), severity.word()).into();
            let same = known.get(&name).filter(|alert| alert.condition == *condition);
            let alert =
                same.map_or_else(|| Alert::new(name, *severity, condition.clone()), |alert| Alert::clone(alert));
            self.all.push(Machine {
                alert,
                subject: subject.clone(),
                service: service.cloned(),
                row,
                at,
                listed: false,
            });
        }
        from..self.all.len()
    }
}

/// A check has a new reading.
pub(super) fn evaluate_check(state: &mut State, at: usize, effects: &mut Vec<Effect>) {
    let range = state.machines.of_check.get(at).cloned().unwrap_or_default();
    evaluate(state, range.clone(), effects);
    refresh(state, range);
}

/// A metric has a new sample.
pub(super) fn evaluate_metric(state: &mut State, at: usize, effects: &mut Vec<Effect>) {
    let range = state.machines.of_metric.get(at).cloned().unwrap_or_default();
    evaluate(state, range.clone(), effects);
    refresh(state, range);
}

/// What these rows of services wait for, or whose fault their trouble is, is not what it was.
pub(super) fn rows_changed(state: &mut State, rows: &[usize]) {
    for row in rows {
        let membership = Arc::clone(&state.membership);
        let members = &membership.rows[*row];
        let checks = members.checks.iter().map(|at| state.machines.of_check[*at].clone());
        let metrics = members.metrics.iter().map(|at| state.machines.of_metric[*at].clone());
        for range in checks.chain(metrics).collect::<Vec<_>>() {
            refresh(state, range);
        }
    }
}

/// Time passed: `for`, `stale`, `absent`, and the end of what is resolved.
pub(super) fn evaluate_all(state: &mut State, effects: &mut Vec<Effect>) {
    evaluate(state, 0..state.machines.all.len(), effects);
}

/// Our own network went away or came back.
pub(super) fn connectivity(state: &mut State, effects: &mut Vec<Effect>) {
    show(state);
    if state.connectivity.ok {
        title(state, effects);
    } else {
        ring(state, "our own network is down", effects);
    }
}

/// The configuration is another one.
pub(super) fn reconfigured(state: &mut State, effects: &mut Vec<Effect>) {
    state.machines = Machines::new(&state.config, &state.membership, &state.machines);
    show(state);
    title(state, effects);
}

/// Evaluates a range of machines and tells of what changed.
fn evaluate(state: &mut State, range: Range<usize>, effects: &mut Vec<Effect>) {
    let now = state.now;
    let mut machines = std::mem::take(&mut state.machines);
    let mut happened = Vec::new();
    for at in range {
        let machine = &mut machines.all[at];
        if let Some(transition) = machine.alert.evaluate(&sight(state, machine), now) {
            happened.push((at, transition));
        }
    }
    state.machines = machines;
    for (at, transition) in &happened {
        refresh(state, *at..*at + 1);
        tell(state, *at, *transition, effects);
    }
    if !happened.is_empty() {
        state.changed();
    }
}

fn sight<'a>(state: &'a State, machine: &Machine) -> Sight<'a> {
    if !state.connectivity.ok {
        return Sight::Unknown;
    }
    match machine.subject {
        Subject::Check(_) => {
            let check = &state.checks[machine.at];
            Sight::of_check(check.status, check.last.as_ref(), check.stale)
        }
        Subject::Metric(_) => {
            let metric = &state.metrics[machine.at];
            Sight::of_metric(metric.last.as_ref(), metric.stale)
        }
        Subject::Console => Sight::Unknown,
    }
}

/// Says what happened: the timeline always, bell and title only for a new critical alert that nothing explains.
fn tell(state: &mut State, at: usize, transition: Transition, effects: &mut Vec<Effect>) {
    let machine = &state.machines.all[at];
    let Some(view) = view(state, at) else { return };
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
    let word = if transition == Transition::Fired { "" } else { " resolved" };
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

/// Makes the list of alerts again from all machines: firing, pending, resolved; worst first, newest first.
pub(super) fn show(state: &mut State) {
    let mut alerts: Vec<AlertView> = (0..state.machines.all.len()).filter_map(|at| view(state, at)).collect();
    for machine in &mut state.machines.all {
        machine.listed = machine.alert.state != AlertState::Inactive;
    }
    if !state.connectivity.ok {
        alerts.push(AlertView {
            id: "console:network".to_owned(),
            order: usize::MAX,
            subject: Subject::Console,
            service: None,
            severity: Severity::Critical,
            condition: "our own network is down".to_owned(),
            phase: Phase::Firing,
            since: state.connectivity.since,
            value: state.connectivity.detail.clone(),
            inhibited_by: None,
        });
    }
    alerts.sort_by_key(rank);
    state.alerts = alerts;
    for at in 0..state.metrics.len() {
        severity_of_metric(state, at);
    }
}

/// Brings the views of some machines up to date, each in its place in the list.
fn refresh(state: &mut State, range: Range<usize>) {
    for at in range {
        let machine = &mut state.machines.all[at];
        let listed = std::mem::replace(&mut machine.listed, machine.alert.state != AlertState::Inactive);
        if !listed && !machine.listed {
            continue;
        }
        let metric = matches!(machine.subject, Subject::Metric(_)).then_some(machine.at);
        if let Some(old) = state.alerts.iter().position(|alert| listed && alert.order == at) {
            state.alerts.remove(old);
        }
        if let Some(view) = view(state, at) {
            let place = state.alerts.partition_point(|alert| rank(alert) <= rank(&view));
            state.alerts.insert(place, view);
        }
        if let Some(metric) = metric {
            severity_of_metric(state, metric);
        }
    }
}

fn rank(alert: &AlertView) -> impl Ord + use<> {
    let newest = alert.since.map(|since| Reverse(since.at.mono));
    (alert.phase.order(), alert.inhibited_by.is_some(), Reverse(alert.severity), newest, alert.order)
}

/// The worst that fires of a metric.
fn severity_of_metric(state: &mut State, at: usize) {
    let range = state.machines.of_metric.get(at).cloned().unwrap_or_default();
    let firing = state.machines.all[range].iter().filter(|machine| machine.alert.state.is_firing());
    state.metrics[at].severity = firing.map(|machine| machine.alert.severity).max();
}

fn view(state: &State, at: usize) -> Option<AlertView> {
    let machine = &state.machines.all[at];
    let phase = match machine.alert.state {
        AlertState::Inactive => return None,
        AlertState::Pending { .. } => Phase::Pending,
        AlertState::Firing { .. } | AlertState::Keeping { .. } => Phase::Firing,
        AlertState::Resolved { .. } => Phase::Resolved,
    };
    Some(AlertView {
        id: machine.alert.name.to_string(),
        order: at,
        subject: machine.subject.clone(),
        service: machine.service.clone(),
        severity: machine.alert.severity,
        condition: machine.alert.condition.written.clone(),
        phase,
        since: machine.alert.since(),
        value: SafeText::new(&seen(state, machine)),
        inhibited_by: inhibited_by(state, machine),
    })
}

/// Why nobody needs to hear of it: our own network is down, or what it depends on is down and explains it.
fn inhibited_by(state: &State, machine: &Machine) -> Option<Name> {
    if !state.connectivity.ok {
        return Some(Name::from("our own network"));
    }
    let service = state.service_at(machine.row?)?;
    let by = service.waits_for.clone()?;
    let own = match &machine.subject {
        Subject::Check(_) => match &machine.alert.condition.predicate {
            // No dependency keeps us from asking.
            Predicate::Stale => true,
            Predicate::Number { field: Some(field), .. } => cause::names_a_cause(field, [&*by]),
            _ => state.checks[machine.at].own_reason.is_some(),
        },
        // A fault of the service's own may be what the figure shows.
        Subject::Metric(name) => service.own_reason.is_some() || cause::is_local(name),
        Subject::Console => true,
    };
    (!own).then_some(by)
}

/// What the condition saw: the number with its unit, or the status with its error.
fn seen(state: &State, machine: &Machine) -> String {
    match &machine.subject {
        Subject::Metric(_) => {
            let metric = &state.metrics[machine.at];
            match (&metric.error, metric.value, machine.alert.condition.threshold()) {
                (Some(error), ..) => error.to_string(),
                (None, Some((_, value)), Some(threshold)) => {
                    metric.mark() + &unit::quantity_beside(value, threshold, &metric.unit)
                }
                _ => metric.shown(),
            }
        }
        Subject::Check(_) => {
            let check = &state.checks[machine.at];
            let field = machine.alert.condition.field();
            let compared = field.and_then(|field| sight(state, machine).compared(Some(field)));
            let by = || machine.row.and_then(|row| state.service_at(row)?.blocked_by.as_deref()).unwrap_or_default();
            match (compared, &check.own_reason, &check.error) {
                (Some(value), ..) => unit::plain(value),
                (None, Some(own), _) => format!("{} {own} + by {}", check.status.word(), by()),
                (None, None, Some(error)) => format!("{} {error}", check.status.word()),
                (None, None, None) => check.status.word().to_owned(),
            }
        }
        Subject::Console => String::new(),
    }
}
