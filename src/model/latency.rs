//! Latencies of one check: a histogram a minute for a day, kept sparsely, merged on demand.
//!
//! Percentiles are never averaged: counts are added, then the percentile is read. A dense histogram takes 5 KB a
//! minute, 7 MB a day; the few buckets that a minute really fills take some ten bytes.

mod course;

use std::collections::VecDeque;
use std::time::Duration;

use hdrhistogram::Histogram;

use super::rollup::Bucket;
use crate::lang::time::Stamp;

/// The highest latency that is told apart, in milliseconds.
pub(crate) const MAX_MS: u64 = 60_000;

/// Minutes that are kept.
const MINUTES: u32 = 24 * 60;
/// Single samples that are kept for fine buckets.
const RECENT: usize = 2048;
/// Significant decimal digits of every histogram; merging needs them equal everywhere.
const DIGITS: u8 = 2;

/// How far single samples are kept: buckets finer than a minute are of less than an hour.
const RECENT_SPAN: Duration = Duration::from_hours(1);
/// Steps of a second in which the moments of single samples are kept.
const STEPS: u64 = 10;

/// The latencies of one check.
///
/// Ten thousand checks keep a day of them: what a minute holds lies in one queue with all others, four bytes a value and
/// eight a minute, and no minute has an allocation of its own.
#[derive(Debug, Clone, Default)]
pub(crate) struct Latencies {
    /// Oldest first, only those with samples.
    minutes: VecDeque<Minute>,
    /// The values of the minutes with their counts, one minute behind the other, ordered within each.
    counts: VecDeque<(u16, u16)>,
    /// The minute from which the moments of `recent` count: the monotonic clock begins with the wall clock, in 1970.
    origin: u32,
    /// The last samples: moment in [`STEPS`] since `origin`, latency in milliseconds.
    recent: VecDeque<(u32, u16)>,
    saturated: u64,
    corrected: bool,
}

/// One minute.
#[derive(Debug, Clone)]
struct Minute {
    minute: u32,
    /// How many of the counts are of it.
    values: u32,
}

impl Latencies {
    /// Records the latency of one poll. A timeout is recorded at the timeout's value: it is a lower bound, and leaving
    /// it out would make an outage look fast.
    pub(crate) fn record(&mut self, at: Stamp, latency: Duration) {
        let millis = latency.as_millis();
        if millis > u128::from(MAX_MS) {
            self.saturated += 1;
        }
        let millis = millis.min(u128::from(MAX_MS)) as u16;
        self.count(at, millis);
        self.count_from(at.mono);
        let oldest = self.step_of(at.mono.saturating_sub(RECENT_SPAN));
        while self.recent.len() >= RECENT || self.recent.front().is_some_and(|(step, _)| *step < oldest) {
            self.recent.pop_front();
        }
        make_room(&mut self.recent);
        self.recent.push_back((self.step_of(at.mono), millis));
    }

    /// Records a poll that was still under way when its next ticks came, which were skipped: what these would have
    /// waited is recorded too (`latency - every`, `latency - 2 × every`, …), or the stall would count as one sample.
    /// Not for ticks that were missed because we ourselves were stopped.
    pub(crate) fn record_corrected(&mut self, at: Stamp, latency: Duration, every: Duration) {
        self.record(at, latency);
        for waited in skipped(latency, every) {
            self.corrected = true;
            self.count(at, waited.as_millis().min(u128::from(MAX_MS)) as u16);
        }
    }

