//! Who acts for all: the lease, and what only its holder writes.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::dialect::{Batch, Guard, LeaseTaking, Side, WhichFacts};
use super::{Store, StoreError};
use crate::model::fact::{Fact, LeaseTaken, NewFact, Statement};
use crate::model::lease::{
    EXPIRES_AFTER, LeaseCandidate, LeaseDecision, LeaseHolder, LeaseRow, LeaseView, WaitingWatcher, decide,
};
use crate::model::status::Status;
use crate::model::thing::CheckRecord;
use crate::text::name::Name;

/// The object of the facts by which it was taken; the place of each is its fence.
pub(super) const LEASE: &str = "lease:engine";
/// By this name a watcher that waits is kept.
const WAITING: &str = "watcher.waiting";
/// By this name the state of the holder's engine is kept.
pub(super) const ENGINE: &str = "engine";

/// What came of something that only the holder may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldWrite {
    /// It is written.
    Done,
    /// The lease is another's by now, and nothing is written.
    Lost,
}

/// What the holder's engine knew, and for how long nobody has known more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeptEngine {
    /// As it was written.
    pub body: Vec<u8>,
    /// Since it was written.
    pub age: Duration,
    /// Since the holder was last heard of.
    pub silent_for: Duration,
}

impl Store {
    /// One turn of a candidate: looks at the lease, takes, renews or gives it back by the rules, and says how it stands then.
    /// `at` is the moment for the record.
    ///
    /// # Errors
    /// The store can't be read or written, or is not the one that was used before: then nothing is taken.
    pub async fn lease_turn(&self, me: &LeaseCandidate, at: DateTime<Utc>) -> Result<LeaseView, StoreError> {
        let mut turns = self.turns();
        loop {
            let mut turn = turns.next().await?;
            // Nobody goes on in a store that lost what was seen in it: that would hide what is missing.
            turn.trusted().await?;
            let (lease, now) = self.dialect.lease().await?;
            let fence = lease.as_ref().map_or(0, |lease| lease.fence);
            match decide(lease.as_ref(), now, me, self.other_waits(me, now).await?) {
                LeaseDecision::Renew => {
                    if self.dialect.renew(fence, &me.id, &me.digest).await? {
                        let since = self.taken(fence).await?.map_or(now, |fact| fact.recorded_at);
                        return Ok(LeaseView::Ours { fence, since });
                    }
                }
                LeaseDecision::GiveBack => {
                    self.give_back(fence).await?;
                    return Ok(LeaseView::Free);
                }
                LeaseDecision::Take { before, reconfigured } => {
                    let since = turn.now();
                    // The place of the fact that says so: it grows for ever, also where the store is imported elsewhere.
                    let fence = turn.next_seq();
                    let (holder, digest) = (me.id.clone(), me.digest.clone());
                    let said = LeaseTaken { holder, watcher: me.watcher, fence, digest, before, reconfigured };
                    let fact = self.new_fact(at, &me.who, Statement::LeaseTaken(said));
                    let new = self.row(me, fence, now);
                    let taking = LeaseTaking { found: lease.as_ref(), new: &new };
                    let batch = Batch { taking: Some(&taking), ..Batch::default() };
                    if turn.append_with(vec![fact], batch).await?.is_some() {
                        return Ok(LeaseView::Ours { fence, since });
                    }
                }
                LeaseDecision::Wait => {
                    if me.watcher && !me.looks_on {
                        self.announce(me).await?;
                    }
                    return Ok(self.holder(lease, now).await?.map_or(LeaseView::Free, LeaseView::Other));
                }
                LeaseDecision::OtherConfiguration => {
                    return Ok(LeaseView::OtherConfiguration(self.holder(lease, now).await?));
                }
            }
        }
    }

    /// For how long nobody has renewed the lease; without end where nobody ever held it.
    ///
    /// # Errors
    /// The store can't be read.
    pub(crate) async fn unattended_for(&self) -> Result<Duration, StoreError> {
        let (lease, now) = self.dialect.lease().await?;
        Ok(lease.map_or(Duration::MAX, |lease| (now - lease.renewed_at).to_std().unwrap_or_default()))
    }

