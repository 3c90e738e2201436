//! Numbers with units: how they are written in the configuration, how they are shown.

mod quantity;
mod show;
mod spelling;

use std::time::Duration;

pub(crate) use quantity::in_unit_of;
pub use show::age;
pub(crate) use show::{NOTHING, availability, latency, latency_ms, plain, quantity, quantity_beside, span};
pub(crate) use spelling::respelled;

/// What is wrong in a written value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UnitError {
    /// The character, from 0, at which it is wrong.
    pub offset: usize,
    /// What is wrong, no full stop.
    pub message: String,
    /// What to write instead.
    pub hint: String,
}

impl UnitError {
    fn new(offset: usize, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { offset, message: message.into(), hint: hint.into() }
    }
}

/// A century: long enough, and far from every overflow.
const MAX_DURATION: Duration = Duration::from_hours(36_500 * 24);
/// How durations are written.
const DURATION_HINT: &str = "write a number with a unit: 250ms, 15s, 2m, 26h, 30d, or several: 1h30m";
/// How sizes are written.
const SIZE_HINT: &str = "write a number with a unit: 512B, 1MB (a million bytes), 2GiB (2 × 1024³ bytes)";

/// Reads `15s`, `2m`, `26h`, `30d`, `2w`, `250ms`, `1.5h`, `1h30m`.
///
/// # Errors
/// Where it is not a duration, with the character at which it goes wrong.
pub fn parse_duration(text: &str) -> Result<Duration, UnitError> {
    let mut nanos = 0_u128;
    let mut offset = 0;
    let mut rest = text;
    if text.trim().is_empty() {
        return Err(UnitError::new(0, "a duration is missing", DURATION_HINT));
    }
    let mut previous = f64::INFINITY;
    while !rest.is_empty() {
        let (value, number_len) = leading_number(rest).ok_or_else(|| no_number(text, rest, offset))?;
        let unit_len = rest[number_len..].find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len() - number_len);
        let word = &rest[number_len..number_len + unit_len];
        let at = offset + rest[..number_len].chars().count();
        let unit = spelling::DURATIONS.iter().find(|(known, _)| *known == word).map(|(_, seconds)| *seconds);
        let unit = unit.ok_or_else(|| no_unit(text, &rest[number_len..], word, at))?;
        if unit >= previous {
            return Err(UnitError::new(at, format!("`{word}` comes after a smaller or equal unit"), DURATION_HINT));
        }
        previous = unit;
        // Whole numbers stay exact; a fraction is good to the nanosecond that a float can tell.
        let one = unit * 1e9;
        let part = if value.fract() == 0.0 {
            (value as u128).saturating_mul(one as u128)
        } else {
            (value * one).round() as u128
        };
        nanos = nanos.saturating_add(part);
        offset = at + word.chars().count();
        rest = &rest[number_len + unit_len..];
    }
    if nanos > MAX_DURATION.as_nanos() {
        return Err(UnitError::new(0, format!("`{text}` is too long"), "use at most 36500d"));
    }
    Ok(Duration::from_nanos(nanos as u64))
}

/// A part of a duration that does not begin with a number.
fn no_number(text: &str, rest: &str, offset: usize) -> UnitError {
    match spelling::duration(text) {
        Some(meant) if rest.starts_with(' ') => {
            UnitError::new(offset, format!("`{text}` has a space in it"), format!("write `{meant}`"))
        }
        _ => UnitError::new(offset, format!("`{text}` is not a valid duration"), DURATION_HINT),
    }
}

/// A number without a unit that is known; `rest` follows the number.
fn no_unit(text: &str, rest: &str, word: &str, at: usize) -> UnitError {
    let hint = spelling::duration(text).map_or_else(|| DURATION_HINT.to_owned(), |meant| format!("write `{meant}`"));
    if !word.is_empty() {
        return UnitError::new(at, format!("unknown unit `{word}` in `{text}`"), hint);
    }
    if rest.is_empty() {
        let bare = text.chars().all(|c| c.is_ascii_digit() || c == '.');
        let hint = if bare { format!("write `{text}s`, `{text}m` or `{text}h`") } else { DURATION_HINT.to_owned() };
        return UnitError::new(at, format!("`{text}` has no unit"), hint);
    }
    let after = rest.trim_start();
    let word: String = after.chars().take_while(|c| c.is_alphabetic()).collect();
    let blanks = rest.chars().count() - after.chars().count();
    if blanks == 0 || word.is_empty() {
        return UnitError::new(at, format!("`{text}` is not a valid duration"), hint);
    }
    if spelling::DURATIONS.iter().any(|(known, _)| *known == word) {
        return UnitError::new(at, format!("`{text}` has a space before its unit"), hint);
    }
    UnitError::new(at + blanks, format!("unknown unit `{word}` in `{text}`"), hint)
}

