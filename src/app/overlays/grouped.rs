//! The numbers of one field by the values of another: p50, p95 and max of each.

use crate::app::keymap::Command;
use crate::app::state::State;
use crate::app::state::overlay::Then;
use crate::logs::filter::Subject;
use crate::logs::grouped::{GroupOrder, GroupedSpread};
use crate::logs::record::Record;

use super::counting::{Counted, CountingOverlay, SHOWN};

/// The overlay.
pub type GroupedOverlay = CountingOverlay<GroupedValues>;

/// The numbers of a field by the values of another.
#[derive(Debug, Clone)]
pub struct GroupedValues {
    /// The field of the numbers.
    pub of: String,
    /// The field whose values they are grouped by.
    pub by: String,
    /// The numbers.
    pub grouped: GroupedSpread,
    /// How the groups are ranked.
    pub order: GroupOrder,
}

impl GroupedValues {
    fn new(of: &str, by: String) -> Self {
        Self { of: of.to_owned(), by, grouped: GroupedSpread::default(), order: GroupOrder::default() }
    }
}

impl Counted for GroupedValues {
    fn of_field(&self, field: String) -> Self {
        Self::new(&self.of, field)
    }

    fn taken(&self) -> &str {
        &self.of
    }

    fn add(&mut self, record: &Record) {
        self.grouped.add(record.value(&self.by).as_deref(), record.value(&self.of).as_deref());
    }

    fn values(&self) -> Vec<&str> {
        self.grouped.rows(self.order, SHOWN).into_iter().map(|row| row.value).collect()
    }

    fn term(&self, at: usize) -> Option<(&str, String)> {
        Some((&self.by, self.values().get(at)?.to_string()))
    }

    fn chooses(&self) -> Command {
        Command::GroupBy
    }

    fn command(&mut self, _state: &mut State, command: Command, _progress: Option<u8>) -> Then {
        if command == Command::Order {
            self.order = self.order.next();
        }
        Then::Stay
    }
}

/// Asks for a field to group the numbers of `of` by.
pub(in crate::app) fn open(state: &mut State, of: &str) {
    let overlay = GroupedOverlay::asking(state, GroupedValues::new(of, String::new()));
    state.console.overlays.push(overlay);
}
