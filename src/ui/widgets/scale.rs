//! The scale of everything that is plotted: its ends are round numbers, so that it moves seldom, because each move costs
//! every cell of the plot.

/// The least number of the series 1, 2, 5, 10, 20, … that is not below `value`.
pub(crate) fn ceiling(value: f64) -> f64 {
    if !(value.is_finite() && value > 0.0) {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    let leading = value / power;
    let step = [1.0, 2.0, 5.0].into_iter().find(|step| leading <= *step + 1e-9).unwrap_or(10.0);
    step * power
}

/// The same of a finer series, for a plot that has the rows to show the difference.
fn nice(value: f64) -> f64 {
    let top = ceiling(value);
    [0.5, 0.6, 0.8].iter().map(|part| top * part).find(|part| value <= part + 1e-9).unwrap_or(top)
}

/// The lowest and the highest value of a plot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scale {
    pub low: f64,
    pub high: f64,
}

impl Scale {
    /// The scale that holds all `values`: from zero, unless they lie flat far above it, as availability does; then zero
    /// would hide everything. Of `reach` it holds what is not too far away from the values, as a threshold may be.
    pub(crate) fn new(values: impl IntoIterator<Item = f64>, reach: impl IntoIterator<Item = f64>) -> Self {
        let (least, most) = values
            .into_iter()
            .filter(|value| value.is_finite())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| (least.min(value), most.max(value)));
        if !least.is_finite() || !most.is_finite() {
            return Self { low: 0.0, high: 1.0 };
        }
        let near = |value: &f64| *value <= most.max(0.0) * 4.0 && *value >= least.min(0.0) * 4.0;
        let reach = reach.into_iter().filter(near);
        let (low_reach, high_reach) = reach.fold((least, most), |(a, b), value| (a.min(value), b.max(value)));
        if least > 0.0 && low_reach > 0.75 * high_reach {
            let step = ceiling((high_reach - low_reach).max(high_reach * 0.001));
            let high = (high_reach / step).ceil() * step;
            return Self { low: ((low_reach - step * 0.5) / step).floor() * step, high };
        }
        let low = if low_reach < 0.0 { -nice(-low_reach) } else { 0.0 };
        let high = if high_reach > 0.0 { nice(high_reach) } else { 0.0 };
        if high > low { Self { low, high } } else { Self { low, high: low + 1.0 } }
    }

    /// From zero to the ceiling of the greatest value, and at least of `least`: for counts and latencies, where smaller
    /// differences are no news.
    pub(crate) fn from_zero(values: impl IntoIterator<Item = f64>, least: f64) -> Self {
        Self { low: 0.0, high: ceiling(values.into_iter().fold(least, f64::max)) }
    }

    /// 0 at the bottom, 1 at the top.
    pub(crate) fn share(self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_end_at_round_numbers() {
        let cases = [(0.0, 1.0), (1.0, 1.0), (1.1, 2.0), (3.0, 5.0), (7.0, 10.0), (41.0, 50.0), (0.03, 0.05)];
        for (value, expected) in cases {
            assert!((ceiling(value) - expected).abs() < 1e-9, "{value}");
        }
        assert!((ceiling(f64::NAN) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_flat_line_far_above_zero_is_seen() {
        let scale = Scale::new([99.2, 99.9, 100.0], [99.0]);
        assert!(scale.low > 90.0 && scale.high <= 102.0, "{scale:?}");
        let far = Scale::new([99.2], [1_000.0]);
        assert!(far.high < 200.0, "a far threshold does not flatten the line: {far:?}");
    }

    #[test]
    fn below_zero_is_in_sight() {
        let scale = Scale::new([-3.0, 2.0], []);
        assert!(scale.low <= -3.0 && scale.high >= 2.0, "{scale:?}");
        assert_eq!(Scale::new([f64::NAN], []), Scale { low: 0.0, high: 1.0 });
    }
}
