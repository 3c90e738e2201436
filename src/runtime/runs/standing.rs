//! Where a run stands, as its directory says.

use std::io;

use chrono::{DateTime, Utc};

use crate::actions::follow::{Follower, RunLiveness, standing_at};
use crate::actions::rundir::{End, RunDir};
use crate::lang::time::millis;
use crate::model::run::{Closing, OutputLine, Run, RunState};
use crate::store::runs::StepsEnd;
use crate::text::SafeText;

/// Where a run stands.
pub(in crate::runtime) fn liveness_of(run: &Run) -> RunLiveness {
    standing_at(&RunDir::new(&run.output_path))
}

/// An open run of the store as its directory says: the one place where the state of an open run is made.
pub(in crate::runtime) fn present(run: &Run, liveness: &RunLiveness, now: DateTime<Utc>) -> Run {
    if !run.state.is_open() {
        return run.clone();
    }
    match liveness {
        RunLiveness::Running => run.clone(),
        RunLiveness::Hidden(why) => {
            let note = format!("can't be seen from here ({why}); shown as last stored");
            Run { note: Some(SafeText::new(&note)), ..run.clone() }
        }
        RunLiveness::Verifying { end, .. } => Run { state: RunState::Verifying, ..with_end(run, end.as_deref()) },
        RunLiveness::Over { end, closing } => closed(with_end(run, end.as_deref()), closing),
        RunLiveness::NeverStarted => closed(run.clone(), &never_started(now)),
        RunLiveness::Lost(end) => Run { state: RunState::Unknown, ..with_end(run, end.as_deref()) },
    }
}

fn with_end(run: &Run, end: Option<&End>) -> Run {
    let Some(end) = end else { return run.clone() };
    let StepsEnd { at, exit_code, signal, note, took, .. } = ended(end);
    let took = took.unwrap_or_else(|| (at - run.started_at).to_std().unwrap_or_default());
    Run { ended_at: Some(at), duration_ms: Some(millis(took)), exit_code, signal, note, ..run.clone() }
}

fn closed(run: Run, closing: &Closing) -> Run {
    let Closing { state, checks, note, took, .. } = closing.clone();
    let outcome_ms = took.map(millis);
    Run { state, verdict: state.verdict(), checks, note, outcome_ms, ..run }
}

pub(super) fn never_started(at: DateTime<Utc>) -> Closing {
    refused(at, SafeText::new("the supervisor did not start; nothing ran"))
}

pub(super) fn refused(at: DateTime<Utc>, why: SafeText) -> Closing {
    Closing { at, state: RunState::Refused, checks: None, note: Some(why), took: None }
}

/// How the steps ended, as the store keeps it.
pub fn ended(end: &End) -> StepsEnd {
    let note = (!end.message.as_str().is_empty()).then(|| end.message.clone());
    let End { at, exit_code, signal, took, .. } = *end;
    StepsEnd { at, exit_code, signal, note, took, cancelled: end.cancelled.clone() }
}

/// The output lines of a finished or running run that are there now, for commands that do not follow.
///
/// # Errors
/// The run's directory can't be read.
pub fn output(run: &Run) -> io::Result<(Vec<OutputLine>, u64)> {
    let mut follower = Follower::new(RunDir::new(&run.output_path));
    let mut all = Vec::new();
    loop {
        let (lines, _) = follower.look()?;
        if lines.is_empty() {
            return Ok((all, follower.omitted()));
        }
        all.extend(lines);
    }
}
