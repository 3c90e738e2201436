//! Alerts: every condition of every check and metric, evaluated at each reading and at each tick.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use crate::lang::condition::Predicate;
use crate::lang::unit;
use crate::model::alert::{Clearing, Severity, Transition};
use crate::model::cause;
use crate::model::status::Status;
use crate::text::SafeText;
use crate::text::name::Name;

use super::World;
use super::ids::{AlertId, CheckId, Id, MetricId, ServiceId, SloId};
use super::machines::{Machine, NETWORK, SubjectId};
use super::onset::Onset;
use super::output::{Change, Output};
use super::shown_phase::{Shown, over, shown};
use super::sight::{is_kept_without_data, sight};
use crate::world::alerts::{AlertSubject, AlertView, Alerts, Phase, SilencedBy};
use crate::world::timeline::{EventKind, EventMark, TimelineEntry};

/// How far apart what is seen of an alert and what a fact says of it may lie.
pub(super) const SAME: Duration = Duration::from_mins(1);

impl World {
    /// A check has a new reading.
    pub(super) fn evaluate_check(&mut self, check: CheckId, output: &mut Output) {
        let range = self.machines.of_check.get(check).cloned().unwrap_or_default();
        self.evaluate(range.clone(), output);
        self.refresh(range);
    }

    /// A metric has a new sample.
    pub(super) fn evaluate_metric(&mut self, metric: MetricId, output: &mut Output) {
        let range = self.machines.of_metric.get(metric).cloned().unwrap_or_default();
        self.evaluate(range.clone(), output);
        self.refresh(range);
    }

    /// An objective has other figures.
    pub(super) fn evaluate_slo(&mut self, slo: SloId, output: &mut Output) {
        let range = self.machines.of_slo.get(slo).cloned().unwrap_or_default();
        self.evaluate(range.clone(), output);
        self.refresh(range);
    }

    /// What these rows of services wait for, or whose fault their trouble is, is not what it was, because of `changed` checks.
    /// What belongs to no service has nothing to do with one another: of its row only those are looked at.
    pub(super) fn rows_changed(&mut self, rows: &[ServiceId], changed: &[CheckId]) {
        let membership = Arc::clone(&self.membership);
        for row in rows {
            let members = &membership.rows[*row];
            let is_own = membership.own_row == Some(*row);
            let checks: Vec<CheckId> = if is_own {
                changed.iter().copied().filter(|id| membership.row_of_check[*id] == Some(*row)).collect()
            } else {
                members.checks.to_vec()
            };
            let metrics = if is_own { &[] } else { &*members.metrics };
            let of_checks = checks.iter().flat_map(|id| &membership.slos_of_check[*id]);
            let slos = of_checks.chain(metrics.iter().flat_map(|id| &membership.slos_of_metric[*id]));
            let slos = slos.map(|id| self.machines.of_slo[*id].clone());
            let metrics = metrics.iter().map(|id| self.machines.of_metric[*id].clone());
            let all = checks.iter().map(|id| self.machines.of_check[*id].clone()).chain(metrics).chain(slos);
            for range in all.collect::<Vec<_>>() {
                self.refresh(range);
            }
        }
    }

    /// Time passed: `for`, `stale`, `absent`, and the end of what is resolved.
    pub(super) fn evaluate_all(&mut self, output: &mut Output) {
        self.evaluate(0..self.machines.all.len(), output);
    }

    /// Evaluates a range of machines and says what changed.
    fn evaluate(&mut self, range: Range<usize>, output: &mut Output) {
        let now = self.now;
        let mut machines = std::mem::take(&mut self.machines);
        let mut happened = Vec::new();
        for at in range {
            let machine = &mut machines.all[at];
            if let Some(transition) = machine.alert.evaluate(&sight(self, machine), now) {
                happened.push((at, transition));
            }
        }
        self.machines = machines;
        output.noticeable |= !happened.is_empty();
        for (at, transition) in happened {
            self.refresh(at..at + 1);
            self.record(at, transition, output);
        }
    }

