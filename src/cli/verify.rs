//! Readings before and after an action, asked by the command itself, as no console may be open.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::captured::{self, Captured};
use super::output;
use crate::config::sections::action::{Action, EvidenceRef, Verify};
use crate::model::message::Observation;
use crate::model::name::Name;
use crate::model::reading::{Reading, Sign};
use crate::model::run::Verdict;
use crate::model::status::Status;
use crate::model::text::SafeText;
use crate::model::verification::Verification;
use crate::sources::Context;
use crate::sources::polls::poll_once;
use crate::sources::tail::counts::count_once;

/// How long a person waits for the look before; what did not answer by then counts as not seen.
const BEFORE: Duration = Duration::from_secs(5);
/// Bounds on the pause between two looks after; within them the checks' own interval holds.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(5));

/// What was seen before a run, and how it will be judged.
#[derive(Debug)]
pub struct Watch<'a> {
    context: &'a Context,
    verify: Option<&'a Verify>,
    before: BTreeMap<Name, Status>,
    evidence: Value,
}

impl<'a> Watch<'a> {
    /// Looks once: at everything where the run will be verified, else at what its evidence names.
    pub async fn before(context: &'a Context, action: &Action, verify: Option<&'a Verify>) -> Self {
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
        let before = readings(&observations).map(|reading| (reading.check.clone(), status(reading.sign))).collect();
        Self { context, verify, before, evidence: evidence(action, &observations, &lines) }
    }

    /// How long the checks will be watched.
    pub fn within(&self) -> Option<Duration> {
        self.verify.map(|verify| verify.within)
    }

    /// What is kept beside the run, as JSON.
    pub fn evidence(&self) -> String {
        self.evidence.to_string()
    }

    /// Looks until there is a verdict.
    pub async fn after(&self) -> (Verdict, Option<SafeText>) {
        let Some(verify) = self.verify else { return (Verdict::None, None) };
        let clock = self.context.clock;
        let mut verification = Verification::new(clock.now(), &verify.checks, verify.good, verify.within, &self.before);
        let good_before = self.before.iter().filter(|(_, status)| **status == Status::Ok).map(|(name, _)| name);
        let mut names: Vec<Name> = verify.checks.iter().chain(good_before).cloned().collect();
        names.sort();
        names.dedup();
        let mut told = String::new();
        loop {
            let left = verification.remaining(clock.now());
            let seen = tokio::time::timeout(left, poll_once(self.context, &names)).await.unwrap_or_default();
            for reading in readings(&seen) {
                verification.observe(reading);
            }
            tell(&verification, &mut told);
            if let Some(judgement) = verification.judge(clock.now()) {
                let note = Some(judgement.note.as_str()).filter(|note| !note.is_empty()).map(SafeText::new);
                return (judgement.verdict, note);
            }
            tokio::time::sleep(self.pause(verify).min(verification.remaining(clock.now()))).await;
        }
    }

    fn pause(&self, verify: &Verify) -> Duration {
        let checks = self.context.config.checks.iter().filter(|check| verify.checks.contains(&check.name));
        checks.map(|check| check.every).min().unwrap_or(PAUSE.0).clamp(PAUSE.0, PAUSE.1)
    }
}

/// Says how far it is where that is news.
fn tell(verification: &Verification, told: &mut String) {
    let progress: Vec<String> =
        verification.progress().map(|(name, good, needed)| format!("{name} {good} of {needed} good")).collect();
    let progress = progress.join(", ");
    if progress != *told {
        output::complain(&format!("verifying: {progress}\n"));
        *told = progress;
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
