//! One line of an exported store.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::store::chain::{hex, unhex};
use crate::store::dialect::{Cut, RollupRow};

/// The version of the form.
pub(super) const FORM: u32 = 1;

/// One line. Each is an object with one of these names.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    /// The first.
    Store(ExportHead),
    /// A fact: its entry to the letter, and its hash, hex.
    Fact {
        /// What is hashed.
        entry: String,
        /// Its hash, hex.
        hash: String,
    },
    /// A row of roll-ups.
    Rollup {
        /// `minute` or `hour`.
        tier: String,
        /// Of what.
        series: String,
        /// Milliseconds since 1970 in UTC.
        start: i64,
        /// The buckets, base64.
        data: String,
    },
    /// What is kept by name.
    Keep {
        /// The name.
        name: String,
        /// The content, base64.
        body: String,
    },
    /// The last.
    End(End),
}

/// Which store, and where its chain begins.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ExportHead {
    /// The version of the form.
    pub form: u32,
    /// Its id.
    pub id: String,
    /// Where the chain was cut; `None`: it is whole.
    pub cut: Option<CutLine>,
}

/// Where the chain was cut.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct CutLine {
    /// The last fact that is not there.
    pub seq: u64,
    /// Its hash, hex.
    pub hash: String,
    /// The things as they stood there.
    pub things: Value,
}

/// What was written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct End {
    /// The last fact.
    pub seq: u64,
    /// Its hash, hex.
    pub hash: String,
    /// Facts.
    pub facts: u64,
    /// Rows of roll-ups.
    pub rollups: u64,
    /// What is kept by name.
    pub kept: u64,
}

impl CutLine {
    pub(super) fn from_cut(cut: &Cut) -> serde_json::Result<Self> {
        Ok(Self { seq: cut.seq, hash: hex(&cut.hash), things: serde_json::from_slice(&cut.things)? })
    }

    pub(super) fn to_cut(&self) -> Option<Cut> {
        Some(Cut { seq: self.seq, hash: unhex(&self.hash)?, things: serde_json::to_vec(&self.things).ok()? })
    }
}

impl Line {
    pub(super) fn of_rollup(row: &RollupRow) -> Self {
        let RollupRow { tier, series, start, data } = row;
        Self::Rollup { tier: tier.clone(), series: series.clone(), start: *start, data: BASE64_STANDARD.encode(data) }
    }

    pub(super) fn of_kept(name: &str, body: &[u8]) -> Self {
        Self::Keep { name: name.to_owned(), body: BASE64_STANDARD.encode(body) }
    }
}

/// The bytes that stand in a line.
pub(super) fn bytes(base64: &str) -> Option<Vec<u8>> {
    BASE64_STANDARD.decode(base64).ok()
}
