//! How the numbers of one field are spread for each value of another, in a bounded space.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::filter::number;
use super::spread::Spread;

/// Values that are held.
const MOST: usize = 1_000;
/// Bytes of a value that tell it apart.
const LONGEST: usize = 256;

/// The numbers by value. Beyond [`MOST`] values the rarer half is let go into [`GroupedSpread::others`].
#[derive(Debug, Clone, Default)]
pub struct GroupedSpread {
    groups: HashMap<Box<str>, Spread>,
    others: u64,
    without_value: u64,
    without_number: u64,
}

/// How groups are ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GroupOrder {
    /// The highest 95th percentile first.
    #[default]
    P95,
    /// The greatest number first.
    Max,
    /// The most frequent value first.
    Count,
}

/// One value with its numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct GroupFigures<'a> {
    /// The value; not sanitised.
    pub value: &'a str,
    /// How many numbers.
    pub count: u64,
    pub p50: f64,
    pub p95: f64,
    pub max: f64,
    /// Their unit: `s`, `B`, `%` or nothing.
    pub unit: &'static str,
}

impl GroupOrder {
    /// The next one.
    #[must_use]
    pub(crate) const fn next(self) -> Self {
        match self {
            Self::P95 => Self::Max,
            Self::Max => Self::Count,
            Self::Count => Self::P95,
        }
    }

    /// In words.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::P95 => "highest p95 first",
            Self::Max => "highest max first",
            Self::Count => "most frequent first",
        }
    }
}

impl GroupedSpread {
    /// Counts a record by the texts of its two fields; `None` where it has no such field.
    pub fn add(&mut self, value: Option<&str>, numbers: Option<&str>) {
        let Some((numbers, unit)) = numbers.and_then(number) else {
            self.without_number += 1;
            return;
        };
        let Some(value) = value else {
            self.without_value += 1;
            return;
        };
        let key = &value[..value.floor_char_boundary(LONGEST)];
        if !self.groups.contains_key(key) {
            self.make_room();
            self.groups.insert(key.into(), Spread::default());
        }
        if let Some(spread) = self.groups.get_mut(key) {
            spread.add(numbers, unit);
        }
    }

    fn make_room(&mut self) {
        if self.groups.len() < MOST {
            return;
        }
        let mut counts: Vec<u64> = self.groups.values().map(Spread::count).collect();
        let middle = counts.len() / 2;
        let bound = *counts.select_nth_unstable(middle).1;
        let others = &mut self.others;
        self.groups.retain(|_, spread| {
            let stays = spread.count() > bound;
            *others += if stays { 0 } else { spread.count() };
            stays
        });
    }

    /// Takes over what another has counted, as a thread that read another part of a file.
    pub(crate) fn merge(&mut self, other: Self) {
        self.others += other.others;
        self.without_value += other.without_value;
        self.without_number += other.without_number;
        for (value, numbers) in other.groups {
            if !self.groups.contains_key(&value) {
                self.make_room();
            }
            self.groups.entry(value).or_default().merge(&numbers);
        }
    }

    /// The groups, at most `limit`; equal ones in the order of the alphabet.
    pub(crate) fn rows<'a>(&'a self, order: GroupOrder, limit: usize) -> Vec<GroupFigures<'a>> {
        let figures = |(value, spread): (&'a str, &Spread)| {
            let (_, max) = spread.ends()?;
            let of = |quantile| spread.quantile(quantile).unwrap_or(max);
            let (p50, p95) = (of(0.5), of(0.95));
            Some(GroupFigures { value, count: spread.count(), p50, p95, max, unit: spread.unit() })
        };
        let mut rows: Vec<GroupFigures<'a>> =
            self.groups.iter().map(|(value, spread)| (&**value, spread)).filter_map(figures).collect();
        rows.sort_unstable_by(|a, b| {
            let first = match order {
                GroupOrder::P95 => b.p95.total_cmp(&a.p95),
                GroupOrder::Max => b.max.total_cmp(&a.max),
                GroupOrder::Count => b.count.cmp(&a.count),
            };
            first.then_with(|| (Reverse(a.count), a.value).cmp(&(Reverse(b.count), b.value)))
        });
        rows.truncate(limit);
        rows
    }

    /// Values that are held.
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// Records with a number of a value that is not held any more.
    pub(crate) fn others(&self) -> u64 {
        self.others
    }

    /// Records with a number and without the field to group by.
    pub(crate) fn without_value(&self) -> u64 {
        self.without_value
    }

    /// Records without the field, or with something in it that is no number.
    pub(crate) fn without_number(&self) -> u64 {
        self.without_number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_spread_by_value() {
        let (mut whole, mut left, mut right) =
            (GroupedSpread::default(), GroupedSpread::default(), GroupedSpread::default());
        for n in 1..=100_u32 {
            for (path, factor) in [("/slow", 10), ("/fast", 1)] {
                let text = (n * factor).to_string();
                whole.add(Some(path), Some(&text));
                if n % 3 == 0 { &mut left } else { &mut right }.add(Some(path), Some(&text));
            }
        }
        whole.add(Some("/slow"), Some("soon"));
        whole.add(None, Some("5"));
        whole.add(Some("/slow"), None);
        assert_eq!((whole.without_value(), whole.without_number(), whole.others()), (1, 2, 0));
        let rows = whole.rows(GroupOrder::P95, 10);
        assert_eq!(
            rows.iter().map(|row| (row.value, row.count, row.max)).collect::<Vec<_>>(),
            [("/slow", 100, 1000.0), ("/fast", 100, 100.0)]
        );
        assert!((rows[0].p95 - 950.0).abs() < 10.0 && (rows[1].p50 - 50.0).abs() < 1.0, "{rows:?}");
        left.merge(right);
        assert_eq!(left.rows(GroupOrder::P95, 10), rows);
        assert_eq!(whole.rows(GroupOrder::Count, 1)[0].value, "/fast", "equal ones by name");
    }

    #[test]
    fn values_are_bounded_and_the_frequent_ones_stay() {
        let mut grouped = GroupedSpread::default();
        for n in 0..5_000 {
            grouped.add(Some(&format!("/{n}")), Some("1"));
            grouped.add(Some("/often"), Some("2ms"));
        }
        assert!(grouped.len() <= MOST);
        let first = grouped.rows(GroupOrder::Count, 1)[0];
        assert_eq!((first.value, first.count, first.unit), ("/often", 5_000, "s"));
        let held: u64 = grouped.rows(GroupOrder::Count, MOST).iter().map(|row| row.count).sum();
        assert_eq!(held + grouped.others(), 10_000);
    }
}
