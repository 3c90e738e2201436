//! Judges a run after it ended, by fresh readings: verified, not recovered, regressed, or inconclusive.
//!
//! The exit code says what a program thinks of itself; whether the service works is seen from outside. A failed
//! step is verified too: it may have half worked.

use std::collections::BTreeMap;
use std::time::Duration;

use super::name::Name;
use super::reading::{Reading, Sign};
use super::run::Verdict;
use super::status::Status;
use super::time::Stamp;
use super::unit;

/// A verdict and why, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict; never [`Verdict::None`] but where nothing was to be verified.
    pub verdict: Verdict,
    /// What is still bad, what regressed, what could not be seen. Empty where verified.
    pub note: String,
}

/// The verification of one run. Feed it every reading, and the time.
#[derive(Debug, Clone)]
pub struct Verification {
    /// When the run ended: only polls sent since then count.
    ended: Stamp,
    deadline: Stamp,
    /// Consecutive good readings that are asked of each named check, and bad ones that make a regression.
    needed: u32,
    named: BTreeMap<Name, Streak>,
    /// Checks that were good before and are not named, with their bad readings in a row.
    others: BTreeMap<Name, u32>,
    judgement: Option<Judgement>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Streak {
    good: u32,
    /// The latest reading that said something.
    last: Option<Sign>,
}

impl Verification {
    /// Begins at the end of a run. `before` is what each check was shown as before it began; `needed` is at least 1.
    pub fn new(ended: Stamp, named: &[Name], needed: u32, within: Duration, before: &BTreeMap<Name, Status>) -> Self {
        let others = before
            .iter()
            .filter(|(name, status)| **status == Status::Ok && !named.contains(name))
            .map(|(name, _)| (name.clone(), 0))
            .collect();
        let judgement = named
            .is_empty()
            .then(|| Judgement { verdict: Verdict::None, note: "no check is named to verify it by".to_owned() });
        Self {
            ended,
            deadline: ended.plus(within),
            needed: needed.max(1),
            named: named.iter().map(|name| (name.clone(), Streak::default())).collect(),
            others,
            judgement,
        }
    }

    /// Takes a reading. Polls sent before the run ended say nothing about it. The verdict, once there is one, stays.
    pub fn observe(&mut self, reading: &Reading) -> Option<&Judgement> {
        let fresh = reading.timing.sent.mono >= self.ended.mono && reading.timing.ended.mono <= self.deadline.mono;
        if self.judgement.is_none() && fresh {
            self.count(&reading.check, reading.sign);
            self.judgement = self.early();
        }
        self.judgement.as_ref()
    }

    /// The verdict, as far as there is one at `now`; at the deadline there always is.
    pub fn judge(&mut self, now: Stamp) -> Option<&Judgement> {
        if self.judgement.is_none() && now.mono >= self.deadline.mono {
            self.judgement = Some(self.final_word());
        }
        self.judgement.as_ref()
    }

    /// Time until the deadline.
    pub fn remaining(&self, now: Stamp) -> Duration {
        self.deadline.since(now)
    }

    /// The named checks with their good readings so far and how many are needed.
    pub fn progress(&self) -> impl Iterator<Item = (&Name, u32, u32)> {
        self.named.iter().map(|(name, streak)| (name, streak.good.min(self.needed), self.needed))
    }

    fn count(&mut self, check: &Name, sign: Sign) {
        if let Some(streak) = self.named.get_mut(check) {
            match sign {
                Sign::Good => streak.good += 1,
                Sign::Bad | Sign::Degraded => streak.good = 0,
                // A cold start and what can't be told neither help nor hurt.
                Sign::Cold | Sign::Unknown => {}
            }
            if sign != Sign::Unknown {
                streak.last = Some(sign);
            }
        } else if let Some(bad) = self.others.get_mut(check) {
            match sign {
                Sign::Bad => *bad += 1,
                Sign::Good | Sign::Degraded | Sign::Cold => *bad = 0,
                Sign::Unknown => {}
            }
        }
    }