    /// By which fence somebody acted last, a lease of this fence `but` left aside; 0: nobody is known to have.
    ///
    /// # Errors
    /// The store can't be read.
    pub(crate) async fn last_taken(&self, but: Option<u64>) -> Result<u64, StoreError> {
        let rows = self.dialect.facts(WhichFacts::LastAbout(LEASE), 2).await?;
        Ok(rows.iter().map(|row| row.seq).find(|seq| Some(*seq) != but).unwrap_or_default())
    }

    /// Gives the lease back where it still has this fence. The digest stays on record.
    ///
    /// # Errors
    /// The store can't be written: the lease expires by itself.
    pub async fn give_back(&self, fence: u64) -> Result<(), StoreError> {
        let (lease, _) = self.dialect.lease().await?;
        let digest = lease.map(|lease| lease.digest).unwrap_or_default();
        self.dialect.renew(fence, "", &digest).await.map(drop)
    }

    /// Puts on record what the holder says, all together, where the lease still has its fence.
    ///
    /// # Errors
    /// The store can't be written, or is not the one that was used before.
    pub async fn append_held(&self, fence: u64, drafts: Vec<NewFact>) -> Result<HeldWrite, StoreError> {
        let mut turns = self.turns();
        loop {
            let mut turn = turns.next().await?;
            turn.trusted().await?;
            let (lease, _) = self.dialect.lease().await?;
            if lease.is_none_or(|lease| lease.fence != fence || lease.holder.is_empty()) {
                return Ok(HeldWrite::Lost);
            }
            let news = self.news(&drafts).await?;
            if news.is_empty() || turn.append(news).await?.is_some() {
                return Ok(HeldWrite::Done);
            }
        }
    }

    /// What is not on record already: a check that stands as it does by its last fact has nothing to say, nor has an alert
    /// that fires there. What follows on another status did not begin before that: who says so knew less than the record.
    async fn news(&self, drafts: &[NewFact]) -> Result<Vec<NewFact>, StoreError> {
        let check = |draft: &NewFact| match &draft.said {
            Statement::CheckStatus(said) => Some(said.check.clone()),
            _ => None,
        };
        let checks: Vec<Name> = drafts.iter().filter_map(check).collect();
        let known = self.statuses(&checks).await?;
        let known = known.iter().filter_map(|thing| Some((&*thing.key.id, thing.read::<CheckRecord>()?)));
        let mut stands: HashMap<Name, (Status, DateTime<Utc>)> =
            known.map(|(check, record)| (check.into(), (record.status, record.since))).collect();
        let mut news = drafts.to_vec();
        news.retain_mut(|draft| {
            let Statement::CheckStatus(said) = &mut draft.said else { return true };
            let stood = stands.get(&said.check).copied();
            if let Some((_, since)) = stood.filter(|(_, since)| *since > said.since) {
                (said.since, said.seen) = (since, false);
                draft.at = draft.at.max(since);
            }
            stands.insert(said.check.clone(), (said.status, said.since));
            stood.is_none_or(|(status, _)| status != said.status)
        });
        self.alert_news(news).await
    }

    /// Keeps the state of the holder's engine, where the lease still has its fence.
    ///
    /// # Errors
    /// The store can't be written.
    pub(crate) async fn keep_engine(&self, fence: u64, body: &[u8]) -> Result<HeldWrite, StoreError> {
        let held = self.put_held(fence, &[Side::Keep(ENGINE, body)]).await?;
        Ok(if held { HeldWrite::Done } else { HeldWrite::Lost })
    }

