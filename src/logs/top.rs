//! The most frequent values of one field, counted in a bounded space.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Bytes of one value that are kept to be shown; longer ones are told apart by a hash of the rest.
const LONGEST: usize = 256;

/// How often each value was seen. Exact up to [`Top::MOST`] different values. Beyond that the rarer half is let go
/// into [`Top::others`], again and again, so that a value that becomes frequent late is still found; what is shown
/// may then be short by at most [`Top::short_by`].
#[derive(Debug, Clone)]
pub struct Top {
    /// By value; a long one is its beginning and the tag of its rest: see [`key`].
    counts: HashMap<Box<str>, u64>,
    most: usize,
    total: u64,
    missing: u64,
    others: u64,
    short_by: u64,
}

/// One value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct TopRow<'a> {
    /// The value, of a long one its beginning; not sanitised.
    pub value: &'a str,
    /// Bytes of the value behind that.
    pub left_out: usize,
    /// How often it was seen.
    pub count: u64,
    /// Its share of the records that have the field, 0 to 1.
    pub share: f64,
}

impl Default for Top {
    fn default() -> Self {
        Self::with_most(Self::MOST)
    }
}

impl Top {
    /// Values that are held where nothing else is said.
    pub(crate) const MOST: usize = 65_536;

    /// A counter that holds at most `most` values, two at least.
    pub(crate) fn with_most(most: usize) -> Self {
        Self { counts: HashMap::new(), most: most.max(2), total: 0, missing: 0, others: 0, short_by: 0 }
    }

    /// Counts a value; `None` where a record has no such field.
    pub fn add(&mut self, value: Option<&str>) {
        match value {
            Some(value) => {
                self.total += 1;
                self.count(&key(value), 1);
            }
            None => self.missing += 1,
        }
    }

    fn count(&mut self, value: &str, times: u64) {
        if let Some(count) = self.counts.get_mut(value) {
            *count += times;
            return;
        }
        if self.counts.len() >= self.most {
            self.let_go();
        }
        self.counts.insert(value.into(), times);
    }

    /// Lets the rarer half go, at least.
    fn let_go(&mut self) {
        let mut counts: Vec<u64> = self.counts.values().copied().collect();
        let middle = counts.len() / 2;
        let bound = *counts.select_nth_unstable(middle).1;
        let before: u64 = counts.iter().sum();
        self.counts.retain(|_, count| *count > bound);
        self.others += before - self.counts.values().sum::<u64>();
        self.short_by += bound;
    }

    /// Takes over what another has counted, as a thread that read another part of a file.
    pub(crate) fn merge(&mut self, other: Self) {
        self.total += other.total;
        self.missing += other.missing;
        self.others += other.others;
        self.short_by += other.short_by;
        for (value, times) in other.counts {
            self.count(&value, times);
        }
    }

    /// The most frequent values, at most `limit`; equal ones in the order of the alphabet.
    pub(crate) fn rows(&self, limit: usize) -> Vec<TopRow<'_>> {
        let mut rows: Vec<(&str, u64)> = self.counts.iter().map(|(value, count)| (&**value, *count)).collect();
        let before = |a: &(&str, u64), b: &(&str, u64)| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0));
        if rows.len() > limit && limit > 0 {
            rows.select_nth_unstable_by(limit - 1, before);
        }
        rows.truncate(limit);
        rows.sort_unstable_by(before);
        let total = self.total.max(1) as f64;
        let row = |(key, count)| {
            let (value, left_out) = value(key);
            TopRow { value, left_out, count, share: count as f64 / total }
        };
        rows.into_iter().map(row).collect()
    }

    /// Records that have the field.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Records that do not.
    pub(crate) fn missing(&self) -> u64 {
        self.missing
    }

    /// Records whose value is not held any more.
    pub(crate) fn others(&self) -> u64 {
        self.others
    }

    /// How much too low a count may be; 0 where all are exact.
    pub(crate) fn short_by(&self) -> u64 {
        self.short_by
    }

    /// How many different values there were, where that is known exactly; else `None`, and it is more than
    /// [`Top::len`].
    pub(crate) fn distinct(&self) -> Option<usize> {
        (self.others == 0).then_some(self.counts.len())
    }

    /// Values that are held.
    pub fn len(&self) -> usize {
        self.counts.len()
    }
}

