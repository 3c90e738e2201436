//! The ids of what a configuration names: one type a kind, so that a metric is never looked up with the id of a check.

/// The id of a thing: its place among those of its kind. Another configuration may give it to another thing.
pub trait Id: Copy {
    /// The id of what stands at a place.
    fn new(place: usize) -> Self;

    /// Where the thing stands, for lists of the same order that know no ids: those of the configuration.
    fn place(self) -> usize;
}

/// A check, by its place in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CheckId(usize);

/// A metric, by its place in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetricId(usize);

/// A log, by its place in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogId(usize);

/// An action, by its place in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionId(usize);

/// A row of the services, by its place: those of the configuration in its order, then what belongs to none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceId(usize);

/// An alert, by the place of its condition among all of the configuration; that of our own network comes last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlertId(usize);

/// An objective, by its place in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SloId(usize);

macro_rules! ids {
    ($($name:ident),+) => {
        $(impl Id for $name {
            fn new(place: usize) -> Self {
                Self(place)
            }

            fn place(self) -> usize {
                self.0
            }
        })+
    };
}

ids!(CheckId, MetricId, SloId, LogId, ActionId, ServiceId, AlertId);

/// Things of one kind in their order, each with its id.
pub(crate) fn numbered<I: Id, T>(things: impl IntoIterator<Item = T>) -> impl Iterator<Item = (I, T)> {
    things.into_iter().enumerate().map(|(place, thing)| (I::new(place), thing))
}
