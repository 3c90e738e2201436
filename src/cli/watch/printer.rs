//! What a watcher prints: changes on stdout, notices on stderr, by a thread of its own. Whoever reads them may stop to (a
//! pager, a full pipe), and nobody is watched over while the loop waits for them.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use crate::cli::output;
use crate::runtime::watcher::WatcherSaid;
use crate::text::count::counted;

/// Lines that may wait for who reads them.
const WAITING: usize = 4_096;
/// How long the last of them may take at the end.
const LAST: Duration = Duration::from_millis(500);

enum Line {
    /// For stdout.
    Out(String),
    /// For stderr.
    Error(String),
}

/// The end of the loop: never waits.
pub(super) struct Printer {
    lines: Option<SyncSender<Line>>,
    /// Closed once everything is printed.
    printed: Receiver<()>,
    is_json: bool,
    /// Lines that had no room.
    dropped: u64,
}

impl Printer {
    /// Starts the thread. Where the system refuses it one, nothing is printed.
    pub(super) fn start(is_json: bool) -> Self {
        let (lines, waiting) = sync_channel::<Line>(WAITING);
        let (done, printed) = sync_channel(1);
        let work = move || {
            for line in waiting {
                match line {
                    Line::Out(text) if is_json => drop(output::print_json(&text)),
                    Line::Out(text) => drop(output::print(&text)),
                    Line::Error(text) => output::eprint_error(&text),
                }
            }
            drop(done);
        };
        if let Err(error) = thread::Builder::new().name("printing".to_owned()).spawn(work) {
            tracing::warn!(%error, "no thread for what is printed");
        }
        Self { lines: Some(lines), printed, is_json, dropped: 0 }
    }

    /// Prints one, once who reads has read what was before.
    pub(super) fn print(&mut self, said: &WatcherSaid) {
        let line = match said {
            WatcherSaid::Change(change) if self.is_json => match serde_json::to_string(change) {
                Ok(text) => Line::Out(format!("{text}\n")),
                Err(error) => Line::Error(format!("warning: a change can't be written as JSON: {error}\n")),
            },
            WatcherSaid::Change(change) => Line::Out(format!("{change}\n")),
            WatcherSaid::Notice(text) => Line::Error(format!("{text}\n")),
        };
        if self.dropped > 0 {
            let text =
                format!("warning: {} dropped: nobody read them in time\n", counted(self.dropped as usize, "line"));
            if !self.send(Line::Error(text)) {
                self.dropped += 1;
                return;
            }
            self.dropped = 0;
        }
        if !self.send(line) {
            self.dropped += 1;
        }
    }

    /// Prints what still waits, as far as somebody reads it soon.
    pub(super) fn finish(mut self) {
        self.lines = None;
        if self.printed.recv_timeout(LAST) == Err(RecvTimeoutError::Timeout) {
            tracing::warn!("what was printed last was not read");
        }
    }

    fn send(&self, line: Line) -> bool {
        match self.lines.as_ref().map(|lines| lines.try_send(line)) {
            Some(Err(TrySendError::Full(_))) => false,
            Some(Ok(()) | Err(TrySendError::Disconnected(_))) | None => true,
        }
    }
}
