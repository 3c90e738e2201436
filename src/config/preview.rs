//! What a person reads before an action runs: the plan, what decides how it went, and what speaks against it now.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Config;
use super::sections::action::Action;
use super::substitute;
use super::titles::{locked_for, title_of_check};
use super::verifying;
use crate::lang::unit;
use crate::model::preview::{About, Preview};
use crate::model::run::{Confirm, Lock, Plan};
use crate::model::verification::Terms;
use crate::text::SafeText;

/// How things stand where the preview is made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Situation<'a> {
    /// What a person must do for it, production's raise included.
    pub grade: Confirm,
    /// Who holds the target.
    pub lock: Option<&'a Lock>,
    /// How long ago the action last began.
    pub last_start: Option<Duration>,
    /// What its service depends on, where that is down.
    pub blocked_by: Option<&'a str>,
    /// What the change calendar says against changing its service now.
    pub objection: Option<&'a str>,
}

/// The preview of what `action` would run, without what speaks against it at a moment, which [`warnings`] says. `replaced`: by
/// parameter what runs now and gives way to its value, where the adapter says so.
pub(crate) fn preview(config: &Config, action: &Action, plan: &Plan, replaced: &BTreeMap<String, SafeText>) -> Preview {
    let words = argument_names(config, action, plan);
    let verified_by = match action.verify.as_ref().filter(|_| plan.changing) {
        Some(verify) => {
            let terms = verifying::terms(config, verify, BTreeMap::new());
            format!("exit 0, and {} within {:?}", good_in_a_row(config, &terms), verify.within)
        }
        None if plan.changing => "exit code only: no checks configured".to_owned(),
        None => "exit code only".to_owned(),
    };
    let about = About {
        title: &action.title,
        replaced: Some(replaced),
        fixed: Some(&action.set),
        words: &words,
        verified_by: &verified_by,
        targets_itself: action.service.is_none() && *action.target == *action.name,
    };
    Preview::from_plan(plan, about)
}

/// `api, db: 2 good in a row each`, `api: 5 good in a row, db: 2 good in a row`
fn good_in_a_row(config: &Config, terms: &Terms) -> String {
    let checks: Vec<(&str, u32)> =
        terms.checks.iter().map(|check| (title_of_check(config, check), terms.needed(check))).collect();
    let Some((_, first)) = checks.first().copied() else { return String::new() };
    if checks.iter().any(|(_, needed)| *needed != first) {
        let each = checks.iter().map(|(check, needed)| format!("{check}: {needed} good in a row"));
        return each.collect::<Vec<_>>().join(", ");
    }
    let names: Vec<&str> = checks.iter().map(|(check, _)| *check).collect();
    format!("{}: {first} good in a row{}", names.join(", "), if names.len() > 1 { " each" } else { "" })
}

/// For each step of a shell verb the names of the words that its script gets, in their order.
fn argument_names(config: &Config, action: &Action, plan: &Plan) -> Vec<Vec<String>> {
    let adapter = config.adapters.iter().find(|adapter| adapter.name == action.adapter);
    let Some(verb) = adapter.and_then(|adapter| adapter.verbs.get(&action.verb)).filter(|verb| verb.shell) else {
        return Vec::new();
    };
    let steps = if plan.dry_run { verb.dry_run.as_deref().unwrap_or_default() } else { &verb.steps };
    let names = |step: &Vec<String>| {
        let mut names: Vec<String> = Vec::new();
        for name in step.iter().flat_map(|script| substitute::names(script, true)) {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        names
    };
    steps.iter().map(names).collect()
}

/// What speaks against starting it now.
pub(crate) fn warnings(config: &Config, action: &Action, plan: &Plan, situation: Situation<'_>) -> Vec<SafeText> {
    let mut warnings = Vec::new();
    if situation.grade == Confirm::TwoPerson {
        warnings.push(
            "this action asks for a second person, whose approval is not built yet: your name and reason are recorded \
             instead"
                .to_owned(),
        );
    }
    // Elsewhere than in production nobody plans changes. A dry run changes nothing: it says what the run would meet.
    let objection = situation.objection.filter(|_| config.console.is_production());
    if plan.dry_run {
        warnings.extend(objection.map(|objection| format!("a real run would be warned: {objection}")));
    } else if plan.changing {
        warnings.extend(objection.map(str::to_owned));
    }
    if plan.changing {
        if let Some(lock) = situation.lock {
            warnings.push(format!(
                "{} is locked by {} ({}); it cannot run until the lock is released",
                lock.target,
                lock.holder,
                locked_for(&config.actions, lock)
            ));
        }
        if let Some(ago) = situation.last_start.filter(|ago| *ago < action.cooldown) {
            let (ago, cooldown) =
                (unit::span(Duration::from_secs(ago.as_secs().max(1))), unit::duration(action.cooldown));
            warnings.push(format!("ran {ago} ago, with a cooldown of {cooldown}: refused until that is over"));
        }
    }
    if let Some(blocked) = situation.blocked_by {
        warnings.push(format!("{blocked}, on which it depends, is down: this may not help"));
    }
    warnings.iter().map(|text| SafeText::new(text)).collect()
}
