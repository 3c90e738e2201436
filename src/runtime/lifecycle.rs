//! The loop of the console.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::borrower::Borrower;
use super::core::{Core, StartOptions};
use super::frames::{Frames, Urgency};
use super::pager::PagerText;
use super::painter::FramePainter;
use super::signals::{SignalRequest, Signals};
use super::terminal;
use super::tty::Tty;
use ratatui::buffer::Buffer;

use crate::app::layout::LayoutMap;
use crate::app::message::{Event, Learned};
use crate::app::screens::Wall;
use crate::lang::key::{Key, KeyCode};
use crate::lang::time::Stamp;
use crate::model::observation::Observation;
use crate::model::outcome::Outcome;
use crate::process::job;
use crate::text::SafeText;

/// Messages taken in before a frame is considered again.
const BATCH: usize = 256;
/// Time after which a batch ends however many messages still wait: so long a key waits at the most, whatever the size
/// of the world. What waits is taken in next, and diagnostics say how much that is.
const SLICE: Duration = Duration::from_millis(20);

/// Who has the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TerminalOwner {
    /// We draw.
    Us,
    /// We are stopped, or about to be.
    Stopped,
    /// A pager or a run has it.
    Child,
}

/// What the loop woke up for.
enum Woken {
    Signal(SignalRequest),
    Typed(Option<Event>),
    Event(Event),
    Returned(Result<(), String>),
    /// A frame is due, or a write has ended and the next may be drawn.
    Frame,
    Written,
    /// The terminal has answered, or is gone.
    Answered,
    Tick,
}

/// A console with its terminal.
pub(super) struct Console {
    pub(super) core: Core,
    pub(super) tty: Tty,
    signals: Signals,
    pub(super) painter: FramePainter,
    pub(super) frames: Frames,
    borrower: Borrower,
    hands: TerminalOwner,
    /// A title that is due, and whether the bell is: of many in one batch one is enough.
    pub(super) title: Option<SafeText>,
    pub(super) bell: bool,
    ending: Option<u8>,
}

/// How a console was left.
#[derive(Debug)]
pub(crate) struct Left {
    /// The exit code.
    pub code: u8,
    /// What continues without it, a line each, to be printed on the terminal that is a person's own again.
    pub farewell: Vec<String>,
}

/// Runs the console, on a wall where that is asked for, until it is left. The calling task draws, so the caller holds it on the main thread.
///
/// # Errors
/// The terminal or the signals can't be had. Whatever happens, the terminal is given back.
pub(crate) async fn run(start: StartOptions, mut painter: FramePainter, wall: Option<Wall>) -> io::Result<Left> {
    let signals = Signals::register()?;
    let mouse = start.config.console.mouse;
    let mut core = Core::new(start, terminal::size());
    let warnings = painter.warnings(&core.state().console.theme).to_vec();
    core.learn(Learned::Themes { names: painter.themes(), warnings });
    let tty = Tty::open(mouse)?;
    let mut console = Console {
        core,
        tty,
        signals,
        painter,
        frames: Frames::default(),
        borrower: Borrower::default(),
        hands: TerminalOwner::Us,
        title: None,
        bell: false,
        ending: None,
    };
    if let Some(wall) = wall {
        console.event(Event::Wall(wall));
    }
    // The first frame says that everything is being asked. It comes before anything else is opened.
    console.draw();
    console.core.go();
    let exit = console.turn().await;
    console.borrower.end().await;
    console.tty.leave();
    console.core.end().await;
    Ok(Left { code: exit, farewell: console.core.farewell() })
}

impl Console {
    async fn turn(&mut self) -> u8 {
        loop {
            let woken = self.next().await;
            self.wake(woken);
            let end = self.now().mono + SLICE;
            for _ in 0..BATCH {
                if self.now().mono >= end {
                    break;
                }
                let typed = self.tty.keyboard.ready();
                // Nobody who pressed a key waits for what the world says meanwhile.
                if typed.is_none() && self.frames.is_urgent() && self.is_frame_due() {
                    break;
                }
                let Some(event) = typed.or_else(|| self.core.ready()) else { break };
                self.event(event);
            }
            self.announce();
            if let Some(code) = self.ending {
                return code;
            }
            self.tty.listen(self.now().mono);
            if self.is_frame_due() {
                self.draw();
            }
        }
    }

    fn is_frame_due(&self) -> bool {
        self.frame_at().is_some_and(|at| at <= self.now().mono)
    }

    pub(super) fn now(&self) -> Stamp {
        self.core.clock.now()
    }

