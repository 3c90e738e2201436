//! Units as people spell them, and as they are written here.

use super::leading_number;

/// The units of a duration, in seconds.
pub(super) const DURATIONS: &[(&str, f64)] = &[
    ("ns", 1e-9),
    ("us", 1e-6),
    ("µs", 1e-6),
    ("μs", 1e-6),
    ("ms", 1e-3),
    ("s", 1.0),
    ("m", 60.0),
    ("h", 3_600.0),
    ("d", 86_400.0),
    ("w", 604_800.0),
];

/// Other spellings of a unit of time, in small letters: the unit, and how many of it.
fn time(word: &str) -> Option<(&'static str, f64)> {
    let singular = word.strip_suffix('s').filter(|rest| rest.len() > 1).unwrap_or(word);
    Some(match singular {
        "nanosecond" | "nanosec" | "ns" => ("ns", 1.0),
        "microsecond" | "microsec" | "usec" | "us" => ("us", 1.0),
        "millisecond" | "millisec" | "milli" | "msec" | "ms" => ("ms", 1.0),
        "second" | "sec" | "s" => ("s", 1.0),
        "minute" | "min" | "m" => ("m", 1.0),
        "hour" | "hr" | "h" => ("h", 1.0),
        "day" | "d" => ("d", 1.0),
        "week" | "wk" | "w" => ("w", 1.0),
        "month" | "mon" => ("d", 30.0),
        "year" | "yr" | "y" => ("d", 365.0),
        _ => return None,
    })
}

/// A duration as it is written here, of one that is spelled otherwise: `1 hour 30 minutes` is `1h30m`. `None` where it
/// is not clear what is meant.
pub(super) fn duration(text: &str) -> Option<String> {
    let mut meant = String::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (value, len) = leading_number(rest)?;
        let after = rest[len..].trim_start();
        let end = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
        let word = &after[..end];
        let exact = DURATIONS.iter().find(|(known, _)| *known == word).map(|(known, _)| (*known, 1.0));
        let (unit, times) = exact.or_else(|| time(&word.to_lowercase()))?;
        let number = if times > 1.0 { (value * times).to_string() } else { rest[..len].to_owned() };
        meant.push_str(&number);
        meant.push_str(unit);
        rest = after[end..].trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        rest = rest.strip_prefix("and ").unwrap_or(rest).trim_start();
    }
    // One that is out of order is not made right by its spelling.
    is_ordered(&meant).then_some(meant)
}

/// Whether every unit of a written duration is smaller than the one before.
fn is_ordered(written: &str) -> bool {
    let mut previous = f64::INFINITY;
    let units = written.split(|c: char| c.is_ascii_digit() || matches!(c, '.' | '_')).filter(|unit| !unit.is_empty());
    units.filter_map(|unit| DURATIONS.iter().find(|(known, _)| *known == unit)).all(|(_, seconds)| {
        let smaller = *seconds < previous;
        previous = *seconds;
        smaller
    })
}

/// The unit of a size, of one that is spelled otherwise.
pub(super) fn size(word: &str) -> Option<&'static str> {
    let lower = word.to_lowercase();
    let singular = lower.strip_suffix('s').unwrap_or(&lower);
    Some(match singular {
        "b" | "byte" => "B",
        "k" | "kb" | "kilobyte" => "kB",
        "m" | "mb" | "meg" | "megabyte" => "MB",
        "g" | "gb" | "gig" | "gigabyte" => "GB",
        "t" | "tb" | "terabyte" => "TB",
        "kib" | "ki" | "kibibyte" => "KiB",
        "mib" | "mi" | "mebibyte" => "MiB",
        "gib" | "gi" | "gibibyte" => "GiB",
        "tib" | "ti" | "tebibyte" => "TiB",
        _ => return None,
    })
}

/// The unit as it is written here, of one that is spelled otherwise: `percent`, `seconds`, `megabytes`.
pub(crate) fn respelled(word: &str) -> Option<&'static str> {
    let lower = word.to_lowercase();
    match lower.as_str() {
        "percent" | "pct" | "per cent" => Some("%"),
        _ => time(&lower).filter(|(_, times)| *times <= 1.0).map(|(unit, _)| unit).or_else(|| size(word)),
    }
}
