//! Things that are found by their place and read by their rank, at a cost that hardly grows with their number.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Index;

/// Things by place, read in the order of their rank: first by group, then by the order within it, then by place.
/// One that changes moves alone, and one that changes where it stands costs no search.
#[derive(Debug, Clone)]
pub struct Ranked<G, O, T> {
    /// By place, each with its rank.
    places: Vec<Option<((G, O), T)>>,
    order: BTreeSet<(G, O, usize)>,
    counts: BTreeMap<G, usize>,
}

impl<G, O, T> Default for Ranked<G, O, T> {
    fn default() -> Self {
        Self { places: Vec::new(), order: BTreeSet::new(), counts: BTreeMap::new() }
    }
}

impl<G: Ord + Copy, O: Ord + Copy, T> Ranked<G, O, T> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// All, in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &T> + DoubleEndedIterator + Clone {
        self.order.iter().map(|(.., place)| self.standing_at(*place))
    }

    /// The first of all.
    pub(crate) fn first(&self) -> Option<&T> {
        self.order.first().map(|(.., place)| self.standing_at(*place))
    }

    /// How many are in the groups that are asked for: it is known without a look at them.
    pub(crate) fn count(&self, wanted: impl Fn(G) -> bool) -> usize {
        self.counts.iter().filter(|(group, _)| wanted(**group)).map(|(_, count)| count).sum()
    }

    /// The one at a place.
    pub(crate) fn at(&self, place: usize) -> Option<&T> {
        self.places.get(place)?.as_ref().map(|(_, thing)| thing)
    }

    /// The one at a place, to change what its rank does not depend on.
    pub(super) fn at_mut(&mut self, place: usize) -> Option<&mut T> {
        self.places.get_mut(place)?.as_mut().map(|(_, thing)| thing)
    }

    /// Puts a thing to a place, for the one that is there.
    pub(super) fn put(&mut self, place: usize, rank: (G, O), thing: T) {
        if let Some(Some((known, there))) = self.places.get_mut(place)
            && *known == rank
        {
            *there = thing;
            return;
        }
        self.remove(place);
        if self.places.len() <= place {
            self.places.resize_with(place + 1, || None);
        }
        self.places[place] = Some((rank, thing));
        self.order.insert((rank.0, rank.1, place));
        *self.counts.entry(rank.0).or_default() += 1;
    }

    /// Moves the one at a place to another rank.
    pub(super) fn rerank(&mut self, place: usize, rank: (G, O)) {
        if self.places.get(place).and_then(Option::as_ref).is_some_and(|(known, _)| *known != rank)
            && let Some(thing) = self.remove(place)
        {
            self.put(place, rank, thing);
        }
    }

    /// Takes away the one at a place.
    pub(super) fn remove(&mut self, place: usize) -> Option<T> {
        let ((group, order), thing) = self.places.get_mut(place)?.take()?;
        if let Some(count) = self.counts.get_mut(&group) {
            *count -= 1;
        }
        self.order.remove(&(group, order, place));
        Some(thing)
    }

    /// Takes away all.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = T> + use<G, O, T> {
        std::mem::take(self).places.into_iter().flatten().map(|(_, thing)| thing)
    }

    fn standing_at(&self, place: usize) -> &T {
        self.at(place).expect("what has a rank has a place")
    }
}

/// The one that so many stand before.
impl<G: Ord + Copy, O: Ord + Copy, T> Index<usize> for Ranked<G, O, T> {
    type Output = T;

    fn index(&self, nth: usize) -> &T {
        self.iter().nth(nth).expect("as many are there")
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
