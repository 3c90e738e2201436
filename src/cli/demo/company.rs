//! A colleague who uses the store of the demo too: nobody is alone at work.

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::MissedTickBehavior;

use super::past::HOST;
use crate::model::presence::{ANNOUNCED_EVERY, Presence, PresenceView};
use crate::store::Store;
use crate::store::place::StoreLocation;
use crate::text::SafeText;

/// How long before the start they came.
const HERE_FOR: TimeDelta = TimeDelta::minutes(23);
/// The id of their console.
const ID: &str = "ops-1.4211.ben";

/// Who it is, in a demo that starts at `start`: the one who silenced the worker's alerts.
pub(super) fn colleague(start: DateTime<Utc>) -> Presence {
    Presence {
        who: SafeText::new("ben"),
        host: SafeText::new(HOST),
        pid: 4_211,
        watcher: false,
        screen: SafeText::new("logs"),
        since: start - HERE_FOR,
        view: PresenceView::default(),
    }
}

/// Says that they are here, for as long as it runs. A store that can't be written shows nobody.
pub(super) async fn attend(place: StoreLocation, start: DateTime<Utc>) {
    let Ok(store) = Store::open(&place).await else { return };
    let colleague = colleague(start);
    let mut words = tokio::time::interval(ANNOUNCED_EVERY);
    words.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        words.tick().await;
        if let Err(error) = store.announce_presence(ID, &colleague).await {
            tracing::debug!(%error, "the colleague is not seen");
        }
    }
}