/// Reads `512B`, `1MB`, `1.5 GiB`; a bare number is bytes. `kB`, `MB`, … are powers of 1000, `KiB`, `MiB`, … of 1024.
///
/// # Errors
/// Where it is not a size, with the character at which it goes wrong.
pub fn parse_size(text: &str) -> Result<u64, UnitError> {
    let (value, number_len) =
        leading_number(text).ok_or_else(|| UnitError::new(0, format!("`{text}` is not a valid size"), SIZE_HINT))?;
    let word = text[number_len..].trim();
    let unit = if word.is_empty() { Some(1.0) } else { quantity::bytes_of(word) };
    let unit = unit.ok_or_else(|| {
        let blanks = text[number_len..].chars().take_while(|c| c.is_whitespace()).count();
        let hint = spelling::size(word)
            .map_or_else(|| SIZE_HINT.to_owned(), |meant| format!("write `{}{meant}`", &text[..number_len]));
        let at = text[..number_len].chars().count() + blanks;
        UnitError::new(at, format!("unknown unit `{word}` in `{text}`"), hint)
    })?;
    let bytes = (value * unit).round();
    if bytes >= 9.0e18 {
        return Err(UnitError::new(0, format!("`{text}` is too large"), "use at most 8 EiB"));
    }
    Ok(bytes as u64)
}

/// Reads `99.9%` as 99.9.
///
/// # Errors
/// Where it is not a percentage.
pub fn parse_percent(text: &str) -> Result<f64, UnitError> {
    let bad = || UnitError::new(0, format!("`{text}` is not a valid percentage"), "write it like 99.9%");
    let trimmed = text.trim_end();
    let Some((value, len)) = leading_number(trimmed) else { return Err(bad()) };
    match trimmed[len..].trim_start() {
        "%" => Ok(value),
        "" => Err(UnitError::new(len, format!("`{text}` has no unit"), format!("write `{}%`", &trimmed[..len]))),
        word if word.chars().all(char::is_alphabetic) => {
            let at = trimmed[..trimmed.len() - word.len()].chars().count();
            let hint = format!("write `{}%`", &trimmed[..len]);
            Err(UnitError::new(at, format!("unknown unit `{word}` in `{text}`"), hint))
        }
        _ => Err(bad()),
    }
}

/// A duration as it is written, exact to the millisecond: `1h30m`, `250ms`, `0s`.
pub fn duration(duration: Duration) -> String {
    use std::fmt::Write;
    let mut rest = duration.as_millis();
    let mut out = String::new();
    for (millis, word) in [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s"), (1, "ms")] {
        let count = rest / millis;
        rest %= millis;
        if count > 0 {
            // Writing to a string can't fail.
            let _ = write!(out, "{count}{word}");
        }
    }
    if out.is_empty() { "0s".to_owned() } else { out }
}

/// The number that a text states, in `unit`: `12`, `-1e3`, `12ms`, `1.5 s`, `1m30s`, `2MiB`, in any case. A number
/// alone is in `unit` already. `None` where it is no number, or one of something else.
pub(crate) fn amount_in(text: &str, unit: &str) -> Option<f64> {
    let text = text.trim();
    if let Ok(value) = text.parse::<f64>() {
        return Some(value).filter(|value| value.is_finite());
    }
    let (value, length) = leading_number(text)?;
    let word = text[length..].trim();
    in_unit_of(value, word, unit)
        .or_else(|_| in_unit_of(value, &word.to_lowercase(), unit))
        .ok()
        .or_else(|| parse_duration(text).ok().and_then(|span| in_unit_of(span.as_secs_f64(), "s", unit).ok()))
}

