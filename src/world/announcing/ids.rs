//! What a message is known by. The same news to the same receiver has the same id, also where another process tells it
//! once more because nobody knows what became of the first: a receiver that takes an id drops the second.

use chrono::{DateTime, Utc};

use crate::model::ack_link::hash_of;
use crate::model::ledger::TargetRecord;
use crate::model::maintenance::MaintenanceWindow;
use crate::model::message::{AlertGroup, Bulletin, Recipient};
use crate::text::coding::to_hex;
use crate::text::name::Name;

/// Of what is news in these groups to a receiver that knows what is in `record`.
pub(super) fn of_alerts(target: &Recipient, groups: &[AlertGroup], record: &TargetRecord) -> Name {
    let of_group = |group: &AlertGroup| {
        let known = record.groups.get(&group.key).map(|known| known.at);
        let entries = group.entries.iter().map(|entry| format!("{} {}", entry.id, entry.news.word()));
        let mut parts: Vec<String> = entries.collect();
        parts.sort();
        parts.insert(0, format!("{} {}", group.key, moment(known)));
        parts
    };
    id("alerts", target, groups.iter().flat_map(of_group))
}

/// Of these windows of maintenance.
pub(super) fn of_notices(target: &Recipient, windows: &[&MaintenanceWindow]) -> Name {
    id("maintenance", target, windows.iter().map(|window| format!("{} {}", window.id, window.window.start)))
}

/// Of these words on incidents, and handovers.
pub(super) fn of_bulletins(target: &Recipient, bulletins: &[Bulletin]) -> Name {
    id("incident", target, bulletins.iter().map(|one| one.id().to_string()))
}

/// Of these windows, which do not take place.
pub(super) fn of_retractions(target: &Recipient, windows: &[&MaintenanceWindow]) -> Name {
    id("called off", target, windows.iter().map(|window| window.id.to_string()))
}

/// Of the test that follows what was delivered last.
pub(super) fn of_proof(target: &Recipient, record: &TargetRecord) -> Name {
    id("test", target, [moment(record.sent.last())].into_iter())
}

/// What the ids of tests begin with that a person asks for.
const ASKED: &str = "asked-";

/// Of a test that a person asks for.
pub(super) fn of_asked(target: &Recipient, now: DateTime<Utc>) -> Name {
    format!("{ASKED}{}-{}", now.format("%Y%m%dT%H%M%S%.3fZ"), target.id()).into()
}

/// Whether a person asked for that message.
pub(crate) fn is_asked(id: &str) -> bool {
    id.starts_with(ASKED)
}

fn moment(at: Option<DateTime<Utc>>) -> String {
    at.map_or_else(|| "-".to_owned(), |at| at.timestamp_millis().to_string())
}

fn id(kind: &str, target: &Recipient, parts: impl Iterator<Item = String>) -> Name {
    let hash = hash_of([kind.to_owned(), target.id()].into_iter().chain(parts));
    format!("{}-{}", to_hex(&hash[..8]), target.id()).into()
}
