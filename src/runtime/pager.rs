//! Showing a text in the person's own pager.

use std::fs::File;
use std::io::{self, Write};
use std::process::Stdio;

use tokio::process::{Child, ChildStdin};

use crate::process::Invocation;
use crate::text::redact::Redactor;

/// The pager that has the terminal, where one has.
#[derive(Debug, Default)]
pub(crate) struct Pager {
    running: Option<io::Result<Child>>,
    text: Option<(String, Redactor)>,
}

impl Pager {
    /// Starts `$PAGER`, or `less`, with the text on its standard input, without the secrets in it.
    pub(crate) fn show(&mut self, text: String, redactor: Redactor) {
        let pager = std::env::var("PAGER").ok().filter(|pager| !pager.trim().is_empty());
        // `$PAGER` is a shell's word with options, by custom.
        let shell = Invocation::shell(pager.as_deref().unwrap_or("less")).in_our_environment();
        // What is read came from outside: a pager must not run commands for it.
        let shell = shell.env("LESSSECURE", "1");
        self.running = Some(shell.spawn(Stdio::piped(), Stdio::inherit(), Stdio::inherit()));
        self.text = Some((text, redactor));
    }

    /// Feeds it and waits for its end. Cancel-safe: a second call continues.
    ///
    /// # Errors
    /// It could not be started.
    pub(crate) async fn returned(&mut self) -> io::Result<()> {
        let child = match &mut self.running {
            Some(Ok(child)) => child,
            Some(Err(_)) => match self.running.take() {
                Some(Err(error)) => return Err(error),
                _ => return Ok(()),
            },
            None => return Ok(()),
        };
        if let (Some((text, redactor)), Some(stdin)) = (self.text.take(), child.stdin.take()) {
            feed(stdin, text, redactor)?;
        }
        let status = child.wait().await;
        self.running = None;
        match status {
            Ok(status) if status.code() == Some(127) => Err(io::Error::new(io::ErrorKind::NotFound, "no such program")),
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Writes the text from a thread of its own: a pager reads as its reader scrolls, and may never read all.
fn feed(stdin: ChildStdin, text: String, redactor: Redactor) -> io::Result<()> {
    let mut stdin = File::from(stdin.into_owned_fd()?);
    std::thread::Builder::new().name("pager".into()).spawn(move || {
        // A pager that is left early closes its input: no error.
        stdin.write_all(redactor.redact(&text).as_bytes()).ok();
    })?;
    Ok(())
}
