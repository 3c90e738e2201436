//! Sums over the last so many slots of time, for several spans at once.

use std::collections::VecDeque;

use super::tally::SloTally;

/// A [`SloTally`] of one slot, in half the space: there are thousands for each objective.
#[derive(Debug, Clone, Copy, Default)]
struct Slot([u32; 6]);

impl From<SloTally> for Slot {
    fn from(tally: SloTally) -> Self {
        let SloTally { good_ms, bad_ms, maintenance_good_ms, maintenance_bad_ms, maintenance_ms, bad_events } = tally;
        let parts = [good_ms, bad_ms, maintenance_good_ms, maintenance_bad_ms, maintenance_ms, bad_events];
        Self(parts.map(|part| u32::try_from(part).unwrap_or(u32::MAX)))
    }
}

impl From<Slot> for SloTally {
    fn from(Slot(parts): Slot) -> Self {
        let [good_ms, bad_ms, maintenance_good_ms, maintenance_bad_ms, maintenance_ms, bad_events] =
            parts.map(u64::from);
        Self { good_ms, bad_ms, maintenance_good_ms, maintenance_bad_ms, maintenance_ms, bad_events }
    }
}

/// The sum of the newest slot and of so many before it.
#[derive(Debug, Clone, Copy)]
struct Span {
    length: u32,
    sum: SloTally,
}

/// Slots in a row, the newest last, with the sum of each span. A slot is added to its spans once and taken from each
/// once, so a span costs the same however long it is. Bounded: no more slots than the longest span needs.
#[derive(Debug, Clone)]
pub(super) struct Sliding {
    /// The number of the first slot that is kept.
    first: u32,
    slots: VecDeque<Slot>,
    spans: Vec<Span>,
}

impl Sliding {
    /// Empty, at a slot. `lengths` is how many whole slots lie in each span, beside the newest one.
    pub(super) fn new(lengths: impl IntoIterator<Item = u32>, now: u32) -> Self {
        let spans = lengths.into_iter().map(|length| Span { length, sum: SloTally::default() }).collect();
        Self { first: now, slots: VecDeque::from([Slot::default()]), spans }
    }

    /// Another one that is empty, of the same spans, at the same slot.
    pub(super) fn emptied(&self) -> Self {
        Self::new(self.spans.iter().map(|span| span.length), self.newest())
    }

    /// The slots that are kept, oldest first.
    pub(super) fn slots(&self) -> std::ops::RangeInclusive<u32> {
        self.first..=self.newest()
    }

    /// Whether any span reaches back to a slot.
    pub(super) fn reaches(&self, slot: u32) -> bool {
        self.newest().saturating_sub(slot) <= self.longest()
    }

    fn newest(&self) -> u32 {
        self.first + self.slots.len() as u32 - 1
    }

    fn longest(&self) -> u32 {
        self.spans.iter().map(|span| span.length).max().unwrap_or(0)
    }

    /// What is known of one slot.
    pub(super) fn at(&self, slot: u32) -> SloTally {
        let index = slot.checked_sub(self.first).map(|index| index as usize);
        index.and_then(|index| self.slots.get(index)).map_or_else(SloTally::default, |slot| (*slot).into())
    }

    /// Moves on to a later slot; an earlier one changes nothing.
    pub(super) fn advance(&mut self, now: u32) {
        if now > self.newest() + self.longest() {
            // Nothing of what is kept lies in any span any more.
            self.slots.clear();
            self.slots.push_back(Slot::default());
            self.first = now;
            for span in &mut self.spans {
                span.sum = SloTally::default();
            }
            return;
        }
        while self.newest() < now {
            let newest = self.newest() + 1;
            for at in 0..self.spans.len() {
                if let Some(left) = newest.checked_sub(self.spans[at].length + 1) {
                    let over = self.at(left);
                    self.spans[at].sum -= over;
                }
            }
            self.slots.push_back(Slot::default());
        }
        let keep = self.longest() + 1;
        while self.slots.len() as u32 > keep {
            self.slots.pop_front();
            self.first += 1;
        }
    }

    /// Adds to a slot: moves on where it is later than the newest, is left out where no span reaches back to it.
    pub(super) fn add(&mut self, slot: u32, tally: SloTally) {
        self.advance(slot);
        let newest = self.newest();
        if newest - slot > self.longest() {
            return;
        }
        while slot < self.first {
            self.slots.push_front(Slot::default());
            self.first -= 1;
        }
        let index = (slot - self.first) as usize;
        // What is taken away later is what was added: a slot that is full takes no more, in its spans neither.
        let before = SloTally::from(self.slots[index]);
        let mut sum = before;
        sum += tally;
        self.slots[index] = sum.into();
        let mut added = SloTally::from(self.slots[index]);
        added -= before;
        for span in self.spans.iter_mut().filter(|span| newest - slot <= span.length) {
            span.sum += added;
        }
    }

    /// The sum of a span, by its place among the lengths.
    pub(super) fn sum(&self, span: usize) -> SloTally {
        self.spans.get(span).map_or_else(SloTally::default, |span| span.sum)
    }

    /// The sum of all slots from one on, as far as they are kept: costs as much as there are.
    pub(super) fn since(&self, slot: u32) -> SloTally {
        let skipped = slot.saturating_sub(self.first) as usize;
        let mut sum = SloTally::default();
        for slot in self.slots.iter().skip(skipped) {
            sum += (*slot).into();
        }
        sum
    }
}
