//! Conditions as written in `alert = { … }`: a comparison, for how long, until when.

mod parse;

use std::sync::Arc;
use std::time::Duration;

/// What is wrong in a written condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConditionError {
    /// The character of the text, from 0, at which it is wrong.
    pub offset: usize,
    /// What is wrong, no full stop.
    pub message: String,
    /// What to write instead.
    pub hint: String,
}

/// How a number is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `>`
    Above,
    /// `>=`
    AtLeast,
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
}

impl Comparison {
    /// Whether `value` stands so to `threshold`. Never true of NaN.
    pub(crate) fn holds(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::Above => value > threshold,
            Self::AtLeast => value >= threshold,
            Self::Below => value < threshold,
            Self::AtMost => value <= threshold,
            Self::Equal => same(value, threshold),
            Self::NotEqual => !value.is_nan() && !same(value, threshold),
        }
    }

    /// As it is written.
    pub(crate) const fn sign(self) -> &'static str {
        match self {
            Self::Above => ">",
            Self::AtLeast => ">=",
            Self::Below => "<",
            Self::AtMost => "<=",
            Self::Equal => "==",
            Self::NotEqual => "!=",
        }
    }
}

/// Equal but for the last bits that a conversion of units may change.
fn same(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-12 * a.abs().max(b.abs())
}

/// What must hold.
#[derive(Debug, Clone, PartialEq)]
pub enum Predicate {
    /// `> 5%`, `>= 2s`: a number against a threshold in the unit of the metric's base (seconds, bytes, ratio for `%`
    /// where the metric's unit is not `%`, see [`crate::lang::unit`]). `clear` is the `until` threshold.
    Number {
        /// The comparison.
        comparison: Comparison,
        /// The threshold as a plain number in the metric's own unit.
        threshold: f64,
        /// The threshold below (above) which it is over, where hysteresis was asked for.
        clear: Option<(Comparison, f64)>,
        /// A field of the document, for checks: `days_left < 21`. `None` is the value itself.
        field: Option<String>,
    },
    /// `!= "ok"`, `== "primary"`.
    Text {
        /// Equal or not equal.
        equal: bool,
        /// The text.
        text: String,
    },
    /// `down`
    Down,
    /// `degraded` (or worse).
    Degraded,
    /// `stale`: no answer for too long, for whatever reason.
    Stale,
    /// `absent`: the metric has no value.
    Absent,
    /// `changes > 3 in 10m`
    Changes {
        /// The comparison.
        comparison: Comparison,
        /// How many changes.
        count: u32,
        /// Within how long.
        within: Duration,
    },
}

/// One condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// What must hold.
    pub predicate: Predicate,
    /// For how long at every evaluation (`for`); zero where not said.
    pub hold: Duration,
    /// As written, for the screen, and shared with every alert that shows it.
    pub written: Arc<str>,
}

impl Condition {
    /// Reads a condition for a value in `unit` (empty where it has none). Thresholds are converted into that unit.
    ///
    /// # Errors
    /// What is wrong, at which character, and what to write instead.
    pub fn parse(text: &str, unit: &str) -> Result<Self, ConditionError> {
        parse::condition(text, unit)
    }

    /// Why it can't be asked of a check, in words; `None` where it can.
    pub(crate) fn unfit_for_check(&self) -> Option<&'static str> {
        match &self.predicate {
            Predicate::Number { field: None, .. } => {
                Some("a check has no number of its own: name a field (`latency_ms > 500`) or write `down for 2m`")
            }
            Predicate::Text { .. } => {
                Some("a check has no text of its own: put the comparison into `expect` and write `down for 2m`")
            }
            Predicate::Absent => Some("a check is never absent: write `stale for 5m`"),
            _ => None,
        }
    }

    /// Why it can't be asked of a metric, in words; `None` where it can.
    pub(crate) fn unfit_for_metric(&self) -> Option<&'static str> {
        match &self.predicate {
            Predicate::Down | Predicate::Degraded => Some("a metric is a number: compare it (`> 5% for 5m`)"),
            Predicate::Text { .. } => Some("a metric is a number: compare it with one (`!= 0`)"),
            Predicate::Number { field: Some(_), .. } => {
                Some("a metric has no fields: compare the metric itself (`> 5%`)")
            }
            _ => None,
        }
    }

    /// The line that a chart of a field draws for it, and whether what lies above is bad; an empty field is the value itself.
    /// `None`: it does not compare that.
    pub(crate) fn line(&self, of: &str) -> Option<(f64, bool)> {
        match &self.predicate {
            Predicate::Number { comparison, threshold, field, .. } if field.as_deref().unwrap_or_default() == of => {
                let is_above_bad = matches!(comparison, Comparison::Above | Comparison::AtLeast | Comparison::NotEqual);
                Some((*threshold, is_above_bad))
            }
            _ => None,
        }
    }

    /// The field of the document that it compares, for checks.
    pub(crate) fn field(&self) -> Option<&str> {
        match &self.predicate {
            Predicate::Number { field, .. } => field.as_deref(),
            _ => None,
        }
    }

    /// The number to draw as a line in a chart of the metric, where there is one.
    pub(crate) fn threshold(&self) -> Option<f64> {
        match &self.predicate {
            Predicate::Number { threshold, field: None, .. } => Some(*threshold),
            _ => None,
        }
    }
}
