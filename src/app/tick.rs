//! Time passed: ages, staleness, alerts that wait, messages that go, work that is left over.

use std::time::Duration;

use crate::model::message::Effect;

use super::alerting;
use super::overlays::confirm::DEAF;
use super::screens::logs;
use super::state::State;

/// A second passed, or left-over work is due.
pub fn clock(state: &mut State, effects: &mut Vec<Effect>) {
    let second = state.now.utc.timestamp();
    let turned = second != state.drawn_second;
    if logs::work(state) {
        state.answer();
    }
    // What the keys of a dialog do has changed.
    if state.deaf_for().is_none() && state.overlays.last().is_some_and(|top| top.ignores_keys_since().is_some()) {
        state.changed();
    }
    if !turned {
        return;
    }
    state.drawn_second = second;
    state.toasts.expire(state.now);
    mark_stale(state);
    alerting::evaluate_all(state, effects);
    for log in &mut state.logs {
        log.tick(state.now);
    }
    // The header's clock and the ages moved; what was quietly taken in since is drawn along with them.
    state.changed();
}

/// Turns checks and metrics stale by their age.
fn mark_stale(state: &mut State) {
    let now = state.now;
    let mut turned = false;
    for check in &mut state.checks {
        // Before the first answer the clock counts from the start: a source that never answers is stale too.
        let age = check.age(now).unwrap_or_else(|| now.since(check.known_from));
        let old = age > check.stale_after;
        turned |= old != check.stale;
        check.stale = old;
        check.as_of = now;
    }
    for metric in &mut state.metrics {
        let age = metric.age(now).unwrap_or_else(|| now.since(metric.known_from));
        metric.stale = age > metric.stale_after;
    }
    if turned {
        state.derive_services();
        alerting::show(state);
    }
}

impl State {
    /// When the runtime should send the next [`super::message::Event::Clock`]: at once where work is left over, else
    /// when the second of the wall clock turns, which is when ages, countdowns and the header's clock change.
    pub fn next_tick(&self) -> Option<Duration> {
        if logs::has_work(self) {
            return Some(Duration::ZERO);
        }
        let into = self.now.utc.timestamp_subsec_nanos().min(999_999_999);
        let second = Duration::from_nanos(u64::from(1_000_000_000 - into));
        Some(self.deaf_for().map_or(second, |left| left.min(second)))
    }

    /// How long the topmost dialog still ignores keys.
    fn deaf_for(&self) -> Option<Duration> {
        let opened = self.overlays.last()?.ignores_keys_since()?;
        DEAF.checked_sub(self.now.since(opened)).filter(|left| !left.is_zero())
    }
}
