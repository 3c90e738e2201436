//! Who is on call, as far as facts and ticks change it.

use std::sync::Arc;

use chrono::TimeDelta;

use super::World;
use super::duty::{DutyPlan, LayerShifts, statements_of_acceptance};
use super::output::{Change, Output};
use crate::config::titles::title_of_contact;
use crate::model::fact::{Fact, OnCallStatement, Statement};
use crate::model::message::{Bulletin, HandoverNotice};
use crate::model::oncall::Shift;
use crate::model::thing::{AlertRecord, AssignmentRecord, ContactRecord, HandoverRecord, StoredThing, ThingKind};
use crate::text::name::Name;

/// A handover that was accepted longer ago is posted no more.
const POSTED_WITHIN: TimeDelta = TimeDelta::hours(1);

impl World {
    /// Who is on call.
    pub(crate) fn duty(&self) -> &Arc<DutyPlan> {
        &self.duty.plan
    }

    /// The shift of the primary layer that runs, and who is next; `None`: nobody is on call.
    pub(crate) fn on_call(&self) -> Option<(&Shift, Option<&Name>)> {
        self.duty.current.as_ref().map(|(shift, next)| (shift, next.as_ref()))
    }

    /// The shifts of each layer that run and come next.
    pub(crate) fn coming_shifts(&self) -> &[LayerShifts] {
        self.duty.coming(self.now.utc)
    }

    /// The handovers that were accepted in the last hour, to be posted.
    pub(super) fn handover_notices(&self) -> impl Iterator<Item = Bulletin> {
        let notify = self.config.oncall.as_ref().map(|oncall| &oncall.notify).filter(|notify| !notify.is_empty());
        let since = self.now.utc - POSTED_WITHIN;
        let records = notify.into_iter().flat_map(move |notify| {
            let accepted =
                self.duty.plan.handovers.values().filter_map(|record| Some((record, record.accepted.as_ref()?)));
            accepted
                .filter(move |(_, accepted)| accepted.at >= since)
                .map(move |(record, accepted)| (record, accepted, notify))
        });
        records.map(|(record, accepted, notify)| {
            let title = |who: &Name| title_of_contact(&self.config, who).to_owned();
            Bulletin::Handover(HandoverNotice {
                id: record.said.id.clone(),
                layer: record.said.layer.clone(),
                who: title(&record.said.who),
                to: title(&accepted.who),
                at: accepted.at,
                text: record.said.text.clone(),
                notify: notify.clone(),
            })
        })
    }

    /// A shift may have ended.
    pub(super) fn review_duty(&mut self, output: &mut Output) {
        output.noticeable |= self.duty.look(self.now.utc);
    }

    /// What accepts a handover, said by a contact who logs in by that name.
    pub(crate) fn accept_handover(&self, record: &HandoverRecord, who: (&Name, &str)) -> Vec<Statement> {
        let firing: Vec<&AlertRecord> = self.firings.open().map(|firing| &firing.record).collect();
        statements_of_acceptance(&self.config, record, who, (&firing, false), self.now.utc)
    }

    /// What the store says of assignments and handovers; other things say nothing here.
    pub(super) fn learn_duty(&mut self, things: &[StoredThing]) {
        let (mut assignments, mut handovers) = (Vec::new(), Vec::new());
        for thing in things.iter().filter(|thing| is_about_duty(thing.key.kind)) {
            if !self.duty.is_news(&thing.key, thing.seq) {
                continue;
            }
            match thing.key.kind {
                ThingKind::OnCall => assignments.extend(thing.read()),
                ThingKind::Handover => handovers.extend(thing.read()),
                _ => {
                    let plan = Arc::make_mut(&mut self.duty.plan);
                    thing.read().into_iter().for_each(|record| plan.learn_contact(record));
                }
            }
        }
        if !assignments.is_empty() || !handovers.is_empty() {
            Arc::make_mut(&mut self.duty.plan).learn(assignments, handovers);
        }
    }

    /// A fact about who is on call; true where that shows.
    pub(super) fn apply_duty(&mut self, fact: &Fact, output: &mut Output) -> bool {
        let Statement::OnCall(said) = fact.said() else { return false };
        let key = said.key();
        let id = &key.id;
        if !self.duty.is_news(&key, fact.seq) {
            return false;
        }
        let plan = Arc::make_mut(&mut self.duty.plan);
        match said {
            OnCallStatement::Assigned(_) | OnCallStatement::Ended(_) => {
                let known = plan.assignments.get(&**id).cloned();
                if let Some(one) = AssignmentRecord::after(known, &fact.draft) {
                    plan.learn([one], []);
                }
            }
            OnCallStatement::Offered(_) | OnCallStatement::Accepted(_) | OnCallStatement::Withdrawn(_) => {
                let known = plan.handovers.get(&**id).cloned();
                if let Some(one) = HandoverRecord::after(known, &fact.draft) {
                    plan.learn([], [one]);
                }
            }
            OnCallStatement::Paged(_) | OnCallStatement::Verified(_) => {
                let known = plan.contact(id).cloned();
                if let Some(one) = ContactRecord::after(known, &fact.draft) {
                    plan.learn_contact(one);
                }
            }
        }
        output.changes.push(Change::Alerts);
        self.review_duty(output);
        true
    }
}

const fn is_about_duty(kind: ThingKind) -> bool {
    matches!(kind, ThingKind::OnCall | ThingKind::Handover | ThingKind::Contact)
}
