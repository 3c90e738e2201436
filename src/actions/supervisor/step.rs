//! One step: started in a group of its own, read, bounded in time, and stopped where it must be.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{ChildStderr, ChildStdout};

use super::Signals;
use super::left::survivor;
use super::output::{OutputFiles, OutputStream};
use crate::actions::rundir::{RunDir, StepOutcome, Survivor};
use crate::clock::Clock;
use crate::model::run::Stop;
use crate::process::{Invocation, ProcessGroup, StartError};

/// How long a descriptor that a daemon keeps open may hold us up after the step's own process ended.
const DRAIN: Duration = Duration::from_secs(2);
/// How long what was killed may take to be gone.
const REAP: Duration = Duration::from_secs(2);
/// How often the `cancel` file is looked for and a stopping group is counted.
const TICK: Duration = Duration::from_millis(100);
/// How often the tail is written.
const FLUSH: Duration = Duration::from_secs(1);

/// How a step ended.
#[derive(Debug)]
pub(crate) struct StepEnd {
    pub how: StepOutcome,
    pub exit_code: Option<i32>,
    pub signal: Option<i32>,
    /// Whether a process was started.
    pub ran: bool,
    /// For a person; empty where all went well.
    pub message: String,
    pub survivors: Vec<Survivor>,
}

impl StepEnd {
    /// The end of a plan without steps.
    pub(crate) fn nothing() -> Self {
        Self::failed("the plan has no steps".to_owned())
    }

    pub(super) fn failed(message: String) -> Self {
        Self { how: StepOutcome::NotStarted, exit_code: None, signal: None, ran: false, message, survivors: Vec::new() }
    }

    pub(crate) fn is_success(&self) -> bool {
        self.how == StepOutcome::Exited && self.exit_code == Some(0)
    }
}

/// What ends a run from outside: the timeout over all its steps, the `cancel` file, a signal.
pub(crate) struct Stopper {
    dir: RunDir,
    clock: Clock,
    signals: Signals,
    timeout: Duration,
    grace: Duration,
    /// On the monotonic clock.
    deadline: Duration,
    cancelled: bool,
    next_flush: Duration,
    /// What was done to stop it, once something was.
    stop: Option<Stop>,
}

impl Stopper {
    /// The timeout begins now.
    pub(crate) fn new(dir: RunDir, clock: Clock, signals: Signals, timeout: Duration, grace: Duration) -> Self {
        let now = clock.now().mono;
        Self {
            dir,
            clock,
            signals,
            timeout,
            grace,
            deadline: now + timeout,
            cancelled: false,
            next_flush: now,
            stop: None,
        }
    }

    fn now(&self) -> Duration {
        self.clock.now().mono
    }

    /// Whether the run has to stop now, and why.
    fn reason(&mut self) -> Option<StepOutcome> {
        self.cancelled |= self.dir.cancel().exists();
        if self.cancelled {
            Some(StepOutcome::Cancelled)
        } else {
            (self.now() >= self.deadline).then_some(StepOutcome::TimedOut)
        }
    }

    /// Writes the tail where it is due.
    fn flush(&mut self, output: &mut OutputFiles) {
        let now = self.now();
        if now >= self.next_flush {
            self.next_flush = now + FLUSH;
            output.flush();
        }
    }

    /// Says that TERM or KILL was sent. Where that can't be written, it was sent all the same.
    fn tell(&mut self, killed: bool) {
        let term = self.stop.as_ref().map_or_else(|| self.clock.moment(), |stop| stop.term);
        let stop = Stop { term, grace: self.grace, killed };
        let _ = self.dir.write_stop(&stop);
        self.stop = Some(stop);
    }
}

/// Where a step stands; moments are on the monotonic clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Running,
    /// TERM was sent.
    Terminating {
        kill_at: Duration,
    },
    /// KILL was sent.
    Killed {
        until: Duration,
    },
    /// The processes are gone, the pipes may still be open.
    Draining {
        until: Duration,
    },
    Over,
}

/// Runs one step to its end.
pub(crate) async fn run(
    argv: &[String],
    directory: &Path,
    env: &[(String, String)],
    stopper: &mut Stopper,
    output: &mut OutputFiles,
) -> StepEnd {
    if let Some(how) = stopper.reason() {
        let message = describe_stop(how, stopper.timeout, "before this step began");
        return StepEnd { how, ..StepEnd::failed(message) };
    }
    let mut group = match start(argv, directory, env) {
        Ok(group) => group,
        Err(error) => return StepEnd::failed(error.quoted()),
    };
    let mut pipes = Pipes::take_from(&mut group);
    let why = watch(&group, &mut pipes, stopper, output).await;
    output.end_of(OutputStream::Out);
    output.end_of(OutputStream::Err);
    if pipes.is_open() {
        output.note("output may be cut short: a process that is still running keeps it open");
    }
    let survivors = group.members().into_iter().map(survivor).collect();
    // Reaped only now, when no signal is to be sent any more. A leader that even KILL did not end can't be reaped.
    let status = group.release();
    let (exit_code, signal) = (status.and_then(|s| s.code()), status.and_then(|s| s.signal()));
    let how = why.unwrap_or(if signal.is_some() { StepOutcome::Signalled } else { StepOutcome::Exited });
    let message = match how {
        StepOutcome::Exited if exit_code == Some(0) => String::new(),
        StepOutcome::Exited => {
            exit_code.map_or_else(|| "ended in an unknown way".to_owned(), |code| describe_exit(code, &argv[0]))
        }
        StepOutcome::Signalled => format!("killed by signal {}", signal.map(describe_signal).unwrap_or_default()),
        how => describe_stop(
            how,
            stopper.timeout,
            &format!("sent TERM, and KILL {} s later if still running", stopper.grace.as_secs_f32()),
        ),
    };
    StepEnd { how, exit_code, signal, ran: true, message, survivors }
}

