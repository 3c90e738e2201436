//! What a person says in a run: answers, reasons, notes, the sign-off. Each gives what is to be put on record, or why not.

use chrono::{DateTime, Utc};

use super::round::{ChecklistRound, RoundStep};
use crate::config::sections::checklist::{ChecklistStep, StepTask, typed_number};
use crate::lang::unit;
use crate::model::checklist::{
    ChecklistRefusal, CommandResult, EVIDENCE_BYTES, KILLER_REASON, REASON, StepCounts, StepKind, StepState,
    TYPED_BYTES, is_fast,
};
use crate::model::fact::{ChecklistNoted, ChecklistSigned, ChecklistStepped, NewFact, Statement};
use crate::model::maintenance::clock_with_zone;
use crate::model::thing::ChecklistRecord;
use crate::text::SafeText;
use crate::text::count::first_names;
use crate::text::name::Name;
use crate::world::World;

/// What a person says of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StepSaying {
    /// It is so; with what was found, where something is to be typed.
    Pass(String),
    /// It is not so, and why.
    Fail(String),
    /// It is left out, and why.
    Skip(String),
    /// It fails and that is accepted, and why.
    Waive(String),
    /// It is put off, and why; to this list, or the next one.
    Defer(String, Option<Name>),
    /// It is to be answered again.
    Reopen,
}

impl World {
    /// What is said of a step.
    ///
    /// # Errors
    /// Why it can't be said: too short a reason, a number that is none, somebody was first.
    pub(crate) fn say_step(&self, run: &str, step: &str, saying: &StepSaying) -> Result<Vec<Statement>, String> {
        let (round, at) = self.found_step(run, step)?;
        let found = &round.steps[at];
        let mut said = blank(&round, found);
        match saying {
            StepSaying::Pass(typed) => pass(found, typed, &mut said)?,
            StepSaying::Fail(why) => {
                said.state = StepState::Failed;
                said.reason = Some(bounded(if why.trim().is_empty() { "looks wrong" } else { why }));
            }
            StepSaying::Skip(why) => passed_over(found, StepState::Skipped, why, &mut said)?,
            StepSaying::Waive(why) => passed_over(found, StepState::Waived, why, &mut said)?,
            StepSaying::Defer(why, to) => {
                passed_over(found, StepState::Deferred, why, &mut said)?;
                said.to = Some(self.deferral_of(&round.record.checklist, to.as_ref())?);
            }
            StepSaying::Reopen => {
                said.state = StepState::Open;
                (said.value, said.measured_at) = (None, None);
            }
        }
        self.admitted(&round, vec![said])
    }

    /// What is said of a step whose command has ended.
    ///
    /// # Errors
    /// The run is over, or does not take it.
    pub(crate) fn say_result(&self, run: &str, step: &str, result: &CommandResult) -> Result<Vec<Statement>, String> {
        let (round, at) = self.found_step(run, step)?;
        let mut said = blank(&round, &round.steps[at]);
        said.sensed = true;
        said.state = if result.passed { StepState::Passed } else { StepState::Failed };
        (said.value, said.measured_at) = (Some(result.value.clone()), Some(self.now.utc));
        said.evidence = Some(head(&result.output, EVIDENCE_BYTES)).filter(|text| !text.is_empty());
        self.admitted(&round, vec![said])
    }

    /// A note on a step, or on the run.
    ///
    /// # Errors
    /// It is empty, or too many.
    pub(crate) fn say_note(&self, run: &str, step: Option<&Name>, text: &str) -> Result<Vec<Statement>, String> {
        let record = self.found_run(run)?;
        if text.trim().is_empty() {
            return Err("an empty note says nothing".to_owned());
        }
        let (run, checklist) = (record.id.clone(), record.checklist.clone());
        let noted = ChecklistNoted { run, checklist, step: step.cloned(), text: bounded(text) };
        let said = Statement::ChecklistNoted(noted);
        ChecklistRecord::admits(Some(record), &said).map_err(|refusal| self.not_taken(record, &refusal))?;
        Ok(vec![said])
    }

