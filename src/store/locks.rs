//! One run for a target at a time: a row, taken in the same transaction as the run's intent, and never stolen by itself.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::audit::AuditEntry;
use super::{Store, StoreError, millis, moment};
use crate::model::run::{Lock, Run};

/// Who holds `target`.
pub(super) async fn holder(connection: &mut SqliteConnection, target: &str) -> Result<Option<Lock>, StoreError> {
    let row = sqlx::query("SELECT * FROM lock WHERE target = $1").bind(target).fetch_optional(connection).await?;
    row.as_ref().map(lock).transpose()
}

/// Takes the free lock of the run's target, with the next fence.
pub(super) async fn acquire(connection: &mut SqliteConnection, run: &Run) -> Result<u64, StoreError> {
    let fence: i64 = sqlx::query_scalar(
        "INSERT INTO fence (target, fence) VALUES ($1, 1)
         ON CONFLICT (target) DO UPDATE SET fence = fence + 1 RETURNING fence",
    )
    .bind(&run.target)
    .fetch_one(&mut *connection)
    .await?;
    let reason = match &run.reason {
        Some(reason) => format!("{}: {reason}", run.action),
        None => run.action.to_string(),
    };
    sqlx::query(
        "INSERT INTO lock (target, id, fence, holder, host, reason, since) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(&run.target)
    .bind(run.id.as_ref())
    .bind(fence)
    .bind(&run.who)
    .bind(&run.host)
    .bind(reason)
    .bind(millis(run.started_at))
    .execute(connection)
    .await?;
    Ok(fence.cast_unsigned())
}

/// Releases the lock of a run, with a `fence` only that very acquisition; one that is gone is no error.
pub(super) async fn release(connection: &mut SqliteConnection, id: &str, fence: Option<u64>) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM lock WHERE id = $1 AND ($2 IS NULL OR fence = $2)")
        .bind(id)
        .bind(fence.map(u64::cast_signed))
        .execute(connection)
        .await?;
    Ok(())
}

impl Store {
    /// Every lock that is held, oldest first.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn locks(&self) -> Result<Vec<Lock>, StoreError> {
        let rows = sqlx::query("SELECT * FROM lock ORDER BY since").fetch_all(&self.pool).await?;
        rows.iter().map(lock).collect()
    }

    /// The lock `id`; `None` where nobody holds it.
    ///
    /// # Errors
    /// The store can't be read.
    pub(crate) async fn lock(&self, id: &str) -> Result<Option<Lock>, StoreError> {
        let row = sqlx::query("SELECT * FROM lock WHERE id = $1").bind(id).fetch_optional(&self.pool).await?;
        row.as_ref().map(lock).transpose()
    }

    /// Takes the lock `id` away from whoever holds it, on record with what spoke against it. `None` where there is no such
    /// lock.
    ///
    /// # Errors
    /// The store, or the audit, can't be written; then the lock stays.
    pub(crate) async fn unlock(
        &self,
        id: &str,
        who: &str,
        why: &str,
        against: &[String],
        now: DateTime<Utc>,
    ) -> Result<Option<Lock>, StoreError> {
        let mut tx = self.begin_writing().await?;
        let row = sqlx::query("SELECT * FROM lock WHERE id = $1").bind(id).fetch_optional(&mut *tx).await?;
        let Some(lock) = row.as_ref().map(lock).transpose()? else { return Ok(None) };
        release(&mut tx, id, None).await?;
        let detail = json!({ "why": why, "target": lock.target, "holder": lock.holder, "fence": lock.fence, "since": lock.since, "forced": !against.is_empty(), "against": against });
        let entry = AuditEntry { at: now, who, kind: "unlock", object: id, plan_digest: None, detail: &detail };
        tx.append(entry).await?;
        tx.commit().await?;
        Ok(Some(lock))
    }
}

fn lock(row: &SqliteRow) -> Result<Lock, StoreError> {
    Ok(Lock {
        target: row.try_get("target")?,
        id: row.try_get::<String, _>("id")?.into(),
        fence: row.try_get::<i64, _>("fence")?.cast_unsigned(),
        holder: row.try_get("holder")?,
        host: row.try_get("host")?,
        reason: row.try_get("reason")?,
        since: moment(row.try_get("since")?)?,
    })
}
