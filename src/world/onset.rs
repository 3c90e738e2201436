//! When trouble began: what began before the trouble of a dependency is not explained by it.

use std::cmp::Reverse;
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
        let (mut hidden, mut first) = (Duration::ZERO, None::<Since>);
        // Well was the whole only while each of them was.
        let mut well = None::<Option<Stamp>>;
        for onset in all {
            hidden = hidden.max(onset.hidden);
            let earlier =
                |known: Option<Stamp>| known.zip(onset.well).map(|(a, b)| if a.mono < b.mono { a } else { b });
            well = Some(well.map_or(onset.well, earlier));
            let before = |since: &Since| (Reverse(!since.seen), Reverse(since.at.mono));
            first = first.into_iter().chain([onset.since]).max_by_key(before);
        }
        Some(Self { since: first?, hidden, well: well.flatten() })
    }

    /// Whether it certainly began before the other: the other was still found well by a poll that began later, or it lies
    /// further back than a poll of either could hide. Where the beginning of the other was not seen that can't be told.
    pub(super) fn is_before(self, other: Self) -> bool {
        let was_well = other.well.is_some_and(|well| self.since.at.mono < well.mono);
        let hidden = self.hidden.max(other.hidden);
        was_well || (other.since.seen && self.since.at.plus(hidden).mono < other.since.at.mono)
    }
}
