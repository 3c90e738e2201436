//! What the console wants done to the world, by who carries it out.
//!
//! A new effect is one variant of its carrier's enum: each carrier has one exhaustive match, so the compiler finds every
//! place.

pub mod console;
pub mod feed;
pub mod history;
pub mod holder;
pub mod logs;
pub mod run;
pub mod store;
pub mod terminal;

pub use self::console::ConsoleEffect;
pub use self::feed::FeedEffect;
pub use self::history::HistoryEffect;
pub use self::holder::HolderEffect;
pub use self::logs::{LogsEffect, ShapeHistoryQuery};
pub use self::run::{RunEffect, StartRun, StepCommand};
pub use self::store::StoreEffect;
pub use self::terminal::TerminalEffect;

use serde::{Deserialize, Serialize};

/// Names one request of a person, from the key that began it to the answer: what is refused or cancelled takes with it
/// all that was kept for it. Unique within a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct RequestId(pub u64);

/// Something to be done, by its carrier. Where an answer is due, it is an [`Outcome`](super::outcome::Outcome) that names
/// the request.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// The terminal.
    Terminal(TerminalEffect),
    /// The sources.
    Feed(FeedEffect),
    /// The service of runs.
    Run(RequestId, RunEffect),
    /// The store.
    Store(RequestId, StoreEffect),
    /// The stored past of readings.
    History(HistoryEffect),
    /// What is written for all.
    Holder(HolderEffect),
    /// The log engine.
    Logs(LogsEffect),
    /// The console itself.
    Console(ConsoleEffect),
}

impl From<TerminalEffect> for Effect {
    fn from(effect: TerminalEffect) -> Self {
        Self::Terminal(effect)
    }
}

impl From<FeedEffect> for Effect {
    fn from(effect: FeedEffect) -> Self {
        Self::Feed(effect)
    }
}

impl From<HistoryEffect> for Effect {
    fn from(effect: HistoryEffect) -> Self {
        Self::History(effect)
    }
}

impl From<HolderEffect> for Effect {
    fn from(effect: HolderEffect) -> Self {
        Self::Holder(effect)
    }
}

impl From<LogsEffect> for Effect {
    fn from(effect: LogsEffect) -> Self {
        Self::Logs(effect)
    }
}

impl From<ConsoleEffect> for Effect {
    fn from(effect: ConsoleEffect) -> Self {
        Self::Console(effect)
    }
}
