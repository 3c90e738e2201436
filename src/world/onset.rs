//! When trouble began: what began before the trouble of a dependency is not explained by it.

use std::cmp::Reverse;
use std::time::Duration;

use super::checks::CheckView;
use crate::model::since::Since;

/// The beginning of the trouble of a check, or of the checks that make a service what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Onset {
    /// The first bad answer.
    since: Since,
    /// For how long one poll could hide that: from its start to the end of the next one at the latest.
    hidden: Duration,
}

impl Onset {
    /// Of one check; `None` while it is well.
    pub(super) fn of(check: &CheckView) -> Option<Self> {
        Some(Self { since: check.troubled_since()?, hidden: check.stale_after.saturating_sub(check.every) })
    }

    /// Of several checks: the first of them. Of those at one moment, one whose beginning was not seen came before.
    pub(super) fn first(all: impl Iterator<Item = Self>) -> Option<Self> {
        let (mut hidden, mut first) = (Duration::ZERO, None::<Since>);
        for onset in all {
            hidden = hidden.max(onset.hidden);
            let before = |since: &Since| (Reverse(!since.seen), Reverse(since.at.mono));
            first = first.into_iter().chain([onset.since]).max_by_key(before);
        }
        Some(Self { since: first?, hidden })
    }

    /// Whether it certainly began before the other: by more than a poll of either could hide. Where the beginning of the
    /// other was not seen that can't be told.
    pub(super) fn is_before(self, other: Self) -> bool {
        other.since.seen && self.since.at.plus(self.hidden.max(other.hidden)).mono < other.since.at.mono
    }
}
