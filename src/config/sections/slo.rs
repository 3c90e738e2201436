//! `[slo.NAME]`: what share of the time, or of the runs, must be good.

use std::time::Duration;

use crate::config::changes::{Fact, summary};
use crate::config::reader::{TableReader, Thing};
use crate::config::sections::check::Check;
use crate::config::sections::metric::{Metric, MetricKind};
use crate::config::spec::{self, KeySpec, SectionSpec, ValueForm, key};
use crate::lang::condition::{Condition, Predicate};
use crate::lang::unit::duration as shown;
use crate::model::alert::Severity;
use crate::model::burn::{BURN_RULES, BurnRule, LEAST_BAD};
use crate::text::name::Name;

/// An objective.
#[derive(Debug, Clone, PartialEq)]
pub struct Slo {
    /// Its name.
    pub name: Name,
    /// `title`, default the name.
    pub title: String,
    /// How its alerts are called: by its title, with what it is where a check, a service or a metric is called so too.
    pub alert_title: String,
    /// What is measured.
    pub kind: SloKind,
    /// `objective`: the share that must be good, above 0 and below 1.
    pub objective: f64,
    /// `window`: over how long, at least a day.
    pub window: Duration,
    /// `page`: how bad it is where the budget burns fast. Default critical.
    pub page: Severity,
    /// `ticket`: how bad it is where it burns slowly. Default medium.
    pub ticket: Severity,
}

/// What an objective measures.
#[derive(Debug, Clone, PartialEq)]
pub enum SloKind {
    /// `check`: the time in which it is up.
    Check(Name),
    /// `metric` + `good`: the time in which its value is so.
    Metric {
        /// The metric.
        metric: Name,
        /// A comparison of its value, in its own unit, without `for` and `until`.
        good: Condition,
    },
    /// `action` + `within`: its runs that were verified so soon after they were confirmed.
    Action {
        /// The action.
        action: Name,
        /// The longest time that is good.
        within: Duration,
    },
}

impl Slo {
    /// Whether it measures a check.
    pub(crate) const fn is_of_check(&self) -> bool {
        matches!(self.kind, SloKind::Check(_))
    }
}

const DAY: Duration = Duration::from_hours(24);

/// The keys of an objective.
pub(crate) const KEYS: &[KeySpec] = &[
    key("title", ValueForm::Text, "How it is shown. Default its name"),
    key("check", ValueForm::Name, "A check: the share of the time in which it is up"),
    key("metric", ValueForm::Name, "A metric: the share of the time in which it is `good`"),
    key("good", ValueForm::Text, "With metric: < 0.1%"),
    key("action", ValueForm::Name, "An action: the share of its runs that were verified `within` a time"),
    key("within", ValueForm::Duration, "With action: from confirmed to verified"),
    key("objective", ValueForm::Percentage, "The share that must be good: 99.9%"),
    key("window", ValueForm::Duration, "Over how long. Default 30d, at least 1d"),
    key("page", ValueForm::Severity, "Severity where the budget burns fast. Default critical"),
    key("ticket", ValueForm::Severity, "Severity where the budget burns slowly. Default medium"),
];

pub(crate) const SECTION: SectionSpec = SectionSpec {
    name: "slo",
    shape: spec::SectionShape::Named(KEYS),
    help: "Objectives with an error budget, of checks, metrics and actions",
};

/// What an objective may name.
pub(crate) struct SloScope<'a> {
    /// `[check.*]`
    pub checks: &'a [Check],
    /// `[metric.*]`
    pub metrics: &'a [Metric],
}

/// Reads an objective.
pub(crate) fn read(table: &TableReader<'_>, known: &SloScope<'_>) -> Option<Slo> {
    let kind = kind(table, known);
    let objective = table.needed("objective", "\"99.9%\"").then(|| table.percentage("objective")).flatten();
    let window = table.duration("window");
    if window.is_some_and(|window| window < DAY) {
        table.context.error(table.place("window"), "`window` is too short", "allowed: 1d and longer");
    }
    let title = table.string("title").unwrap_or_else(|| table.name.to_owned());
    let slo = Slo {
        name: Name::from(table.name),
        alert_title: title.clone(),
        title,
        page: table.severity("page").unwrap_or(Severity::Critical),
        ticket: table.severity("ticket").unwrap_or(Severity::Medium),
        kind: kind?,
        objective: objective?,
        window: window.unwrap_or(30 * DAY).max(DAY),
    };
    lint(table, &slo, known);
    Some(slo)
}

