//! What is measured: a check, a metric, an objective, with or without a comparison. And when a step applies.

use super::ChecklistScope;
use crate::config::reader::{TableReader, Text, Thing};
use crate::config::syntax;
use crate::lang::condition::{Condition, Predicate};
use crate::lang::nearest;
use crate::lang::schedule::MomentSchedule;
use crate::text::name::Name;

/// Something that is measured, and what must hold of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Sensed {
    /// `check:*`: every check is ok.
    AllChecks,
    /// `check:NAME`: it is ok, or the condition holds.
    Check {
        /// The check.
        check: Name,
        /// `latency_ms < 500`, `down`; `None`: it is ok.
        condition: Option<Condition>,
    },
    /// `metric:NAME CONDITION`
    Metric {
        /// The metric.
        metric: Name,
        /// What must hold of its value.
        condition: Condition,
    },
    /// `slo:NAME`: its budget is not used up; with a comparison: so much of it is left.
    Slo {
        /// The objective.
        slo: Name,
        /// `> 20%` of the budget.
        left: Option<Condition>,
    },
}

impl Sensed {
    /// As it is written.
    pub fn written(&self) -> String {
        let with = |what: String, condition: Option<&Condition>| match condition {
            Some(condition) => format!("{what} {}", condition.written),
            None => what,
        };
        match self {
            Self::AllChecks => "check:*".to_owned(),
            Self::Check { check, condition } => with(format!("check:{check}"), condition.as_ref()),
            Self::Metric { metric, condition } => with(format!("metric:{metric}"), Some(condition)),
            Self::Slo { slo, left } => with(format!("slo:{slo}"), left.as_ref()),
        }
    }

    /// The check or metric that must be polled for it; `None`: all, or none.
    pub(crate) const fn polled(&self) -> Option<&Name> {
        match self {
            Self::Check { check: name, .. } | Self::Metric { metric: name, .. } => Some(name),
            Self::AllChecks | Self::Slo { .. } => None,
        }
    }
}

/// When a step applies.
#[derive(Debug, Clone, PartialEq)]
pub enum StepWhen {
    /// On days like these.
    Day(MomentSchedule),
    /// While this holds.
    Holds(Sensed),
}

impl StepWhen {
    /// As it is written.
    pub fn written(&self) -> String {
        match self {
            Self::Day(days) => days.written().to_owned(),
            Self::Holds(sensed) => sensed.written(),
        }
    }
}

/// What may stand before the colon.
const SUBJECTS: [&str; 3] = ["check", "metric", "slo"];
/// What of it is of later versions.
const LATER: [&str; 2] = ["table", "backup"];
const FORMS: &str = "write check:NAME, check:*, metric:NAME < 85%, or slo:NAME";

/// `auto`: what is measured.
pub(super) fn auto(table: &TableReader<'_>, known: &ChecklistScope<'_>) -> Option<Sensed> {
    sensed(table, &table.text("auto")?, known)
}

/// `when`: a day, or what must hold.
pub(super) fn when(table: &TableReader<'_>, known: &ChecklistScope<'_>) -> Option<StepWhen> {
    let text = table.text("when")?;
    if text.value.contains(':') && text.value.split_once(':').is_some_and(|(word, _)| is_word(word)) {
        return sensed(table, &text, known).map(StepWhen::Holds);
    }
    match syntax::moments(&text.value) {
        Ok(days) => Some(StepWhen::Day(days)),
        Err(mut fault) => {
            "write a day (Fri, Mon-Fri, monthly 15) or what must hold (metric:errors > 10)".clone_into(&mut fault.hint);
            table.context.fault(&text, "bad `when`", &fault);
            None
        }
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase())
}

