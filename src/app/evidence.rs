//! What was known just before an action: captured from the state, so that nothing has to be asked again.

use serde_json::{Value, json};

use crate::config::sections::action::{Action, EvidenceRef};
use crate::model::run::Plan;
use crate::model::since::Since;
use crate::text::{MAX_LINE, SafeText};

use super::state::State;

/// Last records of a log that are kept as evidence.
const RECORDS: usize = 50;
/// Last values of a metric that are kept as evidence.
const VALUES: usize = 20;

/// The evidence of an action as JSON. Texts were redacted when they came in; the runtime redacts the whole once more.
pub fn capture(state: &State, action: &Action, plan: &Plan) -> String {
    let captured: Vec<Value> = action.evidence.iter().map(|reference| one(state, reference)).collect();
    let service = plan.service.as_ref().and_then(|name| state.service(name));
    json!({
        "at": state.now.utc.to_rfc3339(),
        "console": state.config.console.name,
        "action": &*plan.action,
        "service": service.map(|service| json!({ "name": &*service.name, "status": service.status })),
        "alerts": state.alerts.iter().map(|alert| json!({
            "id": alert.id, "severity": alert.severity, "condition": alert.condition,
            "since": seen(alert.since), "since_before": unseen(alert.since), "value": alert.value,
        })).collect::<Vec<_>>(),
        "checks": state.checks.iter().map(|check| json!({ "name": &*check.name, "status": check.status })).collect::<Vec<_>>(),
        "captured": captured,
    })
    .to_string()
}

/// A line of evidence: of a very long record the beginning, with a mark that says how much is missing.
fn shortened(raw: &SafeText) -> SafeText {
    if raw.len() > MAX_LINE { SafeText::new(raw.as_str()) } else { raw.clone() }
}

/// The moment at which it began, where that was seen.
fn seen(since: Option<Since>) -> Option<String> {
    since.and_then(Since::known).map(|at| at.utc.to_rfc3339())
}

/// The moment before which it had begun, where its beginning was not seen.
fn unseen(since: Option<Since>) -> Option<String> {
    since.filter(|since| !since.seen).map(|since| since.at.utc.to_rfc3339())
}

fn one(state: &State, reference: &EvidenceRef) -> Value {
    match reference {
        EvidenceRef::Check(name) => state.check(name).map_or(Value::Null, |check| {
            json!({
                "check": &**name,
                "status": check.status,
                "since": seen(check.since),
                "since_before": unseen(check.since),
                "stale": check.stale,
                "at": check.last.as_ref().map(|reading| reading.timing.ended.utc.to_rfc3339()),
                "latency_ms": check.last.as_ref().map(|reading| reading.timing.latency().as_millis() as u64),
                "error": check.error,
                "components": check.components(),
            })
        }),
        EvidenceRef::Metric(name) => state.metric(name).map_or(Value::Null, |metric| {
            let values: Vec<Value> =
                metric.latest(VALUES).into_iter().map(|(at, value)| json!([at.utc.to_rfc3339(), value])).collect();
            json!({ "metric": &**name, "unit": metric.unit, "error": metric.error, "values": values })
        }),
        EvidenceRef::Log(name) => state.log(name).map_or(Value::Null, |log| {
            // While the screen is frozen the newest records wait to be shown: they are evidence none the less.
            let newest = log.ring.iter().chain(state.waiting.records(name)).rev().take(RECORDS);
            let mut lines: Vec<SafeText> = newest.map(|record| shortened(&record.raw)).collect();
            lines.reverse();
            json!({ "log": &**name, "lines": lines })
        }),
    }
}
