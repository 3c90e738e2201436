//! An operator's ten tasks in the demo at 80×24: with how many keys each is done, and what is seen then.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use opsroom::theme::ColorDepth;

use crate::support::pty::{Terminal, clock, until};
use crate::support::recorded;

const ENTER: &str = "\r";
const ESCAPE: &str = "\x1b";
/// Seconds of a day.
const DAY: u32 = 24 * 60 * 60;
const COPY_TIMELINE: &str = "\x19";
const SIZE: (u16, u16) = (80, 24);
/// What the console takes in is recorded there.
const RECORDING: &str = "night.rec";

/// A person at the demo.
struct Desk {
    terminal: Terminal,
    directory: tempfile::TempDir,
    /// The keys of the task so far.
    keys: usize,
    /// The second of the day at which it was opened.
    opened: u32,
}

impl Desk {
    fn open() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let place = directory.path().to_str().expect("a path of the test");
        let recording = directory.path().join(RECORDING);
        let recording = recording.to_str().expect("a path of the test");
        let argv = [env!("CARGO_BIN_EXE_opsroom"), "demo", "--seed", "1", "--record", recording];
        let terminal = Terminal::program(&argv, SIZE.0, SIZE.1, &[("TMPDIR", place)]);
        terminal.wait_for("6 of 6 ok");
        let opened = seconds(&terminal.contents()).expect("a clock");
        Self { terminal, directory, keys: 0, opened }
    }

    fn press(&mut self, keys: &[&str]) {
        for key in keys {
            self.terminal.press(key);
        }
        self.keys += keys.len();
    }

    /// All of this is on the screen.
    fn sees(&self, wanted: &[&str]) {
        self.terminal.wait(&wanted.join(", "), |screen| {
            let shown = screen.contents();
            wanted.iter().all(|text| shown.contains(text))
        });
    }

    /// The task is done: that took no more keys than it may.
    fn done(&mut self, task: &str, most: usize) {
        assert!(self.keys <= most, "{task}: {} keys instead of {most}", self.keys);
        self.keys = 0;
    }

    /// To the overview from wherever one task has led: not a key of the next.
    fn back(&mut self, from: &str) {
        self.terminal.press(ESCAPE);
        self.terminal.wait(from, |screen| !screen.contents().contains(from));
        self.terminal.press("1");
        self.terminal.wait_for(" services ");
    }

    /// A dialog that has just been opened is deaf: the clock goes on twice meanwhile.
    fn let_it_listen(&self) {
        for _ in 0..2 {
            self.terminal.wait_a_second();
        }
    }

    /// So many seconds are gone since the demo was opened. Each wait is for a part of them, far below its bound.
    fn is_open_for(&self, wanted: u32) {
        for part in (10..=wanted).step_by(10) {
            self.terminal.wait(&format!("{part} s after the start"), |screen| {
                let now = seconds(&screen.contents());
                now.is_some_and(|now| (now + DAY - self.opened) % DAY >= part)
            });
        }
    }

    /// Whether that was copied. The path of a bundle may be copied in between.
    fn has_copied(&self, words: &str) -> bool {
        let raw = self.terminal.raw();
        let texts = raw.split("\x1b]52;c;").skip(1).filter_map(|rest| rest.split_once('\x07'));
        let mut decoded = texts.filter_map(|(encoded, _)| String::from_utf8(STANDARD.decode(encoded).ok()?).ok());
        decoded.any(|text| text.contains(words))
    }
}

/// Whether a number stands before those words.
fn has_value_before(row: &str, words: &str) -> bool {
    let before = row.split_once(words).and_then(|(before, _)| before.split_whitespace().last());
    before.is_some_and(|number| number.parse::<f64>().is_ok())
}

/// The seconds of the day in the header.
fn seconds(shown: &str) -> Option<u32> {
    let clock = clock(shown);
    let mut parts = clock.split(':').map(|part| part.parse::<u32>().ok());
    Some((parts.next()?? * 60 + parts.next()??) * 60 + parts.next()??)
}

fn is_down_by_itself(shown: &str) -> bool {
    shown.lines().any(|row| row.contains("✗ DOWN") && row.contains("shop front") && row.contains("cart: TypeError"))
}

/// The rows that are selected: those with a tint behind their words.
fn selected(screen: &vt100::Screen) -> Vec<String> {
    let (rows, columns) = screen.size();
    let is_tinted = |row: u16| {
        let tinted = |column| screen.cell(row, column).is_some_and(|cell| cell.bgcolor() != vt100::Color::Default);
        (0..columns).filter(|column| tinted(*column)).count() > usize::from(columns) / 2
    };
    (1..rows).filter(|row| is_tinted(*row)).map(|row| screen.contents_between(row, 0, row, columns)).collect()
}

