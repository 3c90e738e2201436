//! What only the holder of the lease does.

use crate::model::effect::HolderEffect;
use crate::runtime::core::Core;

impl Core {
    pub(in crate::runtime) fn holder(&self, effect: HolderEffect) {
        if let Some(lease) = &self.lease {
            lease.execute(effect);
        }
    }
}
