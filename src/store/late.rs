//! What could not be said while the store was away, put on record as history once it is back: whoever holds the lease by then.
//!
//! *Invariant:* each change stands once. What is on record by its id is not sent again, nor what another one has said of the
//! same change: a newer holder, or one that acted at the same time elsewhere.

use std::cell::LazyCell;
use std::collections::{HashMap, HashSet};
use std::io;
use std::path::PathBuf;

use chrono::{DateTime, Utc};

use super::dialect::WhichFacts;
use super::lease::LEASE;
use super::queue::LateQueue;
use super::{Store, StoreError};
use crate::model::fact::{AlertAcknowledged, CheckStatus, Fact, NewFact, Statement};
use crate::model::status::Status;
use crate::text::name::Name;

/// Facts that are put on record together.
const TOGETHER: usize = 500;
/// Facts about a check that are looked back at.
const BACK: u32 = 100;

/// A fact that waited, and when what it says was over, as far as that waited too.
type LateFact<'a> = (&'a NewFact, Option<DateTime<Utc>>);

/// By which fence, since when, which status.
type Said = (u64, DateTime<Utc>, Status);

/// What is on record of a check, each with the host that said it.
#[derive(Debug, Default)]
struct StatusHistory(Vec<(String, Said)>);

impl StatusHistory {
    /// Since when it can be so at the earliest: a host says what it sees in its order, but who resumed from an engine that knew
    /// less does not know of what was between.
    fn earliest(&self, host: &str, said: &CheckStatus) -> DateTime<Utc> {
        let last = self.0.iter().rev().find(|(by, (fence, ..))| by == host && *fence <= said.fence);
        last.filter(|(_, (.., status))| *status != said.status)
            .map_or(said.since, |(_, (_, at, _))| said.since.max(*at))
    }

    /// Whether the change is on record: at that time it stood so by this fence or one before, or by a newer one, or it did
    /// before the moment `until` at which it was over. Not the order of the record counts, but when each was so: who acted at
    /// the same time elsewhere may have put it there before or later.
    fn tells(&self, said: &CheckStatus, until: Option<DateTime<Utc>>) -> bool {
        let (before, after): (Vec<Said>, Vec<Said>) =
            self.0.iter().map(|(_, said)| *said).partition(|(_, since, _)| *since <= said.since);
        let (newer, ours): (Vec<Said>, Vec<Said>) = before.into_iter().partition(|(fence, ..)| *fence > said.fence);
        let last = |all: Vec<Said>| all.into_iter().max_by_key(|(_, since, _)| *since);
        let next = after.into_iter().min_by_key(|(_, since, _)| *since);
        let next = next.filter(|(_, since, _)| until.is_none_or(|until| *since < until));
        [last(ours), last(newer), next].into_iter().flatten().any(|(.., status)| status == said.status)
    }
}

/// What waited for a store and is on record now.
#[derive(Debug, Default)]
pub(crate) struct SentLate {
    /// How many facts.
    pub facts: usize,
    /// Acknowledgements of alerts of which nothing is on record.
    pub unattached: Vec<AlertAcknowledged>,
    /// Where lines are kept that made no sense, if there were any.
    pub aside: Option<PathBuf>,
}

impl Store {
    /// Puts on record what waits for this store, as history. Says what that was.
    ///
    /// # Errors
    /// The queue can't be read, or the store not be written: what waits goes on waiting.
    pub(crate) async fn send_late(&self, queue: &LateQueue) -> Result<SentLate, StoreError> {
        let failed = |error| StoreError::Queue { path: queue.file().display().to_string(), error };
        let reader = queue.clone();
        let taken = tokio::task::spawn_blocking(move || reader.take()).await.map_err(io::Error::other);
        let Some(taken) = taken.and_then(|taken| taken).map_err(failed)? else { return Ok(SentLate::default()) };
        let unattached = self.append_late(&taken.facts).await?;
        let facts = taken.facts.len();
        let emptied = tokio::task::spawn_blocking(move || taken.empty()).await;
        let aside = emptied.map_err(io::Error::other).and_then(|emptied| emptied).map_err(failed)?;
        Ok(SentLate { facts, unattached, aside })
    }

