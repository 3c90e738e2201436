//! Who acts for all, as far as this console knows.

use super::World;
use super::diagnostics::{ProblemKind, STORE};
use super::output::Output;
use crate::model::lease::{LeaseHolder, LeaseReport, LeaseView};
use crate::model::outcome::StoreAbsence;
use crate::model::presence::Presence;
use crate::text::SafeText;
use crate::text::count::counted;

impl World {
    /// The lease stands otherwise than before.
    pub(crate) fn lease_changed(&mut self, report: LeaseReport) -> Output {
        let LeaseReport { view, unattended_for, late, unqueued, others } = report;
        let mut output = Output::noticeable();
        let changes_hands = self.lease.fence() != view.fence();
        let others_acted = self.others_act();
        self.lease = view;
        if changes_hands {
            self.engine_kept = None;
            self.write_left_minutes(&mut output);
            self.review_settled();
            self.review_firings(&mut output);
            if let Some(unattended_for) = unattended_for {
                self.say_missed(unattended_for, &mut output);
            }
        }
        if changes_hands || others_acted != self.others_act() {
            self.review_alerts();
        }
        let mut failed = Vec::new();
        if late.dropped > self.diagnostics.late.dropped {
            let dropped = late.dropped;
            failed.push(format!(
                "{} dropped: the store is unavailable or too slow and the queue is full",
                counted(dropped, "fact")
            ));
        }
        if let Some(why) = unqueued.filter(|_| self.diagnostics.late.in_memory == 0) {
            let what = "its queue can't be written";
            failed.push(format!("{what}: {why}; it is kept in memory and tried again, and lost if this console dies"));
        }
        for text in failed {
            output.extend(self.problem(ProblemKind::Failed, &SafeText::new(STORE), &SafeText::new(&text)));
        }
        self.diagnostics.late = late;
        for (store, waiting) in others {
            let text =
                format!("{} waiting for the store {store}; sent once it is opened here", counted(waiting, "fact"));
            output.extend(self.problem(ProblemKind::Warning, &SafeText::new(STORE), &SafeText::new(&text)));
        }
        output
    }

    /// Others came, left, or show another screen.
    pub(crate) fn present_changed(&mut self, present: Vec<Presence>) -> Output {
        self.present = present;
        Output::noticeable()
    }

    /// Who holds the lease, where that is another one.
    pub(crate) const fn lease_holder(&self) -> Option<&LeaseHolder> {
        match &self.lease {
            LeaseView::Other(holder) | LeaseView::OtherConfiguration(Some(holder)) => Some(holder),
            _ => None,
        }
    }

    /// Whether the store answers and nobody puts on record what happens: each console of it only looks on.
    pub(crate) const fn is_unattended(&self) -> bool {
        self.store_away.is_none() && matches!(self.lease, LeaseView::Free | LeaseView::OtherConfiguration(None))
    }

    /// Whether this console, which would write, leaves what it sees to others while the store is away, or to nobody.
    pub(crate) fn leaves_unrecorded(&self) -> bool {
        let is_away = self.store_away.as_ref().is_some_and(|away| away.how != StoreAbsence::NotMade);
        is_away && matches!(self.lease, LeaseView::Unknown) && !self.read_only
    }
}
