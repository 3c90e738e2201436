//! Where the chain ends, and how the rows of facts and things are written.

use sqlx::{Row as _, SqliteConnection};

use super::super::{FactRow, Head, millis, moment, place};
use crate::model::thing::StoredThing;
use crate::store::{StoreError, chain};

pub(super) async fn head(connection: &mut SqliteConnection) -> Result<Head, StoreError> {
    // The clock of a store that is a file is that of its host, and so of everybody who uses it.
    let row = sqlx::query(
        "SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER), coalesce(seq, cut), coalesce(hash, cut_hash) FROM store
         LEFT JOIN (SELECT seq, hash FROM fact ORDER BY seq DESC LIMIT 1)",
    )
    .fetch_one(connection)
    .await?;
    let (now, seq, hash): (i64, i64, Option<Vec<u8>>) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    Ok(Head { seq: place(seq)?, hash: hash.unwrap_or_else(chain::genesis), now: moment(now)? })
}

pub(super) async fn write(
    connection: &mut SqliteConnection,
    facts: &[FactRow],
    things: &[StoredThing],
) -> Result<(), StoreError> {
    for fact in facts {
        sqlx::query(
            "INSERT INTO fact (seq, id, recorded_at, kind, object, entry, hash) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(fact.seq.cast_signed())
        .bind(&fact.id)
        .bind(millis(fact.recorded_at))
        .bind(&fact.kind)
        .bind(&fact.object)
        .bind(&fact.entry)
        .bind(&fact.hash)
        .execute(&mut *connection)
        .await?;
    }
    for thing in things {
        sqlx::query(
            "INSERT INTO thing (kind, id, open, grp, state, seq) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (kind, id) DO UPDATE SET open = $3, grp = $4, state = $5, seq = $6",
        )
        .bind(thing.key.kind.name())
        .bind(&thing.key.id)
        .bind(thing.open)
        .bind(&thing.group)
        .bind(thing.state.to_string())
        .bind(thing.seq.cast_signed())
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// Whether a fact was not written because one of its id is there.
pub(super) fn is_known(error: &sqlx::Error) -> bool {
    let error = error.as_database_error();
    error.is_some_and(|error| error.is_unique_violation() && error.message().ends_with("fact.id"))
}
