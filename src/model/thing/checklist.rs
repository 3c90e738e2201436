//! Runs of checklists, from their start to the sign-off.
//!
//! *Invariant:* what the record refuses is refused everywhere: the store asks it before it writes, the console before it
//! sends.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::alert::login;
use super::{StoredThing, ThingKey, ThingKind, Things};
use crate::model::checklist::{ChecklistRefusal, MAX_NOTES, StepCounts, StepKind, StepState};
use crate::model::fact::{
    AskedStep, ChecklistMissed, ChecklistStarted, ChecklistStepped, Fact, NewFact, ReusedResult, Statement,
};
use crate::text::SafeText;
use crate::text::coding::to_hex;
use crate::text::name::Name;

/// A run as it is on record, or a period that went by without one. It is open until it is signed off or missed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChecklistRecord {
    /// Its id.
    pub id: Name,
    /// The checklist, by its name in the configuration.
    pub checklist: Name,
    /// How it is shown.
    pub title: SafeText,
    /// When it was due; `None`: on demand.
    pub due: Option<DateTime<Utc>>,
    /// Until when it is on time.
    pub until: Option<DateTime<Utc>>,
    /// By which schedule it was due; `None`: on demand, or not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// So many seconds it may take.
    pub budget_s: Option<u64>,
    /// A digest of its definition.
    pub digest: String,
    /// When it began, and by whom; `None`: it never did.
    pub started: Option<(DateTime<Utc>, SafeText)>,
    /// What is asked, with the answers, in its order.
    pub steps: Vec<StepRecord>,
    /// What was noted, oldest first.
    pub notes: Vec<NotedText>,
    /// The sign-off.
    pub signed: Option<SignOff>,
    /// When its period went by.
    pub missed: Option<DateTime<Utc>>,
    /// Of one that was missed: how many periods right before it went by too and are no runs of their own.
    #[serde(default, skip_serializing_if = "crate::lang::left_out::is_default")]
    pub missed_before: u32,
}

/// A step with its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRecord {
    /// What is asked.
    #[serde(flatten)]
    pub asked: AskedStep,
    /// The answer that holds.
    pub answer: Option<StepAnswer>,
    /// What a person typed before that, oldest first: a mistake may be corrected, and stays on record.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub corrected: Vec<CorrectedText>,
}

/// What a person typed and somebody typed otherwise later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorrectedText {
    /// What.
    pub value: SafeText,
    /// How the step stood with it.
    pub state: StepState,
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: SafeText,
}

/// Corrections of a step that are kept beside it, the first ones; all of them are in the audit.
const MAX_CORRECTED: usize = 20;

/// What was deferred longer ago is not asked any more.
pub(crate) const DEFERRED_FOR: chrono::Duration = chrono::Duration::days(100);

/// How a step was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepAnswer {
    /// How it stands.
    pub state: StepState,
    /// Whether it was measured.
    pub sensed: bool,
    /// What was found.
    pub value: Option<SafeText>,
    /// When that was measured; `None`: a person said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured_at: Option<DateTime<Utc>>,
    /// What it is compared with.
    pub limit: Option<SafeText>,
    /// Why it is so.
    pub reason: Option<SafeText>,
    /// What a command put out, or the run of an action.
    pub evidence: Option<SafeText>,
    /// The list to which it was deferred.
    pub to: Option<Name>,
    /// Where the result was taken from.
    pub reused: Option<ReusedResult>,
    /// When it was found to be so.
    pub at: DateTime<Utc>,
    /// By whom, or on whose console it was measured.
    pub by: SafeText,
}

/// What a person noted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotedText {
    /// The step that it is about; `None`: the run.
    pub step: Option<Name>,
    /// What.
    pub text: SafeText,
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: SafeText,
}

/// The end of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignOff {
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: SafeText,
    /// A digest of the run as it was signed.
    pub digest: String,
    /// Whether it went faster than a person looks.
    pub fast: bool,
}

impl StepAnswer {
    fn new(draft: &NewFact, said: &ChecklistStepped) -> Self {
        let ChecklistStepped { state, sensed, value, measured_at, limit, reason, evidence, to, reused, .. } =
            said.clone();
        let (at, by) = (draft.at, login(&draft.who));
        Self { state, sensed, value, measured_at, limit, reason, evidence, to, reused, at, by }
    }

    /// Whether a person decided it, over what is measured.
    pub(crate) const fn is_decided(&self) -> bool {
        self.state.is_passed_over() || (matches!(self.state, StepState::Failed) && !self.sensed)
    }
}

impl StepRecord {
    /// How it stands on record.
    pub fn state(&self) -> StepState {
        self.answer.as_ref().map_or(StepState::Open, |answer| answer.state)
    }

