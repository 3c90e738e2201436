//! What a database must be able to do to be a store: some ten statements, written once for each.

pub(in crate::store) mod postgres;
mod rows;
pub(in crate::store) mod sqlite;

use std::fmt::Debug;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;

use super::StoreError;
pub(super) use crate::model::lease::LeaseRow;
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
    /// A fact of that id is there already: this very batch was written before.
    Known,
    /// An import is not at its end, and this is not its batch: nothing is written.
    Importing,
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
    /// Those about an object, the last first.
    LastAbout(&'a str),
    /// The one with that id of its client.
    Id(&'a str),
    /// The last ones.
    Last,
    /// The last ones of these kinds since a moment, the last first.
    Kinds {
        /// By the store's clock.
        since: DateTime<Utc>,
        /// Kinds of statements, with a blank before and after each.
        kinds: &'a str,
    },
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
    /// Of each group of a kind the latest 64 by id, newest first.
    LatestOfEach(ThingKind),
    /// Runs of checklists from this id on from which a step was deferred, or to which one was, newest first by id.
    Deferring(&'a str),
    /// Those of a kind that need nobody any more, oldest first by id.
    Oldest(ThingKind),
}

impl<'a> WhichThings<'a> {
    /// The condition, with the kind and the name that are in it; the keys where it is those.
    fn condition(self) -> Result<(&'static str, &'static str, &'a str), &'a [ThingKey]> {
        Ok(match self {
            Self::Keys(keys) => return Err(keys),
            Self::Open(kind) => ("WHERE kind = $2 AND open ORDER BY seq", kind.name(), ""),
            Self::Group(kind, group) => ("WHERE kind = $2 AND grp = $3 ORDER BY id DESC", kind.name(), group),
            Self::Latest(kind) => ("WHERE kind = $2 ORDER BY id DESC", kind.name(), ""),
            Self::LatestOfEach(kind) => (LATEST_OF_EACH, kind.name(), ""),
            Self::Deferring(since) => (DEFERRING, ThingKind::Checklist.name(), since),
            Self::Oldest(kind) => ("WHERE kind = $2 AND NOT open ORDER BY id", kind.name(), ""),
        })
    }
}

/// See [`WhichThings::Deferring`]: as records have it, in which a quote within a text is written otherwise.
const DEFERRING: &str = r#"WHERE kind = $2 AND id >= $3 AND
    (state LIKE '%"state":"deferred"%' OR state LIKE '%"from":"%') ORDER BY id DESC"#;

/// See [`WhichThings::LatestOfEach`].
const LATEST_OF_EACH: &str = "WHERE kind = $2 AND id IN (SELECT id FROM
    (SELECT id, row_number() OVER (PARTITION BY grp ORDER BY id DESC) AS place FROM thing WHERE kind = $2) ranked
    WHERE place <= 64) ORDER BY id DESC";

/// What is written together.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Batch<'a> {
    /// Facts, in their order.
    pub facts: &'a [FactRow],
    /// Things as these facts leave them.
    pub things: &'a [StoredThing],
    /// Those are all there are: others of the kinds that we know go.
    pub all_things: bool,
    /// The lease changes hands.
    pub taking: Option<&'a LeaseTaking<'a>>,
    /// From here on what lies before may go.
    pub cut: Option<&'a Cut>,
    /// It belongs to an import. While there is the mark of one, nothing else is appended.
    pub import: Option<ImportStep<'a>>,
}

/// A step of an import: its mark changes with what is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct ImportStep<'a> {
    /// As it was left: nothing is written where it is another by then.
    pub found: &'a [u8],
    /// As it is from now on; `None`: the import is at its end, and its mark goes.
    pub left: Option<&'a [u8]>,
}

/// What must hold for something to be written beside the chain.
#[derive(Debug, Clone, Copy)]
pub(super) enum Guard<'a> {
    /// Nothing.
    Free,
    /// The lease has that fence.
    Fence(u64),
    /// The mark of an import is that one; `None`: there is none.
    Import(Option<&'a [u8]>),
}

/// A lease that changes hands.
#[derive(Debug, Clone, Copy)]
pub(super) struct LeaseTaking<'a> {
    /// As it was when this was decided: nothing is written where it is another by then.
    pub found: Option<&'a LeaseRow>,
    /// Who takes it; the store's clock says when.
    pub new: &'a LeaseRow,
}

/// Where the chain is cut: what lies before is not needed to verify and derive what comes after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cut {
    /// The last fact that may go.
    pub seq: u64,
    /// Its hash.
    pub hash: Vec<u8>,
    /// The things as they stood there.
    pub things: Vec<u8>,
}

/// A row of roll-ups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RollupRow {
    /// `minute` or `hour`.
    pub tier: String,
    /// Of what; empty: of all, one bucket each.
    pub series: String,
    /// Where it begins, in milliseconds since 1970 in UTC.
    pub start: i64,
    /// The buckets.
    pub data: Vec<u8>,
}

