//! Runs: their intent before, their end and how they are closed after, and what may not begin.

mod limits;
mod restored;
mod whole;

use std::time::Duration;

use chrono::{DateTime, SubsecRound as _, Utc};

pub(crate) use self::limits::BeginError;
use self::limits::judge;
use super::dialect::WhichThings;
use super::{Store, StoreError};
use crate::lang::order::InOrder;
use crate::lang::time::millis;
use crate::model::fact::{NewFact, RunClosed, RunEnded, RunIntended, RunLost, Statement, StepsEnded};
use crate::model::preview::Preview;
use crate::model::run::{Cancelled, Closing, Plan, Run, RunState};
use crate::model::thing::{RunRecord, StoredThing, ThingKey, ThingKind, group_of};
use crate::text::SafeText;

/// A run that wants to begin.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Begin<'a> {
    /// The run, in state `Running`.
    pub run: &'a Run,
    /// What it will run; stored with it.
    pub plan: &'a Plan,
    /// What was shown when it was confirmed, without secrets; put on record.
    pub preview: &'a Preview,
    /// Least time since the last attempt of this verb on this target.
    pub cooldown: Duration,
    /// At most so many attempts of this verb on this target in so long.
    pub at_most: Option<(u32, Duration)>,
}

/// What a run gets that may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Begun {
    /// The fence of its lock; 0 where it has none.
    pub fence: u64,
    /// Which attempt it is within the window of `at_most` (an hour without one), from 1.
    pub attempt: u32,
}

/// How the steps of a run ended, as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepsEnd {
    /// When the last process ended.
    pub at: DateTime<Utc>,
    /// Exit code of the last step.
    pub exit_code: Option<i32>,
    /// Signal that ended it.
    pub signal: Option<i32>,
    /// In words.
    pub note: Option<SafeText>,
    /// Who asked for it to be stopped, where a person did: goes on record with the end.
    pub cancelled: Option<Cancelled>,
    /// How long it took, where it is known better than by the wall clock.
    pub took: Option<Duration>,
}

impl StepsEnd {
    fn to_record(&self) -> StepsEnded {
        StepsEnded {
            at: self.at.trunc_subsecs(3),
            exit_code: self.exit_code,
            signal: self.signal,
            note: self.note.clone(),
            took_ms: self.took.map(millis),
        }
    }
}

/// Who puts on record what became of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SaidBy<'a> {
    /// Who.
    pub who: &'a str,
    /// Whether it waited because the store was away.
    pub late: bool,
}

impl<'a> From<&'a str> for SaidBy<'a> {
    fn from(who: &'a str) -> Self {
        Self { who, late: false }
    }
}

/// What a change of a run's record needs.
enum Change {
    /// It stays as it is.
    None,
    /// These are put on record.
    Say(Vec<NewFact>),
}

impl Store {
    /// Writes the intent of a run: checks cooldown and `at_most`, takes the lock, and puts it on record, all or nothing,
    /// and synced when it returns.
    ///
    /// # Errors
    /// It may not begin, or the store can't be written.
    pub(crate) async fn begin(&self, begin: Begin<'_>) -> Result<Begun, BeginError> {
        let Begin { run, plan, .. } = begin;
        let mut turns = self.turns();
        loop {
            let mut turn = turns.next().await?;
            let mut given = Begun { fence: 0, attempt: 1 };
            let mut drafts = Vec::new();
            if plan.changing {
                turn.trusted().await?;
                let judged = judge(self, begin).await?;
                drafts.extend(judged.dated.into_iter().map(|said| self.new_fact(run.started_at, &run.who, said)));
                match judged.answer {
                    Ok((attempt, fence)) => given = Begun { fence, attempt },
                    // What was learned of earlier attempts stays.
                    Err(why) if drafts.is_empty() || turn.append(drafts).await?.is_some() => return Err(why),
                    Err(_) => continue,
                }
            }
            drafts.push(self.new_fact(run.started_at, &run.who, intended(begin, given)));
            if turn.append(drafts).await?.is_some() {
                self.checkpoint().await;
                return Ok(given);
            }
        }
    }

    /// Writes that the steps of a run ended and its checks are looked at now. The lock is kept. A run that is closed, or
    /// whose end is stored already, stays as it is.
    ///
    /// # Errors
    /// The store can't be written, or knows no such run.
    pub(crate) async fn finish(
        &self,
        id: &str,
        ended: &StepsEnd,
        by: impl Into<SaidBy<'_>>,
    ) -> Result<Run, StoreError> {
        let by = by.into();
        self.change(id, |present| {
            if present.state != RunState::Running {
                return Change::None;
            }
            Change::Say(self.end_of(present, ended, by))
        })
        .await
    }

