//! Many buckets of one series.

use std::collections::BTreeMap;

use super::bucket::Bucket;
use super::codec::{Encoded, InvalidRollup, VERSION, put_column, put_varint};
use super::columns::{put_buckets, take_buckets};
use super::series_key::SeriesKey;
use super::sheet::Sheet;

/// The width of a pack's buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// A minute; a pack of these is an hour.
    Minute,
    /// An hour; a pack of these is a day.
    Hour,
}

impl Width {
    /// Minutes of one bucket.
    pub const fn minutes(self) -> u32 {
        match self {
            Self::Minute => 1,
            Self::Hour => 60,
        }
    }

    /// Buckets of one pack.
    pub const fn buckets(self) -> u32 {
        match self {
            Self::Minute => 60,
            Self::Hour => 24,
        }
    }

    /// The first minute of the pack in which a minute lies.
    pub const fn first_minute(self, minute: u32) -> u32 {
        minute - minute % (self.minutes() * self.buckets())
    }
}

/// An hour of minutes, or a day of hours. What nothing is known of has no bucket.
#[derive(Debug, Clone, PartialEq)]
pub struct Pack {
    width: Width,
    first_minute: u32,
    /// Places with their buckets, ordered.
    buckets: Vec<(u8, Bucket)>,
}

impl Pack {
    /// An empty pack, the one in which `minute` lies. Minutes are counted from 1970-01-01 00:00 UTC.
    pub const fn new(width: Width, minute: u32) -> Self {
        Self { width, first_minute: width.first_minute(minute), buckets: Vec::new() }
    }

    /// Adds what is known of the minute or hour that begins with `minute`. `false` where it lies outside.
    pub fn add(&mut self, minute: u32, bucket: Bucket) -> bool {
        let place = minute.checked_sub(self.first_minute).map(|after| after / self.width.minutes());
        let Some(place) = place.filter(|place| *place < self.width.buckets()) else { return false };
        let place = place as u8;
        match self.buckets.binary_search_by_key(&place, |(place, _)| *place) {
            Ok(at) => self.buckets[at].1.merge(&bucket),
            Err(at) => self.buckets.insert(at, (place, bucket)),
        }
        true
    }

    /// The width of its buckets.
    pub const fn width(&self) -> Width {
        self.width
    }

    /// The minute with which it begins.
    pub const fn first_minute(&self) -> u32 {
        self.first_minute
    }

    /// Its buckets, each with the minute it begins with, oldest first.
    pub fn buckets(&self) -> impl DoubleEndedIterator<Item = (u32, &Bucket)> {
        let begins = |place: u8| self.first_minute + u32::from(place) * self.width.minutes();
        self.buckets.iter().map(move |(place, bucket)| (begins(*place), bucket))
    }

    /// The same, to be kept.
    pub fn into_buckets(self) -> impl Iterator<Item = (u32, Bucket)> {
        let (first, minutes) = (self.first_minute, self.width.minutes());
        self.buckets.into_iter().map(move |(place, bucket)| (first + u32::from(place) * minutes, bucket))
    }

    /// All of it as one bucket: 60 minutes as their hour.
    pub fn total(&self) -> Bucket {
        let mut total = Bucket::sum_of_none();
        for (_, bucket) in &self.buckets {
            total.merge(bucket);
        }
        total
    }

    /// As it is stored. Width and first minute are not part of it.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        put_varint(&mut out, self.buckets.len() as u64);
        let skipped = self.buckets.iter().zip(0_i64..).map(|((place, _), count)| i64::from(*place) - count);
        put_column(&mut out, &skipped.collect::<Vec<_>>());
        put_buckets(&mut out, &self.buckets.iter().map(|(_, bucket)| bucket).collect::<Vec<_>>());
        out
    }

    /// What was stored for the pack in which `minute` lies.
    ///
    /// # Errors
    /// The bytes are no pack of that width, or one of a later version.
    pub fn decode(width: Width, minute: u32, bytes: &[u8]) -> Result<Self, InvalidRollup> {
        let mut encoded = Encoded::new(bytes)?;
        let most = width.buckets();
        let count = encoded.below(most as usize + 1)?;
        let mut places = Vec::with_capacity(count);
        for (skipped, at) in encoded.unsigned(count, u64::from(most))?.into_iter().zip(0..) {
            let place = (skipped + at) as u8;
            if u32::from(place) >= most || places.last().is_some_and(|before| *before >= place) {
                return Err(InvalidRollup("out of order"));
            }
            places.push(place);
        }
        let buckets = take_buckets(&mut encoded, count)?;
        encoded.end()?;
        Ok(Self { width, first_minute: width.first_minute(minute), buckets: places.into_iter().zip(buckets).collect() })
    }
}

/// The minutes of one hour, by series: of the sheets those of the hour in which `minute` lies, of their series the
/// `wanted` ones.
pub fn pack_hour(
    minute: u32,
    sheets: impl IntoIterator<Item = Sheet>,
    wanted: impl Fn(&SeriesKey) -> bool,
) -> BTreeMap<SeriesKey, Pack> {
    let mut packs = BTreeMap::new();
    for sheet in sheets {
        let minute_of_sheet = sheet.minute;
        for (series, bucket) in sheet.into_buckets().filter(|(series, _)| wanted(series)) {
            let pack = packs.entry(series).or_insert_with(|| Pack::new(Width::Minute, minute));
            pack.add(minute_of_sheet, bucket);
        }
    }
    packs.retain(|_, pack: &mut Pack| !pack.buckets.is_empty());
    packs
}
