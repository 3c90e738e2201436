//! Things that are found by their typed ids.

use std::marker::PhantomData;
use std::ops::{Index, IndexMut};
use std::slice;
use std::vec;

use super::ids::Id;

/// Things of one kind in the order of the configuration, found by their ids.
#[derive(Debug, Clone)]
pub struct IdTable<I, T> {
    things: Vec<T>,
    ids: PhantomData<I>,
}

impl<I: Id, T> IdTable<I, T> {
    /// The thing of that id. An id of another configuration may have none.
    pub fn get(&self, id: I) -> Option<&T> {
        self.things.get(id.place())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.things.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.things.is_empty()
    }

    /// All, in their order.
    pub fn iter(&self) -> slice::Iter<'_, T> {
        self.things.iter()
    }

    /// All, in their order, to change them.
    pub fn iter_mut(&mut self) -> slice::IterMut<'_, T> {
        self.things.iter_mut()
    }

    /// The ids of all, in their order.
    pub(crate) fn ids(&self) -> impl Iterator<Item = I> + use<I, T> {
        (0..self.things.len()).map(I::new)
    }
}

impl<I, T> Default for IdTable<I, T> {
    fn default() -> Self {
        Self { things: Vec::new(), ids: PhantomData }
    }
}

impl<I: Id, T> Index<I> for IdTable<I, T> {
    type Output = T;

    fn index(&self, id: I) -> &T {
        &self.things[id.place()]
    }
}

impl<I: Id, T> IndexMut<I> for IdTable<I, T> {
    fn index_mut(&mut self, id: I) -> &mut T {
        &mut self.things[id.place()]
    }
}

impl<I, T> FromIterator<T> for IdTable<I, T> {
    fn from_iter<F: IntoIterator<Item = T>>(things: F) -> Self {
        Self { things: things.into_iter().collect(), ids: PhantomData }
    }
}

impl<I, T> IntoIterator for IdTable<I, T> {
    type Item = T;
    type IntoIter = vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.things.into_iter()
    }
}

impl<'a, I, T> IntoIterator for &'a IdTable<I, T> {
    type Item = &'a T;
    type IntoIter = slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.things.iter()
    }
}

impl<'a, I, T> IntoIterator for &'a mut IdTable<I, T> {
    type Item = &'a mut T;
    type IntoIter = slice::IterMut<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.things.iter_mut()
    }
}
