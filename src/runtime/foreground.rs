//! A run that has the terminal, from the moment it is lent to the outcome on record.

use std::os::fd::AsFd as _;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::runs::{RunService, liveness_of};
use super::terminal::KeyInput;
use crate::actions::supervisor::foreground::{LentTerminal, TerminalEnd, TerminalSteps};
use crate::model::run::Run;

/// How long the terminal is kept back for a store that is slow: the next look at the run's directory stores it too.
const TO_RECORD: Duration = Duration::from_secs(1);

/// A run whose intent is on record and whose steps wait for the terminal. Dropped, it never started.
pub(crate) struct ForegroundRun {
    run_service: RunService,
    run: Run,
    steps: TerminalSteps,
}

impl ForegroundRun {
    pub(super) const fn new(run_service: RunService, run: Run, steps: TerminalSteps) -> Self {
        Self { run_service, run, steps }
    }

    /// Runs its steps with the terminal, and gives the run as it stands then. `is_covered`: the screen is drawn over
    /// afterwards.
    pub(crate) async fn run(self, hang_up: CancellationToken, is_covered: bool) -> Run {
        let Self { run_service, run, steps } = self;
        let keyboard = || KeyInput::find()?.as_fd().try_clone_to_owned();
        let terminal = LentTerminal { keyboard, hang_up, is_covered };
        let TerminalEnd { unread, written } = steps.run(run_service.clock, &terminal).await;
        if let Err(error) = written {
            tracing::warn!(%error, run = %run.id, "the end of a run could not be written");
        }
        let liveness = liveness_of(&run);
        let stored = tokio::time::timeout(TO_RECORD, run_service.settle(&run, &liveness)).await;
        let run = stored.unwrap_or_else(|_| run_service.as_it_stands(run));
        // Only now: a run that has ended is on record while its last words are read, which may be all night.
        if let Some(unread) = unread {
            unread.show(&terminal).await;
        }
        run
    }
}
