//! Things found by their typed ids, of which a copy of the whole costs a count each: a screen that is held still keeps one of
//! ten thousand checks without copying any until it changes.

use std::iter::Map;
use std::marker::PhantomData;
use std::ops::{Index, IndexMut};
use std::slice;
use std::sync::Arc;

use super::ids::Id;

/// Things of one kind in the order of the configuration, each shared with the copies of the table until one changes it.
#[derive(Debug, Clone)]
pub struct SharedTable<I, T> {
    things: Vec<Arc<T>>,
    ids: PhantomData<I>,
}

/// All things of a table, in their order.
type Things<'a, T> = Map<slice::Iter<'a, Arc<T>>, fn(&Arc<T>) -> &T>;

/// The same, to change them. Each is copied first where a copy of the table holds it too: ask before whether there is a need.
type ThingsMut<'a, T> = Map<slice::IterMut<'a, Arc<T>>, fn(&mut Arc<T>) -> &mut T>;

impl<I: Id, T> SharedTable<I, T> {
    /// The thing of that id. An id of another configuration may have none.
    pub fn get(&self, id: I) -> Option<&T> {
        self.things.get(id.place()).map(Arc::as_ref)
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
    pub fn iter(&self) -> Things<'_, T> {
        self.things.iter().map(Arc::as_ref)
    }

    /// The ids of all, in their order.
    pub(crate) fn ids(&self) -> impl Iterator<Item = I> + use<I, T> {
        (0..self.things.len()).map(I::new)
    }
}

impl<I, T> Default for SharedTable<I, T> {
    fn default() -> Self {
        Self { things: Vec::new(), ids: PhantomData }
    }
}

impl<I: Id, T> Index<I> for SharedTable<I, T> {
    type Output = T;

    fn index(&self, id: I) -> &T {
        &self.things[id.place()]
    }
}

impl<I: Id, T: Clone> IndexMut<I> for SharedTable<I, T> {
    fn index_mut(&mut self, id: I) -> &mut T {
        Arc::make_mut(&mut self.things[id.place()])
    }
}

impl<I, T> FromIterator<T> for SharedTable<I, T> {
    fn from_iter<F: IntoIterator<Item = T>>(things: F) -> Self {
        Self { things: things.into_iter().map(Arc::new).collect(), ids: PhantomData }
    }
}

impl<I, T: Clone> SharedTable<I, T> {
    /// The things themselves.
    pub(super) fn into_things(self) -> impl Iterator<Item = T> {
        self.things.into_iter().map(Arc::unwrap_or_clone)
    }
}

impl<'a, I, T> IntoIterator for &'a SharedTable<I, T> {
    type Item = &'a T;
    type IntoIter = Things<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.things.iter().map(Arc::as_ref)
    }
}

impl<'a, I, T: Clone> IntoIterator for &'a mut SharedTable<I, T> {
    type Item = &'a mut T;
    type IntoIter = ThingsMut<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.things.iter_mut().map(Arc::make_mut)
    }
}
