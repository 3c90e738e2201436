//! Runs: their intent before, their end and how they are closed after, and what may not begin.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};
use thiserror::Error;

use super::audit::Entry;
use super::writing::Writing;
use super::{Store, StoreError, locks, millis, moment, span};
use crate::lang::time::{BootTime, Moment};
use crate::model::preview::Preview;
use crate::model::run::{Cancelled, Closing, Lock, Plan, Run, RunState};
use crate::text::SafeText;

/// A run that wants to begin.
#[derive(Debug, Clone, Copy)]
pub struct Begin<'a> {
    /// The run, in state `Running`.
    pub run: &'a Run,
    /// What it will run; stored with it.
    pub plan: &'a Plan,
    /// What was shown when it was confirmed, without secrets; put on record.
    pub preview: &'a Preview,
    /// Least time since the last attempt of this verb on this target.
    pub cooldown: Duration,
    /// At most so many attempts of this verb on this target in so long.
    pub at_most: Option<(u32, Duration)>,
}

/// What a run gets that may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begun {
    /// The fence of its lock; 0 where it has none.
    pub fence: u64,
    /// Which attempt it is within the window of `at_most` (an hour without one), from 1.
    pub attempt: u32,
}

/// Why a run may not begin.
#[derive(Debug, Error)]
pub enum BeginError {
    /// Somebody holds the target.
    #[error("{} is locked by {} on {} since {} ({}); if that run has ended: opsroom unlock {} --why TEXT", .0.target, .0.holder, .0.host, .0.since.format("%H:%M:%SZ"), .0.reason, .0.id)]
    Locked(Box<Lock>),
    /// Too soon.
    #[error("cooldown: the last {verb} of {target} was {ago} s ago; wait {left} s")]
    Cooldown {
        /// The verb.
        verb: String,
        /// The target.
        target: String,
        /// Seconds since the last attempt.
        ago: u64,
        /// Seconds until the next may come.
        left: u64,
    },
    /// Too often.
    #[error("limit reached: {count} attempts to {verb} {target} within {within} s; wait {left} s")]
    TooOften {
        /// The verb.
        verb: String,
        /// The target.
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
    pub fn with_hint(&self) -> String {
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

/// How the steps of a run ended, as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// When the last process ended.
    pub at: DateTime<Utc>,
    /// Exit code of the last step.
    pub exit_code: Option<i32>,
    /// Signal that ended it.
    pub signal: Option<i32>,
    /// In words.
    pub note: Option<SafeText>,
    /// Who asked for it to be stopped, where a person did: goes on record with the end.
    pub cancelled: Option<Cancelled>,
    /// How long it took, where it is known better than by the wall clock.
    pub took: Option<Duration>,
}

impl Store {
    /// Writes the intent of a run: checks cooldown and `at_most`, takes the lock, and puts it on record, all or nothing,
    /// and synced when it returns.
    ///
    /// # Errors
    /// It may not begin, or the store can't be written.
    pub async fn begin(&self, begin: Begin<'_>) -> Result<Begun, BeginError> {
        let Begin { run, plan, preview, .. } = begin;
        let mut tx = self.begin_writing().await?;
        let mut given = Begun { fence: 0, attempt: 1 };
        if plan.changing {
            self.is_trusted(&mut tx).await?;
            given.attempt = match may_begin(&mut tx, begin).await {
                Ok(attempt) => attempt,
                Err(why) => {
                    // What was learned of earlier attempts stays.
                    tx.commit().await?;
                    return Err(why);
                }
            };
            given.fence = locks::acquire(&mut tx, run).await?;
        }
        insert(&mut tx, begin).await?;
        let detail = json!({
            "action": run.action, "verb": run.verb, "service": run.service, "target": run.target, "reason": run.reason,
            "environment": plan.environment, "steps": plan.steps, "directory": plan.directory,
            "env": plan.env.keys().collect::<Vec<_>>(), "parameters": plan.parameters, "dry_run": plan.dry_run,
            "host": plan.host, "timeout_ms": span(plan.timeout), "preview": preview,
            "fence": given.fence, "attempt": given.attempt,
        });
        put(&mut tx, run, run.started_at, &run.who, "run.intent", &detail).await?;
        tx.commit().await?;
        self.checkpoint().await;
        Ok(given)
    }

    /// Writes that the steps of a run ended and its checks are looked at now. The lock is kept. A run that is closed, or
    /// whose end is stored already, stays as it is.
    ///
    /// # Errors
    /// The store can't be written, or knows no such run.
    pub async fn finish(&self, id: &str, ended: &Ended, who: &str) -> Result<Run, StoreError> {
        let mut tx = self.begin_writing().await?;
        let present = run(&fetch(&mut tx, id).await?)?;
        if present.state != RunState::Running {
            return Ok(present);
        }
        put_end(&mut tx, &present, ended, RunState::Verifying).await?;
        let detail = json!({ "exit_code": ended.exit_code, "signal": ended.signal, "note": ended.note });
        put(&mut tx, &present, ended.at, who, "run.end", &detail).await?;
        let done = run(&fetch(&mut tx, id).await?)?;
        tx.commit().await?;
        Ok(done)
    }

    /// Closes a run and releases its lock, all or nothing: its state, how its steps ended where that is known and not
    /// stored yet, what its checks said, and the audit. The first to close it wins; an unknown outcome may be closed
    /// later. With a `fence`, only the lock of that very acquisition is released.
    ///
    /// # Errors
    /// The store can't be written, or knows no such run.
    pub async fn close_run(
        &self,
        id: &str,
        ended: Option<&Ended>,
        closing: &Closing,
        fence: Option<u64>,
        who: &str,
    ) -> Result<Run, StoreError> {
        let mut tx = self.begin_writing().await?;
        let present = run(&fetch(&mut tx, id).await?)?;
        if !present.state.is_open() && present.state != RunState::Unknown {
            return Ok(present);
        }
        if let Some(ended) = ended.filter(|_| present.ended_at.is_none()) {
            put_end(&mut tx, &present, ended, closing.state).await?;
        }
        sqlx::query("UPDATE run SET state = $2, checks = $3, note = $4 WHERE id = $1")
            .bind(id)
            .bind(word(&closing.state)?)
            .bind(closing.checks.as_ref().map(word).transpose()?)
            .bind(closing.note.as_ref().map(SafeText::as_str))
            .execute(&mut *tx)
            .await?;
        locks::release(&mut tx, id, fence).await?;
        let (kind, detail) = if let Some(checks) = closing.checks {
            ("run.verdict", json!({ "state": closing.state, "checks": checks, "note": closing.note }))
        } else {
            let (code, signal) = ended.map_or((None, None), |ended| (ended.exit_code, ended.signal));
            ("run.end", json!({ "state": closing.state, "exit_code": code, "signal": signal, "note": closing.note }))
        };
        put(&mut tx, &present, closing.at, who, kind, &detail).await?;
        let done = run(&fetch(&mut tx, id).await?)?;
        tx.commit().await?;
        Ok(done)
    }

    /// Writes that nobody knows what became of a run, and why: its supervisor died, or its directory is gone. With how
    /// its steps ended, where that is known. The lock stays.
    ///
    /// # Errors
    /// The store can't be written, or knows no such run.
    pub async fn lose(
        &self,
        id: &str,
        ended: Option<&Ended>,
        why: &str,
        who: &str,
        now: DateTime<Utc>,
    ) -> Result<Run, StoreError> {
        let mut tx = self.begin_writing().await?;
        let present = run(&fetch(&mut tx, id).await?)?;
        if !present.state.is_open() {
            return Ok(present);
        }
        if let Some(ended) = ended.filter(|_| present.ended_at.is_none()) {
            put_end(&mut tx, &present, ended, RunState::Unknown).await?;
        }
        sqlx::query("UPDATE run SET state = $2, note = $3 WHERE id = $1")
            .bind(id)
            .bind(word(&RunState::Unknown)?)
            .bind(why)
            .execute(&mut *tx)
            .await?;
        put(&mut tx, &present, now, who, "run.lost", &json!({ "note": why })).await?;
        let lost = run(&fetch(&mut tx, id).await?)?;
        tx.commit().await?;
        Ok(lost)
    }

    /// Writes that the checks of a run of unknown outcome are looked at now.
    ///
    /// # Errors
    /// The store can't be written, or knows no such run.
    pub async fn reopen(&self, id: &str, who: &str, now: DateTime<Utc>) -> Result<Run, StoreError> {
        let mut tx = self.begin_writing().await?;
        let present = run(&fetch(&mut tx, id).await?)?;
        if present.state != RunState::Unknown {
            return Ok(present);
        }
        sqlx::query("UPDATE run SET state = $2 WHERE id = $1")
            .bind(id)
            .bind(word(&RunState::Verifying)?)
            .execute(&mut *tx)
            .await?;
        put(&mut tx, &present, now, who, "run.verify", &json!({})).await?;
        let reopened = run(&fetch(&mut tx, id).await?)?;
        tx.commit().await?;
        Ok(reopened)
    }

    /// Runs of `host` that are not closed, oldest first.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn open_runs(&self, host: &str) -> Result<Vec<Run>, StoreError> {
        let rows =
            sqlx::query("SELECT * FROM run WHERE host = $1 AND state IN ('running', 'verifying') ORDER BY started_at")
                .bind(host)
                .fetch_all(&self.pool)
                .await?;
        rows.iter().map(run).collect()
    }

    /// The latest runs, newest first.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn runs(&self, most: u32) -> Result<Vec<Run>, StoreError> {
        let rows = sqlx::query("SELECT * FROM run ORDER BY started_at DESC, id DESC LIMIT $1")
            .bind(most)
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(run).collect()
    }

