//! What the holder is told, by its console and by what else runs there.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, Utc};
use tokio::sync::{mpsc, oneshot};

use crate::clock::Clock;
use crate::model::engine::EngineState;
use crate::model::fact::{NewFact, Statement};
use crate::model::outcome::Outcome;
use crate::text::SafeText;

/// What the holder is told by its console.
#[derive(Debug)]
pub(super) enum HolderCommand {
    /// What is to be put on record, with the moment at which it was so.
    Append(DateTime<Utc>, Vec<Statement>),
    /// What was seen while nobody acted, with the moment at which that was said.
    AppendMissed(DateTime<Utc>, Vec<Statement>),
    /// What the engine knows.
    Keep(Arc<EngineState>),
    /// What somebody else here could not put on record, with the moment at which it was so.
    Late(DateTime<Utc>, Statement),
    /// The same, as it was to be put on record.
    LateFacts(Vec<NewFact>, oneshot::Sender<bool>),
}

impl HolderCommand {
    /// How many facts are lost where it is.
    fn facts(&self) -> usize {
        match self {
            Self::Append(_, said) | Self::AppendMissed(_, said) => said.len(),
            Self::Keep(_) => 0,
            Self::Late(..) => 1,
            Self::LateFacts(drafts, _) => drafts.len(),
        }
    }
}

/// The way to the holder. What finds it full is lost: that is said, and counted as dropped.
#[derive(Debug, Clone)]
pub(super) struct HolderCommands {
    pub commands: mpsc::Sender<HolderCommand>,
    pub outcomes: mpsc::Sender<Outcome>,
    /// Facts that were lost here, since the start.
    pub lost: Arc<AtomicUsize>,
}

impl HolderCommands {
    pub(super) fn tell(&self, command: HolderCommand) {
        let Err(refused) = self.commands.try_send(command) else { return };
        tracing::error!(%refused, "the store is too slow");
        self.lost.fetch_add(refused.into_inner().facts(), Ordering::Relaxed);
        let words = "the store is too slow: what this console had to put on record is lost";
        self.outcomes.try_send(Outcome::Failed(SafeText::new(words))).ok();
    }
}

/// Takes what others of this console could not put on record.
#[derive(Clone)]
pub(crate) struct LateRecorder {
    pub(super) commands: HolderCommands,
    pub(super) clock: Clock,
}

impl LateRecorder {
    /// Puts on record that this is so now, once the store is back.
    pub(in crate::runtime) fn record(&self, said: Statement) {
        self.record_at(self.clock.now().utc, said);
    }

    /// Puts on record that it was so at that time, once the store is back.
    pub(in crate::runtime) fn record_at(&self, at: DateTime<Utc>, said: Statement) {
        self.commands.tell(HolderCommand::Late(at, said));
    }

    /// Puts facts on record once the store is back. Whether they wait on disk by now: where they do not, they may be lost.
    pub(in crate::runtime) async fn queue(&self, drafts: Vec<NewFact>) -> bool {
        let (queued, answer) = oneshot::channel();
        let sent = self.commands.commands.send(HolderCommand::LateFacts(drafts, queued)).await;
        sent.is_ok() && answer.await.unwrap_or_default()
    }
}
