//! The loop of `opsroom replay`: the screens of a recording, with a bar of time below them.

mod keyframes;
pub(crate) mod playing;

use std::io;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use self::playing::Playing;
use super::painter::FramePainter;
use super::signals::{SignalRequest, Signals};
use super::terminal;
use super::tty::Tty;
use crate::app::layout::LayoutMap;
use crate::app::message::Event;
use crate::app::state::State;
use crate::clock::Clock;
use crate::lang::key::{Key, KeyCode};
use crate::process::job;
use crate::ui::replay_bar::{self, Bar};

/// Between two frames while it is played.
const FRAME: Duration = Duration::from_millis(100);
/// Between two looks while nothing moves.
const STILL: Duration = Duration::from_secs(1);
/// How long it plays towards a moment that is looked for before it looks at the keyboard again: about that, for a minute of
/// the recording is played as a whole.
const SLICE: Duration = Duration::from_millis(50);
/// What the arrows jump, in milliseconds.
const SHORT: i64 = 10_000;
const LONG: i64 = 60_000;

/// The rows that are left for the screens.
pub(crate) fn screens_of((columns, rows): (u16, u16)) -> (u16, u16) {
    (columns, rows.saturating_sub(1).max(1))
}

/// Draws a frame that nobody sees, to know where things are in it.
pub(crate) fn layout_of(painter: &mut FramePainter, state: &State) -> LayoutMap {
    let area = Rect::new(0, 0, state.console.size.0, state.console.size.1);
    painter.paint(state, area, &mut Buffer::empty(area))
}

/// The replay on its terminal.
struct Replay {
    clock: Clock,
    tty: Tty,
    painter: FramePainter,
    playing: Playing,
    size: (u16, u16),
    /// Whether something shown has changed.
    changed: bool,
    ending: Option<u8>,
    /// Up to when time has passed for the recording.
    passed: Duration,
}

/// Plays until it is left; the exit code.
///
/// # Errors
/// The terminal or the signals can't be had.
pub(crate) async fn run(clock: Clock, playing: Playing, painter: FramePainter) -> io::Result<u8> {
    let mut signals = Signals::register()?;
    let tty = Tty::open(playing.player.state.console.mouse)?;
    let passed = clock.now().mono;
    let mut replay =
        Replay { clock, tty, painter, playing, size: terminal::size(), changed: true, ending: None, passed };
    replay.resize();
    loop {
        replay.draw();
        if let Some(code) = replay.ending {
            replay.tty.leave();
            return Ok(code);
        }
        let moves = !replay.playing.paused && !replay.playing.is_over();
        let rest = match replay.playing.sought {
            Some(_) => Duration::ZERO,
            None if moves => FRAME,
            None => STILL,
        };
        let next = replay.clock.timer(Some(replay.clock.now().mono + rest));
        let written = replay.tty.written();
        tokio::select! {
            biased;
            asked = signals.next() => replay.signal(asked),
            typed = replay.tty.keyboard.next() => replay.typed(typed),
            () = written => {
                let now = replay.clock.now().mono;
                replay.tty.handed_over(now);
                if replay.tty.is_gone() {
                    replay.ending = Some(129);
                }
            }
            () = next => {}
        }
        replay.pass();
    }
}

impl Replay {
    fn pass(&mut self) {
        let now = self.clock.now().mono;
        let passed = now.saturating_sub(self.passed);
        self.passed = now;
        let (before, was_sought) = (self.playing.position, self.playing.sought.is_some());
        let painter = &mut self.painter;
        let mut draw = |state: &State| layout_of(painter, state);
        if was_sought {
            while self.playing.sought.is_some() && self.clock.now().mono.saturating_sub(now) < SLICE {
                self.playing.go_on(&mut draw);
            }
            // None of that counts as time in which it was played.
            self.passed = self.clock.now().mono;
        } else {
            self.playing.pass(passed.as_secs_f64() * 1e3, &mut draw);
        }
        self.changed |= was_sought || self.playing.position != before;
        self.tty.listen(now);
    }

    fn signal(&mut self, asked: SignalRequest) {
        match asked {
            SignalRequest::End(code) => self.ending = Some(code),
            SignalRequest::Stop => {
                self.tty.leave();
                if job::stop(false).is_err() {
                    self.enter();
                }
            }
            SignalRequest::Continue => self.enter(),
            SignalRequest::Resize => self.resize(),
        }
    }

    fn enter(&mut self) {
        self.tty.enter(self.playing.player.state.console.mouse);
        self.resize();
    }

    fn resize(&mut self) {
        self.size = terminal::size();
        self.playing.resize(screens_of(self.size));
        self.changed = true;
    }

    fn typed(&mut self, typed: Option<Event>) {
        let Some(event) = typed else {
            self.ending = Some(129);
            return;
        };
        self.changed = true;
        match event {
            Event::Key(key) => self.key(key),
            Event::Mouse(_) | Event::Paste(_) => self.playing.player.hand(event),
            _ => {}
        }
    }

    fn key(&mut self, key: Key) {
        let interrupt = Key { code: KeyCode::Char('c'), ctrl: true, alt: false };
        if key == interrupt {
            self.ending = Some(0);
            return;
        }
        let player = &self.playing.player;
        // What who watches has opened takes the keys.
        if player.is_own() && !player.state.console.overlays.is_empty() {
            self.playing.player.hand(Event::Key(key));
            return;
        }
        match key {
            Key { ctrl: false, alt: false, code } => match code {
                KeyCode::Char(' ') | KeyCode::Esc if self.playing.sought.is_some() => self.playing.give_up(),
                KeyCode::Char(' ') if self.playing.is_over() => self.playing.head_for(i64::MIN),
                KeyCode::Char(' ') => self.playing.paused ^= true,
                KeyCode::Left => self.playing.jump(-SHORT),
                KeyCode::Right => self.playing.jump(SHORT),
                KeyCode::Down => self.playing.jump(-LONG),
                KeyCode::Up => self.playing.jump(LONG),
                KeyCode::Char('[') => self.playing.change_speed(false),
                KeyCode::Char(']') => self.playing.change_speed(true),
                KeyCode::Char('q') => self.ending = Some(0),
                KeyCode::Esc if self.playing.player.is_own() => self.playing.follow(),
                KeyCode::Esc => {}
                _ => self.playing.player.hand(Event::Key(key)),
            },
            _ => self.playing.player.hand(Event::Key(key)),
        }
    }

    fn draw(&mut self) {
        if !self.changed || !self.tty.is_idle() {
            return;
        }
        self.changed = false;
        let (painter, playing, size) = (&mut self.painter, &mut self.playing, self.size);
        let mut learned = LayoutMap::default();
        let state = &playing.player.state;
        let bar = Bar::of(playing);
        self.tty.draw(self.clock, size, |area, buffer| {
            let screens = Rect { height: area.height.saturating_sub(1), ..area };
            learned = painter.paint(state, screens, buffer);
            let row = Rect { y: area.y + screens.height, height: area.height - screens.height, ..area };
            replay_bar::draw(&bar, painter.styles_of(state), row, buffer);
        });
        if playing.player.is_own() {
            playing.player.learn(learned);
        }
    }
}

impl Bar {
    fn of(playing: &Playing) -> Self {
        Self {
            first: playing.recording().first,
            last: playing.recording().last,
            position: playing.position,
            speed: playing.speed,
            paused: playing.paused,
            sought: playing.sought,
            own: playing.player.is_own(),
            thinned: playing.player.thinned,
            partial: playing.player.partial,
        }
    }
}