    /// Puts minutes before those that were measured here: `minutes` in their order on the monotonic clock, all of them
    /// before the minute in which the first sample was or will be taken.
    pub(crate) fn restore<'a>(&mut self, minutes: impl DoubleEndedIterator<Item = (u32, &'a Bucket)>, now: Stamp) {
        let oldest = (minute_of(now.mono) + 1).saturating_sub(MINUTES);
        let recent = minute_of(now.mono.saturating_sub(RECENT_SPAN));
        self.count_from(now.mono);
        for (minute, bucket) in minutes.rev().take_while(|(minute, _)| *minute >= oldest) {
            self.corrected |= bucket.corrected() > 0;
            let each = if minute < recent { Vec::new() } else { bucket.each().collect() };
            for (second, millis) in each.into_iter().rev() {
                if self.recent.len() < RECENT {
                    let at = Duration::from_secs(u64::from(minute) * 60 + u64::from(second));
                    self.recent.push_front((self.step_of(at), bounded(millis)));
                }
            }
            let mut counts: Vec<(u16, u16)> = Vec::new();
            for (millis, count) in bucket.counts() {
                self.saturated += if millis > MAX_MS as f64 { count } else { 0 };
                let (value, count) = (lowest_equivalent(bounded(millis)), u16::try_from(count).unwrap_or(u16::MAX));
                match counts.binary_search_by_key(&value, |(value, _)| *value) {
                    Ok(place) => counts[place].1 = counts[place].1.saturating_add(count),
                    Err(place) => counts.insert(place, (value, count)),
                }
            }
            if !counts.is_empty() {
                self.minutes.push_front(Minute { minute, values: counts.len() as u32 });
                counts.into_iter().rev().for_each(|count| self.counts.push_front(count));
            }
        }
        self.minutes.shrink_to_fit();
        self.counts.shrink_to_fit();
        self.recent.shrink_to_fit();
    }

    /// Samples above [`MAX_MS`], which were counted as that.
    pub(crate) const fn saturated(&self) -> u64 {
        self.saturated
    }

    /// Whether samples were added for skipped ticks.
    pub(crate) const fn is_corrected(&self) -> bool {
        self.corrected
    }

    /// All samples of the last `window`, to the minute.
    pub(crate) fn merged(&self, window: Duration, now: Stamp) -> Merged {
        let mut merged = Merged::default();
        let values: u32 = self.within(window, now).map(|minute| minute.values).sum();
        merged.add(self.counts.range(self.counts.len() - values as usize..));
        merged
    }

    /// How many minutes of the last `window` have samples: far cheaper than merging them.
    pub(crate) fn minutes_within(&self, window: Duration, now: Stamp) -> usize {
        self.within(window, now).count()
    }

    fn within(&self, window: Duration, now: Stamp) -> impl Iterator<Item = &Minute> {
        let first = minute_of(now.mono.saturating_sub(window));
        self.minutes.iter().rev().take_while(move |minute| minute.minute >= first)
    }

    /// One percentile of the last `window` in milliseconds; `None` where nothing was measured. `quantile` is within
    /// 0 and 1. For several percentiles of one window use [`Self::merged`].
    pub(crate) fn percentile(&self, quantile: f64, window: Duration, now: Stamp) -> Option<u64> {
        self.merged(window, now).percentile(quantile)
    }

    /// The median, in milliseconds, of each of `buckets` buckets of `width` on whole multiples of `width`, oldest
    /// first; the last is the one in which `upto` lies. `None` where nothing was measured. Buckets of a minute and
    /// more go back a day, finer ones as far as the last samples do.
    pub(crate) fn medians(&self, buckets: usize, width: Duration, upto: Stamp) -> Vec<Option<u64>> {
        let width = (width.as_millis() as u64).max(1);
        let last = upto.mono.as_millis() as u64 / width;
        let place = |millis: u64| {
            (millis / width + buckets as u64).checked_sub(last + 1).filter(|place| *place < buckets as u64)
        };
        if width >= 60_000 {
            let mut merged: Vec<Merged> = vec![Merged::default(); buckets];
            let mut behind = 0;
            for minute in &self.minutes {
                let begin = behind;
                behind += minute.values as usize;
                if let Some(place) = place(u64::from(minute.minute) * 60_000) {
                    merged[place as usize].add(self.counts.range(begin..behind));
                }
            }
            return merged.iter().map(|merged| merged.percentile(0.5)).collect();
        }
        let mut samples: Vec<Vec<u16>> = vec![Vec::new(); buckets];
        for (step, latency) in &self.recent {
            if let Some(place) = place(self.moment_of(*step)) {
                samples[place as usize].push(*latency);
            }
        }
        samples
            .into_iter()
            .map(|mut bucket| {
                let middle = bucket.len().checked_sub(1)? / 2;
                Some(u64::from(*bucket.select_nth_unstable(middle).1))
            })
            .collect()
    }

    /// Counts moments of single samples from two hours before `mono`, where none is kept: what is restored is an hour older at
    /// most.
    fn count_from(&mut self, mono: Duration) {
        if self.recent.is_empty() {
            self.origin = minute_of(mono.saturating_sub(2 * RECENT_SPAN));
        }
    }

    /// The moment in [`STEPS`] since the origin; four bytes reach thirteen years.
    fn step_of(&self, mono: Duration) -> u32 {
        let since = mono.saturating_sub(Duration::from_secs(u64::from(self.origin) * 60));
        u32::try_from(since.as_millis() as u64 * STEPS / 1_000).unwrap_or(u32::MAX)
    }

    /// The moment of a step, in milliseconds of the monotonic clock.
    fn moment_of(&self, step: u32) -> u64 {
        u64::from(self.origin) * 60_000 + u64::from(step) * (1_000 / STEPS)
    }

    fn count(&mut self, at: Stamp, millis: u16) {
        let minute = minute_of(at.mono);
        if self.minutes.back().is_none_or(|last| last.minute < minute) {
            while let Some(first) = self.minutes.front().filter(|first| first.minute + MINUTES <= minute) {
                self.counts.drain(..first.values as usize);
                self.minutes.pop_front();
            }
            make_room(&mut self.minutes);
            self.minutes.push_back(Minute { minute, values: 0 });
        }
        // A poll that ends late still belongs to the minute that is open.
        let Some(open) = self.minutes.back_mut() else { return };
        let value = lowest_equivalent(millis);
        let begin = self.counts.len() - open.values as usize;
        // Nearly always the last: most minutes hold a few values.
        let place = begin + self.counts.range(begin..).take_while(|(other, _)| *other < value).count();
        if let Some((_, count)) = self.counts.get_mut(place).filter(|(other, _)| *other == value) {
            *count = count.saturating_add(1);
        } else {
            make_room(&mut self.counts);
            self.counts.insert(place, (value, 1));
            open.values += 1;
        }
    }
}

