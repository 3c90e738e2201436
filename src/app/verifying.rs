//! While a run is verified, and after: this console looks at its checks when its supervisor does.

use crate::model::effect::{Effect, FeedEffect};
use crate::model::run::{CheckProgress, Run, VerificationProgress};
use crate::text::name::Name;
use crate::world::Output;

use super::state::State;

/// How far the verification of a run is. What its supervisor saw is looked at here too: what it finds to be well must not
/// be shown as down until its next poll is due.
pub(super) fn progressed(
    state: &mut State,
    run: &Name,
    progress: VerificationProgress,
    effects: &mut Vec<Effect>,
) -> Output {
    let known = state.world.run(run).and_then(|view| view.progress.as_ref());
    let has_moved = |check: &&CheckProgress| {
        let before = known.and_then(|known| known.checks.iter().find(|other| other.name == check.name));
        check.good > before.map_or(0, |before| before.good)
    };
    let moved: Vec<Name> = progress.checks.iter().filter(has_moved).map(|check| check.name.clone()).collect();
    state.world.run_progress(run, progress);
    poll(moved, effects);
    Output::default()
}

/// A run is over, and its checks were looked at: they are looked at here too.
pub(super) fn look_after(state: &State, run: &Run, effects: &mut Vec<Effect>) {
    let action = state.world.action(&run.action).filter(|_| run.checks.is_some());
    let verify = action.and_then(|action| action.verify.as_ref());
    poll(verify.map_or_else(Vec::new, |verify| verify.checks.clone()), effects);
}

/// Polls these checks now; without any nothing, which would be all of them.
fn poll(checks: Vec<Name>, effects: &mut Vec<Effect>) {
    if !checks.is_empty() {
        effects.push(FeedEffect::PollNow(checks).into());
    }
}
