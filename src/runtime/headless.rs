//! The same loop without a screen: for snapshots, tests and watching unattended.

use std::time::Duration;

use super::core::{Core, StartOptions};
use crate::app::message::Event;
use crate::app::state::State;
use crate::text::redact::Redactor;

/// Why the loop ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoopEnd {
    /// What was waited for holds.
    Reached,
    /// The time is over.
    TimedOut,
    /// The state asked to leave.
    Quit,
}

/// A console without a screen.
pub struct Headless {
    core: Core,
}

impl Headless {
    /// Starts everything that a console starts. `size` is what a view would get.
    pub fn start(start: StartOptions, size: (u16, u16)) -> Self {
        let mut core = Core::new(start, size);
        core.go();
        Self { core }
    }

    /// What is known.
    pub fn state(&self) -> &State {
        self.core.state()
    }

    /// Gives one event to the state, as a key press would be.
    pub(crate) fn handle(&mut self, event: Event) -> bool {
        // Nothing here is drawn, copied or rung.
        drop(self.core.handle(event));
        self.core.left
    }

    /// Runs until `until` holds, for `patience` at the most.
    pub async fn run(&mut self, patience: Duration, until: impl Fn(&State) -> bool) -> LoopEnd {
        let clock = self.core.clock;
        let deadline = clock.instant(clock.now().plus(patience));
        loop {
            if until(self.core.state()) {
                return LoopEnd::Reached;
            }
            let tick = clock.timer(self.core.tick_at());
            let event = tokio::select! {
                biased;
                () = tokio::time::sleep_until(deadline) => return LoopEnd::TimedOut,
                event = self.core.next() => event,
                () = tick => Event::Clock,
            };
            if self.handle(event) {
                return LoopEnd::Quit;
            }
        }
    }

    /// Takes the secrets of the configuration out of a text; returns once all of them are known or can't be had.
    pub(crate) async fn redactor(&self) -> Redactor {
        Redactor::from(&*self.core.known.clone().secrets().await)
    }

    /// Ends every task; what was known last.
    pub async fn finish(mut self) -> State {
        self.core.end().await;
        self.core.into_state()
    }
}
