//! What lies beside the chain: the lease, roll-ups, what is kept by name, the cut, and what may go.

use std::ops::Range;

use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;

use crate::model::thing::ThingKind;
use crate::store::StoreError;
use crate::store::dialect::{
    CHECKPOINT, Cut, Guard, IMPORTING, KeptRow, LEASE, LeaseRow, LeaseTaking, Prune, RollupRow, Side, place, rows,
};

/// Where the chain is cut, with what is kept of before.
pub(super) async fn cut(connection: &mut SqliteConnection) -> Result<Option<Cut>, StoreError> {
    let text = "SELECT cut, cut_hash, coalesce(body, '') FROM store LEFT JOIN keep ON keep.name = $1 WHERE cut > 0";
    let row = sqlx::query(text).bind(CHECKPOINT).fetch_optional(connection).await?;
    row.as_ref().map(rows::cut).transpose()
}

pub(super) async fn cut_at(connection: &mut SqliteConnection, cut: &Cut) -> Result<(), StoreError> {
    keep(connection, CHECKPOINT, &cut.things).await?;
    let text = "UPDATE store SET cut = $1, cut_hash = $2 WHERE cut < $1";
    sqlx::query(text).bind(cut.seq.cast_signed()).bind(&cut.hash).execute(connection).await?;
    Ok(())
}

pub(super) async fn lease(connection: &mut SqliteConnection) -> Result<(Option<LeaseRow>, DateTime<Utc>), StoreError> {
    let row = sqlx::query(
        "SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER), holder, host, watcher, fence, digest, renewed_at
         FROM (SELECT 1) LEFT JOIN lease ON name = $1",
    )
    .bind(LEASE)
    .fetch_one(connection)
    .await?;
    rows::lease(&row)
}

/// Gives the lease to another, where it is as it was found. False: it is not.
pub(super) async fn take(connection: &mut SqliteConnection, taking: &LeaseTaking<'_>) -> Result<bool, StoreError> {
    let (present, _) = lease(connection).await?;
    if present.as_ref() != taking.found {
        return Ok(false);
    }
    let LeaseRow { holder, host, watcher, fence, digest, .. } = taking.new;
    sqlx::query(
        "INSERT INTO lease (name, holder, host, watcher, fence, digest, renewed_at)
         VALUES ($1, $2, $3, $4, $5, $6, CAST(unixepoch('subsec') * 1000 AS INTEGER))
         ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, host = excluded.host, watcher = excluded.watcher,
             fence = excluded.fence, digest = excluded.digest, renewed_at = excluded.renewed_at",
    )
    .bind(LEASE)
    .bind(holder)
    .bind(host)
    .bind(watcher)
    .bind(fence.cast_signed())
    .bind(digest)
    .execute(connection)
    .await?;
    Ok(true)
}

