//! Terms of the language written by the console itself: only this value, records like this one.

use super::subject::Subject;
use crate::logs::record::Record;

/// The names under which writers put the id that joins the records of one request.
pub(crate) const TRACE_NAMES: [&str; 8] =
    ["trace_id", "traceid", "trace", "request_id", "requestid", "correlation_id", "x-request-id", "dd.trace_id"];

/// Values of a trace id that say that there is none.
const NO_TRACE: [&str; 5] = ["", "-", "null", "none", "undefined"];

/// The id that joins the records of one request, where a record has one.
pub(crate) fn trace_of(record: &Record) -> Option<String> {
    let value = record.value("trace")?.trim().to_owned();
    let says_none = NO_TRACE.iter().any(|none| value.eq_ignore_ascii_case(none)) || value.bytes().all(|b| b == b'0');
    (!says_none).then_some(value)
}

/// The term that every record of one request passes.
pub(crate) fn trace_is(id: &str) -> String {
    format!("trace={}", quoted(id))
}

/// The term that a record passes whose field `name` has this value, or with `not` another or none.
pub(crate) fn field_is(name: &str, value: &str, not: bool) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '@');
    let simple = name.chars().all(plain) && !name.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    let name = if simple { name.to_owned() } else { quoted(name) };
    format!("{name}{}{}", if not { "!=" } else { "=" }, quoted(value))
}

/// The term that the records of one shape pass, or with `not` all others.
pub(crate) fn pattern_is(shape: &str, not: bool) -> String {
    format!("{}pattern:{}", if not { "-" } else { "" }, quoted(shape))
}

/// A filter that asks for one thing more.
pub(crate) fn and(filter: &str, term: &str) -> String {
    let filter = filter.trim();
    if filter.is_empty() {
        return term.to_owned();
    }
    let lower = filter.to_lowercase();
    // Between words `or` binds weaker than what is put behind it.
    if lower.contains(" or ") || filter.contains("||") {
        format!("({filter}) {term}")
    } else {
        format!("{filter} {term}")
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
