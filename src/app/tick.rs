//! Time passed: ages, staleness, alerts that wait, messages that go, work that is left over.

use std::time::Duration;

use crate::model::effect::Effect;

use super::history;
use super::logs;
use super::observe;
use super::state::State;
use super::state::overlay::DEAF;

/// A second passed, or left-over work is due.
pub(crate) fn clock(state: &mut State, effects: &mut Vec<Effect>) {
    let second = state.world.now.utc.timestamp();
    let turned = second != state.console.drawn_second;
    if logs::work(state) {
        state.answer();
    }
    // What the keys of a dialog do has changed.
    if state.deaf_for().is_none() && state.console.overlays.top().is_some_and(|top| top.ignores_keys_since().is_some())
    {
        state.changed();
    }
    if !turned {
        return;
    }
    state.console.drawn_second = second;
    state.console.toasts.expire(state.world.now);
    let had_strip = state.strip().is_some();
    state.expire_strip();
    let output = state.world.tick(state.world.now);
    observe::show(state, output, effects);
    observe::title(state, effects);
    history::ask(state, effects);
    // The header's clock and the ages moved; what was quietly taken in since is drawn along with them. On a screen that is
    // held still a run is followed all the same, and so is what is not on record yet.
    let is_followed = had_strip || state.strip().is_some() || state.on_its_way().is_some();
    if state.console.focused && is_followed {
        state.answer();
    } else {
        state.changed();
    }
}

impl State {
    /// When the runtime should send the next [`super::message::Event::Clock`]: at once where work is left over, else
    /// when the second of the wall clock turns, which is when ages, countdowns and the header's clock change.
    pub fn next_tick(&self) -> Option<Duration> {
        if logs::has_work(self) {
            return Some(Duration::ZERO);
        }
        let into = self.world.now.utc.timestamp_subsec_nanos().min(999_999_999);
        let second = Duration::from_nanos(u64::from(1_000_000_000 - into));
        Some(self.deaf_for().map_or(second, |left| left.min(second)))
    }

    /// How long the topmost dialog still ignores keys.
    pub(in crate::app) fn deaf_for(&self) -> Option<Duration> {
        let opened = self.console.overlays.top()?.ignores_keys_since()?;
        DEAF.checked_sub(self.world.now.since(opened)).filter(|left| !left.is_zero())
    }
}
