//! One failure of a check is one alert: of the conditions on its status the worst that holds is shown, put on record and
//! announced; the milder ones are the same failure, less far gone.

use std::ops::Range;
use std::time::Duration;

use super::World;
use super::alerting::view;
use super::alerts::{AlertView, Phase};
use super::ids::Id as _;
use super::machines::{Machine, SubjectId};
use crate::lang::condition::Predicate;
use crate::model::alert::Severity;

/// How far apart two ends of one failure may be known: the record has milliseconds.
const TOGETHER: Duration = Duration::from_secs(1);

impl World {
    /// These alerts with all that are about the same checks: what one does may hide another.
    pub(super) fn with_siblings(&self, range: Range<usize>) -> Range<usize> {
        let siblings = |at: usize| match self.machines.all.get(at)?.about {
            SubjectId::Check(check) => self.machines.of_check.get(check).cloned(),
            SubjectId::Metric(_) | SubjectId::Slo(..) => None,
        };
        let Some(last) = range.end.checked_sub(1).filter(|_| !range.is_empty()) else { return range };
        let start = siblings(range.start).map_or(range.start, |siblings| siblings.start);
        start..siblings(last).map_or(range.end, |siblings| siblings.end)
    }

    /// Whether an alert is the milder state of a failure that another alert is about. Not where that one is muted and this
    /// one is not: then nobody would hear of it.
    pub(super) fn is_superseded(&self, at: usize, alert: &AlertView) -> bool {
        let Some(machine) = self.machines.all.get(at) else { return false };
        let (Some(badness), SubjectId::Check(check)) = (badness(machine), machine.about) else { return false };
        let siblings = self.machines.of_check.get(check).cloned().unwrap_or_default();
        let worse = siblings.filter(|other| self::badness(&self.machines.all[*other]) > Some(badness));
        worse.filter_map(|other| view(self, other)).any(|worse| self.covers(&worse, alert))
    }

    /// The alert of a condition that stands behind a worse one; those that are shown are known by [`World::alert`].
    pub(super) fn hidden(&self, rule: &str) -> Option<AlertView> {
        let at = self.machines.alert(rule, &self.membership)?.place();
        view(self, at).filter(|alert| self.is_superseded(at, alert))
    }

    fn covers(&self, worse: &AlertView, alert: &AlertView) -> bool {
        if worse.is_muted() && !alert.is_muted() {
            return false;
        }
        match (worse.phase, alert.phase) {
            (Phase::Firing, Phase::Firing | Phase::Pending) | (Phase::Pending, Phase::Pending) => true,
            (Phase::Firing | Phase::Resolved, Phase::Resolved) => {
                let Some((worse_at, over)) = worse.since.zip(alert.since) else { return false };
                let began = self.began_to_fire(worse).is_some_and(|began| began.mono <= over.at.mono);
                began && (worse.phase == Phase::Firing || worse_at.at.plus(TOGETHER).mono >= over.at.mono)
            }
            _ => false,
        }
    }
}

/// How bad the status is that a condition waits for; `None`: it is about something else.
fn badness(machine: &Machine) -> Option<(Severity, bool)> {
    match machine.alert.condition.predicate {
        Predicate::Down => Some((machine.alert.severity, true)),
        Predicate::Degraded => Some((machine.alert.severity, false)),
        _ => None,
    }
}
