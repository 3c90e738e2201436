//! Every stored row of roll-ups, in pages.

use crate::store::dialect::{RollupRow, TIERS};
use crate::store::{Store, StoreError};

/// Rows that are read at once.
const PAGE: u32 = 500;

/// A walk through all tiers and series, each in its order.
#[derive(Debug, Default)]
pub(in crate::store) struct RollupWalk {
    tier: usize,
    /// The series that is read; `None`: the tier begins.
    series: Option<String>,
    /// Where its next page begins; `None`: it is read to its end.
    from: Option<i64>,
}

impl RollupWalk {
    /// The next rows, of one series; `None`: all were given.
    ///
    /// # Errors
    /// The store can't be read.
    pub(in crate::store) async fn next(&mut self, store: &Store) -> Result<Option<Vec<RollupRow>>, StoreError> {
        while let Some(tier) = TIERS.get(self.tier) {
            if let (Some(series), Some(from)) = (&self.series, self.from) {
                let rows = store.dialect.rollups(tier, series, from, i64::MAX, PAGE).await?;
                self.from = rows.last().filter(|_| rows.len() == PAGE as usize).map(|row| row.start + 1);
                if !rows.is_empty() {
                    return Ok(Some(rows));
                }
            } else {
                self.series = store.dialect.next_series(tier, self.series.as_deref()).await?;
                self.from = self.series.is_some().then_some(i64::MIN);
                self.tier += usize::from(self.series.is_none());
            }
        }
        Ok(None)
    }
}