    /// Writes what only the holder writes and what is no fact, where the lease still has its fence and the chain holds all that
    /// was seen of it. `false`: the lease is another's by now, and nothing is written.
    pub(super) async fn put_held(&self, fence: u64, sides: &[Side<'_>]) -> Result<bool, StoreError> {
        self.turns().next().await?.trusted().await?;
        self.dialect.put(Guard::Fence(fence), sides).await
    }

    /// What the engine of the last holder knew.
    ///
    /// # Errors
    /// The store can't be read.
    pub(crate) async fn kept_engine(&self) -> Result<Option<KeptEngine>, StoreError> {
        let Some((body, written_at)) = self.dialect.kept(ENGINE).await? else { return Ok(None) };
        let (lease, now) = self.dialect.lease().await?;
        let heard = lease.map_or(written_at, |lease| lease.renewed_at.max(written_at));
        let since = |then: DateTime<Utc>| (now - then).to_std().unwrap_or_default();
        Ok(Some(KeptEngine { body, age: since(written_at), silent_for: since(heard) }))
    }

    /// Whether a watcher, and not this process, waits for the lease.
    async fn other_waits(&self, me: &LeaseCandidate, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let Some((body, written_at)) = self.dialect.kept(WAITING).await? else { return Ok(false) };
        let young = (now - written_at).abs().to_std().is_ok_and(|age| age < EXPIRES_AFTER);
        let other = serde_json::from_slice::<WaitingWatcher>(&body).is_ok_and(|waiting| waiting.holder != me.id);
        Ok(young && other)
    }

    async fn announce(&self, me: &LeaseCandidate) -> Result<(), StoreError> {
        let waiting = WaitingWatcher { holder: me.id.clone(), digest: me.digest.clone() };
        let body = serde_json::to_vec(&waiting).map_err(|error| StoreError::Content(error.to_string()))?;
        self.dialect.put(Guard::Free, &[Side::Keep(WAITING, &body)]).await.map(drop)
    }

    /// Who holds a lease; `None` where nobody does.
    pub(super) async fn holder(
        &self,
        lease: Option<LeaseRow>,
        now: DateTime<Utc>,
    ) -> Result<Option<LeaseHolder>, StoreError> {
        let Some(lease) = lease.filter(|lease| !lease.is_free(now)) else { return Ok(None) };
        let taken = self.taken(lease.fence).await?;
        let since = taken.as_ref().map_or(lease.renewed_at, |fact| fact.recorded_at);
        let who = taken.map_or_else(|| "unknown".to_owned(), |fact| fact.draft.who);
        let (pid, overdue) = (pid_of(&lease.holder), lease.is_overdue(now));
        Ok(Some(LeaseHolder { who, host: lease.host, pid, watcher: lease.watcher, since, overdue }))
    }

    /// The fact by which the lease got this fence.
    async fn taken(&self, fence: u64) -> Result<Option<Fact>, StoreError> {
        let row = self.dialect.facts(WhichFacts::LastAbout(LEASE), 1).await?.pop();
        let fact = row.and_then(|row| Fact::from_entry(&row.entry).ok());
        Ok(fact.filter(|fact| matches!(fact.said(), Statement::LeaseTaken(taken) if taken.fence == fence)))
    }

    fn row(&self, me: &LeaseCandidate, fence: u64, now: DateTime<Utc>) -> LeaseRow {
        let (holder, host, digest) = (me.id.clone(), self.host.clone(), me.digest.clone());
        LeaseRow { holder, host, watcher: me.watcher, fence, digest, renewed_at: now }
    }
}

/// The process of a candidate's id, `HOST.PID.RANDOM`.
fn pid_of(id: &str) -> Option<u32> {
    id.rsplit('.').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::rollup::Sheet;
    use crate::store::address::StoreAddress;
    use crate::store::heads::ChainMark;
    use crate::store::place::StoreLocation;

    #[tokio::test]
    async fn nothing_is_kept_in_a_store_that_lost_its_end() {
        let state = tempfile::tempdir().unwrap();
        let at = StoreAddress::File(state.path().join("opsroom.db"));
        let place = StoreLocation { at, host: "box".to_owned(), state: Some(state.path().to_owned()) };
        let store = Store::open(&place).await.unwrap();
        let (id, who, digest) = ("a".to_owned(), "ana".to_owned(), String::new());
        let me = LeaseCandidate { id, who, watcher: false, digest, looks_on: false };
        let fence = store.lease_turn(&me, DateTime::UNIX_EPOCH).await.unwrap().fence().unwrap();
        assert_eq!(store.keep_engine(fence, b"{}").await.unwrap(), HeldWrite::Done);
        store.advance(ChainMark::new(99, b"seen")).await;
        let is_lost = |error: &StoreError| matches!(error, StoreError::LostEnd { .. });
        assert!(store.keep_engine(fence, b"{\"later\":1}").await.is_err_and(|error| is_lost(&error)));
        let mut sheet = Sheet::new(7, Vec::new()).into();
        assert!(store.add_minute(fence, &mut sheet).await.is_err_and(|error| is_lost(&error)));
        assert_eq!(store.kept_engine().await.unwrap().unwrap().body, b"{}");
    }
}
