//! Baselines: what was saved last under a name.

use super::alert::login;
use super::{ThingKey, ThingKind, Things};
use crate::model::baseline::BaselineRecord;
use crate::model::fact::{Fact, Statement};

pub(super) fn follow(fact: &Fact, things: &mut Things) {
    let Statement::BaselineSaved(saved) = fact.said() else { return };
    let record = BaselineRecord { by: login(&fact.draft.who), at: fact.draft.at, saved: saved.clone() };
    things.write(ThingKey::new(ThingKind::Baseline, &saved.name), false, String::new(), &record, fact.seq);
}
