//! The signals that the console answers.

use std::io;

use rustix::process::{Pid, Signal as Send, getpid, getppid, kill_process};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignalRequest {
    /// Leave in order; the exit code that says which signal it was.
    End(u8),
    /// Stop as a shell's job control wants it.
    Stop,
    /// Continued: the terminal may have been anybody's meanwhile.
    Continue,
    /// The terminal has another size.
    Resize,
}

/// The streams, registered before the terminal is entered so that no signal finds a half-set terminal.
#[derive(Debug)]
pub(crate) struct Signals {
    term: Signal,
    hangup: Signal,
    interrupt: Signal,
    quit: Signal,
    stop: Signal,
    cont: Signal,
    resize: Signal,
}

impl Signals {
    /// Registers every signal.
    ///
    /// # Errors
    /// The system refuses a handler.
    pub(crate) fn register() -> io::Result<Self> {
        // No constant of tokio's: the numbers of TSTP and CONT come from the system's own table.
        let raw = |it: Send| signal(SignalKind::from_raw(it.as_raw()));
        Ok(Self {
            term: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            stop: raw(Send::TSTP)?,
            cont: raw(Send::CONT)?,
            resize: signal(SignalKind::window_change())?,
        })
    }

    pub(crate) async fn next(&mut self) -> SignalRequest {
        let end = |signal: Send| SignalRequest::End(128 + signal.as_raw() as u8);
        tokio::select! {
            biased;
            _ = self.term.recv() => end(Send::TERM),
            _ = self.hangup.recv() => end(Send::HUP),
            _ = self.interrupt.recv() => end(Send::INT),
            _ = self.quit.recv() => end(Send::QUIT),
            _ = self.stop.recv() => SignalRequest::Stop,
            _ = self.cont.recv() => SignalRequest::Continue,
            _ = self.resize.recv() => SignalRequest::Resize,
        }
    }
}

/// Whether somebody could continue us: a parent in our own session, which a shell with job control is. A program that
/// `ssh HOST opsroom` started has none, and stopping it would leave a dead window.
pub(crate) fn can_be_continued() -> bool {
    getppid().is_some_and(|parent| {
        let ours = session(getpid());
        ours.is_some() && session(parent) == ours
    })
}

/// The number of a process's session; 0 where its leader lives outside of our container, as a shell's does that came in
/// by `docker exec`. The system's call answers that 0 too, but `rustix::process::getsid` has no word for it and panics.
#[cfg(target_os = "linux")]
#[expect(clippy::disallowed_methods, reason = "a file of the kernel, read once for a key press")]
fn session(pid: Pid) -> Option<i32> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    in_stat(&stat)
}

#[cfg(not(target_os = "linux"))]
fn session(pid: Pid) -> Option<i32> {
    rustix::process::getsid(Some(pid)).ok().map(|session| session.as_raw_nonzero().get())
}

/// The session in `/proc/PID/stat` (`proc_pid_stat(5)`): the fourth field after the name, which may hold any character
/// and so ends at the last parenthesis.
#[cfg(target_os = "linux")]
fn in_stat(stat: &str) -> Option<i32> {
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(3)?.parse().ok()
}

/// Stops this process until it is continued. `group` stops what was started with us too, as a terminal's Ctrl-Z does, so
/// that a script around us doesn't keep the shell waiting.
///
/// # Errors
/// The system refuses, which it has no reason for.
pub(crate) fn stop(group: bool) -> io::Result<()> {
    if group {
        rustix::process::kill_current_process_group(Send::STOP)?;
    } else {
        kill_process(getpid(), Send::STOP)?;
    }
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_session_is_read_whatever_the_name_is() {
        assert_eq!(in_stat("17 (sh) S 1 17 17 34816 19 4194304"), Some(17));
        assert_eq!(in_stat("17 (a b) 9 9) S 0 0 0 0 -1 4194304"), Some(0), "the leader lives outside of the container");
        assert_eq!(in_stat(""), None);
        assert!(session(getpid()).is_some(), "our own is there");
    }
}
