//! A world that is asked once: its streaks are short, because each answer decides.

use std::sync::Arc;

use super::World;
use crate::config::Config;
use crate::config::sections::check::Check;
use crate::lang::time::Stamp;
use crate::model::observation::Observation;

/// A world of which nothing is known yet. One answer decides what a check is.
pub fn world(config: &Config, now: Stamp) -> World {
    let once = |check: &Check| Check { fail_after: 1, ok_after: 1, ..check.clone() };
    World::new(Arc::new(Config { checks: config.checks.iter().map(once).collect(), ..config.clone() }), now)
}

/// Takes in the answers of a round that ended `now`.
pub fn apply(world: &mut World, seen: impl IntoIterator<Item = Observation>, now: Stamp) {
    for observation in seen {
        world.observe(observation, now);
    }
    world.tick(now);
}