    /// Puts into the timeline what fires and what is over; a new critical alert that nothing explains is a change of its
    /// own.
    fn record(&mut self, at: usize, transition: Transition, output: &mut Output) {
        if matches!(transition, Transition::Fired | Transition::Resolved) {
            self.note_firing(AlertId::new(at), output);
        }
        // Whoever acts for all says what fires.
        let is_said = |view: &&AlertView| !view.is_own_view && !self.shows_record();
        let Some(view) = self.alerts.get(AlertId::new(at)).filter(is_said) else { return };
        // Also what was muted while it fired is told as that once it is over.
        let machine = &self.machines.all[at];
        let (inhibited_by, flapping) = (inhibited_by(self, machine), flaps(self, machine));
        let view = AlertView { inhibited_by, flapping, ..view.clone() };
        let severity = view.severity;
        let kind = match transition {
            Transition::Fired => EventKind::Fired(severity),
            Transition::Resolved => EventKind::Resolved(severity),
            Transition::Keeping => {
                output.changes.push(Change::Alerts);
                return;
            }
            Transition::Pending | Transition::Cancelled | Transition::Relapsed | Transition::Forgotten => return,
        };
        let title = self.title_of_subject(&view.subject);
        let said = if transition == Transition::Fired { view.summary(title, self.now) } else { view.over(title) };
        let muted = self.muted_note(&view).map_or_else(String::new, |why| format!(" ({why})"));
        let text = format!("{said}{muted}");
        // What is muted asks nothing of a person.
        let is_step = !muted.is_empty();
        let entry = TimelineEntry::new(self.now, kind, view.service.clone(), SafeText::new(&text));
        let mark = EventMark::Alert(view.id.clone(), transition == Transition::Fired);
        self.timeline.see(TimelineEntry { is_step, ..entry }, mark, SAME, false);
        let cries = transition == Transition::Fired && severity == Severity::Critical && !view.is_muted();
        output.changes.push(if cries { Change::Critical { alert: view.id, text } } else { Change::Alerts });
    }

    /// Rebuilds the list of alerts from another set of machines: firing, pending, resolved; worst first, newest first.
    pub(super) fn list_alerts(&mut self) {
        self.alerts = Alerts::default();
        for metric in self.metrics.ids() {
            self.severity_of_metric(metric);
        }
        self.review_alerts();
    }

    /// Looks at every alert again, of the same machines: most stay where they stand in the list.
    pub(super) fn review_alerts(&mut self) {
        let network = self.machines.all.len();
        self.refresh(0..network);
        if self.connectivity.ok {
            self.alerts.remove(AlertId::new(network));
            return;
        }
        let view = AlertView {
            id: Name::from(NETWORK),
            subject: AlertSubject::Console,
            service: None,
            row: None,
            severity: Severity::Critical,
            condition: "our own network is down".into(),
            phase: Phase::Firing,
            clearing: None,
            since: self.connectivity.since,
            value: self.connectivity.detail.clone(),
            inhibited_by: None,
            maintenance: None,
            silenced: None,
            flapping: false,
            acknowledged: None,
            firing: None,
            is_behind: false,
            is_own_view: false,
            over_at: None,
        };
        self.alerts.put(AlertId::new(network), view.rank(), view);
    }

    /// Brings the views of some machines up to date, each in its place in the list.
    fn refresh(&mut self, range: Range<usize>) {
        for at in self.with_siblings(range) {
            let id = AlertId::new(at);
            match view(self, at).filter(|view| !self.is_superseded(at, view)) {
                Some(view) => {
                    // What stood behind a worse one is not on record.
                    if view.phase == Phase::Firing && self.alerts.get(id).is_none() && self.lease.fence().is_some() {
                        self.firings.unsaid.insert(id);
                    }
                    self.alerts.put(id, view.rank(), view);
                }
                None if self.alerts.remove(id).is_none() => continue,
                None => {}
            }
            if let SubjectId::Metric(metric) = self.machines.all[at].about {
                self.severity_of_metric(metric);
            }
        }
    }

    /// Brings the view of one alert up to date.
    pub(super) fn refresh_alert(&mut self, id: AlertId) {
        self.refresh(id.place()..id.place() + 1);
    }

    /// The same of all that is about the same check, metric or objective: what is worse opens the others again.
    pub(super) fn refresh_about(&mut self, id: AlertId) {
        let range = self.machines.all.get(id.place()).and_then(|machine| match machine.about {
            SubjectId::Check(check) => self.machines.of_check.get(check).cloned(),
            SubjectId::Metric(metric) => self.machines.of_metric.get(metric).cloned(),
            SubjectId::Slo(slo, _) => self.machines.of_slo.get(slo).cloned(),
        });
        self.refresh(range.unwrap_or_default());
    }

