//! Since when something stands as it does, and whether that was seen to begin.

use std::fmt;

use crate::lang::time::Stamp;
use crate::lang::tz::Tz;

/// The beginning of a state: the moment it was seen to begin, or the first look at which it stood so already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Since {
    /// When it began; where that was not seen, the first moment at which it is known to have stood so.
    pub at: Stamp,
    /// Whether its beginning was seen. A console that starts in the middle of an outage did not see it.
    pub seen: bool,
}

impl Since {
    /// It was seen to begin at `at`.
    pub const fn seen(at: Stamp) -> Self {
        Self { at, seen: true }
    }

    /// It stood so already when it was first looked at.
    pub const fn before(at: Stamp) -> Self {
        Self { at, seen: false }
    }

    /// The moment it began, where that was seen: what may be written down as a fact.
    pub(crate) fn known(self) -> Option<Stamp> {
        self.seen.then_some(self.at)
    }

    /// `since 05:24:10Z`, or `since before 05:24:10Z`; with the day where that is not the day of `now` in `zone`.
    pub(crate) fn describe(self, now: Stamp, zone: Tz) -> String {
        let (at, today) = (self.at.utc.with_timezone(&zone), now.utc.with_timezone(&zone).date_naive());
        let day = if at.date_naive() == today { String::new() } else { at.format("%Y-%m-%d ").to_string() };
        let time = if zone == Tz::UTC { at.format("%H:%M:%SZ") } else { at.format("%H:%M:%S") };
        since(self.seen, format_args!("{day}{time}"))
    }
}

/// `since 05:24`, or `since before 05:24` where the beginning was not seen.
pub(crate) fn since(seen: bool, when: impl fmt::Display) -> String {
    format!("since {}{when}", if seen { "" } else { "before " })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_was_not_seen_is_said_to_be_before() {
        let now = Stamp { mono: Duration::from_secs(90), utc: "2026-11-28T05:25:10Z".parse().unwrap() };
        let at = Stamp { mono: Duration::from_secs(30), utc: "2026-11-28T05:24:10Z".parse().unwrap() };
        assert_eq!(Since::seen(at).describe(now, Tz::UTC), "since 05:24:10Z");
        assert_eq!(Since::before(at).describe(now, Tz::UTC), "since before 05:24:10Z");
        assert_eq!(Since::before(at).describe(now, Tz::named("Europe/Zurich")), "since before 06:24:10");
        let tomorrow = now.plus(Duration::from_hours(24));
        assert_eq!(Since::before(at).describe(tomorrow, Tz::UTC), "since before 2026-11-28 05:24:10Z");
        assert_eq!((Since::seen(at).known(), Since::before(at).known()), (Some(at), None));
    }
}
