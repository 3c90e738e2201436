//! The thread that reads the keyboard: blocking reads off the loop, paused while another program has the terminal.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::sync::mpsc;

use super::answers::Answers;
use super::keys::KeyParser;
use super::terminal::KeyInput;
use crate::app::message::Event;

/// Events that wait for the loop at the most; then the reader waits, and the terminal keeps what is typed.
const QUEUE: usize = 256;
/// So long after a lone escape nothing may follow before it is the Escape key.
const ESCAPE_SILENCE: Duration = Duration::from_millis(25);
/// While the terminal owes an answer, which begins with an escape too and may come slowly.
const ANSWER_SILENCE: Duration = Duration::from_millis(200);

/// The keyboard, as the loop sees it.
pub(crate) struct Keyboard {
    events: mpsc::Receiver<Event>,
    /// What the terminal answers, which is never typed.
    pub answers: Arc<Answers>,
    paused: Arc<AtomicBool>,
    wake: OwnedFd,
    parked: std::sync::mpsc::Receiver<()>,
}

impl Keyboard {
    /// Starts the reader.
    ///
    /// # Errors
    /// The system refuses a pipe or a thread.
    pub(crate) fn start(input: Arc<KeyInput>) -> io::Result<Self> {
        let (sender, events) = mpsc::channel(QUEUE);
        let (wake_read, wake) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
        let (park, parked) = std::sync::mpsc::sync_channel(1);
        let paused = Arc::new(AtomicBool::new(false));
        let answers = Arc::new(Answers::default());
        let (theirs, liveness) = (Arc::clone(&answers), Arc::clone(&paused));
        let reader = Reader { input, wake: wake_read, paused: liveness, park, sender, answers: theirs };
        std::thread::Builder::new().name("keyboard".into()).stack_size(128 << 10).spawn(move || reader.run())?;
        Ok(Self { events, answers, paused, wake, parked })
    }

    /// The next event; `None` once the far end of the terminal is closed.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }

    /// An event that is there already.
    pub(crate) fn ready(&mut self) -> Option<Event> {
        self.events.try_recv().ok()
    }

    /// Stops reading, so that another program has the keyboard to itself. Returns when the reader stands still.
    pub(crate) fn pause(&mut self) {
        // That it stood still once says nothing of this time.
        while self.parked.try_recv().is_ok() {}
        self.paused.store(true, Ordering::Release);
        self.nudge();
        while self.parked.recv_timeout(Duration::from_millis(100)).is_err() {
            // The reader may be waiting for room in the queue.
            if self.events.is_closed() {
                return;
            }
            while self.events.try_recv().is_ok() {}
        }
    }

    /// Reads again.
    pub(crate) fn resume(&mut self) {
        self.paused.store(false, Ordering::Release);
        self.nudge();
    }

    fn nudge(&self) {
        // The pipe is empty or the reader is gone; a full pipe wakes it as well.
        if rustix::io::write(&self.wake, &[0]).is_err() {
            tracing::debug!("the keyboard reader has ended");
        }
    }
}

struct Reader {
    input: Arc<KeyInput>,
    wake: OwnedFd,
    paused: Arc<AtomicBool>,
    park: std::sync::mpsc::SyncSender<()>,
    sender: mpsc::Sender<Event>,
    answers: Arc<Answers>,
}

impl Reader {
    /// Reads until the far end is closed or the receiver is gone. Ending drops the sender, which is how the loop learns.
    fn run(self) {
        self.read();
        self.answers.close();
    }

    fn read(&self) {
        let (mut parser, mut events) = (KeyParser::default(), Vec::new());
        let mut bytes = [0_u8; 4096];
        loop {
            let Ok((typed, woken)) = self.wait(parser.is_waiting()) else { return };
            if woken {
                if !self.pause() {
                    return;
                }
                // Whoever had the keyboard meanwhile may have taken what was typed: it is looked again.
                continue;
            }
            if typed {
                match rustix::io::read(&self.input, &mut bytes) {
                    Ok(0) => return,
                    Ok(count) => parser.feed(&bytes[..count], &mut events),
                    Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
                    Err(error) => {
                        tracing::info!(%error, "reading the keyboard failed");
                        return;
                    }
                }
            } else {
                parser.flush(&mut events);
            }
            self.answers.add(parser.take_answers());
            for event in events.drain(..) {
                if self.sender.blocking_send(event).is_err() {
                    return;
                }
            }
        }
    }

    /// Waits for a key or a nudge; both false after the silence that ends a lone escape.
    fn wait(&self, short: bool) -> Result<(bool, bool), rustix::io::Errno> {
        let silence = if self.answers.are_expected() { ANSWER_SILENCE } else { ESCAPE_SILENCE };
        let silence = Timespec { tv_sec: 0, tv_nsec: silence.subsec_nanos().into() };
        loop {
            let mut fds =
                [PollFd::from_borrowed_fd(self.input.as_fd(), PollFlags::IN), PollFd::new(&self.wake, PollFlags::IN)];
            match poll(&mut fds, short.then_some(&silence)) {
                Ok(_) => return Ok((!fds[0].revents().is_empty(), !fds[1].revents().is_empty())),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Waits for a nudge without looking at what is typed; false where the far end is closed.
    fn is_nudged(&self) -> bool {
        loop {
            // A closed far end is reported unasked.
            let mut fds = [
                PollFd::from_borrowed_fd(self.input.as_fd(), PollFlags::empty()),
                PollFd::new(&self.wake, PollFlags::IN),
            ];
            match poll(&mut fds, None) {
                Ok(_) if !fds[1].revents().is_empty() => return true,
                Ok(_) if !fds[0].revents().is_empty() => return false,
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(_) => return false,
            }
        }
    }

    /// Takes the nudge, and stands still while paused. False once it can't be resumed any more: the console ends, or the far
    /// end is closed while another program has the keyboard.
    fn pause(&self) -> bool {
        let mut nudges = [0; 16];
        loop {
            if !self.is_nudged() {
                return false;
            }
            if !matches!(rustix::io::read(&self.wake, &mut nudges), Ok(count) if count > 0) {
                return false;
            }
            if !self.paused.load(Ordering::Acquire) {
                return true;
            }
            // A full slot holds a nudge already.
            if let Err(std::sync::mpsc::TrySendError::Disconnected(())) = self.park.try_send(()) {
                return false;
            }
        }
    }
}
