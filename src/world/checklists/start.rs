//! The start of a run: what is asked in it, what was deferred to it, which results are taken over.

use chrono::{DateTime, Utc};

use super::due::ListStanding;
use crate::config::sections::checklist::Checklist;
use crate::model::checklist::{MAX_STEPS, StepKind, StepState, run_id};
use crate::model::fact::{AskedStep, ChecklistMissed, ChecklistStarted, ChecklistStepped, ReusedResult, Statement};
use crate::model::maintenance::clock_with_zone;
use crate::model::thing::{ChecklistRecord, DEFERRED_FOR};
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::World;
use crate::world::checklist_records::{carried_id, deferral};

impl World {
    /// What is said to begin a run of a list now.
    ///
    /// # Errors
    /// Why it can't be begun: the run of this period goes on, or is over.
    pub(crate) fn start_checklist(&self, list: &Checklist) -> Result<Vec<Statement>, String> {
        let (now, zone) = (self.now.utc, list.zone(self.config.console.timezone));
        let view = self.list_view(list);
        if let Some(run) = view.run.filter(|_| view.state != ListStanding::OnDemand) {
            let by = run.signed.as_ref().map_or_else(String::new, |signed| {
                format!(" by {} {}", signed.by, clock_with_zone(signed.at, now, zone))
            });
            let next = view.again.map_or_else(String::new, |again| clock_with_zone(again, now, zone));
            return Err(if run.is_open() {
                format!("{} is under way", list.title)
            } else if run.missed.is_some() {
                format!("{} was missed; it is due again {next}", list.title)
            } else {
                format!("{} is signed off already{by}; it is due again {next}", list.title)
            });
        }
        let period = view.due.zip(view.again);
        let run = run_id(&list.name, period.map(|(due, _)| due), now);
        let mut steps: Vec<AskedStep> = self.deferred_to(list).collect();
        steps.extend(list.steps.iter().map(|step| AskedStep {
            id: step.id.clone(),
            title: SafeText::new(&step.title),
            kind: step.kind(),
            killer: step.killer,
            gate: step.gate,
            from: None,
        }));
        steps.truncate(MAX_STEPS);
        let started = ChecklistStarted {
            run: run.clone(),
            checklist: list.name.clone(),
            title: SafeText::new(&list.title),
            due: period.map(|(due, _)| due),
            until: period.filter(|_| view.late_from.is_some()).map(|period| list.late_from(period)),
            schedule: list.schedule(self.config.console.timezone),
            budget_s: list.budget.map(|budget| budget.as_secs()),
            digest: list.digest(),
            steps,
        };
        let is_open = |missed: &ChecklistMissed| self.checklist_run(&missed.run).is_some_and(ChecklistRecord::is_open);
        let left_open = self.missed_of(list).into_iter().filter(is_open);
        let mut said: Vec<Statement> = left_open.map(Statement::ChecklistMissed).collect();
        said.push(Statement::ChecklistStarted(Box::new(started)));
        said.extend(self.reused(list, &run, now));
        Ok(said)
    }

    /// The steps that runs of other lists deferred to this one and that none of its runs has finished. Where one begins no
    /// other goes on: what is open in an earlier one was missed with it, and is asked again.
    fn deferred_to<'a>(&'a self, list: &'a Checklist) -> impl Iterator<Item = AskedStep> + 'a {
        let since = self.now.utc - DEFERRED_FOR;
        self.checklist_runs().flat_map(move |run| {
            let deferred = run.steps.iter().filter(move |step| {
                let is_here = deferral(step).is_some_and(|(to, at)| at >= since && *to == list.name);
                is_here && !self.checklists.is_finished(&list.name, &carried_id(run, step))
            });
            deferred.map(move |step| AskedStep {
                id: carried_id(run, step),
                title: SafeText::new(&format!("{} (deferred from {})", step.asked.title, run.title)),
                kind: StepKind::Confirm,
                killer: step.asked.killer,
                gate: false,
                from: Some(run.id.clone()),
            })
        })
    }

    /// The results of the run before that are taken over.
    fn reused(&self, list: &Checklist, run: &Name, now: DateTime<Utc>) -> Vec<Statement> {
        let earlier = self.runs_of_checklist(&list.name);
        let reused = list.steps.iter().filter_map(|step| {
            let within = chrono::Duration::from_std(step.reuse?).ok()?;
            earlier.iter().find_map(|before| {
                let answer = before.step(&step.id)?.answer.as_ref()?;
                let (from, at) = match &answer.reused {
                    Some(known) => (known.run.clone(), known.at),
                    None => (before.id.clone(), answer.at),
                };
                (answer.state == StepState::Passed && at <= now && now - at < within).then(|| ChecklistStepped {
                    run: run.clone(),
                    checklist: list.name.clone(),
                    step: step.id.clone(),
                    title: SafeText::new(&step.title),
                    state: StepState::Passed,
                    sensed: answer.sensed,
                    value: answer.value.clone(),
                    measured_at: answer.measured_at,
                    limit: answer.limit.clone(),
                    reason: None,
                    evidence: answer.evidence.clone(),
                    to: None,
                    reused: Some(ReusedResult { run: from, at }),
                })
            })
        });
        reused.map(|stepped| Statement::ChecklistStepped(Box::new(stepped))).collect()
    }
}

/// The run that is begun by these.
pub(crate) fn begun(said: &[Statement]) -> Option<Name> {
    said.iter().find_map(|said| match said {
        Statement::ChecklistStarted(started) => Some(started.run.clone()),
        _ => None,
    })
}
