//! The signals that the console answers.

use std::io;

use rustix::process::Signal as Send;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// From here on a write beyond the limit on the size of files (`ulimit -f`) is an error of that write. Otherwise the system ends
/// the process: a console left its terminal as it was, and a command said nothing. Programs that are started are not concerned.
pub(crate) fn outlive_limit_on_files() {
    // A handler stays once it is there; where the system refuses one, all is as before.
    let _ = signal(SignalKind::from_raw(Send::XFSZ.as_raw()));
}

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
