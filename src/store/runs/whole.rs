//! A run that began in a store which is not the one of now, put on record in this one from its intent to its outcome.

use super::{Begin, Begun, SaidBy, StepsEnd, intended};
use crate::model::fact::NewFact;
use crate::model::run::Closing;
use crate::store::{Store, StoreError};

impl Store {
    /// Puts a run on record of which this store knows nothing, since it was accepted in place of the one that did, or has lost
    /// it: all of it as history, at once. It holds no lock by then; what it counts for as an attempt it goes on counting for.
    /// One that is known by now stays as it is: says whether it was not.
    ///
    /// # Errors
    /// The store can't be written.
    pub(crate) async fn record_whole(
        &self,
        begin: Begin<'_>,
        given: Begun,
        ended: Option<&StepsEnd>,
        closing: &Closing,
    ) -> Result<bool, StoreError> {
        let run = begin.run;
        let by = SaidBy { who: &run.who, late: true };
        let intent = self.new_fact(run.started_at, by.who, intended(begin, given));
        let mut drafts = vec![NewFact { late: true, ..intent }];
        drafts.extend(ended.into_iter().flat_map(|ended| self.end_of(run, ended, by)));
        drafts.extend(self.closing_of(run, None, closing, Some(given.fence), by));
        let mut turns = self.turns();
        loop {
            let turn = turns.next().await?;
            if self.run(&run.id).await?.is_some() {
                return Ok(false);
            }
            if turn.append(drafts.clone()).await?.is_some() {
                return Ok(true);
            }
        }
    }
}
