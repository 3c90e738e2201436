//! Things that are found by their place and read by their rank, at a cost that hardly grows with their number.

use std::collections::{BTreeMap, HashMap};
use std::ops::Index;

/// Things by place, read in the order of their rank: first by group, then by the order within it, then by place.
/// One that changes moves alone.
#[derive(Debug, Clone)]
pub struct Ranked<G, O, T> {
    things: BTreeMap<(G, O, usize), T>,
    ranks: HashMap<usize, (G, O)>,
    counts: BTreeMap<G, usize>,
}

impl<G, O, T> Default for Ranked<G, O, T> {
    fn default() -> Self {
        Self { things: BTreeMap::new(), ranks: HashMap::new(), counts: BTreeMap::new() }
    }
}

impl<G: Ord + Copy, O: Ord + Copy, T> Ranked<G, O, T> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.things.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.things.is_empty()
    }

    /// All, in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &T> + DoubleEndedIterator + Clone {
        self.things.values()
    }

    /// The first of all.
    pub(crate) fn first(&self) -> Option<&T> {
        self.things.first_key_value().map(|(_, thing)| thing)
    }

    /// How many are in the groups that are asked for: it is known without a look at them.
    pub(crate) fn count(&self, wanted: impl Fn(G) -> bool) -> usize {
        self.counts.iter().filter(|(group, _)| wanted(**group)).map(|(_, count)| count).sum()
    }

    /// The one at a place.
    pub(crate) fn at(&self, place: usize) -> Option<&T> {
        let (group, order) = *self.ranks.get(&place)?;
        self.things.get(&(group, order, place))
    }

    /// The one at a place, to change what its rank does not depend on.
    pub(super) fn at_mut(&mut self, place: usize) -> Option<&mut T> {
        let (group, order) = *self.ranks.get(&place)?;
        self.things.get_mut(&(group, order, place))
    }

    /// Puts a thing to a place, for the one that is there.
    pub(super) fn put(&mut self, place: usize, rank: (G, O), thing: T) {
        if self.ranks.get(&place) == Some(&rank) {
            self.things.insert((rank.0, rank.1, place), thing);
            return;
        }
        self.remove(place);
        self.ranks.insert(place, rank);
        *self.counts.entry(rank.0).or_default() += 1;
        self.things.insert((rank.0, rank.1, place), thing);
    }

    /// Moves the one at a place to another rank.
    pub(super) fn rerank(&mut self, place: usize, rank: (G, O)) {
        if self.ranks.get(&place) != Some(&rank)
            && let Some(thing) = self.remove(place)
        {
            self.put(place, rank, thing);
        }
    }

    /// Takes away the one at a place.
    pub(super) fn remove(&mut self, place: usize) -> Option<T> {
        let (group, order) = self.ranks.remove(&place)?;
        if let Some(count) = self.counts.get_mut(&group) {
            *count -= 1;
        }
        self.things.remove(&(group, order, place))
    }

    /// Takes away all, each with its place.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = T> + use<G, O, T> {
        std::mem::take(self).things.into_values()
    }
}

/// The one that so many stand before.
impl<G: Ord + Copy, O: Ord + Copy, T> Index<usize> for Ranked<G, O, T> {
    type Output = T;

    fn index(&self, nth: usize) -> &T {
        self.things.values().nth(nth).expect("as many are there")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_sorted_list(steps in prop::collection::vec((0..20_usize, prop::option::of((0..4_u8, 0..4_u8)), any::<bool>()), 0..200)) {
            let mut ranked = Ranked::default();
            let mut list: Vec<((u8, u8), usize, usize)> = Vec::new();
            for (number, (place, rank, only_moved)) in steps.into_iter().enumerate() {
                let known = list.iter().position(|(_, at, _)| *at == place);
                match (rank, known) {
                    (Some(rank), Some(known)) if only_moved => {
                        list[known].0 = rank;
                        ranked.rerank(place, rank);
                    }
                    (Some(rank), known) => {
                        known.map(|known| list.remove(known));
                        list.push((rank, place, number));
                        ranked.put(place, rank, number);
                    }
                    (None, known) => {
                        let taken = known.map(|known| list.remove(known).2);
                        prop_assert_eq!(ranked.remove(place), taken);
                    }
                }
                list.sort_unstable();
                prop_assert!(ranked.iter().copied().eq(list.iter().map(|(_, _, number)| *number)));
                prop_assert_eq!(ranked.first(), list.first().map(|(_, _, number)| number));
                prop_assert_eq!(ranked.count(|group| group < 2), list.iter().filter(|((group, _), ..)| *group < 2).count());
                for (_, place, number) in &list {
                    prop_assert_eq!(ranked.at(*place), Some(number));
                }
            }
        }
    }
}