    /// Closes a run and releases its lock, all or nothing: its state, how its steps ended where that is known and not
    /// stored yet, what its checks said. The first to close it wins; an unknown outcome may be closed later, by what is not
    /// known of it yet: all who watch a run find the same verdict in its directory. With a `fence`, only the lock of that
    /// very acquisition is released.
    ///
    /// # Errors
    /// The store can't be written, or knows no such run.
    pub(crate) async fn close_run(
        &self,
        id: &str,
        ended: Option<&StepsEnd>,
        closing: &Closing,
        fence: Option<u64>,
        by: impl Into<SaidBy<'_>>,
    ) -> Result<Run, StoreError> {
        let by = by.into();
        self.change(id, |present| {
            let known = (present.state, present.checks, &present.note);
            let is_said = known == (closing.state, closing.checks, &closing.note);
            if !present.state.is_open() && (present.state != RunState::Unknown || is_said) {
                return Change::None;
            }
            let ended = ended.filter(|_| present.ended_at.is_none());
            Change::Say(self.closing_of(present, ended, closing, fence, by))
        })
        .await
    }

    /// Writes that nobody knows what became of a run, and why: its supervisor died, or its directory is gone. With how
    /// its steps ended, where that is known. The lock stays.
    ///
    /// # Errors
    /// The store can't be written, or knows no such run.
    pub(crate) async fn lose(
        &self,
        id: &str,
        ended: Option<&StepsEnd>,
        why: &str,
        who: &str,
        now: DateTime<Utc>,
    ) -> Result<Run, StoreError> {
        let by = SaidBy::from(who);
        self.change(id, |present| {
            if !present.state.is_open() {
                return Change::None;
            }
            let ended = ended.filter(|_| present.ended_at.is_none());
            let lost = RunLost { run: present.id.clone(), note: why.to_owned(), ended: ended.map(StepsEnd::to_record) };
            let cancelled = ended.and_then(|ended| self.cancelled(present, ended, by));
            let lost = self.new_fact(now, who, Statement::RunLost(lost));
            Change::Say(cancelled.into_iter().chain([lost]).collect())
        })
        .await
    }

    /// Writes that the checks of a run of unknown outcome are looked at now.
    ///
    /// # Errors
    /// The store can't be written, or knows no such run.
    pub(crate) async fn reopen(&self, id: &str, who: &str, now: DateTime<Utc>) -> Result<Run, StoreError> {
        self.change(id, |present| {
            if present.state != RunState::Unknown {
                return Change::None;
            }
            Change::Say(vec![self.new_fact(now, who, Statement::RunReopened { run: present.id.clone() })])
        })
        .await
    }

    /// Runs of `host` that are not closed, oldest first.
    ///
    /// # Errors
    /// The store can't be read.
    pub(crate) async fn open_runs(&self, host: &str) -> Result<Vec<Run>, StoreError> {
        let mut runs = self.unclosed_runs().await?;
        runs.retain(|run| run.host == host);
        Ok(runs)
    }

    /// Runs of all hosts that are not closed, oldest first.
    ///
    /// # Errors
    /// The store can't be read.
    pub(crate) async fn unclosed_runs(&self) -> Result<Vec<Run>, StoreError> {
        let things = self.dialect.things(WhichThings::Open(ThingKind::Run), u32::MAX).await?;
        let mut runs: Vec<Run> = things.iter().filter_map(run_of).collect();
        runs.order_by_key(|run| run.started_at);
        Ok(runs)
    }

    /// The latest runs of a verb on a target, however long ago they were, newest first.
    ///
    /// # Errors
    /// The store can't be read.
    pub(crate) async fn runs_of(&self, verb: &str, target: &str, most: u32) -> Result<Vec<Run>, StoreError> {
        let group = group_of(verb, target);
        let things = self.dialect.things(WhichThings::Group(ThingKind::Run, &group), most).await?;
        Ok(things.iter().filter_map(run_of).collect())
    }

