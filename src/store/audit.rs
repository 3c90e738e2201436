//! The audit: append-only and chained by hashes, one chain a writer.
//!
//! A chain shows that an entry was changed, removed, inserted or moved. It can't show that its end was cut off, nor that
//! somebody who may write the file made all of it again: therefore its head is kept beside the store (see
//! [`super::heads`]), and printed where it can be kept elsewhere.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::heads::ChainMark;
use super::{Store, StoreError};

/// What is put on record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AuditEntry<'a> {
    /// When.
    pub at: DateTime<Utc>,
    /// Who: the login name, with the SSH client where known.
    pub who: &'a str,
    /// What kind of thing happened: `run.intent`, `run.end`, `run.refused`, `run.verdict`, `unlock`, …
    pub kind: &'a str,
    /// On what: the run's id, the target.
    pub object: &'a str,
    /// The digest of the plan, where there is one.
    pub plan_digest: Option<&'a str>,
    /// Anything more: redacted by whoever puts it on record.
    pub detail: &'a serde_json::Value,
}

/// An entry with its place, as it is stored: these bytes are what is hashed.
#[derive(Serialize)]
struct Stored<'a> {
    seq: i64,
    at: String,
    who: &'a str,
    host: &'a str,
    process: u32,
    kind: &'a str,
    object: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan_digest: Option<&'a str>,
    detail: &'a serde_json::Value,
}

/// One chain, as far as it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Chain {
    /// Whose it is.
    pub writer: String,
    /// Entries that hold.
    pub entries: u64,
    /// The hash of the last entry that holds, hex; keep it elsewhere to notice a chain that was cut short.
    pub head: String,
    /// Where it is broken: the sequence number, and how.
    pub broken: Option<(i64, String)>,
}

/// Appends to the writer's chain, within the transaction of what it is the record of.
pub(super) async fn append(
    connection: &mut SqliteConnection,
    writer: &str,
    entry: AuditEntry<'_>,
) -> Result<ChainMark, StoreError> {
    let last = sqlx::query("SELECT seq, hash FROM audit WHERE writer = $1 ORDER BY seq DESC LIMIT 1")
        .bind(writer)
        .fetch_optional(&mut *connection)
        .await?;
    let (seq, before) = match last {
        Some(row) => (row.try_get::<i64, _>(0)? + 1, row.try_get::<Vec<u8>, _>(1)?),
        None => (1, genesis()),
    };
    let stored = Stored {
        seq,
        at: entry.at.to_rfc3339_opts(SecondsFormat::Millis, true),
        who: entry.who,
        host: writer,
        process: std::process::id(),
        kind: entry.kind,
        object: entry.object,
        plan_digest: entry.plan_digest,
        detail: entry.detail,
    };
    let bytes = serde_json::to_vec(&stored).map_err(|error| StoreError::Content(error.to_string()))?;
    let hash = chained(&before, &bytes);
    let mark = ChainMark { seq, hash: hex(&hash) };
    sqlx::query("INSERT INTO audit (writer, seq, entry, hash) VALUES ($1, $2, $3, $4)")
        .bind(writer)
        .bind(seq)
        .bind(bytes)
        .bind(hash)
        .execute(connection)
        .await?;
    Ok(mark)
}

impl Store {
    /// Puts something on record by itself.
    ///
    /// # Errors
    /// It could not be written: what it is the record of must then not happen.
    pub(crate) async fn record(&self, entry: AuditEntry<'_>) -> Result<(), StoreError> {
        let mut tx = self.begin_writing().await?;
        tx.append(entry).await?;
        tx.commit().await
    }

    /// Verifies every chain, each up to its first break.
    ///
    /// # Errors
    /// The audit can't be read.
    pub async fn verify_audit(&self) -> Result<Vec<Chain>, StoreError> {
        let writers: Vec<String> =
            sqlx::query_scalar("SELECT DISTINCT writer FROM audit ORDER BY writer").fetch_all(&self.pool).await?;
        let mut chains = Vec::new();
        for writer in writers {
            chains.push(self.verify_chain(writer).await?);
        }
        Ok(chains)
    }

