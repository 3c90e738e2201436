//! What is put on record: facts, appended and never changed, in one chain for the whole store.
//!
//! A fact has an envelope (when, who, where) and says one thing: [`Statement`] is the one list of what can be said.

pub(crate) mod alerting;
pub(crate) mod change;
mod checklist;
pub(crate) mod configuring;
pub(crate) mod exclusion;
pub mod incident;
pub(crate) mod maintenance;
mod messaging;
mod moments;
pub(crate) mod oncall;
mod peer;
mod runbook;
mod said;
mod statement;
mod touched;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, ser};
use serde_json::Value;

use crate::text::name::Name;

pub use self::alerting::{
    AlertAcknowledged, AlertFired, AlertResolved, AlertUnacknowledged, SilenceEnd, SilenceEnded, SilenceStarted,
    Unacknowledged,
};
pub use self::change::{ChangeApproved, ChangeCalledOff, ChangePlanned, ChangeSaid};
pub use self::checklist::{
    AskedStep, ChecklistMissed, ChecklistNoted, ChecklistSigned, ChecklistStarted, ChecklistStepped, ReusedResult,
};
pub use self::configuring::ConfigChanged;
pub use self::exclusion::{SloExcluded, SloIncluded};
pub use self::incident::{IncidentFact, IncidentSaid};
pub use self::maintenance::{MaintenanceEnd, MaintenanceEnded, MaintenancePlanned, MaintenanceStarted};
pub use self::messaging::{MessageClaimed, MessageFailed, MessageSent};
pub use self::oncall::{
    ContactPaged, ContactVerified, HandoverAccepted, HandoverOffered, HandoverText, HandoverWithdrawn, OnCallAssigned,
    OnCallEnded, OnCallStatement,
};
pub use self::peer::{PeerChanged, PeerPart};
pub use self::runbook::RunbookTicked;
pub use self::said::{
    CheckStatus, Deployed, LeaseTaken, RunClosed, RunDated, RunEnded, RunImported, RunIntended, RunLost, RunRefused,
    StepsEnded, StoreAccepted, StoreImported, StoreOpened, StorePruned, StoreRebuilt, Unlocked, WrittenBefore,
};
pub use self::statement::Statement;

/// The version of what facts say that this program writes.
pub(crate) const VERSION: u32 = 1;

/// An id of what is said at a moment. It begins with the time, behind a letter for its kind, so that ids stand in their order.
pub(crate) fn timed_id(kind: &str, at: DateTime<Utc>) -> Name {
    Name::from(format!("{kind}{}", at.format("%Y%m%d-%H%M%S-%3f")))
}

/// Something that is to be put on record. It becomes a [`Fact`] with its place in the chain.
#[derive(Debug, Clone, PartialEq)]
pub struct NewFact {
    /// Unique for ever, given by whoever says it: a commit whose answer was lost is known again by it.
    pub id: String,
    /// When it happened, by the clock of whoever says it.
    pub at: DateTime<Utc>,
    /// Who: the login name, with the SSH client where known.
    pub who: String,
    /// On which host it is said.
    pub host: String,
    /// By which process there.
    pub process: u32,
    /// Whether it waited because the store was away: history by the time it is put on record.
    pub late: bool,
    /// What.
    pub said: Statement,
}

/// A fact: the sequence has no gaps and is that of the whole store.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// Its place, from 1.
    pub seq: u64,
    /// When it was put on record, by the store's clock.
    pub recorded_at: DateTime<Utc>,
    /// What was put on record.
    pub draft: NewFact,
}

/// The login name in a `who`, without how somebody came in, which is for the audit.
pub(crate) fn login_of(who: &str) -> &str {
    who.split(" (").next().unwrap_or_default()
}

/// A fact as it is stored: these bytes are what is hashed.
#[derive(Serialize, Deserialize)]
struct Entry {
    seq: u64,
    id: String,
    at: DateTime<Utc>,
    recorded_at: DateTime<Utc>,
    who: String,
    host: String,
    process: u32,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    late: bool,
    kind: String,
    object: String,
    v: u32,
    detail: Value,
}

