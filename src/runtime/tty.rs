//! The terminal as the loop uses it: keyboard, screen, and the guard around both.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::encode::Encoder;
use super::input::Keyboard;
use super::line::{QUESTION, TerminalLink};
use super::terminal::{self, KeyInput};
use super::writer::Writer;
use crate::clock::Clock;
use crate::process::job;

/// The terminal. Dropping it gives the person's own screen back.
pub(crate) struct Tty {
    input: Arc<KeyInput>,
    /// What is typed.
    pub keyboard: Keyboard,
    writer: Writer,
    encoder: Encoder,
    canvas: Buffer,
    /// Bytes that go ahead of the next frame. They are those of entering, where there are any, and end in a question.
    ahead: Vec<u8>,
    line: TerminalLink,
}

impl Tty {
    /// Takes the terminal. Nothing is written before the first frame, so that both leave in one write.
    ///
    /// # Errors
    /// Standard output can't be duplicated, there is no keyboard, or the system refuses threads.
    pub(crate) fn open(mouse: bool) -> io::Result<Self> {
        let input = Arc::new(KeyInput::find()?);
        // Standard output of the library breaks writes up at line ends; a descriptor of our own does not.
        let screen = File::from(rustix::io::dup(rustix::stdio::stdout())?);
        let mut ahead = Vec::new();
        let (keyboard, writer) = (Keyboard::start(Arc::clone(&input))?, Writer::start(screen)?);
        terminal::enter(&input, mouse, &mut ahead);
        let (encoder, canvas) = (Encoder::default(), Buffer::empty(Rect::ZERO));
        Ok(Self { input, keyboard, writer, encoder, canvas, ahead, line: TerminalLink::default() })
    }

    /// Whether another frame may be handed over: the last one was taken.
    pub(crate) fn is_idle(&self) -> bool {
        self.writer.is_idle()
    }

    /// From when on the line to the terminal is free for another frame, if nothing is heard until then. `urgent` is the
    /// answer to a key.
    pub(crate) fn free_at(&self, urgent: bool) -> Duration {
        self.line.free_at(urgent)
    }

    /// Takes in what was heard of the terminal.
    pub(crate) fn listen(&mut self, now: Duration) {
        for _ in 0..self.keyboard.answers.take_waiting() {
            self.line.answered(now);
        }
        self.line.settle(now);
        self.keyboard.answers.expect(self.line.owed() > 0);
    }

    /// The system has taken what was handed over.
    pub(crate) fn handed_over(&mut self, now: Duration) {
        self.line.written(now);
    }

    /// Whether writing failed for good.
    pub(crate) fn is_gone(&self) -> bool {
        self.writer.has_failed()
    }

    /// Resolves when a write has ended.
    pub(crate) fn written(&self) -> impl Future<Output = ()> + use<> {
        self.writer.written()
    }

    /// Draws a frame of `size` with `paint` and hands over what differs. Returns the bytes handed over.
    pub(crate) fn draw(&mut self, clock: Clock, size: (u16, u16), paint: impl FnOnce(Rect, &mut Buffer)) -> usize {
        let area = Rect::new(0, 0, size.0, size.1);
        if self.canvas.area == area {
            self.canvas.reset();
        } else {
            self.canvas = Buffer::empty(area);
        }
        paint(area, &mut self.canvas);
        let now = clock.now().mono;
        let mut bytes = self.writer.buffer();
        if !self.ahead.is_empty() {
            bytes.append(&mut self.ahead);
            // Nothing is before it: how long its answer takes is how long the way is.
            self.ask(now, 0, &mut bytes);
        }
        let ahead = bytes.len();
        self.encoder.encode(&mut self.canvas, &mut bytes);
        self.ask(now, ahead, &mut bytes);
        let count = bytes.len();
        self.writer.submit(bytes);
        count
    }

    /// Notes what is in `bytes` from `start` on as handed over, with a question behind it where one is due.
    fn ask(&mut self, now: Duration, start: usize, bytes: &mut Vec<u8>) {
        let count = bytes.len() - start;
        if count == 0 {
            return;
        }
        let asked = self.line.asks(count);
        if asked {
            bytes.extend_from_slice(QUESTION);
            self.keyboard.answers.expect(true);
        }
        self.line.sent(now, count, asked);
    }

    /// What is on the screen.
    pub(crate) fn shown(&self) -> &Buffer {
        self.encoder.shown()
    }

    /// Forgets what is on the screen: the next frame clears and draws everything.
    pub(crate) fn forget(&mut self) {
        self.encoder.forget();
    }

    /// Writes bytes that are no part of a frame: title, bell, clipboard.
    pub(crate) fn send(&mut self, bytes: Vec<u8>) {
        self.writer.submit(bytes);
    }

    /// Captures or frees the mouse.
    pub(crate) fn set_mouse(&mut self, on: bool) {
        let mut bytes = Vec::new();
        terminal::set_mouse(on, &mut bytes);
        self.send(bytes);
    }

    pub(crate) fn set_title(&mut self, title: &str) {
        let mut bytes = Vec::new();
        terminal::set_title(title, &mut bytes);
        self.send(bytes);
    }

    /// Waits for what the terminal still answers: whoever reads its keyboard next would take that for typed.
    pub(crate) fn hush(&mut self) {
        let owed = self.line.owed();
        if owed > 0 {
            self.keyboard.answers.wait(owed, self.line.farewell());
        }
        self.keyboard.answers.take_waiting();
        self.keyboard.answers.expect(false);
        self.line.forget();
    }

    /// Gives the terminal back to the shell, or to another program.
    pub(crate) fn leave(&mut self) {
        if !terminal::is_entered() {
            return;
        }
        // Once the mode is another, an answer of the terminal would be typed into the shell.
        let heard = self.writer.flush(std::mem::take(&mut self.ahead));
        if heard {
            self.hush();
        }
        let input = Arc::clone(&self.input);
        terminal::leave_with(&input, |bytes| {
            if !heard {
                // It is given no second chance to hold us.
                self.writer.submit(bytes);
            } else if self.writer.flush(bytes) {
                return;
            }
            tracing::info!("could not reset the terminal");
        });
    }

    /// Forgets what was typed for another program, or before it has the keyboard.
    pub(crate) fn forget_typed(&self) {
        job::forget_typed(&self.input);
    }

    /// Takes it again after [`leave`](Self::leave), or after somebody else had it without our knowing.
    pub(crate) fn enter(&mut self, mouse: bool) {
        if terminal::is_entered() {
            terminal::enter_again(&self.input, &mut self.ahead);
        } else {
            terminal::enter(&self.input, mouse, &mut self.ahead);
        }
        self.forget();
    }

    /// Takes it again from a program that it was lent to, and undoes what that left behind. Once a loan: on a slow line these
    /// bytes come before the answer to a key.
    pub(crate) fn take_back(&mut self, mouse: bool) {
        terminal::enter_after_other(&self.input, mouse, &mut self.ahead);
        self.forget();
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        self.leave();
    }
}
