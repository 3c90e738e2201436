//! Of what a series is.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::text::name::Name;

/// The longest name that a configuration may give.
const LONGEST: usize = 64;

/// A check's series (latency and status) or a metric's (value). Written `check:NAME` and `metric:NAME`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SeriesKey {
    /// Latency and status of a check.
    Check(Name),
    /// Values of a metric.
    Metric(Name),
}

impl SeriesKey {
    /// Reads what [`fmt::Display`] wrote; `None` where no configuration could name it so.
    pub fn parse(written: &str) -> Option<Self> {
        let (kind, name) = written.split_once(':')?;
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        if name.is_empty() || name.len() > LONGEST || !name.bytes().all(allowed) {
            return None;
        }
        match kind {
            "check" => Some(Self::Check(name.into())),
            "metric" => Some(Self::Metric(name.into())),
            _ => None,
        }
    }
}

impl fmt::Display for SeriesKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Check(name) => write!(formatter, "check:{name}"),
            Self::Metric(name) => write!(formatter, "metric:{name}"),
        }
    }
}