    /// One run.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn run(&self, id: &str) -> Result<Option<Run>, StoreError> {
        let row = sqlx::query("SELECT * FROM run WHERE id = $1").bind(id).fetch_optional(&self.pool).await?;
        row.as_ref().map(run).transpose()
    }
}

async fn put(
    tx: &mut Writing<'_>,
    run: &Run,
    at: DateTime<Utc>,
    who: &str,
    kind: &str,
    detail: &serde_json::Value,
) -> Result<(), StoreError> {
    tx.append(Entry { at, who, kind, object: &run.id, plan_digest: Some(&run.plan_digest), detail }).await
}

/// How the steps of a run ended, with who stopped it: written once for a run.
async fn put_end(tx: &mut Writing<'_>, run: &Run, ended: &Ended, state: RunState) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE run SET ended_at = $2, state = $3, exit_code = $4, signal = $5, note = $6, took_ms = $7 WHERE id = $1",
    )
    .bind(run.id.as_ref())
    .bind(millis(ended.at))
    .bind(word(&state)?)
    .bind(ended.exit_code)
    .bind(ended.signal)
    .bind(ended.note.as_ref().map(SafeText::as_str))
    .bind(ended.took.map(span))
    .execute(&mut **tx)
    .await?;
    match &ended.cancelled {
        Some(Cancelled { who, at }) => put(tx, run, *at, who, "run.cancel", &json!({})).await,
        None => Ok(()),
    }
}