    /// Takes in an answer, and keeps what a person typed before where that was something else.
    fn answered(&mut self, answer: StepAnswer) {
        let is_typed = matches!(self.asked.kind, StepKind::Measure | StepKind::Ask);
        if let Some(before) = self.answer.take().filter(|before| is_typed && before.value != answer.value)
            && let StepAnswer { value: Some(value), state, at, by, .. } = before
            && self.corrected.len() < MAX_CORRECTED
        {
            self.corrected.push(CorrectedText { value, state, at, by });
        }
        self.answer = Some(answer);
    }
}

impl ChecklistRecord {
    fn started(draft: &NewFact, said: &ChecklistStarted) -> Self {
        let ChecklistStarted { run: id, checklist, title, due, until, schedule, budget_s, digest, steps } =
            said.clone();
        let steps = steps.into_iter().map(|asked| StepRecord { asked, answer: None, corrected: Vec::new() }).collect();
        let started = Some((draft.at, login(&draft.who)));
        Self {
            id,
            checklist,
            title,
            due,
            until,
            schedule,
            budget_s,
            digest,
            started,
            steps,
            notes: Vec::new(),
            signed: None,
            missed: None,
            missed_before: 0,
        }
    }

    fn missed(said: &ChecklistMissed) -> Self {
        let ChecklistMissed { run: id, checklist, title, due, ended, schedule, more } = said.clone();
        Self {
            id,
            checklist,
            title,
            due: Some(due),
            until: None,
            schedule,
            budget_s: None,
            digest: String::new(),
            started: None,
            steps: Vec::new(),
            notes: Vec::new(),
            signed: None,
            missed: Some(ended),
            missed_before: more,
        }
    }

    /// Whether it still goes on.
    pub const fn is_open(&self) -> bool {
        self.signed.is_none() && self.missed.is_none()
    }

    /// When it ended: signed off, or missed.
    pub fn ended_at(&self) -> Option<DateTime<Utc>> {
        self.signed.as_ref().map(|signed| signed.at).or(self.missed)
    }

    /// Whether it was signed off within its window; what is on demand always is.
    pub fn is_on_time(&self) -> bool {
        self.signed.as_ref().is_some_and(|signed| self.until.is_none_or(|until| signed.at < until))
    }

    /// How its steps stand on record.
    pub fn counts(&self) -> StepCounts {
        StepCounts::of(self.steps.iter().map(StepRecord::state))
    }

    /// A step by its id.
    pub fn step(&self, id: &str) -> Option<&StepRecord> {
        self.steps.iter().find(|step| *step.asked.id == *id)
    }

    /// The gate that is not passed yet and stands before a step.
    pub fn gate_before(&self, id: &str) -> Option<&StepRecord> {
        let before = self.steps.iter().take_while(|step| *step.asked.id != *id);
        before.filter(|step| step.asked.gate).find(|step| !step.state().is_terminal())
    }

    /// A digest of what was asked and found, in hex: what is signed. Who said it and when is in the audit, by its own hash.
    pub fn run_digest(&self) -> String {
        let found = self.steps.iter().map(|step| {
            let answer = step.answer.as_ref();
            let value =
                answer.map(|answer| (&answer.value, &answer.limit, &answer.reason, &answer.evidence, &answer.to));
            (&step.asked, step.state(), value)
        });
        let content = (&self.id, &self.digest, found.collect::<Vec<_>>());
        // Plain data always has a form in JSON.
        let text = serde_json::to_vec(&content).unwrap_or_default();
        to_hex(&Sha256::digest(&text))
    }

