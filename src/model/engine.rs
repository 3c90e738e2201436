//! What an engine of alerts remembers beyond the facts: streaks, pending conditions, flapping. It is one row of the store,
//! written by the holder of the lease, so that a restart or a handover begins nothing again.
//!
//! Times are those of the wall clock: another process reads them.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, SubsecRound as _, Utc};
use serde::{Deserialize, Serialize};

use super::fact::CheckStatus;
use super::reading::Sign;
use super::since::Since;
use super::status::Status;
use crate::lang::time::Stamp;
use crate::text::SafeText;
use crate::text::name::Name;

/// The version of the form that this program writes. What has another is not read: it is begun again.
pub const ENGINE_VERSION: u32 = 1;

/// What an engine remembers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineState {
    /// The version of its form.
    #[serde(rename = "v")]
    pub version: u32,
    /// Each check that was answered, by name.
    pub checks: Vec<(Name, KeptStreak)>,
    /// Each alert that is not inactive, by name.
    pub alerts: Vec<(Name, KeptAlert)>,
    /// Each firing that was muted, by its id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub muted: Vec<(Name, KeptMute)>,
    /// Since when somebody looks after each target of messages, by its id: one that has been delivered nothing since is tried
    /// after a while.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub proving: BTreeMap<String, DateTime<Utc>>,
}

impl EngineState {
    /// Checks settled so, each once: after this was kept, or before. The newer of both holds. How they flap is known from what
    /// was kept alone.
    pub(crate) fn settled<'a>(&mut self, said: impl IntoIterator<Item = &'a CheckStatus>) {
        let names = self.checks.iter().enumerate().map(|(place, (name, _))| (name.clone(), place));
        let places: HashMap<Name, usize> = names.collect();
        for said in said {
            let kept = places.get(&said.check).and_then(|place| self.checks.get_mut(*place));
            match kept.map(|(_, kept)| kept) {
                Some(kept) if kept.is_before(said) => {
                    let (flaps, flapping) = (std::mem::take(&mut kept.flaps), kept.flapping);
                    *kept = KeptStreak { flaps, flapping, ..KeptStreak::settled(said) };
                }
                Some(_) => {}
                None => self.checks.push((said.check.clone(), KeptStreak::settled(said))),
            }
        }
    }
}

/// Since when something stands as it does, and whether that was seen to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptSince(pub DateTime<Utc>, pub bool);

impl KeptSince {
    /// As it is stored: to the millisecond, as facts say it.
    pub(crate) fn new(since: Since) -> Self {
        Self(since.at.utc.trunc_subsecs(3), since.seen)
    }

    /// As it is seen from this moment.
    pub(crate) fn from(self, now: Stamp) -> Since {
        Since { at: now.stored(self.0), seen: self.1 }
    }
}

/// The streaks of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptStreak {
    /// What was shown, and since when; before nothing was known, where that is so now.
    pub shown: Status,
    /// Since when.
    pub since: KeptSince,
    /// The last status that was more than a streak on its way.
    pub settled: Option<Status>,
    /// Bad polls in a row, not counted beyond what is needed.
    pub bad: u32,
    /// Good ones.
    pub good: u32,
    /// Those that were answered.
    pub answered: u32,
    /// Of which kind the latest answers are, and since when.
    pub alike: Option<(Sign, KeptSince)>,
    /// The results that flapping is judged by, a letter each.
    pub flaps: String,
    /// Whether it flaps.
    pub flapping: bool,
}

impl KeptStreak {
    /// That of a check of which no more is known. A streak that has settled is as long as it must be, whatever that is: one
    /// answer stands for it.
    fn settled(said: &CheckStatus) -> Self {
        let is_down = said.status == Status::Down;
        Self {
            shown: said.status,
            since: KeptSince(said.since, said.seen),
            settled: Some(said.status),
            bad: u32::from(is_down),
            good: u32::from(said.status == Status::Ok),
            answered: u32::from(!is_down),
            alike: None,
            flaps: String::new(),
            flapping: false,
        }
    }

    /// Whether the check settled so only after it stood as is kept here. What is on its way to a status from the first look on
    /// stands since the same moment as that.
    fn is_before(&self, said: &CheckStatus) -> bool {
        let since = self.since.0.trunc_subsecs(3);
        since < said.since || (since == said.since && self.shown == Status::Pending)
    }
}

