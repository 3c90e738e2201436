//! What is said of an incident, taken into its record. What makes no sense there is no news: the store refuses it before, and
//! what came late changes nothing that was decided meanwhile.

use super::parts::{
    IncidentCorrection, IncidentEntry, IncidentEvidenceRecord, IncidentGrade, IncidentJoin, IncidentMove,
    IncidentReminder, IncidentRoleRecord, IncidentStamps, StatusUpdate,
};
use super::{IncidentRecord, MOST_ENTRIES, MOST_OTHERS};
use crate::model::fact::incident::{
    IncidentAmended, IncidentCorrected, IncidentEvidence, IncidentGraded, IncidentMoved, IncidentNoted, IncidentOpened,
    IncidentReminded, IncidentRoleSaid, IncidentUpdated,
};
use crate::model::fact::{IncidentFact, IncidentSaid, NewFact};
use crate::model::incident::{IncidentState, IncidentStep, RoleStep};
use crate::model::thing::alert::login;
use crate::text::name::Name;

/// Adds what still has room; the first ones are the ones that count.
fn add<T>(to: &mut Vec<T>, most: usize, what: T) -> bool {
    let has_room = to.len() < most;
    if has_room {
        to.push(what);
    }
    has_room
}

impl IncidentRecord {
    /// Takes in what is said of an incident, of which `known` is on record; `None`: that is no news.
    pub fn after(known: Option<Self>, draft: &NewFact, said: &IncidentSaid) -> Option<Self> {
        let mut record = match (&said.what, known) {
            (IncidentFact::Opened(opened), None) => return Some(Self::opened(draft, &said.id, opened)),
            (IncidentFact::Opened(_), Some(_)) | (_, None) => return None,
            (_, Some(record)) => record,
        };
        let is_news = match &said.what {
            IncidentFact::Opened(_) => false,
            IncidentFact::Moved(moved) => record.take_move(draft, moved),
            IncidentFact::Graded(graded) => record.take_grade(draft, graded),
            IncidentFact::Noted(noted) => record.take_entry(draft, noted),
            IncidentFact::Amended(amended) => record.take_amendment(draft, amended),
            IncidentFact::Role(role) => record.take_role(draft, role),
            IncidentFact::Updated(updated) => record.take_update(draft, updated),
            IncidentFact::Corrected(corrected) => record.take_correction(draft, corrected),
            IncidentFact::Reminded(reminded) => record.take_reminder(draft, *reminded),
            IncidentFact::Joined(_) => record.take_join(draft),
            IncidentFact::Evidence(evidence) => record.take_evidence(draft, evidence),
        };
        is_news.then_some(record)
    }

    fn opened(draft: &NewFact, id: &Name, said: &IncidentOpened) -> Self {
        let by = login(&draft.who);
        let grade = IncidentGrade { severity: said.severity, from: draft.at, by: by.clone(), why: None };
        let stamps = IncidentStamps {
            impact_started: said.impact_started_at,
            detected: said.alerted_at,
            alerted: said.alerted_at,
            ..IncidentStamps::default()
        };
        Self {
            id: id.clone(),
            title: said.title.clone(),
            severity: said.severity,
            state: IncidentState::Open,
            services: said.services.clone(),
            kind: said.kind.clone(),
            checklist: said.checklist.clone(),
            from: said.from.clone(),
            joins: vec![IncidentJoin { who: by.clone(), at: draft.at }],
            opened_by: by,
            opened_at: draft.at,
            stamps,
            targets: said.targets,
            grades: vec![grade],
            moves: Vec::new(),
            roles: Vec::new(),
            entries: Vec::new(),
            updates: Vec::new(),
            corrections: Vec::new(),
            reminders: Vec::new(),
            merged_into: None,
            merged: Vec::new(),
            evidence: Vec::new(),
            copied: Vec::new(),
        }
    }

