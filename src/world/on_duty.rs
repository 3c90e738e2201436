//! Who is on call, as far as facts and ticks change it.

use std::sync::Arc;

use super::World;
use super::duty::{DutyPlan, statements_of_acceptance};
use super::output::{Change, Output};
use crate::model::fact::{Fact, OnCallStatement, Statement};
use crate::model::oncall::Shift;
use crate::model::thing::{AlertRecord, AssignmentRecord, HandoverRecord, StoredThing, ThingKind};
use crate::text::name::Name;

impl World {
    /// Who is on call.
    pub(crate) fn duty(&self) -> &Arc<DutyPlan> {
        &self.duty.plan
    }

    /// The shift of the primary layer that runs, and who is next; `None`: nobody is on call.
    pub(crate) fn on_call(&self) -> Option<(&Shift, Option<&Name>)> {
        self.duty.current.as_ref().map(|(shift, next)| (shift, next.as_ref()))
    }

    /// A shift may have ended.
    pub(super) fn review_duty(&mut self, output: &mut Output) {
        output.noticeable |= self.duty.look(self.now.utc);
    }

    /// What accepts a handover.
    pub(crate) fn accept_handover(&self, record: &HandoverRecord, who: &Name) -> Vec<Statement> {
        let firing: Vec<&AlertRecord> = self.firings.open().map(|firing| &firing.record).collect();
        statements_of_acceptance(&self.config, record, who, (&firing, false), self.now.utc)
    }

    /// What the store says of an assignment or a handover.
    pub(super) fn learn_duty(&mut self, thing: &StoredThing) {
        if !self.duty.is_news(&thing.key.id, thing.seq) {
            return;
        }
        let plan = Arc::make_mut(&mut self.duty.plan);
        if thing.key.kind == ThingKind::OnCall {
            thing.read().into_iter().for_each(|record| plan.learn_assignment(record));
        } else {
            thing.read().into_iter().for_each(|record| plan.learn_handover(record));
        }
    }

    /// A fact about who is on call; true where that shows.
    pub(super) fn apply_duty(&mut self, fact: &Fact, output: &mut Output) -> bool {
        let Statement::OnCall(said) = fact.said() else { return false };
        let id = said.key().id;
        if !self.duty.is_news(&id, fact.seq) {
            return false;
        }
        let plan = Arc::make_mut(&mut self.duty.plan);
        match said {
            OnCallStatement::Assigned(_) | OnCallStatement::Ended(_) => {
                let known = plan.assignments.get(&*id).cloned();
                if let Some(one) = AssignmentRecord::after(known, &fact.draft) {
                    plan.learn_assignment(one);
                }
            }
            OnCallStatement::Offered(_) | OnCallStatement::Accepted(_) | OnCallStatement::Withdrawn(_) => {
                let known = plan.handovers.get(&*id).cloned();
                if let Some(one) = HandoverRecord::after(known, &fact.draft) {
                    plan.learn_handover(one);
                }
            }
        }
        output.changes.push(Change::Alerts);
        self.review_duty(output);
        true
    }
}
