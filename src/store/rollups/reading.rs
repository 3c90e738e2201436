//! Reading roll-ups back, for a console that starts.

use std::collections::BTreeMap;

use super::{HOURS, MINUTES, PackMark, start_of};
use crate::model::rollup::{Bucket, HOURS_BACK, MINUTES_BACK, Pack, SeriesHistory, SeriesKey, Width};
use crate::store::{Store, StoreError};

/// How often it is read again because an hour was packed meanwhile; that takes seconds once an hour.
pub(super) const TRIES: u32 = 5;
/// Minutes of a day.
const DAY: u32 = 24 * 60;

impl Store {
    /// What is stored of some series up to the minute `now`: minutes of two days, hours of thirty.
    ///
    /// # Errors
    /// It can't be read.
    pub async fn stored_readings(&self, series: &[SeriesKey], now: u32) -> Result<Vec<SeriesHistory>, StoreError> {
        self.readings_with(series, &[], now).await
    }

    /// The same with the minutes of the hours `apart`, where they are kept, in the place of those hours.
    ///
    /// # Errors
    /// It can't be read.
    pub(crate) async fn readings_with(
        &self,
        series: &[SeriesKey],
        apart: &[u32],
        now: u32,
    ) -> Result<Vec<SeriesHistory>, StoreError> {
        for _ in 1..TRIES {
            let mark = self.pack_mark().await?;
            let histories = self.history_once((series, apart), now, mark.as_ref()).await?;
            // Where the holder has packed meanwhile, minutes may have been seen twice or not at all.
            if self.pack_mark().await? == mark {
                return Ok(histories);
            }
        }
        let mark = self.pack_mark().await?;
        self.history_once((series, apart), now, mark.as_ref()).await
    }

    async fn history_once(
        &self,
        (series, apart): (&[SeriesKey], &[u32]),
        now: u32,
        mark: Option<&PackMark>,
    ) -> Result<Vec<SeriesHistory>, StoreError> {
        let minutes_from = Width::Minute.first_minute(now.saturating_sub(MINUTES_BACK));
        let hours_from = now.saturating_sub(HOURS_BACK);
        let mut open = self.unpacked(series, minutes_from, now, mark).await?;
        let mut histories = Vec::with_capacity(series.len());
        for series in series {
            let mut hours = self.packs(Width::Hour, series, hours_from).await?;
            let mut minutes = self.packs(Width::Minute, series, minutes_from).await?;
            hours.retain(|hour, _| *hour >= hours_from && *hour < minutes_from);
            for hour in apart {
                if hours.contains_key(hour)
                    && let Some(pack) = self.minutes_of(series, *hour).await?
                {
                    hours.remove(hour);
                    minutes.extend(pack.into_buckets());
                }
            }
            for (minute, bucket) in open.remove(series).unwrap_or_default() {
                minutes.entry(minute).or_default().merge(&bucket);
            }
            let (hours, minutes): (Vec<_>, Vec<_>) = (hours.into_iter().collect(), minutes.into_iter().collect());
            let read = hours.first().into_iter().chain(minutes.first()).map(|(minute, _)| *minute).min();
            // There may be ten thousand, and most began within what was read.
            let first = match read {
                Some(read) if read >= hours_from + DAY => Some(read),
                read => self.first_minute(series, read).await?,
            };
            histories.push(SeriesHistory { series: series.clone(), hours, minutes, first });
            tokio::task::yield_now().await;
        }
        Ok(histories)
    }

    /// The first minute of which anything is stored of a series, which is no later than `read`: of its first day, which holds
    /// hours.
    async fn first_minute(&self, series: &SeriesKey, read: Option<u32>) -> Result<Option<u32>, StoreError> {
        let row = self.dialect.rollups(HOURS, &series.to_string(), i64::MIN, i64::MAX, 1).await?.pop();
        let day = row.and_then(|row| self.pack_of(Width::Hour, &row));
        let first = day.and_then(|day| day.buckets().next().map(|(minute, _)| minute));
        Ok(first.into_iter().chain(read).min())
    }

    /// The minutes of an hour of a series, where they are kept and can be read.
    pub(super) async fn minutes_of(&self, series: &SeriesKey, hour: u32) -> Result<Option<Pack>, StoreError> {
        let start = start_of(hour);
        let row = self.dialect.rollups(MINUTES, &series.to_string(), start, start + 1, 1).await?.pop();
        Ok(row.and_then(|row| self.pack_of(Width::Minute, &row)))
    }

    /// The minutes of some series that are not packed yet.
    pub(super) async fn unpacked(
        &self,
        series: &[SeriesKey],
        from: u32,
        now: u32,
        mark: Option<&PackMark>,
    ) -> Result<BTreeMap<SeriesKey, Vec<(u32, Bucket)>>, StoreError> {
        let mut found: BTreeMap<SeriesKey, Vec<(u32, Bucket)>> = BTreeMap::new();
        let Some(mark) = mark else { return Ok(found) };
        let after = mark.after.as_deref().and_then(SeriesKey::parse);
        let mut hour = mark.hour.max(from);
        while hour <= now {
            for sheet in self.sheets_of(hour).await?.iter().filter_map(|row| self.sheet(row)) {
                for series in series {
                    // What is packed of this hour is in its pack already.
                    let packed = hour == mark.hour && after.as_ref().is_some_and(|after| series <= after);
                    if let Some(bucket) = sheet.get(series).filter(|_| !packed) {
                        found.entry(series.clone()).or_default().push((sheet.minute, bucket.clone()));
                    }
                }
                tokio::task::yield_now().await;
            }
            hour += Width::Minute.buckets();
        }
        Ok(found)
    }

    /// The buckets of a series in the packs from that of `from` on; those that can't be read are left out.
    pub(super) async fn packs(
        &self,
        width: Width,
        series: &SeriesKey,
        from: u32,
    ) -> Result<BTreeMap<u32, Bucket>, StoreError> {
        let tier = if width == Width::Minute { MINUTES } else { HOURS };
        let start = start_of(width.first_minute(from));
        let rows = self.dialect.rollups(tier, &series.to_string(), start, i64::MAX, u32::MAX).await?;
        let mut buckets = BTreeMap::new();
        for row in rows {
            buckets.extend(self.pack_of(width, &row).into_iter().flat_map(Pack::into_buckets));
        }
        Ok(buckets)
    }
}