/// Grows a full queue by an eighth: doubled, half of the memory of a day would wait for values that never come.
fn make_room<T>(queue: &mut VecDeque<T>) {
    if queue.len() == queue.capacity() {
        queue.reserve_exact(queue.len() / 8 + 4);
    }
}

/// Counts of a window.
#[derive(Debug, Clone, Default)]
pub(crate) struct Merged(Option<Box<Histogram<u32>>>);

impl Merged {
    fn add<'a>(&mut self, counts: impl ExactSizeIterator<Item = &'a (u16, u16)>) {
        if counts.len() == 0 {
            return;
        }
        if self.0.is_none() {
            self.0 = Histogram::new_with_bounds(1, MAX_MS, DIGITS).ok().map(Box::new);
        }
        let Some(histogram) = &mut self.0 else { return };
        for (value, count) in counts {
            histogram.saturating_record_n(u64::from(*value), u32::from(*count));
        }
    }

    /// A percentile in milliseconds, at most 1 % too high; `None` where nothing was measured.
    pub(crate) fn percentile(&self, quantile: f64) -> Option<u64> {
        self.0
            .as_ref()
            .filter(|histogram| !histogram.is_empty())
            .map(|histogram| histogram.value_at_quantile(quantile).min(MAX_MS))
    }

    /// Samples.
    #[cfg(test)]
    fn len(&self) -> u64 {
        self.0.as_ref().map_or(0, |histogram| histogram.len())
    }
}

/// What those polls would have waited that were skipped while one of `latency` was under way: see
/// [`Latencies::record_corrected`].
pub(crate) fn skipped(latency: Duration, every: Duration) -> impl Iterator<Item = Duration> {
    let first = latency.checked_sub(every).filter(|_| !every.is_zero());
    std::iter::successors(first, move |waited| waited.checked_sub(every)).take_while(move |waited| *waited >= every)
}

