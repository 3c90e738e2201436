//! Roll-ups in the store. Whoever holds the lease writes one sheet a minute for all series; when the hour is over, its
//! sheets are packed by series, into the minutes of that hour and the hours of that day, and go.
//!
//! *Invariant:* what is added is added once. A minute is merged with what is stored of it already, and how far an hour is
//! packed is kept in the transaction that packs: whoever goes on, after whatever end, goes on from there.

mod charts;
mod packing;
mod reading;
mod spans;
mod standing;
pub(super) mod walk;

use serde::{Deserialize, Serialize};

pub(super) use self::packing::{pack_in, sheet_in};
pub use self::spans::SpanReader;
use super::dialect::{RollupRow, Side};
use super::{Store, StoreError};
use crate::model::rollup::{Sheet, Width};

/// The rows of minutes: sheets, and the packs of an hour.
pub(super) const MINUTES: &str = "minute";
/// The rows of hours: the packs of a day.
pub(super) const HOURS: &str = "hour";
/// The series of a sheet.
pub(super) const ALL: &str = "";
/// The name by which it is kept how far sheets are packed.
pub(super) const PACKED: &str = "rollup.packed";
const MINUTE_MS: i64 = 60_000;

/// How far sheets are packed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct PackMark {
    /// The first minute of the oldest hour that may have sheets.
    hour: u32,
    /// The last series of that hour that is packed; the hour is then not to be added to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<String>,
}

/// Whether it says how far sheets are packed.
pub(super) fn is_mark(body: &[u8]) -> bool {
    serde_json::from_slice::<PackMark>(body).is_ok()
}

impl PackMark {
    fn body(&self) -> Result<Vec<u8>, StoreError> {
        serde_json::to_vec(self).map_err(|error| StoreError::Content(error.to_string()))
    }
}

/// A sheet on its way into the store, with the bytes that were tried last: where the answer to a commit was lost, it is
/// recognised by them and not added twice.
#[derive(Debug, Clone)]
pub struct SheetToWrite {
    sheet: Sheet,
    tried: Option<Vec<u8>>,
    /// In the place of what is stored of its minute, as far as that is less.
    stands_in: bool,
}

impl SheetToWrite {
    /// A minute that was seen by one that did not hold the lease then: it is stored where the holder stored nothing of it, or
    /// less, because it ended within the minute.
    pub const fn standing_in(sheet: Sheet) -> Self {
        Self { sheet, tried: None, stands_in: true }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.sheet.is_empty()
    }
}

impl From<Sheet> for SheetToWrite {
    fn from(sheet: Sheet) -> Self {
        Self { sheet, tried: None, stands_in: false }
    }
}

impl Store {
    /// Adds a minute to what is stored of it. `false`: the lease has another fence, and nothing is written.
    ///
    /// # Errors
    /// It could not be written; the same sheet may be tried again.
    pub async fn add_minute(&self, fence: u64, sheet: &mut SheetToWrite) -> Result<bool, StoreError> {
        self.add_minutes(fence, std::slice::from_mut(sheet)).await
    }

    /// Adds minutes to what is stored of them, all together; no two may be the same minute. `false`: the lease has another
    /// fence, and nothing is written.
    ///
    /// # Errors
    /// They could not be written; the same sheets may be tried again.
    pub(crate) async fn add_minutes(&self, fence: u64, sheets: &mut [SheetToWrite]) -> Result<bool, StoreError> {
        let hours = sheets.iter().map(|sheet| Width::Minute.first_minute(sheet.sheet.minute));
        let Some(hour) = hours.min() else { return Ok(true) };
        let mut mark = self.pack_mark().await?;
        // An hour that is packed in part is packed to its end before anything is added to it.
        while mark.as_ref().is_some_and(|mark| mark.after.is_some() && hour <= mark.hour) {
            if !self.pack_next(fence, u32::MAX).await? {
                return Ok(false);
            }
            mark = self.pack_mark().await?;
        }
        let mut rows = Vec::with_capacity(sheets.len());
        for sheet in sheets {
            let is_packed =
                mark.as_ref().is_some_and(|mark| Width::Minute.first_minute(sheet.sheet.minute) < mark.hour);
            if !(sheet.stands_in && is_packed) {
                rows.extend(self.row_of(sheet).await?);
            }
        }
        if rows.is_empty() {
            return Ok(true);
        }
        let back = mark.is_none_or(|mark| hour < mark.hour).then_some(PackMark { hour, after: None });
        let back = back.map(|mark| mark.body()).transpose()?;
        let back = back.as_deref().map(|body| Side::Keep(PACKED, body));
        self.put_held(fence, &rows.iter().map(Side::Rollup).chain(back).collect::<Vec<_>>()).await
    }

    /// A minute with what is stored of it, as it is to be written; `None` where there is nothing to write.
    async fn row_of(&self, sheet: &mut SheetToWrite) -> Result<Option<RollupRow>, StoreError> {
        let start = start_of(sheet.sheet.minute);
        let mut merged = sheet.sheet.clone();
        if let Some(row) = self.dialect.rollups(MINUTES, ALL, start, start + 1, 1).await?.pop() {
            if sheet.tried.as_ref() == Some(&row.data) {
                return Ok(None);
            }
            // What a newer version wrote is not written over.
            let Some(before) = self.sheet(&row) else { return Ok(None) };
            merged = if sheet.stands_in { before.filled(merged) } else { before.merged(merged) };
        }
        let data = sheet.tried.insert(merged.encode()).clone();
        Ok(Some(RollupRow { tier: MINUTES.to_owned(), series: ALL.to_owned(), start, data }))
    }

    /// Bytes that the store takes.
    ///
    /// # Errors
    /// It can't be read.
    pub(crate) async fn size(&self) -> Result<u64, StoreError> {
        self.dialect.size().await
    }

    /// From when on sheets may be there that are not packed yet: they hold the hours too. In milliseconds since 1970.
    ///
    /// # Errors
    /// The store can't be read.
    pub(super) async fn packed_until(&self) -> Result<i64, StoreError> {
        Ok(self.pack_mark().await?.map_or(i64::MAX, |mark| start_of(mark.hour)))
    }

    async fn pack_mark(&self) -> Result<Option<PackMark>, StoreError> {
        let Some((body, _)) = self.dialect.kept(PACKED).await? else { return Ok(None) };
        if let Ok(mark) = serde_json::from_slice(&body) {
            return Ok(Some(mark));
        }
        // What is damaged keeps nobody from the readings: hours that are packed have no sheets any more. Of the one that was
        // being packed just then, what was done would be added again.
        let oldest = self.dialect.rollups(MINUTES, ALL, i64::MIN, i64::MAX, 1).await?.pop();
        let hour = |row: RollupRow| Width::Minute.first_minute(minute_at(row.start));
        Ok(oldest.map(|row| PackMark { hour: hour(row), after: None }))
    }
}

/// A minute, counted from 1970, as it is stored.
fn start_of(minute: u32) -> i64 {
    i64::from(minute) * MINUTE_MS
}

/// A stored minute, counted from 1970.
fn minute_at(start: i64) -> u32 {
    u32::try_from(start.div_euclid(MINUTE_MS)).unwrap_or(0)
}