    /// The same, with another incident that turned out to be this one.
    pub(super) fn with_merged(mut self, other: &Name) -> Self {
        if !self.merged.contains(other) {
            add(&mut self.merged, MOST_OTHERS, other.clone());
        }
        self
    }

    fn take_move(&mut self, draft: &NewFact, said: &IncidentMoved) -> bool {
        let Some(to) = said.step.leads(self.state, self.stamps.acknowledged.is_some()) else { return false };
        let (at, by) = (draft.at, login(&draft.who));
        self.state = to;
        match said.step {
            IncidentStep::Acknowledge => {
                self.stamps.acknowledged.get_or_insert(at);
            }
            IncidentStep::Mitigate => {
                self.stamps.acknowledged.get_or_insert(at);
                self.stamps.mitigated = Some(at);
            }
            IncidentStep::Resolve => {
                self.stamps.acknowledged.get_or_insert(at);
                // What is over has no impact any more.
                self.stamps.mitigated.get_or_insert(at);
                self.stamps.resolved = Some(at);
            }
            IncidentStep::Close => self.stamps.closed = Some(at),
            IncidentStep::Reopen => {
                (self.stamps.mitigated, self.stamps.resolved, self.stamps.closed) = (None, None, None);
            }
            IncidentStep::Merge => self.merged_into.clone_from(&said.into),
            IncidentStep::FalseAlarm => {}
        }
        if !said.copied.is_empty() {
            self.copied.clone_from(&said.copied);
        }
        add(&mut self.moves, MOST_OTHERS, IncidentMove { step: said.step, to, at, by, why: said.why.clone() });
        true
    }

    fn take_grade(&mut self, draft: &NewFact, said: &IncidentGraded) -> bool {
        if said.severity == self.severity && said.targets == self.targets {
            return false;
        }
        (self.severity, self.targets) = (said.severity, said.targets);
        let (by, why) = (login(&draft.who), said.why.clone());
        add(&mut self.grades, MOST_OTHERS, IncidentGrade { severity: said.severity, from: draft.at, by, why })
    }

    fn take_entry(&mut self, draft: &NewFact, said: &IncidentNoted) -> bool {
        if self.entries.iter().any(|entry| entry.id == draft.id) {
            return false;
        }
        let entry = IncidentEntry {
            id: draft.id.clone(),
            kind: said.kind,
            text: said.text.clone(),
            state: said.kind.first_state(),
            owner: said.owner.clone(),
            at: said.happened_at.unwrap_or(draft.at),
            said_at: draft.at,
            by: login(&draft.who),
            source: said.source.clone(),
            settled: None,
            corrected: None,
        };
        add(&mut self.entries, MOST_ENTRIES, entry)
    }

    fn take_amendment(&mut self, draft: &NewFact, said: &IncidentAmended) -> bool {
        let Some(entry) = self.entries.iter_mut().find(|entry| entry.id == said.entry) else { return false };
        let by = || Some((draft.at, login(&draft.who)));
        let state = said.state.filter(|state| entry.kind.states().contains(state) && *state != entry.state);
        if let Some(state) = state {
            (entry.state, entry.settled) = (state, by());
        }
        let before = (entry.text.clone(), entry.owner.clone(), entry.at);
        if let Some(text) = &said.text {
            entry.text = text.clone();
        }
        if said.owner.is_some() {
            entry.owner.clone_from(&said.owner);
        }
        entry.at = said.happened_at.unwrap_or(entry.at);
        let is_corrected = before != (entry.text.clone(), entry.owner.clone(), entry.at);
        if is_corrected {
            entry.corrected = by();
        }
        state.is_some() || is_corrected
    }

    fn take_role(&mut self, draft: &NewFact, said: &IncidentRoleSaid) -> bool {
        let offered = self.offer(said.role).is_some_and(|offer| offer.who == said.who);
        let makes_sense = match said.step {
            RoleStep::Taken => self.holder(said.role) != Some(&said.who),
            RoleStep::Offered => !offered && self.holder(said.role) != Some(&said.who),
            RoleStep::Accepted | RoleStep::Declined => offered,
            RoleStep::Released => self.holder(said.role) == Some(&said.who),
        };
        let (role, who, step) = (said.role, said.who.clone(), said.step);
        let record = IncidentRoleRecord { role, who, step, at: draft.at, by: login(&draft.who) };
        makes_sense && add(&mut self.roles, MOST_OTHERS, record)
    }

