//! A writer that does to its log what writers do, at random, against what must be read: every line once, in order.
//!
//! What nobody can know is left out: lines that are written and truncated, deleted or replaced between two looks; a
//! file that is deleted between two looks at which it was never seen; a rotated file that is moved elsewhere before
//! it is read. So the writer lets the follower catch up before it truncates, and rotates by renaming when it rotates
//! more than once between two looks.

use std::collections::VecDeque;
use std::os::unix::fs::symlink;

use proptest::prelude::*;

use super::*;

/// How a writer names what it rotates.
#[derive(Clone, Copy, PartialEq)]
enum Scheme {
    /// `a.log.1` becomes `a.log.2`.
    Numbered,
    /// `a.log-20261121001`.
    Dated,
    /// `a.log` is a link to the newest of `a-20261121001.log`.
    Linked,
}

/// The writer, the follower, and what it must have read.
struct Writer {
    bench: Bench,
    random: fastrand::Rng,
    scheme: Scheme,
    expected: Vec<String>,
    /// The last line has no end yet.
    open_line: bool,
    next: u64,
    rotations: u32,
    /// Rotated files, newest first.
    rotated: VecDeque<String>,
    /// Rotations since the follower looked last.
    unseen: u32,
}

impl Writer {
    fn new(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let scheme = [Scheme::Numbered, Scheme::Dated, Scheme::Linked][random.usize(0..3)];
        let bench = Bench::new(
            "a.log",
            |at| match scheme {
                Scheme::Linked => {
                    write(at, "a-20261121000.log", "");
                    symlink(at.join("a-20261121000.log"), at.join("a.log")).unwrap();
                }
                _ => write(at, "a.log", ""),
            },
            |log| log.skip = false,
        );
        let mut writer = Self {
            bench,
            random,
            scheme,
            expected: Vec::new(),
            open_line: false,
            next: 0,
            rotations: 0,
            rotated: VecDeque::new(),
            unseen: 0,
        };
        writer.bench.tick();
        writer
    }

    /// One thing that a writer does, or a look of the follower.
    fn step(&mut self) {
        match self.random.u32(0..16) {
            0..=4 => {
                let text = self.lines(30);
                self.bench.append("a.log", text);
            }
            5 => self.part(),
            6 | 7 => self.rotate(),
            8 => self.truncate(),
            9 => self.truncate_and_grow(),
            10 => self.copy_and_truncate(),
            11 => self.replace(),
            12 => self.delete(),
            13 => self.wait(),
            _ => self.bench.tick(),
        }
        if self.random.u32(0..3) == 0 {
            self.bench.tick();
        }
    }

    /// Whole lines, the first of which may end a line that was begun.
    fn lines(&mut self, most: usize) -> String {
        let mut text = String::new();
        for _ in 0..self.random.usize(1..=most) {
            self.next += 1;
            let line = format!("{} line {}", "x".repeat(self.random.usize(0..20)), self.next);
            text.push_str(&line);
            text.push('\n');
            if std::mem::take(&mut self.open_line) {
                self.expected.last_mut().unwrap().push_str(&line);
            } else {
                self.expected.push(line);
            }
        }
        text
    }

    fn part(&mut self) {
        self.next += 1;
        let part = format!("part {} ", self.next);
        if self.open_line {
            self.expected.last_mut().unwrap().push_str(&part);
        } else {
            self.expected.push(part.clone());
            self.open_line = true;
        }
        self.bench.append("a.log", part);
    }

    /// The follower sees all that there is.
    fn catch_up(&mut self) {
        self.bench.ticks(4);
        self.unseen = 0;
    }

    fn wait(&mut self) {
        let seconds = self.random.u64(2..8);
        self.bench.wait(Duration::from_secs(seconds));
        self.catch_up();
    }

    /// Up to three times between two looks.
    fn rotate(&mut self) {
        self.rotations += 1;
        self.open_line = false;
        let dated = format!("a-20261121{:03}.log", self.rotations);
        match self.scheme {
            Scheme::Linked => {
                write(self.bench.directory.path(), &dated, "");
                symlink(self.bench.path(&dated), self.bench.path("next")).unwrap();
                self.bench.rename("next", "a.log");
                // What a link led to between two looks is found by its date.
                let text = self.lines(3);
                self.bench.append("a.log", text);
            }
            Scheme::Dated => {
                let name = format!("a.log-20261121{:03}", self.rotations);
                self.bench.rename("a.log", &name);
                self.rotated.push_front(name);
            }
            Scheme::Numbered => {
                for number in (1..=self.rotated.len()).rev() {
                    self.bench.rename(&format!("a.log.{number}"), &format!("a.log.{}", number + 1));
                }
                self.bench.rename("a.log", "a.log.1");
                self.rotated.push_front(String::new());
            }
        }
        self.forget_oldest();
        if self.scheme != Scheme::Linked {
            if self.unseen == 0 && self.random.bool() {
                let away = self.random.usize(1..30);
                self.bench.ticks(away);
            }
            write(self.bench.directory.path(), "a.log", "");
        }
        self.unseen += 1;
        if self.unseen == 3 || self.random.bool() {
            self.catch_up();
        }
    }

