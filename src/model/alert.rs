//! Alerts: severities, and the pure state machine inactive, pending, firing, keeping, resolved.

mod due;
pub(crate) mod input;
mod kept;
pub(crate) mod times;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::since::Since;
use crate::lang::condition::{Condition, Predicate};
use crate::lang::time::Stamp;
pub(crate) use crate::model::alert::input::ConditionInput;
use crate::model::alert::input::{Changes, Holds};
use crate::text::name::Name;

/// How long a resolved alert is still shown, where the configuration does not say otherwise.
pub(crate) const RESOLVED_SHOWN: Duration = Duration::from_mins(15);

/// How bad a firing alert is, mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Low,
    /// Worth a ticket.
    Medium,
    /// Worth leaving the desk.
    High,
    /// Worth waking somebody.
    Critical,
}

/// The name of the alert about our own network, which no condition makes.
pub(crate) const NETWORK: &str = "network";

impl Severity {
    /// All, worst first.
    pub(crate) const WORST_FIRST: [Self; 4] = [Self::Critical, Self::High, Self::Medium, Self::Low];

    /// The word in configuration and on the screen.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The one of this word; an alias of the configuration is not known here.
    pub(crate) fn named(word: &str) -> Option<Self> {
        Self::WORST_FIRST.into_iter().find(|severity| severity.word() == word)
    }
}

/// Where an alert stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AlertState {
    /// Its condition does not hold.
    Inactive,
    /// Its condition holds, not yet for as long as asked.
    Pending {
        /// Since when it holds.
        active_at: Stamp,
    },
    Firing {
        /// Since when its condition holds.
        active_at: Stamp,
        /// Since when it fires.
        fired_at: Stamp,
    },
    /// It still fires, though its condition holds no more: it must stay away for a while.
    Keeping {
        /// Since when its condition held.
        active_at: Stamp,
        /// Since when it fires.
        fired_at: Stamp,
        /// Since when its condition holds no more.
        since: Stamp,
    },
    /// It is over, and shown for some time.
    Resolved {
        /// When it had begun to fire.
        fired_at: Stamp,
        /// When it was over.
        at: Stamp,
    },
}

impl AlertState {
    /// Whether somebody should act: firing or keeping.
    pub(crate) const fn is_firing(self) -> bool {
        matches!(self, Self::Firing { .. } | Self::Keeping { .. })
    }
}

/// What an alert that still fires waits for, though its condition holds no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clearing {
    /// It is over at that moment, unless its condition holds again before.
    At(Stamp),
    /// What its `until` asks for.
    Until,
    /// Data: too little is known to say that it is over.
    NoData,
}

/// What an evaluation changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transition {
    /// The condition began to hold.
    Pending,
    /// It held no more before it fired: nobody is told.
    Cancelled,
    /// It fires from now.
    Fired,
    /// The condition holds no more; it must stay so for a while.
    Keeping,
    /// The condition holds again before it was resolved: nobody is told twice.
    Relapsed,
    /// It is over.
    Resolved,
    /// It has been shown as resolved for long enough.
    Forgotten,
}

/// One alert: a condition with a memory. A pure machine; evaluate it with every reading or sample, and once in a
/// while between them, so that `for` runs out on time.
#[derive(Debug, Clone)]
pub(crate) struct Alert {
    /// Its name, unique in the console.
    pub name: Name,
    /// How bad it is when it fires.
    pub severity: Severity,
    /// What must hold.
    pub condition: Condition,
    /// How long the condition must be gone before it is over. At exactly this time it is (as in Prometheus).
    pub keep: Duration,
    /// For how long it is remembered that it is over.
    pub resolved_for: Duration,
    /// Where it stands.
    pub state: AlertState,
    /// Time of the present pending state in which nothing could be seen: it does not count towards `for`.
    blind: Duration,
    blind_since: Option<Stamp>,
    /// Whether the condition was seen not to hold, with nothing unknown since.
    was_clear: bool,
    /// Whether its condition was seen to begin to hold, the last time that it did.
    began_in_sight: bool,
    changes: Changes,
}

