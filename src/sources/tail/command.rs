//! Follows what a command writes: `docker logs -f`, `journalctl -f`, `kubectl logs -f`, over SSH or not.

use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};

use super::counts::Reach;
use super::decode::LineSplitter;
use super::pipeline::{Pipeline, Stream};
use super::reader::Resume;
use crate::config::sections::source::CommandLine;
use crate::model::message::Observation;
use crate::model::name::Name;
use crate::model::record::{Level, LogState};
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::sources::Context;
use crate::sources::child::Group;

/// Between two batches.
const TICK: Duration = Duration::from_millis(100);
/// A line without its end is shown after this time.
const PARTIAL_AFTER: Duration = Duration::from_millis(1500);
/// The first pause before a command is started again; it doubles.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// A command that ran this long is started again as if for the first time.
const RAN_WELL: Duration = Duration::from_mins(1);
/// Size of one read.
const READ: usize = 64 << 10;
/// Records of one batch at most; beyond that the pipe waits.
const MAX_BATCH: usize = 20_000;
/// Lines remembered, to know them again when the command is started anew and repeats itself.
const REMEMBERED: usize = 4096;

/// Follows one command until the context is cancelled, and starts it again whenever it ends.
pub(super) async fn follow(context: Context, resume: Resume, log: Name, line: CommandLine, pipeline: Pipeline) {
    let recent = resume.take_recent(&log);
    let mut follower = Follower {
        context,
        resume,
        log,
        pipeline,
        state: LogState::Starting,
        stdout: Pipe::new(false),
        stderr: Pipe::new(true),
        recent,
    };
    follower.run(&line).await;
    follower.resume.keep_recent(&follower.log, std::mem::take(&mut follower.recent));
}

/// Why a run of the command is over.
struct Ended {
    words: String,
    started: bool,
}

struct Follower {
    context: Context,
    resume: Resume,
    log: Name,
    pipeline: Pipeline,
    state: LogState,
    stdout: Pipe,
    stderr: Pipe,
    recent: Recent,
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
        let mut group = match Group::start(line, &self.context.secrets) {
            Ok(group) => group,
            Err(why) => return Some(Ended { words: why.to_string(), started: false }),
        };
        let now = self.context.clock.now().utc;
        for counter in self.pipeline.counters().iter().filter(|counter| counter.reach() == Reach::Unknown) {
            counter.reaches(Reach::Since(now));
        }
        let (mut stdout, mut stderr) = group.pipes();
        self.recent.begin();
        let (mut out, mut err) = (vec![0; READ], vec![0; READ]);
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let cancel = self.context.cancel.clone();
        if !self.say(LogState::Following(1)).await {
            group.end().await;
            return None;
        }
        while stdout.is_some() || stderr.is_some() {
            let full = self.pipeline.waiting() >= MAX_BATCH;
            tokio::select! {
                biased;
                () = cancel.cancelled() => {
                    group.end().await;
                    return None;
                }
                _ = tick.tick() => {
                    if !self.hand_over().await {
                        group.end().await;
                        return None;
                    }
                }
                read = read(&mut stdout, &mut out), if stdout.is_some() && !full => match read {
                    Some(bytes) => self.stdout.take(bytes, &mut self.pipeline, &mut self.recent, self.context.clock.now()),
                    None => stdout = None,
                },
                read = read(&mut stderr, &mut err), if stderr.is_some() && !full => match read {
                    Some(bytes) => self.stderr.take(bytes, &mut self.pipeline, &mut self.recent, self.context.clock.now()),
                    None => stderr = None,
                },
            }
        }
        let status = tokio::select! {
            () = cancel.cancelled() => {
                group.end().await;
                return None;
            }
            status = group.wait() => status,
        };
        let now = self.context.clock.now();
        self.stdout.finish(&mut self.pipeline, now);
        self.stderr.finish(&mut self.pipeline, now);
        let words = match status {
            Ok(status) => match status.code() {
                Some(code) => format!("the command ended with exit code {code}"),
                None => format!("the command was ended by a signal ({status})"),
            },
            Err(why) => format!("the command can't be waited for: {why}"),
        };
        Some(Ended { words, started: true })
    }

    /// Says why it ended and waits; false when nobody wants it any more.
    async fn rest(&mut self, ended: &Ended, pause: Duration) -> bool {
        let words = format!("{}; started again in {} s", ended.words, pause.as_secs_f64().ceil());
        let state = if ended.started {
            self.pipeline.marker(&words, Level::Warn, self.context.clock.now());
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
        self.send(Observation::LogState { log: self.log.clone(), state }).await
    }

    /// Sends what was made since the last time.
    async fn hand_over(&mut self) -> bool {
        let now = self.context.clock.now();
        self.stdout.settle(&mut self.pipeline, now);
        self.stderr.settle(&mut self.pipeline, now);
        if let Some(batch) = self.pipeline.take(self.recent.repeating) {
            self.resume.note_seq(&self.log, self.pipeline.next_seq());
            if !self.send(Observation::Records { log: self.log.clone(), batch }).await {
                return false;
            }
        }
        let broken = match &self.state {
            LogState::Failed(why) => Some(why),
            _ => None,
        };
        self.pipeline.counters().iter().for_each(|counter| counter.troubled(broken));
        true
    }

    async fn send(&self, observation: Observation) -> bool {
        tokio::select! {
            biased;
            () = self.context.cancel.cancelled() => false,
            sent = self.context.out.send(observation) => sent.is_ok(),
        }
    }
}

