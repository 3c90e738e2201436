//! What is measured, at this moment: judged as an alert on the same thing would judge it.

use chrono::{DateTime, Utc};

use crate::config::sections::checklist::Sensed;
use crate::lang::condition::{Condition, Predicate};
use crate::lang::unit;
use crate::model::alert::ConditionInput;
use crate::model::slo::SloFigures;
use crate::model::status::Status;
use crate::text::SafeText;
use crate::text::count::{counted, first_names};
use crate::text::name::Name;
use crate::world::World;
use crate::world::checks::CheckView;

/// What was measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MeasuredNow {
    /// Whether it holds; `None`: that can't be told now.
    pub holds: Option<bool>,
    /// What was found, or why nothing was.
    pub value: SafeText,
    /// When that was measured: the end of the poll or of the run, not the moment at which somebody looked at it.
    pub at: Option<DateTime<Utc>>,
}

impl MeasuredNow {
    fn new(holds: Option<bool>, value: &str, at: Option<DateTime<Utc>>) -> Self {
        Self { holds, value: SafeText::new(value), at }
    }

    fn unknown(why: &str) -> Self {
        Self::new(None, why, None)
    }
}

impl World {
    /// Measures something now.
    pub(crate) fn measure(&self, sensed: &Sensed) -> MeasuredNow {
        match sensed {
            Sensed::AllChecks => self.all_checks(),
            Sensed::Check { check, condition } => match self.check(check) {
                Some(view) => of_check(view, condition.as_ref()),
                None => MeasuredNow::unknown("not configured"),
            },
            Sensed::Metric { metric, condition } => self.of_metric(metric, condition),
            Sensed::Slo { slo, left } => self.of_objective(slo, left.as_ref()),
        }
    }

    fn all_checks(&self) -> MeasuredNow {
        let (total, bad) =
            (self.checks.iter().count(), self.checks.iter().filter(|check| is_bad(check)).collect::<Vec<_>>());
        if total == 0 {
            return MeasuredNow::unknown("no checks configured");
        }
        if !bad.is_empty() {
            let named =
                first_names(&bad, |check| format!("{} {}", self.title_of_check(&check.name), check.status.word()));
            let text = format!("{} of {total} not ok: {named}", bad.len());
            return MeasuredNow::new(Some(false), &text, bad.iter().filter_map(|check| answered_at(check)).min());
        }
        let ok = self.checks.iter().filter(|check| !check.stale && check.status == Status::Ok).count();
        if ok < total {
            return MeasuredNow::unknown(&format!(
                "{ok} of {} ok, the rest not known yet",
                counted(total as u64, "check")
            ));
        }
        // All of them together are known since the oldest of their answers.
        let at = self.checks.iter().filter_map(answered_at).min();
        MeasuredNow::new(Some(true), &format!("{} ok", counted(total as u64, "check")), at)
    }

    fn of_metric(&self, metric: &Name, condition: &Condition) -> MeasuredNow {
        let Some(view) = self.metric(metric) else { return MeasuredNow::unknown("not configured") };
        let input = ConditionInput::of_metric(view.last.as_ref(), view.stale);
        let (holds, at) = (input.evaluate(&condition.predicate), view.last.as_ref().map(|sample| sample.at.utc));
        let value = input.compared(None);
        match &condition.predicate {
            Predicate::Stale => MeasuredNow::new(holds, if view.stale { "stale" } else { "fresh" }, at),
            _ if view.stale => MeasuredNow::unknown("stale: no value for too long"),
            Predicate::Absent if holds.is_some() => {
                MeasuredNow::new(holds, if value.is_none() { "absent" } else { "present" }, at)
            }
            Predicate::Number { threshold, .. } => match value {
                Some(value) => MeasuredNow::new(holds, &unit::quantity_beside(value, *threshold, &view.unit), at),
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
        let holds = left.map_or(Some(share > 0.0), |left| of_number(percent).evaluate(&left.predicate));
        MeasuredNow::new(holds, &shown, Some(self.now.utc))
    }
}

fn is_bad(check: &CheckView) -> bool {
    !check.stale && matches!(check.status, Status::Down | Status::Degraded)
}

fn answered_at(check: &CheckView) -> Option<DateTime<Utc>> {
    check.last.as_ref().map(|reading| reading.timing.ended.utc)
}

fn of_check(check: &CheckView, condition: Option<&Condition>) -> MeasuredNow {
    let because = check.error.as_ref().map_or_else(String::new, |error| format!(" · {error}"));
    let shown = format!("{}{because}", check.status.word());
    let input = ConditionInput::of_check(check.status, check.last.as_ref(), check.stale);
    let at = answered_at(check);
    let Some(predicate) = condition.map(|condition| &condition.predicate) else {
        if check.stale {
            return MeasuredNow::unknown(NO_ANSWER);
        }
        let is_ok = check.status == Status::Ok;
        let bad = input.evaluate(&Predicate::Degraded).filter(|bad| *bad || is_ok);
        return MeasuredNow::new(bad.map(|bad| !bad), &shown, at);
    };
    let holds = input.evaluate(predicate);
    match predicate {
        Predicate::Stale => MeasuredNow::new(holds, if check.stale { "stale" } else { "fresh" }, at),
        _ if check.stale => MeasuredNow::unknown(NO_ANSWER),
        Predicate::Number { field, .. } => match input.compared(field.as_deref()) {
            Some(value) => MeasuredNow::new(holds, &unit::quantity(value, ""), at),
            None => MeasuredNow::unknown("no value yet"),
        },
        _ => MeasuredNow::new(holds, &shown, at),
    }
}

const NO_ANSWER: &str = "stale: no answer for too long";

const fn of_number(value: f64) -> ConditionInput<'static> {
    ConditionInput::Number { value: Some(value), stale: false }
}

/// Whether a comparison holds of a number.
pub(super) fn holds(condition: &Condition, number: f64) -> bool {
    of_number(number).evaluate(&condition.predicate) == Some(true)
}
