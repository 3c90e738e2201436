//! A program that has our terminal: a shell, an editor, a pager.
//!
//! A shell with job control moves into a group of its own and makes that the terminal's foreground. One that ends in order
//! gives it back; one that is killed leaves the terminal to a group that is gone, and whoever reads it next from another
//! is stopped by the system. And a shell may be stopped while nobody is there that could continue it.

use std::io;
use std::os::fd::OwnedFd;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, getpid, kill_process, kill_process_group, waitid};
use rustix::termios::{Termios, tcgetattr, tcgetpgrp};
use tokio::process::{Child, ChildStdin};
use tokio::signal::unix;

use super::job;

/// How long the key that stopped a program may take to stop us as well: it does where both are of one group.
const SAME_KEY: Duration = Duration::from_millis(100);
/// How often is looked whether it was stopped where no signal reports it.
const LOOK: Duration = Duration::from_millis(100);

/// A program that has our terminal. It outlives this value.
#[derive(Debug)]
pub(crate) struct TerminalBorrower {
    child: Child,
    pid: Option<Pid>,
    terminal: OwnedFd,
    /// The terminal's mode before.
    mode: Option<Termios>,
    /// Reports that some child has ended or was stopped.
    changes: Option<unix::Signal>,
}

impl TerminalBorrower {
    /// `changes` listened before the child was started.
    pub(super) fn new(child: Child, terminal: OwnedFd, mode: Option<Termios>, changes: Option<unix::Signal>) -> Self {
        let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Self { child, pid, terminal, mode, changes }
    }

    /// The mode of a terminal, to be given back.
    pub(super) fn mode_of(terminal: &OwnedFd) -> Option<Termios> {
        tcgetattr(terminal).ok()
    }

    /// Its standard input, where that is a pipe; once.
    pub(crate) fn stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// Waits for its end, and takes the terminal back. Where it is stopped, we stop with it, so that the shell around us
    /// has the terminal; without such a shell it is continued at once. Cancel-safe.
    ///
    /// # Errors
    /// Its status is not known.
    pub(crate) async fn ended(&mut self) -> io::Result<ExitStatus> {
        let status = loop {
            let stopped = stopped(self.pid, &mut self.changes);
            tokio::select! {
                status = self.child.wait() => break status,
                () = stopped => self.stop_with_it(),
            }
        };
        self.take_back();
        status
    }

    /// HUP, as from a terminal that is closed; also to what is stopped.
    pub(crate) fn hang_up(&self) {
        for signal in [Signal::HUP, Signal::CONT] {
            // One that is gone is what was wanted.
            let _ = self.pid.map(|pid| kill_process(pid, signal));
        }
    }

    /// Kills it.
    ///
    /// # Errors
    /// As the system reports.
    pub(crate) fn kill(&mut self) -> io::Result<()> {
        self.child.start_kill()
    }

    fn stop_with_it(&self) {
        let wants_it =
            self.take_stop().is_some_and(|by| [Signal::TTIN, Signal::TTOU].map(Signal::as_raw).contains(&by));
        if job::can_be_continued()
            && !(wants_it && job::is_ours(&self.terminal))
            && let Err(error) = job::stop(true)
        {
            tracing::warn!(%error, "stopping with what has the terminal");
        }
        // From here on somebody has continued us, or nobody could.
        let Some(group) = self.pid.and_then(job::group) else { return };
        if !job::is_the_shells(&self.terminal)
            && let Err(error) = job::give(&self.terminal, group)
        {
            tracing::warn!(%error, "giving the terminal on");
        }
        // It may have ended by itself.
        let _ = kill_process_group(group, Signal::CONT);
    }

    /// The signal that stopped it, where it still is; it is told once.
    fn take_stop(&self) -> Option<i32> {
        let options = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG;
        waitid(WaitId::Pid(self.pid?), options).ok().flatten().and_then(|status| status.stopping_signal())
    }

    /// Our group has the terminal again, in the mode it had: what was killed restored neither, and a shell between it and
    /// us says that it exited.
    fn take_back(&self) {
        // A shell that put us into its background has the terminal by right.
        if job::is_the_shells(&self.terminal) {
            return;
        }
        let mut taken = Ok(());
        if !job::is_ours(&self.terminal)
            && let Some(ours) = job::group(getpid())
        {
            // What a killed shell had started would go on drawing over our screen: its terminal is closed.
            if let Ok(left) = tcgetpgrp(&self.terminal) {
                for signal in [Signal::HUP, Signal::CONT] {
                    // A group that is gone has nothing to draw.
                    let _ = kill_process_group(left, signal);
                }
            }
            taken = job::give(&self.terminal, ours);
        }
        if let Some(mode) = &self.mode {
            taken = taken.and(job::set_mode(&self.terminal, mode));
        }
        if let Err(error) = taken {
            // A terminal that is gone can't be taken.
            tracing::debug!(%error, "taking the terminal back");
        }
    }
}

/// Resolves when a child is stopped and remains so. Apart from its owner, so that both can be waited for.
async fn stopped(pid: Option<Pid>, changes: &mut Option<unix::Signal>) {
    let Some(pid) = pid else { return std::future::pending().await };
    let options = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let is_stopped = || matches!(waitid(WaitId::Pid(pid), options), Ok(Some(_)));
    loop {
        if is_stopped() {
            tokio::time::sleep(SAME_KEY).await;
            if is_stopped() {
                return;
            }
        }
        let reported = match changes {
            Some(changes) => changes.recv().await.is_some(),
            None => false,
        };
        if !reported {
            tokio::time::sleep(LOOK).await;
        }
    }
}