    async fn verify_chain(&self, writer: String) -> Result<Chain, StoreError> {
        const PAGE: i64 = 1000;
        let mut chain = Chain { writer, entries: 0, head: hex(&genesis()), broken: None };
        let (mut before, mut after) = (genesis(), i64::MIN);
        loop {
            let page =
                sqlx::query("SELECT seq, entry, hash FROM audit WHERE writer = $1 AND seq > $2 ORDER BY seq LIMIT $3")
                    .bind(&chain.writer)
                    .bind(after)
                    .bind(PAGE)
                    .fetch_all(&self.pool)
                    .await?;
            for row in &page {
                let (seq, entry, hash): (i64, Vec<u8>, Vec<u8>) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
                let due = i64::try_from(chain.entries).unwrap_or(i64::MAX).saturating_add(1);
                if let Some(how) = fault(due, seq, &before, &entry, &hash) {
                    chain.broken = Some((due.min(seq), how));
                    return Ok(chain);
                }
                chain.entries += 1;
                chain.head = hex(&hash);
                (before, after) = (hash, seq);
            }
            if page.len() < PAGE as usize {
                return Ok(chain);
            }
        }
    }

    /// Every entry as it is stored, one JSON object each, with its hash; ordered by writer and number. At most `most`
    /// after the given place, so that a long audit is read in pages.
    ///
    /// # Errors
    /// The audit can't be read.
    pub async fn audit_page(&self, after: Option<(&str, i64)>, most: u32) -> Result<Vec<AuditLine>, StoreError> {
        let (writer, seq) = after.unwrap_or(("", 0));
        let rows = sqlx::query(
            "SELECT writer, seq, entry, hash FROM audit WHERE writer > $1 OR (writer = $1 AND seq > $2)
             ORDER BY writer, seq LIMIT $3",
        )
        .bind(writer)
        .bind(seq)
        .bind(most)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(line).collect()
    }

    /// The latest entries of all writers, newest first.
    ///
    /// # Errors
    /// The audit can't be read.
    pub(crate) async fn latest_audit(&self, most: usize) -> Result<Vec<AuditLine>, StoreError> {
        let rows = sqlx::query("SELECT writer, seq, entry, hash FROM audit ORDER BY rowid DESC LIMIT $1")
            .bind(i64::try_from(most).unwrap_or(i64::MAX))
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(line).collect()
    }
}

fn line(row: &SqliteRow) -> Result<AuditLine, StoreError> {
    let bytes: Vec<u8> = row.try_get(2)?;
    let hash: Vec<u8> = row.try_get(3)?;
    Ok(AuditLine {
        writer: row.try_get(0)?,
        seq: row.try_get(1)?,
        entry: serde_json::from_slice(&bytes).map_err(|error| StoreError::Content(error.to_string()))?,
        hash: hex(&hash),
    })
}

/// One exported entry.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditLine {
    /// Whose chain.
    pub writer: String,
    /// Its number in that chain, from 1.
    pub seq: i64,
    /// The entry as it was stored.
    pub entry: serde_json::Value,
    /// Its hash, hex.
    pub hash: String,
}

/// How an entry breaks the chain, if it does.
fn fault(due: i64, seq: i64, before: &[u8], entry: &[u8], hash: &[u8]) -> Option<String> {
    if seq != due {
        return Some(format!("entry {due} is missing, the next is {seq}"));
    }
    if chained(before, entry) != hash {
        return Some("the entry does not match its hash: it, or one before it, was changed".to_owned());
    }
    let said = serde_json::from_slice::<serde_json::Value>(entry).ok();
    let said = said.as_ref().and_then(|entry| entry.get("seq")).and_then(serde_json::Value::as_i64);
    (said != Some(seq)).then(|| "the entry was moved from another place".to_owned())
}

fn chained(before: &[u8], entry: &[u8]) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(before);
    hash.update((entry.len() as u64).to_le_bytes());
    hash.update(entry);
    hash.finalize().to_vec()
}

fn genesis() -> Vec<u8> {
    vec![0; 32]
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
