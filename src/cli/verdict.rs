//! What came of a run, in words and as an exit code.

use super::output::exit;
use crate::model::run::{Run, RunState, Verdict};

/// The exit code: 0 done or verified, 1 not verified, 2 failed, 3 nobody knows.
pub fn exit_code(run: &Run) -> u8 {
    let went_well = run.state == RunState::Ended && run.exit_code == Some(0);
    match (run.state, run.verdict) {
        (RunState::OutcomeUnknown, _) => exit::UNKNOWN,
        // It helped, though its steps say otherwise: a person should look.
        (_, Verdict::Verified) => {
            if went_well {
                exit::OK
            } else {
                exit::WARNING
            }
        }
        (_, verdict) if !went_well || verdict == Verdict::Regressed => exit::CRITICAL,
        (_, Verdict::None) => exit::OK,
        _ => exit::WARNING,
    }
}

/// The outcome in few words.
pub fn outcome(run: &Run) -> String {
    let state = match run.state {
        RunState::Starting => "starting".to_owned(),
        RunState::Running => "running".to_owned(),
        RunState::Stopping => "stopping".to_owned(),
        RunState::Refused => "refused".to_owned(),
        RunState::Cancelled => "cancelled".to_owned(),
        RunState::TimedOut => "timed out".to_owned(),
        RunState::OutcomeUnknown => "OUTCOME UNKNOWN".to_owned(),
        RunState::Verifying | RunState::Ended => match (run.exit_code, run.signal) {
            (Some(0), _) => "done".to_owned(),
            (Some(code), _) => format!("failed with exit code {code}"),
            (None, Some(signal)) => format!("killed by signal {signal}"),
            (None, None) => "could not start".to_owned(),
        },
    };
    let verdict = match (run.state, run.verdict) {
        (RunState::Verifying, Verdict::None) => ", verifying",
        (_, Verdict::None) => "",
        (_, Verdict::Verified) => ", verified",
        (_, Verdict::NotRecovered) => ", NOT RECOVERED",
        (_, Verdict::Regressed) => ", REGRESSED",
        (_, Verdict::Inconclusive) => ", inconclusive",
    };
    run.of_dry_run(format!("{state}{verdict}"))
}

/// The outcome with its note.
pub fn told(run: &Run) -> String {
    match &run.note {
        Some(note) if !note.is_empty() => format!("{}: {note}", outcome(run)),
        _ => outcome(run),
    }
}