    /// The latest runs, newest first.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn runs(&self, most: u32) -> Result<Vec<Run>, StoreError> {
        Ok(self.readable_runs(most).await?.0)
    }

    /// The same, and the ids of those of the latest whose rows make no sense.
    ///
    /// # Errors
    /// The store can't be read.
    pub(crate) async fn readable_runs(&self, most: u32) -> Result<(Vec<Run>, Vec<String>), StoreError> {
        let things = self.dialect.things(WhichThings::Latest(ThingKind::Run), most).await?;
        let (mut runs, mut unreadable) = (Vec::with_capacity(things.len()), Vec::new());
        for thing in &things {
            match run_of(thing) {
                Some(run) => runs.push(run),
                None => unreadable.push(thing.key.id.clone()),
            }
        }
        runs.order_by(|a, b| b.started_at.cmp(&a.started_at).then_with(|| b.id.cmp(&a.id)));
        Ok((runs, unreadable))
    }

    /// One run.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn run(&self, id: &str) -> Result<Option<Run>, StoreError> {
        let key = ThingKey::new(ThingKind::Run, id);
        Ok(self.dialect.things(WhichThings::Keys(&[key]), 1).await?.iter().find_map(run_of))
    }

    /// Puts on record what `decide` says of a run as it stands, and gives it as it stands then.
    async fn change(&self, id: &str, decide: impl Fn(&Run) -> Change) -> Result<Run, StoreError> {
        let missing = || StoreError::Content(format!("no run with id {id}"));
        let mut turns = self.turns();
        loop {
            let turn = turns.next().await?;
            let present = self.run(id).await?.ok_or_else(missing)?;
            match decide(&present) {
                Change::None => return Ok(present),
                Change::Say(drafts) => {
                    if turn.append(drafts).await?.is_some() {
                        return self.run(id).await?.ok_or_else(missing);
                    }
                }
            }
        }
    }

    /// What is said of how the steps of a run ended.
    fn end_of(&self, run: &Run, ended: &StepsEnd, by: SaidBy<'_>) -> Vec<NewFact> {
        let end = RunEnded { run: run.id.clone(), ended: ended.to_record() };
        let end = self.new_fact(ended.at, by.who, Statement::RunEnded(end));
        let end = NewFact { late: by.late, ..end };
        [end].into_iter().chain(self.cancelled(run, ended, by)).collect()
    }

    /// What is said of how a run is closed, and of how its steps ended, where that is not on record.
    fn closing_of(
        &self,
        run: &Run,
        ended: Option<&StepsEnd>,
        closing: &Closing,
        fence: Option<u64>,
        by: SaidBy<'_>,
    ) -> Vec<NewFact> {
        let closed = RunClosed {
            run: run.id.clone(),
            target: run.target.clone(),
            state: closing.state,
            checks: closing.checks,
            note: closing.note.clone(),
            ended: ended.map(StepsEnd::to_record),
            fence,
            took_ms: closing.took.map(millis),
        };
        let cancelled = ended.and_then(|ended| self.cancelled(run, ended, by));
        let closed = self.new_fact(closing.at, by.who, Statement::RunClosed(closed));
        cancelled.into_iter().chain([NewFact { late: by.late, ..closed }]).collect()
    }

    /// Who stopped a run, where a person did: said by that person, at that moment.
    fn cancelled(&self, run: &Run, ended: &StepsEnd, by: SaidBy<'_>) -> Option<NewFact> {
        let Cancelled { who, at } = ended.cancelled.as_ref()?;
        let cancelled = self.new_fact(*at, who, Statement::RunCancelled { run: run.id.clone() });
        Some(NewFact { late: by.late, ..cancelled })
    }
}

fn intended(begin: Begin<'_>, given: Begun) -> Statement {
    let Begin { run, plan, preview, .. } = begin;
    Statement::RunIntended(Box::new(RunIntended {
        run: run.id.clone(),
        action: run.action.clone(),
        verb: run.verb.clone(),
        service: run.service.clone(),
        target: run.target.clone(),
        reason: run.reason.clone(),
        environment: plan.environment.clone(),
        steps: plan.steps.clone(),
        directory: plan.directory.clone(),
        env: plan.env.keys().cloned().collect(),
        parameters: plan.parameters.clone(),
        dry_run: plan.dry_run,
        host: plan.host.clone(),
        timeout_ms: millis(plan.timeout),
        preview: preview.clone(),
        plan_digest: run.plan_digest.clone(),
        changing: plan.changing,
        fence: given.fence,
        attempt: given.attempt,
        boot: run.boot,
        output_path: run.output_path.clone(),
        holds: false,
    }))
}

fn run_of(thing: &StoredThing) -> Option<Run> {
    thing.read().map(RunRecord::into_run)
}
