//! A run as it stands now: what is on record, and what is measured at this moment.

use chrono::{DateTime, Utc};

use crate::config::sections::checklist::{Checklist, ChecklistStep, StepTask, StepWhen};
use crate::config::substitute;
use crate::model::checklist::{StepCounts, StepKind, StepState};
use crate::model::run::Run;
use crate::model::shell;
use crate::model::thing::{ChecklistRecord, StepAnswer, StepRecord};
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::World;

use super::sense::MeasuredNow;

/// A pass that was measured holds for so long where nothing can be measured any more.
const HOLDS: chrono::Duration = chrono::Duration::minutes(15);

/// A run as it stands now.
#[derive(Debug, Clone)]
pub(crate) struct ChecklistRound<'a> {
    /// What is on record.
    pub record: &'a ChecklistRecord,
    /// The list as it is configured now; `None`: it is not any more.
    pub list: Option<&'a Checklist>,
    /// The steps, in their order.
    pub steps: Vec<RoundStep<'a>>,
    /// The signed run before it.
    pub before: Option<&'a ChecklistRecord>,
}

/// A step as it stands now.
#[derive(Debug, Clone)]
pub(crate) struct RoundStep<'a> {
    /// What is on record.
    pub record: &'a StepRecord,
    /// As it is configured now, where the list is still the one that was begun.
    pub config: Option<&'a ChecklistStep>,
    /// How it stands.
    pub state: StepState,
    /// What was found.
    pub value: Option<SafeText>,
    /// When that was measured; `None`: a person said it, or it is not known.
    pub measured_at: Option<DateTime<Utc>>,
    /// Whether it is an answer that is too old to be believed.
    pub stale: bool,
    /// Whether its action runs.
    pub running: bool,
    /// Whether its answer waits on disk for a store that is away.
    pub queued: bool,
    /// Title with what earlier steps found.
    pub title: SafeText,
    /// The gate before it that is not passed.
    pub gate: Option<SafeText>,
    /// What was found in the signed run before.
    pub before: Option<&'a StepAnswer>,
}

impl RoundStep<'_> {
    /// What is said of an answer that waits on disk.
    pub(crate) const QUEUED: &'static str = "queued on disk, recorded once the store is back";

    /// Its id.
    pub(crate) fn id(&self) -> &Name {
        &self.record.asked.id
    }

    /// How it is answered.
    pub(crate) fn kind(&self) -> StepKind {
        self.record.asked.kind
    }

    /// Whether it was measured again since it was found to be so. A record is exact to the millisecond, a measure to less.
    pub(crate) fn is_measured_again(&self) -> bool {
        let found = self.answer().filter(|answer| answer.sensed).map(|answer| answer.at);
        found.zip(self.measured_at).is_some_and(|(found, measured)| measured - found >= chrono::Duration::seconds(1))
    }

    /// What was found by the record.
    pub(crate) fn recorded_value(&self) -> Option<&SafeText> {
        self.record.answer.as_ref()?.value.as_ref()
    }

    /// Whether a person said that what is measured fails: what is measured counts again once that is taken back.
    pub(crate) fn is_overruled(&self) -> bool {
        let is_said =
            self.record.answer.as_ref().is_some_and(|answer| answer.is_decided() && !answer.state.is_passed_over());
        is_said && self.kind().is_sensed()
    }

    /// The answer on record, where it is the one that holds.
    pub(crate) fn answer(&self) -> Option<&StepAnswer> {
        self.record.answer.as_ref().filter(|answer| answer.state == self.state)
    }
}

