//! What charts show of the stored past, added up while it is read.

use std::collections::BTreeSet;

use super::{HOURS, MINUTES, minute_at, start_of};
use crate::model::rollup::{ChartQuery, ChartSpan, ChartSpans, Width};
use crate::store::{Store, StoreError};

/// Packs that are decoded between two pauses, for others that share the thread: some two milliseconds.
const PAGE: u32 = 32;

impl Store {
    /// What is stored of the window of a chart: minutes where they are asked for and still kept, hours elsewhere. It is read
    /// from packs alone; who asks holds the minutes of the last hours itself.
    ///
    /// # Errors
    /// It can't be read.
    pub async fn chart(&self, query: &ChartQuery) -> Result<Vec<ChartSpan>, StoreError> {
        let mut spans = ChartSpans::default();
        let mut in_minutes = BTreeSet::new();
        if query.is_fine() {
            in_minutes = self.add_packs_of(Width::Minute, query, &BTreeSet::new(), &mut spans).await?;
        }
        self.add_packs_of(Width::Hour, query, &in_minutes, &mut spans).await?;
        Ok(spans.finish())
    }

    /// Adds the packs of one width, without the hours that are there already. Returns where the packs begin.
    async fn add_packs_of(
        &self,
        width: Width,
        query: &ChartQuery,
        without: &BTreeSet<u32>,
        spans: &mut ChartSpans,
    ) -> Result<BTreeSet<u32>, StoreError> {
        let tier = if width == Width::Minute { MINUTES } else { HOURS };
        let series = query.series.to_string();
        let (mut from, until) = (start_of(width.first_minute(query.from)), start_of(query.until));
        let mut begun = BTreeSet::new();
        loop {
            let rows = self.dialect.rollups(tier, &series, from, until, PAGE).await?;
            for row in &rows {
                let first = minute_at(row.start);
                let Some(pack) = self.pack_of(width, row) else { continue };
                begun.insert(first);
                for (minute, bucket) in pack.buckets().filter(|(minute, _)| !without.contains(minute)) {
                    spans.add(query, minute, width.minutes(), bucket);
                }
            }
            match rows.last().filter(|_| rows.len() == PAGE as usize) {
                Some(last) => from = last.start + 1,
                None => return Ok(begun),
            }
            tokio::task::yield_now().await;
        }
    }
}
