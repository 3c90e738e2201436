//! What facts say of checklists, in the words of a timeline.

use crate::config::Config;
use crate::config::titles::title_of_checklist;
use crate::model::checklist::StepState;
use crate::model::fact::{Fact, Statement};

/// What is said, and whether a person says it. That a step passed is no news: the sign-off says how many did.
pub(super) fn describe(fact: &Fact, config: &Config) -> Option<(String, bool)> {
    let title = |name: &str| title_of_checklist(config, name).to_owned();
    Some(match fact.said() {
        Statement::ChecklistStarted(said) => (format!("{} started", said.title), true),
        Statement::ChecklistStepped(said) => {
            if matches!(said.state, StepState::Passed | StepState::NotApplicable | StepState::Open) {
                return None;
            }
            let found = [said.value.as_ref(), said.reason.as_ref()].into_iter().flatten();
            let found: Vec<String> = found.map(ToString::to_string).collect();
            let found = if found.is_empty() { String::new() } else { format!(": {}", found.join(", ")) };
            let to = said.to.as_ref().map_or_else(String::new, |to| format!(" to {}", title(to)));
            let text = format!("{}: {} {}{to}{found}", title(&said.checklist), said.title, said.state.word());
            (text, !said.sensed)
        }
        Statement::ChecklistNoted(said) => (format!("{}: {}", title(&said.checklist), said.text), true),
        Statement::ChecklistSigned(said) => {
            let mark = if said.fast { " (fast)" } else { "" };
            (format!("{} signed off: {}{mark}", title(&said.checklist), said.outcome), true)
        }
        Statement::ChecklistMissed(said) => {
            let more = if said.more > 0 { format!(", and {} periods before it", said.more) } else { String::new() };
            (format!("{} missed{more}", said.title), false)
        }
        _ => return None,
    })
}
