//! From an answer to a verdict: what a check says of one poll.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::config::sections::check::Check;
use crate::lang::expression::{Expression, truthy};
use crate::model::document::{PollError, absent, kind, relied_on, unreadable_of};
use crate::model::reading::{Component, Sign};
use crate::text::SafeText;

use super::answer::said_before;
use super::jq::{Evaluator, Outputs};
use super::kinds::Kind;

/// What a check says of one poll.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Evaluation {
    /// Good, degraded, bad, unknown.
    pub sign: Sign,
    /// Why it is not good.
    pub error: Option<SafeText>,
    /// The parts that a health document names.
    pub components: BTreeMap<SafeText, Component>,
    /// Version and environment as a health document gives them.
    pub version: Option<SafeText>,
}

impl Evaluation {
    fn new(sign: Sign, error: Option<String>) -> Self {
        let error = error.map(|text| SafeText::new(&text));
        Self { sign, error, components: BTreeMap::new(), version: None }
    }
}

/// What a poll without an answer means for a check.
pub(crate) fn without_answer(check: &Check, error: &PollError) -> Evaluation {
    let sign = match error {
        PollError::Timeout(..) if check.nagios => Sign::Unknown,
        PollError::Timeout(..) | PollError::Failed(_) | PollError::Dropped(_) => Sign::Bad,
        PollError::Unreadable(_) | PollError::Ours(_) => Sign::Unknown,
    };
    Evaluation::new(sign, Some(error.to_string()))
}

/// Evaluates an answer by the check's programs, or as its kind does where there are none.
pub(crate) async fn evaluate(
    check: &Check,
    kind: &dyn Kind,
    document: &Arc<Value>,
    evaluator: &Evaluator,
) -> Evaluation {
    let health = kind.health(document);
    let mut verdict = if check.expect.is_empty() {
        let (sign, why) = kind.judge(check, document, health.as_ref());
        Evaluation::new(sign, why)
    } else {
        by_programs(&check.expect, document, evaluator).await
    };
    if verdict.sign == Sign::Good && !check.degraded.is_empty() {
        verdict = by_degraded(&check.degraded, document, evaluator).await;
    }
    if let Some(health) = health {
        verdict.components = health.components;
        verdict.version = health.version;
    }
    verdict
}

/// What one program says of a document.
enum Opinion {
    /// It holds, by these outputs.
    Holds(Vec<Value>),
    /// It does not hold, by these outputs.
    Fails(Vec<Value>),
    /// It can't say: it raised an error, or what it reads could not be read.
    Unclear(String),
}

/// What every program says, in their order.
async fn opinions(programs: &[Expression], document: &Arc<Value>, evaluator: &Evaluator) -> Vec<Opinion> {
    let all: Vec<&Expression> = programs.iter().collect();
    let outputs = evaluator.run(&all, document).await;
    programs.iter().zip(outputs).map(|(program, outputs)| opinion(program, outputs)).collect()
}

fn opinion(program: &Expression, outputs: Outputs) -> Opinion {
    let text = program.text();
    let values = match outputs {
        Ok(values) => values,
        Err(error) => return Opinion::Unclear(format!("{text}: {error}")),
    };
    // A text, a number or an object is true to jq whatever it says: `.status = 500` would hold for ever.
    if let Some(other) = values.iter().find(|value| !matches!(value, Value::Bool(_) | Value::Null)) {
        let what = kind(other);
        return Opinion::Unclear(format!("{text}: gave {what}, not true or false; compare it, as in `.status == 200`"));
    }
    if !values.is_empty() && values.iter().all(truthy) { Opinion::Holds(values) } else { Opinion::Fails(values) }
}

/// All must hold. One that certainly does not is worse than one that can't say.
async fn by_programs(expect: &[Expression], document: &Arc<Value>, evaluator: &Evaluator) -> Evaluation {
    let mut unclear = None;
    for (program, opinion) in expect.iter().zip(opinions(expect, document, evaluator).await) {
        match opinion {
            Opinion::Fails(values) => {
                let why = said_before(document, saw(program, document, &values));
                return Evaluation::new(Sign::Bad, Some(why));
            }
            Opinion::Unclear(why) => drop(unclear.get_or_insert(why)),
            // Null passes many a comparison; an answer that could not be read is no proof of anything.
            Opinion::Holds(_) if asks_within(program) => {
                let why = unreadable_of(document, program.reads()).or_else(|| relied_on(document, program));
                unclear = unclear.or(why.map(|why| format!("{}: {why}", program.text())));
            }
            Opinion::Holds(_) => {}
        }
    }
    let sign = if unclear.is_some() { Sign::Unknown } else { Sign::Good };
    Evaluation::new(sign, unclear)
}

/// One that holds is enough; where one can't say, nobody knows whether it is degraded.
async fn by_degraded(degraded: &[Expression], document: &Arc<Value>, evaluator: &Evaluator) -> Evaluation {
    let mut unclear = None;
    for (program, opinion) in degraded.iter().zip(opinions(degraded, document, evaluator).await) {
        match opinion {
            Opinion::Holds(values) => {
                let why = said_before(document, saw(program, document, &values));
                return Evaluation::new(Sign::Degraded, Some(why));
            }
            Opinion::Unclear(why) => drop(unclear.get_or_insert(why)),
            Opinion::Fails(_) if asks_within(program) => {
                // Nor is a field that is missing: it would pass for a service that is not degraded.
                let why = unreadable_of(document, program.reads()).or_else(|| relied_on(document, program));
                unclear = unclear.or(why.map(|why| format!("{}: {why}", program.text())));
            }
            Opinion::Fails(_) => {}
        }
    }
    let sign = if unclear.is_some() { Sign::Unknown } else { Sign::Good };
    Evaluation::new(sign, unclear)
}

/// Whether a program reads something within the body, and does not only ask whether there is one (`.body == null`).
fn asks_within(program: &Expression) -> bool {
    program.reads().iter().any(|read| read.steps.len() > 1) || program.simple().is_none()
}

/// `.body.status == "healthy" saw "degraded"`: the expression, and what it was compared with or what it gave; or why it
/// saw nothing, `.body.status == "healthy": no field .status; body has state, version`.
fn saw(program: &Expression, document: &Value, values: &[Value]) -> String {
    // A body that is not there is mostly an error page: the code says more than the null does.
    let code = match document.get("status").and_then(Value::as_u64) {
        Some(code) if !(200..300).contains(&code) && !program.text().starts_with(".status") => {
            format!(" (HTTP {code})")
        }
        _ => String::new(),
    };
    let holds = !values.is_empty() && values.iter().all(truthy);
    let why = if holds { None } else { absent(document, program.reads()) };
    if let Some(why) = why {
        return format!("{}: {why}{code}", program.text());
    }
    let value = match program.simple() {
        Some(simple) => simple.look_up(document).unwrap_or(Value::Null).to_string(),
        None if values.is_empty() => "nothing".to_owned(),
        None => values.iter().find(|value| !truthy(value)).unwrap_or(&values[0]).to_string(),
    };
    let short: String = value.chars().take(120).collect();
    let dots = if short.len() < value.len() { "…" } else { "" };
    format!("{} saw {short}{dots}{code}", program.text())
}
