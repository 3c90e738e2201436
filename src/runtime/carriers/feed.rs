//! Effects on the sources.

use crate::model::effect::FeedEffect;
use crate::runtime::core::Core;

impl Core {
    pub(super) fn feed(&mut self, effect: FeedEffect) {
        match effect {
            FeedEffect::PollNow(names) => self.feeds.poll_now(names),
        }
    }
}