fn minute_of(mono: Duration) -> u32 {
    (mono.as_secs() / 60) as u32
}

/// A stored latency in whole milliseconds, no longer than the longest that is told apart.
fn bounded(millis: f64) -> u16 {
    millis.round().clamp(0.0, MAX_MS as f64) as u16
}

/// The lowest value in the same bucket of a histogram with two digits: exact below 256, then steps of 2, 4, 8, …
const fn lowest_equivalent(millis: u16) -> u16 {
    let shift = 8_u32.saturating_sub(millis.leading_zeros());
    (millis >> shift) << shift
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::*;
    use crate::model::series::OlderSpans;

    fn at(millis: u64) -> Stamp {
        Stamp { mono: Duration::ZERO, utc: DateTime::UNIX_EPOCH }.plus(Duration::from_millis(millis))
    }

    const DAY: Duration = Duration::from_hours(24);

    #[test]
    fn nothing_measured_is_nothing_and_not_zero() {
        let latencies = Latencies::default();
        assert_eq!(latencies.percentile(0.95, DAY, at(0)), None);
        assert_eq!(latencies.medians(3, Duration::from_secs(10), at(0)), [None; 3]);
        assert_eq!(latencies.merged(DAY, at(0)).len(), 0);
    }

    #[test]
    fn percentiles_are_of_all_samples_and_not_of_percentiles() {
        let mut latencies = Latencies::default();
        for _ in 0..1000 {
            latencies.record(at(0), Duration::from_millis(10));
        }
        for _ in 0..10 {
            latencies.record(at(60_000), Duration::from_secs(1));
        }
        assert_eq!(latencies.percentile(0.99, DAY, at(60_000)), Some(10));
        assert_eq!(latencies.percentile(0.5, Duration::ZERO, at(60_000)).map(|millis| millis / 10), Some(100));
    }

    #[test]
    fn skipped_ticks_are_made_up_for() {
        for (latency, every, count) in [(100, 10, 10), (20, 10, 2), (15, 10, 1), (10, 10, 1), (100, 0, 1)] {
            let mut latencies = Latencies::default();
            latencies.record_corrected(at(0), Duration::from_millis(latency), Duration::from_millis(every));
            assert_eq!(latencies.merged(DAY, at(0)).len(), count, "{latency}/{every}");
            assert_eq!(latencies.is_corrected(), count > 1);
        }
    }

    /// The classic stall: 10,000 polls of 1 ms, one every 10 ms, and then one that hangs for as long as those took together.
    #[test]
    fn a_stall_counts_as_all_that_waited_in_it() {
        let (mut raw, mut corrected) = (Latencies::default(), Latencies::default());
        let every = Duration::from_millis(10);
        for latencies in [&mut raw, &mut corrected] {
            (0..10_000).for_each(|poll| latencies.record(at(poll * 10), Duration::from_millis(1)));
        }
        // A minute is the longest that is told apart.
        raw.record(at(160_000), Duration::from_mins(1));
        corrected.record_corrected(at(160_000), Duration::from_mins(1), every);
        let figures = |latencies: &Latencies| {
            let merged = latencies.merged(DAY, at(160_000));
            (merged.len(), [0.5, 0.75, 0.99, 0.9999].map(|quantile| merged.percentile(quantile).unwrap_or_default()))
        };
        let (count, [_, three_quarters, _, most]) = figures(&raw);
        assert_eq!((count, three_quarters, most), (10_001, 1, 1));
        let (count, [median, three_quarters, high, most]) = figures(&corrected);
        assert_eq!((count, median), (16_000, 1));
        let near = |found: u64, exact: u64| found >= exact && found <= exact + exact / 100;
        assert!(near(three_quarters, 20_010), "{three_quarters}");
        assert!(near(high, 58_410) && near(most, 59_990), "{high} {most}");
    }

    #[test]
    fn what_is_too_slow_to_tell_is_counted() {
        let mut latencies = Latencies::default();
        latencies.record(at(0), Duration::from_mins(2));
        latencies.record(at(0), Duration::from_mins(1));
        assert_eq!(latencies.saturated(), 1);
        assert_eq!(latencies.percentile(1.0, DAY, at(0)), Some(MAX_MS));
    }

    #[test]
    fn a_day_is_kept_and_windows_are_respected() {
        let mut latencies = Latencies::default();
        for minute in 0..3_000_u64 {
            latencies.record(at(minute * 60_000), Duration::from_millis(minute));
        }
        let now = at(2_999 * 60_000);
        assert_eq!(latencies.merged(Duration::from_hours(1_000), now).len(), u64::from(MINUTES));
        assert_eq!(latencies.merged(Duration::from_mins(5), now).len(), 6);
    }

    #[test]
    fn a_day_of_polls_takes_some_kilobytes() {
        let mut latencies = Latencies::default();
        for poll in 0..2 * 60 * 48_u64 {
            latencies.record(at(poll * 30_000), Duration::from_millis(20 + poll * 7 % 90));
        }
        let bytes = latencies.minutes.capacity() * size_of::<Minute>()
            + latencies.counts.capacity() * size_of::<(u16, u16)>()
            + latencies.recent.capacity() * size_of::<(u32, u16)>();
        assert!(bytes < 28_000, "{bytes}");
    }

    #[test]
    fn medians_lie_on_whole_buckets() {
        let mut latencies = Latencies::default();
        for (millis, latency) in [(1_000, 5), (9_000, 7), (9_500, 900), (31_000, 40)] {
            latencies.record(at(millis), Duration::from_millis(latency));
        }
        let ten = Duration::from_secs(10);
        assert_eq!(latencies.medians(4, ten, at(39_999)), [Some(7), None, None, Some(40)]);
        assert_eq!(latencies.medians(4, ten, at(40_000)), [None, None, Some(40), None]);
        assert_eq!(latencies.medians(6, ten, at(39_000)), [None, None, Some(7), None, None, Some(40)]);
        assert_eq!(latencies.medians(2, Duration::from_mins(1), at(61_000)), [Some(7), None]);
    }

    /// The clock of a process begins with the wall clock: milliseconds since 1970.
    #[test]
    fn single_samples_are_kept_by_the_clock_of_a_process() {
        let began = 1_795_228_800_000;
        let mut latencies = Latencies::default();
        for (millis, latency) in [(1_000, 5), (9_000, 7), (31_000, 40)] {
            latencies.record(at(began + millis), Duration::from_millis(latency));
        }
        let ten = Duration::from_secs(10);
        assert_eq!(latencies.medians(4, ten, at(began + 39_000)), [Some(5), None, None, Some(40)]);
        let points = latencies.points(OlderSpans::NONE, ten, (4, ten), at(began + 39_000));
        let medians: Vec<_> = points.iter().map(|point| point.map(|point| point.mean)).collect();
        assert_eq!(medians[3], Some(40.0), "{medians:?}");
        assert_eq!(medians[0], Some(5.0), "{medians:?}");
    }

    proptest! {
        #[test]
        fn keeping_them_sparse_loses_nothing(values in proptest::collection::vec((0..600_u64, 0..60_000_u64), 1..200), quantile in 0.01..1.0_f64) {
            let mut values = values;
            values.sort_unstable();
            let mut latencies = Latencies::default();
            let mut all = Histogram::<u32>::new_with_bounds(1, MAX_MS, DIGITS).expect("bounds");
            for (second, millis) in &values {
                latencies.record(at(second * 1_000), Duration::from_millis(*millis));
                all.saturating_record(*millis);
            }
            let merged = latencies.merged(DAY, at(600_000));
            prop_assert_eq!(merged.len(), all.len());
            prop_assert_eq!(merged.percentile(quantile), Some(all.value_at_quantile(quantile).min(MAX_MS)));
        }
    }
}
