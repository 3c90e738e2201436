//! The clock of an incident: by when what is asked for, and what is due at a moment.
//!
//! *Invariant:* it runs from the opening, whatever the severity becomes: another severity changes how long it may run.

use chrono::{DateTime, TimeDelta, Utc};

use super::{IncidentState, Reminder};
use crate::model::thing::IncidentRecord;
use crate::model::thing::incident::MOST_OTHERS;

/// How long nobody has to lead before that is said.
const UNCLAIMED_AFTER: TimeDelta = TimeDelta::minutes(5);

/// A promise: by when, and when it was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "moments are named so")]
pub struct Deadline {
    /// When it is three quarters over.
    pub soon_at: DateTime<Utc>,
    /// By when.
    pub due_at: DateTime<Utc>,
    /// When what it asks for was done.
    pub met_at: Option<DateTime<Utc>>,
}

impl Deadline {
    fn new(from: DateTime<Utc>, within_s: u64, met_at: Option<DateTime<Utc>>) -> Option<Self> {
        let milliseconds = i64::try_from(within_s).ok()?.checked_mul(1000)?;
        let after = |part: i64| from.checked_add_signed(TimeDelta::try_milliseconds(part)?);
        let soon_at = after(milliseconds / 4 * 3)?;
        Some(Self { soon_at, due_at: after(milliseconds)?, met_at })
    }

    /// What is left of it at a moment, less than nothing where it is over; `None`: what it asks for was done.
    pub fn left(&self, now: DateTime<Utc>) -> Option<TimeDelta> {
        self.met_at.is_none().then(|| self.due_at - now)
    }

    /// Whether it was not kept, by then.
    pub fn is_broken(&self, now: DateTime<Utc>) -> bool {
        self.met_at.unwrap_or(now) > self.due_at
    }
}

impl IncidentRecord {
    /// By when somebody has to be at it; `None`: nothing was promised.
    pub fn acknowledge_deadline(&self) -> Option<Deadline> {
        let met_at = self.stamps.acknowledged.or_else(|| self.ended_at());
        Deadline::new(self.opened_at, self.targets.acknowledge_s?, met_at)
    }

    /// By when it has to be over; `None`: nothing was promised.
    pub fn resolve_deadline(&self) -> Option<Deadline> {
        Deadline::new(self.opened_at, self.targets.resolve_s?, self.ended_at())
    }

    /// When the next status update is due, while it is open: as the last one says, else so long after it, or after the opening.
    pub fn update_due_at(&self) -> Option<DateTime<Utc>> {
        if !self.is_open() {
            return None;
        }
        let every = TimeDelta::try_seconds(i64::try_from(self.targets.update_s).ok()?)?;
        match self.updates.last() {
            Some(last) => Some(last.said.next_at),
            None => self.opened_at.checked_add_signed(every),
        }
    }

