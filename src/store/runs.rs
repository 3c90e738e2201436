//! Runs: their intent before, their end and how they are closed after, and what may not begin.

mod limits;
mod rows;

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::SqliteConnection;

pub(crate) use self::limits::BeginError;
use self::limits::may_begin;
use self::rows::{fetch, run, word};
use super::audit::AuditEntry;
use super::writing::Writing;
use super::{Store, StoreError, locks, millis, span};
use crate::model::preview::Preview;
use crate::model::run::{Cancelled, Closing, Plan, Run, RunState};
use crate::text::SafeText;

/// A run that wants to begin.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Begin<'a> {
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
pub(crate) struct Begun {
    /// The fence of its lock; 0 where it has none.
    pub fence: u64,
    /// Which attempt it is within the window of `at_most` (an hour without one), from 1.
    pub attempt: u32,
}

/// How the steps of a run ended, as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepsEnd {
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
    pub(crate) async fn begin(&self, begin: Begin<'_>) -> Result<Begun, BeginError> {
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
    pub(crate) async fn finish(&self, id: &str, ended: &StepsEnd, who: &str) -> Result<Run, StoreError> {
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
    pub(crate) async fn close_run(
        &self,
        id: &str,
        ended: Option<&StepsEnd>,
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
    pub(crate) async fn lose(
        &self,
        id: &str,
        ended: Option<&StepsEnd>,
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
    pub(crate) async fn reopen(&self, id: &str, who: &str, now: DateTime<Utc>) -> Result<Run, StoreError> {
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
    pub(crate) async fn open_runs(&self, host: &str) -> Result<Vec<Run>, StoreError> {
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
    tx.append(AuditEntry { at, who, kind, object: &run.id, plan_digest: Some(&run.plan_digest), detail }).await
}

/// How the steps of a run ended, with who stopped it: written once for a run.
async fn put_end(tx: &mut Writing<'_>, run: &Run, ended: &StepsEnd, state: RunState) -> Result<(), StoreError> {
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
