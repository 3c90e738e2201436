//! The demo's backup: a dump in SQL with a manifest beside it, and a verification that truly restores it.

#![expect(clippy::disallowed_methods, reason = "an adapter of the demo works on real files")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use super::world::DemoWorld;
use crate::clock::Clock;
use crate::ui::figures;

/// How old the dump is at the start.
const AGE: Duration = Duration::from_hours(3);

/// What the dump must hold, written when it was made.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    sha256: String,
    rows: BTreeMap<String, u64>,
}

/// Writes one backup of the shop's database into `directory`.
///
/// # Errors
/// When the files can't be written.
pub(crate) fn write(directory: &Path, world: &DemoWorld) -> std::io::Result<()> {
    std::fs::create_dir_all(directory)?;
    let mut sql = String::from(
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, total_cents INTEGER NOT NULL);\n\
         CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL);\n",
    );
    let rows =
        BTreeMap::from([("orders".to_owned(), 1200 + world.noise("orders", 0, 400)), ("customers".to_owned(), 310)]);
    for id in 1..=rows["orders"] {
        let _ = writeln!(sql, "INSERT INTO orders VALUES ({id}, {});", 500 + world.noise("total", id, 20_000));
    }
    for id in 1..=rows["customers"] {
        let _ = writeln!(sql, "INSERT INTO customers VALUES ({id}, 'customer {id}');");
    }
    let manifest = Manifest { sha256: digest(sql.as_bytes()), rows };
    let path = directory.join("shop.sql");
    std::fs::write(&path, sql)?;
    let made = Clock::start().now().utc - AGE;
    std::fs::File::options().write(true).open(&path)?.set_modified(made.into())?;
    std::fs::write(directory.join("shop.json"), serde_json::to_string_pretty(&manifest)?)
}

/// Restores the backup into a scratch database, counts, compares, drops it. Returns the report, line by line.
///
/// # Errors
/// In words: what is missing, what differs.
pub(crate) async fn verify(directory: &Path) -> Result<Vec<String>, String> {
    let clock = Clock::start();
    let path = directory.join("shop.sql");
    let unreadable = |path: &Path, error: &dyn std::fmt::Display| format!("{} can't be read: {error}", path.display());
    let sql = std::fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
    let manifest_path = directory.join("shop.json");
    let text = std::fs::read_to_string(&manifest_path).map_err(|error| unreadable(&manifest_path, &error))?;
    let manifest: Manifest = serde_json::from_str(&text).map_err(|error| unreadable(&manifest_path, &error))?;
    let mut report = vec![format!("backup {} of {} bytes", path.display(), sql.len())];
    if digest(sql.as_bytes()) != manifest.sha256 {
        return Err(format!("{} is not what was written: its checksum differs from the manifest's", path.display()));
    }
    report.push("checksum agrees with the manifest".to_owned());
    let scratch = directory.join(format!("scratch-{}.db", std::process::id()));
    let counted = restore(&scratch, sql, manifest.rows.keys()).await;
    let _ = std::fs::remove_file(&scratch);
    let mut proven = Vec::new();
    for (table, rows) in counted? {
        let expected = manifest.rows[&table];
        if rows != expected {
            return Err(format!("table {table} holds {rows} rows, the manifest says {expected}"));
        }
        report.push(format!("table {table}: {rows} rows restored, as expected"));
        proven.push(format!("{table} {} of {}", figures::count(rows), figures::count(expected)));
    }
    report.push(format!("scratch database dropped; verified in {} ms", clock.elapsed().as_millis()));
    let made = path.metadata().and_then(|file| file.modified()).map_err(|error| unreadable(&path, &error))?;
    let age = (clock.now().utc - DateTime::<Utc>::from(made)).num_hours();
    report.push(format!("proven: {}, dump {age} h old", proven.join(", ")));
    Ok(report)
}

async fn restore(
    scratch: &PathBuf,
    sql: String,
    tables: impl Iterator<Item = &String>,
) -> Result<Vec<(String, u64)>, String> {
    let failed = |error: sqlx::Error| format!("the dump does not restore: {error}");
    let mut database =
        SqliteConnectOptions::new().filename(scratch).create_if_missing(true).connect().await.map_err(failed)?;
    // The dump is the thing under test: it runs as it stands, in a database made for it.
    let restored = format!("BEGIN; {sql} COMMIT;");
    sqlx::raw_sql(AssertSqlSafe(restored)).execute(&mut database).await.map_err(failed)?;
    let mut counted = Vec::new();
    for table in tables {
        let query = AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        let rows: i64 = sqlx::query_scalar(query).fetch_one(&mut database).await.map_err(failed)?;
        counted.push((table.clone(), rows.cast_unsigned()));
    }
    database.close().await.map_err(failed)?;
    Ok(counted)
}

fn digest(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_good_backup_is_restored_and_counted() {
        let directory = tempfile::tempdir().unwrap();
        write(directory.path(), &DemoWorld::new(3)).unwrap();
        let report = verify(directory.path()).await.unwrap();
        assert!(report.iter().any(|line| line.contains("customers: 310 rows")), "{report:?}");
        let proven = report.last().unwrap();
        assert!(proven.starts_with("proven: customers 310 of 310, orders 1,"), "{proven}");
        assert!(proven.ends_with(", dump 3 h old"), "{proven}");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 2, "the scratch database is gone");
    }

    #[tokio::test]
    async fn a_damaged_backup_is_found_out() {
        let directory = tempfile::tempdir().unwrap();
        write(directory.path(), &DemoWorld::new(3)).unwrap();
        let path = directory.path().join("shop.sql");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, &text[..text.len() / 2]).unwrap();
        let error = verify(directory.path()).await.unwrap_err();
        assert!(error.contains("checksum differs"), "{error}");
    }
}
