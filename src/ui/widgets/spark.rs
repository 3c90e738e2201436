//! Sparklines: one column a bucket, the newest at the right. A bucket without data is a gap, not a zero.

use std::time::Duration;

use super::scale::Scale;
use crate::lang::time::Stamp;
use crate::theme::{GlyphSet, Role};
use crate::ui::line::Line;

/// Up to this length the bucket that is open is left out.
const SHORT: Duration = Duration::from_secs(30);

/// The moment up to which buckets of that length are drawn: a sparkline advances by a bucket and not with every value,
/// because over a slow line each cell that changes costs. A long bucket changes little with each value, and to leave it out
/// would hide what happens now.
pub(crate) fn until(now: Stamp, bucket: Duration) -> Stamp {
    let ended = now.mono.checked_sub(bucket).filter(|_| bucket <= SHORT);
    ended.map_or(now, |mono| Stamp { mono, utc: now.utc - bucket })
}

/// Draws values, oldest first.
pub(crate) fn line(values: &[Option<f64>], scale: Scale, glyphs: GlyphSet, role: Role) -> Line<'static> {
    let mut line = String::with_capacity(values.len() * 3);
    for value in values {
        line.push_str(value.map_or(glyphs.gap, |value| glyphs.bar(scale.share(value))));
    }
    Line::styled(line, role)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(values: &[Option<f64>]) -> String {
        let scale = Scale::from_zero(values.iter().flatten().copied(), 0.0);
        line(values, scale, GlyphSet::UTF8, Role::ChartLine).pieces().map(|(text, _)| text.to_owned()).collect()
    }

    #[test]
    fn a_short_bucket_is_drawn_when_it_has_ended() {
        let now = Stamp { mono: Duration::from_secs(605), utc: chrono::DateTime::UNIX_EPOCH };
        let until = |bucket| until(now, Duration::from_secs(bucket)).mono.as_secs();
        assert_eq!((until(10), until(30), until(60)), (595, 575, 605));
        let young = Stamp { mono: Duration::from_secs(3), ..now };
        assert_eq!(super::until(young, Duration::from_secs(10)), young);
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
