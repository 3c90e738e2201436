//! The outcome of a run as an exit code. Its words are [`Run::outcome`].

use super::output::exit;
use crate::model::run::{Run, RunState};

/// 0 verified, or ended well with nothing to verify; 1 not verified; 2 failed or refused; 3 nobody knows (yet).
pub(crate) fn exit_code(run: &Run) -> u8 {
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