    /// When the next frame is drawn: when it is due and the line is free. `None` where none is due, or none may be drawn.
    fn frame_at(&self) -> Option<Duration> {
        let may_draw = self.hands == TerminalOwner::Us && self.tty.is_idle();
        let free = self.tty.free_at(self.frames.is_urgent());
        self.frames.due().filter(|_| may_draw).map(|due| due.max(free))
    }

    async fn next(&mut self) -> Woken {
        let clock = self.core.clock;
        let (frame, tick) = (clock.timer(self.frame_at()), clock.timer(self.core.tick_at()));
        let written = self.tty.written();
        let answers = Arc::clone(&self.tty.keyboard.answers);
        tokio::select! {
            biased;
            asked = self.signals.next() => Woken::Signal(asked),
            typed = self.tty.keyboard.next(), if self.hands != TerminalOwner::Child => Woken::Typed(typed),
            returned = self.borrower.returned(), if self.hands == TerminalOwner::Child => Woken::Returned(returned),
            event = self.core.next() => Woken::Event(event),
            () = frame => Woken::Frame,
            () = tick => Woken::Tick,
            () = written => Woken::Written,
            () = answers.come() => Woken::Answered,
        }
    }

    fn wake(&mut self, woken: Woken) {
        match woken {
            Woken::Signal(asked) => self.signal(asked),
            // The far end is closed: no terminal is left to draw on.
            Woken::Typed(None) => self.ending = Some(129),
            // Who has the terminal may be deaf to that, and we are told of nothing that it reads.
            Woken::Answered if self.tty.keyboard.answers.are_over() => self.ending = Some(129),
            Woken::Typed(Some(event)) | Woken::Event(event) => self.event(event),
            Woken::Returned(result) => self.take_back(result),
            Woken::Frame | Woken::Answered => {}
            Woken::Tick => self.event(Event::Clock),
            Woken::Written => {
                self.frames.written(self.now().mono);
                self.tty.handed_over(self.now().mono);
                if self.tty.is_gone() {
                    self.ending = Some(129);
                }
            }
        }
    }

    fn signal(&mut self, asked: SignalRequest) {
        match asked {
            // What is typed at who has the terminal goes to us as well.
            SignalRequest::End(130 | 131) if self.hands == TerminalOwner::Child => {}
            SignalRequest::Stop if self.hands == TerminalOwner::Child && !job::can_be_continued() => {}
            SignalRequest::End(code) => self.ending = Some(code),
            SignalRequest::Stop => self.suspend(false),
            SignalRequest::Continue => self.resume(),
            SignalRequest::Resize if self.hands == TerminalOwner::Us => self.resize(),
            SignalRequest::Resize => {}
        }
    }

    fn resize(&mut self) {
        let (columns, rows) = terminal::size();
        self.event(Event::Resize(columns, rows));
        self.frames.ask(Urgency::Immediate, self.now().mono);
    }

    /// Gives one event to the state, and asks for a frame where something shown has changed.
    fn event(&mut self, event: Event) {
        #[cfg(debug_assertions)]
        self.panic_where_asked(&event);
        let event = self.interrupted(event);
        let urgency = urgency(&event);
        let (before, answered) = (self.core.state().console.revision, self.core.state().console.answered);
        for effect in self.core.handle(event) {
            self.execute(effect);
        }
        if self.core.left {
            self.ending = Some(0);
        }
        if self.hands == TerminalOwner::Us
            && let Some(run) = self.core.effects.foreground()
        {
            self.hand_over();
            self.borrower.run(run);
        }
        // While the screen is frozen or unfocused, only what a person did is drawn, and the answer to it.
        let still = self.core.state().console.frozen.is_some() || !self.core.state().console.focused;
        let still = still && self.core.state().console.answered == answered;
        if self.core.state().console.revision != before && (urgency == Urgency::Immediate || !still) {
            self.frames.ask(urgency, self.now().mono);
        }
    }

    /// Ctrl-C closes what is open, and leaves where nothing is: raw mode has made a key of the interrupt, and a person
    /// who presses it means it.
    fn interrupted(&mut self, event: Event) -> Event {
        let interrupt = Key { code: KeyCode::Char('c'), ctrl: true, alt: false };
        let Event::Key(key) = &event else { return event };
        let bound = self.core.state().world.config.keys.bindings.iter().any(|(bound, _)| bound == key);
        if *key != interrupt || bound {
            return event;
        }
        if self.core.state().console.overlays.is_empty() {
            self.ending = Some(0);
        }
        Event::Key(Key { code: KeyCode::Esc, ctrl: false, alt: false })
    }

