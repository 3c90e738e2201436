//! A process group: signalled, waited for and ended as one.

use std::fmt;
use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::process::{Child, ChildStderr, ChildStdout};
use tokio::signal::unix::{self, SignalKind};

use super::table::{self, Listed};

/// From TERM to KILL, and from KILL to being gone.
const GRACE: Duration = Duration::from_secs(1);
/// How often to look whether a child has ended where no signal reports it.
const LOOK: Duration = Duration::from_millis(20);
/// How many survivors are named.
const NAMED: usize = 8;

/// A process and everything it started that stayed in its group. Dropped, it is killed.
#[derive(Debug)]
pub(crate) struct ProcessGroup {
    child: Child,
    /// `None` once the leader has been waited for: its number may then belong to another process.
    leader: Option<Pid>,
    /// Reports that some child has ended.
    changes: Option<unix::Signal>,
    is_kept: bool,
}

/// Reports from now on that some child has ended.
pub(super) fn changes() -> Option<unix::Signal> {
    unix::signal(SignalKind::child()).ok()
}

impl ProcessGroup {
    /// The group that `child` leads. `changes` listened for the ends of children before it was started.
    pub(super) fn led_by(child: Child, changes: Option<unix::Signal>) -> Self {
        // 0 and 1 would mean ourselves and everybody.
        let leader = child.id().and_then(|id| i32::try_from(id).ok()).filter(|id| *id > 1).and_then(Pid::from_raw);
        Self { child, leader, changes, is_kept: false }
    }

    /// Lets it go on when this value is dropped, for what must not end because we do.
    pub(crate) fn keep(&mut self) {
        self.is_kept = true;
    }

    /// Its stdout and stderr, once.
    pub(crate) fn pipes(&mut self) -> (Option<ChildStdout>, Option<ChildStderr>) {
        (self.child.stdout.take(), self.child.stderr.take())
    }

    /// Waits until the leader has ended; it is left to be reaped. May be cancelled and called again.
    pub(crate) async fn ended(&mut self) {
        while !self.has_ended() {
            let reported = match &mut self.changes {
                Some(changes) => changes.recv().await.is_some(),
                None => false,
            };
            if !reported {
                tokio::time::sleep(LOOK).await;
            }
        }
    }

    /// Kills what the leader left behind in its group, and takes the leader's status.
    ///
    /// # Errors
    /// As the system reports.
    pub(crate) async fn reap(mut self) -> io::Result<ExitStatus> {
        self.ended().await;
        // Before the leader is waited for: until then its number is the group's and nobody else's.
        self.signal(Signal::KILL);
        let status = self.child.wait().await;
        self.leader = None;
        status
    }

    /// TERM to all, a moment of grace, KILL to all, and who is there in spite of it. The leader is waited for at the very
    /// end: until then its number is the group's and nobody else's.
    pub(crate) async fn end(mut self) -> Survivors {
        self.terminate();
        let _ = tokio::time::timeout(GRACE, self.ended()).await;
        self.signal(Signal::KILL);
        let survivors = self.gone().await;
        // A leader in uninterruptible sleep outlives even that; it is not worth waiting for.
        let _ = self.child.try_wait();
        self.leader = None;
        survivors
    }

    /// Waits a moment for what was killed to be gone.
    async fn gone(&self) -> Survivors {
        let mut left = Vec::new();
        let gone = async {
            loop {
                let leader = self.leader;
                // The table is read where it holds up nobody.
                let members = tokio::task::spawn_blocking(move || members(leader)).await;
                left = members.unwrap_or_default();
                if left.is_empty() {
                    return;
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        let _ = tokio::time::timeout(GRACE, gone).await;
        let survivors = Survivors(left);
        if !survivors.0.is_empty() {
            tracing::warn!("a command was killed{survivors}");
        }
        survivors
    }

    /// TERM to all.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
        // A stopped process takes its TERM only when it continues.
        self.signal(Signal::CONT);
    }

    /// KILL to all.
    pub(crate) fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// The members that still run; zombies do not.
    pub(crate) fn members(&self) -> Vec<Listed> {
        members(self.leader)
    }

    /// Takes the leader's status and leaves the others as they are. `None` while the leader runs.
    pub(crate) fn release(mut self) -> Option<ExitStatus> {
        self.is_kept = true;
        self.child.try_wait().ok().flatten()
    }

    /// Whether the leader has ended, without taking its status away.
    pub(crate) fn has_ended(&self) -> bool {
        let Some(leader) = self.leader else { return true };
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        !matches!(waitid(WaitId::Pid(leader), look), Ok(None))
    }

    fn signal(&self, signal: Signal) {
        if let Some(leader) = self.leader {
            // A group that is gone is what was wanted.
            let _ = kill_process_group(leader, signal);
        }
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if !self.is_kept {
            self.signal(Signal::KILL);
        }
    }
}

fn members(leader: Option<Pid>) -> Vec<Listed> {
    let Some(group) = leader.map(|leader| leader.as_raw_nonzero().get()) else { return Vec::new() };
    table::all().into_iter().filter(|process| process.group == group).collect()
}

/// Processes that KILL did not end in time: in uninterruptible sleep, as on a mount whose server is gone, or of another
/// user. Displayed it is the end of a sentence, empty where there are none.
#[derive(Debug, Default)]
pub(crate) struct Survivors(Vec<Listed>);

impl fmt::Display for Survivors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        if count == 0 {
            return Ok(());
        }
        let noun = if count == 1 { "process" } else { "processes" };
        write!(f, "; {count} {noun} survived KILL: ")?;
        for (at, process) in self.0.iter().take(NAMED).enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            write!(f, "{comma}{} ({})", process.id, process.name)?;
        }
        f.write_str(if count > NAMED { ", …" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survivors_are_counted_and_the_first_of_them_named() {
        let survivor = |id| Listed { id, parent: 1, group: 7, session: 7, name: "cat".to_owned(), began: None };
        assert_eq!(Survivors::default().to_string(), "");
        assert_eq!(Survivors(vec![survivor(9)]).to_string(), "; 1 process survived KILL: 9 (cat)");
        let many = Survivors((10..30).map(survivor).collect()).to_string();
        assert!(many.starts_with("; 20 processes survived KILL: 10 (cat), 11 (cat)"), "{many}");
        assert!(many.ends_with("17 (cat), …"), "{many}");
    }
}
