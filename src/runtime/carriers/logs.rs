//! Effects on the log engine.

use std::sync::Arc;

use crate::app::logs;
use crate::model::effect::LogsEffect;
use crate::runtime::core::Core;

impl Core {
    pub(super) fn logs(&mut self, effect: LogsEffect) {
        match effect {
            LogsEffect::ReadShapeHistory(request, question) => {
                let config = Arc::clone(&self.state().world.config);
                self.shape_history.read(&mut self.tasks, request, &question, &config);
            }
            LogsEffect::CancelShapeHistory(request) => self.shape_history.forget(request),
            LogsEffect::MaskHeld => {
                let records = logs::held(self.state());
                let secrets = self.known.latest().borrow().clone().unwrap_or_default();
                self.held.mask(&mut self.tasks, records, secrets, self.outcome_sender.clone());
            }
        }
    }
}
