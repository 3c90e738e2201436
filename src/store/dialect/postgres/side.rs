//! Reading, and what lies beside the chain.

use std::ops::Range;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Row as _};

use super::migrate;
use super::names::{NOW, Named};
use crate::model::thing::{StoredThing, ThingKey};
use crate::store::dialect::{
    CHECKPOINT, Cut, FactRow, Head, IMPORTING, KeptRow, LEASE, LeaseRow, Prune, RollupRow, WhichFacts, WhichThings,
    millis, moment, place, rows,
};
use crate::store::transfer::ImportMark;
use crate::store::{StoreError, chain};

const FACT: &str = "SELECT seq, id, recorded_at, kind, object, entry, hash FROM fact";
const THING: &str = "SELECT kind, id, open, grp, state, seq FROM thing";

pub(super) async fn head(connection: &mut PgConnection, store: &Named) -> Result<Head, StoreError> {
    let text = format!(
        "SELECT store.id, {NOW}, coalesce(last.seq, store.cut), coalesce(last.hash, store.cut_hash),
             (SELECT coalesce(max(version), 0)::bigint FROM schema_version) FROM store
         LEFT JOIN LATERAL (SELECT seq, hash FROM fact ORDER BY seq DESC LIMIT 1) last ON true"
    );
    let row = sqlx::query(sqlx::AssertSqlSafe(text)).fetch_optional(connection).await?;
    let id = row.as_ref().map(|row| row.try_get(0)).transpose()?;
    store.check(id)?;
    let row = row.ok_or(sqlx::Error::RowNotFound)?;
    // Each write begins here.
    migrate::known(row.try_get(4)?)?;
    let hash: Option<Vec<u8>> = row.try_get(3)?;
    let (now, seq) = (moment(row.try_get(1)?)?, place(row.try_get(2)?)?);
    Ok(Head { seq, hash: hash.unwrap_or_else(chain::genesis), now })
}

pub(super) async fn version(connection: &mut PgConnection, store: &Named) -> Result<i64, StoreError> {
    let text = "SELECT id, coalesce((SELECT max(seq) FROM fact), cut), (SELECT body FROM keep WHERE name = $1),
         (SELECT coalesce(max(version), 0)::bigint FROM schema_version) FROM store";
    let row = sqlx::query(text).bind(IMPORTING).fetch_optional(connection).await?;
    store.check(row.as_ref().map(|row| row.try_get(0)).transpose()?)?;
    if let Some(row) = &row {
        migrate::known(row.try_get(3)?)?;
    }
    if let Some(mark) = row.as_ref().map(|row| row.try_get::<Option<Vec<u8>>, _>(2)).transpose()?.flatten() {
        return Err(ImportMark::read(&mark)?.unfinished(&store.place));
    }
    Ok(row.map(|row| row.try_get(1)).transpose()?.unwrap_or_default())
}

pub(super) async fn facts(
    connection: &mut PgConnection,
    which: WhichFacts<'_>,
    most: u32,
) -> Result<Vec<FactRow>, StoreError> {
    let (text, number, name, since) = match which {
        WhichFacts::After(seq) => ("WHERE seq > $2 ORDER BY seq", seq.cast_signed(), "", 0),
        WhichFacts::Since { since, after } => {
            ("WHERE seq > $2 AND recorded_at >= $4 ORDER BY seq", after.cast_signed(), "", millis(since))
        }
        WhichFacts::About(object) => ("WHERE object = $3 ORDER BY seq", 0, object, 0),
        WhichFacts::LastAbout(object) => ("WHERE object = $3 ORDER BY seq DESC", 0, object, 0),
        WhichFacts::Id(id) => ("WHERE id = $3", 0, id, 0),
        WhichFacts::Last => ("ORDER BY seq DESC", 0, "", 0),
        WhichFacts::Kinds { since, kinds } => {
            let text = "WHERE recorded_at >= $4 AND strpos($3, ' ' || kind || ' ') > 0 ORDER BY seq DESC";
            (text, 0, kinds, millis(since))
        }
    };
    // Every parameter is named, so that the server knows its type in each of them.
    let text = format!("WITH given AS (SELECT $2::bigint, $3::text, $4::bigint) {FACT} {text} LIMIT $1::bigint");
    let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(i64::from(most)).bind(number).bind(name).bind(since);
    rows.fetch_all(connection).await?.iter().map(rows::fact).collect()
}

