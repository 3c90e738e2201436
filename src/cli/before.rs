//! Readings before an action, polled by the command itself, as no console may be open.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::captured::{self, Captured};
use crate::config::sections::action::{Action, EvidenceRef, Verify};
use crate::model::message::Observation;
use crate::model::reading::{Reading, Sign};
use crate::model::status::Status;
use crate::sources::Context;
use crate::sources::logs::count::count_once;
use crate::sources::polls::poll_once;
use crate::text::name::Name;

/// How long a person waits for the look before; what did not answer by then counts as not seen.
const BEFORE: Duration = Duration::from_secs(5);
/// What was seen before a run.
#[derive(Debug)]
pub struct Before {
    /// The status of every check that was polled.
    pub statuses: BTreeMap<Name, Status>,
    evidence: Value,
}

impl Before {
    /// Looks once: at everything where the run will be verified, else at what its evidence names.
    pub async fn look(context: &Context, action: &Action, verify: Option<&Verify>) -> Self {
        let wanted: Vec<Name> = action.evidence.iter().filter_map(polled).cloned().collect();
        let polls = async {
            if verify.is_none() && wanted.is_empty() {
                return Vec::new();
            }
            let names = if verify.is_some() { &[] } else { wanted.as_slice() };
            tokio::time::timeout(BEFORE, poll_once(context, names)).await.unwrap_or_default()
        };
        let counts = async {
            // Without a name, everything would be counted.
            let counting = count_once(context, &wanted);
            if wanted.is_empty() {
                Vec::new()
            } else {
                tokio::time::timeout(BEFORE, counting).await.unwrap_or_default()
            }
        };
        let logs: Vec<&Name> = action.evidence.iter().filter_map(log).collect();
        let (mut observations, counted, lines) = tokio::join!(polls, counts, captured::lines(context, &logs));
        observations.extend(counted);
        let statuses = readings(&observations).map(|reading| (reading.check.clone(), status(reading.sign))).collect();
        Self { statuses, evidence: evidence(action, &observations, &lines) }
    }

    /// What is kept beside the run, as JSON.
    pub fn evidence(&self) -> String {
        self.evidence.to_string()
    }
}

fn readings(observations: &[Observation]) -> impl Iterator<Item = &Reading> {
    observations.iter().filter_map(|observation| match observation {
        Observation::Reading(reading) => Some(reading.as_ref()),
        _ => None,
    })
}

/// What one reading says, taken for the whole.
const fn status(sign: Sign) -> Status {
    match sign {
        Sign::Good => Status::Ok,
        Sign::Degraded => Status::Degraded,
        Sign::Bad => Status::Down,
        Sign::Unknown => Status::Unknown,
        Sign::Cold => Status::Cold,
    }
}

fn polled(evidence: &EvidenceRef) -> Option<&Name> {
    match evidence {
        EvidenceRef::Check(name) | EvidenceRef::Metric(name) => Some(name),
        EvidenceRef::Log(_) => None,
    }
}

fn log(evidence: &EvidenceRef) -> Option<&Name> {
    match evidence {
        EvidenceRef::Log(name) => Some(name),
        EvidenceRef::Check(_) | EvidenceRef::Metric(_) => None,
    }
}

/// What was seen of the things that the action's evidence names.
fn evidence(action: &Action, observations: &[Observation], logs: &Captured) -> Value {
    let mut found = serde_json::Map::new();
    for reference in &action.evidence {
        let (key, value) = match reference {
            EvidenceRef::Check(name) => {
                let reading = readings(observations).find(|reading| reading.check == *name);
                (format!("check:{name}"), reading.map(|reading| {
                    let latency = u64::try_from(reading.timing.latency().as_millis()).ok();
                    json!({ "at": reading.timing.ended.utc, "sign": reading.sign, "error": reading.error, "latency_ms": latency, "components": reading.components })
                }))
            }
            EvidenceRef::Metric(name) => {
                let sample = observations.iter().find_map(|observation| match observation {
                    Observation::Sample(sample) if sample.metric == *name => Some(sample),
                    _ => None,
                });
                (
                    format!("metric:{name}"),
                    sample.map(|sample| match &sample.value {
                        Ok(value) => json!({ "at": sample.at.utc, "value": value }),
                        Err(why) => json!({ "at": sample.at.utc, "absent": why }),
                    }),
                )
            }
            EvidenceRef::Log(name) => (
                format!("log:{name}"),
                logs.get(name).map(|captured| match captured {
                    Ok(lines) => json!({ "lines": lines }),
                    Err(why) => json!({ "lines": [], "error": why }),
                }),
            ),
        };
        found.insert(key, value.unwrap_or(Value::Null));
    }
    Value::Object(found)
}
