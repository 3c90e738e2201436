//! Writing: each batch is one statement, so that nothing is held over a round trip. The primary key of the sequence decides
//! who was first.

use std::collections::BTreeMap;

use sqlx::{PgConnection, Row as _};

use super::names::{NOW, Named};
use super::wakes::CHANNEL;
use crate::model::thing::ThingKind;
use crate::store::dialect::{
    Appended, Batch, CHECKPOINT, Guard, Head, IMPORTING, LEASE, LeaseRow, RollupRow, Side, millis,
};
use crate::store::{StoreError, chain};

/// The head is compared, and the lease where it changes hands: its row is locked first, so that no renewal falls in between.
/// The facts come before everything else, since who waits for a place must hold nothing that another waits for.
const APPEND: &str = "
WITH head AS (
    SELECT store.id = $1 AS ours, coalesce(last.seq, store.cut) AS seq, coalesce(last.hash, store.cut_hash, $35) AS hash
    FROM store LEFT JOIN LATERAL (SELECT seq, hash FROM fact ORDER BY seq DESC LIMIT 1) last ON true
), held AS (
    SELECT holder FROM lease
    WHERE $19::boolean AND name = $18 AND holder = $20 AND host = $21 AND watcher = $22 AND fence = $23 AND digest = $24
        AND renewed_at = $25
    FOR UPDATE
), marked AS (
    SELECT 1 FROM keep WHERE name = $36 AND body = $37::bytea FOR UPDATE
), due AS (
    SELECT 1 FROM head
    WHERE ours AND seq = $2::bigint AND hash = $3::bytea AND CASE
        WHEN NOT $19::boolean THEN true
        WHEN $20::text IS NULL THEN NOT EXISTS (SELECT FROM lease WHERE name = $18)
        ELSE EXISTS (SELECT FROM held) END
    AND CASE WHEN $37::bytea IS NULL THEN NOT EXISTS (SELECT FROM keep WHERE name = $36) ELSE EXISTS (SELECT FROM marked) END
), facts AS (
    INSERT INTO fact (seq, id, recorded_at, kind, object, entry, hash)
    SELECT new.* FROM unnest($4::bigint[], $5::text[], $6::bigint[], $7::text[], $8::text[], $9::text[], $10::bytea[]) new, due
    RETURNING seq
), written AS (
    SELECT count(*) AS facts FROM facts
), forgotten AS (
    DELETE FROM thing USING written
    WHERE facts > 0 AND kind = ANY($17::text[]) AND NOT EXISTS (
        SELECT FROM unnest($11::text[], $12::text[]) kept (kind, id) WHERE kept.kind = thing.kind AND kept.id = thing.id)
), things AS (
    INSERT INTO thing (kind, id, open, grp, state, seq)
    SELECT new.* FROM unnest($11::text[], $12::text[], $13::boolean[], $14::text[], $15::text[], $16::bigint[]) new, written
    WHERE facts > 0
    ON CONFLICT (kind, id) DO UPDATE
        SET open = excluded.open, grp = excluded.grp, state = excluded.state, seq = excluded.seq
), taken AS (
    INSERT INTO lease (name, holder, host, watcher, fence, digest, renewed_at)
    SELECT $18, $26, $27, $28, $29, $30, NOW FROM written WHERE facts > 0 AND $19::boolean
    ON CONFLICT (name) DO UPDATE
        SET holder = excluded.holder, host = excluded.host, watcher = excluded.watcher, fence = excluded.fence,
            digest = excluded.digest, renewed_at = excluded.renewed_at
), kept AS (
    INSERT INTO keep (name, body, written_at)
    SELECT $34, $33::bytea, NOW FROM written WHERE facts > 0 AND $31::bigint IS NOT NULL
    ON CONFLICT (name) DO UPDATE SET body = excluded.body, written_at = excluded.written_at
), shortened AS (
    UPDATE store SET cut = $31, cut_hash = $32::bytea FROM written WHERE facts > 0 AND cut < $31
), moved AS (
    UPDATE keep SET body = $38::bytea, written_at = NOW FROM written
    WHERE facts > 0 AND name = $36 AND $37::bytea IS NOT NULL AND $38::bytea IS NOT NULL
), unmarked AS (
    DELETE FROM keep USING written WHERE facts > 0 AND name = $36 AND $37::bytea IS NOT NULL AND $38::bytea IS NULL
)
SELECT (SELECT id FROM store), facts, $37::bytea IS NULL AND EXISTS (SELECT FROM keep WHERE name = $36),
    CASE WHEN facts > 0 THEN pg_notify('CHANNEL', '')::text END FROM written";

