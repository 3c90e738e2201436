//! Effects on the stored past of readings.

use crate::model::effect::HistoryEffect;
use crate::runtime::core::Core;
use crate::runtime::history::Holding;
use crate::store::rollups::SheetToWrite;

impl Core {
    pub(super) fn history(&mut self, effect: HistoryEffect) {
        match effect {
            HistoryEffect::WriteMinute { fence, sheet, standing_in } => {
                let retention = self.state().world.config.retention;
                let sheet = if standing_in { SheetToWrite::standing_in(*sheet) } else { (*sheet).into() };
                self.history.write(Holding { fence, retention }, sheet);
            }
            HistoryEffect::Read { series, apart } => {
                let (tools, clock) = (self.effects.tools.clone(), self.clock);
                self.tasks.once("past", async move { tools.read_past(series, &apart, clock).await });
            }
        }
    }
}
