//! Incidents: the words in which people keep the record of one, from its opening to its report.

pub(crate) mod clock;
pub(crate) mod figures;
pub(crate) mod roles;
#[cfg(test)]
pub(crate) mod samples;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::roles::{IncidentRole, RoleStep, RoleTerm};
use crate::text::name::Name;

/// What the number of an incident follows in its id.
const PREFIX: &str = "INC-";

/// The id of the incident of that number, short enough to be said on the phone: `INC-42`.
pub fn incident_id(number: u32) -> Name {
    Name::from(format!("{PREFIX}{number}"))
}

/// The number in an id, however it is written: `INC-42`, `inc-42`, `42`. `None`: it is no id.
pub fn incident_number(id: &str) -> Option<u32> {
    let digits = match id.get(..PREFIX.len()) {
        Some(head) if head.eq_ignore_ascii_case(PREFIX) => &id[PREFIX.len()..],
        _ => id,
    };
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|number| is_number && *number > 0)
}

/// Where an incident stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentState {
    /// It was opened, and nobody has said to be at it.
    Open,
    /// Somebody is at it.
    Acknowledged,
    /// The impact is over; the cause may remain.
    Mitigated,
    /// It is over; the report is still to be written.
    Resolved,
    /// The report is done.
    Closed,
    /// It turned out to be another incident, where the work goes on.
    Merged,
    /// There was nothing.
    FalseAlarm,
}

impl IncidentState {
    /// The word for people.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Mitigated => "mitigated",
            Self::Resolved => "resolved",
            Self::Closed => "closed",
            Self::Merged => "merged",
            Self::FalseAlarm => "false alarm",
        }
    }

    /// Whether it is being worked on: its clock runs.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::Acknowledged | Self::Mitigated)
    }

    /// Whether nobody has anything left to do with it.
    pub const fn is_done(self) -> bool {
        matches!(self, Self::Closed | Self::Merged | Self::FalseAlarm)
    }
}

/// What a person does to the state of an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentStep {
    /// Somebody is at it.
    Acknowledge,
    /// The impact is over.
    Mitigate,
    /// It is over.
    Resolve,
    /// The report is done.
    Close,
    /// It is not over after all.
    Reopen,
    /// It is another incident.
    Merge,
    /// There was nothing.
    FalseAlarm,
}

impl IncidentStep {
    /// Where it leads from a state; `None`: it makes no sense there. `was_acknowledged`: somebody was at it before.
    pub const fn leads(self, from: IncidentState, was_acknowledged: bool) -> Option<IncidentState> {
        let is_open = from.is_open();
        match self {
            Self::Acknowledge if matches!(from, IncidentState::Open) => Some(IncidentState::Acknowledged),
            Self::Mitigate if is_open && !matches!(from, IncidentState::Mitigated) => Some(IncidentState::Mitigated),
            Self::Resolve if is_open => Some(IncidentState::Resolved),
            Self::Close if matches!(from, IncidentState::Resolved) => Some(IncidentState::Closed),
            Self::Merge if is_open => Some(IncidentState::Merged),
            Self::FalseAlarm if is_open => Some(IncidentState::FalseAlarm),
            Self::Reopen if is_open || matches!(from, IncidentState::Merged) => None,
            Self::Reopen if was_acknowledged => Some(IncidentState::Acknowledged),
            Self::Reopen => Some(IncidentState::Open),
            _ => None,
        }
    }

    /// Whether the record is not added to by itself from then on: what happened around it is copied into it.
    pub const fn ends(self) -> bool {
        matches!(self, Self::Resolve | Self::Close | Self::Merge | Self::FalseAlarm)
    }

    /// What was done, as a participle.
    pub const fn done(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledged",
            Self::Mitigate => "mitigated",
            Self::Resolve => "resolved",
            Self::Close => "closed",
            Self::Reopen => "reopened",
            Self::Merge => "merged",
            Self::FalseAlarm => "marked as a false alarm",
        }
    }
}

/// What kind of thing a person adds to an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// What was seen or said.
    Note,
    /// Something to be done, by somebody.
    Task,
    /// What the cause may be.
    Hypothesis,
    /// What was decided, and stands.
    Decision,
    /// What was seen on a screen: a log line, a reading, a chart.
    Pin,
}

impl EntryKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Note, Self::Task, Self::Hypothesis, Self::Decision, Self::Pin];

    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Task => "task",
            Self::Hypothesis => "hypothesis",
            Self::Decision => "decision",
            Self::Pin => "pin",
        }
    }

    /// The state that one of it begins with.
    pub const fn first_state(self) -> EntryState {
        match self {
            Self::Task | Self::Hypothesis => EntryState::Open,
            Self::Note | Self::Decision | Self::Pin => EntryState::Stated,
        }
    }

    /// The states that one of it may have.
    pub const fn states(self) -> &'static [EntryState] {
        match self {
            Self::Task => &[EntryState::Open, EntryState::Done, EntryState::Dropped],
            Self::Hypothesis => &[EntryState::Open, EntryState::Eliminated, EntryState::Confirmed],
            Self::Note | Self::Decision | Self::Pin => &[EntryState::Stated],
        }
    }
}

/// Where an entry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryState {
    /// It was said; nothing more is to become of it.
    Stated,
    /// A task that is to be done, a hypothesis that is neither proven nor ruled out.
    Open,
    /// A task that was done.
    Done,
    /// A task that is not to be done any more.
    Dropped,
    /// A hypothesis that was ruled out.
    Eliminated,
    /// A hypothesis that was proven.
    Confirmed,
}

