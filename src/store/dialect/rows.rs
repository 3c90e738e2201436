//! How the rows of a store are read, in every dialect.

use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Postgres, Row as _, Sqlite, Type};

use super::{Cut, FactRow, KeptRow, LeaseRow, RollupRow, moment, place};
use crate::model::thing::{StoredThing, ThingKey, ThingKind};
use crate::store::StoreError;

/// What stands in a column: a type that every dialect knows.
pub(super) trait Cell:
    for<'r> Decode<'r, Postgres> + Type<Postgres> + for<'r> Decode<'r, Sqlite> + Type<Sqlite>
{
}

impl<T: for<'r> Decode<'r, Postgres> + Type<Postgres> + for<'r> Decode<'r, Sqlite> + Type<Sqlite>> Cell for T {}

/// A row of a dialect.
pub(super) trait StoreRow {
    /// What stands in its column, counted from 0.
    fn cell<T: Cell>(&self, column: usize) -> Result<T, sqlx::Error>;
}

impl StoreRow for SqliteRow {
    fn cell<T: Cell>(&self, column: usize) -> Result<T, sqlx::Error> {
        self.try_get(column)
    }
}

impl StoreRow for PgRow {
    fn cell<T: Cell>(&self, column: usize) -> Result<T, sqlx::Error> {
        self.try_get(column)
    }
}

/// Of `seq, id, recorded_at, kind, object, entry, hash`.
pub(super) fn fact(row: &impl StoreRow) -> Result<FactRow, StoreError> {
    Ok(FactRow {
        seq: place(row.cell(0)?)?,
        id: row.cell(1)?,
        recorded_at: moment(row.cell(2)?)?,
        kind: row.cell(3)?,
        object: row.cell(4)?,
        entry: row.cell(5)?,
        hash: row.cell(6)?,
    })
}

/// Of `kind, id, open, grp, state, seq`. `None` where a newer version keeps things of a kind that this one does not know.
pub(super) fn thing(row: &impl StoreRow) -> Result<Option<StoredThing>, StoreError> {
    let Some(kind) = ThingKind::from_name(&row.cell::<String>(0)?) else { return Ok(None) };
    let state: String = row.cell(4)?;
    Ok(Some(StoredThing {
        key: ThingKey { kind, id: row.cell(1)? },
        open: row.cell(2)?,
        group: row.cell(3)?,
        // What is no JSON differs from what the facts say, and is put in place again from them.
        state: serde_json::from_str(&state).unwrap_or_default(),
        seq: place(row.cell(5)?)?,
    }))
}

/// Of `cut, cut_hash, body`.
pub(super) fn cut(row: &impl StoreRow) -> Result<Cut, StoreError> {
    let hash: Option<Vec<u8>> = row.cell(1)?;
    Ok(Cut { seq: place(row.cell(0)?)?, hash: hash.unwrap_or_default(), things: row.cell(2)? })
}

/// Of the store's clock and `holder, host, watcher, fence, digest, renewed_at`, which are nothing where nobody ever held it.
pub(super) fn lease(row: &impl StoreRow) -> Result<(Option<LeaseRow>, DateTime<Utc>), StoreError> {
    let now = moment(row.cell(0)?)?;
    let Some(holder) = row.cell(1)? else { return Ok((None, now)) };
    let lease = LeaseRow {
        holder,
        host: row.cell(2)?,
        watcher: row.cell(3)?,
        fence: place(row.cell(4)?)?,
        digest: row.cell(5)?,
        renewed_at: moment(row.cell(6)?)?,
    };
    Ok((Some(lease), now))
}

/// Of `start, data`.
pub(super) fn rollup(row: &impl StoreRow, tier: &str, series: &str) -> Result<RollupRow, StoreError> {
    Ok(RollupRow { tier: tier.to_owned(), series: series.to_owned(), start: row.cell(0)?, data: row.cell(1)? })
}

/// Of `body, written_at`.
pub(super) fn kept(row: &impl StoreRow) -> Result<(Vec<u8>, DateTime<Utc>), StoreError> {
    Ok((row.cell(0)?, moment(row.cell(1)?)?))
}

/// `name, body, written_at` of what is kept by names that begin so, in every dialect.
pub(super) const KEPT_BELOW: &str =
    "SELECT name, body, written_at FROM keep WHERE substr(name, 1, length($1)) = $1 ORDER BY name";

/// Of `name, body, written_at`.
pub(super) fn kept_by_name(row: &impl StoreRow) -> Result<KeptRow, StoreError> {
    Ok((row.cell(0)?, row.cell(1)?, moment(row.cell(2)?)?))
}
