//! Effects on the stored past of readings.

use crate::model::effect::HistoryEffect;
use crate::runtime::core::Core;
use crate::runtime::history::Holding;

impl Core {
    pub(super) fn history(&mut self, effect: HistoryEffect) {
        match effect {
            HistoryEffect::WriteMinute { fence, sheet } => {
                let retention = self.state().world.config.retention;
                self.history.write(Holding { fence, retention }, *sheet);
            }
            HistoryEffect::Read(series) => {
                let (tools, clock) = (self.effects.tools.clone(), self.clock);
                self.tasks.once("past", async move { tools.read_past(series, clock).await });
            }
        }
    }
}
