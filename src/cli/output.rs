//! What commands print, and how they fail.
#![expect(clippy::print_stderr, reason = "the command line's own words")]

use std::io::{self, Write};

/// Exit codes.
pub mod exit {
    /// Ok, done, verified.
    pub const OK: u8 = 0;
    /// Something degraded; an action not verified.
    pub const WARNING: u8 = 1;
    /// Something down; an action failed.
    pub const CRITICAL: u8 = 2;
    /// Nothing can be said.
    pub const UNKNOWN: u8 = 3;
    /// Wrong usage.
    pub const USAGE: u8 = 64;
    /// An error of our own, or of the system.
    pub const SOFTWARE: u8 = 70;
    /// Wrong configuration.
    pub const CONFIG: u8 = 78;
}

/// Prints to stdout. A reader that went away (`| head`) is no error; a full disk is one.
pub fn print(text: &str) -> u8 {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => exit::OK,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => exit::OK,
        Err(error) => fail(exit::SOFTWARE, &format!("the output can't be written: {error}"), ""),
    }
}

/// Prints a finished text to stderr.
pub fn complain(text: &str) {
    eprint!("{text}");
}

/// Prints `error: …`, and `hint: …` where there is one; gives `code` back.
pub fn fail(code: u8, problem: &str, hint: &str) -> u8 {
    eprintln!("error: {problem}");
    if !hint.is_empty() {
        eprintln!("hint: {hint}");
    }
    code
}

/// Runs a future of a command on the calling thread, with two threads beside it for what it starts. Two are enough for
/// waiting on many sockets, and each costs memory and wake-ups.
///
/// # Errors
/// The system refuses threads.
pub fn block_on<T>(future: impl Future<Output = T>) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(8)
        .thread_name("opsroom")
        .thread_stack_size(2 << 20)
        .enable_all()
        .build()?;
    let value = runtime.block_on(future);
    // A blocking call that hangs (a dead NFS mount) must not keep the process.
    runtime.shutdown_background();
    Ok(value)
}
