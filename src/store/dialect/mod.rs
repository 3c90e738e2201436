//! What a database must be able to do to be a store: some ten statements, written once for each.

pub(in crate::store) mod sqlite;

use std::fmt::Debug;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;

use super::StoreError;
use crate::model::thing::{StoredThing, ThingKey, ThingKind};

/// Where the chain ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    /// The last fact; 0: there is none.
    pub seq: u64,
    /// Its hash; what the first fact is chained to where there is none.
    pub hash: Vec<u8>,
    /// The store's clock.
    pub now: DateTime<Utc>,
}

/// A fact as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FactRow {
    pub seq: u64,
    /// Its client's unique id.
    pub id: String,
    /// By the store's clock.
    pub recorded_at: DateTime<Utc>,
    pub kind: String,
    pub object: String,
    /// What is hashed.
    pub entry: String,
    pub hash: Vec<u8>,
}

/// What came of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Appended {
    /// It is written, and synced.
    Done,
    /// Somebody else was faster: nothing is written.
    Clash,
}

/// Which facts, in their order.
#[derive(Debug, Clone, Copy)]
pub(super) enum WhichFacts<'a> {
    /// Those after a place.
    After(u64),
    /// Those put on record since a moment, after a place.
    Since {
        /// By the store's clock.
        since: DateTime<Utc>,
        /// The place.
        after: u64,
    },
    /// Those about an object.
    About(&'a str),
    /// The last ones.
    Last,
}

/// Which things.
#[derive(Debug, Clone, Copy)]
pub(super) enum WhichThings<'a> {
    /// These.
    Keys(&'a [ThingKey]),
    /// Those that are open, in the order of their last change.
    Open(ThingKind),
    /// Those of a group, newest first.
    Group(ThingKind, &'a str),
    /// All of a kind, newest first by id.
    Latest(ThingKind),
}

/// A database that holds the store.
pub(super) trait Dialect: Debug + Send + Sync {
    /// The store's id.
    fn id(&self) -> &str;

    /// Where the chain ends, in the store that was opened and no other.
    fn head(&self) -> BoxFuture<'_, Result<Head, StoreError>>;

    /// Appends facts right after `after`, with what they make of things, all or nothing.
    fn append<'a>(
        &'a self,
        after: &'a Head,
        facts: &'a [FactRow],
        things: &'a [StoredThing],
    ) -> BoxFuture<'a, Result<Appended, StoreError>>;

    /// Facts, at most `most`.
    fn facts<'a>(&'a self, which: WhichFacts<'a>, most: u32) -> BoxFuture<'a, Result<Vec<FactRow>, StoreError>>;

    /// Things, at most `most`.
    fn things<'a>(&'a self, which: WhichThings<'a>, most: u32) -> BoxFuture<'a, Result<Vec<StoredThing>, StoreError>>;

    /// A number that changes whenever another process has written.
    fn version(&self) -> BoxFuture<'_, Result<i64, StoreError>>;

    /// Makes what is written independent of anything beside the database, where that is cheap now.
    fn checkpoint(&self) -> BoxFuture<'_, ()>;

    /// Ends the connection.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// A moment as it is stored: milliseconds since 1970 in UTC.
pub(super) fn millis(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis()
}

/// A stored moment.
pub(super) fn moment(millis: i64) -> Result<DateTime<Utc>, StoreError> {
    DateTime::from_timestamp_millis(millis).ok_or_else(|| StoreError::Content(format!("{millis} is not a valid time")))
}

/// A stored place in the chain.
pub(super) fn place(seq: i64) -> Result<u64, StoreError> {
    u64::try_from(seq).map_err(|_| StoreError::Content(format!("{seq} is not a place in the chain")))
}

/// How long a transaction waits for that of another console.
pub(super) const BUSY: Duration = Duration::from_secs(5);
