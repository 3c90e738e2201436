//! The process group of a step: signalling it, and seeing who is left.

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use crate::actions::rundir::Survivor;
use crate::process::table::{self, Listed};
use crate::text::SafeText;

/// The group of one step, named by its leader. The leader is not reaped before the last signal was sent, so that the
/// number can't have passed to a stranger.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Group(Pid);

impl Group {
    /// The group led by the child `id`. `None` for 0 and 1, which would mean ourselves and everybody.
    pub(crate) fn of(id: u32) -> Option<Self> {
        let raw = i32::try_from(id).ok().filter(|raw| *raw > 1)?;
        Pid::from_raw(raw).map(Self)
    }

    /// Sends `signal` to every member. A group that is gone is no error.
    pub(crate) fn signal(self, signal: Signal) {
        let _ = kill_process_group(self.0, signal);
    }

    /// Whether the leader has ended; it is left to be reaped.
    pub(crate) fn leader_ended(self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        // An error means that there is nothing to wait for any more.
        !matches!(waitid(WaitId::Pid(self.0), options), Ok(None))
    }

    /// The members that still run (zombies do not).
    pub(crate) fn members(self) -> Vec<Survivor> {
        let group = self.0.as_raw_nonzero().get();
        table::all().into_iter().filter(|process| process.group == group).map(survivor).collect()
    }
}

/// Processes anywhere that carry `mark` (`NAME=VALUE`) in their environment: those that left the group with `setsid`
/// show themselves this way. Only where `/proc` tells.
pub(crate) fn marked(mark: &str) -> Vec<Listed> {
    let carries = |process: &Listed| table::environment(process.id).iter().any(|one| one == mark.as_bytes());
    table::all().into_iter().filter(carries).collect()
}

/// A process as the end of a run names it.
#[expect(clippy::needless_pass_by_value, reason = "it is given to `map`")]
pub(crate) fn survivor(process: Listed) -> Survivor {
    Survivor { pid: process.id, name: SafeText::new(&process.name) }
}
