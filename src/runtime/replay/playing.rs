//! A recording that is being played: where it is, how fast, and the jumps.

use crate::app::layout::LayoutMap;
use crate::app::recording::player::{PlayOptions, Player};
use crate::app::state::State;
use crate::runtime::recording::reader::{RecordedLines, Recording};

/// How fast a recording can be played.
pub(crate) const SPEEDS: [f64; 9] = [0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0];

/// Draws a state, and says where things are.
pub(crate) type Draw<'a> = &'a mut dyn FnMut(&State) -> LayoutMap;

/// A recording at a moment.
pub(crate) struct Playing {
    recording: Recording,
    lines: RecordedLines,
    /// What is shown.
    pub player: Player,
    options: PlayOptions,
    /// The moment, in milliseconds since 1970.
    pub position: i64,
    /// How many times as fast as it was.
    pub speed: f64,
    /// Whether it stands still.
    pub paused: bool,
    /// What of a moment has passed that is less than a millisecond.
    rest: f64,
}

impl Playing {
    /// At its beginning.
    ///
    /// # Errors
    /// It is of another form, or its configuration can't be read; in words.
    pub(crate) fn new(recording: Recording, options: PlayOptions, speed: f64) -> Result<Self, String> {
        let player = Player::new(&recording.header, options.clone())?;
        let (lines, position) = (recording.lines(), recording.first);
        Ok(Self { recording, lines, player, options, position, speed, paused: false, rest: 0.0 })
    }

    /// What is played.
    pub(crate) fn recording(&self) -> &Recording {
        &self.recording
    }

    /// Whether all of it was played.
    pub(crate) fn is_over(&self) -> bool {
        self.position >= self.recording.last
    }

    /// Time passed for who watches.
    pub(crate) fn pass(&mut self, milliseconds: f64, draw: Draw<'_>) {
        if self.paused || self.is_over() {
            return;
        }
        self.rest += milliseconds * self.speed;
        let whole = self.rest.floor();
        self.rest -= whole;
        self.play_to(self.position.saturating_add(whole as i64), draw);
    }

    /// Jumps so far ahead, or back.
    pub(crate) fn jump(&mut self, milliseconds: i64, draw: Draw<'_>) {
        self.seek(self.position.saturating_add(milliseconds), draw);
    }

    /// Goes to a moment. Back is from the beginning again: then the same things happen as did.
    pub(crate) fn seek(&mut self, moment: i64, draw: Draw<'_>) {
        let moment = moment.clamp(self.recording.first, self.recording.last);
        if moment < self.position {
            self.begin_again();
        }
        self.play_to(moment, draw);
    }

    /// Shows what was looked at then.
    pub(crate) fn follow(&mut self, draw: Draw<'_>) {
        let moment = self.position;
        self.begin_again();
        self.play_to(moment, draw);
    }

    /// As fast as the next of the speeds, or the one before.
    pub(crate) fn change_speed(&mut self, faster: bool) {
        let next = if faster {
            SPEEDS.iter().find(|speed| **speed > self.speed)
        } else {
            SPEEDS.iter().rev().find(|speed| **speed < self.speed)
        };
        self.speed = next.copied().unwrap_or(self.speed);
    }

    /// The screen has another size.
    pub(crate) fn resize(&mut self, size: (u16, u16)) {
        self.options.size = Some(size);
        self.player.resize(size);
    }

    fn begin_again(&mut self) {
        // It could be read before, and nothing of it was changed here.
        if let Ok(player) = Player::new(&self.recording.header, self.options.clone()) {
            self.player = player;
            self.lines = self.recording.lines();
            self.position = self.recording.first;
            self.rest = 0.0;
        }
    }

    fn play_to(&mut self, moment: i64, draw: Draw<'_>) {
        while let Some(line) = self.lines.until(moment) {
            self.player.take(line, draw);
        }
        self.position = moment.min(self.recording.last);
    }
}
