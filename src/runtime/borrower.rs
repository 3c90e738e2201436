//! Who has the terminal while it is not ours: the person's pager, or the steps of a run.

use std::pin::Pin;

use tokio_util::sync::CancellationToken;

use super::foreground::ForegroundRun;
use super::pager::{Pager, PagerText};
use crate::text::redact::Redactor;

/// The pager or the run that has the terminal, where one has.
#[derive(Default)]
pub(super) struct Borrower {
    pager: Pager,
    run: Option<Pin<Box<dyn Future<Output = ()>>>>,
    hang_up: CancellationToken,
}

impl Borrower {
    /// Shows a text in the pager.
    pub(super) fn show(&mut self, text: PagerText, redactor: Redactor) {
        self.pager.show(text, redactor);
    }

    /// Runs the steps of a run.
    pub(super) fn run(&mut self, run: ForegroundRun) {
        self.hang_up = CancellationToken::new();
        let hang_up = self.hang_up.clone();
        self.run = Some(Box::pin(async move { drop(run.run(hang_up, true).await) }));
    }

    /// Waits until the terminal is given back. Cancel-safe: a second call continues.
    ///
    /// # Errors
    /// In words: the pager could not be run.
    pub(super) async fn returned(&mut self) -> Result<(), String> {
        if let Some(run) = &mut self.run {
            run.await;
            self.run = None;
            return Ok(());
        }
        let shown = self.pager.returned().await;
        shown.map_err(|error| format!("the pager could not be run: {error}; set PAGER to an installed program"))
    }

    /// Ends what has the terminal, because that is gone or we are about to be; how a run ended is on record then.
    pub(super) async fn end(&mut self) {
        self.hang_up.cancel();
        if let Some(run) = self.run.take() {
            run.await;
        }
    }
}
