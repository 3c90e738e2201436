//! Sorting with one copy of the sorting code. What the standard library's `sort_by` compiles to, some 6 kB, it compiles to
//! again for each place that sorts; most of ours sort a handful of rows, and a hundred such copies are half a megabyte of the
//! binary. Places are sorted here, and what lies there is moved once. What sorts many things often keeps to the standard one.

use std::cmp::Ordering;

/// Sorting in place; what is equal keeps its order.
pub(crate) trait InOrder<T> {
    /// As [`slice::sort_by`].
    fn order_by(&mut self, compare: impl FnMut(&T, &T) -> Ordering);

    /// As [`slice::sort_by_key`].
    fn order_by_key<K: Ord>(&mut self, mut key: impl FnMut(&T) -> K) {
        self.order_by(|one, other| key(one).cmp(&key(other)));
    }
}

impl<T> InOrder<T> for [T] {
    fn order_by(&mut self, mut compare: impl FnMut(&T, &T) -> Ordering) {
        let mut order = order_of(self.len(), &mut |one, other| compare(&self[one], &self[other]));
        for start in 0..order.len() {
            let mut at = start;
            loop {
                let from = std::mem::replace(&mut order[at], at);
                if from == start {
                    break;
                }
                self.swap(at, from);
                at = from;
            }
        }
    }
}

/// For each place, which place what belongs there lies at now.
fn order_of(len: usize, compare: &mut dyn FnMut(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..len).collect();
    order.sort_by(|one, other| compare(*one, *other));
    order
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_sorts_as_the_standard_library_does(values in prop::collection::vec(0..20_u8, 0..60)) {
            let mut ours: Vec<(u8, usize)> = values.into_iter().zip(0..).collect();
            let mut theirs = ours.clone();
            ours.order_by_key(|(value, _)| *value);
            theirs.sort_by_key(|(value, _)| *value);
            prop_assert_eq!(&ours, &theirs);
            ours.order_by(|one, other| other.cmp(one));
            theirs.sort_by(|one, other| other.cmp(one));
            prop_assert_eq!(ours, theirs);
        }
    }
}