impl Entry {
    fn new(seq: u64, recorded_at: DateTime<Utc>, draft: &NewFact) -> serde_json::Result<Self> {
        let NewFact { id, at, who, host, process, late, said } = draft;
        Ok(Self {
            seq,
            id: id.clone(),
            at: *at,
            recorded_at,
            who: who.clone(),
            host: host.clone(),
            process: *process,
            late: *late,
            kind: said.kind().to_owned(),
            object: said.object(),
            v: said.version(),
            detail: said.detail()?,
        })
    }

    fn into_fact(self) -> Fact {
        let Self { seq, id, at, recorded_at, who, host, process, late, kind, object, v, detail } = self;
        let said = Statement::read(kind, object, v, detail);
        Fact { seq, recorded_at, draft: NewFact { id, at, who, host, process, late, said } }
    }
}

impl Serialize for Fact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entry = Entry::new(self.seq, self.recorded_at, &self.draft).map_err(ser::Error::custom)?;
        entry.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Fact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Entry::deserialize(deserializer).map(Entry::into_fact)
    }
}

impl Serialize for NewFact {
    /// As a fact that has no place yet.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Entry::new(0, self.at, self).map_err(ser::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for NewFact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Fact::deserialize(deserializer).map(|fact| fact.draft)
    }
}

impl Fact {
    /// As it is stored.
    ///
    /// # Errors
    /// What it says can't be written as JSON.
    pub(crate) fn to_entry(&self) -> serde_json::Result<String> {
        serde_json::to_string(&Entry::new(self.seq, self.recorded_at, &self.draft)?)
    }

    /// From what is stored. What a newer version says, or says in another way, is kept as it is.
    ///
    /// # Errors
    /// It is no fact.
    pub(crate) fn from_entry(entry: &str) -> serde_json::Result<Self> {
        Ok(serde_json::from_str::<Entry>(entry)?.into_fact())
    }

    /// What it says.
    pub const fn said(&self) -> &Statement {
        &self.draft.said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(said: Statement) -> Fact {
        let at = DateTime::UNIX_EPOCH;
        let (id, who, host) = ("i".to_owned(), "ana".to_owned(), "h".to_owned());
        let draft = NewFact { id, at, who, host, process: 7, late: false, said };
        Fact { seq: 3, recorded_at: at, draft }
    }

    #[test]
    fn what_was_stored_is_read_as_it_was_said() {
        let said = Statement::RunLost(RunLost { run: "r".into(), note: "gone".to_owned(), ended: None });
        let entry = fact(said.clone()).to_entry().unwrap();
        assert_eq!(Fact::from_entry(&entry).unwrap(), fact(said));
    }

    #[test]
    fn what_a_newer_version_says_is_kept_to_the_letter() {
        let newer = fact(Statement::Other {
            kind: "moon.rose".to_owned(),
            object: "moon:1".to_owned(),
            version: 9,
            detail: serde_json::json!({ "b": 1, "a": [2] }),
        });
        let entry = newer.to_entry().unwrap();
        let read = Fact::from_entry(&entry).unwrap();
        assert_eq!(read, newer);
        assert_eq!(read.to_entry().unwrap(), entry);
        // A field more does no harm.
        let said = Statement::RunReopened { run: "r".into() };
        let more = fact(said.clone()).to_entry().unwrap().replace(r#""run":"r""#, r#""run":"r","took_hours":7"#);
        assert!(more.contains("took_hours"));
        assert_eq!(Fact::from_entry(&more).unwrap(), fact(said));
        // A kind that is known in a form that is not.
        let odd = entry.replace("moon.rose", "run.lost");
        assert_eq!(Fact::from_entry(&odd).unwrap().to_entry().unwrap(), odd);
    }
}
