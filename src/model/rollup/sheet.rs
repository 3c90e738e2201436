//! One minute of all series.

use std::collections::BTreeMap;

use super::bucket::Bucket;
use super::codec::{Encoded, InvalidRollup, VERSION, put_varint};
use super::columns::{put_buckets, take_buckets};
use super::series_key::SeriesKey;
use crate::lang::order::InOrder;

/// What is known of one minute.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// Minutes since 1970-01-01 00:00 UTC.
    pub minute: u32,
    /// Ordered by the series.
    buckets: Vec<(SeriesKey, Bucket)>,
}

impl Sheet {
    /// Of each series one bucket; a second one is added to the first.
    pub fn new(minute: u32, mut buckets: Vec<(SeriesKey, Bucket)>) -> Self {
        buckets.order_by(|(one, _), (other, _)| one.cmp(other));
        buckets.dedup_by(|(other, more), (one, bucket)| {
            let same = one == other;
            if same {
                bucket.merge(more);
            }
            same
        });
        Self { minute, buckets }
    }

    /// Whether it has no bucket.
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    /// The buckets, ordered by their series.
    pub fn buckets(&self) -> impl Iterator<Item = (&SeriesKey, &Bucket)> {
        self.buckets.iter().map(|(series, bucket)| (series, bucket))
    }

    /// Both together: what each of two processes knows of one minute.
    #[must_use]
    pub fn merged(self, other: Self) -> Self {
        let minute = self.minute;
        Self::new(minute, self.buckets.into_iter().chain(other.buckets).collect())
    }

    /// The same, with what another process saw of the same minute in the place of what is known of less time here, or by fewer
    /// values: each saw the minute by itself, so both together would count it twice.
    #[must_use]
    pub(crate) fn filled(self, other: Self) -> Self {
        let minute = self.minute;
        let known = |bucket: &Bucket| (bucket.known_ms(), bucket.count());
        let mut all: BTreeMap<SeriesKey, Bucket> = self.buckets.into_iter().collect();
        for (series, bucket) in other.buckets {
            if all.get(&series).is_none_or(|here| known(here) < known(&bucket)) {
                all.insert(series, bucket);
            }
        }
        Self { minute, buckets: all.into_iter().collect() }
    }

    /// The same, to be kept.
    pub(super) fn into_buckets(self) -> impl Iterator<Item = (SeriesKey, Bucket)> {
        self.buckets.into_iter()
    }

    /// The bucket of one series.
    pub fn get(&self, series: &SeriesKey) -> Option<&Bucket> {
        let place = self.buckets.binary_search_by(|(other, _)| other.cmp(series)).ok()?;
        Some(&self.buckets[place].1)
    }

    /// As it is stored. The minute is not part of it.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        put_varint(&mut out, self.buckets.len() as u64);
        let mut before = String::new();
        for (series, _) in &self.buckets {
            let name = series.to_string();
            let shared = name.bytes().zip(before.bytes()).take_while(|(one, other)| one == other).count();
            put_varint(&mut out, shared as u64);
            put_varint(&mut out, (name.len() - shared) as u64);
            out.extend(&name.as_bytes()[shared..]);
            before = name;
        }
        put_buckets(&mut out, &self.buckets.iter().map(|(_, bucket)| bucket).collect::<Vec<_>>());
        out
    }

    /// What was stored for that minute.
    ///
    /// # Errors
    /// The bytes are no sheet, or one of a later version.
    pub fn decode(minute: u32, bytes: &[u8]) -> Result<Self, InvalidRollup> {
        let mut encoded = Encoded::new(bytes)?;
        // A name takes three bytes and more.
        let count = encoded.below(encoded.len() / 3 + 1)?;
        let mut names: Vec<SeriesKey> = Vec::with_capacity(count);
        let mut written = Vec::new();
        for _ in 0..count {
            let shared = encoded.below(written.len() + 1)?;
            let fresh = encoded.below(encoded.len() + 1)?;
            written.truncate(shared);
            written.extend(encoded.bytes(fresh)?);
            let name = std::str::from_utf8(&written).ok().and_then(SeriesKey::parse);
            let name = name.filter(|name| names.last().is_none_or(|before| before < name));
            names.push(name.ok_or(InvalidRollup("not a list of series"))?);
        }
        let buckets = take_buckets(&mut encoded, count)?;
        encoded.end()?;
        Ok(Self { minute, buckets: names.into_iter().zip(buckets).collect() })
    }
}
