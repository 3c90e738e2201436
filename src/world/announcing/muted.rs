//! When each alert was muted, and why: as long as it is, nobody is asked to be at it, and no deadline of it runs. The end of it
//! names the reason.
//!
//! *Invariant:* it is kept with what the engine knows, so that a process that goes on from there counts as this one would have.

use std::ops::Range;

use chrono::{DateTime, TimeDelta, Utc};

use super::AlertNow;
use crate::model::engine::KeptMute;
use crate::text::SafeText;

/// Spans that are kept of one alert. The oldest is forgotten for another one: rather a deadline that comes early than none.
const SPANS: usize = 32;

/// When one alert was muted, as far as is known, and why it was last.
#[derive(Debug, Clone, Default)]
pub(super) struct MutedTime {
    /// Oldest first, none into another.
    spans: Vec<Range<DateTime<Utc>>>,
    /// Why it was muted last; `None`: it never was.
    why: Option<SafeText>,
    /// Where that was a silence or planned maintenance: what is said of its end.
    ended: Option<SafeText>,
    /// Whether the last span goes on.
    is_muted: bool,
    /// Whether it was looked at before.
    is_known: bool,
}

impl MutedTime {
    /// A look at it. Where it is muted at the first one, it is taken to have been since it fired.
    pub(super) fn note(&mut self, alert: &AlertNow<'_>, now: DateTime<Utc>) {
        let is_muted = alert.muted.is_some();
        match self.spans.last_mut().filter(|_| self.is_muted) {
            // Up to this look it was what the last one found.
            Some(last) => last.end = last.end.max(now),
            None if is_muted => {
                let since = if self.is_known { now } else { alert.record.fired_at.min(now) };
                self.spans.push(since..now);
            }
            None => {}
        }
        if self.spans.len() > SPANS {
            self.spans.remove(0);
        }
        if let Some(why) = &alert.muted {
            (self.why, self.ended) = (Some(why.clone()), alert.ended.clone());
        }
        (self.is_muted, self.is_known) = (is_muted, true);
    }

    /// For how long it was muted between two moments. As long as nobody has looked again, it is as at the last look.
    pub(super) fn between(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> TimeDelta {
        let last = self.spans.len().checked_sub(1).filter(|_| self.is_muted);
        let inside = |(at, span): (usize, &Range<DateTime<Utc>>)| {
            let end = if last == Some(at) { until } else { span.end.min(until) };
            (end - span.start.max(from)).max(TimeDelta::zero())
        };
        self.spans.iter().enumerate().map(inside).sum()
    }

    /// What is said of the end of its last mute, and up to when that went on.
    pub(super) fn last(&self) -> Option<(SafeText, DateTime<Utc>)> {
        let said = self.ended.clone().or_else(|| self.why.as_ref().map(said_after));
        Some((said?, self.spans.last()?.end))
    }

    /// Whether a person muted it after a moment, and that is over.
    pub(super) fn was_by_person_since(&self, at: DateTime<Utc>) -> bool {
        self.ended.is_some() && self.spans.last().is_some_and(|span| span.end > at)
    }

    /// Whether a person muted it last, and that ended at that moment or later.
    pub(super) fn ended_by_person_since(&self, at: DateTime<Utc>) -> bool {
        self.ended.is_some() && !self.is_muted && self.spans.last().is_some_and(|span| span.end >= at)
    }

    /// As it is kept; `None`: it never was muted. What goes on has no end there, so that time alone changes nothing.
    pub(super) fn to_kept(&self) -> Option<KeptMute> {
        let ends = self.spans.len() - usize::from(self.is_muted);
        Some(KeptMute {
            spans: self.spans.get(..ends)?.iter().map(|span| (span.start, span.end)).collect(),
            since: self.spans.get(ends).map(|span| span.start),
            why: self.why.clone()?,
            ended: self.ended.clone(),
        })
    }
}

/// What is said of the end of a mute that no person asked for.
pub(super) fn said_after(why: &SafeText) -> SafeText {
    SafeText::new(&format!("was muted: {why}"))
}

impl From<&KeptMute> for MutedTime {
    fn from(kept: &KeptMute) -> Self {
        let over = kept.spans.iter().map(|(from, until)| *from..*until);
        Self {
            spans: over.chain(kept.since.map(|since| since..since)).collect(),
            why: Some(kept.why.clone()),
            ended: kept.ended.clone(),
            is_muted: kept.since.is_some(),
            is_known: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fact::AlertFired;
    use crate::model::thing::AlertRecord;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    /// Looks at an alert that fired at the first minute.
    fn look(time: &mut MutedTime, looks: &[(i64, bool)]) {
        let record = AlertRecord::new(&AlertFired::sample(at(0)));
        for (minute, is_muted) in looks {
            let alert = AlertNow {
                record: &record,
                value: None,
                muted: is_muted.then(|| SafeText::new("maintenance weekly")),
                ended: Some("maintenance weekly ended".into()),
                because: None,
                acknowledged: None,
                is_behind_worse: false,
                about_channel: None,
            };
            time.note(&alert, at(*minute));
        }
    }

    fn looked(looks: &[(i64, bool)]) -> MutedTime {
        let mut time = MutedTime::default();
        look(&mut time, looks);
        time
    }

    /// Minutes between two moments in which it was muted, by the looks at it.
    fn muted(looks: &[(i64, bool)], from: i64, until: i64) -> i64 {
        looked(looks).between(at(from), at(until)).num_minutes()
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

    #[test]
    fn who_goes_on_from_what_is_kept_counts_as_if_nothing_had_happened() {
        assert_eq!(looked(&[(0, false), (9, false)]).to_kept(), None, "it never was muted");
        let looks = [(0, false), (5, true), (9, false), (12, true), (20, true), (30, false), (40, false)];
        let whole = looked(&looks);
        for cut in 2..looks.len() {
            let (before, after) = looks.split_at(cut);
            let kept = looked(before).to_kept().unwrap();
            let written = serde_json::to_string(&kept).unwrap();
            let mut next = MutedTime::from(&serde_json::from_str::<KeptMute>(&written).unwrap());
            look(&mut next, after);
            assert_eq!((next.spans, next.is_muted), (whole.spans.clone(), whole.is_muted), "{cut}");
            assert_eq!(next.why, whole.why);
        }
        let (one, later) = (looked(&looks[..4]).to_kept(), looked(&looks[..5]).to_kept());
        assert_eq!(one, later, "time alone is not written down");
        let read = MutedTime::from(&one.unwrap());
        assert_eq!(
            read.between(at(0), at(27)).num_minutes(),
            4 + 15,
            "a mute that had not ended when it was kept still counts"
        );
    }
}
