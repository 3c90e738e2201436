//! How much a channel carries: limits in several windows at once, and quiet hours. Pure; times are those of the wall clock,
//! for what was sent is read by the next process too.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::alert::Severity;
use crate::lang::schedule::WindowSchedule;
use crate::lang::tz::Tz;

/// At most so many messages in each span; all hold at once.
pub type Limits = [(Duration, u32)];

/// How pressing a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precedence {
    /// The first alert of a service is in it: it may take the last place of a window.
    First,
    /// It follows up what is known: the last place of a window that has several stays free for a first one.
    FollowUp,
}

/// When messages went to one target, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SendLog(Vec<DateTime<Utc>>);

impl SendLog {
    /// When the limits let the next message through; a moment that is not after `now`: at once.
    pub fn opens_at(&self, limits: &Limits, precedence: Precedence, now: DateTime<Utc>) -> DateTime<Utc> {
        let opens = limits.iter().filter_map(|(span, most)| {
            let span = TimeDelta::from_std(*span).unwrap_or(TimeDelta::MAX);
            let most = match precedence {
                Precedence::FollowUp if *most > 1 => *most - 1,
                _ => *most,
            };
            // What a clock that was set back makes lie ahead counts as of now.
            let sent: Vec<_> = self.0.iter().map(|at| (*at).min(now)).filter(|at| now - *at < span).collect();
            let most = usize::try_from(most).unwrap_or(usize::MAX);
            match sent.len().checked_sub(most) {
                // Nothing is ever let through: the configuration does not allow that, and a full span is as good as any.
                Some(_) if most == 0 => now.checked_add_signed(span),
                Some(over) => sent.get(over).and_then(|at| at.checked_add_signed(span)),
                None => None,
            }
        });
        opens.max().unwrap_or(now)
    }

    /// A message went out; at one moment one does. Forgets what no limit looks at any more: of the newest, `most` count; see [`most`].
    pub fn note(&mut self, most: usize, at: DateTime<Utc>) {
        // By a clock that was ahead, or the same once more.
        self.0.retain(|sent| *sent < at);
        self.0.push(at);
        let surplus = self.0.len().saturating_sub(most.max(1));
        self.0.drain(..surplus);
    }

    /// When the last one went out.
    pub fn last(&self) -> Option<DateTime<Utc>> {
        self.0.last().copied()
    }
}

/// How many of the newest messages any limit looks at.
pub fn most(limits: &Limits) -> usize {
    limits.iter().map(|(_, most)| *most as usize).max().unwrap_or(0)
}

/// When a channel is quiet.
#[derive(Debug, Clone, Copy)]
pub struct QuietRule<'a> {
    /// The hours.
    pub when: &'a WindowSchedule,
    /// Only what is worse than this is sent then.
    pub above: Severity,
    /// By whose clocks, where `when` names no zone.
    pub zone: Tz,
}

impl QuietRule<'_> {
    /// Until when news of that severity waits; `None`: it does not.
    pub fn hold(&self, severity: Severity, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        (severity <= self.above).then(|| self.when.covers(now, self.zone)).flatten().map(|window| window.end)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SMS: &Limits = &[
        (Duration::from_mins(1), 1),
        (Duration::from_mins(15), 5),
        (Duration::from_hours(1), 11),
        (Duration::from_hours(3), 21),
    ];

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_772_000_000 + seconds, 0).unwrap()
    }

    fn log(limits: &Limits, sent: &[i64]) -> SendLog {
        let mut log = SendLog::default();
        for seconds in sent {
            log.note(most(limits), at(*seconds));
        }
        log
    }

    #[test]
    fn every_window_holds_at_once_and_opens_at_its_very_moment() {
        let opens = |sent: &[i64], now| log(SMS, sent).opens_at(SMS, Precedence::First, at(now));
        assert_eq!(opens(&[], 0), at(0));
        assert_eq!(opens(&[0], 59), at(60));
        assert_eq!(opens(&[0], 60), at(60));
        assert_eq!(opens(&[0, 60, 120, 180, 240], 300), at(900), "five in a quarter of an hour");
        assert_eq!(opens(&[0, 60, 120, 180, 240], 900), at(900));
    }

    #[test]
    fn the_last_place_of_a_window_is_for_the_first_alert_of_a_service() {
        let four = log(SMS, &[0, 60, 120, 180]);
        assert_eq!(four.opens_at(SMS, Precedence::First, at(240)), at(240));
        assert_eq!(four.opens_at(SMS, Precedence::FollowUp, at(240)), at(900));
        let one: &Limits = &[(Duration::from_mins(1), 1)];
        assert_eq!(SendLog::default().opens_at(one, Precedence::FollowUp, at(0)), at(0), "one place is for all");
    }

    #[test]
    fn a_clock_that_is_set_back_blocks_for_no_longer_than_a_window() {
        let minute: &Limits = &[(Duration::from_mins(1), 1)];
        let mut ahead = log(minute, &[86_400]);
        assert_eq!(ahead.opens_at(minute, Precedence::First, at(0)), at(60));
        ahead.note(most(minute), at(0));
        assert_eq!(ahead, log(minute, &[0]));
    }

    #[test]
    fn quiet_hours_hold_back_what_is_not_worse_until_their_end() {
        let when = WindowSchedule::parse("daily 22:00-07:00").unwrap();
        let quiet = QuietRule { when: &when, above: Severity::High, zone: Tz::named("UTC") };
        let utc = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let hold = |severity, text| quiet.hold(severity, utc(text));
        assert_eq!(hold(Severity::Critical, "2026-03-02T23:00:00Z"), None);
        assert_eq!(hold(Severity::High, "2026-03-02T21:59:59Z"), None);
        assert_eq!(hold(Severity::High, "2026-03-02T22:00:00Z"), Some(utc("2026-03-03T07:00:00Z")));
        assert_eq!(hold(Severity::Low, "2026-03-03T06:59:59Z"), Some(utc("2026-03-03T07:00:00Z")));
        assert_eq!(hold(Severity::Low, "2026-03-03T07:00:00Z"), None);
    }

    fn limits() -> impl Strategy<Value = Vec<(Duration, u32)>> {
        proptest::collection::vec((1..4_000_u64, 1..8_u32), 1..4)
            .prop_map(|all| all.into_iter().map(|(span, most)| (Duration::from_secs(span), most)).collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn no_window_ever_holds_more_and_nothing_waits_for_ever(
            limits in limits(), steps in proptest::collection::vec((1..300_i64, any::<bool>()), 1..80),
        ) {
            let (mut log, mut all, mut now) = (SendLog::default(), Vec::new(), 0);
            let longest = limits.iter().map(|(span, _)| span.as_secs().cast_signed()).max().unwrap();
            for (step, first) in steps {
                now += step;
                let precedence = if first { Precedence::First } else { Precedence::FollowUp };
                let opens = log.opens_at(&limits, precedence, at(now));
                prop_assert!(opens >= at(now) && opens <= at(now + longest));
                prop_assert_eq!(log.opens_at(&limits, precedence, opens), opens, "open then");
                if opens == at(now) {
                    log.note(most(&limits), at(now));
                    all.push(now);
                }
                for (span, allowed) in &limits {
                    let span = span.as_secs().cast_signed();
                    let within = all.iter().filter(|sent| now - **sent < span).count();
                    prop_assert!(within <= *allowed as usize, "{} in {} s", within, span);
                }
            }
            let kept: SendLog = serde_json::from_str(&serde_json::to_string(&log).unwrap()).unwrap();
            prop_assert_eq!(kept, log, "a restart changes nothing");
        }
    }
}
