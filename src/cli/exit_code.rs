//! Exit codes of what is known: of a run, whose words are [`Run::outcome`], and of the whole.

use super::output::exit;
use crate::model::run::{Run, RunState};
use crate::model::status::Status;

/// 0 verified, or ended well with nothing to verify; 1 not verified; 2 failed or refused; 3 nobody knows (yet).
pub fn of_run(run: &Run) -> u8 {
    match run.state {
        RunState::Verified | RunState::Ended => exit::OK,
        RunState::NotRecovered | RunState::Inconclusive => exit::WARNING,
        RunState::Failed
        | RunState::TimedOut
        | RunState::Killed
        | RunState::Cancelled
        | RunState::Regressed
        | RunState::Refused => exit::CRITICAL,
        RunState::Unknown | RunState::Running | RunState::Verifying => exit::UNKNOWN,
    }
}

/// 0 ok, 1 degraded, 2 down, 3 unknown.
pub const fn of_status(status: Status) -> u8 {
    match status {
        Status::Ok | Status::Cold => exit::OK,
        Status::Degraded | Status::Pending => exit::WARNING,
        Status::Down => exit::CRITICAL,
        Status::Unknown => exit::UNKNOWN,
    }
}
