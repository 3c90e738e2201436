//! One unit in terms of another.

/// Seconds in one of a unit of time.
pub(super) fn seconds_of(word: &str) -> Option<f64> {
    Some(match word {
        "ns" => 1e-9,
        "us" | "µs" | "μs" => 1e-6,
        "ms" => 1e-3,
        "s" | "sec" | "seconds" => 1.0,
        "m" | "min" | "minutes" => 60.0,
        "h" | "hours" => 3_600.0,
        "d" | "days" => 86_400.0,
        "w" => 604_800.0,
        _ => return None,
    })
}

/// Bytes in one of a unit of size.
pub(super) fn bytes_of(word: &str) -> Option<f64> {
    Some(match word {
        "B" | "bytes" => 1.0,
        "kB" | "KB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        "TB" => 1e12,
        "KiB" => 1024.0,
        "MiB" => 1024.0 * 1024.0,
        "GiB" => 1024.0 * 1024.0 * 1024.0,
        "TiB" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    })
}

/// What a unit measures, and how much of its base unit one of it is.
fn family(word: &str) -> Option<(&'static str, f64)> {
    if let Some((size, per)) = word.split_once('/') {
        let seconds = seconds_of(per)?;
        return match size {
            "" => Some(("a rate", 1.0 / seconds)),
            _ => bytes_of(size).map(|bytes| ("a transfer rate", bytes / seconds)),
        };
    }
    match word {
        "%" => Some(("a percentage", 0.01)),
        "" | "ratio" => Some(("a percentage", 1.0)),
        _ => seconds_of(word)
            .map(|seconds| ("a time", seconds))
            .or_else(|| bytes_of(word).map(|bytes| ("a size", bytes))),
    }
}

/// Converts `value` written with `word` into the unit of a metric: `2` `s` for a metric in `ms` is 2000, `5` `%` for
/// one in `%` is 5 and for one without a unit 0.05. A number without a word is in the metric's unit already.
///
/// # Errors
/// Why the one can't be compared with the other, no full stop.
pub(crate) fn in_unit_of(value: f64, word: &str, unit: &str) -> Result<f64, String> {
    if word.is_empty() || word == unit {
        return Ok(value);
    }
    let Some((what, one)) = family(word) else {
        return Err(format!("unknown unit `{word}`"));
    };
    match family(unit) {
        Some((same, base)) if same == what => Ok(value * (one / base)),
        _ if unit.is_empty() => Err(format!("`{word}` is {what}, but the value has no unit")),
        _ => Err(format!("`{word}` is {what}, but the value is in `{unit}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_in_the_metrics_unit() {
        let cases = [
            (5.0, "%", "%", 5.0),
            (5.0, "%", "", 0.05),
            (2.0, "s", "ms", 2000.0),
            (2.0, "", "ms", 2.0),
            (250.0, "ms", "s", 0.25),
            (1.0, "GiB", "B", 1_073_741_824.0),
            (1.0, "MB", "MB", 1.0),
            (60.0, "/min", "/s", 1.0),
            (1.0, "MB/s", "B/s", 1e6),
            (3.0, "jobs", "jobs", 3.0),
            (21.0, "d", "d", 21.0),
            (3.0, "m", "m", 3.0),
        ];
        for (value, word, unit, want) in cases {
            let got = in_unit_of(value, word, unit);
            assert!(
                got.as_ref().is_ok_and(|got| (got - want).abs() <= want * 1e-12),
                "{value}{word} in {unit}: {got:?}"
            );
        }
        for (word, unit) in
            [("s", "%"), ("%", "ms"), ("MB", "s"), ("furlongs", "s"), ("s", ""), ("/s", "s"), ("s", "jobs")]
        {
            assert!(in_unit_of(1.0, word, unit).is_err(), "{word} in {unit}");
        }
    }
}
