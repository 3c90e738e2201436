//! The thread that reads all log files.

use std::collections::BTreeMap;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::command::{self, Repeats};
use super::files::FileLog;
use super::open::READ;
use crate::sources::logs::count as counts;
use crate::sources::logs::count::{Backfill, Board, CountReach, LogCounter};

use super::watch::{ChangeWatcher, Waker};
use crate::config::Config;
use crate::config::sections::log::{Log, LogKind};
use crate::lang::time::Stamp;
use crate::logs::record::Loss;
use crate::model::observation::Observation;
use crate::sources::SourceContext;
use crate::sources::logs::pipeline::Pipeline;
use crate::text::SafeText;
use crate::text::name::Name;
use crate::text::redact::Redactor;

/// Between ticks while more waits to be read.
const BUSY: Duration = Duration::from_millis(50);
/// Between ticks while something has come lately.
const ACTIVE: Duration = Duration::from_millis(100);
/// Between ticks, however much is written meanwhile.
const REST: Duration = Duration::from_millis(30);
/// The longest pause, when nothing has come for a while.
const IDLE: Duration = Duration::from_secs(1);

/// How often it is looked whether a number has changed.
const SAY: Duration = Duration::from_millis(200);

/// How long the thread may take to end.
const PATIENCE: Duration = Duration::from_secs(2);
/// Following that could not begin is tried again after so long.
const TRY_AGAIN: Duration = Duration::from_secs(30);

/// What following goes on from after a reload: numbers that are never given twice, and files with their places.
/// Kept by the runtime for the life of the process, and given to each [`run`].
#[derive(Clone, Default)]
pub struct Resume(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    seqs: BTreeMap<Name, u64>,
    repeats: BTreeMap<Name, Repeats>,
    losses: BTreeMap<Name, Loss>,
    logs: Vec<FileLog>,
    counters: Vec<(Log, LogCounter)>,
}

impl std::fmt::Debug for Resume {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resume").finish_non_exhaustive()
    }
}

impl Resume {
    fn with<T>(&self, act: impl FnOnce(&mut Kept) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The metrics of a configuration. Those that count the same records of a log that has not changed go on.
    fn board(&self, config: &Config) -> Board {
        self.with(|kept| {
            let before = std::mem::take(&mut kept.counters);
            let section = |name: &str| config.logs.iter().find(|log| &*log.name == name);
            let board = Board::keeping(config, |log, measured| {
                let log = section(log)?;
                let same = |(of, counter): &&(Log, LogCounter)| of == log && **counter.measured() == *measured;
                let complete =
                    |counter: &LogCounter| matches!(counter.reach(), CountReach::Whole | CountReach::Since(_));
                before.iter().find(same).map(|(_, counter)| counter.clone()).filter(complete)
            });
            let parts = board.parts().filter_map(|(name, counter)| Some((section(name)?.clone(), counter.clone())));
            kept.counters = parts.collect();
            board
        })
    }

    /// The first number for the records of `log`.
    pub(crate) fn first_seq(&self, log: &str) -> u64 {
        self.with(|kept| kept.seqs.get(log).copied().unwrap_or(1))
    }

    /// What was lost of `log` so far.
    pub(crate) fn loss(&self, log: &str) -> Loss {
        self.with(|kept| kept.losses.get(log).copied().unwrap_or_default())
    }

    /// The latest lines of a command that was followed before.
    pub(crate) fn take_repeats(&self, log: &str) -> Repeats {
        self.with(|kept| kept.repeats.remove(log)).unwrap_or_default()
    }

    /// Keeps them for the next time.
    pub(crate) fn keep_repeats(&self, log: &Name, repeats: Repeats) {
        self.with(|kept| kept.repeats.insert(log.clone(), repeats));
    }

    /// Notes the number that comes next, and what was lost.
    pub(crate) fn note(&self, log: &Name, pipeline: &Pipeline) {
        self.with(|kept| {
            kept.seqs.insert(log.clone(), pipeline.next_seq());
            kept.losses.insert(log.clone(), pipeline.loss());
        });
    }
}

/// Follows every log of the configuration until the context is cancelled. Files whose section did not change since
/// the last run with the same `resume` go on where they were; commands are started again, and what they repeat is left
/// out where it states its time.
///
/// # Panics
/// When the thread that reads files panicked: the one who supervises this task is told.
pub async fn run(context: SourceContext, resume: Resume) {
    let redactor = Redactor::from(&*context.secrets);
    let board = resume.board(&context.config);
    let mut commands = Vec::new();
    for log in &context.config.logs {
        let LogKind::Command(line) = &log.kind else { continue };
        let counters = board.counters(&log.name);
        let mut pipeline = Pipeline::new(log, redactor.clone(), counters, resume.first_seq(&log.name));
        pipeline.lost_before(resume.loss(&log.name));
        let (log, line) = (log.clone(), line.clone());
        commands.push(command::follow(context.clone(), resume.clone(), log, line, pipeline));
    }
    let counters = board.parts().cloned().collect();
    let say = say(context.clone(), board);
    tokio::join!(files(context, resume, redactor, counters), join_all(commands), say);
}

/// Says the numbers over records, as they change.
async fn say(context: SourceContext, mut board: Board) {
    if board.is_empty() {
        return;
    }
    let mut tick = tokio::time::interval(SAY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = context.cancel.cancelled() => return,
            _ = tick.tick() => {}
        }
        for sample in board.due(context.clock.now()) {
            let sent = tokio::select! {
                () = context.cancel.cancelled() => return,
                sent = context.out.send(sample) => sent,
            };
            if sent.is_err() {
                return;
            }
        }
    }
}