    /// What is certain before the deadline.
    fn early(&self) -> Option<Judgement> {
        if let Some(judgement) = self.regression(self.needed) {
            return Some(judgement);
        }
        let all_good = self.named.values().all(|streak| streak.good >= self.needed);
        // While another check is failing, it is not yet certain that nothing regressed.
        let others_quiet = self.others.values().all(|bad| *bad == 0);
        (all_good && others_quiet).then(|| Judgement { verdict: Verdict::Verified, note: String::new() })
    }

    fn final_word(&self) -> Judgement {
        if let Some(judgement) = self.regression(1) {
            return judgement;
        }
        let lacking: Vec<(&Name, &Streak)> =
            self.named.iter().filter(|(_, streak)| streak.good < self.needed).collect();
        let within = unit::duration(self.deadline.since(self.ended));
        let bad = lacking.iter().filter(|(_, streak)| matches!(streak.last, Some(Sign::Bad | Sign::Degraded)));
        let bad = names(bad.map(|(name, _)| *name));
        if !bad.is_empty() {
            return Judgement { verdict: Verdict::NotRecovered, note: format!("still not well after {within}: {bad}") };
        }
        if lacking.is_empty() {
            return Judgement { verdict: Verdict::Verified, note: String::new() };
        }
        let unseen = names(lacking.iter().map(|(name, _)| *name));
        Judgement { verdict: Verdict::Inconclusive, note: format!("not enough was seen within {within} of: {unseen}") }
    }

