//! Values as they are shown: short, and changing no more often than they must, because every changed cell is sent.

use std::time::Duration;

/// What is shown where there is no value.
pub(crate) const NOTHING: &str = "–";

/// An age in its largest unit: `<10s`, `20s`, `3m`, `5h`, `6d`. Changes at most every ten seconds; at most four columns
/// up to 999 days.
pub fn age(age: Duration) -> String {
    let seconds = age.as_secs();
    match seconds {
        0..10 => "<10s".to_owned(),
        10..60 => format!("{}s", seconds / 10 * 10),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..172_800 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// A span that ended, exactly enough: `840ms`, `4.2s`, `3m 07s`, `2h 05m`.
pub(crate) fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0 => format!("{}ms", span.as_millis()),
        1..10 if span.subsec_millis() >= 50 => format!("{:.1}s", span.as_secs_f64()),
        1..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h {:02}m", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{}d {:02}h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

/// A latency: `<1ms`, `41ms`, `1.8s`, `62s`, or [`NOTHING`].
pub(crate) fn latency(latency: Option<Duration>) -> String {
    latency_ms(latency.map(|latency| latency.as_millis().try_into().unwrap_or(u64::MAX)))
}

/// As [`latency`], from milliseconds.
pub(crate) fn latency_ms(millis: Option<u64>) -> String {
    match millis {
        None => NOTHING.to_owned(),
        Some(0) => "<1ms".to_owned(),
        Some(millis @ 1..1_000) => format!("{millis}ms"),
        Some(millis @ 1_000..9_950) => format!("{:.1}s", millis as f64 / 1e3),
        Some(millis) => format!("{}s", (millis.saturating_add(500)) / 1_000),
    }
}

/// A number with its unit: `12.4 %`, `4,102/s`, `1.2 GiB`, `1.8 s`, `410 ms`, `17 jobs`, `1.3 M`.
pub(crate) fn quantity(value: f64, unit: &str) -> String {
    if !value.is_finite() {
        return NOTHING.to_owned();
    }
    match unit {
        "B" | "bytes" => scaled(value, 1024.0, &["B", "KiB", "MiB", "GiB", "TiB", "PiB"]),
        "B/s" => scaled(value, 1024.0, &["B/s", "KiB/s", "MiB/s", "GiB/s", "TiB/s"]),
        "s" => seconds(value),
        "ms" => seconds(value / 1e3),
        "us" | "µs" => seconds(value / 1e6),
        "" => number(value),
        "%" if value > 99.0 && value < 100.0 => availability(Some(value / 100.0)),
        _ if unit.starts_with('/') => format!("{}{unit}", number(value)),
        _ => format!("{} {unit}", number(value)),
    }
}

/// A value with its unit beside a threshold that it was compared with: with more digits where both would look alike,
/// because `500 ms > 500ms` explains nothing.
pub(crate) fn quantity_beside(value: f64, threshold: f64, unit: &str) -> String {
    let short = quantity(value, unit);
    if value.to_bits() == threshold.to_bits() || short != quantity(threshold, unit) {
        return short;
    }
    match unit {
        "" => plain(value),
        _ if unit.starts_with('/') => plain(value) + unit,
        _ => format!("{} {unit}", plain(value)),
    }
}

/// A number as it was compared, to six decimals at the most: `500.4`.
pub(crate) fn plain(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// An availability, from its ratio: `99.98 %`, always with two decimals and never rounded up, because 100 % is a claim.
pub(crate) fn availability(ratio: Option<f64>) -> String {
    match ratio {
        Some(ratio) if ratio.is_finite() => format!("{:.2} %", (ratio * 1e4 + 1e-6).floor() / 1e2),
        _ => NOTHING.to_owned(),
    }
}

/// A number with about three digits: `0.042`, `12.4`, `4,102`, `1.3 M`. Whole numbers have no decimals.
pub(crate) fn number(value: f64) -> String {
    if !value.is_finite() {
        return NOTHING.to_owned();
    }
    let size = value.abs();
    if size >= 999_999.5 {
        return scaled(value / 1e6, 1000.0, &["M", "G", "T", "P", "E"]);
    }
    let decimals = match size {
        _ if (value - value.round()).abs() < 1e-9 => 0,
        99.95.. => 0,
        0.995.. => 1,
        0.0995.. => 2,
        0.00995.. => 3,
        _ => 4,
    };
    let text = format!("{value:.decimals$}");
    // What rounds to nothing has no sign.
    let text =
        if text.trim_matches(['-', '0', '.']).is_empty() { text.trim_start_matches('-').to_owned() } else { text };
    grouped(&text)
}

/// Thousands separated by commas.
fn grouped(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let whole_len = digits.find('.').unwrap_or(digits.len());
    let mut out = String::with_capacity(text.len() + 4);
    out.push_str(sign);
    for (index, c) in digits.char_indices() {
        if index > 0 && index < whole_len && (whole_len - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// With the largest of `words` that leaves three digits at the most before the point; the first counts up to the step.
fn scaled(value: f64, step: f64, words: &[&str]) -> String {
    let mut value = value;
    let mut index = 0;
    // `1,001 MiB` is wider than any other figure, and was cut where those have room.
    while value.abs() >= if index == 0 { step - 0.05 } else { 999.5 } && index + 1 < words.len() {
        value /= step;
        index += 1;
    }
    let decimals = match value.abs() {
        99.95.. => 0,
        _ if index == 0 && (value - value.round()).abs() < 1e-9 => 0,
        size if index > 0 && size < 0.995 => 2,
        _ => 1,
    };
    let text = format!("{value:.decimals$}");
    format!("{} {}", grouped(&text), words[index])
}

fn seconds(value: f64) -> String {
    match value.abs() {
        size if size >= 99.5 => {
            let whole = Duration::from_secs(size.min(1e15).round() as u64);
            let coarse = if whole.as_secs() >= 86_400 { whole.as_secs() / 3_600 * 3_600 } else { whole.as_secs() };
            format!("{}{}", if value < 0.0 { "-" } else { "" }, super::duration(Duration::from_secs(coarse)))
        }
        size if size >= 0.9995 || size == 0.0 => format!("{} s", number(value)),
        size if size >= 0.000_999_5 => format!("{} ms", number(value * 1e3)),
        _ => format!("{} µs", number(value * 1e6)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_coarse() {
        let cases = [
            (0, "<10s"),
            (9, "<10s"),
            (12, "10s"),
            (59, "50s"),
            (61, "1m"),
            (3_599, "59m"),
            (3_600, "1h"),
            (100_000, "27h"),
            (172_800, "2d"),
            (86_400 * 400, "400d"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(age(Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn spans_are_exact_enough() {
        assert_eq!(span(Duration::from_millis(840)), "840ms");
        assert_eq!(span(Duration::from_millis(4_230)), "4.2s");
        assert_eq!(span(Duration::from_secs(2)), "2s");
        assert_eq!(span(Duration::from_secs(187)), "3m 07s");
    }

    #[test]
    fn latencies() {
        let cases = [
            (0, "<1ms"),
            (41, "41ms"),
            (999, "999ms"),
            (1_800, "1.8s"),
            (9_949, "9.9s"),
            (9_999, "10s"),
            (62_400, "62s"),
        ];
        for (millis, want) in cases {
            assert_eq!(latency_ms(Some(millis)), want);
        }
        assert_eq!(latency(None), "–");
    }

    #[test]
    fn availability_is_never_rounded_up() {
        let cases = [(1.0, "100.00 %"), (0.99999, "99.99 %"), (0.9971, "99.71 %"), (0.0, "0.00 %")];
        for (ratio, want) in cases {
            assert_eq!(availability(Some(ratio)), want);
        }
        assert_eq!(availability(None), "–");
    }

    #[test]
    fn quantities() {
        let cases = [
            (12.4, "%", "12.4 %"),
            (5.0, "%", "5 %"),
            (99.987, "%", "99.98 %"),
            (4_102.0, "/s", "4,102/s"),
            (0.5, "/s", "0.50/s"),
            (1_288_490_188.8, "B", "1.2 GiB"),
            (1_001.0 * 1_048_576.0, "B", "0.98 GiB"),
            (1_023.0 * 1_048_576.0, "B", "1.0 GiB"),
            (999.0 * 1_024.0, "B", "999 KiB"),
            (1_023.0, "B", "1,023 B"),
            (17.0, "B", "17 B"),
            (1_048_576.0, "B/s", "1.0 MiB/s"),
            (1.8, "s", "1.8 s"),
            (0.41, "s", "410 ms"),
            (1_800.0, "ms", "1.8 s"),
            (41.0, "ms", "41 ms"),
            (0.000_25, "s", "250 µs"),
            (150.0, "s", "2m30s"),
            (90_061.0, "s", "1d1h"),
            (17.0, "jobs", "17 jobs"),
            (1_300_000.0, "", "1.3 M"),
            (-1234.0, "", "-1,234"),
            (0.0, "s", "0 s"),
            (0.04, "", "0.040"),
            (f64::NAN, "%", "–"),
            (-0.000_001, "", "0.0000"),
            (999_999.0, "", "999,999"),
        ];
        for (value, unit, want) in cases {
            assert_eq!(quantity(value, unit), want, "{value} {unit}");
        }
    }
}
