//! What may not begin: locks, cooldown and `at_most`.

use std::time::Duration;

use thiserror::Error;

use super::Begin;
use crate::lang::time::Moment;
use crate::model::fact::{RunDated, Statement};
use crate::model::run::{Lock, Run};
use crate::model::thing::{HeldLock, RunRecord, StoredThing, ThingKey, ThingKind, group_of};
use crate::store::dialect::WhichThings;
use crate::store::{Store, StoreError};

/// How many attempts are looked back at.
const MOST: u32 = 1000;

/// Why a run may not begin.
#[derive(Debug, Error)]
pub(crate) enum BeginError {
    /// Somebody holds the target.
    #[error("{} is locked by {} on {} since {} ({})", .0.target, .0.holder, .0.host, .0.since.format("%H:%M:%SZ"), .0.reason)]
    Locked(Box<Lock>),
    /// Too soon.
    #[error("cooldown: the last {verb} of {target} was {} ago; wait {}", short(*.ago), short(*.left))]
    Cooldown {
        verb: String,
        target: String,
        /// Seconds since the last attempt.
        ago: u64,
        /// Seconds until the next may come.
        left: u64,
    },
    #[error("limit reached: {count} attempts to {verb} {target} within {}; wait {}", short(*.within), short(*.left))]
    TooOften {
        verb: String,
        target: String,
        /// How many there were.
        count: u32,
        /// The window, in seconds.
        within: u64,
        /// Seconds until the next may come.
        left: u64,
    },
    /// The store, and with it the audit, can't be written.
    #[error("{0}; without a record nothing is changed")]
    Store(#[from] StoreError),
}

impl BeginError {
    /// What to do about it; empty where that is said already.
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Locked(lock) => format!("if that run has ended: opsroom unlock {} --why TEXT", lock.id),
            Self::Store(error) => error.hint().to_owned(),
            Self::Cooldown { .. } | Self::TooOften { .. } => String::new(),
        }
    }
}

/// Seconds as a person reads them: `45s`, `59m 45s`, `1h`.
fn short(seconds: u64) -> String {
    let parts = [(seconds / 3600, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let parts: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n}{unit}")).collect();
    if parts.is_empty() { "0s".to_owned() } else { parts.join(" ") }
}

/// What was found about a run that wants to begin.
pub(super) struct Judged {
    /// Which attempt it would be, and the fence it would get; or why it may not. What was refused ran nothing and counts
    /// for nothing.
    pub answer: Result<(u32, u64), BeginError>,
    /// Earlier attempts of which a better clock is known now.
    pub dated: Vec<Statement>,
}

/// Checks lock, cooldown and `at_most`.
pub(super) async fn judge(store: &Store, begin: Begin<'_>) -> Result<Judged, StoreError> {
    let run = begin.run;
    let key = ThingKey::new(ThingKind::Lock, &run.target);
    let lock = store.dialect.things(WhichThings::Keys(&[key]), 1).await?.pop();
    let lock = lock.as_ref().and_then(StoredThing::read::<HeldLock>).unwrap_or(HeldLock { fence: 0, held: None });
    if let Some(held) = lock.held {
        return Ok(Judged { answer: Err(BeginError::Locked(Box::new(held))), dated: Vec::new() });
    }
    let group = group_of(&run.verb, &run.target);
    let attempts = store.dialect.things(WhichThings::Group(ThingKind::Run, &group), MOST).await?;
    let attempts = attempts.iter().filter_map(StoredThing::read::<RunRecord>).filter(RunRecord::is_attempt);
    let (ages, dated) = ages(attempts.map(RunRecord::into_run), run.began());
    Ok(Judged { answer: within_limits(begin, ages).map(|attempt| (attempt, lock.fence + 1)), dated })
}

fn within_limits(begin: Begin<'_>, ages: Vec<Duration>) -> Result<u32, BeginError> {
    let window = begin.at_most.map_or(Duration::from_hours(1), |(_, window)| window);
    let (verb, target) = (begin.run.verb.to_string(), begin.run.target.clone());
    if let Some(ago) = ages.iter().min().filter(|ago| **ago < begin.cooldown) {
        let left = seconds_up(begin.cooldown.saturating_sub(*ago));
        return Err(BeginError::Cooldown { verb, target, ago: ago.as_secs(), left });
    }
    let mut within: Vec<Duration> = ages.into_iter().filter(|ago| *ago < window).collect();
    within.sort_unstable();
    let count = u32::try_from(within.len()).unwrap_or(u32::MAX);
    if let Some((most, _)) = begin.at_most.filter(|(most, _)| count >= *most) {
        // Room is made when the oldest of the last `most` attempts leaves the window.
        let oldest = most.checked_sub(1).and_then(|index| within.get(index as usize)).copied().unwrap_or_default();
        let left = seconds_up(window.saturating_sub(oldest));
        return Err(BeginError::TooOften { verb, target, count, within: window.as_secs(), left });
    }
    Ok(count.saturating_add(1))
}

/// How long ago each attempt was. One that lies in the future, because the clock was set back since and nothing better is
/// known of it, counts as made now, and keeps this moment, so that nobody waits longer than from the first look at it.
fn ages(attempts: impl Iterator<Item = Run>, now: Moment) -> (Vec<Duration>, Vec<Statement>) {
    let (mut ages, mut dated) = (Vec::new(), Vec::new());
    for attempt in attempts {
        let began = attempt.began();
        let same_boot = now.boot.zip(began.boot).is_some_and(|(now, then)| now.since(then).is_some());
        ages.push(now.since(began));
        if let Some(boot) = now.boot.filter(|_| !same_boot && began.utc > now.utc) {
            dated.push(Statement::RunDated(RunDated { run: attempt.id, boot }));
        }
    }
    (ages, dated)
}

/// Whole seconds, rounded up: "in 0 s" would be a refusal that is not true.
fn seconds_up(left: Duration) -> u64 {
    u64::try_from(left.as_millis().div_ceil(1000)).unwrap_or(u64::MAX)
}