/// The lease is locked for the length of the statement, so that nobody takes it while its holder writes.
const PUT: &str = "
WITH held AS (
    SELECT holder FROM lease WHERE name = $2 AND fence = $3::bigint FOR SHARE
), marked AS (
    SELECT 1 FROM keep WHERE name = $13 AND body = $15::bytea FOR UPDATE
), due AS (
    SELECT 1 FROM store WHERE id = $1 AND ($3::bigint IS NULL OR EXISTS (SELECT FROM held)) AND CASE
        WHEN NOT $14::boolean THEN true
        WHEN $15::bytea IS NULL THEN NOT EXISTS (SELECT FROM keep WHERE name = $13)
        ELSE EXISTS (SELECT FROM marked) END
), forgotten AS (
    DELETE FROM keep USING due WHERE name = ANY($16::text[])
), gone AS (
    DELETE FROM rollup USING unnest($4::text[], $5::text[], $6::bigint[]) old (tier, series, start), due
    WHERE rollup.tier = old.tier AND rollup.series = old.series AND rollup.start = old.start
), rows AS (
    INSERT INTO rollup (tier, series, start, data)
    SELECT new.* FROM unnest($7::text[], $8::text[], $9::bigint[], $10::bytea[]) new, due
    ON CONFLICT (tier, series, start) DO UPDATE SET data = excluded.data
), kept AS (
    INSERT INTO keep (name, body, written_at)
    SELECT new.name, new.body, NOW FROM unnest($11::text[], $12::bytea[]) new (name, body), due
    ON CONFLICT (name) DO UPDATE SET body = excluded.body, written_at = excluded.written_at
)
SELECT (SELECT id FROM store), (SELECT count(*) FROM due)";