    fn take_update(&mut self, draft: &NewFact, said: &IncidentUpdated) -> bool {
        if self.updates.iter().any(|update| update.id == draft.id) {
            return false;
        }
        let (id, at, by) = (draft.id.clone(), draft.at, login(&draft.who));
        let update = StatusUpdate { id, at, by, said: said.clone() };
        if self.updates.len() >= MOST_OTHERS {
            // The first says how it began, and the last how it stands.
            self.updates.remove(1);
        }
        // What waited while the store was away stands where it was given.
        let place = self.updates.partition_point(|known| known.at <= update.at);
        self.updates.insert(place, update);
        true
    }

    fn take_correction(&mut self, draft: &NewFact, said: &IncidentCorrected) -> bool {
        let before = self.stamps.of(said.stamp);
        if before == Some(said.to) {
            return false;
        }
        self.stamps.set(said.stamp, said.to);
        let (by, why) = (login(&draft.who), said.why.clone());
        let correction = IncidentCorrection { stamp: said.stamp, before, to: said.to, at: draft.at, by, why };
        add(&mut self.corrections, MOST_OTHERS, correction)
    }

    fn take_reminder(&mut self, draft: &NewFact, said: IncidentReminded) -> bool {
        let IncidentReminded { about, due_at } = said;
        let is_known = self.reminders.iter().any(|known| (known.about, known.due_at) == (about, due_at));
        !is_known
            && self.is_open()
            && add(&mut self.reminders, MOST_OTHERS, IncidentReminder { about, due_at, at: draft.at })
    }

    fn take_join(&mut self, draft: &NewFact) -> bool {
        let who = login(&draft.who);
        let is_known = self.joins.iter().any(|join| join.who == who);
        !is_known && add(&mut self.joins, MOST_OTHERS, IncidentJoin { who, at: draft.at })
    }