    fn forget_oldest(&mut self) {
        if self.rotated.len() > 6 {
            let name = self.rotated.pop_back().unwrap();
            let name = if self.scheme == Scheme::Numbered { "a.log.7".to_owned() } else { name };
            fs::remove_file(self.bench.path(&name)).unwrap();
        }
    }

    fn empty(&mut self) {
        self.catch_up();
        File::options().write(true).truncate(true).open(self.bench.path("a.log")).unwrap();
        self.open_line = false;
    }

    fn truncate(&mut self) {
        self.empty();
        if self.random.bool() {
            self.bench.tick();
        }
    }

    /// The follower never sees that the file was shorter.
    fn truncate_and_grow(&mut self) {
        self.catch_up();
        let size = fs::metadata(self.bench.path("a.log")).unwrap().len();
        self.empty();
        let mut text = String::new();
        while text.len() as u64 <= size {
            text.push_str(&self.lines(10));
        }
        self.bench.append("a.log", text);
        self.catch_up();
    }

    fn copy_and_truncate(&mut self) {
        self.catch_up();
        fs::copy(self.bench.path("a.log"), self.bench.path("a.log.copy")).unwrap();
        self.empty();
    }

    /// Another file of the same size takes its place.
    fn replace(&mut self) {
        self.catch_up();
        if self.scheme == Scheme::Linked || self.open_line {
            return;
        }
        let size = usize::try_from(fs::metadata(self.bench.path("a.log")).unwrap().len()).unwrap();
        self.next += 1;
        let Some(fill) = size.checked_sub(format!("new {} \n", self.next).len()) else { return };
        let line = format!("new {} {}", self.next, "y".repeat(fill));
        write(self.bench.directory.path(), "other", &(line.clone() + "\n"));
        assert_eq!(fs::metadata(self.bench.path("other")).unwrap().len() as usize, size);
        self.bench.rename("other", "a.log");
        self.expected.push(line);
        self.catch_up();
    }

    fn delete(&mut self) {
        self.catch_up();
        if self.scheme == Scheme::Linked {
            return;
        }
        let text = self.lines(3);
        self.bench.append("a.log", text);
        fs::remove_file(self.bench.path("a.log")).unwrap();
        if self.random.bool() {
            let away = self.random.usize(1..30);
            self.bench.ticks(away);
        }
        let text = self.lines(3);
        write(self.bench.directory.path(), "a.log", &text);
        self.catch_up();
    }

    /// Where what was read differs from what was written.
    fn difference(&mut self) -> Option<String> {
        self.catch_up();
        self.bench.wait(Duration::from_secs(3));
        let lines = self.bench.lines();
        let expected = &self.expected;
        let at = (0..lines.len().max(expected.len()))
            .find(|at| lines.get(*at).copied() != expected.get(*at).map(String::as_str))?;
        Some(format!("line {at}: {:?} and not {:?}", lines.get(at), expected.get(at)))
    }
}

#[test]
fn every_line_comes_once_and_in_order_whatever_the_writer_does() {
    for seed in 0..60 {
        let mut writer = Writer::new(seed);
        for _ in 0..150 {
            writer.step();
        }
        let difference = writer.difference();
        assert!(difference.is_none(), "seed {seed}: {}", difference.unwrap());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is written, in whatever pieces: every line is a record, in order, and nothing panics or gets through.
    #[test]
    fn any_bytes_are_log_lines(
        pieces in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..80), any::<bool>()), 1..12),
        joined in any::<bool>(),
    ) {
        let mut bench = Bench::new(
            "a.log",
            |at| write(at, "a.log", "a first line of plain text, so that the file is no binary one\n"),
            |log| log.multiline = joined.then(|| Pattern::parse(r"^\s").unwrap()),
        );
        bench.tick();
        let mut written = Vec::new();
        for (piece, slow) in pieces {
            bench.append("a.log", &piece);
            written.extend(piece);
            bench.wait(if slow { Duration::from_secs(2) } else { Duration::from_millis(100) });
        }
        bench.append("a.log", "\n");
        bench.ticks(2);
        let lines = written.split(|byte| *byte == b'\n').count();
        let texts = bench.lines();
        if !joined {
            prop_assert_eq!(texts.len(), lines + 1);
        }
        prop_assert!(texts.iter().all(|text| !text.contains(char::is_control)));
        for record in bench.records.values() {
            prop_assert!(!record.message.as_str().contains(char::is_control));
            for (name, value) in record.fields() {
                prop_assert!(!name.as_str().contains(char::is_control) && !value.as_str().contains(char::is_control));
            }
        }
    }
}