impl EntryState {
    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Stated => "stated",
            Self::Open => "open",
            Self::Done => "done",
            Self::Dropped => "dropped",
            Self::Eliminated => "eliminated",
            Self::Confirmed => "confirmed",
        }
    }
}

/// A moment of an incident that can be corrected afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentStamp {
    /// The first moment of the impact.
    ImpactStarted,
    /// When it was noticed.
    Detected,
    /// When somebody was at it.
    Acknowledged,
    /// When the impact was over.
    Mitigated,
    /// When it was over.
    Resolved,
}

impl IncidentStamp {
    /// All of them, in their order.
    pub const ALL: [Self; 5] =
        [Self::ImpactStarted, Self::Detected, Self::Acknowledged, Self::Mitigated, Self::Resolved];

    /// The step whose moment it is; `None`: of none, it is known by what was seen.
    pub const fn step(self) -> Option<IncidentStep> {
        match self {
            Self::ImpactStarted | Self::Detected => None,
            Self::Acknowledged => Some(IncidentStep::Acknowledge),
            Self::Mitigated => Some(IncidentStep::Mitigate),
            Self::Resolved => Some(IncidentStep::Resolve),
        }
    }

    /// As it is written on a command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::ImpactStarted => "impact-started",
            Self::Detected => "detected",
            Self::Acknowledged => "acknowledged",
            Self::Mitigated => "mitigated",
            Self::Resolved => "resolved",
        }
    }
}

/// By when something is asked for, in seconds: as the configuration had it when the severity was set, so that everybody counts
/// by the same clock and a later change of the configuration does not rewrite what was promised.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentTargets {
    /// From the opening until somebody has to be at it; `None`: no such promise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledge_s: Option<u64>,
    /// From the opening until it has to be over; `None`: no such promise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolve_s: Option<u64>,
    /// Between two status updates.
    pub update_s: u64,
}

impl IncidentTargets {
    /// Of these spans.
    pub fn new(acknowledge: Option<Duration>, resolve: Option<Duration>, update: Duration) -> Self {
        let seconds = |span: Duration| span.as_secs();
        Self {
            acknowledge_s: acknowledge.map(seconds),
            resolve_s: resolve.map(seconds),
            update_s: update.as_secs().max(1),
        }
    }
}

/// What an incident asks of people at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reminder {
    /// Three quarters of the time to acknowledge are over.
    AcknowledgeSoon,
    /// Nobody acknowledged it in time.
    AcknowledgeLate,
    /// Three quarters of the time to resolve are over.
    ResolveSoon,
    /// It was not resolved in time.
    ResolveLate,
    /// A status update is due.
    UpdateDue,
    /// Nobody leads.
    LeadUnclaimed,
}

impl Reminder {
    /// In words.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::AcknowledgeSoon => "75 % of the time to acknowledge is over",
            Self::AcknowledgeLate => "not acknowledged in time",
            Self::ResolveSoon => "75 % of the time to resolve is over",
            Self::ResolveLate => "not resolved in time",
            Self::UpdateDue => "a status update is due",
            Self::LeadUnclaimed => "nobody leads yet",
        }
    }

    /// Whether a promise was broken, rather than about to be.
    pub const fn is_breach(self) -> bool {
        matches!(self, Self::AcknowledgeLate | Self::ResolveLate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_understood_as_people_write_it() {
        assert_eq!(&*incident_id(42), "INC-42");
        for (written, number) in [
            ("INC-42", Some(42)),
            ("inc-7", Some(7)),
            ("42", Some(42)),
            ("INC-", None),
            ("INC-0", None),
            ("INC-4x", None),
            ("", None),
            ("+4", None),
            ("ünc-4", None),
            ("99999999999", None),
        ] {
            assert_eq!(incident_number(written), number, "{written}");
        }
    }

    #[test]
    fn a_step_leads_only_where_it_makes_sense() {
        use IncidentState as At;
        use IncidentStep as Do;
        for (step, from, to) in [
            (Do::Acknowledge, At::Open, Some(At::Acknowledged)),
            (Do::Acknowledge, At::Acknowledged, None),
            (Do::Mitigate, At::Open, Some(At::Mitigated)),
            (Do::Mitigate, At::Mitigated, None),
            (Do::Resolve, At::Open, Some(At::Resolved)),
            (Do::Resolve, At::Resolved, None),
            (Do::Close, At::Mitigated, None),
            (Do::Close, At::Resolved, Some(At::Closed)),
            (Do::Merge, At::Acknowledged, Some(At::Merged)),
            (Do::Merge, At::Closed, None),
            (Do::FalseAlarm, At::Open, Some(At::FalseAlarm)),
            (Do::Reopen, At::Open, None),
            (Do::Reopen, At::Merged, None),
            (Do::Reopen, At::Closed, Some(At::Open)),
            (Do::Reopen, At::FalseAlarm, Some(At::Open)),
        ] {
            assert_eq!(step.leads(from, false), to, "{step:?} from {from:?}");
        }
        assert_eq!(Do::Reopen.leads(At::Resolved, true), Some(At::Acknowledged));
    }

    #[test]
    fn an_entry_begins_in_a_state_that_it_may_have() {
        for kind in EntryKind::ALL {
            assert!(kind.states().contains(&kind.first_state()), "{kind:?}");
        }
    }
}
