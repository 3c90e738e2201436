//! What a person has said not to count against an objective.

use std::collections::BTreeMap;
use std::ops::Range;

use super::sliding::Sliding;
use super::tally::SloTally;
use crate::lang::order::InOrder;

const MINUTE_MS: u64 = 60_000;

/// Spans that do not count, and what was known in them: kept beside the sums of all that is known, so that taking an
/// exclusion back loses nothing. In milliseconds of the monotonic clock.
#[derive(Debug, Clone)]
pub(super) struct Excluded {
    /// In their order, without overlaps.
    spans: Vec<Range<u64>>,
    minutes: Sliding,
    hours: Sliding,
}

impl Excluded {
    /// Of what is known already, which is counted up to `counted`. An hour that is too old for its minutes to be here gives
    /// what those `apart` say, which are by their number, and its share where there are none; `None`: no span is given.
    pub(super) fn new(
        spans: Vec<Range<u64>>,
        (minutes, hours): (&Sliding, &Sliding),
        apart: &BTreeMap<u32, SloTally>,
        counted: u64,
    ) -> Option<Box<Self>> {
        let spans = joined(spans);
        if spans.is_empty() {
            return None;
        }
        let mut excluded = Self { spans, minutes: minutes.emptied(), hours: hours.emptied() };
        for slot in minutes.slots() {
            let Range { start, end } = span_of(slot, 1);
            let part = excluded.part(minutes.at(slot), &(start..end.min(counted.max(start))));
            excluded.minutes.add(slot, part);
        }
        for slot in hours.slots() {
            let (first, mut part) = (slot * 60, SloTally::default());
            let mut apart = apart.range(first..first + 60).peekable();
            if minutes.reaches(first) {
                (first..first + 60).for_each(|minute| part += excluded.minutes.at(minute));
            } else if apart.peek().is_some() {
                apart.for_each(|(minute, tally)| part += excluded.part(*tally, &span_of(*minute, 1)));
            } else {
                part = excluded.part(hours.at(slot), &span_of(slot, 60));
            }
            excluded.hours.add(slot, part);
        }
        Some(Box::new(excluded))
    }

    /// Counts what became known of a span within one minute.
    pub(super) fn add(&mut self, span: &Range<u64>, tally: SloTally) {
        let part = self.part(tally, span);
        let minute = (span.start / MINUTE_MS) as u32;
        self.minutes.add(minute, part);
        self.hours.add(minute / 60, part);
    }

    /// Moves the windows on.
    pub(super) fn advance(&mut self, minute: u32) {
        self.minutes.advance(minute);
        self.hours.advance(minute / 60);
    }

    /// What was known in one of the windows of minutes.
    pub(super) fn of_minutes(&self, window: usize) -> SloTally {
        self.minutes.sum(window)
    }

    /// What was known in the window of hours.
    pub(super) fn of_hours(&self) -> SloTally {
        self.hours.sum(0)
    }

    /// What was known since a minute, as far back as minutes are kept.
    pub(super) fn since(&self, minute: u32) -> SloTally {
        self.minutes.since(minute)
    }

    /// Whether a moment does not count.
    pub(super) fn includes(&self, at: u64) -> bool {
        self.spans.iter().any(|span| span.contains(&at))
    }

    /// How much of a span does not count.
    pub(super) fn overlap(&self, span: &Range<u64>) -> u64 {
        let inside = |other: &Range<u64>| other.end.min(span.end).saturating_sub(other.start.max(span.start));
        self.spans.iter().map(inside).sum()
    }

    /// The part of what is known of a span, or at its one moment, that does not count.
    fn part(&self, tally: SloTally, span: &Range<u64>) -> SloTally {
        if span.is_empty() {
            return if self.includes(span.start) { tally } else { SloTally::default() };
        }
        tally.excluded(self.overlap(span), span.end - span.start)
    }
}

/// So many minutes, the `slot`th of their length.
fn span_of(slot: u32, minutes: u64) -> Range<u64> {
    let length = minutes * MINUTE_MS;
    let start = u64::from(slot) * length;
    start..start + length
}

/// The same without overlaps, in their order.
fn joined(mut spans: Vec<Range<u64>>) -> Vec<Range<u64>> {
    spans.retain(|span| !span.is_empty());
    spans.order_by_key(|span| span.start);
    let mut joined: Vec<Range<u64>> = Vec::with_capacity(spans.len());
    for span in spans {
        match joined.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => joined.push(span),
        }
    }
    joined
}
