//! From what a person confirmed to what is asked of the run service, with what this world knows of the moment before: the
//! same for a console and for `opsroom run`.

use std::time::Duration;

use super::{World, evidence};
use crate::config::sections::action::Action;
use crate::config::verifying;
use crate::logs::record::Record;
use crate::model::effect::StartRun;
use crate::model::preview::Preview;
use crate::model::run::Plan;
use crate::text::name::Name;

/// What a person confirmed.
#[derive(Debug, Clone)]
pub struct Confirmed {
    /// Exactly what will run.
    pub plan: Plan,
    /// Its digest, as it was confirmed.
    pub digest: String,
    /// What was shown.
    pub preview: Preview,
    /// Why.
    pub reason: Option<String>,
}

/// The run that is asked for. `waiting` has the records of a log that came after those that the world holds.
pub fn start_run<'a, I>(
    world: &'a World,
    action: &'a Action,
    confirmed: Confirmed,
    waiting: impl Fn(&'a Name) -> I,
) -> StartRun
where
    I: DoubleEndedIterator<Item = &'a Record>,
{
    let Confirmed { plan, digest, preview, reason } = confirmed;
    let evidence = evidence::capture(world, action, &plan, waiting);
    let before = || world.checks.iter().map(|check| (check.name.clone(), check.status)).collect();
    let verify = action.verify.as_ref().filter(|_| plan.changing);
    let verify = verify.map(|verify| verifying::terms(&world.config, verify, before()));
    // Looking is no attempt: what changes nothing is not held back, and holds nothing back.
    let (cooldown, at_most) = if plan.changing { (action.cooldown, action.at_most) } else { (Duration::ZERO, None) };
    StartRun { plan, digest, preview, reason, evidence, cooldown, at_most, verify }
}