impl ChecklistRound<'_> {
    /// How its steps stand.
    pub(crate) fn counts(&self) -> StepCounts {
        StepCounts::of(self.steps.iter().map(|step| step.state))
    }

    /// The first step that needs a person: after `after`, else from the beginning.
    pub(crate) fn next_open(&self, after: Option<usize>) -> Option<usize> {
        let is_left = |at: &usize| self.steps.get(*at).is_some_and(|step| !step.state.is_terminal());
        let from = after.map_or(0, |after| after + 1);
        (from..self.steps.len()).find(is_left).or_else(|| (0..from.min(self.steps.len())).find(is_left))
    }

    /// The place of a step.
    pub(crate) fn place_of(&self, id: &str) -> Option<usize> {
        self.steps.iter().position(|step| **step.id() == *id)
    }

    /// Whether the list was changed since it was begun, and so the steps are those of before.
    pub(crate) fn is_outdated(&self) -> bool {
        self.record.is_open() && self.list.is_none_or(|list| list.digest() != self.record.digest)
    }

    /// Whether the list is another one than in the run before.
    pub(crate) fn is_changed(&self) -> bool {
        self.before.is_some_and(|before| before.digest != self.record.digest)
    }

    /// For how long it has been going on, or went on.
    pub(crate) fn took(&self, now: DateTime<Utc>) -> Option<chrono::Duration> {
        let (began, _) = self.record.started.as_ref()?;
        Some((self.record.ended_at().unwrap_or(now) - *began).max(chrono::Duration::zero()))
    }

    /// A text with what earlier steps found in the place of their names; what was not found yet stays as it is written.
    pub(crate) fn filled(&self, text: &str) -> String {
        filled(text, self.list, self.record)
    }

    /// A command as a shell reads it, with what earlier steps found; where something was not found yet, as it is written.
    pub(crate) fn command_line(&self, argv: &[String]) -> String {
        self.arguments(argv).map_or_else(|_| shell::quoted_line(argv), |argv| shell::quoted_line(&argv))
    }

    /// The arguments of a command.
    ///
    /// # Errors
    /// The name of what was not found yet.
    pub(crate) fn arguments(&self, argv: &[String]) -> Result<Vec<String>, String> {
        let found = |name: &str| found(name, self.list, self.record).ok_or(substitute::ReferenceFault::Unknown);
        argv.iter().map(|word| substitute::argument(word, found).map_err(|(name, _)| name)).collect()
    }
}

/// What was found in the step of a name.
fn found(name: &str, list: Option<&Checklist>, record: &ChecklistRecord) -> Option<String> {
    let step = list?.steps.iter().rev().find(|step| step.name.as_deref() == Some(name))?;
    Some(record.step(&step.id)?.answer.as_ref()?.value.as_ref()?.to_string())
}

fn filled(text: &str, list: Option<&Checklist>, record: &ChecklistRecord) -> String {
    let value = |name: &str| Ok(found(name, list, record).unwrap_or_else(|| format!("{{{name}}}")));
    substitute::argument(text, value).unwrap_or_else(|_| text.to_owned())
}

impl World {
    /// A run as it stands now.
    pub(crate) fn round<'a>(&'a self, record: &'a ChecklistRecord) -> ChecklistRound<'a> {
        self.round_by(record, true)
    }

    /// A run as it stands on record: for who measures nothing, and would take every pass for one that can't be told any more.
    pub(crate) fn round_on_record<'a>(&'a self, record: &'a ChecklistRecord) -> ChecklistRound<'a> {
        self.round_by(record, false)
    }

    fn round_by<'a>(&'a self, record: &'a ChecklistRecord, measures: bool) -> ChecklistRound<'a> {
        let list = self.config.checklist(&record.checklist);
        let began = |run: &ChecklistRecord| run.started.as_ref().map(|(at, _)| *at);
        let earlier = self.runs_of_checklist(&record.checklist).into_iter();
        let before = earlier
            .filter(|run| run.id != record.id && run.signed.is_some() && began(run) < began(record))
            .max_by_key(|run| began(run));
        let steps = record.steps.iter().map(|step| self.round_step(record, step, list, before, measures)).collect();
        let mut round = ChecklistRound { record, list, steps, before };
        round.close_behind_gates();
        round
    }