/// The number at the beginning and its length in bytes; no sign, no exponent.
pub(crate) fn leading_number(text: &str) -> Option<(f64, usize)> {
    let len = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_').unwrap_or(text.len());
    let digits = &text[..len];
    if !digits.starts_with(|c: char| c.is_ascii_digit()) || digits.ends_with(['.', '_']) {
        return None;
    }
    digits.replace('_', "").parse().ok().map(|value| (value, len))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations() {
        let good = [
            ("15s", 15_000),
            ("2m", 120_000),
            ("26h", 93_600_000),
            ("30d", 2_592_000_000),
            ("250ms", 250),
            ("1h30m", 5_400_000),
            ("1.5h", 5_400_000),
            ("2w", 1_209_600_000),
            ("0s", 0),
            ("1d2h3m4s5ms", 93_784_005),
        ];
        for (text, millis) in good {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        let bad = [
            ("", 0),
            ("15", 2),
            ("15x", 2),
            ("s", 0),
            ("-5s", 0),
            ("1m1h", 3),
            ("1h 30m", 2),
            ("1..5s", 0),
            ("5sek", 1),
            ("30 seconds", 3),
            ("30seconds", 2),
            ("1,5s", 1),
        ];
        for (text, offset) in bad {
            assert_eq!(parse_duration(text).map_err(|error| error.offset), Err(offset), "{text}");
        }
        assert!(parse_duration("99999999999999999999999d").is_err());
    }

    #[test]
    fn a_unit_that_is_not_known_is_named_with_what_to_write() {
        let said = |error: UnitError| format!("{} | {}", error.message, error.hint);
        for (text, words) in [
            ("30 seconds", "unknown unit `seconds` in `30 seconds` | write `30s`"),
            ("30seconds", "unknown unit `seconds` in `30seconds` | write `30s`"),
            ("5 min", "unknown unit `min` in `5 min` | write `5m`"),
            ("1 hour 30 minutes", "unknown unit `hour` in `1 hour 30 minutes` | write `1h30m`"),
            ("2 weeks", "unknown unit `weeks` in `2 weeks` | write `2w`"),
            ("1 month", "unknown unit `month` in `1 month` | write `30d`"),
            ("100 milliseconds", "unknown unit `milliseconds` in `100 milliseconds` | write `100ms`"),
            ("5M", "unknown unit `M` in `5M` | write `5m`"),
            ("30 s", "`30 s` has a space before its unit | write `30s`"),
            ("1h 30m", "`1h 30m` has a space in it | write `1h30m`"),
            ("15", "`15` has no unit | write `15s`, `15m` or `15h`"),
            ("soon", &format!("`soon` is not a valid duration | {DURATION_HINT}")),
            ("15 parsecs", &format!("unknown unit `parsecs` in `15 parsecs` | {DURATION_HINT}")),
        ] {
            assert_eq!(parse_duration(text).map_err(said), Err(words.to_owned()), "{text}");
        }
        for (text, words) in [
            ("5 megabytes", "unknown unit `megabytes` in `5 megabytes` | write `5MB`"),
            ("5 M", "unknown unit `M` in `5 M` | write `5MB`"),
            ("1gib", "unknown unit `gib` in `1gib` | write `1GiB`"),
            ("big", &format!("`big` is not a valid size | {SIZE_HINT}")),
        ] {
            assert_eq!(parse_size(text).map_err(said), Err(words.to_owned()), "{text}");
        }
        for (text, words) in [
            ("99.9 percent", "unknown unit `percent` in `99.9 percent` | write `99.9%`"),
            ("99.9", "`99.9` has no unit | write `99.9%`"),
            ("all", "`all` is not a valid percentage | write it like 99.9%"),
        ] {
            assert_eq!(parse_percent(text).map_err(said), Err(words.to_owned()), "{text}");
        }
    }

    #[test]
    fn amounts_are_read_in_the_unit_that_is_wanted() {
        let cases = [
            ("12", "ms", Some(12.0)),
            ("12ms", "ms", Some(12.0)),
            (" 1.5 s ", "ms", Some(1500.0)),
            ("1.5S", "ms", Some(1500.0)),
            ("250µs", "ms", Some(0.25)),
            ("1m30s", "s", Some(90.0)),
            ("-3", "", Some(-3.0)),
            ("1e3", "B", Some(1000.0)),
            ("2KiB", "B", Some(2048.0)),
            ("12ms", "", None),
            ("12ms", "B", None),
            ("fast", "ms", None),
            ("inf", "ms", None),
            ("", "ms", None),
        ];
        for (text, unit, amount) in cases {
            assert_eq!(amount_in(text, unit), amount, "{text} in {unit}");
        }
    }

    #[test]
    fn sizes_and_percentages() {
        for (text, bytes) in
            [("512B", 512), ("1MB", 1_000_000), ("2GiB", 2 << 30), ("1.5 KiB", 1536), ("42", 42), ("3kB", 3000)]
        {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        assert_eq!(parse_size("5 Mbit").map_err(|error| error.offset), Err(2));
        assert!(parse_size("9999999999TiB").is_err());
        assert_eq!(parse_percent("99.9%"), Ok(99.9));
        assert!(parse_percent("99.9").is_err());
    }

    proptest! {
        #[test]
        fn a_written_duration_reads_back(millis in 0..10_000_000_000_u64) {
            let text = duration(Duration::from_millis(millis));
            prop_assert_eq!(parse_duration(&text), Ok(Duration::from_millis(millis)), "{}", text);
        }

        #[test]
        fn reading_never_panics(text in "\\PC{0,12}") {
            let _ = (parse_duration(&text), parse_size(&text), parse_percent(&text));
        }
    }
}
