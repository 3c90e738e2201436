//! What an alert looks at, and whether its condition holds there.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::lang::condition::{Comparison, Predicate};
use crate::lang::time::Stamp;
use crate::model::reading::{Reading, Sample};
use crate::model::status::Status;

/// What is known at the moment of an evaluation.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ConditionInput<'a> {
    /// Nothing is known: paused, our own network is gone, we were suspended.
    Unknown,
    Check {
        /// Its judged status.
        status: Status,
        /// The numbers of its latest document that conditions ask for.
        fields: &'a BTreeMap<String, f64>,
        /// Its latest latency, in milliseconds and not rounded: 500.4 is above 500.
        latency_ms: Option<f64>,
        /// Its latest answer is too old.
        stale: bool,
    },
    /// A metric.
    Number {
        /// Its latest value; `None` where it has none.
        value: Option<f64>,
        /// The latest value is too old.
        stale: bool,
    },
}

/// Whether a condition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Yes,
    No,
    /// It can't be told: neither extends nor breaks.
    Unknown,
}

impl From<bool> for Holds {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

/// When the value changed, for `changes > N in T`.
#[derive(Debug, Clone, Default)]
pub(super) struct Changes {
    /// When the first value was seen.
    first: Option<Stamp>,
    last: Option<Last>,
    at: VecDeque<Stamp>,
}

#[derive(Debug, Clone, PartialEq)]
enum Last {
    Status(Status),
    Number(f64),
}

impl Changes {
    /// More than this in one window is as good as this.
    const MAX: usize = 1024;

    fn note(&mut self, value: Last, now: Stamp) {
        if self.last.as_ref().is_some_and(|last| *last != value) {
            self.at.push_back(now);
            if self.at.len() > Self::MAX {
                self.at.pop_front();
            }
        }
        self.first.get_or_insert(now);
        self.last = Some(value);
    }

    fn watched_for(&self, within: Duration, now: Stamp) -> bool {
        self.first.is_some_and(|first| now.since(first) >= within)
    }

    /// When the window has been watched as a whole, and when the oldest change leaves it.
    pub(super) fn edges(&self, within: Duration) -> [Option<Stamp>; 2] {
        [self.first, self.at.front().copied()].map(|at| at.map(|at| at.plus(within)))
    }

    /// How many lie within the window `(now - within, now]`.
    fn count(&mut self, within: Duration, now: Stamp) -> u32 {
        while self.at.front().is_some_and(|at| now.since(*at) >= within) {
            self.at.pop_front();
        }
        self.at.len() as u32
    }
}

impl<'a> ConditionInput<'a> {
    /// What is known of a check: its shown status and its latest reading.
    pub(crate) fn of_check(status: Status, last: Option<&'a Reading>, stale: bool) -> Self {
        static NONE: BTreeMap<String, f64> = BTreeMap::new();
        ConditionInput::Check {
            status,
            fields: last.map_or(&NONE, |reading| &reading.fields),
            latency_ms: last.map(Reading::latency_ms),
            stale,
        }
    }

    /// What is known of a metric by its latest sample. Before the first one nothing is absent: it is not known yet.
    pub(crate) fn of_metric(last: Option<&Sample>, stale: bool) -> Self {
        if last.is_none() && !stale {
            return ConditionInput::Unknown;
        }
        ConditionInput::Number { value: last.and_then(|sample| sample.value.as_ref().ok().copied()), stale }
    }
}

impl ConditionInput<'_> {
    /// Whether it is between two statuses: known, but not settled yet.
    pub(super) const fn is_on_its_way(&self) -> bool {
        matches!(self, ConditionInput::Check { status: Status::Pending, stale: false, .. })
    }

    /// The number that a condition on `field` compares; of a metric, without a field, its value.
    pub(crate) fn compared(&self, field: Option<&str>) -> Option<f64> {
        self.number(field)
    }

    /// Whether a condition holds at this moment, as an alert would judge it that does not fire yet; `None`: it can't be told,
    /// as of what is known only of a span of time.
    pub(crate) fn evaluate(&self, predicate: &Predicate) -> Option<bool> {
        match self.holds_now(predicate, false) {
            Holds::Yes => Some(true),
            Holds::No => Some(false),
            Holds::Unknown => None,
        }
    }

    /// `firing` selects the way back of a hysteresis.
    pub(super) fn holds(&self, predicate: &Predicate, firing: bool, changes: &mut Changes, now: Stamp) -> Holds {
        if let Predicate::Changes { comparison, count, within } = predicate {
            let Some(value) = self.distinct() else { return Holds::Unknown };
            changes.note(value, now);
            let holds = comparison.holds(f64::from(changes.count(*within, now)), f64::from(*count));
            // Too few changes can be claimed only of a window that was watched as a whole; too many at once.
            let early = matches!(comparison, Comparison::Above | Comparison::AtLeast);
            return if holds && !early && !changes.watched_for(*within, now) { Holds::Unknown } else { holds.into() };
        }
        self.holds_now(predicate, firing)
    }

    fn holds_now(&self, predicate: &Predicate, firing: bool) -> Holds {
        match (self, predicate) {
            (ConditionInput::Check { stale, .. } | ConditionInput::Number { stale, .. }, Predicate::Stale) => {
                (*stale).into()
            }
            // What is too old says nothing about now.
            (
                ConditionInput::Unknown
                | ConditionInput::Check { stale: true, .. }
                | ConditionInput::Number { stale: true, .. },
                _,
            ) => Holds::Unknown,
            (ConditionInput::Check { status, .. }, Predicate::Down) => of_status(*status, &[Status::Down]),
            (ConditionInput::Check { status, .. }, Predicate::Degraded) => {
                of_status(*status, &[Status::Down, Status::Degraded])
            }
            (ConditionInput::Number { value, .. }, Predicate::Absent) => value.is_none().into(),
            (_, Predicate::Number { comparison, threshold, clear, field }) => match self.number(field.as_deref()) {
                None => Holds::Unknown,
                Some(value) => match clear {
                    Some((back, level)) if firing => (!back.holds(value, *level)).into(),
                    _ => comparison.holds(value, *threshold).into(),
                },
            },
            // A condition that does not suit its subject is refused by the configuration.
            _ => Holds::Unknown,
        }
    }

    fn number(&self, field: Option<&str>) -> Option<f64> {
        match (self, field) {
            (ConditionInput::Number { value, .. }, None) => value.filter(|value| !value.is_nan()),
            (ConditionInput::Check { latency_ms, .. }, Some("latency_ms")) => *latency_ms,
            (ConditionInput::Check { fields, .. }, Some(field)) => {
                fields.get(field).copied().filter(|value| !value.is_nan())
            }
            _ => None,
        }
    }

    fn distinct(&self) -> Option<Last> {
        match self {
            ConditionInput::Check {
                status: status @ (Status::Ok | Status::Degraded | Status::Down),
                stale: false,
                ..
            } => Some(Last::Status(*status)),
            ConditionInput::Number { value: Some(value), stale: false } if !value.is_nan() => {
                Some(Last::Number(*value))
            }
            _ => None,
        }
    }
}

/// Pending is on its way in either direction: it neither extends nor breaks what was known before.
fn of_status(status: Status, bad: &[Status]) -> Holds {
    match status {
        Status::Unknown | Status::Pending => Holds::Unknown,
        status => bad.contains(&status).into(),
    }
}