/// Digits of the tag of a long value: the hash of its rest, and how long that is.
const TAG: usize = 32;

/// What a value is counted under: a long one is longer than [`LONGEST`] with its tag.
fn key(value: &str) -> Cow<'_, str> {
    if value.len() <= LONGEST {
        return Cow::Borrowed(value);
    }
    let (start, rest) = value.split_at(value.floor_char_boundary(LONGEST));
    let mut hasher = DefaultHasher::new();
    rest.hash(&mut hasher);
    Cow::Owned(format!("{start}{:016x}{:016x}", hasher.finish(), rest.len()))
}

/// What is kept of the value that was counted under `key`, and how many bytes are not.
fn value(key: &str) -> (&str, usize) {
    if key.len() <= LONGEST {
        return (key, 0);
    }
    let (start, tag) = key.split_at(key.len() - TAG);
    (start, usize::from_str_radix(&tag[TAG / 2..], 16).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(top: &Top, limit: usize) -> Vec<(String, u64)> {
        top.rows(limit).into_iter().map(|row| (row.value.to_owned(), row.count)).collect()
    }

    #[test]
    fn values_are_ranked() {
        let mut top = Top::default();
        for value in ["b", "a", "c", "a", "b", "a"] {
            top.add(Some(value));
        }
        top.add(None);
        assert_eq!(rows(&top, 2), [("a".into(), 3), ("b".into(), 2)]);
        assert!((top.rows(1)[0].share - 0.5).abs() < 1e-9);
        assert_eq!((top.total(), top.missing(), top.others(), top.distinct()), (6, 1, 0, Some(3)));
        assert_eq!(top.rows(0), []);
    }

    #[test]
    fn long_values_are_told_apart_by_their_ends() {
        let mut top = Top::default();
        let (one, two) = ("x".repeat(300) + "one", "x".repeat(300) + "two");
        for value in [&one, &two, &one] {
            top.add(Some(value));
        }
        let rows = top.rows(5);
        let seen: Vec<(usize, usize, u64)> =
            rows.iter().map(|row| (row.value.len(), row.left_out, row.count)).collect();
        assert_eq!(seen, [(256, 47, 2), (256, 47, 1)]);
        assert_eq!(top.distinct(), Some(2));
    }

    #[test]
    fn what_becomes_frequent_late_is_found() {
        let mut top = Top::with_most(100);
        for number in 0..10_000 {
            top.add(Some(&number.to_string()));
            assert!(top.len() <= 100);
        }
        for _ in 0..500 {
            top.add(Some("late"));
        }
        let row = &rows(&top, 1)[0];
        assert_eq!(row.0, "late");
        assert!(row.1 + top.short_by() >= 500);
        assert_eq!(top.distinct(), None);
    }

    proptest! {
        #[test]
        fn counts_are_short_by_no_more_than_is_said(
            values in prop::collection::vec(0_u8..40, 0..300),
            most in 2_usize..50,
            at in 0_usize..300,
        ) {
            let (mut left, mut right) = (Top::with_most(most), Top::with_most(most));
            for (index, value) in values.iter().enumerate() {
                if index < at { &mut left } else { &mut right }.add(Some(&value.to_string()));
            }
            left.merge(right);
            prop_assert!(left.len() <= most);
            let held: u64 = rows(&left, 100).iter().map(|row| row.1).sum();
            prop_assert_eq!(held + left.others(), values.len() as u64);
            for (value, count) in rows(&left, 100) {
                let exact = values.iter().filter(|other| other.to_string() == value).count() as u64;
                prop_assert!(count <= exact && exact <= count + left.short_by());
            }
        }
    }
}
