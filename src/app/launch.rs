//! From the key of an action to its start: choices, plan, confirmation, effect.

use std::collections::BTreeMap;

use crate::config::plan;
use crate::config::sections::action::Action;
use crate::model::message::{Effect, StartRun};
use crate::model::name::Name;
use crate::model::run::{Confirm, Plan};
use crate::model::text::SafeText;

use super::evidence;
use super::overlays::Overlay;
use super::overlays::choices::Choices;
use super::overlays::confirm::Confirmation;
use super::state::State;
use super::verifying;
use super::world::timeline::{Entry, Happening};
use super::world::toasts::Tone;

/// Runs that may wait for their end at once; more than this never happens, and must not fill the memory.
const MAX_WAITING: usize = 64;

/// A person asked for an action. Opens what is needed next; starts at once only what needs no confirmation.
pub fn begin(state: &mut State, name: &Name, dry_run: bool, effects: &mut Vec<Effect>) {
    if state.read_only {
        state.toast(Tone::Warning, "read-only: actions are switched off here");
        return;
    }
    let config = state.config.clone();
    let Some(action) = config.actions.iter().find(|action| action.name == *name) else {
        state.toast(Tone::Error, &format!("there is no action `{name}` in the configuration"));
        return;
    };
    if dry_run && !plan::has_dry_run(&config, action) {
        let text = format!("`{}` declares no dry run, so there is none: nothing was run", action.title);
        state.toast(Tone::Warning, &text);
        return;
    }
    match plan::open_parameters(&config, action) {
        Err(error) => state.toast(Tone::Error, &error.to_string()),
        Ok(open) if open.is_empty() => preview(state, name, &BTreeMap::new(), dry_run, effects),
        Ok(open) => {
            let asked = plan::choices(&config, action).is_ok_and(|choices| !choices.is_empty());
            if asked {
                effects.push(Effect::FetchChoices { action: name.clone() });
            }
            let choices = Choices::new(name.clone(), dry_run, open, asked);
            state.overlays.push(Overlay::Choices(choices));
        }
    }
}

/// Computes the plan and shows it; what needs no confirmation starts.
pub fn preview(
    state: &mut State,
    name: &Name,
    chosen: &BTreeMap<String, String>,
    dry_run: bool,
    effects: &mut Vec<Effect>,
) {
    let config = state.config.clone();
    let Some(action) = config.actions.iter().find(|action| action.name == *name) else { return };
    let plan = match plan::plan(&config, action, chosen, dry_run) {
        Ok(plan) => plan,
        Err(error) => {
            state.toast(Tone::Error, &error.to_string());
            return;
        }
    };
    let grade = plan::effective_confirm(&config.console, action, plan.changing);
    if grade == Confirm::None {
        let digest = plan.digest();
        start(state, plan, digest, None, effects);
        return;
    }
    let facts = facts(state, action, &plan);
    let warnings = warnings(state, action, &plan, grade);
    let dialog = Confirmation::new(plan, grade, facts, warnings, state.now);
    state.overlays.push(Overlay::Confirm(Box::new(dialog)));
}

/// Asks for the run of exactly this plan.
pub fn start(state: &mut State, plan: Plan, digest: String, reason: Option<String>, effects: &mut Vec<Effect>) {
    let config = state.config.clone();
    let Some(action) = config.actions.iter().find(|action| action.name == plan.action) else { return };
    let evidence = evidence::capture(state, action, &plan);
    let what = if plan.dry_run { format!("dry run: {}", action.title) } else { action.title.clone() };
    state.toast(Tone::Info, &format!("{what}: starting"));
    state.timeline.push(Entry {
        at: state.now,
        happening: Happening::Run,
        service: plan.service.clone(),
        text: SafeText::new(&format!("{what}: confirmed")),
    });
    if state.before.len() >= MAX_WAITING {
        state.before.clear();
    }
    state.before.insert(digest.clone(), verifying::statuses(state));
    let verifies = plan.changing.then_some(action.verify.as_ref()).flatten();
    // Looking is no attempt: what changes nothing is not held back, and holds nothing back.
    let (cooldown, at_most) =
        if plan.changing { (action.cooldown, action.at_most) } else { (std::time::Duration::ZERO, None) };
    effects.push(Effect::StartRun(Box::new(StartRun {
        verify_within: verifies.map(|verify| verify.within),
        plan,
        digest,
        reason,
        evidence,
        cooldown,
        at_most,
    })));
}

