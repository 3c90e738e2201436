//! What was done of a runbook, and when it was followed last.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::alert::login;
use super::{StoredThing, ThingKey, ThingKind, Things};
use crate::model::fact::{Fact, NewFact, RunbookTicked, Statement};
use crate::text::SafeText;

/// So long after its last tick a runbook is followed anew: what was ticked then says nothing of this time.
const ROUND: TimeDelta = TimeDelta::hours(12);
/// Tasks of a runbook that are remembered at most.
const MOST: usize = 200;

/// A task that was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunbookTick {
    /// Who did it: the login name.
    pub by: SafeText,
    /// When.
    pub at: DateTime<Utc>,
}

/// A runbook as it is on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunbookRecord {
    /// The tasks that are done, by their words.
    pub ticks: BTreeMap<SafeText, RunbookTick>,
    /// The last tick, whatever became of it.
    pub followed: RunbookTick,
}

impl RunbookRecord {
    /// Takes in what is said of a runbook, of which `known` is on record; `None`: that is no news.
    pub fn after(known: Option<Self>, draft: &NewFact, said: &RunbookTicked) -> Option<Self> {
        let known = known.filter(|known| !said.done || known.is_followed(draft.at));
        if !said.done {
            let mut known = known?;
            known.ticks.remove(&said.task)?;
            return Some(known);
        }
        let tick = RunbookTick { by: login(&draft.who), at: draft.at };
        let mut ticks = known.map(|known| known.ticks).unwrap_or_default();
        if ticks.len() < MOST {
            ticks.insert(said.task.clone(), tick.clone());
        }
        Some(Self { ticks, followed: tick })
    }

    /// Whether somebody follows it at a moment.
    pub fn is_followed(&self, now: DateTime<Utc>) -> bool {
        now - self.followed.at < ROUND
    }

    /// Who did a task in this round, and when; `None`: nobody has.
    pub fn tick(&self, task: &str, now: DateTime<Utc>) -> Option<&RunbookTick> {
        self.ticks.get(&SafeText::new(task)).filter(|_| self.is_followed(now))
    }
}

pub(super) fn follow(fact: &Fact, things: &mut Things) {
    let Statement::RunbookTicked(said) = fact.said() else { return };
    let key = ThingKey::new(ThingKind::Runbook, &said.runbook);
    let known = things.get(&key).and_then(StoredThing::read::<RunbookRecord>);
    if let Some(record) = RunbookRecord::after(known, &fact.draft, said) {
        things.write(key, false, String::new(), &record, fact.seq);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(480_000 + hour)
    }

    fn said(known: Option<RunbookRecord>, hour: i64, who: &str, task: &str, done: bool) -> Option<RunbookRecord> {
        let ticked = RunbookTicked { runbook: "R.md#api".into(), task: SafeText::new(task), done };
        let draft = NewFact {
            id: String::new(),
            at: at(hour),
            who: who.to_owned(),
            host: "box".to_owned(),
            process: 1,
            late: false,
            said: Statement::RunbookTicked(ticked.clone()),
        };
        RunbookRecord::after(known, &draft, &ticked)
    }

    #[test]
    fn ticks_of_a_round_stand_together_and_the_next_round_begins_without() {
        let record = said(None, 0, "ana (ssh from 10.0.0.5)", "look", true);
        let record = said(record, 1, "ben", "restart", true).unwrap();
        assert_eq!(record.tick("look", at(2)).map(|tick| tick.by.as_str()), Some("ana"));
        assert_eq!((record.ticks.len(), record.followed.by.as_str()), (2, "ben"));
        assert_eq!(record.tick("look", at(13)), None, "twelve hours after the last tick");
        assert!(said(Some(record.clone()), 1, "ana", "call", false).is_none(), "it was not ticked");
        let less = said(Some(record.clone()), 2, "ana", "look", false).unwrap();
        assert!(less.tick("look", at(2)).is_none() && less.tick("restart", at(2)).is_some());
        let next = said(Some(record), 500, "cy", "restart", true).unwrap();
        assert_eq!((next.ticks.len(), next.followed.at), (1, at(500)));
    }
}
