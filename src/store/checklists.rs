//! Runs of checklists: read, and of what is said of them that which a run still takes.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::dialect::WhichThings;
use super::{Store, StoreError};
use crate::model::checklist::ChecklistRefusal;
use crate::model::fact::{NewFact, Statement};
use crate::model::thing::{
    ChecklistRecord, DEFERRED_FOR, StoredThing, ThingKey, ThingKind, checklist_key, checklist_run_of,
};
use crate::text::name::Name;

/// Runs that are read at most: of each list the latest, so that one that is due every few minutes leaves room for the others.
const PAST: u32 = 5_000;

impl Store {
    /// Runs that go on, the latest that are over, and those before these from which or to which something was deferred: it may
    /// still be to be done, or was done.
    ///
    /// # Errors
    /// The store can't be read.
    pub(crate) async fn checklists(&self) -> Result<Vec<StoredThing>, StoreError> {
        let mut things = self.dialect.things(WhichThings::LatestOfEach(ThingKind::Checklist), PAST).await?;
        if let Some(since) = things.iter().map(|thing| &thing.key.id).max().and_then(|latest| deferred_since(latest)) {
            things.extend(self.dialect.things(WhichThings::Deferring(&since), PAST).await?);
        }
        things.extend(self.dialect.things(WhichThings::Open(ThingKind::Checklist), PAST).await?);
        Ok(things)
    }

    /// What of these a run still takes, of those that are about runs of checklists; all others.
    pub(super) async fn checklist_news(&self, drafts: Vec<NewFact>) -> Result<Vec<NewFact>, StoreError> {
        let is_about = |draft: &NewFact| checklist_run_of(&draft.said).is_some();
        if !drafts.iter().any(is_about) {
            return Ok(drafts);
        }
        let keys: Vec<ThingKey> =
            drafts.iter().filter(|draft| is_about(draft)).flat_map(|draft| draft.said.touches()).collect();
        let things = self.dialect.things(WhichThings::Keys(&keys), u32::MAX).await?;
        let refusals = refusals(&drafts, &things);
        Ok(drafts.into_iter().zip(refusals).filter(|(_, refusal)| refusal.is_none()).map(|(draft, _)| draft).collect())
    }
}

/// From which id on runs may have deferred what is still asked, by the id of the latest run: it begins with its day. A run may be
/// begun well before it is over, and so as long again is looked back.
fn deferred_since(latest: &str) -> Option<String> {
    let (day, _) = NaiveDate::parse_and_remainder(latest, "%Y%m%d").ok()?;
    Some(day.checked_sub_signed(DEFERRED_FOR * 2)?.format("%Y%m%d").to_string())
}

/// What a run of a checklist does not take of these, each after those before it.
pub(super) fn checklist_refusal(drafts: &[NewFact], things: &[StoredThing]) -> Option<ChecklistRefusal> {
    refusals(drafts, things).into_iter().flatten().next()
}

/// The same without what was measured and is on record meanwhile, or was decided by a person: what is said together with that
/// stands without it.
pub(super) fn without_known(drafts: Vec<NewFact>, things: &[StoredThing]) -> Vec<NewFact> {
    let refusals = refusals(&drafts, things);
    let is_known = |(draft, refusal): &(NewFact, Option<ChecklistRefusal>)| {
        let is_sensed = matches!(&draft.said, Statement::ChecklistStepped(said) if said.sensed);
        is_sensed && matches!(refusal, Some(ChecklistRefusal::Same | ChecklistRefusal::Done { .. }))
    };
    drafts.into_iter().zip(refusals).filter(|both| !is_known(both)).map(|(draft, _)| draft).collect()
}

/// Why each of these is not taken, after those before it that are; `None`: it is, or is of no checklist.
fn refusals(drafts: &[NewFact], things: &[StoredThing]) -> Vec<Option<ChecklistRefusal>> {
    let mut runs: BTreeMap<Name, ChecklistRecord> = BTreeMap::new();
    let refusal = |draft: &NewFact| {
        let run = checklist_run_of(&draft.said)?;
        let key = checklist_key(run);
        let is_it = |thing: &&StoredThing| thing.key == key;
        let stored = || things.iter().find(is_it).and_then(StoredThing::read::<ChecklistRecord>);
        let known = runs.remove(run).or_else(stored);
        let refusal = ChecklistRecord::admits(known.as_ref(), &draft.said).err();
        let after = if refusal.is_none() { ChecklistRecord::after(known, draft) } else { known };
        runs.extend(after.map(|record| (run.clone(), record)));
        refusal
    };
    drafts.iter().map(refusal).collect()
}

#[cfg(test)]
mod tests {

    use chrono::{DateTime, TimeDelta, Utc};

    use super::*;
    use crate::model::checklist::{StepKind, StepState, run_id};
    use crate::model::fact::{AskedStep, ChecklistStarted, ChecklistStepped};
    use crate::store::new_fact;
    use crate::text::SafeText;

    const AT: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn started(list: &str, minute: i64) -> NewFact {
        let due = AT + TimeDelta::minutes(minute);
        let asked = AskedStep {
            id: "look".into(),
            title: "Look".into(),
            kind: StepKind::Confirm,
            killer: false,
            gate: false,
            from: None,
        };
        let started = ChecklistStarted {
            run: run_id(list, Some(due), due),
            checklist: list.into(),
            title: list.into(),
            due: Some(due),
            until: None,
            schedule: None,
            budget_s: None,
            digest: "d".to_owned(),
            steps: vec![asked],
        };
        new_fact(due, "ana", "box", Statement::ChecklistStarted(Box::new(started)))
    }