    /// In builds for testing, with `OPSROOM_TEST_PANIC` set: F12 breaks the drawing thread, F11 a task.
    #[cfg(debug_assertions)]
    fn panic_where_asked(&mut self, event: &Event) {
        let Event::Key(Key { code: KeyCode::F(number @ (11 | 12)), .. }) = event else { return };
        if std::env::var_os("OPSROOM_TEST_PANIC").is_some() {
            assert!(*number == 11, "asked to panic");
            self.core.break_a_task();
        }
    }

    /// Sets the title and rings, where the last batch asked for it: when a thousand alerts fire at once, a thousand titles
    /// would keep the frame waiting.
    fn announce(&mut self) {
        if let Some(title) = self.title.take() {
            self.tty.set_title(title.as_str());
        }
        if std::mem::take(&mut self.bell) {
            self.tty.send(vec![0x07]);
        }
    }

    pub(super) fn copy(&mut self, text: &SafeText) {
        // Lines that were joined for the screen are lines again.
        let text = text.lines().collect::<Vec<_>>().join("\n");
        if self.send_to_clipboard(&text) {
            self.core.effects.say(&super::clipboard::said(&text));
        } else {
            self.core.save("copied.txt", text);
        }
    }

    /// `false` where it is too much for the terminal.
    pub(super) fn send_to_clipboard(&mut self, text: &str) -> bool {
        let Some(bytes) = super::clipboard::sequence(text) else { return false };
        self.tty.send(bytes);
        true
    }

    pub(super) fn suspend(&mut self, group: bool) {
        if self.hands == TerminalOwner::Us {
            self.tty.leave();
        }
        let lent = self.hands == TerminalOwner::Child;
        self.hands = if lent { TerminalOwner::Child } else { TerminalOwner::Stopped };
        if let Err(error) = job::stop(group) {
            tracing::warn!(%error, "stopping");
            self.resume();
        }
    }

    fn resume(&mut self) {
        if self.hands == TerminalOwner::Child {
            return;
        }
        self.hands = TerminalOwner::Us;
        self.tty.enter(self.core.state().console.mouse);
        self.resize();
    }

    pub(super) fn lend(&mut self, text: PagerText) {
        self.hand_over();
        self.borrower.show(text, self.core.redactor());
    }

    fn hand_over(&mut self) {
        self.tty.hush();
        self.tty.keyboard.pause();
        // A key that was pressed twice is no command for a shell.
        self.tty.forget_typed();
        self.tty.leave();
        self.hands = TerminalOwner::Child;
    }

    fn take_back(&mut self, result: Result<(), String>) {
        if let Err(why) = result {
            self.core.effects.fail(&why);
        }
        self.hands = TerminalOwner::Us;
        self.tty.take_back(self.core.state().console.mouse);
        self.resize();
        // What was typed into a shell that was killed would be taken for keys of ours.
        self.tty.forget_typed();
        self.tty.keyboard.resume();
    }

    fn draw(&mut self) {
        let from = self.now().mono;
        self.core.measure(self.frames.meters());
        let (painter, state) = (&mut self.painter, self.core.state());
        let mut layout = LayoutMap::default();
        let draw = |area, buffer: &mut Buffer| layout = painter.paint(state, area, buffer);
        let bytes = self.tty.draw(self.core.clock, state.console.size, draw);
        if layout != state.console.layout {
            self.core.learn(Learned::Layout(layout));
        }
        let now = self.now().mono;
        self.frames.drawn(now, now.saturating_sub(from), bytes);
    }
}

/// How soon what an event changes wants to be seen.
fn urgency(event: &Event) -> Urgency {
    match event {
        Event::Key(_)
        | Event::Paste(_)
        | Event::Mouse(_)
        | Event::Resize(..)
        | Event::Focus(_)
        | Event::Outcome(
            Outcome::Failed(_)
            | Outcome::EvidenceFailed(_)
            | Outcome::RequestFailed { .. }
            | Outcome::Said(_)
            | Outcome::RunRefused { .. },
        ) => Urgency::Immediate,
        Event::Observation(Observation::Reading(_) | Observation::Sample(_) | Observation::Scheduler { .. }) => {
            Urgency::Deferred
        }
        Event::Observation(Observation::Records { .. }) => Urgency::Streaming,
        Event::Clock
        | Event::Observation(_)
        | Event::Outcome(_)
        | Event::Reloaded(_)
        | Event::Open(_)
        | Event::Wall(_)
        | Event::Learned(_) => Urgency::Soon,
    }
}