    fn regression(&self, bad_readings: u32) -> Option<Judgement> {
        let regressed = names(self.others.iter().filter(|(_, bad)| **bad >= bad_readings).map(|(name, _)| name));
        (!regressed.is_empty()).then(|| Judgement {
            verdict: Verdict::Regressed,
            note: format!("was good before and is bad now: {regressed}"),
        })
    }
}

fn names<'a>(names: impl Iterator<Item = &'a Name>) -> String {
    names.map(AsRef::as_ref).collect::<Vec<&str>>().join(", ")
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::super::document::Timing;
    use super::*;

    fn at(seconds: u64) -> Stamp {
        Stamp { mono: Duration::ZERO, utc: DateTime::UNIX_EPOCH }.plus(Duration::from_secs(seconds))
    }

    fn reading(check: &str, sent: u64, sign: Sign) -> Reading {
        Reading {
            check: check.into(),
            timing: Timing { scheduled: at(sent), sent: at(sent), ended: at(sent + 1) },
            sign,
            error: None,
            timed_out: false,
            components: BTreeMap::new(),
            version: None,
            fields: BTreeMap::new(),
            phases: Vec::new(),
        }
    }

    /// The run ended at 100 and has 60 s; `db` and `web` were good before, `cache` was not.
    fn begun() -> Verification {
        let before = [("api", Status::Down), ("db", Status::Ok), ("web", Status::Ok), ("cache", Status::Degraded)];
        let before = before.into_iter().map(|(name, status)| (Name::from(name), status)).collect();
        Verification::new(at(100), &["api".into()], 2, Duration::from_mins(1), &before)
    }

    /// Readings, the verdict before the deadline, the verdict at the deadline.
    type Case = (&'static [(&'static str, u64, Sign)], Option<Verdict>, &'static str);

    fn verdict(readings: &[(&str, u64, Sign)]) -> (Option<Verdict>, String) {
        let mut verification = begun();
        for (check, sent, sign) in readings {
            verification.observe(&reading(check, *sent, *sign));
        }
        let early = verification.judge(at(159)).cloned();
        let at_last = verification.judge(at(160)).cloned().expect("the deadline brings a verdict");
        assert!(early.as_ref().is_none_or(|early| *early == at_last));
        (early.map(|judgement| judgement.verdict), format!("{:?}: {}", at_last.verdict, at_last.note))
    }

    #[test]
    fn verdicts() {
        use Sign::{Bad, Cold, Degraded, Good, Unknown};
        let cases: [Case; 12] = [
            (&[("api", 100, Good), ("api", 115, Good)], Some(Verdict::Verified), "Verified: "),
            // Sent before the end: says nothing.
            (&[("api", 99, Good), ("api", 115, Good)], None, "Inconclusive: not enough was seen within 1m of: api"),
            (
                &[("api", 101, Good), ("api", 110, Bad), ("api", 120, Good)],
                None,
                "Inconclusive: not enough was seen within 1m of: api",
            ),
            (&[("api", 101, Bad), ("api", 110, Bad)], None, "NotRecovered: still not well after 1m: api"),
            (&[("api", 101, Good), ("api", 110, Degraded)], None, "NotRecovered: still not well after 1m: api"),
            (&[("api", 101, Bad), ("api", 110, Good), ("api", 120, Good)], Some(Verdict::Verified), "Verified: "),
            (
                &[("api", 101, Unknown), ("api", 110, Unknown)],
                None,
                "Inconclusive: not enough was seen within 1m of: api",
            ),
            (
                &[("api", 101, Good), ("api", 110, Unknown), ("api", 115, Cold), ("api", 120, Good)],
                Some(Verdict::Verified),
                "Verified: ",
            ),
            (
                &[("db", 101, Bad), ("db", 110, Bad), ("api", 120, Good)],
                Some(Verdict::Regressed),
                "Regressed: was good before and is bad now: db",
            ),
            // One bad reading elsewhere holds the verdict back until it is clear.
            (
                &[("db", 101, Bad), ("api", 102, Good), ("api", 110, Good)],
                None,
                "Regressed: was good before and is bad now: db",
            ),
            (
                &[("db", 101, Bad), ("api", 102, Good), ("api", 110, Good), ("db", 115, Good)],
                Some(Verdict::Verified),
                "Verified: ",
            ),
            (
                &[("cache", 101, Bad), ("cache", 110, Bad), ("api", 102, Good), ("api", 110, Good)],
                Some(Verdict::Verified),
                "Verified: ",
            ),
        ];
        for (readings, early, last) in cases {
            assert_eq!(verdict(readings), (early, last.to_owned()), "{readings:?}");
        }
    }

    #[test]
    fn without_named_checks_there_is_nothing_to_verify() {
        let mut verification = Verification::new(at(0), &[], 2, Duration::from_mins(1), &BTreeMap::new());
        assert_eq!(verification.judge(at(0)).map(|judgement| judgement.verdict), Some(Verdict::None));
    }

    #[test]
    fn progress_is_told() {
        let mut verification = begun();
        verification.observe(&reading("api", 100, Sign::Good));
        assert_eq!(
            verification.progress().map(|(name, good, needed)| (name.as_ref(), good, needed)).collect::<Vec<_>>(),
            [("api", 1, 2)]
        );
        assert_eq!(verification.remaining(at(130)), Duration::from_secs(30));
    }

    proptest! {
        #[test]
        fn what_was_not_seen_to_be_good_is_never_verified(signs in proptest::collection::vec((0..2_u8, 90..170_u64, 0..5_u8), 0..20)) {
            let mut verification = begun();
            let mut good = 0;
            for (check, sent, sign) in signs {
                let sign = [Sign::Good, Sign::Degraded, Sign::Bad, Sign::Unknown, Sign::Cold][usize::from(sign)];
                let check = ["api", "db"][usize::from(check)];
                good += u32::from(check == "api" && sign == Sign::Good && sent >= 100);
                verification.observe(&reading(check, sent, sign));
            }
            let last = verification.judge(at(1_000)).cloned().expect("a verdict");
            prop_assert!(last.verdict != Verdict::Verified || good >= 2);
            prop_assert_eq!(verification.judge(at(2_000)), Some(&last));
        }
    }
}
