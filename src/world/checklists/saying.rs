//! What whoever acts for all says of checklists: what is measured turned, and which periods went by without a run.

use std::time::Duration;

use crate::config::sections::checklist::Checklist;
use crate::model::checklist::run_id;
use crate::model::fact::{ChecklistMissed, Statement};
use crate::model::thing::checklist_run_of;
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::World;

/// What was said of a step and is not on record after so long is said again; a step that turns to and fro is said no oftener.
const PATIENCE: Duration = Duration::from_mins(1);
/// Periods of one list that are looked back at.
const BACK: usize = 31;
/// Things that are remembered to have been said.
const SAID: usize = 2_000;

impl World {
    /// Says of checklists what the record does not say.
    pub(in crate::world) fn say_checklists(&mut self) -> Vec<Statement> {
        if !self.checklists.is_read || self.store_away.is_some() {
            return Vec::new();
        }
        let open: Vec<_> = self.checklist_runs().filter(|run| run.is_open()).collect();
        let mut said: Vec<Statement> = open.into_iter().flat_map(|run| self.measured_news(run)).collect();
        said.extend(self.missed());
        let now = self.now;
        said.retain(|one| {
            let Some(key) = key(one) else { return false };
            self.checklists.said.get(&key).is_none_or(|at| now.since(*at) > PATIENCE)
        });
        if self.checklists.said.len() > SAID {
            self.checklists.said.retain(|_, at| now.since(*at) <= PATIENCE);
        }
        self.checklists.said.extend(said.iter().filter_map(key).map(|key| (key, now)));
        said
    }

    /// The periods that ended since anything is known of their list, and had no run that was signed off.
    fn missed(&self) -> Vec<Statement> {
        self.config.checklists.iter().flat_map(|list| self.missed_of(list)).collect()
    }

    pub(super) fn missed_of(&self, list: &Checklist) -> Vec<Statement> {
        let (now, zone) = (self.now.utc, self.config.console.timezone);
        let Some((mut ended, _)) = list.period(now, zone) else { return Vec::new() };
        let first = self.checklist_runs().filter(|run| run.checklist == list.name).filter_map(|run| run.due).min();
        // What went by before anybody used the list was not missed.
        let since = first.map_or(self.started.utc, |first| first.min(self.started.utc));
        let mut missed = Vec::new();
        while missed.len() < BACK {
            let before = ended - chrono::Duration::nanoseconds(1);
            let Some(due) = list.last_due(before, zone) else { break };
            let run = run_id(&list.name, Some(due), now);
            if due < since || self.checklist_run(&run).is_some_and(|known| !known.is_open()) {
                break;
            }
            let (checklist, title) = (list.name.clone(), SafeText::new(&list.title));
            missed.push(Statement::ChecklistMissed(ChecklistMissed { run, checklist, title, due, ended }));
            ended = due;
        }
        missed.reverse();
        missed
    }
}

/// What is said, by run and step.
fn key(said: &Statement) -> Option<(Name, Name)> {
    let run = checklist_run_of(said)?.clone();
    let step = match said {
        Statement::ChecklistStepped(stepped) => Name::from(format!("{} {}", stepped.step, stepped.state.word())),
        _ => Name::from("missed"),
    };
    Some((run, step))
}