async fn files(context: SourceContext, resume: Resume, redactor: Redactor, counters: Vec<(Name, LogCounter)>) {
    if !context.config.logs.iter().any(|log| matches!(log.kind, LogKind::File(_))) {
        return;
    }
    // A machine without a free handle or thread has one again some time.
    while let Err(why) = follow(&context, &resume, &redactor, &counters).await {
        let words = format!("{why}; retrying in {} s", TRY_AGAIN.as_secs());
        let failed = Observation::TaskFailed { task: SafeText::new("logs"), text: SafeText::new(&words) };
        context.out.send(failed).await.ok();
        tokio::select! {
            () = context.cancel.cancelled() => return,
            () = tokio::time::sleep(TRY_AGAIN) => {}
        }
    }
}

/// Follows the files until the context is cancelled.
///
/// # Errors
/// Why that can't begin, in words.
async fn follow(
    context: &SourceContext,
    resume: &Resume,
    redactor: &Redactor,
    counters: &[(Name, LogCounter)],
) -> Result<(), String> {
    let (bell, call) = ChangeWatcher::new(context.clock).map_err(|why| format!("no file handle to wait on: {why}"))?;
    // Dropped with the thread, whichever way it ends.
    let (alive, ended) = oneshot::channel::<()>();
    let backfiller = counts::backfiller(context, redactor);
    let reader = Reader {
        context: context.clone(),
        resume: resume.clone(),
        redactor: redactor.clone(),
        counters: counters.to_vec(),
        backfiller,
        runtime: Handle::current(),
        bell,
    };
    let thread = std::thread::Builder::new().name("logs".into()).spawn(move || {
        let _alive = alive;
        reader.run();
    });
    let thread = thread.map_err(|why| format!("no thread to read the logs: {why}"))?;
    tokio::select! {
        () = context.cancel.cancelled() => {}
        _ = ended => {}
    }
    wait_for(thread, &call).await;
    Ok(())
}

/// A thread that hangs in a read of a dead network share is left behind.
async fn wait_for(thread: std::thread::JoinHandle<()>, call: &Waker) {
    call.wake();
    let joined = tokio::time::timeout(PATIENCE, tokio::task::spawn_blocking(move || thread.join())).await;
    if let Ok(Ok(Err(panic))) = joined {
        std::panic::resume_unwind(panic);
    }
}

struct Reader {
    context: SourceContext,
    resume: Resume,
    redactor: Redactor,
    counters: Vec<(Name, LogCounter)>,
    backfiller: Option<Sender<Backfill>>,
    runtime: Handle,
    bell: ChangeWatcher,
}

impl Reader {
    fn run(mut self) {
        let mut logs = self.open();
        let mut buffer = vec![0; READ];
        let mut moved_at = self.context.clock.now();
        let mut said = Vec::new();
        while !self.context.cancel.is_cancelled() {
            let began = self.context.clock.now();
            let mut behind = false;
            for log in &mut logs {
                let progress = log.tick(began, &mut buffer, &mut said);
                if progress.bytes > 0 {
                    moved_at = began;
                    self.resume.note(&log.log().name, &log.pipeline);
                }
                behind |= progress.behind;
                if let (Some(backfill), Some(reader)) = (log.backfill(began), &self.backfiller) {
                    reader.send(backfill).ok();
                }
                for observation in said.drain(..) {
                    if !self.send(observation) {
                        self.keep(logs);
                        return;
                    }
                }
            }
            if behind {
                let took = self.context.clock.now().since(began);
                let rest = BUSY.saturating_sub(took);
                self.bell.sleep(rest, rest);
            } else {
                self.bell.watch(logs.iter().flat_map(FileLog::followed));
                self.bell.sleep(REST, pause_after(began.since(moved_at)));
            }
        }
        self.keep(logs);
    }

    fn open(&self) -> Vec<FileLog> {
        let config = &self.context.config;
        let now = self.context.clock.now();
        let mut before = self.resume.with(|kept| std::mem::take(&mut kept.logs));
        let mut logs = Vec::new();
        for log in config.logs.iter().filter(|log| matches!(log.kind, LogKind::File(_))) {
            let counters: Vec<LogCounter> = self
                .counters
                .iter()
                .filter(|(name, _)| *name == log.name)
                .map(|(_, counter)| counter.clone())
                .collect();
            if let Some(place) = before.iter().position(|held| held.log() == log) {
                let mut held = before.swap_remove(place);
                held.reload(self.redactor.clone(), counters);
                logs.push(held);
                continue;
            }
            counters.iter().for_each(LogCounter::reset);
            logs.extend(self.begin(log, counters, now));
        }
        for dropped in before {
            self.resume.note(&dropped.log().name, &dropped.pipeline);
        }
        logs
    }

    fn begin(&self, log: &Log, counters: Vec<LogCounter>, now: Stamp) -> Option<FileLog> {
        let mut pipeline = Pipeline::new(log, self.redactor.clone(), counters, self.resume.first_seq(&log.name));
        pipeline.lost_before(self.resume.loss(&log.name));
        FileLog::new(log, pipeline, now)
    }

    fn keep(&self, logs: Vec<FileLog>) {
        for log in &logs {
            self.resume.note(&log.log().name, &log.pipeline);
        }
        self.resume.with(|kept| kept.logs = logs);
    }

    /// Hands an observation over. False when nobody wants it any more.
    fn send(&self, observation: Observation) -> bool {
        self.runtime.block_on(self.context.hand_over(observation))
    }
}

fn pause_after(quiet: Duration) -> Duration {
    if quiet < Duration::from_secs(10) {
        ACTIVE
    } else if quiet < Duration::from_mins(1) {
        ACTIVE * 3
    } else {
        IDLE
    }
}
