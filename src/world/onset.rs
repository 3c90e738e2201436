//! When trouble began: what began before the trouble of a dependency is not explained by it.

use std::time::Duration;

use super::checks::CheckView;
use crate::lang::time::Stamp;
use crate::model::since::Since;

/// The beginning of the trouble of a check, or of the checks that make a service what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Onset {
    /// The first bad answer.
    since: Since,
    /// For how long one poll could hide that: from its start to the end of the next one at the latest.
    hidden: Duration,
    /// The start of the last poll before it that found all well; `None` where nobody saw that.
    well: Option<Stamp>,
}

impl Onset {
    /// Of one check; `None` while it is well.
    pub(super) fn of(check: &CheckView) -> Option<Self> {
        let hidden = check.stale_after.saturating_sub(check.every);
        Some(Self { since: check.troubled_since()?, hidden, well: check.was_well })
    }

    /// Of a figure whose condition holds since then. Nobody asks when it was well.
    pub(super) const fn of_figure(since: Since, hidden: Duration) -> Self {
        Self { since, hidden, well: None }
    }

    /// Of several checks: the first of them. Of those at one moment, one whose beginning was not seen came before.
    pub(super) fn first(all: impl Iterator<Item = Self>) -> Option<Self> {
        let order = |onset: &Self| (onset.since.at.mono, onset.since.seen);
        all.reduce(|one, other| Self {
            since: if order(&other) < order(&one) { other.since } else { one.since },
            hidden: one.hidden.max(other.hidden),
            // Well was the whole only while each of them was.
            well: one.well.zip(other.well).map(|(one, other)| if other.mono < one.mono { other } else { one }),
        })
    }

    /// Whether it certainly began before the other: the other was still found well by a poll that began later, or it lies
    /// further back than a poll of either could hide. Where the beginning of the other was not seen that can't be told.
    pub(super) fn is_before(self, other: Self) -> bool {
        let was_well = other.well.is_some_and(|well| self.since.at.mono < well.mono);
        let hidden = self.hidden.max(other.hidden);
        was_well || (other.since.seen && self.since.at.plus(hidden).mono < other.since.at.mono)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn onset(second: u64, seen: bool) -> Onset {
        let at = Stamp { mono: Duration::ZERO, utc: DateTime::UNIX_EPOCH }.plus(Duration::from_secs(second));
        Onset { since: Since { at, seen }, hidden: Duration::from_secs(5), well: None }
    }

    #[test]
    fn of_several_the_earliest_is_the_first_though_nobody_saw_it_begin() {
        let first = |all: &[Onset]| Onset::first(all.iter().copied());
        assert_eq!(first(&[]), None);
        for (all, due) in [
            ([onset(100, true), onset(0, false)], onset(0, false)),
            ([onset(100, false), onset(0, true)], onset(0, true)),
            ([onset(7, true), onset(7, false)], onset(7, false)),
        ] {
            assert_eq!(first(&all), Some(due));
            assert_eq!(first(&[all[1], all[0]]), Some(due));
        }
        // Who began in between may have been taken down by what was bad already.
        assert!(!onset(50, true).is_before(first(&[onset(100, true), onset(0, false)]).unwrap()));
    }
}
