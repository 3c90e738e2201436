//! A recording that is being played: where it is, how fast, and the jumps.

use super::keyframes::{Keyframe, Keyframes};
use crate::app::layout::LayoutMap;
use crate::app::recording::player::{PlayOptions, Player};
use crate::app::state::State;
use crate::runtime::recording::reader::{RecordedLines, Recording};

/// How fast a recording can be played.
pub(crate) const SPEEDS: [f64; 9] = [0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0];

/// Lines that are played before keys are listened to again: about a tenth of a second.
const MOST_AT_ONCE: usize = 2_000;

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
    /// The moment that is looked for: what lies before it is being played.
    pub sought: Option<i64>,
    /// What of a moment has passed that is less than a millisecond.
    rest: f64,
    /// What was shown at moments that were played, so that they need not be played again.
    keyframes: Keyframes,
}

impl Playing {
    /// At its beginning.
    ///
    /// # Errors
    /// It is of another form, or its configuration can't be read; in words.
    pub(crate) fn new(recording: Recording, options: PlayOptions, speed: f64) -> Result<Self, String> {
        let player = Player::new(&recording.header, options.clone())?;
        let (lines, position) = (recording.lines(), recording.first);
        let keyframes = Keyframes::new(position);
        let (sought, rest) = (None, 0.0);
        Ok(Self { recording, lines, player, options, position, speed, paused: false, sought, rest, keyframes })
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

    /// Looks for the moment that lies so far ahead, or back, of where it is or will be.
    pub(crate) fn jump(&mut self, milliseconds: i64) {
        self.head_for(self.sought.unwrap_or(self.position).saturating_add(milliseconds));
    }

    /// Goes to a moment.
    pub(crate) fn seek(&mut self, moment: i64, draw: Draw<'_>) {
        self.head_for(moment);
        while self.sought.is_some() {
            self.go_on(draw);
        }
    }

    /// Looks for a moment. What is between it and what is known of the time before it is played by [`Self::go_on`]: then the
    /// same things happen as did.
    pub(crate) fn head_for(&mut self, moment: i64) {
        let moment = moment.clamp(self.recording.first, self.recording.last);
        if moment < self.position {
            self.go_back(moment);
        } else if !self.player.is_own() {
            if let Some(frame) = self.keyframes.latest(moment).filter(|frame| frame.at > self.position).cloned() {
                self.show(frame);
            }
            self.skip_files(moment);
        }
        self.sought = Some(moment);
    }

    /// Plays a minute, or a part of it, of what lies before the moment that is looked for.
    pub(crate) fn go_on(&mut self, draw: Draw<'_>) {
        let Some(sought) = self.sought else { return };
        let is_there = self.play_to(self.keyframes.after(self.position).min(sought), draw);
        if is_there && self.position >= sought {
            self.sought = None;
        }
    }

    /// Stays where it is instead of looking for a moment. What a file says again of the time before it is one moment: it is
    /// played to its end.
    pub(crate) fn give_up(&mut self) {
        self.sought = self.sought.and(self.player.is_restating().then_some(self.position));
    }

    /// Shows what was looked at then.
    pub(crate) fn follow(&mut self) {
        let moment = self.sought.unwrap_or(self.position);
        self.go_back(moment);
        self.sought = Some(moment);
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

    /// To the latest moment before this one of which it is known what was shown, else to the beginning.
    fn go_back(&mut self, moment: i64) {
        self.rest = 0.0;
        if let Some(frame) = self.keyframes.latest(moment).cloned() {
            self.show(frame);
        } else if let Ok(player) = Player::new(&self.recording.header, self.options.clone()) {
            // It could be read before, and nothing of it was changed here.
            self.player = player;
            self.lines = self.recording.lines();
            self.position = self.recording.first;
        }
        self.skip_files(moment);
    }

    /// Begins with the file of a moment where a whole file or more lies between, so that the way there has a bound.
    fn skip_files(&mut self, moment: i64) {
        let further = &self.recording.further;
        let file_of = |moment: i64| further.partition_point(|file| file.at <= moment);
        let file = file_of(moment);
        if file <= file_of(self.position) + 1 {
            return;
        }
        let start = &further[file - 1];
        // One of an earlier version says again only the latest: what leads there is played.
        if start.header.after.is_none() {
            return;
        }
        if let Ok(player) = Player::new(&start.header, self.options.clone()) {
            self.lines = self.recording.lines_from(start.place);
            self.position = start.at;
            self.player = player;
        }
    }

    fn show(&mut self, frame: Keyframe) {
        self.lines = self.recording.lines_from(frame.place);
        self.player = frame.player.shown_as(&self.options);
        self.position = frame.at;
    }

    /// Plays what lies before a moment, so many lines at the most. Whether that was all of it.
    fn play_to(&mut self, moment: i64, draw: Draw<'_>) -> bool {
        let moment = moment.min(self.recording.last);
        let mut left = MOST_AT_ONCE;
        loop {
            let until = self.keyframes.after(self.position).min(moment);
            while let Some(line) = self.lines.until(until) {
                let at = line.at().utc.timestamp_millis();
                self.player.take(line, draw);
                left -= 1;
                if left == 0 {
                    // More of the same moment may follow.
                    self.position = self.position.max(at - 1);
                    return false;
                }
            }
            self.position = until;
            // What who watches has opened was not looked at then.
            if self.keyframes.is_wanted(until) && !self.player.is_own() {
                self.keyframes.keep(Keyframe { at: until, player: self.player.clone(), place: self.lines.place() });
            }
            if until >= moment {
                return true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::sync::Arc;
    use std::time::Duration;

    use chrono::DateTime;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use tokio::sync::{mpsc, watch};

    use super::*;
    use crate::app::message::{Event, Learned, Message};
    use crate::app::recording::RecordedLine;
    use crate::app::recording::carried::{Carried, Reach};
    use crate::app::update::update;
    use crate::config::load::load_text;
    use crate::lang::key::{Key, KeyCode};
    use crate::lang::time::Stamp;
    use crate::logs::ring::RingLimits;
    use crate::runtime::painter::FramePainter;
    use crate::runtime::recording::writer::{MessageRecorder, RecordingFile};
    use crate::runtime::replay::layout_of;
    use crate::theme::{Catalogue, ColorDepth, GlyphSet};

    const SIZE: (u16, u16) = (100, 30);
    const BEGIN: i64 = 1_795_000_000;
    const REACH: Reach =
        Reach { span: Duration::from_secs(20), each: 4, records: RingLimits { records: 100, bytes: 1 << 20 } };

    fn painter() -> FramePainter {
        FramePainter::new(Catalogue::shipped(), ColorDepth::True, GlyphSet::UTF8)
    }

    fn frame(state: &State) -> Buffer {
        let area = Rect::new(0, 0, state.console.size.0, state.console.size.1);
        let mut buffer = Buffer::empty(area);
        painter().paint(state, area, &mut buffer);
        buffer
    }

    fn recorded(path: &std::path::Path) -> Vec<Buffer> {
        recorded_for(60, path)
    }

    /// A console of so many seconds, in which a key is pressed every second; its frames by the second.
    fn recorded_for(seconds: i64, path: &std::path::Path) -> Vec<Buffer> {
        let text =
            "[console]\nname = \"shop\"\n[check.api]\ntcp = \"127.0.0.1:1\"\n[check.web]\ntcp = \"127.0.0.1:2\"\n";
        let config = Arc::new(load_text(std::path::Path::new("/nowhere/opsroom.toml"), text).config.unwrap());
        let at = |second: i64| Stamp {
            mono: Duration::from_secs(second.unsigned_abs()),
            utc: DateTime::from_timestamp(BEGIN + second, 0).unwrap(),
        };
        let mut state = State::new(config, at(0), SIZE);
        let (out, _heard) = mpsc::channel(4);
        let (_sender, latest) = watch::channel(Some(Arc::default()));
        let mut recorder = MessageRecorder::start(RecordingFile::create(path).unwrap(), &state, latest, out).unwrap();
        let mut frames = Vec::new();
        let mut drawer = painter();
        for second in 0..seconds {
            let code = KeyCode::Char(['1', '3', 'j', '?', 'k', '6', 'w', '!'][second as usize % 8]);
            let key = Key { code, ctrl: false, alt: false };
            for event in [Event::Clock, Event::Key(key), Event::Learned(Learned::Layout(LayoutMap::default()))] {
                let event = match event {
                    Event::Learned(_) => Event::Learned(Learned::Layout(layout_of(&mut drawer, &state))),
                    event => event,
                };
                let message = Message { at: at(second), event };
                let line = recorder.hear(&state, &message).unwrap();
                drop(update(&mut state, message));
                assert!(recorder.keep(&state, line));
            }
            frames.push(frame(&state));
        }
        recorder.end().join().unwrap();
        frames
    }

    #[test]
    fn a_jump_shows_what_playing_up_to_there_shows() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x");
        let frames = recorded(&path);
        assert!(frames[10].diff(&frames[40]).len() > 20, "they are told apart");
        let open = || Playing::new(Recording::open(&path).unwrap(), PlayOptions::default(), 10.0).unwrap();
        let (mut jumping, mut drawer) = (open(), painter());
        let mut draw = |state: &State| layout_of(&mut drawer, state);
        for second in [30, 5, 59, 0, 31, 30, 12] {
            jumping.seek((BEGIN + second) * 1000, &mut draw);
            assert_eq!(frame(&jumping.player.state), frames[second as usize], "second {second}");
        }
        let mut playing = open();
        for _ in 0..120 {
            playing.pass(100.0, &mut draw);
        }
        // Twelve seconds at ten times the speed, which is beyond the end.
        assert!(playing.is_over());
        assert_eq!(frame(&playing.player.state), frames[59]);
    }

    #[test]
    fn going_back_plays_no_more_than_the_minute_before() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x");
        let frames = recorded_for(200, &path);
        let mut playing = Playing::new(Recording::open(&path).unwrap(), PlayOptions::default(), 1.0).unwrap();
        let (mut drawer, mut played) = (painter(), 0);
        let mut seek = |playing: &mut Playing, second: i64| {
            played = 0;
            playing.seek((BEGIN + second) * 1000, &mut |state| {
                played += 1;
                layout_of(&mut drawer, state)
            });
            assert_eq!(frame(&playing.player.state), frames[second as usize], "second {second}");
            played
        };
        assert_eq!(seek(&mut playing, 199), 200);
        assert_eq!(seek(&mut playing, 130), 10, "from the second minute on");
        assert_eq!(seek(&mut playing, 59), 60, "from the beginning");
        assert_eq!(seek(&mut playing, 190), 10, "ahead, from the third minute on");
        assert_eq!(seek(&mut playing, 120), 0);
    }

    #[test]
    fn a_far_moment_is_come_to_by_minutes_and_can_be_given_up() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x");
        let frames = recorded_for(200, &path);
        let mut playing = Playing::new(Recording::open(&path).unwrap(), PlayOptions::default(), 1.0).unwrap();
        let mut drawer = painter();
        let mut draw = |state: &State| layout_of(&mut drawer, state);
        playing.head_for((BEGIN + 150) * 1000);
        playing.jump(10_000);
        let mut seconds = Vec::new();
        while playing.sought.is_some() {
            playing.go_on(&mut draw);
            seconds.push(playing.position / 1000 - BEGIN);
            assert_eq!(frame(&playing.player.state), frames[seconds[seconds.len() - 1] as usize]);
        }
        assert_eq!(seconds, [60, 120, 160]);
        playing.head_for((BEGIN + 199) * 1000);
        playing.go_on(&mut draw);
        playing.give_up();
        assert_eq!(frame(&playing.player.state), frames[180], "it is where it was when it was given up");
    }

    /// The same recording in so many files, as if each was full after as many lines.
    #[expect(clippy::disallowed_methods, reason = "a test may write what it reads")]
    fn in_files(path: &std::path::Path, parts: usize) {
        let recording = Recording::open(path).unwrap();
        let (mut lines, mut carried) = (recording.lines(), Carried::new(recording.header, REACH));
        let all: Vec<RecordedLine> = std::iter::from_fn(|| lines.until(i64::MAX)).collect();
        for (part, chunk) in all.chunks(all.len().div_ceil(parts)).enumerate() {
            let mut out = GzEncoder::new(Vec::new(), Compression::fast());
            let begins = (part > 0).then(|| RecordedLine::Begins(Box::new(carried.begin(chunk[0].at()))));
            let restated: Vec<RecordedLine> = if part > 0 { carried.lines().cloned().collect() } else { Vec::new() };
            for line in begins.iter().chain(&restated).chain(chunk) {
                out.write_all(line.encode().unwrap().as_bytes()).unwrap();
            }
            let name = if part + 1 == parts { "x".to_owned() } else { format!("x.{}", parts - 1 - part) };
            std::fs::write(path.with_file_name(name), out.finish().unwrap()).unwrap();
            chunk.iter().cloned().for_each(|line| carried.note(line));
        }
    }

    #[test]
    fn a_far_moment_is_come_to_from_the_beginning_of_its_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x");
        let frames = recorded_for(200, &path);
        in_files(&path, 5);
        let open = || Playing::new(Recording::open(&path).unwrap(), PlayOptions::default(), 1.0).unwrap();
        let mut drawer = painter();
        let mut draw = |state: &State| layout_of(&mut drawer, state);
        let mut playing = open();
        assert_eq!(playing.recording().further.len(), 4);
        // What lies in the next file is played, and so are whole files one after the other.
        for (second, partial) in [(70, false), (100, false), (199, true), (130, true), (30, false)] {
            playing.seek((BEGIN + second) * 1000, &mut draw);
            assert_eq!(frame(&playing.player.state), frames[second as usize], "second {second}");
            assert_eq!(playing.player.partial, partial, "second {second}");
        }
        for gone in ["x.4", "x.3"] {
            std::fs::remove_file(directory.path().join(gone)).unwrap();
        }
        let mut rest = open();
        rest.seek((BEGIN + 199) * 1000, &mut draw);
        assert_eq!(frame(&rest.player.state), frames[199]);
        assert!(rest.player.partial && rest.recording().notes[0].contains("the recording begins at"));
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test may write what it reads")]
    fn behind_what_is_missing_or_damaged_the_next_file_shows_how_it_was() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x");
        let frames = recorded_for(200, &path);
        in_files(&path, 5);
        std::fs::remove_file(directory.path().join("x.3")).unwrap();
        let damaged = directory.path().join("x.2");
        let bytes = std::fs::read(&damaged).unwrap();
        std::fs::write(&damaged, &bytes[..bytes.len() - 200]).unwrap();
        let mut playing = Playing::new(Recording::open(&path).unwrap(), PlayOptions::default(), 1.0).unwrap();
        let mut drawer = painter();
        let mut draw = |state: &State| layout_of(&mut drawer, state);
        for (second, partial) in [(30, false), (85, true), (130, true), (190, true)] {
            playing.seek((BEGIN + second) * 1000, &mut draw);
            assert_eq!(frame(&playing.player.state), frames[second as usize], "second {second}");
            assert_eq!(playing.player.partial, partial, "second {second}");
        }
    }

    #[test]
    fn who_watches_looks_elsewhere_and_comes_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x");
        let frames = recorded(&path);
        let mut playing = Playing::new(Recording::open(&path).unwrap(), PlayOptions::default(), 1.0).unwrap();
        let mut drawer = painter();
        let mut draw = |state: &State| layout_of(&mut drawer, state);
        playing.seek((BEGIN + 9) * 1000, &mut draw);
        for code in [KeyCode::Esc, KeyCode::Char('6')] {
            playing.player.hand(Event::Key(Key { code, ctrl: false, alt: false }));
        }
        assert!(playing.player.is_own());
        playing.jump(18_000);
        playing.go_on(&mut draw);
        assert_ne!(frame(&playing.player.state), frames[27], "what was pressed then is passed over");
        assert_eq!(playing.player.state.console.screen.name(), "actions");
        playing.follow();
        playing.go_on(&mut draw);
        assert_eq!(frame(&playing.player.state), frames[27]);
        assert!(!playing.player.is_own());
    }

    #[test]
    fn speeds_are_a_ladder() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x");
        recorded(&path);
        let mut playing = Playing::new(Recording::open(&path).unwrap(), PlayOptions::default(), 3.0).unwrap();
        playing.change_speed(true);
        assert!((playing.speed - 5.0).abs() < f64::EPSILON);
        (0..20).for_each(|_| playing.change_speed(true));
        assert!((playing.speed - 300.0).abs() < f64::EPSILON);
        (0..20).for_each(|_| playing.change_speed(false));
        assert!((playing.speed - 0.25).abs() < f64::EPSILON);
    }
}
