//! What lies in a database, and bringing its schema up to date.

use sqlx::{Connection as _, PgConnection};

use crate::store::StoreError;
use crate::store::dialect::known_schema;
use crate::store::place::Found;

/// Every schema in order: version N is at index N - 1. They are numbered by themselves, not as those of SQLite.
const SCHEMA: &[&str] = &[include_str!("../../schema/postgres/001.sql")];
/// The tables of a store.
const TABLES: [&str; 7] = ["fact", "keep", "lease", "rollup", "schema_version", "store", "thing"];
/// The lock under which a schema is made: "opsroom" in ASCII.
const TURN: i64 = 0x006f_7073_726f_6f6d;

/// Looks without writing. Tables of other programs may lie beside ours; those that bear one of our names may not.
pub(super) async fn look(connection: &mut PgConnection, place: &str) -> Result<Found, StoreError> {
    // As a statement finds them: along the search path. `to_regclass` would answer from a cache that knows nothing of what
    // another session has just made.
    let text = "SELECT DISTINCT relname::text FROM pg_class
         WHERE relname = ANY($1::text[]) AND pg_table_is_visible(oid) ORDER BY 1";
    let found: Vec<String> = sqlx::query_scalar(text).bind(TABLES.to_vec()).fetch_all(&mut *connection).await?;
    if found.is_empty() {
        return Ok(Found::Empty);
    }
    let text =
        "SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('store') AND attname = 'cut_hash')";
    if found.len() == TABLES.len() && sqlx::query_scalar::<_, bool>(text).fetch_one(connection).await? {
        return Ok(Found::Ours);
    }
    let tables = found.join(", ");
    let what = format!("a database with tables of another program that bear the names of ours ({tables})");
    Err(StoreError::NotAStore { path: place.to_owned(), what })
}

/// What a role must be allowed to do for the store to be written, beside reading it: each write is one statement, for which the
/// server asks for all of it, whatever comes of it.
const NEEDED: &str =
    "(VALUES ('fact', 'INSERT'), ('keep', 'DELETE'), ('keep', 'INSERT'), ('keep', 'UPDATE'), ('lease', 'INSERT'),
    ('lease', 'UPDATE'), ('rollup', 'DELETE'), ('rollup', 'INSERT'), ('rollup', 'UPDATE'), ('store', 'UPDATE'),
    ('thing', 'DELETE'), ('thing', 'INSERT'), ('thing', 'UPDATE')) needed (name, ability)";

/// A role that may read the store and not write it.
#[derive(Debug, Clone)]
pub(in crate::store) struct Reader {
    /// Its name.
    pub role: String,
    /// What it may not do: `keep (UPDATE), thing (DELETE, UPDATE)`.
    pub lacks: String,
}

/// Brings the schema up to date, and gives the id, with the role where that may not write. Two that open an empty database at
/// once make it once.
pub(super) async fn migrate(
    connection: &mut PgConnection,
    place: &str,
) -> Result<(String, Option<Reader>), StoreError> {
    if version(connection, place).await? != SCHEMA.len() {
        let mut tx = connection.begin().await?;
        sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(TURN).execute(&mut *tx).await?;
        let done = version(&mut tx, place).await?;
        if done == 0 {
            sqlx::raw_sql("CREATE TABLE schema_version (version bigint NOT NULL)").execute(&mut *tx).await?;
        }
        for (version, schema) in (1_i64..).zip(SCHEMA).skip(done) {
            sqlx::raw_sql(*schema).execute(&mut *tx).await?;
            sqlx::query("INSERT INTO schema_version (version) VALUES ($1)").bind(version).execute(&mut *tx).await?;
        }
        tx.commit().await?;
    }
    let id = sqlx::query_scalar("SELECT id FROM store").fetch_one(&mut *connection).await?;
    let text = format!(
        "SELECT current_user::text AS role, string_agg(lack, ', ' ORDER BY lack) AS lacks FROM (
             SELECT name || ' (' || string_agg(ability, ', ' ORDER BY ability) || ')' AS lack FROM {NEEDED}
             WHERE NOT has_table_privilege(name, ability) GROUP BY name) lacking
         HAVING count(*) > 0"
    );
    let lacking: Option<(String, String)> =
        sqlx::query_as(sqlx::AssertSqlSafe(text)).fetch_optional(connection).await?;
    Ok((id, lacking.map(|(role, lacks)| Reader { role, lacks })))
}

/// The version of the schema that is there; 0: none is.
async fn version(connection: &mut PgConnection, place: &str) -> Result<usize, StoreError> {
    if look(connection, place).await? != Found::Ours {
        return Ok(0);
    }
    let text = "SELECT coalesce(max(version), 0)::bigint FROM schema_version";
    let found: i64 = sqlx::query_scalar(text).fetch_one(connection).await?;
    known(found)
}

/// A schema that this version knows, as how many of ours it is.
///
/// # Errors
/// A newer program made it.
pub(super) fn known(found: i64) -> Result<usize, StoreError> {
    known_schema(found, SCHEMA.len())
}
