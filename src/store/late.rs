//! What could not be said while the store was away, put on record as history once it is back: whoever holds the lease by then.
//!
//! *Invariant:* each change stands once. What is on record by its id is not sent again, nor what another holder has said of
//! the same change meanwhile.

use std::collections::HashMap;
use std::io;

use chrono::{DateTime, Utc};

use super::dialect::WhichFacts;
use super::queue::LateQueue;
use super::{Store, StoreError};
use crate::model::fact::{CheckStatus, Fact, NewFact, Statement};
use crate::model::status::Status;
use crate::text::name::Name;

/// Facts that are put on record together.
const TOGETHER: usize = 500;
/// Facts about a check that are looked back at.
const BACK: u32 = 100;

/// A fact that waited, and when what it says was over, as far as that waited too.
type LateFact<'a> = (&'a NewFact, Option<DateTime<Utc>>);

/// What is on record of a check: by which fence, since when, which status.
#[derive(Debug, Default)]
struct StatusHistory(Vec<(u64, DateTime<Utc>, Status)>);

impl StatusHistory {
    /// Whether the change is on record: the last word by this fence or one before says so, or that of a newer one does of
    /// that time, up to the moment `until` at which it was over.
    fn tells(&self, said: &CheckStatus, until: Option<DateTime<Utc>>) -> bool {
        let last = self.0.iter().rev().find(|(fence, ..)| *fence <= said.fence);
        if last.is_some_and(|(.., status)| *status == said.status) {
            return true;
        }
        let newer = || self.0.iter().filter(|(fence, ..)| *fence > said.fence);
        let then = newer().filter(|(_, since, _)| *since <= said.since).max_by_key(|(_, since, _)| *since);
        let next = newer().filter(|(_, since, _)| *since > said.since).min_by_key(|(_, since, _)| *since);
        let next = next.filter(|(_, since, _)| until.is_none_or(|until| *since < until));
        then.into_iter().chain(next).any(|(.., status)| *status == said.status)
    }
}

impl Store {
    /// Puts on record what waits for this store, as history. Says how many facts waited.
    ///
    /// # Errors
    /// The queue can't be read, or the store not be written: what waits goes on waiting.
    pub(crate) async fn send_late(&self, queue: &LateQueue) -> Result<usize, StoreError> {
        let failed = |error| StoreError::Queue { path: queue.file().display().to_string(), error };
        let reader = queue.clone();
        let taken = tokio::task::spawn_blocking(move || reader.take()).await.map_err(io::Error::other);
        let Some((file, facts)) = taken.and_then(|taken| taken).map_err(failed)? else { return Ok(0) };
        self.append_late(&facts).await?;
        let emptied = tokio::task::spawn_blocking(move || file.set_len(0).and_then(|()| file.sync_all())).await;
        emptied.map_err(io::Error::other).and_then(|emptied| emptied).map_err(failed)?;
        Ok(facts.len())
    }

    /// Puts on record what a holder could not say while the store was away, in its order.
    ///
    /// # Errors
    /// The store can't be written, or is not the one that was used before. The same facts may be given again.
    pub(crate) async fn append_late(&self, drafts: &[NewFact]) -> Result<(), StoreError> {
        for some in with_ends(drafts).chunks(TOGETHER) {
            let mut turns = self.turns();
            loop {
                let mut turn = turns.next().await?;
                turn.trusted().await?;
                let missing = self.missing(some).await?;
                if missing.is_empty() || turn.append(missing).await?.is_some() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Those of which the record says nothing.
    async fn missing(&self, drafts: &[LateFact<'_>]) -> Result<Vec<NewFact>, StoreError> {
        let mut histories: HashMap<&Name, StatusHistory> = HashMap::new();
        let mut missing = Vec::with_capacity(drafts.len());
        for (draft, until) in drafts {
            let mut is_told = !self.dialect.facts(WhichFacts::Id(&draft.id), 1).await?.is_empty();
            if let Some(said) = status_of(draft) {
                if !histories.contains_key(&said.check) {
                    histories.insert(&said.check, self.status_history(&said.check).await?);
                }
                let history = histories.entry(&said.check).or_default();
                is_told |= history.tells(said, *until);
                history.0.push((said.fence, said.since, said.status));
            }
            if !is_told {
                missing.push(NewFact { late: true, ..(*draft).clone() });
            }
        }
        Ok(missing)
    }

    async fn status_history(&self, check: &Name) -> Result<StatusHistory, StoreError> {
        let rows = self.dialect.facts(WhichFacts::LastAbout(&format!("check:{check}")), BACK).await?;
        let facts = rows.iter().rev().filter_map(|row| Fact::from_entry(&row.entry).ok());
        let said = facts.filter_map(|fact| status_of(&fact.draft).map(|said| (said.fence, said.since, said.status)));
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
    use crate::store::address::StoreAddress;
    use crate::store::new_fact;
    use crate::store::place::StoreLocation;

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
            ("nothing is on record", &[], &[(1, 9, Ok)], &[(1, 9, Ok)]),
        ];
        for (what, on_record, waited, written) in cases {
            let directory = tempfile::tempdir().unwrap();
            let place = StoreAddress::File(directory.path().join("opsroom.db"));
            let place = StoreLocation { at: place, host: "box".to_owned(), state: None };
            let store = Store::open(&place).await.unwrap();
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
}