    /// Puts on record what a holder could not say while the store was away, in its order. Returns the acknowledgements of alerts
    /// of which nothing is on record: they are not either.
    ///
    /// # Errors
    /// The store can't be written, or is not the one that was used before. The same facts may be given again.
    pub(crate) async fn append_late(&self, drafts: &[NewFact]) -> Result<Vec<AlertAcknowledged>, StoreError> {
        let mut all_unattached = Vec::new();
        let mut drafts = drafts.to_vec();
        self.set_fences(&mut drafts).await?;
        for some in with_ends(&drafts).chunks(TOGETHER) {
            let mut turns = self.turns();
            loop {
                let mut turn = turns.next().await?;
                turn.trusted().await?;
                let mut unattached = Vec::new();
                let missing = self.missing(some, &mut unattached).await?;
                if missing.is_empty() || turn.append(missing).await?.is_some() {
                    all_unattached.extend(unattached);
                    break;
                }
            }
        }
        Ok(all_unattached)
    }

    /// Who was started while the store was away acted by no lease: what it said counts as that of the holder of then, who may
    /// have acted elsewhere. What was said for a store that this one was put back in place of counts as said by the lease that
    /// its host had here by then: it is newer than what that said before.
    async fn set_fences(&self, drafts: &mut [NewFact]) -> Result<(), StoreError> {
        if drafts.iter().all(|draft| status_of(draft).is_none()) {
            return Ok(());
        }
        let rows = self.dialect.facts(WhichFacts::LastAbout(LEASE), BACK).await?;
        // Who acted by a lease is found by its place alone: the facts are read once somebody acted by none.
        let taken = LazyCell::new(|| -> Vec<Fact> {
            rows.iter().filter_map(|row| Fact::from_entry(&row.entry).ok()).collect()
        });
        for NewFact { host, said, .. } in drafts {
            let Some((fence, since)) = said.fence_mut() else { continue };
            let row = rows.iter().find(|row| row.seq <= *fence).map(|row| row.seq);
            let is_own = |taken: &&Fact| taken.draft.host == *host && taken.draft.at < since;
            let own = || taken.iter().find(is_own).map(|taken| taken.seq);
            *fence = match *fence {
                0 => row.or_else(own).unwrap_or_default(),
                known => row.unwrap_or(known),
            };
        }
        Ok(())
    }

    /// Those of which the record says nothing.
    async fn missing(
        &self,
        drafts: &[LateFact<'_>],
        unattached: &mut Vec<AlertAcknowledged>,
    ) -> Result<Vec<NewFact>, StoreError> {
        let mut histories: HashMap<&Name, StatusHistory> = HashMap::new();
        let mut missing = Vec::with_capacity(drafts.len());
        // A queue that was handed over and could not be emptied is handed over again.
        let mut ids = HashSet::new();
        for (waiting, until) in drafts {
            if !ids.insert(&waiting.id) {
                continue;
            }
            let mut is_told = !self.dialect.facts(WhichFacts::Id(&waiting.id), 1).await?.is_empty();
            let mut draft = NewFact { late: true, ..(*waiting).clone() };
            if let (Some(CheckStatus { check, .. }), Statement::CheckStatus(said)) =
                (status_of(waiting), &mut draft.said)
            {
                if !histories.contains_key(check) {
                    histories.insert(check, self.status_history(check).await?);
                }
                let history = histories.entry(check).or_default();
                let since = history.earliest(&draft.host, said);
                said.seen &= since == said.since;
                said.since = since;
                // Nothing is so after the moment at which it was.
                draft.at = draft.at.max(since);
                is_told |= history.tells(said, *until);
                history.0.push((draft.host.clone(), (said.fence, said.since, said.status)));
            }
            if !is_told {
                missing.push(draft);
            }
        }
        self.late_alert_news(missing, unattached).await
    }

    async fn status_history(&self, check: &Name) -> Result<StatusHistory, StoreError> {
        let rows = self.dialect.facts(WhichFacts::LastAbout(&format!("check:{check}")), BACK).await?;
        let facts = rows.iter().rev().filter_map(|row| Fact::from_entry(&row.entry).ok());
        let said = facts.filter_map(|fact| {
            let said = status_of(&fact.draft).map(|said| (said.fence, said.since, said.status))?;
            Some((fact.draft.host, said))
        });
        Ok(StatusHistory(said.collect()))
    }
}

fn status_of(draft: &NewFact) -> Option<&CheckStatus> {
    match &draft.said {
        Statement::CheckStatus(said) => Some(said),
        _ => None,
    }
}

fn with_ends(drafts: &[NewFact]) -> Vec<LateFact<'_>> {
    let mut next = HashMap::new();
    let end = |draft| status_of(draft).and_then(|said| next.insert(&said.check, said.since));
    let mut ends: Vec<_> = drafts.iter().rev().map(end).collect();
    ends.reverse();
    drafts.iter().zip(ends).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::new_fact;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    fn fact((fence, second, status): (u64, i64, Status)) -> NewFact {
        let (check, service, before, reason) = ("api".into(), None, None, None);
        let since = at(second);
        let said = CheckStatus { check, service, status, before, since, seen: true, reason, by: None, fence };
        new_fact(at(second), "ana", "box", Statement::CheckStatus(said))
    }

