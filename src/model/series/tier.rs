//! Buckets of one width, as many as are kept.

use std::collections::VecDeque;

use super::Point;

/// One bucket. Charts need no more than the seven digits of `f32`; only the mean is summed up in full.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bucket {
    /// Which multiple of the step.
    index: u32,
    count: u32,
    sum: f64,
    min: f32,
    max: f32,
    last: f32,
    /// A gap followed the last value.
    ended: bool,
}

impl Bucket {
    pub(super) fn point(&self) -> Point {
        let (min, max) = (f64::from(self.min), f64::from(self.max));
        let mean = (self.sum / f64::from(self.count)).clamp(min, max);
        Point { min, mean, max, last: f64::from(self.last), count: self.count }
    }

    pub(super) const fn has_ended(&self) -> bool {
        self.ended
    }
}

/// Values that are stored together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stored {
    pub point: Point,
    pub sum: f64,
}

/// A ring of buckets.
#[derive(Debug, Clone)]
pub(super) struct Tier {
    /// Milliseconds of a bucket.
    step: i64,
    most: usize,
    buckets: VecDeque<Bucket>,
    /// Everything since that moment, in milliseconds, is here; `None`: everything there ever was.
    since: Option<i64>,
}

impl Tier {
    pub(super) const fn new(step: i64, most: usize) -> Self {
        Self { step, most, buckets: VecDeque::new(), since: None }
    }

    pub(super) fn push(&mut self, millis: i64, value: f64) {
        let index = (millis / self.step) as u32;
        let short = value as f32;
        let short = if short.is_finite() { short } else { f32::MAX.copysign(short) };
        match self.buckets.back_mut() {
            Some(open) if open.index == index => {
                open.count += 1;
                open.sum += value;
                (open.min, open.max) = (open.min.min(short), open.max.max(short));
                (open.last, open.ended) = (short, false);
            }
            _ => {
                if self.buckets.len() == self.most {
                    self.buckets.pop_front();
                    self.since = self.buckets.front().map(|first| i64::from(first.index) * self.step);
                }
                self.buckets.push_back(Bucket {
                    index,
                    count: 1,
                    sum: value,
                    min: short,
                    max: short,
                    last: short,
                    ended: false,
                });
            }
        }
    }

    /// The last value ends here.
    pub(super) fn end(&mut self) {
        if let Some(open) = self.buckets.back_mut() {
            open.ended = true;
        }
    }

    /// Whether everything since that moment, in milliseconds, is still here.
    pub(super) fn covers(&self, millis: i64) -> bool {
        self.since.is_none_or(|since| since <= millis)
    }

    /// Puts stored values before those that are here, newest first; each with where it begins, in milliseconds. With
    /// them everything since `since` is here.
    pub(super) fn restore(&mut self, values: impl Iterator<Item = (i64, Stored)>, since: i64) {
        for (millis, Stored { point, sum }) in values {
            let Ok(index) = u32::try_from(millis.div_euclid(self.step)) else { continue };
            let full = self.buckets.len() == self.most;
            match self.buckets.front_mut() {
                Some(first) if first.index < index => {}
                Some(first) if first.index == index => {
                    first.count = first.count.saturating_add(point.count);
                    first.sum += sum;
                    (first.min, first.max) = (first.min.min(point.min as f32), first.max.max(point.max as f32));
                }
                _ if full => {
                    self.since = self.buckets.front().map(|first| i64::from(first.index) * self.step);
                    return;
                }
                _ => self.buckets.push_front(Bucket {
                    index,
                    count: point.count,
                    sum,
                    min: point.min as f32,
                    max: point.max as f32,
                    last: point.last as f32,
                    ended: false,
                }),
            }
        }
        self.since = Some(since);
    }

    /// Since when everything is here, in milliseconds; `None`: everything there ever was.
    pub(super) const fn since(&self) -> Option<i64> {
        self.since
    }

    pub(super) fn buckets(&self) -> impl Iterator<Item = &Bucket> {
        self.buckets.iter()
    }

    pub(super) const fn start_of(&self, bucket: &Bucket) -> i64 {
        bucket.index as i64 * self.step
    }

    pub(super) const fn step(&self) -> i64 {
        self.step
    }
}
