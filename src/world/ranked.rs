//! Things that are found by their ids and read by their rank, at a cost that hardly grows with their number.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Index;

use super::ids::Id;
use crate::lang::order::InOrder;

/// Things by id, read in the order of their rank: first by group, then by the order within it, then by id.
/// One that changes moves alone, and one that changes where it stands costs no search.
#[derive(Debug, Clone)]
pub struct Ranked<I, G, O, T> {
    /// Each where its id says, with its rank.
    places: Vec<Option<((G, O), T)>>,
    order: BTreeSet<(G, O, I)>,
    counts: BTreeMap<G, usize>,
}

impl<I, G, O, T> Default for Ranked<I, G, O, T> {
    fn default() -> Self {
        Self { places: Vec::new(), order: BTreeSet::new(), counts: BTreeMap::new() }
    }
}

impl<I: Id + Ord, G: Ord + Copy, O: Ord + Copy, T> Ranked<I, G, O, T> {
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
        self.order.iter().map(|(.., id)| self.ranked(*id))
    }

    /// All, as they lie: at less cost, where their order says nothing.
    pub(crate) fn unordered(&self) -> impl Iterator<Item = &T> {
        self.places.iter().flatten().map(|(_, thing)| thing)
    }

    /// Those of these ids that are there, in their order.
    pub(crate) fn among<'a>(&'a self, ids: &[I]) -> impl Iterator<Item = &'a T> + Clone + use<'a, I, G, O, T> {
        let place_of = |id: &I| self.places.get(id.place())?.as_ref().map(|(rank, thing)| (*rank, *id, thing));
        let mut found: Vec<((G, O), I, &'a T)> = ids.iter().filter_map(place_of).collect();
        found.order_by_key(|(rank, id, _)| (*rank, *id));
        found.into_iter().map(|(.., thing)| thing)
    }

    /// The first of all.
    pub(crate) fn first(&self) -> Option<&T> {
        self.order.first().map(|(.., id)| self.ranked(*id))
    }

    /// How many are in the groups that are asked for: it is known without a look at them.
    pub(crate) fn count(&self, wanted: impl Fn(G) -> bool) -> usize {
        self.counts.iter().filter(|(group, _)| wanted(**group)).map(|(_, count)| count).sum()
    }

    /// The one of that id.
    pub(crate) fn get(&self, id: I) -> Option<&T> {
        self.places.get(id.place())?.as_ref().map(|(_, thing)| thing)
    }

    /// The one of that id, to change what its rank does not depend on.
    pub(super) fn get_mut(&mut self, id: I) -> Option<&mut T> {
        self.places.get_mut(id.place())?.as_mut().map(|(_, thing)| thing)
    }

    /// Puts a thing in the place of the one that has this id.
    pub(super) fn put(&mut self, id: I, rank: (G, O), thing: T) {
        let place = id.place();
        if let Some(Some((known, there))) = self.places.get_mut(place)
            && *known == rank
        {
            *there = thing;
            return;
        }
        self.remove(id);
        if self.places.len() <= place {
            self.places.resize_with(place + 1, || None);
        }
        self.places[place] = Some((rank, thing));
        self.order.insert((rank.0, rank.1, id));
        *self.counts.entry(rank.0).or_default() += 1;
    }

    /// Moves the one of that id to another rank.
    pub(super) fn rerank(&mut self, id: I, rank: (G, O)) {
        if self.places.get(id.place()).and_then(Option::as_ref).is_some_and(|(known, _)| *known != rank)
            && let Some(thing) = self.remove(id)
        {
            self.put(id, rank, thing);
        }
    }

    /// Takes away the one of that id.
    pub(super) fn remove(&mut self, id: I) -> Option<T> {
        let ((group, order), thing) = self.places.get_mut(id.place())?.take()?;
        if let Some(count) = self.counts.get_mut(&group) {
            *count -= 1;
        }
        self.order.remove(&(group, order, id));
        Some(thing)
    }

    /// Takes away all.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = T> + use<I, G, O, T> {
        std::mem::take(self).places.into_iter().flatten().map(|(_, thing)| thing)
    }

    fn ranked(&self, id: I) -> &T {
        self.get(id).expect("what has a rank has a place")
    }
}

/// The one that so many stand before.
impl<I: Id + Ord, G: Ord + Copy, O: Ord + Copy, T> Index<usize> for Ranked<I, G, O, T> {
    type Output = T;

    fn index(&self, nth: usize) -> &T {
        self.iter().nth(nth).expect("as many are there")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::world::ids::ServiceId;

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
                        ranked.rerank(ServiceId::new(place), rank);
                    }
                    (Some(rank), known) => {
                        known.map(|known| list.remove(known));
                        list.push((rank, place, number));
                        ranked.put(ServiceId::new(place), rank, number);
                    }
                    (None, known) => {
                        let taken = known.map(|known| list.remove(known).2);
                        prop_assert_eq!(ranked.remove(ServiceId::new(place)), taken);
                    }
                }
                list.sort_unstable();
                prop_assert!(ranked.iter().copied().eq(list.iter().map(|(_, _, number)| *number)));
                prop_assert_eq!(ranked.first(), list.first().map(|(_, _, number)| number));
                prop_assert_eq!(ranked.count(|group| group < 2), list.iter().filter(|((group, _), ..)| *group < 2).count());
                for (_, place, number) in &list {
                    prop_assert_eq!(ranked.get(ServiceId::new(*place)), Some(number));
                }
            }
        }
    }
}
