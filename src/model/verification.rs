//! Judges a run after it ended, by fresh readings: verified, not recovered, regressed, or inconclusive.
//!
//! The exit code says what a program thinks of itself; whether the service works is seen from outside. After a failed
//! step the checks are looked at too: it may have half worked.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::reading::{Reading, Sign};
use super::run::note::{BAD, STILL_BAD, UNSEEN, worse_than};
use super::run::{CheckProgress, ChecksAfter, Verdict, VerificationProgress};
use super::status::Status;
use crate::lang::time::Stamp;
use crate::lang::unit;
use crate::text::name::Name;

/// By what a run is verified, and how the checks were before it: fixed when it is started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The checks that must be good.
    pub checks: Vec<Name>,
    /// Consecutive fresh good readings of each.
    pub good: u32,
    /// Good readings in a row after which each of the checks is shown well again, where it asks for some: as many are
    /// needed at the least, so that what is verified is not shown as recovering.
    #[serde(default)]
    pub ok_after: BTreeMap<Name, u32>,
    /// How long they have for it, from the end of the steps.
    pub within: Duration,
    /// The status of every known check just before the run.
    pub before: BTreeMap<Name, Status>,
}

impl Terms {
    /// Good readings in a row that are asked of a named check, at least 1.
    pub(crate) fn needed(&self, check: &Name) -> u32 {
        self.ok_after.get(check).copied().unwrap_or(1).max(self.good).max(1)
    }

    /// Every check that is looked at: the named ones, and those that answered before and may have been broken.
    pub(crate) fn watched(&self) -> impl Iterator<Item = &Name> {
        let answered =
            self.before.iter().filter(|(_, status)| Health::from_status(**status).is_some()).map(|(name, _)| name);
        self.checks.iter().chain(answered.filter(|name| !self.checks.contains(name)))
    }
}

/// How well a check that answered was before a run. One that was down can't get worse, and of one that was unknown, or on
/// its way from one to the other, nobody can say that it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Good,
    Degraded,
}

impl Health {
    const fn from_status(status: Status) -> Option<Self> {
        match status {
            Status::Ok | Status::Cold => Some(Self::Good),
            Status::Degraded => Some(Self::Degraded),
            Status::Unknown | Status::Pending | Status::Down => None,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Good => "healthy",
            Self::Degraded => "degraded",
        }
    }
}

/// A verdict and why, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conclusion {
    /// The verdict; never [`Verdict::None`] but where nothing was to be verified.
    pub verdict: Verdict,
    /// What is still bad, what regressed, what could not be seen. Empty where verified.
    pub note: String,
}

impl Conclusion {
    /// What the checks said; `None` where none were looked at.
    pub(crate) const fn checks(&self) -> Option<ChecksAfter> {
        match self.verdict {
            Verdict::Verified => Some(ChecksAfter::Good),
            Verdict::NotRecovered => Some(ChecksAfter::Bad),
            Verdict::Regressed => Some(ChecksAfter::Regressed),
            Verdict::Inconclusive => Some(ChecksAfter::Unknown),
            Verdict::None => None,
        }
    }
}

/// The verification of one run. Feed it every reading, and the time.
#[derive(Debug, Clone)]
pub struct Verification {
    /// When the run ended: only polls sent since then count.
    ended: Stamp,
    deadline: Stamp,
    /// Consecutive bad readings that make a regression.
    worse_after: u32,
    named: BTreeMap<Name, Streak>,
    /// Checks that answered before and are not named.
    others: BTreeMap<Name, Other>,
    conclusion: Option<Conclusion>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Streak {
    good: u32,
    /// Consecutive good readings that are asked of it.
    needed: u32,
    /// The latest reading that said something.
    last: Option<Sign>,
    before: Option<Status>,
}

impl Streak {
    fn health(self) -> Option<Health> {
        self.before.and_then(Health::from_status)
    }