/// The next bytes, or nothing at the end of the pipe.
async fn read<'a>(pipe: &mut Option<impl AsyncRead + Unpin>, buffer: &'a mut [u8]) -> Option<&'a [u8]> {
    let size = pipe.as_mut()?.read(buffer).await.unwrap_or(0);
    (size > 0).then(|| &buffer[..size])
}

/// One of the two outputs.
struct Pipe {
    splitter: LineSplitter,
    stream: Stream,
    stderr: bool,
    grew: Duration,
    shown: usize,
}

impl Pipe {
    fn new(stderr: bool) -> Self {
        Self { splitter: LineSplitter::default(), stream: Stream::default(), stderr, grew: Duration::ZERO, shown: 0 }
    }

    fn take(&mut self, bytes: &[u8], pipeline: &mut Pipeline, recent: &mut Recent, now: Stamp) {
        self.grew = now.mono;
        self.shown = 0;
        let Self { splitter, stream, stderr, .. } = self;
        splitter.feed(bytes, |line, cut| {
            if !recent.repeats(line, pipeline, now) {
                pipeline.line(stream, line, cut, now, *stderr);
            }
        });
    }

    fn settle(&mut self, pipeline: &mut Pipeline, now: Stamp) {
        let idle = now.mono.saturating_sub(self.grew) >= PARTIAL_AFTER;
        match self.splitter.partial() {
            Some((bytes, _)) if idle && bytes.len() != self.shown => {
                pipeline.partial(&mut self.stream, bytes, now, self.stderr);
                self.shown = bytes.len();
            }
            _ => pipeline.settle(&mut self.stream, now),
        }
    }

    fn finish(&mut self, pipeline: &mut Pipeline, now: Stamp) {
        if let Some((bytes, cut)) = self.splitter.take() {
            pipeline.line(&mut self.stream, &bytes, cut, now, self.stderr);
        }
        pipeline.close(&mut self.stream, now);
        self.shown = 0;
    }
}

/// The latest lines. A command that is started again repeats its last ones (`--tail 100`): lines with a time that
/// were seen already are left out, up to the first that is new.
#[derive(Default)]
pub(super) struct Recent {
    order: VecDeque<u64>,
    known: HashSet<u64>,
    /// What was known when the command was started again.
    before: HashSet<u64>,
    repeating: bool,
}

impl Recent {
    fn begin(&mut self) {
        self.before.clone_from(&self.known);
        self.repeating = !self.before.is_empty();
    }

    /// Remembers the line, and says whether it is a repetition.
    fn repeats(&mut self, line: &[u8], pipeline: &Pipeline, now: Stamp) -> bool {
        let mut hasher = DefaultHasher::new();
        line.hash(&mut hasher);
        let hash = hasher.finish();
        if self.repeating {
            if self.before.contains(&hash) && pipeline.time_of(line, now.utc).is_some() {
                return true;
            }
            self.repeating = false;
            self.before.clear();
        }
        if self.known.insert(hash) {
            self.order.push_back(hash);
            if self.order.len() > REMEMBERED
                && let Some(oldest) = self.order.pop_front()
            {
                self.known.remove(&oldest);
            }
        }
        false
    }
}
