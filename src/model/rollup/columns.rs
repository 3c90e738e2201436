//! Buckets as columns: what is equal in all of them takes a few bytes for all of them together.

use super::bucket::{Bucket, FEW, Measured, Measurement};
use super::codec::{Encoded, InvalidRollup, put_column, put_sums, put_values, put_varint};
use super::distribution::{Distribution, LAST_CELL};

/// Columns that are all zero are left out; these bits say which are there. The first six are the statuses'.
const STATUSES: usize = 6;
const FAILED: u64 = 1 << 6;
const CORRECTED: u64 = 1 << 7;
const EACH: u64 = 1 << 8;
const COUNTED: u64 = 1 << 9;
const PLANNED: [u64; 2] = [1 << 10, 1 << 11];

/// More milliseconds and values than this are in no bucket that is stored.
const MOST: u64 = 1 << 48;

pub(super) fn put_buckets(out: &mut Vec<u8>, buckets: &[&Bucket]) {
    let mut mask = 0;
    let mut columns = Vec::new();
    let mut plain = |bit: u64, figure: &dyn Fn(&Bucket) -> u64| {
        let column: Vec<i64> = buckets.iter().map(|bucket| figure(bucket).min(MOST).cast_signed()).collect();
        if column.iter().any(|figure| *figure != 0) {
            mask |= bit;
            put_column(&mut columns, &column);
        }
    };
    for status in 0..STATUSES {
        plain(1 << status, &|bucket| bucket.standing[status]);
    }
    plain(FAILED, &|bucket| bucket.failed_ms);
    plain(CORRECTED, &|bucket| bucket.corrected);
    for (place, bit) in PLANNED.into_iter().enumerate() {
        plain(bit, &|bucket| bucket.planned[place]);
    }
    let each = |bucket: &Bucket| if let Measured::Each(values) = &bucket.measured { values.len() as u64 } else { 0 };
    plain(EACH, &each);
    plain(COUNTED, &|bucket| u64::from(matches!(bucket.measured, Measured::Counted(_))));
    put_varint(out, mask);
    out.extend(columns);
    if mask & EACH != 0 {
        put_each(out, buckets);
    }
    if mask & COUNTED != 0 {
        put_counted(out, buckets);
    }
}

fn put_each(out: &mut Vec<u8>, buckets: &[&Bucket]) {
    let (mut seconds, mut values, mut rhythm) = (Vec::new(), Vec::new(), Rhythm::default());
    for bucket in buckets {
        let Measured::Each(measured) = &bucket.measured else { continue };
        seconds.extend(measured.iter().enumerate().map(|(at, this)| rhythm.off(at, this.second)));
        values.extend(measured.iter().map(|this| this.value));
    }
    put_column(out, &seconds);
    put_values(out, &values);
}

/// Polls come in a rhythm: the seconds are told by how far they are off those of the bucket before.
#[derive(Default)]
struct Rhythm([u8; FEW]);

impl Rhythm {
    fn off(&mut self, at: usize, second: u8) -> i64 {
        i64::from(second) - i64::from(std::mem::replace(&mut self.0[at], second))
    }

    fn second(&mut self, at: usize, off: i64) -> Option<u8> {
        let second = off.checked_add(i64::from(self.0[at]))?;
        self.0[at] = u8::try_from(second).ok().filter(|second| *second < 60)?;
        Some(self.0[at])
    }
}

fn put_counted(out: &mut Vec<u8>, buckets: &[&Bucket]) {
    let counted = buckets.iter().filter_map(|bucket| match &bucket.measured {
        Measured::Counted(counted) => Some(counted),
        Measured::Each(_) => None,
    });
    let counted: Vec<&Distribution> = counted.collect();
    put_column(out, &counted.iter().map(|counted| counted.cells.len().cast_signed() as i64).collect::<Vec<_>>());
    put_sums(out, &counted.iter().map(|counted| counted.sum).collect::<Vec<_>>());
    put_values(out, &counted.iter().map(|counted| counted.min).collect::<Vec<_>>());
    put_values(out, &counted.iter().map(|counted| counted.max).collect::<Vec<_>>());
    let mut places = Vec::new();
    for counted in &counted {
        let mut next = 0;
        for (cell, _) in &counted.cells {
            places.push(i64::from(*cell) - next);
            next = i64::from(*cell) + 1;
        }
    }
    put_column(out, &places);
    // A byte each at the least, so that few bytes never ask for many cells.
    for (_, count) in counted.iter().flat_map(|counted| &counted.cells) {
        put_varint(out, (*count).min(MOST));
    }
}

