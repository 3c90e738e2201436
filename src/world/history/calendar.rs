//! What is said of the change calendar and of runbooks, in the words of a timeline.

use crate::lang::tz::Tz;
use crate::model::fact::{ChangeSaid, Fact, RunbookTicked};

use super::clock;

/// `change new disks planned, 09:00:00Z to 11:00:00Z: db`, `change c20260302-091500-000 approved`, `freeze sales called off: over`
pub(super) fn change(said: &ChangeSaid, fact: &Fact, zone: Tz) -> String {
    match said {
        ChangeSaid::Planned(said) => {
            let kind = said.kind().word();
            let (from, until) = (clock(said.from, fact.draft.at, zone), clock(said.until, fact.draft.at, zone));
            format!("{kind} {} planned, {from} to {until}: {}", said.title, said.services.describe())
        }
        ChangeSaid::Approved(said) => format!("change {} approved", said.id),
        ChangeSaid::CalledOff(said) => {
            let title = said.title.as_ref().map_or(&*said.id, |title| title.as_str());
            format!("{} {title} called off: {}", said.kind().word(), said.why)
        }
    }
}

pub(super) fn ticked(said: &RunbookTicked) -> String {
    let done = if said.done { "done" } else { "not done after all" };
    format!("runbook {}: {}: {done}", said.runbook, said.task)
}