fn sensed(table: &TableReader<'_>, text: &Text, known: &ChecklistScope<'_>) -> Option<Sensed> {
    let context = table.context;
    let Some((subject, rest)) = text.value.split_once(':') else {
        context.error(text.at, format!("`{}` does not say what is measured", text.value), FORMS);
        return None;
    };
    let (name, condition) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let of = SensedSubject { table, text, name, condition: condition.trim() };
    match subject {
        "check" => of.check(),
        "metric" => of.metric(known),
        "slo" => of.objective(),
        "log" => {
            let hint = "count its records: [metric.NAME] with log, count and window, then metric:NAME <= 10";
            context.error(text.at, "a log is measured by a metric", hint);
            None
        }
        later if LATER.contains(&later) => {
            context.error(text.at, format!("`{later}` is not in this version"), FORMS);
            None
        }
        other => {
            let near = nearest::nearest(other, SUBJECTS.into_iter());
            let hint = nearest::suggest(near, || FORMS.to_owned());
            context.error(text.at, format!("`{other}` cannot be measured"), hint);
            None
        }
    }
}

/// What is measured, as it is written: a name and what must hold.
struct SensedSubject<'a> {
    table: &'a TableReader<'a>,
    text: &'a Text,
    name: &'a str,
    condition: &'a str,
}

impl SensedSubject<'_> {
    fn comparison(&self, unit: &str) -> Option<Condition> {
        comparison(self.table, self.text, self.condition, unit)
    }

    fn refused<T>(&self, message: impl Into<String>, hint: impl Into<String>) -> Option<T> {
        self.table.context.error(self.text.at, message, hint);
        None
    }

    fn check(&self) -> Option<Sensed> {
        if self.name == "*" {
            let hint = "write check:* alone: every check is ok";
            let only = self.condition.is_empty().then_some(Sensed::AllChecks);
            return only.or_else(|| self.refused("`check:*` takes no condition", hint));
        }
        let check = self.table.context.refer(Thing::Check, self.name, self.text.at);
        let condition = if self.condition.is_empty() { None } else { Some(self.comparison("")?) };
        if let Some(why) = condition.as_ref().and_then(Condition::unfit_for_check) {
            return self.refused(format!("bad condition: {why}"), "write check:NAME alone where it must be ok");
        }
        Some(Sensed::Check { check: check?, condition })
    }

    fn metric(&self, known: &ChecklistScope<'_>) -> Option<Sensed> {
        let name = self.name;
        let metric = self.table.context.refer(Thing::Metric, name, self.text.at)?;
        let hint = format!("write metric:{name} < 85%");
        if self.condition.is_empty() {
            return self.refused(format!("`{}` does not say what must hold", self.text.value), hint);
        }
        let unit = known.metrics.iter().find(|one| one.name == metric).map(|one| one.unit.as_str())?;
        let condition = self.comparison(unit)?;
        if let Some(why) = condition.unfit_for_metric() {
            return self.refused(format!("bad condition: {why}"), hint);
        }
        Some(Sensed::Metric { metric, condition })
    }

    fn objective(&self) -> Option<Sensed> {
        let slo = self.table.context.refer(Thing::Slo, self.name, self.text.at);
        let left = if self.condition.is_empty() { None } else { Some(self.comparison("%")?) };
        if left.as_ref().is_some_and(|left| left.threshold().is_none()) {
            return self.refused("an objective is compared by what is left of its budget", "write slo:NAME > 20%");
        }
        Some(Sensed::Slo { slo: slo?, left })
    }
}

/// A condition on this moment: without `for`, `until` and `changes`.
fn comparison(table: &TableReader<'_>, text: &Text, condition: &str, unit: &str) -> Option<Condition> {
    let context = table.context;
    match context.condition(condition, unit) {
        Err(mut fault) => {
            let before = text.value.len() - condition.len();
            fault.offset = Some(before + fault.offset.unwrap_or(0));
            context.fault(text, "bad condition", &fault);
            None
        }
        Ok(found) => {
            let is_of_time = matches!(found.predicate, Predicate::Changes { .. })
                || matches!(found.predicate, Predicate::Number { clear: Some(_), .. })
                || !found.hold.is_zero();
            if is_of_time {
                let message = "a step looks at this moment, without `for`, `until` and `changes`";
                context.error(text.at, message, "put the time into an alert, or into the metric's window");
                return None;
            }
            Some(found)
        }
    }
}
