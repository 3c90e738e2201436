//! What is said of the change calendar and of runbooks, in the words of a timeline.

use crate::lang::tz::Tz;
use crate::model::fact::{ChangeSaid, Fact, RunbookTicked};
use crate::text::SafeText;
use crate::text::name::Name;

use super::clock;

/// `change new disks planned, 09:00:00Z to 11:00:00Z: db`, `change new disks approved`, `freeze sales called off: over`
pub(super) fn change(said: &ChangeSaid, fact: &Fact, zone: Tz) -> String {
    match said {
        ChangeSaid::Planned(said) => {
            let kind = said.kind().word();
            let (from, until) = (clock(said.from, fact.draft.at, zone), clock(said.until, fact.draft.at, zone));
            format!("{kind} {} planned, {from} to {until}: {}", said.title, said.services.describe())
        }
        ChangeSaid::Approved(said) => format!("change {} approved", named(said.title.as_ref(), &said.id)),
        ChangeSaid::CalledOff(said) => {
            format!("{} {} called off: {}", said.kind().word(), named(said.title.as_ref(), &said.id), said.why)
        }
    }
}

/// By its title, where that was said.
fn named<'a>(title: Option<&'a SafeText>, id: &'a Name) -> &'a str {
    title.map_or(id, |title| title.as_str())
}

pub(super) fn ticked(said: &RunbookTicked) -> String {
    let done = if said.done { "done" } else { "not done after all" };
    format!("runbook {}: {}: {done}", said.runbook, said.task)
}
