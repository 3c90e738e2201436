//! What is measured, at this moment.

use crate::config::sections::checklist::Sensed;
use crate::lang::condition::{Condition, Predicate};
use crate::lang::unit;
use crate::model::alert::ConditionInput;
use crate::model::slo::SloFigures;
use crate::model::status::Status;
use crate::text::SafeText;
use crate::text::count::counted;
use crate::text::name::Name;
use crate::world::World;
use crate::world::checks::CheckView;

/// Names that are spelled out where checks are not ok.
const NAMED: usize = 3;

/// What was measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MeasuredNow {
    /// Whether it holds; `None`: that can't be told now.
    pub holds: Option<bool>,
    /// What was found, or why nothing was.
    pub value: SafeText,
}

impl MeasuredNow {
    fn known(holds: bool, value: &str) -> Self {
        Self { holds: Some(holds), value: SafeText::new(value) }
    }

    fn unknown(why: &str) -> Self {
        Self { holds: None, value: SafeText::new(why) }
    }
}

impl World {
    /// Measures something now.
    pub(crate) fn measure(&self, sensed: &Sensed) -> MeasuredNow {
        match sensed {
            Sensed::AllChecks => self.all_checks(),
            Sensed::Check { check, condition } => match self.check(check) {
                Some(view) => Self::of_check(view, condition.as_ref()),
                None => MeasuredNow::unknown("not configured"),
            },
            Sensed::Metric { metric, condition } => self.of_metric(metric, condition),
            Sensed::Slo { slo, left } => self.of_objective(slo, left.as_ref()),
        }
    }

    fn all_checks(&self) -> MeasuredNow {
        let bad = |check: &&CheckView| !check.stale && matches!(check.status, Status::Down | Status::Degraded);
        let (total, bad) = (self.checks.iter().count(), self.checks.iter().filter(bad).collect::<Vec<_>>());
        if total == 0 {
            return MeasuredNow::unknown("no checks configured");
        }
        if !bad.is_empty() {
            let first = bad.iter().take(NAMED);
            let mut names: Vec<String> = first.map(|check| format!("{} {}", check.name, check.status.word())).collect();
            if bad.len() > NAMED {
                names.push(format!("{} more", bad.len() - NAMED));
            }
            return MeasuredNow::known(false, &format!("{} of {total} not ok: {}", bad.len(), names.join(", ")));
        }
        let ok = self.checks.iter().filter(|check| !check.stale && check.status == Status::Ok).count();
        if ok < total {
            return MeasuredNow::unknown(&format!(
                "{ok} of {} ok, the rest not known yet",
                counted(total as u64, "check")
            ));
        }
        MeasuredNow::known(true, &format!("{} ok", counted(total as u64, "check")))
    }

    fn of_check(check: &CheckView, condition: Option<&Condition>) -> MeasuredNow {
        let because = check.error.as_ref().map_or_else(String::new, |error| format!(" · {error}"));
        let shown = format!("{}{because}", check.status.word());
        if check.stale && !matches!(condition.map(|one| &one.predicate), Some(Predicate::Stale)) {
            return MeasuredNow::unknown("stale: no answer for too long");
        }
        let settled = matches!(check.status, Status::Ok | Status::Degraded | Status::Down);
        match condition.map(|condition| &condition.predicate) {
            None if settled => MeasuredNow::known(check.status == Status::Ok, &shown),
            Some(Predicate::Down) if settled => MeasuredNow::known(check.status == Status::Down, &shown),
            Some(Predicate::Degraded) if settled => MeasuredNow::known(check.status != Status::Ok, &shown),
            Some(Predicate::Stale) => MeasuredNow::known(check.stale, if check.stale { "stale" } else { "fresh" }),
            Some(Predicate::Number { comparison, threshold, field, .. }) => {
                let input = ConditionInput::of_check(check.status, check.last.as_ref(), check.stale);
                match input.compared(field.as_deref()) {
                    Some(value) => MeasuredNow::known(comparison.holds(value, *threshold), &unit::quantity(value, "")),
                    None => MeasuredNow::unknown("no value yet"),
                }
            }
            _ => MeasuredNow::unknown(&shown),
        }
    }

    fn of_metric(&self, metric: &Name, condition: &Condition) -> MeasuredNow {
        let Some(view) = self.metric(metric) else { return MeasuredNow::unknown("not configured") };
        match &condition.predicate {
            Predicate::Stale => MeasuredNow::known(view.stale, if view.stale { "stale" } else { "fresh" }),
            _ if view.stale => MeasuredNow::unknown("stale: no value for too long"),
            Predicate::Absent => match ConditionInput::of_metric(view.last.as_ref(), view.stale) {
                ConditionInput::Number { value, .. } => {
                    MeasuredNow::known(value.is_none(), if value.is_none() { "absent" } else { "present" })
                }
                _ => MeasuredNow::unknown("no value yet"),
            },
            Predicate::Number { comparison, threshold, .. } => match view.value.filter(|_| view.error.is_none()) {
                Some((_, value)) => {
                    let shown = unit::quantity_beside(value, *threshold, &view.unit);
                    MeasuredNow::known(comparison.holds(value, *threshold), &shown)
                }
                None => MeasuredNow::unknown(view.error.as_ref().map_or("no value yet", SafeText::as_str)),
            },
            _ => MeasuredNow::unknown("no value yet"),
        }
    }

    fn of_objective(&self, slo: &Name, left: Option<&Condition>) -> MeasuredNow {
        let view = self.slos.iter().find(|view| view.name == *slo);
        let Some(share) = view.and_then(|view| view.figures()).and_then(SloFigures::left_share) else {
            return MeasuredNow::unknown("nothing is known of it yet");
        };
        let percent = share * 100.0;
        let shown = format!("{} of the budget left", unit::quantity(percent, "%"));
        let holds = match left.map(|left| &left.predicate) {
            Some(Predicate::Number { comparison, threshold, .. }) => comparison.holds(percent, *threshold),
            _ => share > 0.0,
        };
        MeasuredNow::known(holds, &shown)
    }
}

/// Whether a comparison holds of a number.
pub(super) fn holds(condition: &Condition, number: f64) -> bool {
    match &condition.predicate {
        Predicate::Number { comparison, threshold, .. } => comparison.holds(number, *threshold),
        _ => false,
    }
}