/// One alert that is not inactive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptAlert {
    /// The condition as it was written: under another one nothing of this holds.
    pub condition: String,
    /// Where it stands.
    pub state: KeptAlertState,
    /// Milliseconds of the pending state in which nothing could be seen.
    pub blind_ms: u64,
    /// Whether its condition was seen to begin to hold.
    pub began_in_sight: bool,
    /// The dependency that is down and explains it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inhibited_by: Option<Name>,
    /// Whether the status that it is about changes too often to be believed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub flapping: bool,
    /// What was seen last: `12.4 %`, `DOWN`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<SafeText>,
}

/// When a firing was muted: no deadline of it ran then, and the end of it names the reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptMute {
    /// From when until when, oldest first; those that are over.
    pub spans: Vec<(DateTime<Utc>, DateTime<Utc>)>,
    /// Since when it is, where it is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
    /// Why it was last.
    pub why: SafeText,
    /// Where that was a silence or planned maintenance: what is said of its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<SafeText>,
}

/// Where an alert stands that is not inactive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeptAlertState {
    /// Since when its condition holds.
    Pending(DateTime<Utc>),
    /// Since when its condition holds, and since when it fires.
    Firing(DateTime<Utc>, DateTime<Utc>),
    /// The same, and since when its condition holds no more.
    Keeping(DateTime<Utc>, DateTime<Utc>, DateTime<Utc>),
    /// When it had begun to fire, and when it was over.
    Resolved(DateTime<Utc>, DateTime<Utc>),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(millis).unwrap()
    }

    #[test]
    fn a_beginning_is_kept_as_facts_say_it() {
        let utc = at(7) + chrono::TimeDelta::microseconds(650);
        let since = Since::seen(Stamp { mono: std::time::Duration::ZERO, utc });
        assert_eq!(KeptSince::new(since), KeptSince(at(7), true));
    }

    #[test]
    fn what_a_check_settled_at_last_holds() {
        use Status::{Degraded, Down, Ok, Pending};
        // What was kept, since how many milliseconds; what was said; what holds.
        type Case = (Option<(Status, i64)>, (Status, i64), (Status, i64));
        let cases: &[Case] = &[
            (None, (Down, 5), (Down, 5)),
            (Some((Ok, 1)), (Down, 5), (Down, 5)),
            (Some((Down, 1)), (Degraded, 5), (Degraded, 5)),
            (Some((Pending, 3)), (Down, 5), (Down, 5)),
            (Some((Pending, 5)), (Down, 5), (Down, 5)),
            // It is on its way to another one since.
            (Some((Pending, 9)), (Down, 5), (Pending, 9)),
            (Some((Ok, 9)), (Down, 5), (Ok, 9)),
            (Some((Down, 5)), (Down, 5), (Down, 5)),
        ];
        for (kept, (status, since), due) in cases {
            let (settled, bad, good, answered, alike, flaps) = (None, 2, 7, 7, None, "OD".to_owned());
            let streak = |(shown, since): (Status, i64)| {
                // By its own clock, which knows more than milliseconds.
                let since = KeptSince(at(since) + chrono::TimeDelta::microseconds(700), true);
                let flaps = flaps.clone();
                KeptStreak { shown, since, settled, bad, good, answered, alike, flaps, flapping: true }
            };
            let other = ("web".into(), streak((Degraded, 2)));
            let checks = kept.map(|kept| ("api".into(), streak(kept))).into_iter().chain([other.clone()]).collect();
            let mut engine = EngineState { version: ENGINE_VERSION, checks, ..EngineState::default() };
            let (check, service, before, reason) = ("api".into(), None, None, None);
            let (status, since) = (*status, at(*since));
            let said = CheckStatus { check, service, status, before, since, seen: true, reason, by: None, fence: 1 };
            engine.settled([&said]);
            let api = engine.checks.iter().find(|(name, _)| &**name == "api").map(|(_, kept)| kept).unwrap();
            let stands = (api.shown, api.since.0.timestamp_millis());
            assert_eq!(stands, *due, "{kept:?}, {said:?}");
            assert_eq!((api.flapping, &*api.flaps), if kept.is_some() { (true, "OD") } else { (false, "") });
            assert_eq!(api.settled, Some(status).filter(|_| kept != &Some(*due)), "{kept:?}, {said:?}");
            assert!(engine.checks.contains(&other), "no other check");
        }
    }
}
