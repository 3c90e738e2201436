//! Packing the sheets of an hour that is over, by series, in slices.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{ALL, HOURS, MINUTES, PACKED, PackMark, minute_at, start_of};
use crate::model::rollup::{InvalidRollup, Pack, SeriesKey, Sheet, Width, pack_hour};
use crate::store::dialect::{RollupRow, Side};
use crate::store::{Store, StoreError};

/// Series whose minutes are in memory at once: some 20 MB.
const IN_MEMORY: usize = 1_000;
/// Series in one transaction: some milliseconds for which others wait.
const SLICE: usize = 200;
/// Between two transactions, so that others get theirs.
const PAUSE: Duration = Duration::from_millis(20);

impl Store {
    /// Packs the hours that are over in the minute `now`, oldest first. `false`: the lease has another fence by now.
    ///
    /// # Errors
    /// It could not be done to the end; what is packed is packed, and the rest is for the next time.
    pub async fn pack(&self, fence: u64, now: u32) -> Result<bool, StoreError> {
        while self.pack_mark().await?.is_some_and(|mark| mark.hour < Width::Minute.first_minute(now)) {
            if !self.pack_next(fence, now).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Packs the oldest hour that has sheets. `false`: the lease has another fence by now.
    pub(super) async fn pack_next(&self, fence: u64, now: u32) -> Result<bool, StoreError> {
        let Some(mut mark) = self.pack_mark().await? else { return Ok(true) };
        let last = Width::Minute.first_minute(now);
        let mut rows = self.sheets_of(mark.hour).await?;
        while rows.is_empty() && mark.after.is_none() && mark.hour < last {
            mark.hour += Width::Minute.buckets();
            rows = if mark.hour < last { self.sheets_of(mark.hour).await? } else { Vec::new() };
        }
        if mark.hour < last && !self.pack_series(fence, &mark, &rows).await? {
            return Ok(false);
        }
        if mark.hour < last {
            mark.hour += Width::Minute.buckets();
        }
        mark.after = None;
        let body = mark.body()?;
        // What can't be read stays, until its time is over: a newer version wrote it.
        let readable = rows.iter().filter(|row| self.sheet(row).is_some());
        let gone = readable.map(Side::RemoveRollup).chain([Side::Keep(PACKED, &body)]).collect::<Vec<_>>();
        self.put_held(fence, &gone).await
    }

    /// The sheets of one hour.
    pub(super) async fn sheets_of(&self, hour: u32) -> Result<Vec<RollupRow>, StoreError> {
        let end = hour.saturating_add(Width::Minute.buckets());
        self.dialect.rollups(MINUTES, ALL, start_of(hour), start_of(end), u32::MAX).await
    }

    async fn pack_series(&self, fence: u64, mark: &PackMark, rows: &[RollupRow]) -> Result<bool, StoreError> {
        let mut series = BTreeSet::new();
        let after = mark.after.as_deref().and_then(SeriesKey::parse);
        for row in rows {
            let sheet = self.sheet(row);
            let named = sheet.iter().flat_map(Sheet::buckets).map(|(series, _)| series);
            series.extend(named.filter(|series| after.as_ref().is_none_or(|after| *series > after)).cloned());
            tokio::task::yield_now().await;
        }
        let series: Vec<SeriesKey> = series.into_iter().collect();
        for group in series.chunks(IN_MEMORY) {
            let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
            let wanted = |series: &SeriesKey| first <= series && series <= last;
            let packs: Vec<_> =
                pack_hour(mark.hour, rows.iter().filter_map(|row| self.sheet(row)), wanted).into_iter().collect();
            for slice in packs.chunks(SLICE) {
                if !self.pack_slice(fence, mark.hour, slice).await? {
                    return Ok(false);
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
        Ok(true)
    }

    /// Adds the minutes of some series to what is stored of that hour and that day.
    async fn pack_slice(&self, fence: u64, hour: u32, packs: &[(SeriesKey, Pack)]) -> Result<bool, StoreError> {
        let mut rows = Vec::with_capacity(2 * packs.len());
        for (series, pack) in packs {
            let mut of_day = Pack::new(Width::Hour, hour);
            of_day.add(hour, pack.total());
            rows.extend(self.added(series, pack).await?);
            rows.extend(self.added(series, &of_day).await?);
        }
        let after = packs.last().map(|(series, _)| series.to_string());
        let body = PackMark { hour, after }.body()?;
        let sides = rows.iter().map(Side::Rollup).chain([Side::Keep(PACKED, &body)]).collect::<Vec<_>>();
        self.put_held(fence, &sides).await
    }

    /// Adds packs to what is stored, all or nothing. `false`: the lease has another fence by now.
    ///
    /// # Errors
    /// It could not be written.
    pub async fn add_packs(&self, fence: u64, packs: &[(SeriesKey, Pack)]) -> Result<bool, StoreError> {
        let mut rows = Vec::with_capacity(packs.len());
        for (series, pack) in packs {
            rows.extend(self.added(series, pack).await?);
        }
        self.put_held(fence, &rows.iter().map(Side::Rollup).collect::<Vec<_>>()).await
    }

    /// Writes packs of spans of which nothing is stored yet, all or nothing. `false`: the lease has another fence by now.
    ///
    /// # Errors
    /// It could not be written.
    pub(crate) async fn put_packs(&self, fence: u64, packs: &[(SeriesKey, Pack)]) -> Result<bool, StoreError> {
        let row = |(series, pack): &(SeriesKey, Pack)| RollupRow {
            tier: tier_of(pack.width()).to_owned(),
            series: series.to_string(),
            start: start_of(pack.first_minute()),
            data: pack.encode(),
        };
        let rows: Vec<RollupRow> = packs.iter().map(row).collect();
        self.put_held(fence, &rows.iter().map(Side::Rollup).collect::<Vec<_>>()).await
    }

    /// What is stored of a series in the span of a pack, with that pack; `None` where it can't be read.
    async fn added(&self, series: &SeriesKey, pack: &Pack) -> Result<Option<RollupRow>, StoreError> {
        let (width, first) = (pack.width(), pack.first_minute());
        let tier = tier_of(width);
        let (series, start) = (series.to_string(), start_of(first));
        let stored = self.dialect.rollups(tier, &series, start, start + 1, 1).await?.pop();
        let data = match stored {
            None => pack.encode(),
            Some(row) => {
                let Some(mut stored) = self.pack_of(width, &row) else { return Ok(None) };
                for (minute, bucket) in pack.buckets() {
                    stored.add(minute, bucket.clone());
                }
                stored.encode()
            }
        };
        Ok(Some(RollupRow { tier: tier.to_owned(), series, start, data }))
    }
}

fn tier_of(width: Width) -> &'static str {
    if width == Width::Minute { MINUTES } else { HOURS }
}

/// What a row of minutes of all series holds.
pub(in crate::store) fn sheet_in(row: &RollupRow) -> Result<Sheet, InvalidRollup> {
    Sheet::decode(whole_minute(row)?, &row.data)
}

/// What a row of one series holds.
pub(in crate::store) fn pack_in(width: Width, row: &RollupRow) -> Result<Pack, InvalidRollup> {
    Pack::decode(width, whole_minute(row)?, &row.data)
}

/// The minute with which a row begins: nothing is stored that begins within one.
fn whole_minute(row: &RollupRow) -> Result<u32, InvalidRollup> {
    let minute = minute_at(row.start);
    if start_of(minute) == row.start { Ok(minute) } else { Err(InvalidRollup::MISPLACED) }
}

impl Store {
    /// What a row of minutes of all series holds; `None` where it can't be read, which is remembered.
    pub(super) fn sheet(&self, row: &RollupRow) -> Option<Sheet> {
        self.readable(row, sheet_in(row))
    }

    /// What a row of one series holds; `None` where it can't be read, which is remembered.
    pub(super) fn pack_of(&self, width: Width, row: &RollupRow) -> Option<Pack> {
        self.readable(row, pack_in(width, row))
    }

    /// What was decoded of a row; `None` where it can't be read, which is remembered.
    pub(super) fn readable<T>(&self, row: &RollupRow, decoded: Result<T, impl Display>) -> Option<T> {
        if let Err(error) = &decoded {
            self.unreadable.found.store(true, Ordering::Relaxed);
            tracing::warn!(%error, series = row.series, start = row.start, "readings can't be read");
        }
        decoded.ok()
    }

    /// Whether roll-ups were found that can't be read: what they hold was left out.
    pub(crate) fn is_partial(&self) -> bool {
        self.unreadable.found.load(Ordering::Relaxed)
    }

    /// The same, for who says so once: true for the first who asks, and false for all others.
    pub(crate) fn found_partial(&self) -> bool {
        self.is_partial() && !self.unreadable.said.swap(true, Ordering::Relaxed)
    }
}
