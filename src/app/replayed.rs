//! What somebody who watches a recording asks for in vain: it is said at once, before anything is read or typed for it.

use super::keymap::Command;
use super::state::State;
use super::toasts::Tone;

/// What is said to somebody who would change something.
pub(super) const NOTHING_CHANGES: &str = "this is a recording: nothing can be changed";
const NOTHING_RUNS: &str = "this is a recording: nothing can be run";

/// Whether a command is refused, with a word on why.
pub(super) fn refuses(state: &mut State, command: Command) -> bool {
    // Its key shows the incident that is open, too.
    let why = why_not(command).filter(|_| command != Command::OpenIncident);
    why.is_some_and(|why| says(state, why))
}

/// Why a command does nothing in a recording; `None`: it does something.
fn why_not(command: Command) -> Option<&'static str> {
    Some(match command {
        Command::Poll => "this is a recording: nothing can be polled",
        Command::Save => "this is a recording: nothing can be saved; `opsroom replay --format` writes a frame of it",
        Command::Reload => "this is a recording: its configuration is the recorded one",
        Command::DryRun | Command::FollowUp => NOTHING_RUNS,
        Command::IncidentExport | Command::Copy | Command::CopyTimeline => "this is a recording: nothing leaves it",
        command if command.acts() => NOTHING_CHANGES,
        _ => return None,
    })
}

/// Whether a command leads to nothing but a refusal in a recording, in whatever panel: what `Act` lists can only be run.
pub(crate) fn is_in_vain(command: Command) -> bool {
    command == Command::Act || why_not(command).is_some()
}

/// Whether anything that would run is refused.
pub(super) fn refuses_runs(state: &mut State) -> bool {
    says(state, NOTHING_RUNS)
}

/// Whether anything that would be put on record is refused.
pub(super) fn refuses_words(state: &mut State) -> bool {
    says(state, NOTHING_CHANGES)
}

fn says(state: &mut State, why: &str) -> bool {
    if state.console.is_watched {
        state.toast(Tone::Warning, why);
    }
    state.console.is_watched
}
