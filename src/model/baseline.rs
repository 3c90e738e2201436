//! Baselines: the figures of a span of time, kept under a name, to compare later ones with.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::text::SafeText;
use crate::text::name::Name;

/// The figures of one series in the span of a baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeriesBaseline {
    /// Of which: `check:NAME` (latency in milliseconds) or `metric:NAME`.
    pub series: String,
    /// Values.
    pub count: u64,
    /// Their average.
    pub mean: f64,
    /// The median.
    pub p50: f64,
    /// The 95th percentile; `None`: too few values for it.
    pub p95: Option<f64>,
    /// The highest.
    pub max: f64,
    /// Of a check: up time of the known time, 0 to 1.
    pub availability: Option<f64>,
}

/// No figure is NaN: what is not finite is not measured, and has no form in JSON.
impl Eq for SeriesBaseline {}

/// A person keeps the figures of a span of time: who, is in the envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaselineSaved {
    /// Its name; one of the same name is replaced.
    pub name: Name,
    /// The first moment of the span.
    pub from: DateTime<Utc>,
    /// The first moment after it.
    pub until: DateTime<Utc>,
    /// The figures, by series.
    pub figures: Vec<SeriesBaseline>,
}

/// A baseline as it is on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaselineRecord {
    /// Who: the login name.
    pub by: SafeText,
    /// When it was saved.
    pub at: DateTime<Utc>,
    /// What was saved.
    pub saved: BaselineSaved,
}