    /// The same of the alert of a condition, where the configuration has that.
    pub(super) fn refresh_rule(&mut self, rule: &Name) {
        if let Some(id) = self.machines.alert(rule, &self.membership) {
            self.refresh_about(id);
        }
    }

    /// The same of the alert that a firing is of, where that is known.
    pub(super) fn refresh_firing(&mut self, id: &str) {
        if let Some(rule) = self.firings.get(id).map(|firing| firing.record.rule.clone()) {
            self.refresh_rule(&rule);
        }
    }

    /// What was over by the record is not shown for ever.
    pub(super) fn forget_resolved(&mut self) {
        let (now, shown) = (self.now, self.config.alerting.resolved_for);
        let is_old = |view: &&AlertView| {
            view.phase == Phase::Resolved && view.since.is_some_and(|since| now.since(since.at) >= shown)
        };
        let old = self.alerts.iter().filter(is_old).filter_map(|view| self.machines.alert(&view.id, &self.membership));
        for id in old.collect::<Vec<_>>() {
            self.refresh_alert(id);
        }
    }

    /// The worst that fires of a metric.
    fn severity_of_metric(&mut self, metric: MetricId) {
        let range = self.machines.of_metric.get(metric).cloned().unwrap_or_default();
        let firing = self.machines.all[range].iter().filter(|machine| machine.alert.state.is_firing());
        self.metrics[metric].severity = firing.map(|machine| machine.alert.severity).max();
    }
}

pub(super) fn view(world: &World, at: usize) -> Option<AlertView> {
    let machine = world.machines.all.get(at)?;
    let Shown { phase, since, value, is_own_view } = shown(world, machine)?;
    // In a storm all are looked at again, and most show what they showed.
    let seen = value.map_or_else(|| seen(world, machine), Cow::Borrowed);
    let known =
        world.alerts.get(AlertId::new(at)).map(|known| &known.value).filter(|value| value.as_str() == seen).cloned();
    // What is over asks nothing of anybody: only what pends or fires can be muted.
    let is_on = matches!(phase, Phase::Pending | Phase::Firing);
    let view = AlertView {
        id: machine.alert.name.clone(),
        subject: machine.subject.clone(),
        service: machine.service.clone(),
        row: machine.row,
        severity: machine.alert.severity,
        condition: Arc::clone(&machine.alert.condition.written),
        phase,
        clearing: clearing(world, machine),
        since,
        value: known.unwrap_or_else(|| SafeText::new(&seen)),
        inhibited_by: inhibited_by(world, machine).filter(|_| is_on),
        maintenance: is_on.then(|| world.maintenance_of(machine.service.as_deref())).flatten().map(Into::into),
        silenced: None,
        flapping: is_on && flaps(world, machine),
        acknowledged: None,
        firing: None,
        is_behind: machine.row.and_then(|row| world.service_at(row)).is_some_and(|service| service.by().is_some()),
        is_own_view,
        over_at: (phase == Phase::Pending).then(|| over(world, machine)).flatten().map(|over| over.at),
    };
    Some(with_record(world, machine, view))
}

/// What it waits for, where it fires though its condition is not seen to hold.
fn clearing(world: &World, machine: &Machine) -> Option<Clearing> {
    if is_kept_without_data(world, machine) {
        return Some(Clearing::NoData);
    }
    machine.alert.clearing(sight(world, machine).compared(machine.alert.condition.field()))
}

/// With what is on record of it: who is at it, and what silences it.
fn with_record(world: &World, machine: &Machine, view: AlertView) -> AlertView {
    let silence = (view.phase != Phase::Resolved).then(|| world.silences.of(view.match_input(), world.now.utc));
    let silenced = silence.flatten().map(SilencedBy::from);
    let firing = world.firings.latest(&machine.alert.name).map(|firing| &firing.record);
    let firing = firing.filter(|record| record.is_firing() && view.phase == Phase::Firing);
    let acknowledged = match firing {
        Some(record) => world.acknowledgement(record),
        None if view.phase == Phase::Firing => world.queued_acknowledgement(&machine.alert.name),
        None => None,
    };
    let acknowledged = acknowledged.cloned();
    AlertView { silenced, acknowledged, firing: firing.map(|record| record.id.clone()), ..view }
}