/// `count` buckets.
pub(super) fn take_buckets(encoded: &mut Encoded<'_>, count: usize) -> Result<Vec<Bucket>, InvalidRollup> {
    let mask = encoded.varint()?;
    if mask >= PLANNED[1] << 1 {
        return Err(InvalidRollup("unknown column"));
    }
    let mut buckets = vec![Bucket::default(); count];
    let mut plain = |bit: u64, most: u64| {
        if mask & bit == 0 { Ok(vec![0; count]) } else { encoded.unsigned(count, most) }
    };
    for status in 0..STATUSES {
        for (bucket, ms) in buckets.iter_mut().zip(plain(1 << status, MOST)?) {
            bucket.standing[status] = ms;
        }
    }
    for (bucket, ms) in buckets.iter_mut().zip(plain(FAILED, MOST)?) {
        bucket.failed_ms = ms;
    }
    for (bucket, corrected) in buckets.iter_mut().zip(plain(CORRECTED, MOST)?) {
        bucket.corrected = corrected;
    }
    for (place, bit) in PLANNED.into_iter().enumerate() {
        for (bucket, ms) in buckets.iter_mut().zip(plain(bit, MOST)?) {
            bucket.planned[place] = ms;
        }
    }
    let each = plain(EACH, FEW as u64)?;
    let counted = plain(COUNTED, 1)?;
    if each.iter().zip(&counted).any(|(each, counted)| *each > 0 && *counted > 0) {
        return Err(InvalidRollup("values of two kinds"));
    }
    if mask & EACH != 0 {
        take_each(encoded, &mut buckets, &each)?;
    }
    if mask & COUNTED != 0 {
        let places = counted.iter().zip(&mut buckets).filter(|(counted, _)| **counted == 1);
        take_counted(encoded, &mut places.map(|(_, bucket)| bucket).collect::<Vec<_>>())?;
    }
    Ok(buckets)
}

fn take_each(encoded: &mut Encoded<'_>, buckets: &mut [Bucket], each: &[u64]) -> Result<(), InvalidRollup> {
    let total = each.iter().sum::<u64>() as usize;
    let mut seconds = encoded.column(total)?.into_iter();
    let mut values = encoded.values(total)?.into_iter();
    let mut rhythm = Rhythm::default();
    for (bucket, count) in buckets.iter_mut().zip(each) {
        let measured = (0..*count as usize).map(|at| {
            let second = rhythm.second(at, seconds.next()?)?;
            Some(Measurement { second, value: values.next()? })
        });
        let measured: Option<Vec<Measurement>> = measured.collect();
        bucket.measured = Measured::Each(measured.ok_or(InvalidRollup("out of range"))?);
    }
    Ok(())
}

fn take_counted(encoded: &mut Encoded<'_>, buckets: &mut [&mut Bucket]) -> Result<(), InvalidRollup> {
    let count = buckets.len();
    let lengths = encoded.unsigned(count, 2 * LAST_CELL as u64 + 2)?;
    let sums = encoded.sums(count)?;
    let (mins, maxs) = (encoded.values(count)?, encoded.values(count)?);
    let total = lengths.iter().sum::<u64>() as usize;
    if total > encoded.len() {
        return Err(InvalidRollup("cut short"));
    }
    let mut places = encoded.column(total)?.into_iter();
    for (at, bucket) in buckets.iter_mut().enumerate() {
        let mut counted = Distribution { sum: sums[at], min: mins[at], max: maxs[at], cells: Vec::new() };
        if counted.min > counted.max {
            return Err(InvalidRollup("out of range"));
        }
        let mut next = None;
        for place in places.by_ref().take(lengths[at] as usize) {
            let cell = place.checked_add(next.unwrap_or(0)).and_then(|cell| i16::try_from(cell).ok());
            let cell = cell.filter(|cell| (-1 - LAST_CELL..=LAST_CELL).contains(cell));
            let cell = cell.filter(|_| next.is_none() || place >= 0).ok_or(InvalidRollup("out of range"))?;
            counted.cells.push((cell, 0));
            next = Some(i64::from(cell) + 1);
        }
        bucket.measured = Measured::Counted(counted);
    }
    for bucket in buckets {
        let Measured::Counted(counted) = &mut bucket.measured else { continue };
        for (_, count) in &mut counted.cells {
            *count = encoded.varint()?;
            if !(1..=MOST).contains(count) {
                return Err(InvalidRollup("out of range"));
            }
        }
    }
    Ok(())
}