    /// The sign-off, with what is measured at this moment before it: the values that are signed are those that were shown.
    ///
    /// # Errors
    /// Steps are not finished, as they stand on the screen, or it is signed off already.
    pub(crate) fn say_signed(&self, run: &str) -> Result<Vec<Statement>, String> {
        let record = self.found_run(run)?;
        record.unchanging().map_err(|refusal| self.not_taken(record, &refusal))?;
        let round = self.round(record);
        let mut left = round.steps.iter().filter(|step| !step.state.is_terminal());
        if let Some(first) = left.next() {
            let refusal = ChecklistRefusal::Unfinished(1 + left.count(), first.title.clone());
            return Err(self.not_taken(record, &refusal));
        }
        let mut said = self.news(&round, |step| turned(step) || step.value.as_ref() != step.recorded_value());
        let after = after(record, &said);
        let digest = after.run_digest();
        let counts = after.counts();
        let outcome = SafeText::new(&counts.describe());
        let fast = self.went_fast(record);
        let (run, checklist) = (record.id.clone(), record.checklist.clone());
        let signed = Statement::ChecklistSigned(ChecklistSigned { run, checklist, digest, outcome, fast });
        ChecklistRecord::admits(Some(&after), &signed).map_err(|refusal| self.not_taken(record, &refusal))?;
        said.push(signed);
        Ok(said)
    }

    /// Whether the steps that only a person can answer were passed faster than anybody looks.
    fn went_fast(&self, record: &ChecklistRecord) -> bool {
        let by_hand = |state: StepState, kind: StepKind| state == StepState::Passed && kind.is_manual();
        let answered = record.steps.iter().filter(|step| by_hand(step.state(), step.asked.kind));
        let answered = answered.filter(|step| step.answer.as_ref().is_some_and(|answer| answer.reused.is_none()));
        let began = record.started.as_ref().map_or(self.now.utc, |(at, _)| *at);
        is_fast(answered.count(), self.now.utc - began)
    }

    /// What is measured of a run and differs from what is on record.
    pub(crate) fn measured_news(&self, record: &ChecklistRecord) -> Vec<Statement> {
        self.news(&self.round(record), turned)
    }

