//! A world that is asked once: its streaks are short, because each answer decides.

use std::sync::Arc;
use std::time::Duration;

use super::World;
use crate::config::Config;
use crate::config::sections::check::Check;
use crate::lang::time::Stamp;
use crate::model::observation::Observation;

/// A world of which nothing is known yet. One answer decides what a check is.
pub fn world(config: &Config, now: Stamp) -> World {
    World::new(Arc::new(configuration(config)), now)
}

/// The configuration of such a world.
pub(crate) fn configuration(config: &Config) -> Config {
    let once = |check: &Check| Check { fail_after: 1, ok_after: 1, ..check.clone() };
    Config { checks: config.checks.iter().map(once).collect(), ..config.clone() }
}

/// Takes in the answers of a round that ended `now`. What answered in it is not old because another kept the round waiting.
pub fn apply(world: &mut World, seen: impl IntoIterator<Item = Observation>, now: Stamp) {
    let before = ages(world, now);
    for observation in seen {
        world.observe(observation, now);
    }
    let after = ages(world, now);
    world.tick(now);
    let mut answered = before.iter().zip(&after).map(|(before, after)| before != after);
    let old = (&mut world.checks).into_iter().map(|check| &mut check.stale);
    let old = old.chain((&mut world.metrics).into_iter().map(|metric| &mut metric.stale));
    for old in old {
        *old &= answered.next() != Some(true);
    }
}

/// How old the last answers are, of checks and then of metrics.
fn ages(world: &World, now: Stamp) -> Vec<Option<Duration>> {
    let checks = world.checks.iter().map(|check| check.age(now));
    checks.chain(world.metrics.iter().map(|metric| metric.age(now))).collect()
}
