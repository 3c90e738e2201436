//! Runs that hold a lock, put back on record where the store that was accepted knows nothing of them.

use super::{Begin, Begun, intended};
use crate::model::fact::{Fact, NewFact, RunIntended, Statement};
use crate::model::run::Lock;
use crate::store::dialect::WhichFacts;
use crate::store::{Store, StoreError};

impl Store {
    /// The intent of the run that holds a lock, as it was put on record; `None`: the record does not reach back to it.
    ///
    /// # Errors
    /// The store can't be read.
    pub(crate) async fn intent_of(&self, lock: &Lock) -> Result<Option<NewFact>, StoreError> {
        let rows = self.dialect.facts(WhichFacts::About(&format!("run:{}", lock.id)), 1).await?;
        let facts = rows.iter().filter_map(|row| Fact::from_entry(&row.entry).ok());
        Ok(facts.map(|fact| fact.draft).find(|draft| matches!(draft.said, Statement::RunIntended(_))))
    }

    /// Puts an intent back on record that this store has lost, or never had, with the lock that its run holds until its host
    /// says how it ended or a person releases it. Where another run has taken the target since, that one keeps the lock. Says
    /// whether it was not on record.
    ///
    /// # Errors
    /// The store can't be written, or is not the one to be used.
    pub(crate) async fn restore_intent(&self, intent: &NewFact) -> Result<bool, StoreError> {
        let Statement::RunIntended(said) = &intent.said else { return Ok(false) };
        let said_again = Statement::RunIntended(Box::new(RunIntended { holds: true, ..(**said).clone() }));
        let draft = NewFact { late: true, said: said_again, ..intent.clone() };
        let mut turns = self.turns();
        loop {
            let mut turn = turns.next().await?;
            turn.trusted().await?;
            if self.run(&said.run).await?.is_some() {
                return Ok(false);
            }
            if turn.append(vec![draft.clone()]).await?.is_some() {
                return Ok(true);
            }
        }
    }

    /// The same of a run of this host of which its directory tells.
    ///
    /// # Errors
    /// As there.
    pub(crate) async fn restore_run(&self, begin: Begin<'_>, given: Begun) -> Result<bool, StoreError> {
        self.restore_intent(&self.new_fact(begin.run.started_at, &begin.run.who, intended(begin, given))).await
    }
}