/// Reads and waits until the step is over. Returns why it was stopped, where it was.
async fn watch(
    group: &ProcessGroup,
    pipes: &mut Pipes,
    stopper: &mut Stopper,
    output: &mut OutputFiles,
) -> Option<StepOutcome> {
    let mut phase = Phase::Running;
    let mut why = None;
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while phase != Phase::Over {
        tokio::select! {
            asked = stopper.signals.next() => stopper.cancelled |= asked,
            () = pipes.read(output) => {}
            _ = tick.tick() => {}
        }
        stopper.flush(output);
        phase = advance(phase, group, pipes, stopper, &mut why);
    }
    why
}

fn advance(
    phase: Phase,
    group: &ProcessGroup,
    pipes: &Pipes,
    stopper: &mut Stopper,
    why: &mut Option<StepOutcome>,
) -> Phase {
    let now = stopper.now();
    let gone = || group.has_ended() && group.members().is_empty();
    match phase {
        // What a step leaves running on purpose (a daemon) does not keep it from having ended.
        Phase::Running if group.has_ended() => Phase::Draining { until: now + DRAIN },
        Phase::Running => match stopper.reason() {
            None => Phase::Running,
            Some(how) => {
                *why = Some(how);
                group.terminate();
                stopper.tell(false);
                Phase::Terminating { kill_at: now + stopper.grace }
            }
        },
        Phase::Terminating { .. } | Phase::Killed { .. } if gone() => Phase::Draining { until: now + DRAIN },
        Phase::Terminating { kill_at } if now >= kill_at => {
            group.kill();
            stopper.tell(true);
            Phase::Killed { until: now + REAP }
        }
        Phase::Killed { until } if now >= until => Phase::Draining { until: now },
        Phase::Draining { .. } if !pipes.is_open() => Phase::Over,
        Phase::Draining { until } if now >= until => Phase::Over,
        unchanged => unchanged,
    }
}

fn start(argv: &[String], directory: &Path, env: &[(String, String)]) -> Result<ProcessGroup, StartError> {
    let env = env.iter().map(|(name, value)| (name, value));
    let mut group = Invocation::from_argv(argv)?.directory(directory).envs(env).start()?;
    // A change that is half done is not cut short because what watches it fails.
    group.keep();
    Ok(group)
}

/// The two ends that we read.
struct Pipes {
    out: Option<ChildStdout>,
    err: Option<ChildStderr>,
    out_buffer: Vec<u8>,
    err_buffer: Vec<u8>,
}

impl Pipes {
    fn take_from(group: &mut ProcessGroup) -> Self {
        let (out, err) = group.pipes();
        Self { out, err, out_buffer: vec![0; 64 << 10], err_buffer: vec![0; 64 << 10] }
    }

    fn is_open(&self) -> bool {
        self.out.is_some() || self.err.is_some()
    }

    /// Waits for output of either and takes it in; for ever where both have ended.
    async fn read(&mut self, output: &mut OutputFiles) {
        tokio::select! {
            read = read_some(&mut self.out, &mut self.out_buffer) => match read {
                0 => self.out = None,
                read => output.feed(OutputStream::Out, &self.out_buffer[..read]),
            },
            read = read_some(&mut self.err, &mut self.err_buffer) => match read {
                0 => self.err = None,
                read => output.feed(OutputStream::Err, &self.err_buffer[..read]),
            },
        }
    }
}

async fn read_some(stream: &mut Option<impl AsyncRead + Unpin>, buffer: &mut [u8]) -> usize {
    match stream {
        // An error ends the stream like its end does: there is nothing more to come.
        Some(stream) => stream.read(buffer).await.unwrap_or(0),
        None => std::future::pending().await,
    }
}

fn describe_stop(how: StepOutcome, timeout: Duration, what: &str) -> String {
    match how {
        StepOutcome::TimedOut => format!("timed out after {} s ({what})", timeout.as_secs_f32()),
        _ => format!("cancelled ({what})"),
    }
}

/// An exit code with what it commonly means.
fn describe_exit(code: i32, program: &str) -> String {
    let meaning = match code {
        126 => ": something was not executable",
        127 => ": something was not found",
        129..=192 => {
            return format!(
                "`{program}` exited with code {code}, which stands for signal {}",
                describe_signal(code - 128)
            );
        }
        _ => "",
    };
    format!("`{program}` exited with code {code}{meaning}")
}

fn describe_signal(signal: i32) -> String {
    let name = match signal {
        1 => "HUP",
        2 => "INT",
        3 => "QUIT",
        4 => "ILL",
        6 => "ABRT",
        8 => "FPE",
        9 => "KILL",
        11 => "SEGV",
        13 => "PIPE",
        14 => "ALRM",
        15 => "TERM",
        _ => return signal.to_string(),
    };
    format!("{signal} ({name})")
}
