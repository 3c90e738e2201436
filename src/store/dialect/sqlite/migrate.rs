//! Bringing the schema up to date.

use sqlx::SqlitePool;

use super::older;
use crate::store::StoreError;
use crate::store::dialect::known_schema;

/// Every schema in order: version N is at index N - 1.
const SCHEMA: &[&str] = &[
    include_str!("../../schema/001.sql"),
    include_str!("../../schema/002.sql"),
    include_str!("../../schema/003.sql"),
    include_str!("../../schema/004.sql"),
    include_str!("../../schema/005.sql"),
    include_str!("../../schema/006.sql"),
];
/// The version from which everything is a fact; the tables of those before go.
const OF_FACTS: i64 = 5;

/// A schema that this version knows, as how many of ours it is.
///
/// # Errors
/// A newer program made it.
pub(super) fn known(found: i64) -> Result<usize, StoreError> {
    known_schema(found, SCHEMA.len())
}

/// The id of a store that may only be read.
///
/// # Errors
/// Its schema is not that of now.
pub(super) async fn id_of_present(pool: &SqlitePool) -> Result<String, StoreError> {
    let (newest, known) = ("SELECT coalesce(max(version), 0) FROM schema_version", SCHEMA.len());
    let found: i64 = sqlx::query_scalar(newest).fetch_one(pool).await?;
    if self::known(found)? < known {
        return Err(StoreError::Older { found, known });
    }
    Ok(sqlx::query_scalar("SELECT id FROM store").fetch_one(pool).await?)
}

/// Brings the schema up to date, and gives the id.
pub(super) async fn migrate(pool: &SqlitePool) -> Result<String, StoreError> {
    let known = SCHEMA.len();
    let newest = "SELECT coalesce(max(version), 0) FROM schema_version";
    let found: i64 = sqlx::query_scalar(newest).fetch_one(pool).await.unwrap_or(0);
    if usize::try_from(found) != Ok(known) {
        // Its rights are taken from the beginning, so that two that open it at once make it once.
        let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL) STRICT")
            .execute(&mut *tx)
            .await?;
        let found: i64 = sqlx::query_scalar(newest).fetch_one(&mut *tx).await?;
        let done = self::known(found)?;
        for (version, schema) in (1_i64..).zip(SCHEMA).skip(done) {
            sqlx::raw_sql(*schema).execute(&mut *tx).await?;
            sqlx::query("INSERT INTO schema_version (version) VALUES ($1)").bind(version).execute(&mut *tx).await?;
        }
        // With the schema of now: it is written as everything else is.
        if found < OF_FACTS {
            older::bring_over(&mut tx).await?;
        }
        tx.commit().await?;
    }
    Ok(sqlx::query_scalar("SELECT id FROM store").fetch_one(pool).await?)
}
