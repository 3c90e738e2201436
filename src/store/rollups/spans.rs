//! Roll-ups between two moments, series by series, for reports: as few buckets as say in which span each value lies.

use std::collections::BTreeMap;

use super::packing::sheet;
use super::{HOURS, MINUTES, PackMark, minute_at, start_of};
use crate::model::rollup::{Bucket, Pack, SeriesKey, StoredSpan, Width};
use crate::store::{Store, StoreError};

/// Minutes of an hour.
const HOUR: u32 = 60;

/// Which part of the stored past is read.
#[derive(Debug, Clone)]
pub struct SpanQuery {
    /// The minute after the last, counted from 1970.
    pub until: u32,
    /// Minutes at which a span ends and another begins: those within an hour need the minutes of that hour.
    pub edges: Vec<u32>,
}

/// What is not packed yet, by series and by the first minute of its span.
type Open = BTreeMap<SeriesKey, BTreeMap<u32, Bucket>>;

/// Reads spans while nobody packs.
#[derive(Debug)]
pub struct SpanReader<'a> {
    store: &'a Store,
    query: SpanQuery,
    open: Open,
    mark: Option<PackMark>,
}

impl Store {
    /// Begins to read spans.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn read_spans(&self, query: SpanQuery) -> Result<SpanReader<'_>, StoreError> {
        let mark = self.pack_mark().await?;
        let mut open = Open::new();
        if let Some(mark) = &mark {
            let after = mark.after.as_deref().and_then(SeriesKey::parse);
            let mut hour = mark.hour;
            while hour < query.until {
                for sheet in self.sheets_of(hour).await?.iter().filter_map(sheet).filter(|one| one.minute < query.until)
                {
                    let begin = query.begin_of(sheet.minute);
                    for (series, bucket) in sheet.buckets() {
                        // What is packed of this hour is in its pack already.
                        if hour == mark.hour && after.as_ref().is_some_and(|after| series <= after) {
                            continue;
                        }
                        let spans = open.entry(series.clone()).or_default();
                        spans.entry(begin).or_insert_with(Bucket::sum_of_none).merge(bucket);
                    }
                    tokio::task::yield_now().await;
                }
                hour += HOUR;
            }
        }
        Ok(SpanReader { store: self, query, open, mark })
    }
}

impl SpanQuery {
    /// The first minute of the span in which a minute lies: its hour, or what an edge leaves of it.
    fn begin_of(&self, minute: u32) -> u32 {
        let hour = minute - minute % HOUR;
        self.edges.iter().copied().filter(|edge| *edge <= minute).fold(hour, u32::max)
    }

    /// The minute after the span that begins with one.
    fn end_of(&self, begin: u32) -> u32 {
        let next = begin - begin % HOUR + HOUR;
        self.edges.iter().copied().filter(|edge| *edge > begin).fold(next, u32::min)
    }
}

impl SpanReader<'_> {
    /// The spans of a series from a minute on, oldest first. An hour in which an edge lies and of which no minutes are kept
    /// any more counts to where it begins.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn spans(&mut self, series: &SeriesKey, from: u32) -> Result<Vec<StoredSpan>, StoreError> {
        let mut spans = self.hours(series, from).await?;
        for edge in self.query.edges.clone().into_iter().filter(|edge| edge % HOUR != 0) {
            let hour = edge - edge % HOUR;
            if spans.contains_key(&hour) {
                self.divide(series, hour, &mut spans).await?;
            }
        }
        for (begin, bucket) in self.open.remove(series).unwrap_or_default() {
            spans.entry(begin).or_insert_with(Bucket::sum_of_none).merge(&bucket);
        }
        let is_within = |begin: &u32| (from..self.query.until).contains(begin);
        let spans = spans.into_iter().filter(|(begin, _)| is_within(begin));
        let span = |(begin, bucket)| StoredSpan { begin, minutes: self.query.end_of(begin) - begin, bucket };
        Ok(spans.map(span).collect())
    }

    /// Whether nobody has packed since it was begun. Otherwise what was read may count minutes twice or not at all, and is to
    /// be read again.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn is_whole(&self) -> Result<bool, StoreError> {
        // What was packed by then does not change.
        let is_packed = self.mark.as_ref().is_none_or(|mark| self.query.until <= mark.hour && mark.after.is_none());
        Ok((is_packed && self.mark.is_some()) || self.store.pack_mark().await? == self.mark)
    }

    /// The packed hours.
    async fn hours(&self, series: &SeriesKey, from: u32) -> Result<BTreeMap<u32, Bucket>, StoreError> {
        let (start, until) = (start_of(Width::Hour.first_minute(from)), start_of(self.query.until));
        let rows = self.store.dialect.rollups(HOURS, &series.to_string(), start, until, u32::MAX).await?;
        let mut hours = BTreeMap::new();
        for row in rows {
            match Pack::decode(Width::Hour, minute_at(row.start), &row.data) {
                Ok(pack) => hours.extend(pack.into_buckets()),
                Err(error) => tracing::warn!(%error, %series, start = row.start, "readings can't be read"),
            }
        }
        tokio::task::yield_now().await;
        Ok(hours)
    }

    /// Divides an hour at the edges within it, where its minutes are kept.
    async fn divide(&self, series: &SeriesKey, hour: u32, spans: &mut BTreeMap<u32, Bucket>) -> Result<(), StoreError> {
        let start = start_of(hour);
        let row = self.store.dialect.rollups(MINUTES, &series.to_string(), start, start + 1, 1).await?.pop();
        let Some(Ok(pack)) = row.map(|row| Pack::decode(Width::Minute, hour, &row.data)) else { return Ok(()) };
        spans.remove(&hour);
        for (minute, bucket) in pack.buckets() {
            spans.entry(self.query.begin_of(minute)).or_insert_with(Bucket::sum_of_none).merge(bucket);
        }
        Ok(())
    }
}
