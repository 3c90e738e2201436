//! What only the holder of the lease does.

use std::sync::Arc;

use crate::config::channels::ChannelKind;
use crate::model::effect::{HolderEffect, TerminalEffect};
use crate::model::message::Notification;
use crate::model::outcome::Outcome;
use crate::runtime::core::Core;

impl Core {
    /// Carries it out. What is for the terminal is returned.
    pub(in crate::runtime) fn holder(&mut self, effect: HolderEffect) -> Option<TerminalEffect> {
        match effect {
            HolderEffect::Notify(message) => return self.notify(*message),
            HolderEffect::Append(_) | HolderEffect::AppendMissed(_) | HolderEffect::KeepEngine(_) => {
                if let Some(lease) = &self.lease {
                    lease.execute(effect);
                }
            }
        }
        None
    }

    fn notify(&mut self, message: Notification) -> Option<TerminalEffect> {
        let config = Arc::clone(&self.state().world.config);
        let channel = config.channel(&message.target.channel);
        if let Some(ChannelKind::Terminal(terminal)) = channel.map(|channel| &channel.kind) {
            let sequence = terminal.sequence(&message.console, &message.summary());
            let (message, target) = (message.id, message.target);
            self.effects.answer_now(Outcome::Delivered { message, target, delivered: Ok(()) });
            return Some(TerminalEffect::Signal(sequence));
        }
        let tools = self.effects.tools.clone();
        let now = self.clock.now().utc;
        self.tasks.once("notify", async move { tools.notify(&config, message, now).await });
        None
    }
}
