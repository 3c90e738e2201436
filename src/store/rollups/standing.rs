//! For how long checks stood how, from hours that are packed and minutes that are not yet.

use std::collections::BTreeMap;

use super::PackMark;
use super::reading::TRIES;
use crate::model::rollup::{Bucket, HourStanding, SeriesKey, StandingHistory, Width};
use crate::store::{Store, StoreError};

impl Store {
    /// The hours of some checks from the minute `from`, which begins a day, up to the minute `now`.
    ///
    /// # Errors
    /// It can't be read.
    pub async fn standing(
        &self,
        series: &[SeriesKey],
        from: u32,
        now: u32,
    ) -> Result<Vec<StandingHistory>, StoreError> {
        for _ in 1..TRIES {
            let mark = self.pack_mark().await?;
            let histories = self.standing_once(series, (from, now), mark.as_ref()).await?;
            // Where the holder has packed meanwhile, minutes may have been seen twice or not at all.
            if self.pack_mark().await? == mark {
                return Ok(histories);
            }
        }
        let mark = self.pack_mark().await?;
        self.standing_once(series, (from, now), mark.as_ref()).await
    }

    async fn standing_once(
        &self,
        series: &[SeriesKey],
        (from, now): (u32, u32),
        mark: Option<&PackMark>,
    ) -> Result<Vec<StandingHistory>, StoreError> {
        let mut open = self.unpacked(series, from, now, mark).await?;
        let mut histories = Vec::with_capacity(series.len());
        for series in series {
            let mut hours: BTreeMap<u32, Bucket> = self.packs(Width::Hour, series, from).await?;
            hours.retain(|hour, _| *hour >= from);
            let unpacked = open.get(series).and_then(|minutes| minutes.iter().map(|(minute, _)| minute + 1).max());
            let until = match (unpacked, hours.last_key_value()) {
                (None, Some((hour, _))) => Some(self.end_in(series, *hour).await?),
                _ => unpacked,
            };
            for (minute, bucket) in open.remove(series).unwrap_or_default() {
                hours.entry(Width::Minute.first_minute(minute)).or_default().merge(&bucket);
            }
            let hours = hours.iter().map(|(hour, bucket)| HourStanding::new(*hour, bucket)).collect();
            histories.push(StandingHistory { series: series.clone(), hours, until });
            tokio::task::yield_now().await;
        }
        Ok(histories)
    }

    /// The minute after the last one of a packed hour: where it stopped midway, by its minutes, if they are kept.
    async fn end_in(&self, series: &SeriesKey, hour: u32) -> Result<u32, StoreError> {
        let minutes = self.minutes_of(series, hour).await?;
        let last = minutes.and_then(|pack| pack.buckets().map(|(minute, _)| minute + 1).max());
        Ok(last.unwrap_or(hour + Width::Hour.minutes()))
    }
}
