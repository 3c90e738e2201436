//! The streaks of a check as another process left them.

use std::time::Duration;

use super::Streak;
use crate::lang::time::Stamp;
use crate::model::engine::{KeptSince, KeptStreak};
use crate::model::flapping::Flapping;
use crate::model::reading::Sign;
use crate::model::status::Status;

impl Streak {
    /// What is to be remembered; `None` while nothing is known.
    pub(crate) fn to_kept(&self) -> Option<KeptStreak> {
        let (shown, since) = match self.before_unknown {
            Some(before) if self.shown == Status::Unknown => before,
            _ => (self.shown, self.since),
        };
        if shown == Status::Unknown {
            return None;
        }
        // Counted on for ever they would be written for ever.
        let (flaps, flapping) = self.flapping.to_letters();
        Some(KeptStreak {
            shown,
            since: KeptSince::new(since),
            settled: self.settled,
            bad: self.bad.min(self.rules.fail_after),
            good: self.good.min(self.rules.ok_after),
            answered: self.answered.min(self.rules.ok_after),
            alike: self.alike.map(|(sign, since)| (sign, KeptSince::new(since))),
            flaps,
            flapping,
        })
    }

    /// Goes on from what another process left: what was seen here so far comes after it, with a moment between, of at most
    /// `unseen`, in which nothing was seen. One that is no longer than what passes between two answers that belong together
    /// hides nothing. Whoever has seen much by himself takes over only since when it stands so.
    pub(crate) fn resume(&mut self, kept: &KeptStreak, now: Stamp, unseen: Duration) {
        let since = kept.since.from(now);
        let Some(seen) = self.opening.take() else {
            if kept.shown == self.shown && !self.since.seen && !self.has_turned_since(since.at) {
                self.since = since;
                self.trouble_stood_at(since);
            }
            return;
        };
        let alike = kept.alike.map(|(sign, since)| (sign, since.from(now)));
        // The streak of its latest answers began before what is shown did, where it led to that.
        let streak_of = |sign| alike.filter(|(kind, at)| *kind == sign && at.at <= since.at).map(|(_, since)| since);
        let is_gap = unseen > self.rules.stale_after;
        let is_down = kept.settled == Some(Status::Down);
        let is_ill = is_down || kept.settled == Some(Status::Degraded) || kept.bad > 0;
        let mut resumed = Self {
            failing: streak_of(Sign::Bad).or(Some(since)).filter(|_| is_down || kept.bad > 0),
            ill: streak_of(Sign::Bad).or(streak_of(Sign::Degraded)).or(Some(since)).filter(|_| is_ill),
            settled: kept.settled,
            bad: kept.bad,
            good: kept.good,
            answered: kept.answered,
            before_unknown: Some((kept.shown, since)),
            alike,
            flapping: Flapping::from_letters(&kept.flaps, kept.flapping),
            taken_over: is_gap,
            blind: is_gap,
            opening: None,
            ..Self::new(self.rules, self.known_from)
        };
        for (sign, at) in seen {
            resumed.observe(sign, at);
        }
        *self = resumed;
    }
}
