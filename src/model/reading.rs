//! Readings: one judged poll of a check, and one sample of a metric.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use super::document::Timing;
use super::status::Status;
use crate::lang::time::Stamp;
use crate::text::SafeText;
use crate::text::name::Name;

/// What one poll says, before streaks are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sign {
    /// Every expectation holds.
    Good,
    /// It answers, but a `degraded` expression or its health body says so.
    Degraded,
    /// An expectation failed, an error or a timeout.
    Bad,
    /// Nothing can be said (our own side, or an unreadable answer).
    Unknown,
    /// A first answer after idleness, slow but within `cold_start`: no outage.
    Cold,
}

/// One part of a health document, drawn as a tree under its check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Component {
    /// What it says of itself, folded into our words (never pending).
    pub status: Status,
    /// Its own words: error, message, observed value with unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<SafeText>,
    /// Latency it reports, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u64>,
    /// Parts of the part.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub components: BTreeMap<SafeText, Component>,
}

/// One judged poll of one check.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reading {
    /// The check.
    pub check: Name,
    /// Its moments.
    pub timing: Timing,
    /// What it says.
    pub sign: Sign,
    /// Why it is not good: the failed expression with the value it saw, the error, the timeout.
    pub error: Option<SafeText>,
    /// Whether there was an answer, however bad. Otherwise the latency is how long was waited for one.
    pub answered: bool,
    /// The parts that the health document names.
    pub components: BTreeMap<SafeText, Component>,
    /// Version and environment as the health document gives them.
    pub version: Option<SafeText>,
    /// The numbers of the document that conditions of this check ask for (`days_left < 21`), by field as written there
    /// ([`crate::lang::condition::Condition::field`]); what the document lacks is left out. `latency_ms` is never here.
    pub fields: BTreeMap<String, f64>,
    /// Phases in milliseconds where known: `dns`, `connect`, `tls`, `first_byte`, `total`.
    #[serde(deserialize_with = "phases")]
    pub phases: Vec<(&'static str, f64)>,
}

/// Phases as they were recorded; one of another name is left out.
fn phases<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(&'static str, f64)>, D::Error> {
    const NAMES: [&str; 5] = ["dns", "connect", "tls", "first_byte", "total"];
    let recorded = Vec::<(String, f64)>::deserialize(deserializer)?;
    let known = |name: &str| NAMES.into_iter().find(|known| *known == name);
    Ok(recorded.into_iter().filter_map(|(name, took)| Some((known(&name)?, took))).collect())
}

impl Reading {
    /// A poll that was answered, and of which no more is known.
    pub fn plain(check: Name, timing: Timing, sign: Sign) -> Self {
        Self {
            check,
            timing,
            sign,
            error: None,
            answered: true,
            components: BTreeMap::new(),
            version: None,
            fields: BTreeMap::new(),
            phases: Vec::new(),
        }
    }

    /// From sent to ended, in milliseconds and not rounded: what conditions are held against.
    pub(crate) fn latency_ms(&self) -> f64 {
        self.timing.latency().as_secs_f64() * 1e3
    }
}

/// One value of one metric.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sample {
    /// The metric.
    pub metric: Name,
    /// When it was observed.
    pub at: Stamp,
    /// The number, or why there is none (absent, jq error, not a number). NaN never occurs here: it is `absent`.
    pub value: Result<f64, SafeText>,
    /// What the number leaves out, where it does.
    pub caveat: Option<Caveat>,
}

/// What a number leaves out: it is shown with it, or it would be drawn as if it were right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caveat {
    /// The true number is this one or a higher one.
    pub at_least: bool,
    /// In words: `3 MB skipped`, `counted since 2026-11-21T10:00:00Z`.
    pub text: SafeText,
}

impl Caveat {
    /// What stands before the number.
    pub(crate) fn mark(&self) -> &'static str {
        if self.at_least { ">=" } else { "~" }
    }
}
