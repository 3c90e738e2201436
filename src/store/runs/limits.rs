//! What may not begin: locks, cooldown and `at_most`.

use std::time::Duration;

use sqlx::{Row as _, SqliteConnection};
use thiserror::Error;

use super::Begin;
use super::rows::boot_time;
use crate::lang::time::Moment;
use crate::model::run::{Lock, Run};
use crate::store::{StoreError, locks, millis, moment, span};

/// Why a run may not begin.
#[derive(Debug, Error)]
pub(crate) enum BeginError {
    /// Somebody holds the target.
    #[error("{} is locked by {} on {} since {} ({}); if that run has ended: opsroom unlock {} --why TEXT", .0.target, .0.holder, .0.host, .0.since.format("%H:%M:%SZ"), .0.reason, .0.id)]
    Locked(Box<Lock>),
    /// Too soon.
    #[error("cooldown: the last {verb} of {target} was {ago} s ago; wait {left} s")]
    Cooldown {
        verb: String,
        target: String,
        /// Seconds since the last attempt.
        ago: u64,
        /// Seconds until the next may come.
        left: u64,
    },
    #[error("limit reached: {count} attempts to {verb} {target} within {within} s; wait {left} s")]
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
    /// With what to do about it.
    pub(crate) fn with_hint(&self) -> String {
        match self {
            Self::Store(error) if !error.hint().is_empty() => format!("{self}; {}", error.hint()),
            _ => self.to_string(),
        }
    }
}

impl From<sqlx::Error> for BeginError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Checks lock, cooldown and `at_most`; says which attempt this would be. What was refused ran nothing and counts for
/// nothing.
pub(super) async fn may_begin(connection: &mut SqliteConnection, begin: Begin<'_>) -> Result<u32, BeginError> {
    let run = begin.run;
    if let Some(lock) = locks::holder(connection, &run.target).await? {
        return Err(BeginError::Locked(Box::new(lock)));
    }
    let window = begin.at_most.map_or(Duration::from_hours(1), |(_, window)| window);
    let attempts = attempts(connection, run, window.max(begin.cooldown)).await?;
    let (verb, target) = (run.verb.to_string(), run.target.clone());
    if let Some(ago) = attempts.iter().min().filter(|ago| **ago < begin.cooldown) {
        let left = seconds_up(begin.cooldown.saturating_sub(*ago));
        return Err(BeginError::Cooldown { verb, target, ago: ago.as_secs(), left });
    }
    let mut within: Vec<Duration> = attempts.into_iter().filter(|ago| *ago < window).collect();
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
async fn attempts(
    connection: &mut SqliteConnection,
    run: &Run,
    longest: Duration,
) -> Result<Vec<Duration>, StoreError> {
    let now = run.began();
    let rows = sqlx::query(
        "SELECT id, started_at, boot, boot_ms FROM run
         WHERE target = $1 AND verb = $2 AND changing AND state <> 'refused'
         AND (started_at > $3 OR (boot = $4 AND boot_ms > $5))",
    )
    .bind(&run.target)
    .bind(run.verb.as_ref())
    .bind(millis(now.utc).saturating_sub(span(longest)))
    .bind(now.boot.map(|boot| boot.boot.cast_signed()))
    .bind(now.boot.map(|boot| boot.ms.cast_signed().saturating_sub(span(longest))))
    .fetch_all(&mut *connection)
    .await?;
    let mut ages = Vec::with_capacity(rows.len());
    for row in rows {
        let began = Moment { utc: moment(row.try_get("started_at")?)?, boot: boot_time(&row)? };
        let same_boot = now.boot.zip(began.boot).is_some_and(|(now, then)| now.since(then).is_some());
        ages.push(now.since(began));
        if let Some(boot) = now.boot.filter(|_| !same_boot && began.utc > now.utc) {
            sqlx::query("UPDATE run SET boot = $2, boot_ms = $3 WHERE id = $1")
                .bind(row.try_get::<String, _>("id")?)
                .bind(boot.boot.cast_signed())
                .bind(boot.ms.cast_signed())
                .execute(&mut *connection)
                .await?;
        }
    }
    Ok(ages)
}

/// Whole seconds, rounded up: "in 0 s" would be a refusal that is not true.
fn seconds_up(left: Duration) -> u64 {
    u64::try_from(left.as_millis().div_ceil(1000)).unwrap_or(u64::MAX)
}
