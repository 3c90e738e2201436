//! Baselines that were saved.

use super::dialect::WhichThings;
use super::{Store, StoreError};
use crate::lang::order::InOrder;
use crate::model::baseline::BaselineRecord;
use crate::model::thing::{StoredThing, ThingKind};

/// Baselines that are read, by name.
const MOST: u32 = 1_000;

impl Store {
    /// Every baseline, the one that was saved last first.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn baselines(&self) -> Result<Vec<BaselineRecord>, StoreError> {
        let mut things = self.dialect.things(WhichThings::Latest(ThingKind::Baseline), MOST).await?;
        things.order_by_key(|thing| std::cmp::Reverse(thing.seq));
        Ok(things.iter().filter_map(StoredThing::read).collect())
    }
}
