//! Sparklines: one column a bucket, the newest at the right. A bucket without data is a gap, not a zero.

use crate::theme::{GlyphSet, Role};
use crate::ui::line::Line;

/// The least number of the series 1, 2, 5, 10, 20, … that is not below `value`. A scale that ends there moves seldom.
pub(crate) fn ceiling(value: f64) -> f64 {
    if !(value.is_finite() && value > 0.0) {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    let leading = value / power;
    let step = [1.0, 2.0, 5.0].into_iter().find(|step| leading <= *step + 1e-9).unwrap_or(10.0);
    step * power
}

/// Draws values, oldest first, from zero up to the ceiling of the greatest, but at least of `least`.
pub(crate) fn line(values: &[Option<f64>], least: f64, glyphs: GlyphSet, role: Role) -> Line<'static> {
    let top = ceiling(values.iter().flatten().copied().fold(least, f64::max));
    let mut line = String::with_capacity(values.len() * 3);
    for value in values {
        line.push_str(value.map_or(glyphs.gap, |value| glyphs.bar(value / top)));
    }
    Line::styled(line, role)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(values: &[Option<f64>]) -> String {
        line(values, 0.0, GlyphSet::UTF8, Role::ChartLine).pieces().map(|(text, _)| text.to_owned()).collect()
    }

    #[test]
    fn scales_end_at_round_numbers() {
        let cases = [(0.0, 1.0), (1.0, 1.0), (1.1, 2.0), (3.0, 5.0), (7.0, 10.0), (41.0, 50.0), (0.03, 0.05)];
        for (value, expected) in cases {
            assert!((ceiling(value) - expected).abs() < 1e-9, "{value}");
        }
        assert!((ceiling(f64::NAN) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_gap_is_no_zero() {
        assert_eq!(drawn(&[Some(0.0), None, Some(5.0), Some(10.0)]), "▁ ▄█");
        assert_eq!(drawn(&[]), "");
    }

    #[test]
    fn a_small_change_of_the_greatest_changes_one_column() {
        let before = drawn(&[Some(1.0), Some(30.0), Some(41.0)]);
        let after = drawn(&[Some(1.0), Some(30.0), Some(49.0)]);
        assert_eq!(before.chars().zip(after.chars()).filter(|(a, b)| a == b).count(), 2);
    }
}