    #[tokio::test]
    async fn each_change_stands_once() {
        use Status::{Degraded, Down, Ok};
        type Said = (u64, i64, Status);
        // What is on record, what waited of the holder of before, and what of that is put on record.
        type Case = (&'static str, &'static [Said], &'static [Said], &'static [Said]);
        let cases: &[Case] = &[
            ("nobody else said anything", &[(1, 0, Ok)], &[(1, 9, Down), (1, 20, Ok)], &[(1, 9, Down), (1, 20, Ok)]),
            ("it is on record already", &[(1, 0, Ok), (1, 9, Down)], &[(1, 9, Down)], &[]),
            ("said twice", &[(1, 0, Ok)], &[(1, 9, Down), (1, 40, Down), (1, 50, Ok)], &[(1, 9, Down), (1, 50, Ok)]),
            ("the new holder saw it later", &[(1, 0, Ok), (2, 25, Down)], &[(1, 9, Down)], &[]),
            ("or earlier", &[(1, 0, Ok), (2, 7, Down)], &[(1, 9, Down)], &[]),
            ("to its end", &[(1, 0, Ok), (2, 12, Down), (2, 601, Ok)], &[(1, 9, Down), (1, 600, Ok)], &[]),
            (
                "an outage that was over when the new one looked",
                &[(1, 0, Ok), (2, 5_000, Down)],
                &[(1, 9, Down), (1, 20, Ok)],
                &[(1, 9, Down), (1, 20, Ok)],
            ),
            (
                "what was between is history",
                &[(1, 0, Ok), (2, 25, Down)],
                &[(1, 9, Degraded), (1, 20, Down)],
                &[(1, 9, Degraded)],
            ),
            ("the new one sees it otherwise", &[(1, 0, Ok), (2, 5, Degraded)], &[(1, 9, Down)], &[(1, 9, Down)]),
            ("from before what was said since", &[(1, 5, Down), (1, 9, Ok)], &[(1, 5, Down)], &[(1, 9, Down)]),
            ("nothing is on record", &[], &[(1, 9, Ok)], &[(1, 9, Ok)]),
        ];
        for (what, on_record, waited, written) in cases {
            let directory = tempfile::tempdir().unwrap();
            let store = Store::sample(directory.path()).await;
            for said in *on_record {
                let turn = store.turns().next().await.unwrap();
                turn.append(vec![fact(*said)]).await.unwrap().unwrap();
            }
            let waited: Vec<NewFact> = waited.iter().copied().map(fact).collect();
            store.append_late(&waited).await.unwrap();
            // The answer to it was lost.
            store.append_late(&waited).await.unwrap();
            let page = store.audit_page(0, 99).await.unwrap();
            let facts = page.iter().map(|line| Fact::from_entry(&line.entry.to_string()).unwrap());
            let late = facts.filter(|fact| fact.draft.late);
            let late =
                late.map(|fact| status_of(&fact.draft).map(|said| (said.fence, said.since, said.status)).unwrap());
            let due = written.iter().map(|(fence, second, status)| (*fence, at(*second), *status));
            assert_eq!(late.collect::<Vec<_>>(), due.collect::<Vec<_>>(), "{what}");
        }
    }

    async fn held(directory: &std::path::Path) -> (Store, u64) {
        let store = Store::sample(directory).await;
        let fence = store.held(at(0)).await;
        (store, fence)
    }

    async fn recorded(store: &Store) -> Vec<NewFact> {
        let page = store.audit_page(0, 99).await.unwrap();
        let facts = page.iter().map(|line| Fact::from_entry(&line.entry.to_string()).unwrap().draft);
        facts.filter(|fact| status_of(fact).is_some()).collect()
    }