    /// What is measured of those steps that `is_news`.
    fn news(&self, round: &ChecklistRound<'_>, is_news: impl Fn(&RoundStep<'_>) -> bool) -> Vec<Statement> {
        let news = round.steps.iter().filter(|step| {
            let is_measured = step.kind().is_sensed() && step.config.is_some();
            let settled = matches!(step.state, StepState::Passed | StepState::Failed) && is_measured;
            let applies = StepState::NotApplicable;
            let is_about = settled || step.state == applies || step.record.state() == applies;
            is_about && !step.stale && is_news(step)
        });
        let said = news.map(|step| {
            let mut said = blank(round, step);
            (said.sensed, said.state) = (true, step.state);
            if let StepTask::Action(action) = &step.config.map_or(&StepTask::Confirm, |config| &config.task) {
                let run = self.run_of_step(round.record, action);
                said.evidence = run.map(|run| SafeText::new(&format!("run {}", run.id)));
            }
            Statement::ChecklistStepped(Box::new(said))
        });
        said.collect()
    }

    /// Why nothing can be said of a step now, whatever it is: so that nobody types a reason that is refused then. `skips`: it is
    /// to be left out.
    ///
    /// # Errors
    /// The round stops before it, the run is over, or a gate would be left out.
    pub(crate) fn takes_word_on(&self, run: &str, step: &str, skips: bool) -> Result<(), String> {
        let (round, at) = self.found_step(run, step)?;
        let (record, step) = (round.record, &round.steps[at]);
        record.unchanging().map_err(|refusal| self.not_taken(record, &refusal))?;
        if let Some(gate) = &step.gate {
            return Err(self.not_taken(record, &ChecklistRefusal::Gated(gate.clone())));
        }
        if skips && step.record.asked.gate { Err(GATE_IS_NOT_SKIPPED.to_owned()) } else { Ok(()) }
    }

    /// Why the command or the action of a step is not started now: what would come of it is not asked, or not taken.
    ///
    /// # Errors
    /// The round stops before it, the run is over, the step does not apply, or a person decided it.
    pub(crate) fn takes_result_of(&self, run: &str, step: &str) -> Result<(), String> {
        self.takes_word_on(run, step, false)?;
        let (round, at) = self.found_step(run, step)?;
        let found = &round.steps[at];
        if found.state == StepState::NotApplicable {
            let why = found.value.as_ref().map_or_else(String::new, |value| format!(": {value}"));
            return Err(format!("{} does not apply{why}", found.title));
        }
        match found.record.answer.as_ref().filter(|answer| answer.is_decided()) {
            Some(answer) => {
                Err(format!("{}: {} by {}; take that back first", found.title, answer.state.word(), answer.by))
            }
            None => Ok(()),
        }
    }

    fn found_run(&self, run: &str) -> Result<&ChecklistRecord, String> {
        self.checklist_run(run).ok_or_else(|| ChecklistRefusal::NoRun(run.into()).describe(|_| String::new()))
    }

    fn found_step(&self, run: &str, step: &str) -> Result<(ChecklistRound<'_>, usize), String> {
        let round = self.round(self.found_run(run)?);
        let at = round.place_of(step);
        let at = at.ok_or_else(|| ChecklistRefusal::NoStep(step.into()).describe(|_| String::new()))?;
        Ok((round, at))
    }

    /// The list to which something of a list is deferred: the one that is named, else the one that is due next.
    ///
    /// # Errors
    /// There is no such list, or none is due.
    pub(crate) fn deferral_of(&self, checklist: &Name, to: Option<&Name>) -> Result<Name, String> {
        let others = || self.config.checklists.iter().filter(|list| list.name != *checklist);
        if let Some(name) = to {
            let found = others().find(|list| list.name == *name).map(|list| list.name.clone());
            return found.ok_or_else(|| {
                let names: Vec<&str> = others().map(|list| &*list.name).collect();
                format!("no other checklist named `{name}`; there are: {}", first_names(&names, ToString::to_string))
            });
        }
        let next = self.next_list(checklist).map(|(name, _)| name);
        next.ok_or_else(|| match others().next() {
            Some(_) => "no other checklist is due by itself, to defer it to".to_owned(),
            None => "no other checklist to defer it to".to_owned(),
        })
    }

    /// The other list that is due next, and when.
    pub(crate) fn next_list(&self, than: &str) -> Option<(Name, DateTime<Utc>)> {
        let (now, zone) = (self.now.utc, self.config.console.timezone);
        let due = self.config.checklists.iter().filter(|list| *list.name != *than).filter_map(|list| {
            let next = list.at.as_ref()?.next(now, list.zone(zone))?;
            Some((list.name.clone(), next))
        });
        due.min_by_key(|(_, next)| *next)
    }

    /// What is measured and differs from the record first, so that a gate is as it is now, and then what is said.
    fn admitted(&self, round: &ChecklistRound<'_>, said: Vec<ChecklistStepped>) -> Result<Vec<Statement>, String> {
        let mut all = self.measured_news(round.record);
        let about =
            |one: &Statement, step: &Name| matches!(one, Statement::ChecklistStepped(known) if known.step == *step);
        // Of the step itself only what is said: a person decides over what is measured.
        all.retain(|one| {
            !said.iter().any(|said| about(one, &said.step) && !said.sensed && said.state.is_passed_over())
        });
        let mut record = after(round.record, &all);
        for said in said {
            let said = Statement::ChecklistStepped(Box::new(said));
            ChecklistRecord::admits(Some(&record), &said).map_err(|refusal| self.not_taken(round.record, &refusal))?;
            record = after(&record, std::slice::from_ref(&said));
            all.push(said);
        }
        Ok(all)
    }

    /// Why a run does not take something, by the clocks of its list.
    fn not_taken(&self, record: &ChecklistRecord, refusal: &ChecklistRefusal) -> String {
        let console = self.config.console.timezone;
        let zone = self.config.checklist(&record.checklist).map_or(console, |list| list.zone(console));
        refusal.describe(|at| clock_with_zone(at, self.now.utc, zone))
    }
}

const GATE_IS_NOT_SKIPPED: &str = "a gate is not skipped; waive it if its failure is accepted";

