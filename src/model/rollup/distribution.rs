//! How often which values were measured, where they are too many to keep each.
//!
//! Cells are log-linear with eight to each doubling: the top bits of an `f32` are the number of its cell. The middle of a
//! cell is at most 6.25 % away from any value in it, and a fraction, a latency and a count of bytes need no bounds of
//! their own. Whole numbers below 16 have a cell each.

use serde::{Deserialize, Serialize};

/// The bits of an `f32` that are not told apart.
const SHIFT: u32 = 20;
/// The last cell of finite numbers.
pub(super) const LAST_CELL: i16 = 2039;

/// Counts of values, with what is exact beside them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Distribution {
    pub(super) sum: f64,
    pub(super) min: f32,
    pub(super) max: f32,
    /// Cells with their counts, ordered; none is zero.
    pub(super) cells: Vec<(i16, u64)>,
}

impl Distribution {
    pub(super) fn add(&mut self, value: f32) {
        self.bound(value, value);
        self.sum += f64::from(value);
        self.count(cell(value), 1);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        if other.cells.is_empty() {
            return;
        }
        self.bound(other.min, other.max);
        self.sum += other.sum;
        for (cell, count) in &other.cells {
            self.count(*cell, *count);
        }
    }

    pub(super) fn len(&self) -> u64 {
        self.cells.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// The value at a quantile by nearest rank, to the middle of its cell.
    pub(super) fn at_quantile(&self, quantile: f64) -> Option<f64> {
        let rank = ((quantile * self.len() as f64).ceil() as u64).max(1);
        let mut passed = 0_u64;
        let found = self.cells.iter().find(|(_, count)| {
            passed = passed.saturating_add(*count);
            passed >= rank
        });
        found.or(self.cells.last()).map(|(cell, _)| self.value_of(*cell))
    }

    /// The value that stands for a cell.
    pub(super) fn value_of(&self, cell: i16) -> f64 {
        middle(cell).clamp(f64::from(self.min), f64::from(self.max))
    }

    fn bound(&mut self, min: f32, max: f32) {
        let first = self.cells.is_empty();
        self.min = if first { min } else { self.min.min(min) };
        self.max = if first { max } else { self.max.max(max) };
    }

    fn count(&mut self, cell: i16, count: u64) {
        match self.cells.binary_search_by_key(&cell, |(cell, _)| *cell) {
            Ok(place) => self.cells[place].1 = self.cells[place].1.saturating_add(count),
            Err(place) => self.cells.insert(place, (cell, count)),
        }
    }
}

impl Extend<f32> for Distribution {
    fn extend<T: IntoIterator<Item = f32>>(&mut self, values: T) {
        for value in values {
            self.add(value);
        }
    }
}

/// The cell of a finite number that is not -0.
fn cell(value: f32) -> i16 {
    let cell = (value.abs().to_bits() >> SHIFT) as i16;
    if value < 0.0 { -1 - cell } else { cell }
}

fn middle(cell: i16) -> f64 {
    if cell < 0 {
        return -middle(-1 - cell);
    }
    let edge = |cell: i16| f64::from(f32::from_bits(u32::from(cell.unsigned_abs()) << SHIFT));
    match cell {
        0 => 0.0,
        LAST_CELL => edge(cell),
        _ => f64::midpoint(edge(cell), edge(cell + 1)),
    }
}
