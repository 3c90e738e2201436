//! The steps of a run, as its supervisor carries them out: one after the other in process groups of their own, their
//! output read for as long as they write, stopped at the timeout or when asked to, with a result that is complete or
//! absent.

pub mod environment;
pub mod foreground;
pub mod left;
mod output;
mod step;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::intent::RunIntent;
use super::rundir::{End, RunDir, Started, StepOutcome, Survivor};
use crate::clock::Clock;
use crate::model::preview::command_line;
use crate::process::table::Listed;
use crate::text::SafeText;
use crate::text::redact::Redactor;
use output::OutputFiles;
use step::{StepEnd, Stopper};

/// Signals that reach the supervisor. That they were listened to once keeps them from ending it ever after.
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

/// Runs the steps of the plan to their end, with `declared` as their declared environment. From here on no hang-up, interrupt or TERM ends this process.
///
/// # Errors
/// The directory can't be written, or the signals can't be had.
pub(crate) async fn run_steps(
    dir: &RunDir,
    intent: &RunIntent,
    declared: &BTreeMap<String, String>,
    redactor: Redactor,
    clock: Clock,
) -> io::Result<End> {
    let signals = Signals::listen()?;
    let mut output = OutputFiles::new(dir.clone(), redactor, clock)?;
    let pid = rustix::process::getpid().as_raw_nonzero().get();
    dir.write_started(&Started { pid, at: clock.moment(), version: env!("CARGO_PKG_VERSION").to_owned() })?;
    // What may fail later is no reason to fail now.
    let _ = dir.keep_reserve();

    let plan = &intent.plan;
    let env = given(intent, declared);
    let mut stopper = Stopper::new(dir.clone(), clock, signals, plan.timeout, plan.grace);

    let mut end = StepEnd::nothing();
    let mut survivors = Vec::new();
    let (mut number, mut ran) = (0, false);
    for argv in &plan.steps {
        number += 1;
        if plan.steps.len() > 1 {
            output.note(&format!("step {number} of {}: {}", plan.steps.len(), command_line(argv)));
        }
        output.begin_step();
        end = step::run(argv, &plan.directory, &env, &mut stopper, &mut output).await;
        ran |= end.ran;
        survivors.append(&mut end.survivors);
        if !end.is_success() {
            break;
        }
    }
    survivors.extend(escaped(intent, &survivors));
    let message = concluded(&end, (number, &plan.steps), &survivors, &mut output);
    let (lines, omitted, trouble) = output.close();
    let message = trouble.map_or_else(|| message.clone(), |error| incomplete(&message, &error));
    let (exit_code, signal) = (end.exit_code, end.signal);
    let now = clock.moment();
    let end = End {
        at: now.utc,
        how: end.how,
        exit_code,
        signal,
        step: number,
        ran,
        to_verify: ran && intent.verify.is_some(),
        message,
        survivors,
        lines,
        omitted,
        cancelled: if end.how == StepOutcome::Cancelled { dir.read_cancel().ok().flatten() } else { None },
        took: now.boot.zip(intent.boot).and_then(|(now, began)| now.since(began)),
    };
    Ok(end)
}

/// The variables of the steps beside the clean base: ours stand over those that an adapter declares.
fn given(intent: &RunIntent, declared: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let declared = declared.iter().map(|(name, value)| (name.clone(), value.clone()));
    declared.chain(environment::own(intent).into_iter().map(|(name, value)| (name.to_owned(), value))).collect()
}

fn incomplete(message: &SafeText, error: &io::Error) -> SafeText {
    SafeText::new(&join(message.as_str(), &format!("the output could not be stored in full: {error}")))
}

/// Processes that a run left behind, wherever they are: they carry its id in their environment.
pub(crate) fn left_behind(run: &str) -> Vec<Listed> {
    left::marked(&format!("OPSROOM_ACTION_ID={run}"))
}

/// Those that left their group and still carry our mark.
fn escaped(intent: &RunIntent, known: &[Survivor]) -> Vec<Survivor> {
    let found = left_behind(&intent.id).into_iter();
    found.map(left::survivor).filter(|one| known.iter().all(|other| other.pid != one.pid)).collect()
}

/// Notes in the output how the steps ended, and gives what the outcome says of it.
fn concluded(
    end: &StepEnd,
    (number, steps): (usize, &[Vec<String>]),
    survivors: &[Survivor],
    output: &mut OutputFiles,
) -> SafeText {
    let place = (number, steps.len());
    let noted = message(end, &end.message, place, survivors);
    if !noted.is_empty() {
        output.note(&noted);
    }
    let program = number.checked_sub(1).and_then(|at| steps.get(at)?.first());
    output.clean(&message(end, &said(end, program, output), place, survivors))
}

/// What the outcome says beside the exit code: what was proven, or the last word of the step that failed.
fn said(end: &StepEnd, program: Option<&String>, output: &OutputFiles) -> String {
    match (end.how, end.exit_code, output.last_error()) {
        (StepOutcome::Exited, Some(0), _) => output.proven(),
        (StepOutcome::Exited, Some(_), Some(line)) => line.to_owned(),
        (StepOutcome::Exited, Some(1..126), None) => {
            program.map_or_else(|| end.message.clone(), |program| format!("no error output from `{program}`"))
        }
        _ => end.message.clone(),
    }
}

fn message(end: &StepEnd, said: &str, (number, steps): (usize, usize), survivors: &[Survivor]) -> String {
    let mut message = said.to_owned();
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
    let verb =
        if matches!(end.how, StepOutcome::TimedOut | StepOutcome::Cancelled) { "survived" } else { "still running" };
    join(&message, &format!("{verb}: {}{more}", who.join(", ")))
}

fn join(first: &str, second: &str) -> String {
    if first.is_empty() { second.to_owned() } else { format!("{first}; {second}") }
}
