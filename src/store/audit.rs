//! The audit: the facts in their chain, read and verified.

use std::collections::BTreeMap;

use serde::Serialize;

use super::chain::{chained, genesis, hex, root, unhex};
use super::dialect::{FactRow, WhichFacts};
use super::error::missing;
use super::{Store, StoreError};
use crate::model::fact::{Fact, Statement, WrittenBefore};

/// Facts that are read at once.
const PAGE: u32 = 1000;

/// One chain, as far as it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Chain {
    /// Whose it was in an earlier version; `None`: the chain of the store.
    pub writer: Option<String>,
    /// Entries that hold.
    pub entries: u64,
    /// The hash of the last entry that holds, hex; keep it elsewhere to notice a chain that was cut short.
    pub head: String,
    /// Where it is broken: the sequence number, and how.
    pub broken: Option<(i64, String)>,
}

/// One exported entry.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditLine {
    /// Its number, from 1.
    pub seq: u64,
    /// The entry as it was stored.
    pub entry: serde_json::Value,
    /// Its hash, hex.
    pub hash: String,
}

/// A chain that is being verified.
struct Walk {
    chain: Chain,
    before: Vec<u8>,
}

impl Walk {
    fn from(writer: Option<String>, before: Vec<u8>) -> Self {
        Self { chain: Chain { writer, entries: 0, head: hex(&genesis()), broken: None }, before }
    }

    /// Takes the next entry, unless the chain is broken.
    fn step(&mut self, due: u64, seq: u64, entry: &str, hash: &[u8]) {
        if self.chain.broken.is_some() {
            return;
        }
        if let Some(how) = fault(due, seq, &self.before, entry, hash) {
            self.chain.broken = Some((due.min(seq).cast_signed(), how));
            return;
        }
        self.chain.entries += 1;
        self.chain.head = hex(hash);
        hash.clone_into(&mut self.before);
    }
}

impl Store {
    /// Verifies the chain of the store, and those of earlier versions that it goes on from, each up to its first break.
    ///
    /// # Errors
    /// The audit can't be read.
    pub async fn verify_audit(&self) -> Result<Vec<Chain>, StoreError> {
        let cut = self.dialect.cut().await?;
        let is_whole = cut.is_none();
        let (begin, before) = cut.map_or_else(|| (0, genesis()), |cut| (cut.seq, cut.hash));
        let mut walk = Walk::from(None, before);
        let mut older: BTreeMap<String, Walk> = BTreeMap::new();
        let mut heads = BTreeMap::new();
        let mut after = begin;
        loop {
            let page = self.dialect.facts(WhichFacts::After(after), PAGE).await?;
            for row in &page {
                let said = Fact::from_entry(&row.entry).ok().map(|fact| fact.draft.said);
                if let (0, Some(Statement::StoreOpened(opened))) = (after, &said) {
                    walk.before = root(opened).unwrap_or_else(genesis);
                    heads.clone_from(&opened.heads);
                }
                walk.step(after + 1, row.seq, &row.entry, &row.hash);
                // Of earlier chains that the cut went through, what is left is held by ours.
                if is_whole && let Some(Statement::WrittenBefore(before)) = said {
                    let WrittenBefore { writer, seq, entry, hash } = before;
                    let fresh = || Walk::from(Some(writer.clone()), genesis());
                    let older = older.entry(writer.clone()).or_insert_with(fresh);
                    let due = older.chain.entries + 1;
                    older.step(due, seq, &entry, &unhex(&hash).unwrap_or_default());
                }
                after = row.seq;
            }
            if page.len() < PAGE as usize {
                break;
            }
        }
        for (writer, (seq, hash)) in heads {
            let older = older.entry(writer.clone()).or_insert_with(|| Walk::from(Some(writer), genesis()));
            if older.chain.broken.is_none() && (older.chain.entries, &older.chain.head) != (seq, &hash) {
                let due = older.chain.entries + 1;
                let how = if due == seq {
                    missing(due.cast_signed(), due.cast_signed())
                } else {
                    format!("entries up to {seq} are missing")
                };
                older.chain.broken = Some((due.cast_signed(), how));
            }
        }
        let store = Some(walk.chain).filter(|chain| after > begin || chain.broken.is_some());
        Ok(store.into_iter().chain(older.into_values().map(|walk| walk.chain)).collect())
    }

    /// Every entry as it is stored, with its hash, at most `most` after the given place, so that a long audit is read in
    /// pages.
    ///
    /// # Errors
    /// The audit can't be read.
    pub async fn audit_page(&self, after: u64, most: u32) -> Result<Vec<AuditLine>, StoreError> {
        self.dialect.facts(WhichFacts::After(after), most).await?.iter().map(line).collect()
    }

    /// The latest entries, newest first.
    ///
    /// # Errors
    /// The audit can't be read.
    pub(crate) async fn latest_audit(&self, most: u32) -> Result<Vec<AuditLine>, StoreError> {
        self.dialect.facts(WhichFacts::Last, most).await?.iter().map(line).collect()
    }
}

fn line(row: &FactRow) -> Result<AuditLine, StoreError> {
    let entry = serde_json::from_str(&row.entry).map_err(|error| StoreError::Content(error.to_string()))?;
    Ok(AuditLine { seq: row.seq, entry, hash: hex(&row.hash) })
}

/// How an entry breaks the chain, if it does.
fn fault(due: u64, seq: u64, before: &[u8], entry: &str, hash: &[u8]) -> Option<String> {
    if seq != due {
        return Some(format!("entry {due} is missing, the next is {seq}"));
    }
    if chained(before, entry.as_bytes()) != hash {
        return Some("the entry does not match its hash: it, or one before it, was changed".to_owned());
    }
    let said = serde_json::from_str::<serde_json::Value>(entry).ok();
    let said = said.as_ref().and_then(|entry| entry.get("seq")).and_then(serde_json::Value::as_u64);
    (said != Some(seq)).then(|| "the entry was moved from another place".to_owned())
}