/// Checks lock, cooldown and `at_most`; says which attempt this would be. What was refused ran nothing and counts for
/// nothing.
async fn may_begin(connection: &mut SqliteConnection, begin: Begin<'_>) -> Result<u32, BeginError> {
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

async fn insert(connection: &mut SqliteConnection, begin: Begin<'_>) -> Result<(), StoreError> {
    let Begin { run, plan, .. } = begin;
    let plan_text = serde_json::to_string(plan).map_err(|error| StoreError::Content(error.to_string()))?;
    sqlx::query(
        "INSERT INTO run (id, action, verb, service, target, who, reason, host, plan_digest, plan, changing, started_at,
         state, output_path, boot, boot_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
    )
    .bind(run.id.as_ref())
    .bind(run.action.as_ref())
    .bind(run.verb.as_ref())
    .bind(run.service.as_deref())
    .bind(&run.target)
    .bind(&run.who)
    .bind(&run.reason)
    .bind(&run.host)
    .bind(&run.plan_digest)
    .bind(plan_text)
    .bind(plan.changing)
    .bind(millis(run.started_at))
    .bind(word(&run.state)?)
    .bind(run.output_path.to_string_lossy().into_owned())
    .bind(run.boot.map(|boot| boot.boot.cast_signed()))
    .bind(run.boot.map(|boot| boot.ms.cast_signed()))
    .execute(connection)
    .await?;
    Ok(())
}

async fn fetch(connection: &mut SqliteConnection, id: &str) -> Result<SqliteRow, StoreError> {
    let row = sqlx::query("SELECT * FROM run WHERE id = $1").bind(id).fetch_optional(connection).await?;
    row.ok_or_else(|| StoreError::Content(format!("no run with id {id}")))
}

fn run(row: &SqliteRow) -> Result<Run, StoreError> {
    let name = |column: &str| row.try_get::<String, _>(column).map(Into::into);
    let started: i64 = row.try_get("started_at")?;
    let ended: Option<i64> = row.try_get("ended_at")?;
    let took: Option<i64> = row.try_get("took_ms")?;
    let state: RunState = read_word(row.try_get("state")?)?;
    Ok(Run {
        id: name("id")?,
        action: name("action")?,
        verb: name("verb")?,
        dry_run: is_dry_run(&row.try_get::<String, _>("plan")?),
        service: row.try_get::<Option<String>, _>("service")?.map(Into::into),
        target: row.try_get("target")?,
        who: row.try_get("who")?,
        reason: row.try_get("reason")?,
        host: row.try_get("host")?,
        plan_digest: row.try_get("plan_digest")?,
        started_at: moment(started)?,
        boot: boot_time(row)?,
        ended_at: ended.map(moment).transpose()?,
        duration_ms: ended.map(|ended| u64::try_from(took.unwrap_or(ended - started)).unwrap_or(0)),
        state,
        verdict: state.verdict(),
        checks: row.try_get::<Option<String>, _>("checks")?.map(read_word).transpose()?,
        exit_code: row.try_get("exit_code")?,
        signal: row.try_get("signal")?,
        output_path: row.try_get::<String, _>("output_path")?.into(),
        note: row.try_get::<Option<String>, _>("note")?.map(|note| SafeText::new(&note)),
    })
}

/// When a run began by the clock of its host; `None` in runs of older versions.
fn boot_time(row: &SqliteRow) -> Result<Option<BootTime>, StoreError> {
    let (boot, ms): (Option<i64>, Option<i64>) = (row.try_get("boot")?, row.try_get("boot_ms")?);
    Ok(boot.zip(ms).map(|(boot, ms)| BootTime { boot: boot.cast_unsigned(), ms: ms.cast_unsigned() }))
}

/// Whether a stored plan is that of a dry run.
fn is_dry_run(plan: &str) -> bool {
    serde_json::from_str(plan).is_ok_and(|plan: Plan| plan.dry_run)
}

/// The word that stands for a state or a verdict, the same as in JSON.
fn word(value: &impl Serialize) -> Result<String, StoreError> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        other => Err(StoreError::Content(format!("{other:?} has no name"))),
    }
}

fn read_word<T: DeserializeOwned>(word: String) -> Result<T, StoreError> {
    serde_json::from_value(serde_json::Value::String(word)).map_err(|error| StoreError::Content(error.to_string()))
}

/// Whole seconds, rounded up: "in 0 s" would be a refusal that is not true.
fn seconds_up(left: Duration) -> u64 {
    u64::try_from(left.as_millis().div_ceil(1000)).unwrap_or(u64::MAX)
}