    fn round_step<'a>(
        &self,
        record: &'a ChecklistRecord,
        step: &'a StepRecord,
        list: Option<&'a Checklist>,
        before: Option<&'a ChecklistRecord>,
        measures: bool,
    ) -> RoundStep<'a> {
        let is_same = |one: &&ChecklistStep| one.id == step.asked.id && one.kind() == step.asked.kind;
        let config = list.and_then(|list| list.steps.iter().find(is_same));
        let before = before.and_then(|before| before.step(&step.asked.id)).and_then(|step| step.answer.as_ref());
        let title = SafeText::new(&filled(step.asked.title.as_str(), list, record));
        let value = step.answer.as_ref().and_then(|answer| answer.value.clone());
        let measured_at = step.answer.as_ref().and_then(|answer| answer.measured_at);
        let mut found = RoundStep {
            record: step,
            config,
            state: step.state(),
            value,
            measured_at,
            stale: false,
            running: false,
            queued: self.checklists.is_queued(&record.id, &step.asked.id),
            title,
            gate: None,
            before,
        };
        if measures && record.is_open() && !step.answer.as_ref().is_some_and(StepAnswer::is_decided) {
            self.measure_step(record, config, &mut found);
        }
        found
    }

    /// How a step stands by what is measured now.
    fn measure_step(&self, record: &ChecklistRecord, config: Option<&ChecklistStep>, step: &mut RoundStep<'_>) {
        let Some(config) = config else { return };
        if let Some(why) = self.why_not_applicable(record, config) {
            let is_answered = step.record.answer.as_ref().is_some_and(|answer| !answer.sensed);
            if !is_answered {
                (step.state, step.value) = (StepState::NotApplicable, Some(why));
            }
            return;
        }
        // What applies again is asked again.
        if step.state == StepState::NotApplicable {
            (step.state, step.value) = (StepState::Open, None);
        }
        let measured = match &config.task {
            StepTask::Auto(sensed) => self.measure(sensed),
            StepTask::Action(action) => {
                let run = self.run_of_step(record, action);
                step.running = run.is_some_and(|run| run.state.is_open());
                match run {
                    Some(run) => measured_of_run(run),
                    None => return,
                }
            }
            _ => return,
        };
        let known = step.record.answer.as_ref().filter(|answer| answer.state == StepState::Passed);
        // A failure on record stands until something newer is known.
        if measured.holds.is_none() && step.record.state() == StepState::Failed {
            return;
        }
        match measured.holds {
            Some(holds) => step.state = if holds { StepState::Passed } else { StepState::Failed },
            None if known.is_some_and(|known| self.now.utc - known.at < HOLDS) => return,
            None => (step.state, step.stale) = (StepState::Open, known.is_some()),
        }
        step.measured_at = measured.at.or(step.measured_at);
        step.value = Some(measured.value);
    }

    /// Why a step does not apply; `None`: it does, or that can't be told.
    pub(super) fn why_not_applicable(&self, record: &ChecklistRecord, step: &ChecklistStep) -> Option<SafeText> {
        let list = self.config.checklist(&record.checklist);
        let zone = list.map_or(self.config.console.timezone, |list| list.zone(self.config.console.timezone));
        let day = record.due.or_else(|| record.started.as_ref().map(|(at, _)| *at)).unwrap_or(self.now.utc);
        step.when.iter().find_map(|when| match when {
            StepWhen::Day(days) => {
                (!days.is_on_day_of(day, zone)).then(|| SafeText::new(&format!("only {}", days.written())))
            }
            StepWhen::Holds(sensed) => {
                let measured = self.measure(sensed);
                let text = || SafeText::new(&format!("only while {} ({})", sensed.written(), measured.value));
                (measured.holds == Some(false)).then(text)
            }
        })
    }

    /// The latest run of an action since a run of a checklist began.
    pub(crate) fn run_of_step(&self, record: &ChecklistRecord, action: &Name) -> Option<&Run> {
        let (began, _) = record.started.as_ref()?;
        let of_step = |run: &&Run| run.action == *action && !run.dry_run && run.started_at >= *began;
        self.all_runs().into_iter().find(of_step)
    }
}

impl ChecklistRound<'_> {
    /// Notes of each step which gate keeps it closed.
    fn close_behind_gates(&mut self) {
        let mut gate: Option<SafeText> = None;
        for step in &mut self.steps {
            step.gate.clone_from(&gate);
            if gate.is_none() && step.record.asked.gate && !step.state.is_terminal() {
                gate = Some(step.title.clone());
            }
        }
    }
}

fn measured_of_run(run: &Run) -> MeasuredNow {
    let holds = if run.state.is_open() { None } else { Some(run.state.is_good()) };
    MeasuredNow { holds, value: SafeText::new(&run.outcome()), at: run.ended_at }
}
