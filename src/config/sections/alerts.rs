//! `alert = { critical = "down for 2m" }`, of checks and metrics.

use crate::config::reader::{TableReader, described, entries, text_of};
use crate::config::roots;
use crate::config::tree::TomlValue;
use crate::lang::condition::Condition;
use crate::lang::order::InOrder;
use crate::model::alert::Severity;
use crate::model::document::DocumentShape;

/// What is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum On {
    /// A check: statuses, staleness, fields of its documents, whose shape is given where it is known.
    Check(Option<DocumentShape>),
    /// A metric with this unit: its value.
    Metric(String),
}

/// Reads `alert`, worst severity first.
pub(crate) fn read(table: &TableReader<'_>, on: &On) -> Vec<(Severity, Condition)> {
    const HOW: &str = "write alert = { critical = \"down for 2m\" } or { high = \"> 10% for 5m\" }";
    let context = table.context;
    let Some(entry) = table.entry("alert") else { return Vec::new() };
    let TomlValue::Table(inner) = entry.value else {
        let message = format!("`alert` is a table of conditions, not {}", described(entry.value));
        context.error(entry.at, message, HOW);
        return Vec::new();
    };
    let mut found: Vec<(Severity, Condition)> = Vec::new();
    let mut seen: Vec<(Severity, &str)> = Vec::new();
    for one in entries(inner, entry.at.file) {
        let Some(severity) = context.severity(one.key, one.key_at) else { continue };
        if let Some((_, first)) = seen.iter().find(|(known, _)| *known == severity) {
            let message = format!("`{}` and `{first}` are one severity, {}", one.key, severity.word());
            context.error(one.key_at, message, "keep one of them");
            continue;
        }
        seen.push((severity, one.key));
        let Some(text) = text_of(&one) else {
            context.error(one.at, format!("a condition is a text, not {}", described(one.value)), HOW);
            continue;
        };
        let unit = match on {
            On::Check(_) => "",
            On::Metric(unit) => unit,
        };
        match context.condition(&text.value, unit) {
            Err(fault) => context.fault(&text, "bad condition", &fault),
            Ok(condition) => {
                let misplaced = match on {
                    On::Check(_) => condition.unfit_for_check(),
                    On::Metric(_) => condition.unfit_for_metric(),
                };
                let unknown_field = match (on, condition.field()) {
                    (On::Check(Some(shape)), Some(field)) => roots::field_fault(field, *shape),
                    _ => None,
                };
                match misplaced.map(|why| why.split_once(": ").unwrap_or((why, ""))) {
                    Some((what, hint)) => context.error(text.at, what, hint),
                    None => match unknown_field {
                        Some(fault) => context.fault(&text, "bad condition", &fault),
                        None => found.push((severity, condition)),
                    },
                }
            }
        }
    }
    found.order_by_key(|(severity, _)| std::cmp::Reverse(*severity));
    found
}