impl Alert {
    /// An inactive alert. A comparison of numbers keeps firing for as long as it must hold, unless `until` says when
    /// it is over; statuses have their own inertia (`ok_after`) and are over at once.
    pub(crate) fn new(name: Name, severity: Severity, condition: Condition) -> Self {
        let keep = match condition.predicate {
            Predicate::Number { clear: None, .. } => condition.hold,
            _ => Duration::ZERO,
        };
        Self {
            name,
            severity,
            condition,
            keep,
            resolved_for: RESOLVED_SHOWN,
            state: AlertState::Inactive,
            blind: Duration::ZERO,
            blind_since: None,
            was_clear: false,
            began_in_sight: false,
            changes: Changes::default(),
        }
    }

    /// Looks at what is known now. Several evaluations at one moment change nothing more.
    pub(crate) fn evaluate(&mut self, sight: &ConditionInput<'_>, now: Stamp) -> Option<Transition> {
        let holds = sight.holds(&self.condition.predicate, self.state.is_firing(), &mut self.changes, now);
        self.count_blindness(holds, now);
        self.look_back(sight, holds);
        let (state, transition) = match (self.state, holds) {
            (AlertState::Resolved { at, .. }, Holds::No | Holds::Unknown) if now.since(at) >= self.resolved_for => {
                (AlertState::Inactive, Transition::Forgotten)
            }
            (AlertState::Inactive | AlertState::Resolved { .. }, Holds::Yes) => {
                (self.blind, self.blind_since) = (Duration::ZERO, None);
                if self.condition.hold.is_zero() {
                    (AlertState::Firing { active_at: now, fired_at: now }, Transition::Fired)
                } else {
                    (AlertState::Pending { active_at: now }, Transition::Pending)
                }
            }
            (AlertState::Pending { active_at }, Holds::Yes)
                if now.since(active_at).saturating_sub(self.blind) >= self.condition.hold =>
            {
                (AlertState::Firing { active_at, fired_at: now }, Transition::Fired)
            }
            (AlertState::Pending { .. }, Holds::No) => (AlertState::Inactive, Transition::Cancelled),
            (AlertState::Firing { active_at, fired_at }, Holds::No) if !self.keep.is_zero() => {
                (AlertState::Keeping { active_at, fired_at, since: now }, Transition::Keeping)
            }
            (AlertState::Firing { fired_at, .. }, Holds::No) => {
                (AlertState::Resolved { fired_at, at: now }, Transition::Resolved)
            }
            (AlertState::Keeping { active_at, fired_at, .. }, Holds::Yes) => {
                (AlertState::Firing { active_at, fired_at }, Transition::Relapsed)
            }
            (AlertState::Keeping { fired_at, since, .. }, Holds::No) if now.since(since) >= self.keep => {
                (AlertState::Resolved { fired_at, at: now }, Transition::Resolved)
            }
            _ => return None,
        };
        self.state = state;
        Some(transition)
    }

    /// Since when a person sees it so; `None` where inactive. What held already when it was first looked at has stood
    /// for longer than this machine knows.
    pub(crate) fn since(&self) -> Option<Since> {
        match self.state {
            AlertState::Inactive => None,
            AlertState::Pending { active_at: at }
            | AlertState::Firing { fired_at: at, .. }
            | AlertState::Keeping { fired_at: at, .. } => Some(Since { at, seen: self.began_in_sight }),
            AlertState::Resolved { at, .. } => Some(Since::seen(at)),
        }
    }

    /// Since when its condition holds, while it waits or fires.
    pub(crate) fn holds_since(&self) -> Option<Since> {
        match self.state {
            AlertState::Inactive | AlertState::Resolved { .. } => None,
            AlertState::Pending { active_at }
            | AlertState::Firing { active_at, .. }
            | AlertState::Keeping { active_at, .. } => Some(Since { at: active_at, seen: self.began_in_sight }),
        }
    }

    /// What it waits for before it is over, where `value` is what its condition compares now; `None` while that holds.
    pub(crate) fn clearing(&self, value: Option<f64>) -> Option<Clearing> {
        match (self.state, &self.condition.predicate) {
            (AlertState::Keeping { since, .. }, _) => Some(Clearing::At(since.plus(self.keep))),
            (AlertState::Firing { .. }, Predicate::Number { comparison, threshold, clear: Some(_), .. }) => {
                value.filter(|value| !comparison.holds(*value, *threshold)).map(|_| Clearing::Until)
            }
            _ => None,
        }
    }