    /// Whether the latest reading is worse than it was before, and what it is now.
    fn worse(self) -> Option<(Health, &'static str)> {
        match (self.health()?, self.last?) {
            (before, Sign::Bad) => Some((before, "failing")),
            (Health::Good, Sign::Degraded) => Some((Health::Good, "degraded")),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Other {
    before: Health,
    /// Bad readings in a row.
    bad: u32,
}

impl Verification {
    /// Begins at the end of a run.
    pub fn new(ended: Stamp, terms: &Terms) -> Self {
        let Terms { checks, good, within, before, .. } = terms;
        let other = |(name, status): (&Name, &Status)| {
            let before = Health::from_status(*status).filter(|_| !checks.contains(name))?;
            Some((name.clone(), Other { before, bad: 0 }))
        };
        let conclusion = checks.is_empty().then(|| Conclusion {
            verdict: Verdict::None,
            note: "no checks configured to verify this action".to_owned(),
        });
        let streak = |name: &Name| {
            let (needed, before) = (terms.needed(name), before.get(name).copied());
            (name.clone(), Streak { needed, before, ..Streak::default() })
        };
        Self {
            ended,
            deadline: ended.plus(*within),
            worse_after: (*good).max(1),
            named: checks.iter().map(streak).collect(),
            others: before.iter().filter_map(other).collect(),
            conclusion,
        }
    }

    /// Takes a reading. Polls sent before the run ended say nothing about it. The verdict, once there is one, stays.
    pub fn observe(&mut self, reading: &Reading) -> Option<&Conclusion> {
        let fresh = reading.timing.sent.mono >= self.ended.mono && reading.timing.ended.mono <= self.deadline.mono;
        if self.conclusion.is_none() && fresh {
            self.count(&reading.check, reading.sign);
            self.conclusion = self.early();
        }
        self.conclusion.as_ref()
    }

    /// The verdict, as far as there is one at `now`; at the deadline there always is.
    pub fn judge(&mut self, now: Stamp) -> Option<&Conclusion> {
        if self.conclusion.is_none() && now.mono >= self.deadline.mono {
            self.conclusion = Some(self.final_word());
        }
        self.conclusion.as_ref()
    }

    /// Time until the deadline.
    pub(crate) fn remaining(&self, now: Stamp) -> Duration {
        self.deadline.since(now)
    }

    /// How far it is.
    pub(crate) fn progress(&self) -> VerificationProgress {
        let one = |(name, streak): (&Name, &Streak)| CheckProgress {
            name: name.clone(),
            good: streak.good.min(streak.needed),
            needed: streak.needed,
        };
        VerificationProgress {
            until: self.deadline.utc,
            until_boot: None,
            checks: self.named.iter().map(one).collect(),
        }
    }

    /// Whether the latest reading of a check that answered before and is not named was bad.
    pub(crate) fn doubts(&self, check: &Name) -> bool {
        self.others.get(check).is_some_and(|other| other.bad > 0)
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
        } else if let Some(other) = self.others.get_mut(check) {
            match sign {
                Sign::Bad => other.bad += 1,
                Sign::Good | Sign::Degraded | Sign::Cold => other.bad = 0,
                Sign::Unknown => {}
            }
        }
    }

    /// What is certain before the deadline.
    fn early(&self) -> Option<Conclusion> {
        if let Some(conclusion) = self.regression(self.worse_after) {
            return Some(conclusion);
        }
        let all_good = self.named.values().all(|streak| streak.good >= streak.needed);
        // While another check is failing, it is not yet certain that nothing regressed.
        let others_quiet = self.others.values().all(|other| other.bad == 0);
        (all_good && others_quiet).then(|| Conclusion { verdict: Verdict::Verified, note: String::new() })
    }

    fn final_word(&self) -> Conclusion {
        if let Some(conclusion) = self.regression(1) {
            return conclusion;
        }
        let lacking: Vec<(&Name, &Streak)> =
            self.named.iter().filter(|(_, streak)| streak.good < streak.needed).collect();
        let within = unit::duration(self.deadline.since(self.ended));
        let worse = lacking.iter().filter_map(|(name, streak)| streak.worse().map(|how| (*name, how)));
        let worse: Vec<Worse<'_>> = worse.map(|(name, (before, now))| (name, before, now)).collect();
        if !worse.is_empty() {
            return regressed(&worse);
        }
        let bad = lacking.iter().filter(|(_, streak)| matches!(streak.last, Some(Sign::Bad | Sign::Degraded)));
        let (known, unknown): (Vec<_>, Vec<_>) =
            bad.partition(|(_, streak)| streak.before.is_some_and(Status::is_trouble));
        let still = names(known.iter().map(|(name, _)| *name));
        let new = names(unknown.iter().map(|(name, _)| *name));
        let notes = [(STILL_BAD, still), (BAD, new)];
        let notes = notes.iter().filter(|(_, names)| !names.is_empty());
        let note = notes.map(|(what, names)| format!("{what} {within}: {names}")).collect::<Vec<_>>().join("; ");
        if !note.is_empty() {
            return Conclusion { verdict: Verdict::NotRecovered, note };
        }
        if lacking.is_empty() {
            return Conclusion { verdict: Verdict::Verified, note: String::new() };
        }
        let unseen = names(lacking.iter().map(|(name, _)| *name));
        Conclusion { verdict: Verdict::Inconclusive, note: format!("{UNSEEN} {within}: {unseen}") }
    }

    fn regression(&self, bad_readings: u32) -> Option<Conclusion> {
        let bad = self.others.iter().filter(|(_, other)| other.bad >= bad_readings);
        let worse: Vec<Worse<'_>> = bad.map(|(name, other)| (name, other.before, "failing")).collect();
        (!worse.is_empty()).then(|| regressed(&worse))
    }
}

/// A check, how it was, and how it is.
type Worse<'a> = (&'a Name, Health, &'static str);

/// `healthy before, failing now: db, web; degraded before, failing now: cache`
fn regressed(worse: &[Worse<'_>]) -> Conclusion {
    let kinds = [(Health::Good, "failing"), (Health::Good, "degraded"), (Health::Degraded, "failing")];
    let note = kinds.iter().filter_map(|(before, now)| {
        let of_kind = worse.iter().filter(|(_, was, is)| was == before && is == now);
        let names = names(of_kind.map(|(name, ..)| *name));
        (!names.is_empty()).then(|| format!("{}: {names}", worse_than(before.word(), now)))
    });
    Conclusion { verdict: Verdict::Regressed, note: note.collect::<Vec<_>>().join("; ") }
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
        let timing = Timing { scheduled: at(sent), sent: at(sent), ended: at(sent + 1) };
        Reading::plain(check.into(), timing, sign)
    }

    fn terms(checks: &[&str], before: BTreeMap<Name, Status>) -> Terms {
        let checks = checks.iter().map(|name| Name::from(*name)).collect();
        Terms { checks, good: 2, ok_after: BTreeMap::new(), within: Duration::from_mins(1), before }
    }

    /// The run ended at 100 and has 60 s; `db` and `web` were good before, `cache` was not.
    fn begun() -> Verification {
        let before = [("api", Status::Down), ("db", Status::Ok), ("web", Status::Ok), ("cache", Status::Degraded)];
        let before = before.into_iter().map(|(name, status)| (Name::from(name), status)).collect();
        Verification::new(at(100), &terms(&["api"], before))
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
        (early.map(|conclusion| conclusion.verdict), format!("{:?}: {}", at_last.verdict, at_last.note))
    }

    #[test]
    fn verdicts() {
        use Sign::{Bad, Cold, Degraded, Good, Unknown};
        let cases: [Case; 13] = [
            (&[("api", 100, Good), ("api", 115, Good)], Some(Verdict::Verified), "Verified: "),
            // Sent before the end: says nothing.
            (&[("api", 99, Good), ("api", 115, Good)], None, "Inconclusive: not enough good readings within 1m: api"),
            (
                &[("api", 101, Good), ("api", 110, Bad), ("api", 120, Good)],
                None,
                "Inconclusive: not enough good readings within 1m: api",
            ),
            (&[("api", 101, Bad), ("api", 110, Bad)], None, "NotRecovered: still not healthy after 1m: api"),
            (&[("api", 101, Good), ("api", 110, Degraded)], None, "NotRecovered: still not healthy after 1m: api"),
            (&[("api", 101, Bad), ("api", 110, Good), ("api", 120, Good)], Some(Verdict::Verified), "Verified: "),
            (
                &[("api", 101, Unknown), ("api", 110, Unknown)],
                None,
                "Inconclusive: not enough good readings within 1m: api",
            ),
            (
                &[("api", 101, Good), ("api", 110, Unknown), ("api", 115, Cold), ("api", 120, Good)],
                Some(Verdict::Verified),
                "Verified: ",
            ),
            (
                &[("db", 101, Bad), ("db", 110, Bad), ("api", 120, Good)],
                Some(Verdict::Regressed),
                "Regressed: healthy before, failing now: db",
            ),
            // One bad reading elsewhere holds the verdict back until it is clear.
            (
                &[("db", 101, Bad), ("api", 102, Good), ("api", 110, Good)],
                None,
                "Regressed: healthy before, failing now: db",
            ),
            (
                &[("db", 101, Bad), ("api", 102, Good), ("api", 110, Good), ("db", 115, Good)],
                Some(Verdict::Verified),
                "Verified: ",
            ),
            (
                &[("cache", 101, Bad), ("cache", 110, Bad), ("api", 120, Good)],
                Some(Verdict::Regressed),
                "Regressed: degraded before, failing now: cache",
            ),
            (
                &[("cache", 101, Degraded), ("web", 103, Degraded), ("api", 102, Good), ("api", 110, Good)],
                Some(Verdict::Verified),
                "Verified: ",
            ),
        ];
        for (readings, early, last) in cases {
            assert_eq!(verdict(readings), (early, last.to_owned()), "{readings:?}");
        }
    }

    #[test]
    fn a_check_that_is_well_only_after_more_is_not_verified_before() {
        let needs = |good, ok_after: u32| {
            let ok_after = BTreeMap::from([("api".into(), ok_after)]);
            let mut verification =
                Verification::new(at(100), &Terms { good, ok_after, ..terms(&["api", "db"], BTreeMap::new()) });
            let mut of_db = [Sign::Good; 2].iter();
            for nth in 1..=9 {
                if let Some(sign) = of_db.next() {
                    verification.observe(&reading("db", 100 + nth, *sign));
                }
                if verification.observe(&reading("api", 100 + nth, Sign::Good)).is_some() {
                    return nth;
                }
            }
            panic!("no verdict")
        };
        assert_eq!([needs(2, 1), needs(2, 2), needs(2, 5), needs(1, 3)], [2, 2, 5, 3]);
    }

    #[test]
    fn without_named_checks_there_is_nothing_to_verify() {
        let mut verification = Verification::new(at(0), &terms(&[], BTreeMap::new()));
        assert_eq!(verification.judge(at(0)).map(|conclusion| conclusion.verdict), Some(Verdict::None));
    }

    #[test]
    fn a_named_check_is_judged_by_what_it_was_before() {
        let cases = [
            (Some(Status::Ok), Sign::Bad, "Regressed: healthy before, failing now: api"),
            (Some(Status::Cold), Sign::Bad, "Regressed: healthy before, failing now: api"),
            (Some(Status::Ok), Sign::Degraded, "Regressed: healthy before, degraded now: api"),
            (Some(Status::Degraded), Sign::Bad, "Regressed: degraded before, failing now: api"),
            (Some(Status::Degraded), Sign::Degraded, "NotRecovered: still not healthy after 1m: api"),
            (Some(Status::Down), Sign::Bad, "NotRecovered: still not healthy after 1m: api"),
            (Some(Status::Pending), Sign::Bad, "NotRecovered: still not healthy after 1m: api"),
            // Nobody knows whether it was the action that broke it, nor that it was broken before.
            (Some(Status::Unknown), Sign::Bad, "NotRecovered: not healthy after 1m: api"),
            (None, Sign::Bad, "NotRecovered: not healthy after 1m: api"),
            (Some(Status::Ok), Sign::Unknown, "Inconclusive: not enough good readings within 1m: api"),
        ];
        for (before, sign, expected) in cases {
            let before: BTreeMap<Name, Status> = before.map(|status| ("api".into(), status)).into_iter().collect();
            let mut verification = Verification::new(at(100), &terms(&["api"], before.clone()));
            verification.observe(&reading("api", 101, sign));
            verification.observe(&reading("api", 110, sign));
            assert_eq!(verification.judge(at(159)), None, "{before:?} {sign:?}");
            let last = verification.judge(at(160)).expect("a verdict");
            assert_eq!(format!("{:?}: {}", last.verdict, last.note), expected, "{before:?} {sign:?}");
        }
    }

    #[test]
    fn progress_is_reported() {
        let mut verification = begun();
        verification.observe(&reading("api", 100, Sign::Good));
        assert_eq!(verification.progress().describe(), "api 1 of 2 good");
        assert_eq!(verification.progress().until, at(160).utc);
        assert_eq!(verification.remaining(at(130)), Duration::from_secs(30));
    }

    #[test]
    fn a_named_check_that_was_good_before_and_is_bad_after_has_regressed() {
        let before = BTreeMap::from([("api".into(), Status::Ok), ("db".into(), Status::Down)]);
        let mut verification = Verification::new(at(100), &terms(&["api", "db"], before));
        for sent in [101, 110, 120] {
            verification.observe(&reading("api", sent, Sign::Bad));
            verification.observe(&reading("db", sent, Sign::Bad));
        }
        // A restart makes it bad for a while: what is bad is known at the deadline, not before.
        assert_eq!(verification.judge(at(159)), None);
        let conclusion = verification.judge(at(160)).expect("the deadline brings a verdict");
        assert_eq!(conclusion.verdict, Verdict::Regressed);
        assert_eq!(conclusion.note, "healthy before, failing now: api");
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