/// After a reload: a dialog whose plan would be another one now is closed, because what was read is no longer what
/// would run; so is the choice for an action that is no more.
pub(super) fn reconfigured(state: &mut State) {
    let config = state.config.clone();
    let read_only = state.read_only;
    let find = |name: &Name| config.actions.iter().find(|action| action.name == *name).filter(|_| !read_only);
    let holds = |overlay: &Overlay| match overlay {
        Overlay::Confirm(dialog) => find(&dialog.action).is_some_and(|action| {
            let plan = plan::plan(&config, action, &dialog.plan.parameters, dialog.plan.dry_run);
            plan.is_ok_and(|plan| {
                plan.digest() == dialog.digest
                    && plan::effective_confirm(&config.console, action, plan.changing) == dialog.grade
            })
        }),
        Overlay::Choices(choices) => find(&choices.action).is_some(),
        _ => true,
    };
    let before = state.overlays.len();
    state.overlays.retain(holds);
    if state.overlays.len() < before {
        state.toast(Tone::Warning, "the configuration changed what would have run: nothing was run, look at it again");
    }
}

/// Everything that the dialog shows, in the order in which a person asks: where, what, how exactly, what before.
fn facts(state: &State, action: &Action, plan: &Plan) -> Vec<(String, SafeText)> {
    let mut facts = Vec::new();
    let mut fact = |label: &str, value: &str| facts.push((label.to_owned(), SafeText::new(value)));
    let environment = if plan.environment.is_empty() { "not named" } else { &plan.environment };
    fact("environment", &environment.to_uppercase());
    fact("host", &plan.host);
    fact("action", &format!("{}{}", action.title, if plan.dry_run { " (dry run)" } else { "" }));
    fact("target", &plan.target);
    fact("does", &format!("{} by adapter {}", plan.verb, plan.adapter));
    if let Some(service) = plan.service.as_ref().and_then(|name| state.service(name)) {
        let since = service.since.map_or_else(String::new, |at| format!(" since {}", at.utc.format("%H:%M:%SZ")));
        fact("now", &format!("{} is {}{since}", service.title, service.status.word()));
    }
    for (name, value) in &plan.parameters {
        fact(&format!("{name} ="), value);
    }
    for (name, value) in &action.set {
        fact(&format!("{name} ="), value);
    }
    for (at, step) in plan.steps.iter().enumerate() {
        fact(&format!("step {}", at + 1), &shown_argv(step));
    }
    fact("directory", &plan.directory.display().to_string());
    for (name, value) in &plan.env {
        fact("env", &format!("{name}={value}"));
    }
    fact("timeout", &format!("{:?}, then TERM, {:?} grace, KILL", plan.timeout, plan.grace));
    match action.verify.as_ref().filter(|_| plan.changing) {
        Some(verify) => {
            let checks: Vec<&str> = verify.checks.iter().map(AsRef::as_ref).collect();
            fact("verified by", &format!("{}, {} good in {:?}", checks.join(", "), verify.good, verify.within));
        }
        None => fact("verified by", "nothing: the exit code alone"),
    }
    for run in state.last_runs(&plan.action).into_iter().take(3) {
        fact("last run", &super::world::runs::told(run));
    }
    fact("digest", &plan.digest());
    facts
}

/// An argv as a person can read it back: words with blanks or quotes are quoted.
fn shown_argv(argv: &[String]) -> String {
    let plain =
        |word: &str| !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "-_./:=@%+,{}".contains(c));
    let shown: Vec<String> = argv
        .iter()
        .map(|word| if plain(word) { word.clone() } else { format!("'{}'", word.replace('\'', r"'\''")) })
        .collect();
    shown.join(" ")
}

/// What speaks against starting it now.
fn warnings(state: &State, action: &Action, plan: &Plan, grade: Confirm) -> Vec<SafeText> {
    let mut warnings = Vec::new();
    if grade == Confirm::TwoPerson {
        warnings.push(
            "this action asks for a second person, but this store knows only one user, so nobody else can approve: \
             your name and reason are recorded instead"
                .to_owned(),
        );
    }
    if let Some(lock) = state.locks.iter().find(|lock| lock.target == plan.target) {
        warnings.push(format!("{} is locked by {} ({}): it will be refused", plan.target, lock.holder, lock.reason));
    }
    let recent = state.last_runs(&action.name).first().copied().map(|run| state.now.utc - run.started_at);
    if let Some(ago) = recent.and_then(|ago| ago.to_std().ok()).filter(|ago| *ago < action.cooldown) {
        warnings.push(format!(
            "it ran {}s ago and cools down for {:?}: it will be refused",
            ago.as_secs(),
            action.cooldown
        ));
    }
    if let Some(blocked) = plan.service.as_ref().and_then(|name| state.service(name)?.blocked_by.clone()) {
        warnings.push(format!("{blocked}, on which it depends, is down: this may not help"));
    }
    warnings.iter().map(|text| SafeText::new(text)).collect()
}