pub(super) async fn renew(
    connection: &mut SqliteConnection,
    fence: u64,
    holder: &str,
    digest: &str,
) -> Result<bool, StoreError> {
    let text = "UPDATE lease SET renewed_at = CAST(unixepoch('subsec') * 1000 AS INTEGER), holder = $3, digest = $4
                WHERE name = $1 AND fence = $2 AND holder <> ''";
    let done = sqlx::query(text).bind(LEASE).bind(fence.cast_signed()).bind(holder).bind(digest);
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// Writes what lies beside the chain, where what must hold does. False: it does not.
pub(super) async fn put(
    connection: &mut SqliteConnection,
    guard: Guard<'_>,
    rows: &[Side<'_>],
) -> Result<bool, StoreError> {
    let holds = match guard {
        Guard::Free => true,
        Guard::Fence(fence) => lease(connection).await?.0.is_some_and(|lease| lease.fence == fence),
        Guard::Import(mark) => {
            let found = kept(connection, IMPORTING).await?.map(|(mark, _)| mark);
            found.as_deref() == mark
        }
    };
    if !holds {
        return Ok(false);
    }
    for row in rows {
        match row {
            Side::Rollup(row) => {
                sqlx::query(
                    "INSERT INTO rollup (tier, series, start, data) VALUES ($1, $2, $3, $4)
                     ON CONFLICT (tier, series, start) DO UPDATE SET data = excluded.data",
                )
                .bind(&row.tier)
                .bind(&row.series)
                .bind(row.start)
                .bind(&row.data)
                .execute(&mut *connection)
                .await?;
            }
            Side::RemoveRollup(row) => {
                let text = "DELETE FROM rollup WHERE tier = $1 AND series = $2 AND start = $3";
                let gone = sqlx::query(text).bind(&row.tier).bind(&row.series).bind(row.start);
                gone.execute(&mut *connection).await?;
            }
            Side::Keep(name, body) => keep(connection, name, body).await?,
            Side::Forget(name) => forget(connection, name).await?,
        }
    }
    Ok(true)
}

pub(super) async fn forget(connection: &mut SqliteConnection, name: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM keep WHERE name = $1").bind(name).execute(connection).await?;
    Ok(())
}

pub(super) async fn keep(connection: &mut SqliteConnection, name: &str, body: &[u8]) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO keep (name, body, written_at) VALUES ($1, $2, CAST(unixepoch('subsec') * 1000 AS INTEGER))
         ON CONFLICT (name) DO UPDATE SET body = excluded.body, written_at = excluded.written_at",
    )
    .bind(name)
    .bind(body)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn rollups(
    connection: &mut SqliteConnection,
    tier: &str,
    series: &str,
    span: Range<i64>,
    most: u32,
) -> Result<Vec<RollupRow>, StoreError> {
    let text = "SELECT start, data FROM rollup WHERE tier = $1 AND series = $2 AND start >= $3 AND start < $4
         ORDER BY start LIMIT $5";
    let rows = sqlx::query(text).bind(tier).bind(series).bind(span.start).bind(span.end).bind(most);
    rows.fetch_all(connection).await?.iter().map(|row| rows::rollup(row, tier, series)).collect()
}

pub(super) async fn next_series(
    connection: &mut SqliteConnection,
    tier: &str,
    after: Option<&str>,
) -> Result<Option<String>, StoreError> {
    let text = "SELECT series FROM rollup WHERE tier = $1 AND ($2 IS NULL OR series > $2) ORDER BY series LIMIT 1";
    Ok(sqlx::query_scalar(text).bind(tier).bind(after).fetch_optional(connection).await?)
}

pub(super) async fn kept(
    connection: &mut SqliteConnection,
    name: &str,
) -> Result<Option<(Vec<u8>, DateTime<Utc>)>, StoreError> {
    let row = sqlx::query("SELECT body, written_at FROM keep WHERE name = $1").bind(name);
    let row = row.fetch_optional(connection).await?;
    row.as_ref().map(rows::kept).transpose()
}

pub(super) async fn kept_below(connection: &mut SqliteConnection, prefix: &str) -> Result<Vec<KeptRow>, StoreError> {
    let rows = sqlx::query(rows::KEPT_BELOW).bind(prefix).fetch_all(connection).await?;
    rows.iter().map(rows::kept_by_name).collect()
}

pub(super) async fn prune(connection: &mut SqliteConnection, what: Prune<'_>, most: u32) -> Result<u64, StoreError> {
    let (text, name, series, bound) = match what {
        Prune::Rollups { tier, series, before } => (
            "DELETE FROM rollup WHERE tier = $2 AND series = $3 AND start IN
                 (SELECT start FROM rollup WHERE tier = $2 AND series = $3 AND start < $4 ORDER BY start LIMIT $1)",
            tier,
            series,
            before,
        ),
        Prune::Facts => (
            "DELETE FROM fact WHERE seq IN
                 (SELECT seq FROM fact WHERE seq <= (SELECT cut FROM store) ORDER BY seq LIMIT $1)",
            "",
            "",
            0,
        ),
        Prune::Things(kind, until) => (
            "DELETE FROM thing WHERE kind = $2 AND id IN
                 (SELECT id FROM thing WHERE kind = $2 AND NOT open AND seq <= $4 LIMIT $1)",
            kind.name(),
            "",
            until.cast_signed(),
        ),
    };
    let done = sqlx::query(text).bind(most).bind(name).bind(series).bind(bound);
    Ok(done.execute(connection).await?.rows_affected())
}

/// Removes every thing of a kind that we know.
pub(super) async fn forget_things(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    for kind in ThingKind::ALL {
        sqlx::query("DELETE FROM thing WHERE kind = $1").bind(kind.name()).execute(&mut *connection).await?;
    }
    Ok(())
}

pub(super) async fn size(connection: &mut SqliteConnection) -> Result<u64, StoreError> {
    let text = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
    place(sqlx::query_scalar(text).fetch_one(connection).await?)
}