fn kind(table: &TableReader<'_>, known: &SloScope<'_>) -> Option<SloKind> {
    const KINDS: [&str; 3] = ["check", "metric", "action"];
    const HOW: &str =
        "write check = \"NAME\"; metric = \"NAME\" and good = \"< 1%\"; or action = \"NAME\" and within = \"2m\"";
    let given: Vec<&str> = KINDS.into_iter().filter(|kind| table.has(kind)).collect();
    for (key, with) in [("good", "metric"), ("within", "action")] {
        if !given.contains(&with) {
            table.out_of_place(key, &format!("`{with}`"));
        }
    }
    match given.as_slice() {
        ["check"] => table.reference("check", Thing::Check).map(SloKind::Check),
        ["metric"] => {
            let metric = table.reference("metric", Thing::Metric);
            let needed = table.needed("good", "\"< 1%\"");
            let metric = metric?;
            let unit = known.metrics.iter().find(|one| one.name == metric).map(|one| one.unit.as_str())?;
            let good = needed.then(|| good(table, unit)).flatten()?;
            Some(SloKind::Metric { metric, good })
        }
        ["action"] => {
            let action = table.reference("action", Thing::Action);
            let within = table.needed("within", "\"2m\"").then(|| table.positive("within")).flatten();
            Some(SloKind::Action { action: action?, within: within? })
        }
        [first, second, ..] => {
            let at = table.entry(second).map_or(table.at, |entry| entry.key_at);
            table.context.error(at, format!("{} has both `{first}` and `{second}`", table.title), "keep one of them");
            None
        }
        _ => {
            if table.lacks(&KINDS) {
                table.context.error(table.at, format!("{} does not say what it measures", table.title), HOW);
            }
            None
        }
    }
}

/// A comparison of a metric's value.
fn good(table: &TableReader<'_>, unit: &str) -> Option<Condition> {
    let text = table.text("good")?;
    match table.context.condition(&text.value, unit) {
        Err(fault) => {
            table.context.fault(&text, "bad condition", &fault);
            None
        }
        Ok(condition) => {
            let is_plain = matches!(condition.predicate, Predicate::Number { clear: None, field: None, .. });
            if !is_plain || !condition.hold.is_zero() {
                let message = "`good` is not a comparison of the metric's value alone";
                table.context.error(text.at, message, "write good = \"< 0.1%\", without `for` and `until`");
                return None;
            }
            Some(condition)
        }
    }
}

/// How often what is measured is looked at; `None` for what is not polled.
pub(crate) fn interval(slo: &Slo, known: &SloScope<'_>) -> Option<Duration> {
    match &slo.kind {
        SloKind::Check(name) => known.checks.iter().find(|check| check.name == *name).map(|check| check.every),
        SloKind::Metric { metric, .. } => {
            let metric = known.metrics.iter().find(|one| one.name == *metric)?;
            // What a check's own history gives changes when the check is polled.
            let check = match &metric.kind {
                MetricKind::Latency { check, .. } | MetricKind::Availability { check, .. } => Some(check),
                _ => None,
            };
            let check = check.and_then(|name| known.checks.iter().find(|check| check.name == *name));
            Some(check.map_or(metric.every, |check| check.every))
        }
        SloKind::Action { .. } => None,
    }
}

/// Warns of rules that can never fire, and of too few polls for the objective. Runs are too rare for rules of burn rates.
fn lint(table: &TableReader<'_>, slo: &Slo, known: &SloScope<'_>) {
    let Some(every) = interval(slo, known) else { return };
    let (context, place) = (table.context, table.place("objective"));
    let span = |rule: &BurnRule| shown(rule.long);
    let applying = || BURN_RULES.iter().filter(|rule| rule.applies(slo.window));
    let never: Vec<String> = applying().filter(|rule| !rule.can_fire(slo.objective, slo.window)).map(span).collect();
    if !never.is_empty() {
        let message = format!("the burn-rate rules over {} can never fire for this objective", never.join(" and "));
        let hint = "raise `objective` or shorten `window`, and add an alert with `for` to the check or metric";
        context.warning(place, message, hint);
    }
    let mut able = applying().filter(|rule| rule.can_fire(slo.objective, slo.window));
    if let Some(rule) = able.find(|rule| every > rule.coarsest(slo.objective, slo.window)) {
        let coarsest = shown(Duration::from_secs(rule.coarsest(slo.objective, slo.window).as_secs().max(1)));
        let message = format!(
            "polled every {}, the rule over {} sees fewer than {LEAST_BAD} failures when it should fire",
            shown(every),
            span(rule)
        );
        context.warning(place, message, format!("poll every {coarsest} or more often, or lower `objective`"));
    }
}

/// What a change is said by.
pub(crate) fn facts(slo: &Slo) -> Vec<Fact> {
    let kind = match &slo.kind {
        SloKind::Check(check) => format!("check {check}"),
        SloKind::Metric { metric, good } => format!("metric {metric} {}", good.written),
        SloKind::Action { action, within } => format!("action {action} within {}", shown(*within)),
    };
    vec![
        summary("title", &slo.title),
        summary("of", kind),
        summary("objective", format!("{}%", (slo.objective * 1e8).round() / 1e6)),
        summary("window", shown(slo.window)),
        summary("page", slo.page.word()),
        summary("ticket", slo.ticket.word()),
    ]
}
