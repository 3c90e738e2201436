//! When each alert was muted: as long as it is, nobody is asked to be at it, and no deadline of it runs.

use std::ops::Range;

use chrono::{DateTime, TimeDelta, Utc};

/// Spans that are kept of one alert. The oldest is forgotten for another one: rather a deadline that comes early than none.
const SPANS: usize = 32;

/// When one alert was muted, as far as this process knows.
#[derive(Debug, Clone, Default)]
pub(super) struct MutedTime {
    /// Oldest first, none into another.
    spans: Vec<Range<DateTime<Utc>>>,
    /// Whether the last one goes on.
    is_muted: bool,
    /// Whether it was looked at before.
    is_known: bool,
}

impl MutedTime {
    /// A look at it. Where it is muted at the first one, it is taken to have been since it fired.
    pub(super) fn note(&mut self, is_muted: bool, fired_at: DateTime<Utc>, now: DateTime<Utc>) {
        match self.spans.last_mut().filter(|_| self.is_muted) {
            // Up to this look it was what the last one found.
            Some(last) => last.end = last.end.max(now),
            None if is_muted => self.spans.push(if self.is_known { now..now } else { fired_at.min(now)..now }),
            None => {}
        }
        if self.spans.len() > SPANS {
            self.spans.remove(0);
        }
        (self.is_muted, self.is_known) = (is_muted, true);
    }

    /// For how long it was muted between two moments.
    pub(super) fn between(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> TimeDelta {
        let inside = |span: &Range<DateTime<Utc>>| (span.end.min(until) - span.start.max(from)).max(TimeDelta::zero());
        self.spans.iter().map(inside).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    /// Minutes between two moments in which it was muted, by the looks at it.
    fn muted(looks: &[(i64, bool)], from: i64, until: i64) -> i64 {
        let mut time = MutedTime::default();
        for (minute, is_muted) in looks {
            time.note(*is_muted, at(0), at(*minute));
        }
        time.between(at(from), at(until)).num_minutes()
    }

    #[test]
    fn what_lies_between_two_looks_is_what_the_first_found() {
        assert_eq!(muted(&[(0, false), (5, true), (65, false), (90, false)], 0, 100), 60);
        assert_eq!(muted(&[(0, false), (5, true), (65, false)], 10, 20), 10);
        assert_eq!(muted(&[(0, true), (3, false), (7, true), (9, false)], 0, 100), 5);
    }

    #[test]
    fn one_that_is_found_to_be_muted_was_since_it_fired() {
        assert_eq!(muted(&[(40, true), (41, false)], 0, 100), 41);
        assert_eq!(muted(&[(40, false), (41, false)], 0, 100), 0, "nothing is known of it");
    }

    #[test]
    fn of_many_spans_the_last_are_kept() {
        let looks: Vec<(i64, bool)> = (0..=200).map(|minute| (minute, minute % 2 == 1)).collect();
        assert_eq!(u64::try_from(muted(&looks, 0, 200)).ok(), u64::try_from(SPANS).ok());
    }
}
