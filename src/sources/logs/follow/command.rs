//! Follows what a command writes: `docker logs -f`, `journalctl -f`, `kubectl logs -f`, over SSH or not.

mod pipe;
mod repeats;
mod since;

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::io::{AsyncRead, AsyncReadExt};

use self::pipe::Pipe;
use super::reader::Resume;
use crate::config::kinds::command::CommandLine;
use crate::config::sections::log::Log;
use crate::lang::time::Stamp;
use crate::logs::record::{Level, LogState};
use crate::model::observation::Observation;
use crate::process::LINGER;
use crate::sources::SourceContext;
use crate::sources::child;
use crate::sources::logs::count::CountReach;
use crate::sources::logs::pipeline::Pipeline;
use crate::text::SafeText;

pub(crate) use repeats::Repeats;

/// Between two batches.
const TICK: Duration = Duration::from_millis(100);
/// The first pause before a command is started again; it doubles.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// A command that ran this long is started again as if for the first time.
const RAN_WELL: Duration = Duration::from_mins(1);
/// A command that runs this long is followed, though it says nothing.
const LASTING: Duration = Duration::from_millis(500);
/// Size of one read.
const READ: usize = 64 << 10;
/// Records of one batch at most; beyond that the pipe waits.
const MAX_BATCH: usize = 20_000;
/// How far back a command is asked at the start where nothing else is said.
const BACK: Duration = Duration::from_hours(1);
/// A command that was asked about the past has told it once it is silent for this long, after its first line,
const TOLD_AFTER: Duration = Duration::from_millis(500);
/// or for this long where it says nothing at all.
const SILENT_AFTER: Duration = Duration::from_secs(3);

/// Follows the command of `log` until the context is cancelled, and starts it again whenever it ends.
pub(crate) async fn follow(context: SourceContext, resume: Resume, log: Log, line: CommandLine, pipeline: Pipeline) {
    let repeats = resume.take_repeats(&log.name);
    let now = context.clock.now().utc;
    let encoding = pipeline.encoding();
    let ago = |back: Duration| {
        chrono::Duration::from_std(back).ok().and_then(|back| now.checked_sub_signed(back)).unwrap_or_default()
    };
    let shown_from = ago(log.since.unwrap_or(BACK));
    let counted_from = pipeline.counters().iter().filter(|counter| counter.reach() == CountReach::Unknown);
    let counted_from = counted_from.map(|counter| counter.from(now)).min().unwrap_or(shown_from);
    // What was shown before a reload is not asked for again, though there be new metrics.
    let asked = since::is_asked(&line).then(|| repeats.resumed_from().unwrap_or_else(|| shown_from.min(counted_from)));
    let backlog = match asked {
        Some(asked) => Backlog::Arriving { shown_from: shown_from.max(asked), began: Duration::ZERO, heard: None },
        None => Backlog::Over,
    };
    let mut follower = Follower {
        context,
        resume,
        state: LogState::Starting,
        stdout: Pipe::new(false, log.stamped, encoding),
        stderr: Pipe::new(true, log.stamped, encoding),
        log,
        pipeline,
        asked,
        backlog,
        repeats,
        complained: String::new(),
    };
    follower.run(&line).await;
    follower.resume.keep_repeats(&follower.log.name, std::mem::take(&mut follower.repeats));
}

/// What a command prints about the time before it was started.
enum Backlog {
    /// It is still being printed.
    Arriving {
        /// What is older is counted and not shown.
        shown_from: DateTime<Utc>,
        /// When the command was started.
        began: Duration,
        /// When it last said something.
        heard: Option<Duration>,
    },
    /// All of it has been printed, or none was asked for.
    Over,
}

/// Why a run of the command is over.
struct Ended {
    words: String,
    started: bool,
}

struct Follower {
    context: SourceContext,
    resume: Resume,
    log: Log,
    pipeline: Pipeline,
    state: LogState,
    stdout: Pipe,
    stderr: Pipe,
    /// From when on the command is asked to write, where it can be.
    asked: Option<DateTime<Utc>>,
    backlog: Backlog,
    repeats: Repeats,
    /// What was last said about its end.
    complained: String,
}