/// Whether a step stands otherwise than it does on record.
fn turned(step: &RoundStep<'_>) -> bool {
    step.state != step.record.state()
}

/// A run after these were said of it here and now.
fn after(record: &ChecklistRecord, said: &[Statement]) -> ChecklistRecord {
    let mut record = record.clone();
    for said in said {
        let draft = NewFact {
            id: String::new(),
            at: DateTime::UNIX_EPOCH,
            who: String::new(),
            host: String::new(),
            process: 0,
            late: false,
            said: said.clone(),
        };
        if let Some(next) = ChecklistRecord::after(Some(record.clone()), &draft) {
            record = next;
        }
    }
    record
}

fn blank(round: &ChecklistRound<'_>, step: &RoundStep<'_>) -> ChecklistStepped {
    let limit = step.config.map(ChecklistStep::limit).filter(|limit| !limit.is_empty());
    ChecklistStepped {
        run: round.record.id.clone(),
        checklist: round.record.checklist.clone(),
        step: step.id().clone(),
        title: step.title.clone(),
        state: step.state,
        sensed: false,
        value: step.value.clone(),
        measured_at: step.measured_at,
        limit: limit.map(|limit| SafeText::new(&limit)),
        reason: None,
        evidence: None,
        to: None,
        reused: None,
    }
}

fn pass(step: &RoundStep<'_>, typed: &str, said: &mut ChecklistStepped) -> Result<(), String> {
    (said.state, said.measured_at) = (StepState::Passed, None);
    let typed = typed.trim();
    let Some(StepTask::Measure(measure)) = step.config.map(|config| &config.task) else {
        if step.kind() == StepKind::Measure {
            return Err("the list was changed: this number is not asked any more; skip it with a reason".to_owned());
        }
        said.value = (!typed.is_empty()).then(|| bounded(typed));
        return Ok(());
    };
    if typed.is_empty() {
        return Err(format!("type the number{}", of_range(said.limit.as_ref())));
    }
    let number = typed_number(typed, &measure.unit)?;
    let unit = if measure.unit.is_empty() { String::new() } else { format!(" {}", measure.unit) };
    said.value = Some(SafeText::new(&format!("{}{unit}", unit::plain(number))));
    let holds = measure.range.iter().all(|one| super::sense::holds(one, number));
    if !holds {
        said.state = StepState::Failed;
        said.reason = Some(SafeText::new(&format!("out of range{}", of_range(said.limit.as_ref()))));
    }
    Ok(())
}

fn of_range(limit: Option<&SafeText>) -> String {
    limit.map_or_else(String::new, |limit| format!(": {limit}"))
}

fn passed_over(step: &RoundStep<'_>, to: StepState, why: &str, said: &mut ChecklistStepped) -> Result<(), String> {
    let least = if step.record.asked.killer { KILLER_REASON } else { REASON };
    let why = why.trim();
    if why.chars().count() < least {
        let killer = if step.record.asked.killer { ", as it is a killer step" } else { "" };
        return Err(format!("say why, in {least} characters or more{killer}"));
    }
    if to == StepState::Skipped && step.record.asked.gate {
        return Err(GATE_IS_NOT_SKIPPED.to_owned());
    }
    (said.state, said.reason) = (to, Some(bounded(why)));
    Ok(())
}

/// A text that a person typed, not longer than it may be.
fn bounded(text: &str) -> SafeText {
    head(&SafeText::new(text.trim()), TYPED_BYTES)
}

fn head(text: &SafeText, most: usize) -> SafeText {
    let mut end = text.len().min(most);
    while !text.as_str().is_char_boundary(end) {
        end -= 1;
    }
    if end == text.len() { text.clone() } else { SafeText::new(&format!("{}…", &text.as_str()[..end])) }
}

/// How a round ended, for an exit code: 0 all passed, 1 something passed over, 2 something failed, 3 something open.
pub(crate) fn exit_of(counts: &StepCounts) -> u8 {
    if counts.failed > 0 {
        2
    } else if counts.open > 0 {
        3
    } else {
        u8::from(counts.passed_over() > 0)
    }
}