pub(super) async fn append(
    connection: &mut PgConnection,
    store: &Named,
    after: &Head,
    batch: Batch<'_>,
) -> Result<Appended, StoreError> {
    let Batch { facts, things, all_things, taking, cut, import } = batch;
    let kinds = all_things.then(|| ThingKind::ALL.map(ThingKind::name).to_vec());
    let found = taking.and_then(|taking| taking.found);
    let new = taking.map(|taking| taking.new);
    let text = sqlx::AssertSqlSafe(APPEND.replace("NOW", NOW).replace("CHANNEL", CHANNEL));
    let query = sqlx::query(text)
        .bind(&store.id)
        .bind(after.seq.cast_signed())
        .bind(&after.hash)
        .bind(facts.iter().map(|fact| fact.seq.cast_signed()).collect::<Vec<_>>())
        .bind(facts.iter().map(|fact| fact.id.as_str()).collect::<Vec<_>>())
        .bind(facts.iter().map(|fact| millis(fact.recorded_at)).collect::<Vec<_>>())
        .bind(facts.iter().map(|fact| fact.kind.as_str()).collect::<Vec<_>>())
        .bind(facts.iter().map(|fact| fact.object.as_str()).collect::<Vec<_>>())
        .bind(facts.iter().map(|fact| fact.entry.as_str()).collect::<Vec<_>>())
        .bind(facts.iter().map(|fact| fact.hash.as_slice()).collect::<Vec<_>>())
        .bind(things.iter().map(|thing| thing.key.kind.name()).collect::<Vec<_>>())
        .bind(things.iter().map(|thing| thing.key.id.as_str()).collect::<Vec<_>>())
        .bind(things.iter().map(|thing| thing.open).collect::<Vec<_>>())
        .bind(things.iter().map(|thing| thing.group.as_str()).collect::<Vec<_>>())
        .bind(things.iter().map(|thing| thing.state.to_string()).collect::<Vec<_>>())
        .bind(things.iter().map(|thing| thing.seq.cast_signed()).collect::<Vec<_>>())
        .bind(kinds)
        .bind(LEASE)
        .bind(taking.is_some());
    let query = lease(query, found).bind(found.map(|lease| millis(lease.renewed_at)));
    let query = lease(query, new)
        .bind(cut.map(|cut| cut.seq.cast_signed()))
        .bind(cut.map(|cut| cut.hash.as_slice()))
        .bind(cut.map(|cut| cut.things.as_slice()))
        .bind(CHECKPOINT)
        .bind(chain::genesis())
        .bind(IMPORTING)
        .bind(import.map(|step| step.found))
        .bind(import.and_then(|step| step.left));
    let row = match query.fetch_one(connection).await {
        Ok(row) => row,
        Err(error) => return refused(error),
    };
    store.check(row.try_get(0)?)?;
    let written: i64 = row.try_get(1)?;
    Ok(match written {
        0 if row.try_get(2)? => Appended::Importing,
        0 => Appended::Clash,
        _ => Appended::Done,
    })
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments>;

/// The five words of a lease.
fn lease<'q>(query: Query<'q>, lease: Option<&'q LeaseRow>) -> Query<'q> {
    query
        .bind(lease.map(|lease| lease.holder.as_str()))
        .bind(lease.map(|lease| lease.host.as_str()))
        .bind(lease.map(|lease| lease.watcher))
        .bind(lease.map(|lease| lease.fence.cast_signed()))
        .bind(lease.map(|lease| lease.digest.as_str()))
}

/// What an error of the server says of a batch: somebody was faster, or it is there already.
fn refused(error: sqlx::Error) -> Result<Appended, StoreError> {
    let database = error.as_database_error();
    let code = database.and_then(sqlx::error::DatabaseError::code);
    match (code.as_deref(), database.and_then(sqlx::error::DatabaseError::constraint)) {
        (Some("23505"), Some("fact_id_key")) => Ok(Appended::Known),
        (Some("23505"), Some("fact_pkey")) | (Some("40001" | "40P01"), _) => Ok(Appended::Clash),
        _ => Err(error.into()),
    }
}

pub(super) async fn put(
    connection: &mut PgConnection,
    store: &Named,
    guard: Guard<'_>,
    rows: &[Side<'_>],
) -> Result<bool, StoreError> {
    let (fence, import) = match guard {
        Guard::Free => (None, None),
        Guard::Fence(fence) => (Some(fence), None),
        Guard::Import(mark) => (None, Some(mark)),
    };
    // One statement touches a row once: the last word counts.
    let (mut rollups, mut kept) = (BTreeMap::new(), BTreeMap::new());
    for row in rows {
        match row {
            Side::Rollup(row) => drop(rollups.insert(key(row), Some(row.data.as_slice()))),
            Side::RemoveRollup(row) => drop(rollups.insert(key(row), None)),
            Side::Keep(name, body) => drop(kept.insert(*name, Some(*body))),
            Side::Forget(name) => drop(kept.insert(*name, None)),
        }
    }
    let gone: Vec<_> = rollups.iter().filter(|(_, data)| data.is_none()).map(|(key, _)| *key).collect();
    let new: Vec<_> = rollups.iter().filter_map(|(key, data)| Some((*key, (*data)?))).collect();
    let forgotten: Vec<_> = kept.iter().filter(|(_, body)| body.is_none()).map(|(name, _)| *name).collect();
    let kept: Vec<_> = kept.iter().filter_map(|(name, body)| Some((*name, (*body)?))).collect();
    let row = sqlx::query(sqlx::AssertSqlSafe(PUT.replace("NOW", NOW)))
        .bind(&store.id)
        .bind(LEASE)
        .bind(fence.map(u64::cast_signed))
        .bind(gone.iter().map(|(tier, _, _)| *tier).collect::<Vec<_>>())
        .bind(gone.iter().map(|(_, series, _)| *series).collect::<Vec<_>>())
        .bind(gone.iter().map(|(_, _, start)| *start).collect::<Vec<_>>())
        .bind(new.iter().map(|((tier, _, _), _)| *tier).collect::<Vec<_>>())
        .bind(new.iter().map(|((_, series, _), _)| *series).collect::<Vec<_>>())
        .bind(new.iter().map(|((_, _, start), _)| *start).collect::<Vec<_>>())
        .bind(new.iter().map(|(_, data)| *data).collect::<Vec<_>>())
        .bind(kept.iter().map(|(name, _)| *name).collect::<Vec<_>>())
        .bind(kept.iter().map(|(_, body)| *body).collect::<Vec<_>>())
        .bind(IMPORTING)
        .bind(import.is_some())
        .bind(import.flatten())
        .bind(forgotten)
        .fetch_one(connection)
        .await?;
    store.check(row.try_get(0)?)?;
    Ok(row.try_get::<i64, _>(1)? > 0)
}

fn key(row: &RollupRow) -> (&str, &str, i64) {
    (&row.tier, &row.series, row.start)
}