/// Whether it is about the status of a check that changes too often to be believed.
pub(super) fn flaps(world: &World, machine: &Machine) -> bool {
    match machine.about {
        SubjectId::Check(id) => world.checks[id].flapping && machine.alert.condition.field().is_none(),
        SubjectId::Metric(_) | SubjectId::Slo(..) => false,
    }
}

/// Why nobody needs to hear of it: our own network is down, or what it depends on is down and explains it.
fn inhibited_by(world: &World, machine: &Machine) -> Option<Name> {
    if !world.connectivity.ok {
        return Some(Name::from("our own network"));
    }
    let row = machine.row?;
    let service = world.service_at(row)?;
    let by = service.waits_for.clone()?;
    // Of a status that is decided for its check, with what that says.
    let is_figure = !matches!(machine.about, SubjectId::Check(_)) || machine.alert.condition.field().is_some();
    let onset = is_figure.then(|| figure_onset(world, machine)).flatten();
    if onset.is_some_and(|onset| world.began_before_dependencies(row, onset)) {
        return None;
    }
    let own = match machine.about {
        SubjectId::Check(id) => match &machine.alert.condition.predicate {
            // No dependency keeps us from asking.
            Predicate::Stale => true,
            Predicate::Number { field: Some(field), .. } => cause::names_a_cause(field, [&*by]),
            _ => world.checks[id].own_reason.is_some(),
        },
        // A fault of the service's own may be what the figure shows.
        SubjectId::Metric(id) => service.own_reason.is_some() || cause::is_local(&world.metrics[id].name),
        SubjectId::Slo(..) => service.own_reason.is_some(),
    };
    (!own).then_some(by)
}

/// When the figure began to be what its alert is about, where that waits or fires.
fn figure_onset(world: &World, machine: &Machine) -> Option<Onset> {
    let hidden = match machine.about {
        SubjectId::Check(id) => world.checks[id].stale_after.saturating_sub(world.checks[id].every),
        SubjectId::Metric(id) => world.metrics[id].stale_after.saturating_sub(world.metrics[id].every),
        SubjectId::Slo(..) => Duration::ZERO,
    };
    Some(Onset::of_figure(machine.alert.holds_since()?, hidden))
}

/// `DOWN connection refused`, or the status alone where nothing says why.
pub(super) fn status_because(status: Status, reason: Option<&SafeText>) -> String {
    let reason = reason.map_or_else(String::new, |reason| format!(" {reason}"));
    format!("{}{reason}", status.word())
}

/// What the condition saw: the number with its unit, or the status with its error.
pub(super) fn seen<'a>(world: &'a World, machine: &Machine) -> Cow<'a, str> {
    match machine.about {
        SubjectId::Slo(id, rule) => {
            let slo = &world.slos[id];
            // Without its past it would be said to burn nothing.
            let firing = world.firings.latest(&machine.alert.name).map(|firing| &firing.record);
            let is_unknown = || slo.waits_for_past(world.now) || is_kept_without_data(world, machine);
            let known = firing.filter(|record| record.is_firing() && is_unknown());
            known.map_or_else(|| rule.seen(&slo.measured).into(), |record| record.value.as_str().into())
        }
        SubjectId::Metric(id) => {
            let metric = &world.metrics[id];
            match (&metric.error, metric.value, machine.alert.condition.threshold()) {
                (Some(error), ..) => error.as_str().into(),
                (None, Some((_, value)), Some(threshold)) => {
                    (metric.mark() + &unit::quantity_beside(value, threshold, &metric.unit)).into()
                }
                _ => metric.shown().into(),
            }
        }
        SubjectId::Check(id) => {
            let check = &world.checks[id];
            let field = machine.alert.condition.field();
            let compared = field.and_then(|field| sight(world, machine).compared(Some(field)));
            let by = machine.row.and_then(|row| world.service_at(row)?.blocked_by.as_deref());
            let by = by.filter(|_| !check.fell_first).map(|by| world.title_of_service(by));
            match (compared, &check.own_reason, &check.error) {
                (Some(value), ..) => unit::plain(value).into(),
                (None, Some(own), _) => {
                    let by = by.map_or_else(String::new, |by| format!(" + by {by}"));
                    format!("{} {own}{by}", check.status.word()).into()
                }
                (None, None, error) => status_because(check.status, error.as_ref()).into(),
            }
        }
    }
}
