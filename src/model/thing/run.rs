//! Runs and the locks they hold.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{ThingKey, ThingKind, Things};
use crate::lang::time::BootTime;
use crate::model::fact::{Fact, RunClosed, RunImported, RunIntended, RunLost, Statement, StepsEnded};
use crate::model::run::{Lock, Run, RunState, Verdict};
use crate::text::SafeText;

/// A run as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRecord {
    /// The run.
    #[serde(flatten)]
    run: Run,
    /// When it began by the clock of its host, or was first seen where its wall clock was wrong.
    began: Option<BootTime>,
    /// Whether it takes the lock.
    pub changing: bool,
}

/// The lock of a target. Its fence outlives who holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldLock {
    /// The last fence that was given.
    pub fence: u64,
    /// Who holds it.
    pub held: Option<Lock>,
}

/// What the attempts of a verb on a target are found by.
pub fn group_of(verb: &str, target: &str) -> String {
    format!("{verb} {target}")
}

impl RunRecord {
    /// The run.
    pub fn into_run(self) -> Run {
        Run { boot: self.began, verdict: self.run.state.verdict(), ..self.run }
    }

    /// Whether it counts as an attempt: what was refused ran nothing.
    pub fn is_attempt(&self) -> bool {
        self.changing && self.run.state != RunState::Refused
    }

    fn ended(&mut self, ended: &StepsEnded) {
        let run = &mut self.run;
        run.ended_at = Some(ended.at);
        let wall = u64::try_from((ended.at - run.started_at).num_milliseconds()).unwrap_or(0);
        run.duration_ms = Some(ended.took_ms.unwrap_or(wall));
        (run.exit_code, run.signal) = (ended.exit_code, ended.signal);
        run.note.clone_from(&ended.note);
    }
}

pub(super) fn follow(fact: &Fact, things: &mut Things) {
    let seq = fact.seq;
    match fact.said() {
        Statement::RunImported(imported) => import(things, imported, seq),
        Statement::RunIntended(intended) => begin(things, fact, intended),
        Statement::RunEnded(end) => change(things, &end.run, seq, |record| {
            record.ended(&end.ended);
            record.run.state = RunState::Verifying;
        }),
        Statement::RunClosed(closed) => close(things, closed, seq),
        Statement::RunLost(RunLost { run, note, ended }) => change(things, run, seq, |record| {
            if let Some(ended) = ended {
                record.ended(ended);
            }
            record.run.state = RunState::Unknown;
            record.run.note = Some(SafeText::new(note));
        }),
        Statement::RunReopened { run } => change(things, run, seq, |record| record.run.state = RunState::Verifying),
        Statement::RunDated(dated) => change(things, &dated.run, seq, |record| record.began = Some(dated.boot)),
        Statement::Unlocked(unlocked) => release(things, &unlocked.target, &unlocked.run, None, seq),
        _ => {}
    }
}

fn import(things: &mut Things, imported: &RunImported, seq: u64) {
    let RunImported { run, boot, changing, lock, fence } = imported;
    keep(things, RunRecord { run: run.clone(), began: *boot, changing: *changing }, seq);
    let known = lock_of(things, &run.target);
    if lock.is_some() || known.is_none() {
        hold(things, &run.target, &HeldLock { fence: *fence, held: lock.clone() }, seq);
    }
}

fn begin(things: &mut Things, fact: &Fact, intended: &RunIntended) {
    let RunIntended { run, action, target, reason, fence, .. } = intended;
    let (at, who, host): (DateTime<Utc>, _, _) = (fact.draft.at, &fact.draft.who, &fact.draft.host);
    let state = RunState::Running;
    let record = Run {
        id: run.clone(),
        action: action.clone(),
        verb: intended.verb.clone(),
        dry_run: intended.dry_run,
        service: intended.service.clone(),
        target: target.clone(),
        who: who.clone(),
        reason: reason.clone(),
        host: host.clone(),
        plan_digest: intended.plan_digest.clone(),
        started_at: at,
        boot: None,
        ended_at: None,
        duration_ms: None,
        outcome_ms: None,
        state,
        verdict: Verdict::None,
        checks: None,
        exit_code: None,
        signal: None,
        output_path: intended.output_path.clone(),
        note: None,
    };
    keep(things, RunRecord { run: record, began: intended.boot, changing: intended.changing }, fact.seq);
    if !intended.changing {
        return;
    }
    let HeldLock { fence: known, held } = lock_of(things, target).unwrap_or(HeldLock { fence: 0, held: None });
    if fact.draft.late && (!intended.holds || held.is_some()) {
        // It is over by now, or its target became another one's: only that its fence was given stays.
        hold(things, target, &HeldLock { fence: known.max(*fence), held }, fact.seq);
    } else {
        let reason = reason.as_ref().map_or_else(|| action.to_string(), |reason| format!("{action}: {reason}"));
        let lock = Lock {
            target: target.clone(),
            id: run.clone(),
            fence: *fence,
            holder: who.clone(),
            host: host.clone(),
            reason,
            since: at,
        };
        hold(things, target, &HeldLock { fence: known.max(*fence), held: Some(lock) }, fact.seq);
    }
}

fn close(things: &mut Things, closed: &RunClosed, seq: u64) {
    change(things, &closed.run, seq, |record| {
        if let Some(ended) = &closed.ended {
            record.ended(ended);
        }
        (record.run.state, record.run.checks) = (closed.state, closed.checks);
        record.run.outcome_ms = closed.took_ms;
        record.run.note.clone_from(&closed.note);
    });
    release(things, &closed.target, &closed.run, closed.fence, seq);
}

fn change(things: &mut Things, run: &str, seq: u64, change: impl FnOnce(&mut RunRecord)) {
    let known = things.get(&ThingKey::new(ThingKind::Run, run)).and_then(super::StoredThing::read::<RunRecord>);
    if let Some(mut record) = known {
        change(&mut record);
        keep(things, record, seq);
    }
}

fn keep(things: &mut Things, mut record: RunRecord, seq: u64) {
    let run = &mut record.run;
    run.verdict = run.state.verdict();
    let (key, group) = (ThingKey::new(ThingKind::Run, &run.id), group_of(&run.verb, &run.target));
    things.write(key, record.run.state.is_open(), group, &record, seq);
}

fn lock_of(things: &Things, target: &str) -> Option<HeldLock> {
    things.get(&ThingKey::new(ThingKind::Lock, target)).and_then(super::StoredThing::read)
}

fn hold(things: &mut Things, target: &str, lock: &HeldLock, seq: u64) {
    let group = lock.held.as_ref().map_or_else(String::new, |held| held.id.to_string());
    things.write(ThingKey::new(ThingKind::Lock, target), lock.held.is_some(), group, lock, seq);
}

/// Releases the lock of a run, with a `fence` only that very acquisition.
fn release(things: &mut Things, target: &str, run: &str, fence: Option<u64>, seq: u64) {
    let Some(lock) = lock_of(things, target) else { return };
    let ours = |held: &Lock| *held.id == *run && fence.is_none_or(|fence| held.fence == fence);
    if lock.held.as_ref().is_some_and(ours) {
        hold(things, target, &HeldLock { held: None, ..lock }, seq);
    }
}
