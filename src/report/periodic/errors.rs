//! Errors in the logs of the period, and what they say most.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::lang::unit;
use crate::report::markdown::{Align, MarkdownText};
use crate::text::SafeText;
use crate::text::count::count;
use crate::text::name::Name;

/// Shapes that a report names.
pub(crate) const TOP_SHAPES: usize = 10;

/// The errors of the logs.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct LogErrors {
    /// By log, those with none too.
    pub logs: Vec<ErrorsOfLog>,
    /// What is said most, numbers and ids aside.
    pub shapes: Vec<ErrorShape>,
}

/// The errors of one log: records of level error and worse.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ErrorsOfLog {
    pub log: Name,
    /// Null where its files do not reach back to the period.
    pub errors: Option<u64>,
    /// Null where its files do not reach back to the period before.
    pub errors_before: Option<u64>,
    /// The first line that was there to be read, where that is later than the beginning of the period before.
    pub since: Option<DateTime<Utc>>,
    /// Whether all of its files could be read.
    pub complete: bool,
}

/// One shape of errors.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ErrorShape {
    pub shape: SafeText,
    pub errors: u64,
    /// Whether the logs of the period before were there and did not have it.
    pub new: bool,
}

pub(super) fn write(errors: &LogErrors, noun: &str, out: &mut MarkdownText) {
    if errors.logs.is_empty() {
        return;
    }
    out.heading(2, "Errors in logs");
    let row = |log: &ErrorsOfLog| {
        let since = log.since.map(|since| format!("read from {} UTC on", since.format("%Y-%m-%d %H:%M")));
        let part = (!log.complete).then(|| "not all of it could be read".to_owned());
        let note = since.into_iter().chain(part).collect::<Vec<_>>().join("; ");
        let [errors, before] =
            [log.errors, log.errors_before].map(|errors| errors.map_or_else(|| unit::NOTHING.to_owned(), count));
        vec![log.log.to_string(), errors, before, note]
    };
    let before = format!("The {noun} before");
    let columns =
        [("Log", Align::Left), ("Errors", Align::Right), (before.as_str(), Align::Right), ("Note", Align::Left)];
    out.table(&columns, &errors.logs.iter().map(row).collect::<Vec<_>>());
    if errors.shapes.is_empty() {
        return;
    }
    let row =
        |one: &ErrorShape| vec![count(one.errors), if one.new { "new" } else { "" }.to_owned(), one.shape.to_string()];
    let columns = [("Errors", Align::Right), ("", Align::Left), ("What they say", Align::Left)];
    out.table(&columns, &errors.shapes.iter().map(row).collect::<Vec<_>>());
}
