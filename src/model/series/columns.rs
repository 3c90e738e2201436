//! The columns of a chart, filled with what was measured: what is finer is added up, what is coarser covers several, and a
//! value is carried on for as long as it holds.

use super::Point;

/// The columns of a chart while they are filled.
pub(in crate::model) struct Columns {
    start: i64,
    width: i64,
    points: Vec<Option<Point>>,
    /// What may stand for columns that have no value of their own: oldest first.
    held: Vec<Held>,
}

/// Values over a span, and what holds after it.
struct Held {
    from: i64,
    to: i64,
    point: Option<Point>,
    /// `None`: a gap ended it.
    value: Option<f64>,
}

impl Columns {
    /// `buckets` columns of `width` on whole multiples of `width`; the last is the one in which `now` lies. All in
    /// milliseconds of the monotonic clock.
    pub(in crate::model) fn new(buckets: usize, width: i64, now: i64) -> Self {
        let last = now.div_euclid(width);
        let start = (last + 1 - i64::try_from(buckets).unwrap_or(0)) * width;
        Self { start, width, points: vec![None; buckets], held: Vec::new() }
    }

    /// Where the first one begins, and where the last one ends.
    pub(in crate::model) fn bounds(&self) -> (i64, i64) {
        (self.start, self.start + self.width * i64::try_from(self.points.len()).unwrap_or(0))
    }

    /// The column of a moment; `None` before the first one.
    pub(in crate::model) fn place(&self, at: i64) -> Option<usize> {
        usize::try_from((at - self.start).div_euclid(self.width)).ok()
    }

    /// Adds what was measured from a moment to another, in its order. `ended`: it holds no longer than that.
    pub(in crate::model) fn add(&mut self, from: i64, to: i64, point: Option<Point>, ended: bool) {
        self.held.push(Held { from, to, point, value: point.map(|point| point.last).filter(|_| !ended) });
        let (Some(point), Some(place)) = (point, self.place(from)) else { return };
        let Some(kept) = self.points.get_mut(place) else { return };
        *kept = Some(match *kept {
            None => point,
            Some(before) => {
                let count = before.count.saturating_add(point.count);
                Point {
                    min: before.min.min(point.min),
                    mean: before.mean + (point.mean - before.mean) * f64::from(point.count) / f64::from(count),
                    max: before.max.max(point.max),
                    last: point.last,
                    count,
                }
            }
        });
    }

    /// Carries values on over columns without one of their own, up to now.
    pub(in crate::model) fn fill(mut self, hold: i64, now: i64) -> Vec<Option<Point>> {
        let mut next = 0;
        let begins = (0..).map(|place| self.start + place * self.width);
        for (place, begin) in (0..self.points.len()).zip(begins) {
            while self.held.get(next).is_some_and(|held| held.to < begin) {
                next += 1;
            }
            if self.points[place].is_some() || begin > now {
                continue;
            }
            // What is kept coarser than the columns stands for each of those that it covers.
            if let Some(covering) = self.held.get(next).filter(|held| held.from <= begin) {
                self.points[place] = covering.point;
            } else if let Some(Held { to, value: Some(value), .. }) =
                next.checked_sub(1).map(|before| &self.held[before])
                && begin - to <= hold
            {
                self.points[place] = Some(Point { min: *value, mean: *value, max: *value, last: *value, count: 0 });
            }
        }
        self.points
    }
}
