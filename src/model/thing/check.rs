//! Checks: at which status each settled last.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{StoredThing, ThingKey, ThingKind, Things};
use crate::model::fact::{CheckStatus, Fact, Statement};
use crate::model::status::Status;
use crate::text::SafeText;

/// A check as it settled last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckRecord {
    /// Ok, degraded or down.
    pub status: Status,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Whether its beginning was seen.
    pub seen: bool,
    /// Why, where it is not ok.
    pub reason: Option<SafeText>,
    /// The fence by which it was said.
    pub fence: u64,
}

/// Whether what waited while the store was away changes nothing: what is known was said by a newer holder, or is of a later
/// change.
pub(crate) fn is_outdated(said: &CheckStatus, known: (u64, DateTime<Utc>)) -> bool {
    known > (said.fence, said.since)
}

pub(super) fn follow(fact: &Fact, things: &mut Things) {
    let Statement::CheckStatus(said) = fact.said() else { return };
    let key = ThingKey::new(ThingKind::Check, &said.check);
    let known = things.get(&key).and_then(StoredThing::read::<CheckRecord>);
    if fact.draft.late && known.is_some_and(|known| is_outdated(said, (known.fence, known.since))) {
        return;
    }
    let CheckStatus { status, since, seen, fence, .. } = *said;
    let record = CheckRecord { status, since, seen, reason: said.reason.clone(), fence };
    let group = said.service.as_ref().map(ToString::to_string).unwrap_or_default();
    things.write(key, said.status != Status::Ok, group, &record, fact.seq);
}
