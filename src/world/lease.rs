//! Who acts for all, as far as this console knows.

use super::World;
use super::diagnostics::ProblemKind;
use super::output::Output;
use crate::model::lease::LeaseReport;
use crate::text::SafeText;

impl World {
    /// The lease stands otherwise than before.
    pub(crate) fn lease_changed(&mut self, report: LeaseReport) -> Output {
        let LeaseReport { view, waiting, dropped, others } = report;
        let mut output = Output::noticeable();
        let changes_hands = self.lease.fence() != view.fence();
        self.lease = view;
        if changes_hands {
            self.engine_kept = None;
            self.review_settled();
        }
        if dropped > self.diagnostics.late.1 {
            let text = format!("{dropped} facts were dropped: the queue for the store that is away can't take them");
            output.extend(self.problem(ProblemKind::Failed, &SafeText::new("store"), &SafeText::new(&text)));
        }
        self.diagnostics.late = (waiting, dropped);
        for (store, waiting) in others {
            let text = format!("{waiting} facts wait for the store {store}; they are sent once it is opened here");
            output.extend(self.problem(ProblemKind::Warning, &SafeText::new("store"), &SafeText::new(&text)));
        }
        output
    }
}