/// What is written beside the chain.
#[derive(Debug, Clone, Copy)]
pub(super) enum Side<'a> {
    /// A row of roll-ups, in place of the one that was there.
    Rollup(&'a RollupRow),
    /// It goes: what it held is in another.
    RemoveRollup(&'a RollupRow),
    /// What is kept by name.
    Keep(&'a str, &'a [u8]),
    /// What was kept by a name goes.
    Forget(&'a str),
}

/// What may go.
#[derive(Debug, Clone, Copy)]
pub(super) enum Prune<'a> {
    /// Rows of roll-ups that begin before a moment, in milliseconds.
    Rollups {
        /// `minute` or `hour`.
        tier: &'a str,
        /// Of what.
        series: &'a str,
        /// They begin before it.
        before: i64,
    },
    /// Facts before the cut.
    Facts,
    /// Things that need nobody any more and were last changed by this fact or one before.
    Things(ThingKind, u64),
}

/// What is kept by a name: the name, what it is, and when it was written by the store's clock.
pub(super) type KeptRow = (String, Vec<u8>, DateTime<Utc>);

/// What a database answers.
pub(super) type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// A database that holds the store.
pub(super) trait Dialect: Debug + Send + Sync {
    /// The store's id.
    fn id(&self) -> &str;

    /// Where the chain ends, in the store that was opened and no other.
    fn head(&self) -> BoxFuture<'_, Result<Head, StoreError>>;

    /// Appends facts right after `after`, with what goes with them, all or nothing.
    fn append<'a>(&'a self, after: &'a Head, batch: Batch<'a>) -> BoxFuture<'a, Result<Appended, StoreError>>;

    /// Facts, at most `most`.
    fn facts<'a>(&'a self, which: WhichFacts<'a>, most: u32) -> BoxFuture<'a, Result<Vec<FactRow>, StoreError>>;

    /// Things, at most `most`.
    fn things<'a>(&'a self, which: WhichThings<'a>, most: u32) -> BoxFuture<'a, Result<Vec<StoredThing>, StoreError>>;

    /// Where the chain is cut, with the things as they stood there; `None`: it is whole.
    fn cut(&self) -> BoxFuture<'_, Result<Option<Cut>, StoreError>>;

    /// Who acts for all, and the store's clock.
    fn lease(&self) -> Answer<'_, (Option<LeaseRow>, DateTime<Utc>)>;

    /// Renews the lease, or gives it back where `holder` is empty. False: the fence is another one by now.
    fn renew<'a>(&'a self, fence: u64, holder: &'a str, digest: &'a str) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Writes beside the chain, all or nothing. False: what must hold does not, and nothing is written.
    fn put<'a>(&'a self, guard: Guard<'a>, rows: &'a [Side<'a>]) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Rows of roll-ups of a tier and a series that begin in `[from, until)`, in their order, at most `most`.
    fn rollups<'a>(
        &'a self,
        tier: &'a str,
        series: &'a str,
        from: i64,
        until: i64,
        most: u32,
    ) -> BoxFuture<'a, Result<Vec<RollupRow>, StoreError>>;

    /// The first series of a tier after that one.
    fn next_series<'a>(
        &'a self,
        tier: &'a str,
        after: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Option<String>, StoreError>>;

    /// What is kept by a name, and when it was written by the store's clock.
    fn kept<'a>(&'a self, name: &'a str) -> Answer<'a, Option<(Vec<u8>, DateTime<Utc>)>>;

    /// What is kept by names that begin so, in their order, with its name and when it was written.
    fn kept_below<'a>(&'a self, prefix: &'a str) -> Answer<'a, Vec<KeptRow>>;

    /// Removes what may go, at most `most` rows; says how many went.
    fn prune<'a>(&'a self, what: Prune<'a>, most: u32) -> BoxFuture<'a, Result<u64, StoreError>>;

    /// Bytes that the store takes.
    fn size(&self) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// Returns when somebody may have written. Only a hint: who waits looks by the clock too.
    fn woken(&self) -> BoxFuture<'_, ()>;

    /// A number that changes whenever another process has written. An error while an import is not at its end.
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
/// The one lease: who acts for all.
pub(super) const LEASE: &str = "engine";
/// The tiers of roll-ups.
pub(super) const TIERS: [&str; 2] = ["minute", "hour"];
/// What is kept by name and belongs to the store, not to the processes that use it now: the state of the engine, how far
/// minutes are packed, what went.
pub(super) const KEPT: [&str; 3] = ["engine", "rollup.packed", "retention.pruned"];
/// The name by which the things at the cut are kept.
pub(super) const CHECKPOINT: &str = "checkpoint";
/// The name by which the mark of an import is kept, from its first write to its last.
pub(super) const IMPORTING: &str = "importing";

/// The version of a schema, as how many of the `known` ones it is.
fn known_schema(found: i64, known: usize) -> Result<usize, StoreError> {
    usize::try_from(found).ok().filter(|done| *done <= known).ok_or(StoreError::Newer { found, known })
}

#[cfg(test)]
mod tests;
