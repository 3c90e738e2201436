//! From the key of an action to its start: choices, plan, confirmation, effect.

use std::collections::BTreeMap;

use crate::config::plan;
use crate::config::preview::Situation;
use crate::config::sections::action::Action;
use crate::model::effect::{Effect, RequestId, RunEffect, StartRun};
use crate::model::preview::Preview;
use crate::model::run::{Confirm, Plan, RunState};
use crate::model::verification::Terms;
use crate::text::SafeText;
use crate::text::name::Name;

use super::overlays::choices::Choices;
use super::overlays::confirm::Confirmation;
use super::requests::AwaitedAnswer;
use super::state::State;
use crate::app::toasts::Tone;
use crate::world::evidence;
use crate::world::timeline::{EventKind, TimelineEntry};

/// A person asked for an action. Opens what is needed next; starts at once only what needs no confirmation.
pub(crate) fn begin(state: &mut State, name: &Name, dry_run: bool, effects: &mut Vec<Effect>) {
    if state.world.read_only {
        state.toast(Tone::Warning, "read-only: actions are disabled");
        return;
    }
    let config = state.world.config.clone();
    let Some(action) = config.actions.iter().find(|action| action.name == *name) else {
        state.toast(Tone::Error, &format!("no action named `{name}` in the configuration"));
        return;
    };
    if dry_run && !plan::has_dry_run(&config, action) {
        let text = format!("`{}` declares no dry run: nothing ran", action.title);
        state.toast(Tone::Warning, &text);
        return;
    }
    let request = state.next_request();
    match plan::open_parameters(&config, action) {
        Err(error) => state.toast(Tone::Error, &error.to_string()),
        Ok(open) if open.is_empty() => preview(state, request, name, &BTreeMap::new(), dry_run, effects),
        Ok(open) => {
            let asked = plan::choices(&config, action).is_ok_and(|choices| !choices.is_empty());
            if asked {
                effects.push(Effect::Run(request, RunEffect::FetchChoices(name.clone())));
            }
            let choices = Choices::new(request, name.clone(), dry_run, open, asked);
            state.console.overlays.push(choices);
        }
    }
}

/// Computes the plan and shows it; what needs no confirmation starts.
pub(crate) fn preview(
    state: &mut State,
    request: RequestId,
    name: &Name,
    chosen: &BTreeMap<String, String>,
    dry_run: bool,
    effects: &mut Vec<Effect>,
) {
    let config = state.world.config.clone();
    let Some(action) = config.actions.iter().find(|action| action.name == *name) else { return };
    let planned = plan::plan(&config, action, chosen, dry_run);
    let planned = planned.and_then(|plan| plan::refuse_literals(&plan, &state.world.literals).map(|()| plan));
    let plan = match planned {
        Ok(plan) => plan,
        Err(error) => {
            state.toast(Tone::Error, &error.to_string());
            return;
        }
    };
    let grade = plan::effective_confirm(&config.console, action, plan.changing);
    let preview = preview_of(state, action, &plan, grade);
    if grade == Confirm::None {
        let digest = plan.digest();
        start(state, Confirmed { request, plan, digest, preview, reason: None }, effects);
        return;
    }
    let context = context(state, &plan);
    let dialog = Confirmation::new(request, plan, grade, preview, context, state.world.now);
    state.console.overlays.push(dialog);
}

/// What a person confirmed.
#[derive(Debug, Clone)]
pub(crate) struct Confirmed {
    /// The request that it ends.
    pub request: RequestId,
    /// Exactly what will run.
    pub plan: Plan,
    /// Its digest, as it was confirmed.
    pub digest: String,
    /// What was shown.
    pub preview: Preview,
    /// Why.
    pub reason: Option<String>,
}

/// Asks for the run of exactly this plan.
pub(crate) fn start(state: &mut State, confirmed: Confirmed, effects: &mut Vec<Effect>) {
    let Confirmed { request, plan, digest, preview, reason } = confirmed;
    let config = state.world.config.clone();
    let Some(action) = config.actions.iter().find(|action| action.name == plan.action) else { return };
    // While the screen is frozen the newest records wait to be shown: they are evidence none the less.
    let waiting = |log| state.console.waiting.records(log);
    let evidence = evidence::capture(&state.world, action, &plan, waiting);
    let what = if plan.dry_run { format!("dry run: {}", action.title) } else { action.title.clone() };
    state.toast(Tone::Info, &format!("{what}: starting"));
    state.world.timeline.push(TimelineEntry {
        at: state.world.now,
        kind: EventKind::Run,
        service: plan.service.clone(),
        text: SafeText::new(&format!("{what}: confirmed")),
    });
    state.console.requests.expect(request, AwaitedAnswer::Start(plan.action.clone()));
    let verify = plan.changing.then_some(action.verify.as_ref()).flatten().map(|verify| Terms {
        checks: verify.checks.clone(),
        good: verify.good,
        within: verify.within,
        before: state.world.checks.iter().map(|check| (check.name.clone(), check.status)).collect(),
    });
    // Looking is no attempt: what changes nothing is not held back, and holds nothing back.
    let (cooldown, at_most) =
        if plan.changing { (action.cooldown, action.at_most) } else { (std::time::Duration::ZERO, None) };
    let start = StartRun { plan, digest, preview, reason, evidence, cooldown, at_most, verify };
    effects.push(Effect::Run(request, RunEffect::Start(Box::new(start))));
}

/// After a reload: what a person read may not be what would run now.
pub(super) fn reconfigured(state: &mut State) {
    let world = &state.world;
    if state.console.overlays.tell(|overlay| overlay.reconfigured(world)) > 0 {
        state.toast(Tone::Warning, "the configuration changed what would have run: nothing ran; review the new plan");
    }
}

/// The preview of a plan, with what this console knows of its surroundings.
fn preview_of(state: &State, action: &Action, plan: &Plan, grade: Confirm) -> Preview {
    // What it has of its own an action may well help.
    let explained =
        plan.service.as_ref().and_then(|name| state.world.service(name)).filter(|service| service.is_explained());
    let blocked_by = explained.and_then(|service| service.blocked_by.clone());
    let mut last = state.world.last_runs(&action.name).into_iter();
    let situation = Situation {
        grade,
        lock: state.world.locks.iter().find(|lock| lock.target == plan.target),
        // What was refused ran nothing, and holds nothing back.
        last_start: last.find(|run| run.state != RunState::Refused).map(|run| state.world.moment().since(run.began())),
        blocked_by: blocked_by.as_ref().map(AsRef::as_ref),
    };
    crate::config::preview::preview(&state.world.config, action, plan, situation)
}

/// How it stands, and how the last runs went: beside the preview, and not a part of it.
fn context(state: &State, plan: &Plan) -> Vec<(&'static str, SafeText)> {
    let mut context = Vec::new();
    if let Some(service) = plan.service.as_ref().and_then(|name| state.world.service(name)) {
        let zone = state.world.config.console.timezone;
        let since =
            service.since.map_or_else(String::new, |since| format!(" {}", since.describe(state.world.now, zone)));
        let text = format!("{} is {}{since}", service.title, service.status.word());
        context.push(("now", SafeText::new(&text)));
    }
    for run in state.world.last_runs(&plan.action).into_iter().take(3) {
        context.push(("last run", SafeText::new(&crate::world::runs::summary(run))));
    }
    context
}

/// Says that a dialog was left: what a person did not confirm, did not happen.
pub(super) fn cancelled(state: &mut State, title: &str) {
    state.toast(Tone::Info, &format!("{title}: cancelled, nothing ran"));
}