pub(super) async fn things(
    connection: &mut PgConnection,
    which: WhichThings<'_>,
    most: u32,
) -> Result<Vec<StoredThing>, StoreError> {
    let (text, kind, name) = match which.condition() {
        Ok(condition) => condition,
        Err(keys) => return keyed(connection, keys).await,
    };
    let text = format!("WITH given AS (SELECT $2::text, $3::text) {THING} {text} LIMIT $1::bigint");
    let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(i64::from(most)).bind(kind).bind(name);
    let rows = rows.fetch_all(connection).await?;
    Ok(rows.iter().map(rows::thing).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

async fn keyed(connection: &mut PgConnection, keys: &[ThingKey]) -> Result<Vec<StoredThing>, StoreError> {
    let text = format!("{THING} JOIN unnest($1::text[], $2::text[]) wanted (kind, id) USING (kind, id)");
    let rows = sqlx::query(sqlx::AssertSqlSafe(text))
        .bind(keys.iter().map(|key| key.kind.name()).collect::<Vec<_>>())
        .bind(keys.iter().map(|key| key.id.as_str()).collect::<Vec<_>>())
        .fetch_all(connection)
        .await?;
    Ok(rows.iter().map(rows::thing).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

pub(super) async fn cut(connection: &mut PgConnection) -> Result<Option<Cut>, StoreError> {
    let text = "SELECT cut, cut_hash, coalesce(body, '') FROM store LEFT JOIN keep ON keep.name = $1 WHERE cut > 0";
    let row = sqlx::query(text).bind(CHECKPOINT).fetch_optional(connection).await?;
    row.as_ref().map(rows::cut).transpose()
}

pub(super) async fn lease(connection: &mut PgConnection) -> Result<(Option<LeaseRow>, DateTime<Utc>), StoreError> {
    let text = format!(
        "SELECT {NOW}, holder, host, watcher, fence, digest, renewed_at FROM (SELECT 1) one LEFT JOIN lease ON name = $1"
    );
    let row = sqlx::query(sqlx::AssertSqlSafe(text)).bind(LEASE).fetch_one(connection).await?;
    rows::lease(&row)
}

pub(super) async fn renew(
    connection: &mut PgConnection,
    store: &Named,
    fence: u64,
    (holder, digest): (&str, &str),
) -> Result<bool, StoreError> {
    let text = format!(
        "WITH renewed AS (
             UPDATE lease SET renewed_at = {NOW}, holder = $4, digest = $5 FROM store
             WHERE store.id = $1 AND name = $2 AND fence = $3 AND holder <> '' RETURNING 1)
         SELECT (SELECT id FROM store), (SELECT count(*) FROM renewed)"
    );
    let row = sqlx::query(sqlx::AssertSqlSafe(text))
        .bind(&store.id)
        .bind(LEASE)
        .bind(fence.cast_signed())
        .bind(holder)
        .bind(digest)
        .fetch_one(connection)
        .await?;
    store.check(row.try_get(0)?)?;
    Ok(row.try_get::<i64, _>(1)? == 1)
}

pub(super) async fn rollups(
    connection: &mut PgConnection,
    tier: &str,
    series: &str,
    span: Range<i64>,
    most: u32,
) -> Result<Vec<RollupRow>, StoreError> {
    let text = "SELECT start, data FROM rollup WHERE tier = $1 AND series = $2 AND start >= $3 AND start < $4
         ORDER BY start LIMIT $5";
    let most = i64::from(most);
    let rows = sqlx::query(text).bind(tier).bind(series).bind(span.start).bind(span.end).bind(most);
    rows.fetch_all(connection).await?.iter().map(|row| rows::rollup(row, tier, series)).collect()
}

pub(super) async fn next_series(
    connection: &mut PgConnection,
    tier: &str,
    after: Option<&str>,
) -> Result<Option<String>, StoreError> {
    let text = match after {
        Some(_) => "SELECT series FROM rollup WHERE tier = $1 AND series > $2 ORDER BY series LIMIT 1",
        None => "SELECT series FROM rollup WHERE tier = $1 AND $2::text IS NULL ORDER BY series LIMIT 1",
    };
    Ok(sqlx::query_scalar(text).bind(tier).bind(after).fetch_optional(connection).await?)
}

pub(super) async fn kept(
    connection: &mut PgConnection,
    name: &str,
) -> Result<Option<(Vec<u8>, DateTime<Utc>)>, StoreError> {
    let row = sqlx::query("SELECT body, written_at FROM keep WHERE name = $1").bind(name);
    let row = row.fetch_optional(connection).await?;
    row.as_ref().map(rows::kept).transpose()
}

pub(super) async fn kept_below(connection: &mut PgConnection, prefix: &str) -> Result<Vec<KeptRow>, StoreError> {
    let rows = sqlx::query(rows::KEPT_BELOW).bind(prefix).fetch_all(connection).await?;
    rows.iter().map(rows::kept_by_name).collect()
}

pub(super) async fn prune(connection: &mut PgConnection, what: Prune<'_>, most: u32) -> Result<u64, StoreError> {
    let most = i64::from(most);
    let done = match what {
        Prune::Rollups { tier, series, before } => {
            let text = "DELETE FROM rollup WHERE tier = $2 AND series = $3 AND start IN
                 (SELECT start FROM rollup WHERE tier = $2 AND series = $3 AND start < $4 ORDER BY start LIMIT $1)";
            sqlx::query(text).bind(most).bind(tier).bind(series).bind(before).execute(connection).await?
        }
        Prune::Facts => {
            let text = "DELETE FROM fact WHERE seq IN
                 (SELECT seq FROM fact WHERE seq <= (SELECT cut FROM store) ORDER BY seq LIMIT $1)";
            sqlx::query(text).bind(most).execute(connection).await?
        }
        Prune::Things(kind, until) => {
            let text = "DELETE FROM thing WHERE kind = $2 AND id IN
                 (SELECT id FROM thing WHERE kind = $2 AND NOT open AND seq <= $3 LIMIT $1) AND NOT open AND seq <= $3";
            sqlx::query(text).bind(most).bind(kind.name()).bind(until.cast_signed()).execute(connection).await?
        }
    };
    Ok(done.rows_affected())
}

pub(super) async fn size(connection: &mut PgConnection) -> Result<u64, StoreError> {
    let text = "SELECT sum(pg_total_relation_size(to_regclass(name)))::bigint
         FROM unnest(ARRAY['fact', 'thing', 'rollup', 'keep', 'lease', 'store', 'schema_version']) name";
    place(sqlx::query_scalar(text).fetch_one(connection).await?)
}
