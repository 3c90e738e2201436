//! Our own place in a shell's job control: which group we are in, who could continue us, and who has the terminal.

use std::fs::OpenOptions;
use std::io::{self, IsTerminal as _};
use std::os::fd::AsFd;
use std::process::Stdio;

use nix::sys::signal::{SigSet, SigmaskHow, Signal as Masked};
use rustix::process::{Pid, Signal, getpid, getppid, kill_process};
use rustix::termios::{OptionalActions, QueueSelector, Termios, tcflush, tcgetpgrp, tcsetattr, tcsetpgrp};

/// Whether somebody could continue us: a shell with job control, which puts what it starts into a group of its own, with at
/// most scripts of ours between it and us. What `ssh HOST opsroom`, `sh -c`, `script -c` or a window of tmux start has none:
/// stopping would leave a dead window. The system ignores Ctrl-Z for such a group by the same rule.
pub(crate) fn can_be_continued() -> bool {
    let ours = group(getpid());
    ours.is_some() && ancestors_in_session().filter_map(group).any(|around| Some(around) != ours)
}

/// The number of a process's session; 0 where its leader lives outside of our container, as a shell's does that came in
/// by `docker exec`. The system's call answers that 0 too, but `rustix::process::getsid` has no word for it and panics.
#[cfg(target_os = "linux")]
fn session(pid: Pid) -> Option<i32> {
    super::table::one(pid.as_raw_pid()).map(|listed| listed.session)
}

#[cfg(not(target_os = "linux"))]
fn session(pid: Pid) -> Option<i32> {
    rustix::process::getsid(Some(pid)).ok().map(|session| session.as_raw_pid())
}

/// The group of a process; `None` where it is gone, or where the group lives outside of our container.
#[cfg(target_os = "linux")]
pub(super) fn group(pid: Pid) -> Option<Pid> {
    super::table::one(pid.as_raw_pid()).and_then(|listed| Pid::from_raw(listed.group))
}

/// The group of a process; `None` where it is gone.
#[cfg(not(target_os = "linux"))]
pub(super) fn group(pid: Pid) -> Option<Pid> {
    rustix::process::getpgid(Some(pid)).ok()
}

/// Whoever started us, up to the end of our session.
fn ancestors_in_session() -> impl Iterator<Item = Pid> {
    let ours = session(getpid());
    let is_of_ours = move |pid: &Pid| ours.is_some() && session(*pid) == ours;
    let ancestors = std::iter::successors(getppid(), |pid| {
        super::table::one(pid.as_raw_pid()).and_then(|listed| Pid::from_raw(listed.parent))
    });
    ancestors.take_while(is_of_ours)
}

/// The groups of what could have put us into its background: of whoever started us, up to the leader of our session. A script
/// between us and a shell is in our group, and not the one that gives the terminal on.
fn groups_around_us() -> impl Iterator<Item = Pid> {
    // The leader is looked at by itself, for who stands between may have ended.
    let leader = session(getpid()).and_then(Pid::from_raw);
    ancestors_in_session().chain(leader).filter_map(group)
}

/// Stops this process until it is continued. `group` stops what was started with us too, as a terminal's Ctrl-Z does, so
/// that a script around us doesn't keep the shell waiting.
///
/// # Errors
/// The system refuses, which it has no reason for.
pub(crate) fn stop(group: bool) -> io::Result<()> {
    if group {
        rustix::process::kill_current_process_group(Signal::STOP)?;
    } else {
        kill_process(getpid(), Signal::STOP)?;
    }
    Ok(())
}

/// Whether that terminal is our group's: only then may we give it on.
pub(super) fn is_ours(terminal: &impl AsFd) -> bool {
    let ours = group(getpid());
    ours.is_some() && tcgetpgrp(terminal).ok() == ours
}

/// Whether a shell has taken that terminal since, because we were put into its background.
pub(super) fn is_the_shells(terminal: &impl AsFd) -> bool {
    let Ok(foreground) = tcgetpgrp(terminal) else { return false };
    group(getpid()) != Some(foreground) && groups_around_us().any(|around| around == foreground)
}

/// Gives that terminal to a group, though we may not be in the foreground ourselves.
///
/// # Errors
/// As the system reports.
pub(super) fn give(terminal: &impl AsFd, group: Pid) -> io::Result<()> {
    from_behind(|| tcsetpgrp(terminal, group).map_err(io::Error::from))
}

/// Sets that terminal's mode, though we may not be in the foreground ourselves.
///
/// # Errors
/// As the system reports.
pub(super) fn set_mode(terminal: &impl AsFd, mode: &Termios) -> io::Result<()> {
    from_behind(|| tcsetattr(terminal, OptionalActions::Now, mode).map_err(io::Error::from))
}

/// Where a program in our terminal writes its errors: where we do, or into the terminal where ours go into a file. A shell takes
/// no terminal for its own that is not there: it would show no prompt and have no job control.
pub(super) fn errors_in_terminal() -> Stdio {
    if io::stderr().is_terminal() {
        return Stdio::inherit();
    }
    let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty");
    terminal.map_or_else(|_| Stdio::inherit(), Stdio::from)
}

/// Forgets what was typed into that terminal and read by nobody: it was meant for who had it before. What a shell was given
/// that put us into its background is its own.
pub(crate) fn forget_typed(terminal: &impl AsFd) {
    if is_the_shells(terminal) {
        return;
    }
    if let Err(error) = from_behind(|| tcflush(terminal, QueueSelector::IFlush).map_err(io::Error::from)) {
        // A terminal that is gone holds nothing.
        tracing::debug!(%error, "forgetting what was typed");
    }
}

/// Without the signal that stops who touches a terminal from the background. Only this thread is spared, and only so
/// long: were the signal ignored, everything that we start would ignore it as well.
fn from_behind<T>(work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let mut touching = SigSet::empty();
    touching.add(Masked::SIGTTOU);
    let before = touching.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
    let done = work();
    before.thread_set_mask()?;
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_session_and_group_are_known() {
        assert!(session(getpid()).is_some() && group(getpid()).is_some());
        assert!(Pid::from_raw(i32::MAX).and_then(group).is_none(), "nobody has that number");
    }
}