    /// What is due or late at a moment and was not said yet, with since when it is. What is late is not said to be late soon.
    pub fn reminders_due(&self, now: DateTime<Utc>) -> Vec<(Reminder, DateTime<Utc>)> {
        // What has no room on record any more would be said for ever.
        if !self.is_open() || self.reminders.len() >= MOST_OTHERS {
            return Vec::new();
        }
        let mut due = Vec::new();
        let acknowledge = self.acknowledge_deadline().filter(|_| self.state == IncidentState::Open);
        let pairs = [
            (acknowledge, Reminder::AcknowledgeSoon, Reminder::AcknowledgeLate),
            (self.resolve_deadline(), Reminder::ResolveSoon, Reminder::ResolveLate),
        ];
        for (deadline, soon, late) in pairs {
            let Some(deadline) = deadline.filter(|deadline| deadline.met_at.is_none()) else { continue };
            if deadline.due_at <= now {
                due.push((late, deadline.due_at));
            } else if deadline.soon_at <= now {
                due.push((soon, deadline.soon_at));
            }
        }
        due.extend(self.update_due_at().filter(|at| *at <= now).map(|at| (Reminder::UpdateDue, at)));
        let unclaimed = self.opened_at + UNCLAIMED_AFTER;
        if self.lead().is_none() && unclaimed <= now {
            due.push((Reminder::LeadUnclaimed, unclaimed));
        }
        let is_said =
            |one: &(Reminder, DateTime<Utc>)| self.reminders.iter().any(|known| (known.about, known.due_at) == *one);
        due.retain(|one| !is_said(one));
        due
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{SampleIncident, at};
    use super::*;
    use crate::model::alert::Severity;
    use crate::model::incident::{IncidentStep, IncidentTargets};

    fn due(record: &IncidentRecord, seconds: i64) -> Vec<(Reminder, i64)> {
        record
            .reminders_due(at(seconds))
            .into_iter()
            .map(|(about, since)| (about, (since - at(0)).num_seconds()))
            .collect()
    }

    #[test]
    fn three_quarters_and_the_end_of_a_promise_are_said_once() {
        let mut said = SampleIncident::opened(Severity::Critical, (Some(900), Some(3_600), 7_200));
        said.take("bo", 1, SampleIncident::lead("bo"));
        assert_eq!(due(said.record(), 674), []);
        assert_eq!(due(said.record(), 675), [(Reminder::AcknowledgeSoon, 675)]);
        // Who begins to look only then hears of the worse alone.
        assert_eq!(due(said.record(), 900), [(Reminder::AcknowledgeLate, 900)]);
        said.remind(901, Reminder::AcknowledgeLate, 900);
        assert_eq!(due(said.record(), 1_000), []);
        said.step("bo", 1_100, IncidentStep::Acknowledge);
        assert_eq!(due(said.record(), 2_700), [(Reminder::ResolveSoon, 2_700)]);
        let deadline = said.record().acknowledge_deadline().unwrap();
        assert!(deadline.is_broken(at(1_200)) && deadline.left(at(1_200)).is_none());
        said.step("bo", 3_000, IncidentStep::Resolve);
        assert_eq!(due(said.record(), 9_000), []);
        assert!(!said.record().resolve_deadline().unwrap().is_broken(at(9_000)));
    }

    #[test]
    fn another_severity_keeps_the_beginning_and_moves_the_deadlines() {
        let mut said = SampleIncident::opened(Severity::Medium, (Some(3_600), Some(28_800), 86_400));
        said.take("bo", 0, SampleIncident::lead("bo"));
        said.grade("bo", 1_200, Severity::Critical, IncidentTargets::of(Some(900), Some(3_600), 900));
        let record = said.record();
        assert_eq!(record.opened_at, at(0));
        assert_eq!(record.acknowledge_deadline().unwrap().due_at, at(900));
        assert_eq!(record.resolve_deadline().unwrap().due_at, at(3_600));
        assert_eq!(due(record, 1_200), [(Reminder::AcknowledgeLate, 900), (Reminder::UpdateDue, 900)]);
    }

    #[test]
    fn an_update_is_due_when_the_last_one_said_so_and_a_lead_is_missed() {
        let mut said = SampleIncident::opened(Severity::Low, (None, None, 1_800));
        assert_eq!(due(said.record(), 300), [(Reminder::LeadUnclaimed, 300)]);
        said.take("ana", 310, SampleIncident::lead("ana"));
        assert_eq!(due(said.record(), 1_800), [(Reminder::UpdateDue, 1_800)]);
        said.update("ana", 1_810, "still looking", 2_400);
        assert_eq!(due(said.record(), 2_399), []);
        assert_eq!(due(said.record(), 2_400), [(Reminder::UpdateDue, 2_400)]);
    }

    #[test]
    fn what_has_no_room_on_record_is_not_said_again() {
        let mut said = SampleIncident::opened(Severity::Low, (None, None, 60));
        said.take("ana", 1, SampleIncident::lead("ana"));
        for number in 0..i64::try_from(MOST_OTHERS).unwrap() {
            said.update("ana", number * 60, "still looking", number * 60 + 30);
            said.remind(number * 60 + 31, Reminder::UpdateDue, number * 60 + 30);
        }
        let record = said.record();
        assert_eq!(record.reminders.len(), MOST_OTHERS);
        assert!(record.update_due_at().is_some_and(|due| due < at(1_000_000)));
        assert_eq!(due(record, 1_000_000), []);
    }
}