impl Follower {
    /// Runs the command again and again, until nobody wants it any more.
    async fn run(&mut self, line: &CommandLine) {
        let mut pause = FIRST_PAUSE;
        loop {
            let began = self.context.clock.now();
            let Some(ended) = self.once(line).await else { return };
            if self.context.clock.now().since(began) >= RAN_WELL {
                pause = FIRST_PAUSE;
            }
            // A little off the beat: many commands that end together do not begin together.
            let jittered = pause.mul_f64(0.8 + 0.4 * fastrand::f64());
            pause = (pause * 2).min(LONGEST_PAUSE);
            if !self.rest(&ended, jittered).await {
                return;
            }
        }
    }

    /// Runs the command once; `None` when nobody wants it any more.
    async fn once(&mut self, line: &CommandLine) -> Option<Ended> {
        let asked = self.asked.map(|asked| since::summary(line, self.repeats.resumed_from().unwrap_or(asked)));
        let mut group = match child::start(asked.as_ref().unwrap_or(line), &self.context.secrets) {
            Ok(group) => group,
            Err(why) => return Some(Ended { words: why.to_string(), started: false }),
        };
        self.begin();
        let (mut stdout, mut stderr) = group.pipes();
        let (mut out, mut err) = (vec![0; READ], vec![0; READ]);
        let began = self.context.clock.now();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let cancel = self.context.cancel.clone();
        // A process that it left behind may hold the pipes for ever: what is in them when it ends is read, no more.
        let mut over: Option<Duration> = None;
        let is_over = |over: Option<Duration>, now: Duration| over.is_some_and(|at| now.saturating_sub(at) >= LINGER);
        while (stdout.is_some() || stderr.is_some()) && !is_over(over, self.context.clock.now().mono) {
            let full = self.pipeline.waiting() >= MAX_BATCH;
            if full && over.is_some() {
                // What could not be read yet waits for us, and not we for it.
                over = Some(self.context.clock.now().mono);
            }
            tokio::select! {
                biased;
                () = cancel.cancelled() => {
                    // What it has said is not said again.
                    self.hand_over().await;
                    group.end().await;
                    return None;
                }
                () = group.ended(), if over.is_none() => over = Some(self.context.clock.now().mono),
                _ = tick.tick() => {
                    if !self.tick(began).await {
                        group.end().await;
                        return None;
                    }
                }
                read = read(&mut stdout, &mut out), if stdout.is_some() && !full => match read {
                    Some(bytes) => self.ingest(bytes, false),
                    None => stdout = None,
                },
                read = read(&mut stderr, &mut err), if stderr.is_some() && !full => match read {
                    Some(bytes) => self.ingest(bytes, true),
                    None => stderr = None,
                },
            }
        }
        self.finish().await;
        let status = tokio::select! {
            () = cancel.cancelled() => {
                group.end().await;
                return None;
            }
            () = group.ended() => group.reap().await,
        };
        Some(Ended { words: how_it_ended(status), started: true })
    }

    /// Hands over what came since the last tick of a run that `began` then; false when nobody wants it any more.
    async fn tick(&mut self, began: Stamp) -> bool {
        self.look_around();
        // A command that fails at once was never followed.
        let followed = self.context.clock.now().since(began) >= LASTING || self.pipeline.waiting() > 0;
        let said = !followed || self.say(LogState::Following(1)).await;
        said && self.hand_over().await
    }

    /// Hands over what was left in the pipes: the command may go on for long after it has closed them.
    async fn finish(&mut self) {
        let now = self.context.clock.now();
        self.stdout.finish(&mut self.pipeline, now);
        self.stderr.finish(&mut self.pipeline, now);
        self.hand_over().await;
    }

    /// The command runs.
    fn begin(&mut self) {
        let now = self.context.clock.now();
        self.repeats.begin();
        match &mut self.backlog {
            Backlog::Arriving { began, heard, .. } => (*began, *heard) = (now.mono, None),
            Backlog::Over => {
                for counter in self.pipeline.counters() {
                    match counter.reach() {
                        CountReach::Unknown => counter.reaches(CountReach::Since(now.utc)),
                        // What was written since it ended, nobody knows.
                        _ if self.asked.is_none() => counter.lost(now.utc, "the command was restarted"),
                        _ => {}
                    }
                }
            }
        }
    }

