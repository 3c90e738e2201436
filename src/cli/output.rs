//! What commands print, and how they fail.
//!
//! *Invariant:* this is the one place that writes to stderr, and every text passes the sanitiser here.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::borrow::Cow;
use std::io::{self, Write};
use std::panic;
use std::pin::Pin;

use serde::Serialize;

use crate::model::message::truncated;
use crate::runtime::signals;
use crate::text::{printable_json, printable_lines};

/// Characters of a line of an error, and lines of it, at most: what stands in arguments is repeated in errors, and may be as
/// long as the system allows.
const MOST_OF_ERROR: (usize, usize) = (4_000, 100);

/// Exit codes.
pub mod exit {
    /// Ok, done, verified.
    pub(crate) const OK: u8 = 0;
    /// Something degraded; an action not verified.
    pub(crate) const WARNING: u8 = 1;
    /// Something down; an action failed.
    pub(crate) const CRITICAL: u8 = 2;
    /// Nothing can be said.
    pub(crate) const UNKNOWN: u8 = 3;
    /// Wrong usage.
    pub(crate) const USAGE: u8 = 64;
    /// An error of our own, or of the system.
    pub(crate) const SOFTWARE: u8 = 70;
    /// Wrong configuration.
    pub(crate) const CONFIG: u8 = 78;
}

/// Prints to stdout, made safe for a terminal. A reader that went away (`| head`) is no error; a full disk is one.
pub(crate) fn print(text: &str) -> u8 {
    write(&printable_lines(text, false))
}

/// As [`print()`], with the colours that we put into it.
pub(crate) fn print_coloured(text: &str) -> u8 {
    write(&printable_lines(text, true))
}

/// As [`print()`], for JSON, which stays JSON of the same meaning.
pub(crate) fn print_json(text: &str) -> u8 {
    write(&printable_json(text))
}

/// As [`print()`], with lines that end as the formats of the Internet end them.
pub(crate) fn print_crlf(text: &str) -> u8 {
    write(&printable_lines(&text.replace("\r\n", "\n"), false).replace('\n', "\r\n"))
}

/// Prints a value as indented JSON; `what` names it where that can't be done.
pub(crate) fn print_as_json(what: &str, value: &(impl Serialize + ?Sized)) -> u8 {
    match serde_json::to_string_pretty(value) {
        Ok(text) => print_json(&format!("{text}\n")),
        Err(error) => fail(exit::SOFTWARE, &format!("{what} can't be written as JSON: {error}"), ""),
    }
}

fn write(safe: &str) -> u8 {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(safe.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => exit::OK,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => exit::OK,
        Err(error) => fail(exit::SOFTWARE, &format!("the output can't be written: {error}"), ""),
    }
}

/// Stdout for what prints line by line, made safe as by [`print()`].
pub(crate) struct Printed;

impl Write for Printed {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(printable_lines(&String::from_utf8_lossy(text), false).as_bytes())?;
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().flush()
    }
}

/// Prints a finished text to stderr, made safe for a terminal: what stands in arguments, in the environment, in names of
/// files and in answers is repeated in errors. Where nobody can read it any more, that is no reason to fail.
pub(crate) fn eprint_error(text: &str) {
    let _ = io::stderr().lock().write_all(printable_lines(text, false).as_bytes());
}

/// Prints `error: …`, and `hint: …` where there is one; gives `code` back. Each is one line: a line break that somebody typed
/// into a name is shown and begins none.
pub(crate) fn fail(code: u8, problem: &str, hint: &str) -> u8 {
    fail_showing(code, problem, ["", ""], hint)
}

/// As [`fail`], with lines below the problem that show where it is.
pub(crate) fn fail_showing(code: u8, problem: &str, below: [&str; 2], hint: &str) -> u8 {
    let below = below.into_iter().filter(|line| !line.is_empty()).map(|line| format!("  {}\n", one_line(line)));
    let hint = if hint.is_empty() { String::new() } else { format!("hint: {}\n", one_line(hint)) };
    eprint_bounded(&format!("error: {}\n{}{hint}", one_line(problem), below.collect::<String>()));
    code
}

/// A text that may repeat what somebody typed, as one line: each line break in it is shown as one character.
pub(crate) fn one_line(text: &str) -> Cow<'_, str> {
    if text.contains('\n') { Cow::Owned(text.replace('\n', "␊")) } else { Cow::Borrowed(text) }
}

/// As [`eprint_error`], no longer than a person reads.
pub(crate) fn eprint_bounded(text: &str) {
    let (characters, lines) = MOST_OF_ERROR;
    let shown = text.lines().take(lines).map(|line| truncated(line, characters) + "\n");
    eprint_error(&shown.collect::<String>());
}

/// From here on panics are printed as everything else is: their messages quote what they stumbled over.
pub(crate) fn print_panics_safely() {
    panic::set_hook(Box::new(|info| {
        let backtrace = Backtrace::capture();
        let backtrace =
            if backtrace.status() == BacktraceStatus::Captured { format!("{backtrace}\n") } else { String::new() };
        eprint_error(&format!("{info}\n{backtrace}"));
    }));
}

/// Runs a future of a command on the calling thread, with two threads beside it for what it starts. Two are enough for
/// waiting on many sockets, and each costs memory and wake-ups.
///
/// # Errors
/// The system refuses threads.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(8)
        .thread_name("opsroom")
        .thread_stack_size(2 << 20)
        .enable_all()
        .build()?;
    // Boxed: the runtime's part is compiled once for each kind of answer, and not for each command.
    let future: Pin<Box<dyn Future<Output = T> + '_>> = Box::pin(async {
        signals::outlive_limit_on_files();
        future.await
    });
    let value = runtime.block_on(future);
    // A blocking call that hangs (a dead NFS mount) must not keep the process.
    runtime.shutdown_background();
    Ok(value)
}

/// Runs what a command does to its end, and returns the exit code; where the system refuses threads, that is said on stderr.
pub(crate) fn carry_out(command: impl Future<Output = u8>) -> u8 {
    block_on(command).unwrap_or_else(|error| fail(exit::SOFTWARE, &format!("can't start threads: {error}"), ""))
}
