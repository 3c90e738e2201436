//! What an alert looks at, and whether it says enough: an alert is over only by what is known, never for lack of data.

use std::time::Duration;

use super::World;
use super::ids::{Id as _, MetricId};
use super::machines::{Machine, SubjectId};
use super::objectives::SloRule;
use crate::config::sections::metric::MetricKind;
use crate::lang::condition::Predicate;
use crate::lang::time::Stamp;
use crate::model::alert::ConditionInput;
use crate::model::availability::KEPT;

/// What the condition of an alert is evaluated on.
pub(super) fn sight<'a>(world: &'a World, machine: &Machine) -> ConditionInput<'a> {
    let seen = seen(world, machine);
    let looks_over = seen.evaluate(&machine.alert.condition.predicate) == Some(false);
    if looks_over && lacks_data(world, machine) { ConditionInput::Unknown } else { seen }
}

/// Whether an alert goes on firing only because too little is known to say that it is over.
pub(super) fn is_kept_without_data(world: &World, machine: &Machine) -> bool {
    if !machine.alert.state.is_firing() || !world.connectivity.ok {
        return false;
    }
    match (seen(world, machine).evaluate(&machine.alert.condition.predicate), machine.about) {
        (Some(true), _) | (None, SubjectId::Check(_) | SubjectId::Metric(_)) => false,
        (Some(false), _) => lacks_data(world, machine),
        (None, SubjectId::Slo(id, _)) => !world.slos[id].waits_for_past(world.now),
    }
}

/// What is known, however little that is.
fn seen<'a>(world: &'a World, machine: &Machine) -> ConditionInput<'a> {
    if !world.connectivity.ok {
        return ConditionInput::Unknown;
    }
    match machine.about {
        SubjectId::Check(id) => {
            let check = &world.checks[id];
            ConditionInput::of_check(check.status, check.last.as_ref(), check.stale)
        }
        SubjectId::Metric(id) => {
            let metric = &world.metrics[id];
            ConditionInput::of_metric(metric.last.as_ref(), metric.stale)
        }
        SubjectId::Slo(id, rule) => {
            let slo = &world.slos[id];
            let value = rule.compared(&slo.measured).filter(|_| !slo.waits_for_past(world.now));
            ConditionInput::Number { value, stale: false }
        }
    }
}

/// Whether an alert that fires is about a span of time of which too little is known to say that it is over.
fn lacks_data(world: &World, machine: &Machine) -> bool {
    let Some(since) = machine.alert.holds_since().filter(|_| machine.alert.state.is_firing()) else { return false };
    match machine.about {
        SubjectId::Slo(id, SloRule::Burn(rule)) => world.slos[id].lacks_data(&rule, world.now),
        SubjectId::Metric(id) if matches!(machine.alert.condition.predicate, Predicate::Number { .. }) => {
            metric_lacks_data(world, id, since.at)
        }
        SubjectId::Metric(_) | SubjectId::Check(_) | SubjectId::Slo(_, SloRule::Late) => false,
    }
}

/// The same of a metric that is computed from what is known of a check: of its window, as far as that reaches back to when its
/// condition began to hold, most is not known. Before that as much was known as it fired for.
fn metric_lacks_data(world: &World, id: MetricId, since: Stamp) -> bool {
    let kind = world.config.metrics.get(id.place()).map(|metric| &metric.kind);
    let Some(MetricKind::Latency { check, window, .. } | MetricKind::Availability { check, window }) = kind else {
        return false;
    };
    let Some(check) = world.check(check) else { return false };
    let span: Duration = (*window).min(world.now.since(since)).min(KEPT);
    2 * check.known_within(span, world.now) < span
}
