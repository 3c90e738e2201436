//! Showing a text in the person's own pager.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd as _;
use std::path::PathBuf;
use std::process::Stdio;

use tokio::process::ChildStdin;

use super::terminal::KeyInput;
use crate::files::bounded;
use crate::process::{Invocation, TerminalBorrower};
use crate::text::redact::Redactor;
use crate::text::{SafeText, markdown};

use super::runbook::MOST;

/// What a pager shows.
#[derive(Debug)]
pub(crate) enum PagerText {
    /// This.
    Ready(String),
    /// What a file says, from a Markdown heading on.
    File {
        /// The file.
        path: PathBuf,
        /// The anchor of the heading; empty: from the beginning.
        section: String,
    },
}

impl PagerText {
    /// The text. What a file says may take its time, and comes from outside: it is made safe line by line.
    fn read(self) -> String {
        let (path, section) = match self {
            Self::Ready(text) => return text,
            Self::File { path, section } => (path, section),
        };
        match bounded::read_regular(&path, MOST) {
            Ok(received) => {
                let text = String::from_utf8_lossy(&received.bytes);
                let safe: Vec<String> = text.lines().map(|line| SafeText::new(line).to_string()).collect();
                safe[markdown::start(&safe, &section).unwrap_or(0)..].join("\n") + "\n"
            }
            Err(error) => format!("the runbook {error}: {}\n", path.display()),
        }
    }
}

/// The pager that has the terminal, where one has.
#[derive(Debug, Default)]
pub(crate) struct Pager {
    running: Option<io::Result<TerminalBorrower>>,
    text: Option<(PagerText, Redactor)>,
}

impl Pager {
    /// Starts `$PAGER`, or `less`, with the text on its standard input, without the secrets in it.
    pub(crate) fn show(&mut self, text: PagerText, redactor: Redactor) {
        let pager = std::env::var("PAGER").ok().filter(|pager| !pager.trim().is_empty());
        // `$PAGER` is a shell's word with options, by custom.
        let shell = Invocation::shell(pager.as_deref().unwrap_or("less")).in_our_environment();
        // What is read came from outside: a pager must not run commands for it.
        let shell = shell.env("LESSSECURE", "1");
        let keyboard = KeyInput::find().and_then(|input| input.as_fd().try_clone_to_owned());
        let started = keyboard.map(|keyboard| shell.start_in_terminal(keyboard, Some(Stdio::piped())));
        self.running = Some(started.and_then(|started| started.map_err(io::Error::other)));
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
        if let (Some((text, redactor)), Some(stdin)) = (self.text.take(), child.stdin()) {
            feed(stdin, text, redactor)?;
        }
        let status = child.ended().await;
        self.running = None;
        match status {
            Ok(status) if status.code() == Some(127) => Err(io::Error::new(io::ErrorKind::NotFound, "no such program")),
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Writes the text from a thread of its own: a pager reads as its reader scrolls, and may never read all.
fn feed(stdin: ChildStdin, text: PagerText, redactor: Redactor) -> io::Result<()> {
    let mut stdin = File::from(stdin.into_owned_fd()?);
    std::thread::Builder::new().name("pager".into()).spawn(move || {
        // A pager that is left early closes its input: no error.
        stdin.write_all(redactor.redact(&text.read()).as_bytes()).ok();
    })?;
    Ok(())
}