    fn stepped(who: &str, run: &Name, value: &str) -> NewFact {
        let stepped = ChecklistStepped {
            run: run.clone(),
            checklist: "one".into(),
            step: "look".into(),
            title: "Look".into(),
            state: StepState::Passed,
            sensed: false,
            value: Some(value.into()),
            measured_at: None,
            limit: None,
            reason: None,
            evidence: None,
            to: None,
            reused: None,
        };
        new_fact(AT, who, "box", Statement::ChecklistStepped(Box::new(stepped)))
    }

    #[tokio::test]
    async fn what_waited_is_written_once_and_who_was_first_has_answered() {
        let room = tempfile::tempdir().unwrap();
        let store = Store::sample(room.path()).await;
        let begun = started("one", 0);
        let run = checklist_run_of(&begun.said).unwrap().clone();
        let waited = vec![begun, stepped("ana", &run, "mine"), stepped("bo", &run, "too late")];
        for _ in 0..2 {
            assert_eq!(store.append_late(&waited).await.unwrap(), []);
        }
        let things = store.checklists().await.unwrap();
        let record: ChecklistRecord = things[0].read().unwrap();
        let answer = record.steps[0].answer.as_ref().unwrap();
        assert_eq!((answer.by.as_str(), answer.value.as_ref().map(SafeText::as_str)), ("ana", Some("mine")));
        assert_eq!(store.chain_head().await.unwrap().unwrap().0, 2, "two facts, each once");
        assert!(store.check().await.unwrap().is_sound());
    }

    #[tokio::test]
    async fn an_answer_stands_where_what_was_measured_with_it_is_on_record_by_then() {
        let room = tempfile::tempdir().unwrap();
        let store = Store::sample(room.path()).await;
        let mut begun = started("one", 0);
        let Statement::ChecklistStarted(said) = &mut begun.said else { unreachable!() };
        said.steps.push(AskedStep { id: "up".into(), kind: StepKind::Auto, ..said.steps[0].clone() });
        let run = checklist_run_of(&begun.said).unwrap().clone();
        let measured = || {
            let mut draft = stepped("ana", &run, "1 check ok");
            if let Statement::ChecklistStepped(said) = &mut draft.said {
                (said.step, said.sensed) = ("up".into(), true);
            }
            draft
        };
        store.record_all(vec![begun, measured()]).await.unwrap();
        let said = store.say(&[measured(), stepped("ana", &run, "mine")]).await.unwrap();
        assert_eq!(said, Ok(None));
        let record: ChecklistRecord = store.checklists().await.unwrap()[0].read().unwrap();
        assert_eq!(record.step("look").unwrap().state(), StepState::Passed);
        assert_eq!(store.chain_head().await.unwrap().unwrap().0, 3, "what was measured is there once");
        assert_eq!(store.say(&[measured()]).await.unwrap(), Ok(None));
        // Two people who answer the same are told: the second answer is not on record.
        assert!(store.say(&[measured(), stepped("bo", &run, "too late")]).await.unwrap().is_err());
    }

    #[tokio::test]
    async fn what_was_deferred_is_read_however_many_runs_were_since() {
        let room = tempfile::tempdir().unwrap();
        let store = Store::sample(room.path()).await;
        let year = 365 * 24 * 60;
        let deferred = |minute: i64| {
            let begun = started("one", minute);
            let run = checklist_run_of(&begun.said).unwrap().clone();
            let mut answer = stepped("ana", &run, "x");
            if let Statement::ChecklistStepped(said) = &mut answer.said {
                (said.state, said.to) = (StepState::Deferred, Some("two".into()));
            }
            [begun, answer]
        };
        let mut carried = started("two", year + 2);
        if let Statement::ChecklistStarted(said) = &mut carried.said {
            said.steps[0].from = Some("one".into());
        }
        // A text that looks like it is none.
        let mut looks_so = started("two", year + 3);
        if let Statement::ChecklistStarted(said) = &mut looks_so.said {
            said.title = r#""from":"x""#.into();
        }
        let mut facts: Vec<NewFact> = deferred(0).into_iter().chain(deferred(year + 1)).collect();
        facts.extend([carried, looks_so]);
        facts.extend((10..80).flat_map(|minute| [started("one", year + minute), started("two", year + minute)]));
        store.record_all(facts).await.unwrap();
        let since = deferred_since("19710101T0000Z@one").unwrap();
        assert_eq!(since, "19700615");
        let things = store.dialect.things(WhichThings::Deferring(&since), u32::MAX).await.unwrap();
        let ids: Vec<&str> = things.iter().map(|thing| &*thing.key.id).collect();
        assert_eq!(ids, ["19710101T0002Z@two", "19710101T0001Z@one"], "not what was deferred a year ago");
        assert!(store.checklists().await.unwrap().iter().any(|thing| thing.key.id == *ids[1]));
        assert_eq!(deferred_since("19710101-000000-000@drill"), Some(since));
        assert_eq!(deferred_since("x@drill"), None);
    }

    #[tokio::test]
    async fn a_list_that_is_due_every_minute_leaves_room_for_the_others() {
        let room = tempfile::tempdir().unwrap();
        let store = Store::sample(room.path()).await;
        let mut facts = vec![started("weekly", 0)];
        facts.extend((1..=200).map(|minute| started("dense", minute)));
        store.record_all(facts).await.unwrap();
        // They are open all of them; what is over counts by its list alone.
        let latest = WhichThings::LatestOfEach(ThingKind::Checklist);
        let things = store.dialect.things(latest, u32::MAX).await.unwrap();
        let of = |list: &str| things.iter().filter(|thing| &*thing.group == list).count();
        assert_eq!((of("weekly"), of("dense")), (1, 64));
        assert_eq!(
            things[0].read::<ChecklistRecord>().unwrap().due,
            Some(AT + TimeDelta::minutes(200)),
            "newest first"
        );
    }
}
