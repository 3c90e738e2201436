//! What only the holder of the lease does.

use std::sync::Arc;

use crate::model::effect::HolderEffect;
use crate::model::message::Notification;
use crate::runtime::core::Core;

impl Core {
    /// Carries it out.
    pub(in crate::runtime) fn holder(&mut self, effect: HolderEffect) {
        match effect {
            HolderEffect::Notify(message) => self.notify(*message),
            HolderEffect::Append(_) | HolderEffect::AppendMissed(_) | HolderEffect::KeepEngine(_) => {
                if let Some(lease) = &self.lease {
                    lease.execute(effect);
                }
            }
        }
    }

    fn notify(&mut self, message: Notification) {
        let config = Arc::clone(&self.state().world.config);
        let tools = self.effects.tools.clone();
        let now = self.clock.now().utc;
        self.tasks.once("notify", async move { tools.notify(&config, message, now).await });
    }
}