    fn take_evidence(&mut self, draft: &NewFact, said: &IncidentEvidence) -> bool {
        let evidence = IncidentEvidenceRecord {
            at: draft.at,
            by: login(&draft.who),
            host: Name::from(&*draft.host),
            directory: said.directory.clone(),
            files: said.files.clone(),
            missing: said.missing.clone(),
        };
        add(&mut self.evidence, MOST_OTHERS, evidence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::alert::Severity;
    use crate::model::fact::{Fact, Statement};
    use crate::model::incident::samples::{SampleIncident, at};
    use crate::model::incident::{EntryKind, EntryState, IncidentRole, IncidentTargets};
    use crate::model::thing::incident::incident_key;
    use crate::model::thing::{StoredThing, Things, follow};

    fn opened() -> SampleIncident {
        SampleIncident::opened(Severity::High, (Some(900), Some(3_600), 1_800))
    }

    #[test]
    fn a_role_changes_hands_only_once_it_was_accepted() {
        let mut said = opened();
        assert!(said.take("ana", 10, SampleIncident::lead("ana")));
        assert!(said.take("ana", 600, SampleIncident::role("bo", RoleStep::Offered)));
        assert_eq!(said.record().lead().unwrap().as_str(), "ana", "until it is accepted");
        assert!(!said.take("cy", 610, SampleIncident::role("cy", RoleStep::Accepted)), "it was offered to bo");
        assert!(said.take("bo", 620, SampleIncident::role("bo", RoleStep::Accepted)));
        assert!(!said.take("bo", 630, SampleIncident::role("bo", RoleStep::Accepted)), "it is bo's already");
        said.step("bo", 900, IncidentStep::Resolve);
        let record = said.record();
        assert_eq!((record.lead().unwrap().as_str(), record.offer(IncidentRole::Lead)), ("bo", None));
        let terms: Vec<_> =
            record.terms().into_iter().map(|term| (term.who.to_string(), term.from, term.until)).collect();
        assert_eq!(terms, [("ana".to_owned(), at(10), Some(at(620))), ("bo".to_owned(), at(620), Some(at(900)))]);
    }

    #[test]
    fn entries_have_numbers_states_and_corrections() {
        let mut said = opened();
        assert!(said.note("ana", 60, EntryKind::Hypothesis, "the cache is full"));
        assert!(said.note("bo", 70, EntryKind::Task, "restart the cache"));
        let id = said.record().entry(1).unwrap().id.clone();
        let amend = |state, text: Option<&str>| {
            let text = text.map(Into::into);
            IncidentFact::Amended(IncidentAmended { entry: id.clone(), state, text, owner: None, happened_at: None })
        };
        assert!(!said.take("bo", 80, amend(Some(EntryState::Done), None)), "a hypothesis is not done");
        assert!(said.take("bo", 90, amend(Some(EntryState::Eliminated), None)));
        assert!(!said.take("bo", 95, amend(Some(EntryState::Eliminated), None)), "no news");
        assert!(said.take("ana", 99, amend(None, Some("the cache was full"))));
        let record = said.record();
        let entry = record.entry(1).unwrap();
        assert_eq!((entry.state, entry.text.as_str()), (EntryState::Eliminated, "the cache was full"));
        assert_eq!(entry.settled.as_ref().unwrap().1.as_str(), "bo");
        assert_eq!(record.open_entries().map(|(number, _)| number).collect::<Vec<_>>(), [2]);
        assert!(record.entry(0).is_none() && record.entry(3).is_none());
    }

    #[test]
    fn what_is_over_can_be_reopened_and_keeps_its_beginning() {
        let mut said = opened();
        assert!(said.step("bo", 60, IncidentStep::Resolve));
        assert!(!said.step("bo", 61, IncidentStep::Resolve), "it is over");
        assert!(said.step("bo", 120, IncidentStep::Reopen));
        let record = said.record();
        assert_eq!((record.state, record.stamps.resolved), (IncidentState::Acknowledged, None));
        assert_eq!((record.opened_at, record.ended_at()), (at(0), None));
    }

    #[test]
    fn a_record_is_bounded() {
        let mut said = opened();
        for number in 0..600 {
            said.note("ana", number, EntryKind::Note, "n");
            said.update("ana", number, &format!("u{number}"), 99_999);
        }
        let record = said.record();
        assert_eq!((record.entries.len(), record.updates.len()), (MOST_ENTRIES, MOST_OTHERS));
        let ends =
            [record.updates.first(), record.updates.last()].map(|update| update.unwrap().said.status.to_string());
        assert_eq!(ends, ["u0", "u599"]);
    }

    #[test]
    fn what_is_stored_and_what_is_derived_are_the_same() {
        let mut said = opened();
        said.grade("bo", 5, Severity::Critical, IncidentTargets::of(None, Some(60), 900));
        said.note("ana", 6, EntryKind::Decision, "roll back");
        said.update("ana", 7, "rolling back", 900);
        let mut things = Things::default();
        for fact in said.facts() {
            // As it comes back from the store.
            let fact = Fact::from_entry(&fact.to_entry().unwrap()).unwrap();
            assert!(matches!(fact.said(), Statement::Incident(_)), "{fact:?}");
            follow(&fact, &mut things);
        }
        let thing = things.get(&incident_key("INC-1")).unwrap();
        assert_eq!(thing.read::<IncidentRecord>().as_ref(), Some(said.record()));
        assert!(thing.open && thing.key.id == "00000001");
        let again = StoredThing { state: serde_json::from_str(&thing.state.to_string()).unwrap(), ..thing.clone() };
        assert_eq!(again.read::<IncidentRecord>().as_ref(), Some(said.record()));
    }
}
