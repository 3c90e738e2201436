//! Who carries out which effect. Each carrier has one exhaustive match, in a file of its own.

mod console;
mod feed;
mod history;
mod holder;
mod logs;
mod run;
mod store;
mod terminal;

use std::sync::Arc;

use super::core::Core;
use crate::model::effect::{Effect, TerminalEffect};

impl Core {
    /// Starts an effect. One for the terminal is returned: whoever owns the terminal carries it out.
    pub(super) fn execute(&mut self, effect: Effect) -> Option<TerminalEffect> {
        match effect {
            Effect::Terminal(effect) => return Some(effect),
            Effect::Feed(effect) => self.feed(effect),
            Effect::Run(request, effect) => {
                let config = Arc::clone(&self.state().world.config);
                self.effects.run(&mut self.tasks, request, effect, (config, self.clock));
            }
            Effect::Store(request, effect) => {
                let config = Arc::clone(&self.state().world.config);
                self.effects.store(&mut self.tasks, request, effect, (self.clock, config));
            }
            Effect::History(effect) => self.history(effect),
            Effect::Holder(effect) => self.holder(effect),
            Effect::Logs(effect) => self.logs(effect),
            Effect::Console(effect) => self.console(effect),
        }
        None
    }
}