#[test]
fn what_is_broken_is_found_told_and_mended() {
    let mut desk = Desk::open();
    desk.sees(&["✗ cache DOWN", " since ", "max number of clients reached (1024)", "R restart cache"]);
    desk.done("1: what is broken and since when", 0);

    desk.press(&["l", "E"]);
    desk.terminal.wait("the last error among what was said around it", |screen| {
        let said = selected(screen).concat();
        let others = screen.contents().matches("clients connected").count();
        said.contains("ERROR cache  max number of clients reached") && others > 2
    });
    desk.done("2: its last error with context", 2);

    desk.press(&["r"]);
    desk.sees(&["all logs · trace=", "ERROR cache  max number of clients", " api    "]);
    desk.done("3: everything with that trace", 1);
    desk.back("trace=");

    desk.press(&["3", "p"]);
    desk.sees(&["NEW since yesterday", "NEW connect ECONNREFUSED cache", "NEW max number of clients reac"]);
    desk.terminal.wait("what was said yesterday too is not called new", |screen| {
        let shown = screen.contents();
        let old: Vec<&str> = shown.lines().filter(|row| row.contains("<n> clients connected")).collect();
        !old.is_empty() && old.iter().all(|row| !row.contains("NEW"))
    });
    desk.done("4: new error shapes", 2);
    desk.back("patterns");

    desk.press(&["S"]);
    let saved = |directory: &std::path::Path| -> Vec<String> {
        let found =
            |path: &std::path::Path| std::fs::read_dir(path).into_iter().flatten().flatten().map(|it| it.path());
        let demos = found(directory).map(|demo| demo.join("state/saved"));
        let files = demos
            .flat_map(|saved| found(&saved).collect::<Vec<_>>())
            .flat_map(|bundle| found(&bundle).collect::<Vec<_>>());
        files.filter_map(|file| Some(file.file_name()?.to_str()?.to_owned())).collect()
    };
    until("screen, logs and timeline are saved", || {
        let files = saved(desk.directory.path());
        ["screen", "log", "timeline"].iter().all(|kind| files.iter().any(|file| file.contains(kind)))
    });
    desk.done("9: evidence as one bundle", 1);

    desk.press(&[COPY_TIMELINE]);
    until("what happened is copied", || desk.has_copied("now: cache DOWN since "));
    desk.done("10: what happened in the last 30 min", 1);

    desk.press(&["R"]);
    desk.sees(&["Enter cancels; y runs it"]);
    desk.let_it_listen();
    desk.press(&["y"]);
    desk.sees(&["restart cache: verified", "cache is good"]);
    desk.done("5: restart it and know that it worked", 2);

    // All of that night is played again, frame by frame.
    desk.terminal.press("\x03");
    assert_eq!(desk.terminal.wait_for_end().exit_code(), 0);
    let drawn = recorded::drawn(&desk.terminal.raw(), SIZE);
    let played = recorded::played(&desk.directory.path().join(RECORDING), ColorDepth::Indexed);
    assert!(drawn.len() > 30, "{} frames", drawn.len());
    recorded::assert_in_order(&drawn, &played);
}

#[test]
fn what_was_before_is_compared_proven_and_brought_back() {
    let mut desk = Desk::open();
    desk.press(&["4", "j", "b", "h"]);
    desk.terminal.wait("the value of now beside that of an hour ago", |screen| {
        let shown = screen.contents();
        shown.contains("┌ response-time ") && shown.lines().any(|row| has_value_before(row, "ms an hour ago"))
    });
    desk.done("8: response time now and an hour ago", 5);
    desk.back("ms an hour ago");

    desk.press(&["V"]);
    desk.sees(&["y runs it"]);
    desk.let_it_listen();
    desk.press(&["y"]);
    desk.sees(&["✓ backup proven: customers 310 of 310, orders 1,279 of 1,279, dump 3 h old"]);
    desk.done("7: verify the backup and see what was proven", 2);

    // The release is bad: it fails on its own, beside what the cache does to it.
    desk.is_open_for(80);
    desk.press(&["1"]);
    desk.keys = 0;
    desk.terminal.wait("the shop front is down by itself", |screen| is_down_by_itself(&screen.contents()));
    desk.press(&["B"]);
    desk.terminal.wait("the release before is selected, the running one is marked", |screen| {
        let chosen = selected(screen).concat();
        let shown = screen.contents();
        let running = shown.lines().find(|row| row.contains("runs now"));
        chosen.contains("2.4.0  the one before") && running.is_some_and(|row| row.contains("2.4.1"))
    });
    desk.press(&[ENTER]);
    desk.sees(&["type the name `web`"]);
    desk.let_it_listen();
    // The name is typed beside the keys that are counted.
    desk.terminal.press("web");
    desk.sees(&["Enter runs it now"]);
    desk.press(&[ENTER]);
    desk.sees(&["rollback web: verified"]);
    desk.terminal.wait("the shop front is well, though the cache is not", |screen| {
        let shown = screen.contents();
        shown.contains("cache DOWN") && !is_down_by_itself(&shown)
    });
    desk.done("6: roll back a bad release", 4);
}
