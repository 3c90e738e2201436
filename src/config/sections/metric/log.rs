//! Metrics over the records of logs.

use std::time::Duration;

use super::{quantile, window};
use crate::config::reader::{TableReader, Thing};
use crate::config::syntax;
use crate::logs::filter::Filter;
use crate::text::name::Name;

/// What is taken of the records; exactly one of them.
pub(super) const MEASURES: &[&str] = &["count", "rate", "ratio", "percentile"];

/// Keys that go with one measure alone.
const BESIDE: &[(&str, &str)] = &[("of", "ratio"), ("field", "percentile"), ("where", "percentile")];

/// `log` + what is taken of it + `window`.
#[derive(Debug, Clone, PartialEq)]
pub struct LogMetric {
    /// Whose records.
    pub logs: LogChoice,
    /// What is taken of them.
    pub measure: Measure,
    /// How long the sliding window is.
    pub window: Duration,
}

/// Some logs, or all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogChoice {
    /// `log = "*"`, also of logs that are configured later.
    All,
    /// `log = "NAME"` or a list.
    These(Vec<Name>),
}

impl LogChoice {
    /// Whether the log is meant.
    pub(crate) fn includes(&self, log: &str) -> bool {
        match self {
            Self::All => true,
            Self::These(names) => names.iter().any(|name| &**name == log),
        }
    }
}

impl std::fmt::Display for LogChoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::These(names) => f.write_str(&names.join(", ")),
        }
    }
}

/// What is taken of the records.
#[derive(Debug, Clone, PartialEq)]
pub enum Measure {
    /// `count`: how many match.
    Count {
        /// Which.
        filter: Filter,
    },
    /// `rate`: how many match per second.
    Rate {
        /// Which.
        filter: Filter,
    },
    /// `ratio`: what share of those that match `of` also match this, in per cent.
    Ratio {
        /// The part.
        filter: Filter,
        /// The whole.
        of: Filter,
    },
    /// `percentile` + `field`: a percentile of a number that the records state.
    Percentile {
        /// 0 < quantile < 1.
        quantile: f64,
        field: String,
        /// `where`: of which records.
        filter: Filter,
    },
}

/// Units by the end of a field's name, as writers put them there.
const UNITS_IN_NAMES: &[(&str, &str)] =
    &[("_ms", "ms"), ("_millis", "ms"), ("_us", "us"), ("_ns", "ns"), ("_seconds", "s"), ("_s", "s"), ("_bytes", "B")];

impl Measure {
    /// The unit where none is said.
    pub(super) fn unit(&self) -> &'static str {
        match self {
            Self::Count { .. } => "",
            Self::Rate { .. } => "/s",
            Self::Ratio { .. } => "%",
            Self::Percentile { field, .. } => UNITS_IN_NAMES
                .iter()
                .find(|(end, _)| field.to_ascii_lowercase().ends_with(end))
                .map_or("", |(_, unit)| unit),
        }
    }

    /// In the words of the configuration.
    pub(crate) fn summary(&self) -> String {
        match self {
            Self::Count { filter } => filter.text().to_owned(),
            Self::Rate { filter } => format!("{} per second", filter.text()),
            Self::Ratio { filter, of } if of.is_everything() => format!("share of {}", filter.text()),
            Self::Ratio { filter, of } => format!("share of {} of {}", filter.text(), of.text()),
            Self::Percentile { quantile, field, filter } => {
                format!("p{} of {field} {}", quantile * 100.0, filter.text()).trim_end().to_owned()
            }
        }
    }
}

/// Notes every key that goes with a measure that is not there.
pub(super) fn out_of_place(table: &TableReader<'_>) {
    for (key, with) in BESIDE {
        if let Some(entry) = table.entry(key)
            && !table.has(with)
        {
            let hint = format!("remove it: {} has no `{with}`", table.title);
            table.context.error(entry.key_at, format!("`{key}` goes with `{with}`"), hint);
        }
    }
}

/// Reads what is taken of the logs; `what` is one of [`MEASURES`].
pub(super) fn read(table: &TableReader<'_>, what: &str) -> Option<LogMetric> {
    let logs = choice(table);
    let window = window(table);
    let measure = match what {
        "count" => filter(table, "count").map(|filter| Measure::Count { filter }),
        "rate" => filter(table, "rate").map(|filter| Measure::Rate { filter }),
        "ratio" => {
            let of = optional_filter(table, "of");
            filter(table, "ratio").and_then(|filter| Some(Measure::Ratio { filter, of: of? }))
        }
        _ => percentile(table),
    };
    Some(LogMetric { logs: logs?, measure: measure?, window: window? })
}

fn choice(table: &TableReader<'_>) -> Option<LogChoice> {
    let texts = table.texts_or_one("log");
    if let [one] = &*texts
        && one.value == "*"
    {
        return Some(LogChoice::All);
    }
    if texts.is_empty() && table.is_list("log") {
        let hint = "name at least one log, or write log = \"*\" for all";
        table.context.error(table.place("log"), "`log` is empty", hint);
    }
    let mut names: Vec<Name> = Vec::new();
    for text in &texts {
        if text.value == "*" {
            let hint = "write log = \"*\" alone for all logs, or name them";
            table.context.error(text.at, "`*` in a list of logs", hint);
        } else if names.iter().any(|name| **name == *text.value) {
            table.context.error(text.at, format!("log `{}` is named twice", text.value), "remove one of them");
        } else {
            names.extend(table.context.refer(Thing::Log, &text.value, text.at));
        }
    }
    (!names.is_empty() && names.len() == texts.len()).then_some(LogChoice::These(names))
}

fn filter(table: &TableReader<'_>, key: &str) -> Option<Filter> {
    let text = table.text(key)?;
    syntax::filter(&text.value).map_err(|fault| table.context.fault(&text, "bad filter", &fault)).ok()
}

/// A filter that lets everything through where it is not there.
fn optional_filter(table: &TableReader<'_>, key: &str) -> Option<Filter> {
    if table.has(key) { filter(table, key) } else { Some(Filter::everything()) }
}

fn percentile(table: &TableReader<'_>) -> Option<Measure> {
    let quantile = table.text("percentile").and_then(|text| quantile(table, &text, "percentile"));
    let filter = optional_filter(table, "where");
    if table.lacks(&["field"]) {
        let hint = "add field = \"took_ms\", the name of the field whose percentile is taken";
        table.context.error(table.at, format!("{} has no `field`", table.title), hint);
    }
    let text = table.text("field")?;
    let field = text.value.trim();
    if field.is_empty() || field.contains(char::is_whitespace) {
        let message = format!("`{}` can't be a field", text.value);
        table.context.error(text.at, message, "write the name of one field: took_ms, http.duration");
        return None;
    }
    Some(Measure::Percentile { quantile: quantile?, field: field.to_owned(), filter: filter? })
}
