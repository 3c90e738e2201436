//! One run for a target at a time: a lock, taken with the run's intent, and never stolen by itself.

use chrono::{DateTime, Utc};

use super::dialect::WhichThings;
use super::{Store, StoreError};
use crate::lang::order::InOrder;
use crate::model::fact::{Statement, Unlocked};
use crate::model::run::Lock;
use crate::model::thing::{HeldLock, StoredThing, ThingKind};

/// How many locks are read.
const MOST: u32 = 10_000;

impl Store {
    /// Every lock that is held, oldest first.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn locks(&self) -> Result<Vec<Lock>, StoreError> {
        let things = self.dialect.things(WhichThings::Open(ThingKind::Lock), MOST).await?;
        let mut locks = things.iter().filter_map(held).collect::<Vec<_>>();
        locks.order_by_key(|lock| lock.since);
        Ok(locks)
    }

    /// The lock `id`; `None` where nobody holds it.
    ///
    /// # Errors
    /// The store can't be read.
    pub(crate) async fn lock(&self, id: &str) -> Result<Option<Lock>, StoreError> {
        let things = self.dialect.things(WhichThings::Group(ThingKind::Lock, id), 1).await?;
        Ok(things.iter().find_map(held))
    }

    /// Takes the lock `id` away from whoever holds it, on record with what spoke against it. `None` where there is no such
    /// lock.
    ///
    /// # Errors
    /// The store can't be written; then the lock stays.
    pub(crate) async fn unlock(
        &self,
        id: &str,
        who: &str,
        why: &str,
        against: &[String],
        now: DateTime<Utc>,
    ) -> Result<Option<Lock>, StoreError> {
        let mut turns = self.turns();
        loop {
            let turn = turns.next().await?;
            let Some(lock) = self.lock(id).await? else { return Ok(None) };
            let said = Statement::Unlocked(Unlocked {
                run: lock.id.clone(),
                why: why.to_owned(),
                target: lock.target.clone(),
                holder: lock.holder.clone(),
                fence: lock.fence,
                since: lock.since,
                forced: !against.is_empty(),
                against: against.to_vec(),
            });
            if turn.append(vec![self.new_fact(now, who, said)]).await?.is_some() {
                return Ok(Some(lock));
            }
        }
    }
}

fn held(thing: &StoredThing) -> Option<Lock> {
    thing.read::<HeldLock>()?.held
}
