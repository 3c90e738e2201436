//! Messages: what each target was told, from the claim of a message to its outcome.

use super::{StoredThing, ThingKey, ThingKind, Things};
use crate::model::fact::{Fact, Statement};
use crate::model::ledger::TargetRecord;

/// It is open while a message is on its way or the last one was not accepted.
pub(super) fn follow(fact: &Fact, things: &mut Things) {
    let target = match fact.said() {
        Statement::MessageClaimed(said) => &said.target,
        Statement::MessageSent(said) => &said.target,
        Statement::MessageFailed(said) => &said.target,
        _ => return,
    };
    let key = ThingKey::new(ThingKind::Message, &target.id());
    let mut record = things.get(&key).and_then(StoredThing::read::<TargetRecord>).unwrap_or_default();
    record.apply(fact.said());
    let is_open = record.claimed.is_some() || record.failed.is_some();
    things.write(key, is_open, target.channel.to_string(), &record, fact.seq);
}