    #[tokio::test]
    async fn what_was_said_for_a_store_in_its_place_stands_once_also_for_who_holds_the_lease_of_before() {
        let directory = tempfile::tempdir().unwrap();
        let (store, fence) = held(directory.path()).await;
        store.append_held(fence, vec![fact((fence, 1, Status::Ok))]).await.unwrap();
        store.append_late(&[fact((0, 9, Status::Down))]).await.unwrap();
        store.append_held(fence, vec![fact((fence, 9, Status::Down))]).await.unwrap();
        let said: Vec<Status> =
            recorded(&store).await.iter().filter_map(|fact| Some(status_of(fact)?.status)).collect();
        assert_eq!(said, [Status::Ok, Status::Down]);
    }

    #[tokio::test]
    async fn what_is_said_begins_after_what_it_follows_on() {
        let directory = tempfile::tempdir().unwrap();
        let (store, fence) = held(directory.path()).await;
        store.append_held(fence, vec![fact((fence, 5, Status::Down))]).await.unwrap();
        store.append_late(&[fact((fence, 20, Status::Ok))]).await.unwrap();
        // By who knows only the outage of before.
        store.append_held(fence, vec![fact((fence, 5, Status::Down))]).await.unwrap();
        store.append_late(&[fact((fence, 40, Status::Down))]).await.unwrap();
        let recorded = recorded(&store).await;
        let said: Vec<_> =
            recorded.iter().filter_map(status_of).map(|said| (said.status, said.since, said.seen)).collect();
        assert_eq!(said, [(Status::Down, at(5), true), (Status::Ok, at(20), true), (Status::Down, at(20), false)]);
        assert!(recorded.iter().all(|fact| status_of(fact).is_some_and(|said| said.since <= fact.at)));
    }

    #[tokio::test]
    async fn nothing_is_so_after_its_moment() {
        let directory = tempfile::tempdir().unwrap();
        let (store, fence) = held(directory.path()).await;
        store.append_held(fence, vec![fact((fence, 5, Status::Down)), fact((fence, 9, Status::Ok))]).await.unwrap();
        store.append_late(&[fact((fence, 5, Status::Down))]).await.unwrap();
        let said = recorded(&store).await;
        assert_eq!(said.len(), 3);
        assert!(said.iter().all(|fact| status_of(fact).is_some_and(|said| said.since <= fact.at)), "{said:?}");
    }

    #[tokio::test]
    async fn who_acts_elsewhere_at_the_same_time_says_nothing_twice() {
        use Status::{Down, Ok};
        // What was seen by who was started elsewhere while the store was away, and was killed then; and what is on record where
        // that one is back first, and where the holder is.
        type Case = (&'static [(i64, Status)], [&'static [Status]; 2]);
        let cases: &[Case] = &[
            (&[(11, Down)], [&[Ok, Down, Ok], &[Ok, Down, Ok]]),
            (&[(9, Down), (21, Ok)], [&[Ok, Down, Ok], &[Ok, Down, Ok]]),
            (&[(11, Down), (14, Ok), (16, Down)], [&[Ok, Down, Ok, Down, Ok], &[Ok, Down, Ok, Ok, Down]]),
        ];
        let orders = |(seen, [first, last]): &Case| [(*seen, *first, true), (*seen, *last, false)];
        for (seen, expected, stand_in_first) in cases.iter().flat_map(orders) {
            let directory = tempfile::tempdir().unwrap();
            let (store, fence) = held(directory.path()).await;
            store.append_held(fence, vec![fact((fence, 0, Ok))]).await.unwrap();
            let holder = [(fence, 10, Down), (fence, 20, Ok)].map(fact);
            // It has seen the chain further than where the lease was taken.
            let elsewhere = |said| NewFact { host: "far".to_owned(), ..fact(said) };
            let stand_in = seen.iter().map(|(second, status)| elsewhere((fence + 1, *second, *status)));
            let stand_in: Vec<NewFact> = stand_in.collect();
            let queues = if stand_in_first { [&stand_in[..], &holder] } else { [&holder[..], &stand_in] };
            for queue in queues {
                store.append_late(queue).await.unwrap();
            }
            // The holder goes on.
            store.append_held(fence, vec![fact((fence, 20, Ok))]).await.unwrap();
            let page = store.audit_page(0, 99).await.unwrap();
            let facts = page.iter().map(|line| Fact::from_entry(&line.entry.to_string()).unwrap().draft);
            let said: Vec<Status> = facts.filter_map(|fact| status_of(&fact).map(|said| said.status)).collect();
            assert_eq!(said, expected, "{seen:?}, the stand-in first: {stand_in_first}");
        }
    }
}
