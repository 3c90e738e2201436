//! From a plan to its start: what a person reads before it, and what is asked of the runner.

use std::collections::BTreeMap;

use crate::config::preview::{self, Situation};
use crate::config::sections::action::Action;
use crate::model::effect::{Effect, RequestId, RunEffect};
use crate::model::outcome::StoreAbsence;
use crate::model::preview::Preview;
use crate::model::run::{Confirm, Plan, RunState};
use crate::model::since::since;
use crate::text::SafeText;
use crate::world::runs::{LAST_RUNS, summary};
use crate::world::starting::{self, Confirmed};

use super::requests::AwaitedAnswer;
use super::state::State;
use super::toasts::Tone;

/// Asks for the run of exactly this plan, which ends the request.
pub(crate) fn start(state: &mut State, request: RequestId, confirmed: Confirmed, effects: &mut Vec<Effect>) {
    let config = state.world.config.clone();
    let Some(action) = config.actions.iter().find(|action| action.name == confirmed.plan.action) else { return };
    // While the screen is frozen the newest records wait to be shown: they are evidence none the less.
    let waiting = |log| state.console.waiting.records(log);
    let start = starting::start_run(&state.world, action, confirmed, waiting);
    let plan = &start.plan;
    state.toast(Tone::Info, &asked(&action.title, plan.dry_run));
    let now = state.world.now;
    state.console.requests.expect(request, AwaitedAnswer::Start(plan.action.clone()), now);
    effects.push(Effect::Run(request, RunEffect::Start(Box::new(start))));
}

/// What is said to whoever asked for a run until it is there.
pub(super) fn asked(title: &str, dry_run: bool) -> String {
    let what = if dry_run { "dry run: " } else { "" };
    format!("{what}{title}: starting")
}

/// What was said of a run that was refused holds no more.
pub(super) fn refused(state: &mut State, title: &str) {
    for dry_run in [false, true] {
        let said = asked(title, dry_run);
        state.console.toasts.withdraw(&said);
    }
}

/// The preview of a plan; by parameter what gives way to its value. What speaks against it is of a moment: [`warnings`].
pub(crate) fn preview(state: &State, action: &Action, plan: &Plan, replaced: &BTreeMap<String, SafeText>) -> Preview {
    preview::preview(&state.world.config, action, plan, replaced)
}

/// What speaks against a plan at this moment, as far as this console knows its surroundings: a lock may be released, and a
/// cooldown be over, while a dialog is read.
pub(crate) fn warnings(state: &State, plan: &Plan, grade: Confirm) -> Vec<SafeText> {
    let Some(action) = state.world.action(&plan.action) else { return Vec::new() };
    // What it has of its own an action may well help.
    let explained =
        plan.service.as_ref().and_then(|name| state.world.service(name)).filter(|service| service.is_explained());
    let blocked_by = explained.and_then(|service| service.blocked_by.clone());
    let objection = state.world.objection_to_change(plan.service.as_deref());
    let mut last = state.world.last_runs(&action.name).into_iter();
    let situation = Situation {
        grade,
        lock: state.world.locks.iter().find(|lock| lock.target == plan.target),
        // What was refused ran nothing, and holds nothing back.
        last_start: last.find(|run| run.state != RunState::Refused).map(|run| state.world.moment().since(run.began())),
        blocked_by: blocked_by.as_deref().map(|name| state.world.title_of_service(name)),
        objection: objection.as_deref(),
    };
    preview::warnings(&state.world.config, action, plan, situation)
}

/// How it stands, and how the last runs went: beside the preview, and not a part of it.
pub(crate) fn context(state: &State, plan: &Plan) -> Vec<(&'static str, SafeText)> {
    let mut context = Vec::new();
    let zone = state.world.config.console.timezone;
    if let Some(service) = plan.service.as_ref().and_then(|name| state.world.service(name)) {
        let since =
            service.since.map_or_else(String::new, |since| format!(" {}", since.describe(state.world.now, zone)));
        let text = format!("{} is {}{since}", service.title, service.status.word());
        context.push(("now", SafeText::new(&text)));
    }
    for run in state.world.last_runs(&plan.action).into_iter().take(LAST_RUNS) {
        context.push(("last run", SafeText::new(&summary(run, zone))));
    }
    context
}

/// Why it would be refused at this moment, whatever is typed. Never kept: that may be over before the dialog is read.
pub(crate) fn obstacle(state: &State, plan: &Plan) -> Option<String> {
    // What changes nothing runs without a record.
    if !plan.is_guarded() {
        return None;
    }
    let world = &state.world;
    if let Some(away) = &world.store_away {
        if away.how == StoreAbsence::NotMade {
            return Some("no store exists yet: Run is refused until one is made".to_owned());
        }
        let at = away.since.with_timezone(&world.config.console.timezone).format("%H:%M:%S");
        let (since, problem) = (since(away.seen, at), &away.problem);
        return Some(format!("the store has been away {since}: Run is refused until it is back ({problem})"));
    }
    world.store_only_read.as_ref().map(|_| "the store may only be read here: Run is refused".to_owned())
}

/// Says that a dialog was left: what a person did not confirm, did not happen.
pub(super) fn cancelled(state: &mut State, title: &str) {
    state.toast(Tone::Info, &format!("{title}: cancelled, nothing ran"));
}
