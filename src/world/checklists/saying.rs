//! What whoever acts for all says of checklists: what is measured turned, and which periods went by without a run.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::due::ListStanding;
use crate::config::Config;
use crate::config::sections::checklist::Checklist;
use crate::lang::order::InOrder;
use crate::model::checklist::run_id;
use crate::model::fact::{ChecklistMissed, Statement};
use crate::model::thing::{ChecklistRecord, checklist_run_of};
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::World;
use crate::world::checklist_records::MissedPeriods;

/// What was said of a step and is not on record after so long is said again; a step that turns to and fro is said no oftener.
const PATIENCE: Duration = Duration::from_mins(1);
/// Periods of one list that are looked back at.
const BACK: usize = 31;
/// Periods before these that are counted at most: those of a week of a list that is due every ten minutes.
const COUNTED: u32 = 1_000;
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

    /// The periods that ended since anything is known of their list, and had no run that was signed off. They are looked for
    /// again once there can be others: a period ended, or a run or the configuration is another one.
    fn missed(&mut self) -> Vec<Statement> {
        let now = self.now.utc;
        let holds = |known: &MissedPeriods| known.found_at <= now && known.next.is_none_or(|next| now < next);
        if !self.checklists.missed.as_ref().is_some_and(holds) {
            let is_on_record = |row: &ChecklistMissed| self.checklists.records.contains_key(&row.run);
            let superseded = self.checklists.superseded.iter().filter(|row| !is_on_record(row)).cloned();
            let missed =
                self.config.checklists.iter().flat_map(|list| self.missed_of(list)).chain(superseded).collect();
            let zone = self.config.console.timezone;
            let next = |list: &Checklist| list.at.as_ref()?.next(now, list.zone(zone));
            let next = self.config.checklists.iter().filter_map(next).min();
            self.checklists.missed = Some(MissedPeriods { found_at: now, next, missed });
        }
        let missed = self.checklists.missed.iter().flat_map(|known| &known.missed);
        missed.cloned().map(Statement::ChecklistMissed).collect()
    }

    /// Since when a list is due as it is now, as far as that is known: since the reload that made it so; else since the first
    /// run after the last one that was due by another schedule, and at the latest since the start. What was due by another one
    /// has its rows; what this one would have asked before it was written was not missed.
    pub(super) fn scheduled_since(&self, list: &Checklist, schedule: Option<&str>) -> DateTime<Utc> {
        if let Some(since) = self.checklists.scheduled.get(&list.name) {
            return *since;
        }
        let runs = || self.checklist_runs().filter(|run| run.checklist == list.name);
        // Rows that do not say it, before the first that does, are of a time in which no row did.
        let says = runs().filter(|run| run.schedule.is_some()).filter_map(|run| run.due).min();
        let is_other = |run: &&ChecklistRecord| match &run.schedule {
            Some(said) => Some(&**said) != schedule,
            None => run.due.zip(says).is_some_and(|(due, says)| due < says),
        };
        let other = runs().filter(is_other).filter_map(|run| run.due).max();
        let first = runs().filter(|run| !is_other(run)).filter_map(|run| run.due);
        let first = first.filter(|due| other.is_none_or(|other| other < *due)).min();
        first.map_or(self.started.utc, |first| first.min(self.started.utc))
    }

    /// Lists that are due otherwise by the configuration that follows, or that come with it, are so from now on. A round that
    /// nobody did in time is missed then: by the new schedule nobody would ask for it.
    pub(in crate::world) fn reschedule_checklists(&mut self, config: &Config) {
        let before = Arc::clone(&self.config);
        let zone = before.console.timezone;
        for list in &config.checklists {
            let known = before.checklist(&list.name);
            if known.and_then(|known| known.schedule(zone)) != list.schedule(config.console.timezone) {
                let lost = known.and_then(|known| self.not_done_in_time(known));
                self.checklists.superseded.extend(lost);
                self.checklists.scheduled.insert(list.name.clone(), self.now.utc);
            }
        }
    }

    /// The row of the present round of a list, where its time is over and nobody began it.
    fn not_done_in_time(&self, list: &Checklist) -> Option<ChecklistMissed> {
        let (now, zone) = (self.now.utc, self.config.console.timezone);
        let (due, _) = list.period(now, zone)?;
        let (run, schedule) = (run_id(&list.name, Some(due), now), list.schedule(zone));
        // What this schedule would have asked before it was written was not missed, though the list is shown as missed for
        // the round of one before.
        let is_asked = due >= self.scheduled_since(list, schedule.as_deref());
        let is_lost = matches!(self.list_view(list).state, ListStanding::Late | ListStanding::Missed);
        let is_missed = is_asked && is_lost && self.checklist_run(&run).is_none();
        is_missed.then(|| missed_row(list, schedule, run, (due, now)))
    }

    /// Those of one list, oldest first: each a row of its own as far as [`BACK`] goes, and with the oldest of these how many
    /// went by before it.
    pub(super) fn missed_of(&self, list: &Checklist) -> Vec<ChecklistMissed> {
        let (now, zone) = (self.now.utc, self.config.console.timezone);
        let Some(present) = list.period(now, zone) else { return Vec::new() };
        let mut ended = present.0;
        let schedule = list.schedule(zone);
        // What went by before anybody used the list was not missed.
        let since = self.scheduled_since(list, schedule.as_deref());
        let due_before = |ended: DateTime<Utc>| {
            let due = list.last_due(ended - chrono::Duration::nanoseconds(1), zone)?;
            (due >= since).then(|| (due, run_id(&list.name, Some(due), now)))
        };
        let row = |run: Name, due, ended| missed_row(list, schedule.clone(), run, (due, ended));
        let mut missed: Vec<ChecklistMissed> = Vec::new();
        for _ in 0..BACK {
            let Some((due, run)) = due_before(ended) else { break };
            if self.checklist_run(&run).is_none_or(ChecklistRecord::is_open) {
                missed.push(row(run, due, ended));
            }
            ended = due;
        }
        // What was left open longer ago has a row already, which ends too.
        let is_left = |run: &&ChecklistRecord| run.is_open() && !self.goes_on(run, list, Some(present));
        let left_open = self.checklist_runs().filter(|run| run.checklist == list.name).filter(is_left);
        let left_open = left_open.filter_map(|run| Some((run, run.due.filter(|due| *due < ended)?)));
        let next = |due| list.at.as_ref().and_then(|at| at.next(due, list.zone(zone))).unwrap_or(due);
        let left_open: Vec<_> = left_open.map(|(run, due)| row(run.id.clone(), due, next(due))).collect();
        if let Some(oldest) = missed.last_mut().filter(|oldest| oldest.due == ended) {
            for _ in 0..COUNTED {
                let Some((due, run)) = due_before(ended) else { break };
                match self.checklist_run(&run) {
                    None => oldest.more += 1,
                    Some(known) if known.is_open() => {}
                    Some(_) => break,
                }
                ended = due;
            }
        }
        missed.extend(left_open);
        missed.order_by_key(|row| row.due);
        missed
    }
}

/// The row of a period of a list, from when it was due to when it ended.
fn missed_row(
    list: &Checklist,
    schedule: Option<String>,
    run: Name,
    (due, ended): (DateTime<Utc>, DateTime<Utc>),
) -> ChecklistMissed {
    let (checklist, title) = (list.name.clone(), SafeText::new(&list.title));
    ChecklistMissed { run, checklist, title, due, ended, schedule, more: 0 }
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