    /// Why something is not put on record, of which `known` is there.
    ///
    /// # Errors
    /// Why not.
    pub fn admits(known: Option<&Self>, said: &Statement) -> Result<(), ChecklistRefusal> {
        match (said, known) {
            (Statement::ChecklistStarted(_) | Statement::ChecklistMissed(_), None) => Ok(()),
            (Statement::ChecklistStarted(_), Some(known)) => {
                known.unchanging()?;
                let (at, by) = known.started.clone().unwrap_or_default();
                Err(ChecklistRefusal::Begun { by, at })
            }
            (Statement::ChecklistMissed(_), Some(known)) => known.unchanging(),
            (Statement::ChecklistStepped(said), Some(known)) => known.admits_step(said),
            (Statement::ChecklistNoted(_), Some(known)) => {
                // An addendum to what is signed changes nothing of it.
                if known.notes.len() < MAX_NOTES { Ok(()) } else { Err(ChecklistRefusal::Full) }
            }
            (Statement::ChecklistSigned(sign), Some(known)) => {
                known.unchanging()?;
                let mut left = known.steps.iter().filter(|step| !step.state().is_terminal());
                match (left.next(), left.count()) {
                    (Some(first), more) => Err(ChecklistRefusal::Unfinished(more + 1, first.asked.title.clone())),
                    // What is signed is what the person saw.
                    (None, _) if sign.digest != known.run_digest() => Err(ChecklistRefusal::Changed),
                    (None, _) => Ok(()),
                }
            }
            (said, None) => match checklist_run_of(said) {
                Some(run) => Err(ChecklistRefusal::NoRun(run.clone())),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// Refuses where nothing of it changes any more.
    ///
    /// # Errors
    /// It is signed off, or its period went by.
    pub(crate) fn unchanging(&self) -> Result<(), ChecklistRefusal> {
        if let Some(SignOff { at, by, .. }) = &self.signed {
            return Err(ChecklistRefusal::Signed { by: by.clone(), at: *at });
        }
        if self.missed.is_some() { Err(ChecklistRefusal::Missed(self.title.clone())) } else { Ok(()) }
    }

    fn admits_step(&self, said: &ChecklistStepped) -> Result<(), ChecklistRefusal> {
        self.unchanging()?;
        let step = self.step(&said.step).ok_or_else(|| ChecklistRefusal::NoStep(said.step.clone()))?;
        let title = || step.asked.title.clone();
        if !said.sensed && said.state == StepState::Passed && step.asked.kind.is_sensed() {
            return Err(ChecklistRefusal::Measured(title()));
        }
        if let Some(gate) = self.gate_before(&said.step).filter(|_| !said.sensed && said.reused.is_none()) {
            return Err(ChecklistRefusal::Gated(gate.asked.title.clone()));
        }
        let Some(known) = &step.answer else { return Ok(()) };
        let done = || ChecklistRefusal::Done { title: title(), by: known.by.clone(), at: known.at };
        match (said.sensed, known.state) {
            // What a person decided stands over what is measured.
            (true, _) if known.is_decided() => Err(done()),
            (true, state) if state == said.state && known.value == said.value => Err(ChecklistRefusal::Same),
            // A person may say that a pass is wrong, and answer again what failed or is open again.
            (true, _) | (false, StepState::Failed | StepState::Open | StepState::NotApplicable) => Ok(()),
            (false, _) if known.sensed || matches!(said.state, StepState::Failed | StepState::Open) => Ok(()),
            (false, _) => Err(done()),
        }
    }

    /// Takes in what is said of a run, of which `known` is on record; `None`: that is no news.
    pub fn after(known: Option<Self>, draft: &NewFact) -> Option<Self> {
        Self::admits(known.as_ref(), &draft.said).ok()?;
        match (&draft.said, known) {
            (Statement::ChecklistStarted(said), None) => Some(Self::started(draft, said)),
            (Statement::ChecklistMissed(said), None) => Some(Self::missed(said)),
            (Statement::ChecklistMissed(said), Some(known)) => {
                Some(Self { missed: Some(said.ended), missed_before: said.more, ..known })
            }
            (Statement::ChecklistStepped(said), Some(mut known)) => {
                let step = known.steps.iter_mut().find(|step| step.asked.id == said.step)?;
                step.answered(StepAnswer::new(draft, said));
                Some(known)
            }
            (Statement::ChecklistNoted(said), Some(mut known)) => {
                let (step, text) = (said.step.clone(), said.text.clone());
                known.notes.push(NotedText { step, text, at: draft.at, by: login(&draft.who) });
                Some(known)
            }
            (Statement::ChecklistSigned(said), Some(known)) => {
                let (digest, fast) = (said.digest.clone(), said.fast);
                let signed = Some(SignOff { at: draft.at, by: login(&draft.who), digest, fast });
                Some(Self { signed, ..known })
            }
            _ => None,
        }
    }
}

/// The run that something is said of; `None`: it is about something else.
pub(crate) fn checklist_run_of(said: &Statement) -> Option<&Name> {
    match said {
        Statement::ChecklistStarted(said) => Some(&said.run),
        Statement::ChecklistStepped(said) => Some(&said.run),
        Statement::ChecklistNoted(said) => Some(&said.run),
        Statement::ChecklistSigned(said) => Some(&said.run),
        Statement::ChecklistMissed(said) => Some(&said.run),
        _ => None,
    }
}

/// The thing of a run. Its moment comes first: the latest are found, and the oldest let go of, by the order of the keys.
pub(crate) fn checklist_key(run: &str) -> ThingKey {
    let (checklist, at) = run.rsplit_once('@').unwrap_or(("", run));
    ThingKey::new(ThingKind::Checklist, &format!("{at}@{checklist}"))
}

pub(super) fn follow(fact: &Fact, things: &mut Things) {
    let Some(run) = checklist_run_of(fact.said()) else { return };
    let key = checklist_key(run);
    let known = things.get(&key).and_then(StoredThing::read::<ChecklistRecord>);
    if let Some(record) = ChecklistRecord::after(known, &fact.draft) {
        things.write(key, record.is_open(), record.checklist.to_string(), &record, fact.seq);
    }
}

#[cfg(test)]
mod tests;
