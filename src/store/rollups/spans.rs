//! Roll-ups between two moments, series by series, for reports: as few buckets as say in which span each value lies.

use std::collections::{BTreeMap, BTreeSet};

use super::{HOURS, PackMark, start_of};
use crate::model::rollup::{Bucket, Pack, SeriesKey, StoredSpan, WantedSpans, Width};
use crate::store::{Store, StoreError};

/// Minutes of an hour.
const HOUR: u32 = 60;

/// Minutes at which a span ends and another begins, beside each whole hour.
#[derive(Debug, Clone)]
struct Edges(Vec<u32>);

/// What is not packed yet, by series and by the first minute of its span.
type Open = BTreeMap<SeriesKey, BTreeMap<u32, Bucket>>;

/// Reads spans while nobody packs.
#[derive(Debug)]
pub struct SpanReader<'a> {
    store: &'a Store,
    /// The minute after the last.
    until: u32,
    /// The edges of all series, and those of any: at the latter what is not packed yet is divided.
    edges: [Edges; 2],
    open: Open,
    mark: Option<PackMark>,
}

impl Store {
    /// Begins to read spans of these series up to the minute `until`, counted from 1970, divided at `edges` beside those that
    /// are wanted of each.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn read_spans(
        &self,
        until: u32,
        edges: &[u32],
        wanted: &[WantedSpans],
    ) -> Result<SpanReader<'_>, StoreError> {
        let edges = Edges(edges.to_vec());
        let all = wanted.iter().fold(edges.clone(), |all, wanted| all.with(&wanted.edges));
        let mark = self.pack_mark().await?;
        let mut open = Open::new();
        if let Some(mark) = &mark {
            let after = mark.after.as_deref().and_then(SeriesKey::parse);
            let mut hour = mark.hour;
            while hour < until {
                let rows = self.sheets_of(hour).await?;
                for sheet in rows.iter().filter_map(|row| self.sheet(row)).filter(|one| one.minute < until) {
                    let begin = all.begin_of(sheet.minute);
                    for (series, bucket) in sheet.buckets() {
                        // What is packed of this hour is in its pack already.
                        if hour == mark.hour && after.as_ref().is_some_and(|after| series <= after) {
                            continue;
                        }
                        let spans = open.entry(series.clone()).or_default();
                        spans.entry(begin).or_default().merge(bucket);
                    }
                    tokio::task::yield_now().await;
                }
                hour += HOUR;
            }
        }
        Ok(SpanReader { store: self, until, edges: [edges, all], open, mark })
    }
}

impl Edges {
    /// These and more.
    fn with(mut self, edges: &[u32]) -> Self {
        if edges.is_empty() {
            return self;
        }
        self.0.extend(edges);
        self.0.sort_unstable();
        self.0.dedup();
        self
    }

    /// The first minute of the span in which a minute lies: its hour, or what an edge leaves of it.
    fn begin_of(&self, minute: u32) -> u32 {
        let hour = minute - minute % HOUR;
        self.0.iter().copied().filter(|edge| *edge <= minute).fold(hour, u32::max)
    }

    /// The minute after the span that begins with one.
    fn end_of(&self, begin: u32) -> u32 {
        let next = begin - begin % HOUR + HOUR;
        self.0.iter().copied().filter(|edge| *edge > begin).fold(next, u32::min)
    }

    /// The hours within which an edge lies.
    fn divided(&self) -> BTreeSet<u32> {
        let within = self.0.iter().filter(|edge| *edge % HOUR != 0);
        within.map(|edge| edge - edge % HOUR).collect()
    }
}

impl SpanReader<'_> {
    /// The spans that are wanted of a series, oldest first. An hour in which an edge lies and of which no minutes are kept any
    /// more stays whole, and counts to where it begins.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn spans(&mut self, wanted: &WantedSpans) -> Result<Vec<StoredSpan>, StoreError> {
        let WantedSpans { series, from, edges } = wanted;
        let [of_all, of_any] = &self.edges;
        let own = of_all.clone().with(edges);
        let mut whole = self.hours(series, *from).await?;
        let mut parts: BTreeMap<u32, Bucket> = BTreeMap::new();
        for hour in own.divided() {
            if whole.contains_key(&hour) && self.divide(series, hour, &own, &mut parts).await? {
                whole.remove(&hour);
            }
        }
        let span = |edges: &Edges, (begin, bucket): (u32, Bucket)| {
            let minutes = edges.end_of(begin) - begin;
            StoredSpan { begin, minutes, bucket }
        };
        let mut spans: Vec<StoredSpan> = parts.into_iter().map(|part| span(&own, part)).collect();
        for (begin, bucket) in self.open.remove(series).unwrap_or_default() {
            match whole.get_mut(&(begin - begin % HOUR)) {
                Some(hour) => hour.merge(&bucket),
                None => spans.push(span(of_any, (begin, bucket))),
            }
        }
        spans.extend(whole.into_iter().map(|(begin, bucket)| StoredSpan { begin, minutes: HOUR, bucket }));
        spans.retain(|span| (*from..self.until).contains(&span.begin));
        spans.sort_by_key(|span| span.begin);
        Ok(spans)
    }

    /// Whether nobody has packed since it was begun. Otherwise what was read may count minutes twice or not at all, and is to
    /// be read again.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn is_whole(&self) -> Result<bool, StoreError> {
        // What was packed by then does not change.
        let is_packed = self.mark.as_ref().is_none_or(|mark| self.until <= mark.hour && mark.after.is_none());
        Ok((is_packed && self.mark.is_some()) || self.store.pack_mark().await? == self.mark)
    }

    /// The packed hours.
    async fn hours(&self, series: &SeriesKey, from: u32) -> Result<BTreeMap<u32, Bucket>, StoreError> {
        let (start, until) = (start_of(Width::Hour.first_minute(from)), start_of(self.until));
        let rows = self.store.dialect.rollups(HOURS, &series.to_string(), start, until, u32::MAX).await?;
        let mut hours = BTreeMap::new();
        for row in rows {
            hours.extend(self.store.pack_of(Width::Hour, &row).into_iter().flat_map(Pack::into_buckets));
        }
        tokio::task::yield_now().await;
        Ok(hours)
    }

    /// Divides an hour at the edges within it; false where its minutes are not kept.
    async fn divide(
        &self,
        series: &SeriesKey,
        hour: u32,
        edges: &Edges,
        parts: &mut BTreeMap<u32, Bucket>,
    ) -> Result<bool, StoreError> {
        let Some(pack) = self.store.minutes_of(series, hour).await? else { return Ok(false) };
        for (minute, bucket) in pack.buckets() {
            // One of a minute keeps its values as they came.
            let part = parts.entry(edges.begin_of(minute)).or_default();
            part.merge(bucket);
        }
        Ok(true)
    }
}
