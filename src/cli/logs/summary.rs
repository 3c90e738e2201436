//! What is counted instead of printed.

use chrono::{DateTime, Utc};

use super::bounds::Bounds;
use super::fields_not_seen::FieldsNotSeen;
use crate::logs::filter::{Filter, Subject};
use crate::logs::grouped::GroupedSpread;
use crate::logs::pattern::Patterns;
use crate::logs::record::Record;
use crate::logs::timeline::LevelTimeline;
use crate::logs::top::Top;
use crate::sources::logs::scan::Gather;
use crate::text::SafeText;

/// What to count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SummaryKind {
    /// How many records pass.
    Count,
    /// The values of a field.
    Top(String),
    /// The numbers of a field, by the values of another.
    Grouped { of: String, by: String },
    /// What is said.
    Patterns,
    /// Levels over time.
    Histogram,
}

/// The records that pass a filter, counted. Bounded, whatever is read; what several readers have counted is merged.
#[derive(Debug, Clone)]
pub(crate) struct Summary {
    /// What is counted.
    pub filter: Filter,
    /// When it must have been written, where records are looked at one by one.
    pub bounds: Bounds,
    /// Records that were looked at.
    pub records: u64,
    /// Those that passed.
    pub passed: u64,
    /// Those that were cut, so that what is behind the cut could not be looked at.
    pub cut: u64,
    /// The earliest time that a record states, of those that were looked at one by one.
    pub first: Option<DateTime<Utc>>,
    /// The fields of the filter that no record had.
    pub fields_not_seen: FieldsNotSeen,
    pub counts: SummaryCounts,
}

/// The counts of each kind.
#[derive(Debug, Clone)]
pub(crate) enum SummaryCounts {
    /// Nothing but [`Summary::passed`].
    Number,
    /// The values of a field.
    Top(String, Top),
    /// The numbers of a field, by the values of another.
    Grouped { of: String, by: String, grouped: Box<GroupedSpread> },
    /// Shapes, each with the line of its first record.
    Patterns(Box<Patterns<SafeText>>),
    /// Levels over time, and how many records state no time.
    Histogram(LevelTimeline, u64),
}

impl Summary {
    /// Counts what passes `filter`; nothing so far.
    pub(crate) fn new(kind: &SummaryKind, filter: Filter) -> Self {
        let counts = match kind {
            SummaryKind::Count => SummaryCounts::Number,
            SummaryKind::Top(field) => SummaryCounts::Top(field.clone(), Top::default()),
            SummaryKind::Grouped { of, by } => {
                SummaryCounts::Grouped { of: of.clone(), by: by.clone(), grouped: Box::default() }
            }
            SummaryKind::Patterns => SummaryCounts::Patterns(Box::default()),
            SummaryKind::Histogram => SummaryCounts::Histogram(LevelTimeline::default(), 0),
        };
        let fields_not_seen = FieldsNotSeen::of(&filter);
        Self { filter, bounds: Bounds::default(), records: 0, passed: 0, cut: 0, first: None, fields_not_seen, counts }
    }

    /// One that counts the same and has counted nothing.
    pub(crate) fn empty(&self) -> Self {
        let kind = match &self.counts {
            SummaryCounts::Number => SummaryKind::Count,
            SummaryCounts::Top(field, _) => SummaryKind::Top(field.clone()),
            SummaryCounts::Grouped { of, by, .. } => SummaryKind::Grouped { of: of.clone(), by: by.clone() },
            SummaryCounts::Patterns(_) => SummaryKind::Patterns,
            SummaryCounts::Histogram(..) => SummaryKind::Histogram,
        };
        Self::new(&kind, self.filter.clone())
    }

    /// Looks at one record, and at when it was written.
    pub(crate) fn count_within(&mut self, record: &Record) {
        let within = self.bounds.holds(record);
        self.look(record, within);
    }

    /// Looks at one record.
    pub(crate) fn count<S: Subject>(&mut self, subject: &S) {
        self.look(subject, true);
    }

    fn look<S: Subject>(&mut self, subject: &S, within: bool) {
        if subject.is_marker() {
            return;
        }
        self.records += 1;
        self.cut += u64::from(subject.cut_bytes() > 0);
        self.first = earlier(self.first, subject.time());
        self.fields_not_seen.look(subject);
        if !within || !self.filter.passes(subject) {
            return;
        }
        self.passed += 1;
        match &mut self.counts {
            SummaryCounts::Number => {}
            SummaryCounts::Top(field, top) => top.add(subject.value(field).as_deref()),
            SummaryCounts::Grouped { of, by, grouped } => {
                grouped.add(subject.value(by).as_deref(), subject.value(of).as_deref());
            }
            SummaryCounts::Patterns(patterns) => {
                patterns.add(subject.message(), subject.level(), subject.at(), || SafeText::new(subject.raw()));
            }
            SummaryCounts::Histogram(timeline, untimed) => match subject.time() {
                Some(at) => timeline.add(at, subject.level()),
                None => *untimed += 1,
            },
        }
    }

    /// Takes over what another of the same kind has counted.
    pub(crate) fn merge(&mut self, other: Self) {
        self.records += other.records;
        self.passed += other.passed;
        self.cut += other.cut;
        self.first = earlier(self.first, other.first);
        self.fields_not_seen.merge(&other.fields_not_seen);
        match (&mut self.counts, other.counts) {
            (SummaryCounts::Top(_, held), SummaryCounts::Top(_, more)) => held.merge(more),
            (SummaryCounts::Grouped { grouped: held, .. }, SummaryCounts::Grouped { grouped: more, .. }) => {
                held.merge(*more);
            }
            (SummaryCounts::Patterns(held), SummaryCounts::Patterns(more)) => held.merge(*more),
            (SummaryCounts::Histogram(held, untimed), SummaryCounts::Histogram(more, others)) => {
                held.merge(more);
                *untimed += others;
            }
            _ => {}
        }
    }
}

/// The earlier of two moments, where both are known.
pub(super) fn earlier(held: Option<DateTime<Utc>>, at: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    match (held, at) {
        (Some(held), Some(at)) => Some(held.min(at)),
        _ => held.or(at),
    }
}

impl Gather for Summary {
    fn ingest<S: Subject>(&mut self, subject: &S) {
        Self::count(self, subject);
    }

    fn count_one(&mut self) {
        self.records += 1;
        self.passed += 1;
        self.fields_not_seen.pass_by(1);
    }

    fn pass_by(&mut self, records: u64) {
        self.records += records;
        self.fields_not_seen.pass_by(records);
    }

    fn only_counts(&self) -> bool {
        matches!(self.counts, SummaryCounts::Number)
    }
}
