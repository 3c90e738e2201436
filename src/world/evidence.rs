//! What was known just before an action: captured from the world, so that nothing has to be asked again.

use serde_json::{Value, json};

use crate::config::sections::action::{Action, EvidenceRef};
use crate::logs::record::{LogState, Record};
use crate::model::run::Plan;
use crate::model::since::Since;
use crate::text::name::Name;
use crate::text::{MAX_LINE, SafeText};

use super::World;

/// Last records of a log that are kept as evidence.
const RECORDS: usize = 50;
/// Last values of a metric that are kept as evidence.
const VALUES: usize = 20;

/// The evidence of an action as JSON. Texts were redacted when they came in; the runtime redacts the whole once more.
/// `waiting` has the records of a log that came after those that the world holds.
pub(crate) fn capture<'a, I>(
    world: &'a World,
    action: &'a Action,
    plan: &Plan,
    waiting: impl Fn(&'a Name) -> I,
) -> String
where
    I: DoubleEndedIterator<Item = &'a Record>,
{
    let captured: Vec<Value> = action.evidence.iter().map(|reference| one(world, reference, &waiting)).collect();
    let service = plan.service.as_ref().and_then(|name| world.service(name));
    json!({
        "at": world.now.utc.to_rfc3339(),
        "console": world.config.console.name,
        "action": &*plan.action,
        "service": service.map(|service| json!({ "name": &*service.name, "status": service.status })),
        "alerts": world.alerts.iter().map(|alert| json!({
            "id": alert.id, "severity": alert.severity, "condition": alert.condition,
            "since": seen(alert.since), "since_before": unseen(alert.since), "value": alert.value,
        })).collect::<Vec<_>>(),
        "checks": world.checks.iter().map(|check| json!({ "name": &*check.name, "status": check.status })).collect::<Vec<_>>(),
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

fn one<'a, I>(world: &'a World, reference: &'a EvidenceRef, waiting: impl Fn(&'a Name) -> I) -> Value
where
    I: DoubleEndedIterator<Item = &'a Record>,
{
    match reference {
        EvidenceRef::Check(name) => world.check(name).map_or(Value::Null, |check| {
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
        EvidenceRef::Metric(name) => world.metric(name).map_or(Value::Null, |metric| {
            let values: Vec<Value> =
                metric.latest(VALUES).into_iter().map(|(at, value)| json!([at.utc.to_rfc3339(), value])).collect();
            json!({ "metric": &**name, "unit": metric.unit, "error": metric.error, "values": values })
        }),
        EvidenceRef::Log(name) => world.log(name).map_or(Value::Null, |log| {
            let newest = log.ring.iter().chain(waiting(name)).rev().take(RECORDS);
            let mut lines: Vec<SafeText> = newest.map(|record| shortened(&record.raw)).collect();
            lines.reverse();
            let why = match &log.state {
                LogState::Failed(why) | LogState::Waiting(why) | LogState::Restarting(why) => Some(why),
                _ => None,
            };
            json!({ "log": &**name, "lines": lines, "error": why })
        }),
    }
}