    /// Takes in what one of the pipes gave.
    fn ingest(&mut self, bytes: &[u8], stderr: bool) {
        let now = self.context.clock.now();
        let pipe = if stderr { &mut self.stderr } else { &mut self.stdout };
        self.complained.clear();
        let shown_from = match &mut self.backlog {
            Backlog::Arriving { shown_from, heard, .. } => {
                *heard = Some(now.mono);
                Some(*shown_from)
            }
            Backlog::Over => None,
        };
        pipe.ingest(bytes, &mut self.pipeline, &mut self.repeats, shown_from, now);
    }

    /// Looks whether the command has told what was before.
    fn look_around(&mut self) {
        let Backlog::Arriving { began, heard, .. } = self.backlog else { return };
        let now = self.context.clock.now().mono;
        let silent = match heard {
            Some(heard) => now.saturating_sub(heard) >= TOLD_AFTER,
            None => now.saturating_sub(began) >= SILENT_AFTER,
        };
        if silent {
            self.backlog = Backlog::Over;
            for counter in self.pipeline.counters().iter().filter(|counter| counter.reach() == CountReach::Unknown) {
                let asked = self.asked.unwrap_or_default();
                let whole = counter.from(self.context.clock.now().utc) >= asked;
                counter.reaches(if whole { CountReach::Whole } else { CountReach::Since(asked) });
            }
        }
    }

    /// Says why it ended and waits; false when nobody wants it any more.
    async fn rest(&mut self, ended: &Ended, pause: Duration) -> bool {
        let words = format!("{}; restarting in {} s", ended.words, pause.as_secs_f64().ceil());
        let state = if ended.started {
            // A command that fails again and again says so once; its state goes on saying it.
            if self.complained != ended.words {
                self.pipeline.marker(&words, Level::Warn, self.context.clock.now());
                self.complained.clone_from(&ended.words);
            }
            LogState::Restarting(SafeText::new(&words))
        } else {
            LogState::Failed(SafeText::new(&words))
        };
        if !(self.say(state).await && self.hand_over().await) {
            return false;
        }
        tokio::select! {
            () = self.context.cancel.cancelled() => false,
            () = tokio::time::sleep(pause) => true,
        }
    }

    async fn say(&mut self, state: LogState) -> bool {
        if state == self.state {
            return true;
        }
        self.state = state.clone();
        self.context.hand_over(Observation::LogState { log: self.log.name.clone(), state }).await
    }

    /// Sends what was made since the last time.
    async fn hand_over(&mut self) -> bool {
        let now = self.context.clock.now();
        self.stdout.settle(&mut self.pipeline, now);
        self.stderr.settle(&mut self.pipeline, now);
        let backlog = self.repeats.are_expected() || matches!(self.backlog, Backlog::Arriving { .. });
        if let Some(batch) = self.pipeline.take_batch(backlog) {
            self.resume.note(&self.log.name, &self.pipeline);
            let batch = batch.with_shapes();
            if !self.context.hand_over(Observation::Records { log: self.log.name.clone(), batch }).await {
                return false;
            }
        }
        let broken = match &self.state {
            LogState::Failed(why) | LogState::Restarting(why) => Some(why),
            _ => None,
        };
        self.pipeline.counters().iter().for_each(|counter| counter.troubled(broken));
        true
    }
}

fn how_it_ended(status: io::Result<ExitStatus>) -> String {
    match status {
        Ok(status) => match status.code() {
            Some(code) => format!("the command ended with exit code {code}"),
            None => format!("the command was ended by a signal ({status})"),
        },
        Err(why) => format!("the command can't be waited for: {why}"),
    }
}

/// The next bytes, or nothing at the end of the pipe.
async fn read<'a>(pipe: &mut Option<impl AsyncRead + Unpin>, buffer: &'a mut [u8]) -> Option<&'a [u8]> {
    let size = pipe.as_mut()?.read(buffer).await.unwrap_or(0);
    (size > 0).then(|| &buffer[..size])
}