    /// Remembers whether the condition is seen to begin to hold: not where nothing was known just before.
    fn look_back(&mut self, sight: &ConditionInput<'_>, holds: Holds) {
        match holds {
            Holds::No => self.was_clear = true,
            Holds::Unknown if sight.is_on_its_way() => {}
            Holds::Unknown => self.was_clear = false,
            Holds::Yes if matches!(self.state, AlertState::Inactive | AlertState::Resolved { .. }) => {
                self.began_in_sight = self.was_clear;
            }
            Holds::Yes => {}
        }
    }

    fn count_blindness(&mut self, holds: Holds, now: Stamp) {
        if holds == Holds::Unknown {
            self.blind_since.get_or_insert(now);
        } else if let Some(since) = self.blind_since.take() {
            self.blind += now.since(since);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::DateTime;
    use proptest::prelude::*;

    use super::super::status::Status;
    use super::*;

    fn at(seconds: u64) -> Stamp {
        Stamp { mono: Duration::ZERO, utc: DateTime::UNIX_EPOCH }.plus(Duration::from_secs(seconds))
    }

    fn alert(condition: &str) -> Alert {
        Alert::new("test".into(), Severity::High, Condition::parse(condition, "%").expect("a condition"))
    }

    fn number(value: f64) -> ConditionInput<'static> {
        ConditionInput::Number { value: Some(value), stale: false }
    }

    /// Evaluates at each moment and returns what happened.
    fn run(alert: &mut Alert, steps: &[(u64, ConditionInput<'_>)]) -> Vec<(u64, Transition)> {
        steps
            .iter()
            .filter_map(|(when, sight)| alert.evaluate(sight, at(*when)).map(|transition| (*when, transition)))
            .collect()
    }

    #[test]
    fn for_is_reached_at_its_very_moment() {
        use Transition::{Cancelled, Fired, Pending};
        let mut held = alert("> 5% for 1m");
        assert_eq!(
            run(&mut held, &[(0, number(6.0)), (59, number(6.0)), (60, number(6.0))]),
            [(0, Pending), (60, Fired)]
        );
        let mut broken = alert("> 5% for 1m");
        let steps = [(0, number(6.0)), (30, number(5.0)), (31, number(6.0)), (60, number(6.0)), (91, number(6.0))];
        assert_eq!(run(&mut broken, &steps), [(0, Pending), (30, Cancelled), (31, Pending), (91, Fired)]);
        assert_eq!(run(&mut alert("> 5%"), &[(0, number(6.0))]), [(0, Fired)]);
    }

    #[test]
    fn unknown_neither_extends_nor_breaks() {
        let mut held = alert("> 5% for 1m");
        let steps = [
            (0, number(6.0)),
            (20, ConditionInput::Unknown),
            (50, number(6.0)),
            (60, number(6.0)),
            (89, number(6.0)),
            (90, number(6.0)),
        ];
        assert_eq!(run(&mut held, &steps), [(0, Transition::Pending), (90, Transition::Fired)]);
        let absent = ConditionInput::Number { value: None, stale: false };
        let stale = ConditionInput::Number { value: Some(0.0), stale: true };
        assert_eq!(run(&mut held, &[(100, ConditionInput::Unknown), (9_000, absent), (9_001, stale)]), []);
        assert!(held.state.is_firing());
    }

    #[test]
    fn keeping_ends_at_its_very_moment_and_a_relapse_is_no_news() {
        use Transition::{Fired, Forgotten, Keeping, Pending, Relapsed, Resolved};
        let mut held = alert("> 5% for 1m");
        let steps = [
            (0, number(6.0)),
            (60, number(6.0)),
            (100, number(1.0)),
            (130, number(6.0)),
            (140, number(1.0)),
            (199, number(1.0)),
            (200, number(1.0)),
            (1_099, number(1.0)),
            (1_100, number(1.0)),
        ];
        let want = [
            (0, Pending),
            (60, Fired),
            (100, Keeping),
            (130, Relapsed),
            (140, Keeping),
            (200, Resolved),
            (1_100, Forgotten),
        ];
        assert_eq!(run(&mut held, &steps), want);
        assert_eq!(held.state, AlertState::Inactive);
    }

    #[test]
    fn hysteresis_holds_between_the_thresholds() {
        let mut disk = alert("> 85% until < 75%");
        let steps = [
            (0, number(80.0)),
            (1, number(86.0)),
            (2, number(80.0)),
            (3, number(75.0)),
            (4, number(74.9)),
            (5, number(80.0)),
        ];
        assert_eq!(run(&mut disk, &steps), [(1, Transition::Fired), (4, Transition::Resolved)]);
    }

    #[test]
    fn a_relapse_after_it_was_resolved_waits_again() {
        let mut held = alert("> 5% for 1m");
        run(&mut held, &[(0, number(6.0)), (60, number(6.0)), (61, number(0.0)), (121, number(0.0))]);
        assert_eq!(
            run(&mut held, &[(130, number(6.0)), (189, number(6.0)), (190, number(6.0))]),
            [(130, Transition::Pending), (190, Transition::Fired)]
        );
    }

    #[test]
    fn statuses() {
        use Transition::{Fired, Resolved};
        let fields = BTreeMap::from([("days_left".to_owned(), 20.0)]);
        let check = |status, stale| ConditionInput::Check { status, fields: &fields, latency_ms: Some(900.0), stale };
        let down = [
            (0, check(Status::Pending, false)),
            (1, check(Status::Down, false)),
            (2, check(Status::Pending, false)),
            (3, check(Status::Unknown, false)),
            (4, check(Status::Down, true)),
            (5, check(Status::Ok, false)),
        ];
        assert_eq!(run(&mut alert("down"), &down), [(1, Fired), (5, Resolved)]);
        let degraded =
            [(0, check(Status::Degraded, false)), (1, check(Status::Down, false)), (2, check(Status::Cold, false))];
        assert_eq!(run(&mut alert("degraded"), &degraded), [(0, Fired), (2, Resolved)]);
        let stale = [
            (0, check(Status::Ok, false)),
            (1, check(Status::Ok, true)),
            (2, ConditionInput::Unknown),
            (3, check(Status::Down, false)),
        ];
        assert_eq!(run(&mut alert("stale"), &stale), [(1, Fired), (3, Resolved)]);
        assert_eq!(run(&mut alert("days_left < 21"), &[(0, check(Status::Ok, false))]), [(0, Fired)]);
        assert_eq!(run(&mut alert("latency_ms > 800"), &[(0, check(Status::Ok, false))]), [(0, Fired)]);
        assert_eq!(run(&mut alert("other < 21"), &[(0, check(Status::Ok, false))]), []);
    }

    #[test]
    fn absence() {
        let absent = ConditionInput::Number { value: None, stale: false };
        assert_eq!(
            run(&mut alert("absent"), &[(0, number(1.0)), (1, absent), (2, number(1.0))]),
            [(1, Transition::Fired), (2, Transition::Resolved)]
        );
    }

    #[test]
    fn changes_are_counted_within_their_window() {
        let mut flips = alert("changes > 2 in 1m");
        let steps: Vec<_> = (0..4).map(|step| (step * 10, number((step % 2) as f64))).collect();
        assert_eq!(run(&mut flips, &steps), [(30, Transition::Fired)]);
        assert_eq!(run(&mut flips, &[(69, number(1.0)), (70, number(1.0))]), [(70, Transition::Resolved)]);
    }

    proptest! {
        #[test]
        fn it_fires_only_after_an_unbroken_hold(values in proptest::collection::vec((1..40_u64, 0..3_u8), 1..60)) {
            let mut held = alert("> 5% for 1m");
            let (mut now, mut bad_since) = (0, None);
            for (step, kind) in values {
                now += step;
                let sight = match kind { 0 => number(1.0), 1 => number(9.0), _ => ConditionInput::Unknown };
                match kind { 0 => bad_since = None, 1 => { bad_since.get_or_insert(now); } , _ => {} }
                if held.evaluate(&sight, at(now)) == Some(Transition::Fired) {
                    prop_assert!(bad_since.is_some_and(|since| now - since >= 60));
                }
            }
        }

        #[test]
        fn a_second_look_at_the_same_moment_changes_nothing(values in proptest::collection::vec((1..2_000_u64, 0..3_u8), 1..40)) {
            let mut held = alert("> 5% for 1m");
            let mut now = 0;
            for (step, kind) in values {
                now += step;
                let sight = match kind { 0 => number(1.0), 1 => number(9.0), _ => ConditionInput::Unknown };
                held.evaluate(&sight, at(now));
                prop_assert_eq!(held.evaluate(&sight, at(now)), None);
            }
        }
    }
}
