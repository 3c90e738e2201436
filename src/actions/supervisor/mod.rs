//! `opsroom __run DIR`: the small process under which an action runs, and which outlives the console.
//!
//! It leaves the console's session, ignores the hang-up of its terminal, runs the steps of the plan one after the
//! other in process groups of their own, reads their output for as long as they write, stops them at the timeout or
//! when asked to, and leaves a result that is complete or absent.

pub mod environment;
pub mod group;
mod output;
mod step;

use std::fmt::Write as _;
use std::io::{self, Read as _};
use std::path::Path;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::files;
use super::rundir::{End, Handover, How, Intent, RunDir, Survivor};
use crate::clock::Clock;
use crate::model::environment::clean;
use crate::model::preview::command_line;
use crate::model::redact::Redactor;
use crate::model::text::SafeText;
use output::Output;
use step::{StepEnd, Stopper};

/// Bound on what the console hands over.
const HANDOVER: u64 = 4 << 20;

/// Runs the plan in `dir`. Returns 0 where a result was written, whatever it says, and 70 otherwise; what went wrong
/// is then on stderr, which is a file in the directory.
pub fn main(dir: &Path) -> u8 {
    // An error means that we lead a group already: we were started by hand, and may as well go on.
    let _ = rustix::process::setsid();
    match run(dir) {
        Ok(()) => 0,
        Err(error) => {
            use std::io::Write as _;
            let _ = writeln!(io::stderr(), "the supervisor failed: {error}");
            70
        }
    }
}

fn run(dir: &Path) -> io::Result<()> {
    let mut given = Vec::new();
    io::stdin().take(HANDOVER).read_to_end(&mut given)?;
    let handover: Handover = if given.is_empty() { Handover::default() } else { serde_json::from_slice(&given)? };
    let dir = RunDir::new(dir);
    let intent = dir.read_intent()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(supervise(&dir, &intent, handover))
}

/// Signals that reach the supervisor. That they are listened to is what keeps them from ending it.
pub(super) struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
    child: Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            child: signal(SignalKind::child())?,
        })
    }

    /// Waits for one; true where it asks us to stop.
    async fn next(&mut self) -> bool {
        tokio::select! {
            _ = self.hangup.recv() => false,
            _ = self.child.recv() => false,
            _ = self.terminate.recv() => true,
            _ = self.interrupt.recv() => true,
        }
    }
}

async fn supervise(dir: &RunDir, intent: &Intent, handover: Handover) -> io::Result<()> {
    let clock = Clock::start();
    let signals = Signals::listen()?;
    let mut output = Output::new(dir.clone(), Redactor::new(handover.secrets.values().map(String::as_str)), clock)?;
    let started = serde_json::json!({
        "pid": rustix::process::getpid().as_raw_nonzero().get(),
        "at": clock.now().utc,
        "version": env!("CARGO_PKG_VERSION"),
    });
    files::write_synced(&dir.started(), started.to_string().as_bytes())?;

    let plan = &intent.plan;
    let mut env = clean(|name| std::env::var_os(name));
    env.extend(handover.env.into_iter().map(|(name, value)| (name.into(), value.into())));
    env.extend(environment::own(intent).into_iter().map(|(name, value)| (name.into(), value.into())));
    let mut stopper = Stopper::new(dir.clone(), clock, signals, plan.timeout, plan.grace);

    let mut end = StepEnd::nothing();
    let mut survivors = Vec::new();
    let mut number = 0;
    for argv in &plan.steps {
        number += 1;
        if plan.steps.len() > 1 {
            output.note(&format!("step {number} of {}: {}", plan.steps.len(), command_line(argv)));
        }
        end = step::run(argv, &plan.directory, &env, &mut stopper, &mut output).await;
        survivors.append(&mut end.survivors);
        if !end.is_success() {
            break;
        }
    }
    survivors.extend(escaped(intent, &survivors));
    let message = message(&end, number, plan.steps.len(), &survivors);
    if !message.is_empty() {
        output.note(&message);
    }
    let message = output.clean(&message);
    let (lines, omitted, trouble) = output.close();
    let message = match trouble {
        Some(error) => {
            SafeText::new(&join(message.as_str(), &format!("the output could not be stored in full: {error}")))
        }
        None => message,
    };
    let (exit_code, signal) = (end.exit_code, end.signal);
    dir.write_end(&End {
        at: clock.now().utc,
        how: end.how,
        exit_code,
        signal,
        step: number,
        message,
        survivors,
        lines,
        omitted,
    })
}

/// Those that left their group and still carry our mark.
fn escaped(intent: &Intent, known: &[Survivor]) -> Vec<Survivor> {
    let mut found = group::marked(&format!("OPSROOM_ACTION_ID={}", intent.id));
    found.retain(|one| known.iter().all(|other| other.pid != one.pid));
    found
}

fn message(end: &StepEnd, number: usize, steps: usize, survivors: &[Survivor]) -> String {
    let mut message = end.message.clone();
    if !end.is_success() && steps > 1 {
        message = format!("step {number} of {steps}: {message}");
        let left = steps - number;
        if left > 0 {
            let _ = write!(message, "; {left} more not run");
        }
    }
    if survivors.is_empty() {
        return message;
    }
    let who: Vec<String> = survivors.iter().take(8).map(|one| format!("{} ({})", one.pid, one.name)).collect();
    let more = if survivors.len() > who.len() { ", …" } else { "" };
    let verb = if matches!(end.how, How::TimedOut | How::Cancelled) { "survived" } else { "still running" };
    join(&message, &format!("{verb}: {}{more}", who.join(", ")))
}

fn join(first: &str, second: &str) -> String {
    if first.is_empty() { second.to_owned() } else { format!("{first}; {second}") }
}
