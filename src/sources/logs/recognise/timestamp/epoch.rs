//! Times that are a number: seconds, milliseconds, microseconds or nanoseconds since 1970, by magnitude.

use chrono::{DateTime, Utc};

/// Fewer seconds are some other number: this is the spring of 1973.
const LEAST: i128 = 100_000_000 * SECOND;
/// More are some other number too: this is the beginning of 2100.
const MOST: i128 = 4_102_444_800 * SECOND;
const SECOND: i128 = 1_000_000_000;

/// The time that a decimal number states, with a fraction or an exponent; `None` where it is none.
pub(super) fn read(text: &str) -> Option<DateTime<Utc>> {
    let (digits, exponent) = match text.split_once(['e', 'E']) {
        Some((digits, exponent)) => {
            (digits, exponent.parse::<i32>().ok().filter(|exponent| (0..=18).contains(exponent))?)
        }
        None => (text, 0),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 19 || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    // With nine places behind the point: exact for every form.
    let mut nanos: i128 = whole.parse().ok()?;
    let places = usize::try_from(9 + exponent).ok()?;
    let kept = fraction.get(..places.min(fraction.len()))?;
    nanos = nanos.checked_mul(10_i128.checked_pow(u32::try_from(places).ok()?)?)?;
    if !kept.is_empty() {
        nanos += kept.parse::<i128>().ok()? * 10_i128.pow(u32::try_from(places - kept.len()).ok()?);
    }
    let value = nanos / SECOND;
    let per_second = match value {
        ..100_000_000_000 => 1,
        100_000_000_000..100_000_000_000_000 => 1_000,
        100_000_000_000_000..100_000_000_000_000_000 => 1_000_000,
        _ => SECOND,
    };
    let nanos = nanos / per_second;
    if nanos >= MOST || (nanos < LEAST && per_second == 1) {
        return None;
    }
    DateTime::from_timestamp(i64::try_from(nanos / SECOND).ok()?, u32::try_from(nanos % SECOND).ok()?)
}
