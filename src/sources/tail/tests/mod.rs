//! Following real files in a scratch directory, tick by tick, with time as data.

#![expect(clippy::disallowed_methods, reason = "the tests are the writers of the logs")]

mod counting;
mod writer;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::counts::{Backfill, Board};
use super::files::FileLog;
use super::open::READ;

use super::pipeline::Pipeline;
use crate::config::Config;
use crate::config::sections::log::Log;
use crate::config::sections::metric::Metric;
use crate::model::message::Observation;
use crate::model::reading::Caveat;
use crate::model::record::{Level, LogState, Loss, Record, RecordKind};
use crate::model::redact::Redactor;
use crate::model::time::Stamp;

/// A log that is followed, and all that it has said.
struct Bench {
    directory: tempfile::TempDir,
    files: FileLog,
    now: Stamp,
    buffer: Vec<u8>,
    records: BTreeMap<u64, Record>,
    state: LogState,
    loss: Loss,
    board: Board,
    samples: Vec<Result<f64, String>>,
    caveat: Option<Caveat>,
    /// The past is not read yet.
    past_waits: bool,
    past: Vec<Backfill>,
}

fn stamp() -> Stamp {
    let utc = chrono::DateTime::parse_from_rfc3339("2026-11-21T12:00:00Z").unwrap().to_utc();
    Stamp { mono: Duration::from_secs(1), utc }
}

fn log(path: PathBuf) -> Log {
    Log::of_file("app".into(), path)
}

impl Bench {
    fn new(pattern: &str, before: impl FnOnce(&Path), change: impl FnOnce(&mut Log)) -> Self {
        Self::counting(pattern, before, change, Vec::new())
    }

    fn counting(
        pattern: &str,
        before: impl FnOnce(&Path),
        change: impl FnOnce(&mut Log),
        metrics: Vec<Metric>,
    ) -> Self {
        let directory = tempfile::tempdir().unwrap();
        before(directory.path());
        let mut log = log(directory.path().join(pattern));
        change(&mut log);
        let board = Board::new(&Config { logs: vec![log.clone()], metrics, ..Config::default() });
        let counters = board.counters("app");
        let pipeline = Pipeline::new(&log, Redactor::new(["hunter2secret"]), counters, 1).unwrap();
        let files = FileLog::new(&log, pipeline, stamp()).unwrap();
        Self {
            directory,
            files,
            now: stamp(),
            buffer: vec![0; READ],
            records: BTreeMap::new(),
            state: LogState::Starting,
            loss: Loss::default(),
            board,
            samples: Vec::new(),
            caveat: None,
            past_waits: false,
            past: Vec::new(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn append(&self, name: &str, bytes: impl AsRef<[u8]>) {
        OpenOptions::new().create(true).append(true).open(self.path(name)).unwrap().write_all(bytes.as_ref()).unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    /// Time passes, in one tick.
    fn wait(&mut self, by: Duration) {
        self.now = self.now.plus(by);
        let mut out = Vec::new();
        self.files.tick(self.now, &mut self.buffer, &mut out);
        for observation in out {
            match observation {
                Observation::Records { batch, .. } => {
                    self.loss = batch.loss;
                    self.records.extend(batch.records.into_iter().map(|record| (record.seq, record)));
                }
                Observation::LogState { state, .. } => self.state = state,
                _ => {}
            }
        }
        self.past.extend(self.files.backfill(self.now));
        if !self.past_waits {
            self.past.drain(..).for_each(|past| past.read(&Redactor::default(), &|| false));
        }
        for observation in self.board.due(self.now) {
            if let Observation::Sample(sample) = observation {
                self.samples.push(sample.value.map_err(|why| why.to_string()));
                self.caveat = sample.caveat;
            }
        }
    }

    fn reload(&mut self, metrics: Vec<Metric>) {
        self.board = Board::new(&Config { logs: vec![self.files.log().clone()], metrics, ..Config::default() });
        self.files.reload(Redactor::default(), self.board.counters("app"));
    }

    fn tick(&mut self) {
        self.wait(Duration::from_millis(100));
    }

    fn ticks(&mut self, count: usize) {
        for _ in 0..count {
            self.tick();
        }
    }

    fn texts(&self) -> Vec<&str> {
        self.records.values().map(|record| record.raw.as_str()).collect()
    }

    fn lines(&self) -> Vec<&str> {
        self.records
            .values()
            .filter(|record| record.kind != RecordKind::Marker)
            .map(|record| record.raw.as_str())
            .collect()
    }
}

fn numbered(lines: usize) -> String {
    (0..lines).fold(String::new(), |text, number| text + &number.to_string() + "\n")
}

fn write(directory: &Path, name: &str, text: &str) {
    File::create(directory.join(name)).unwrap().write_all(text.as_bytes()).unwrap();
}

#[test]
fn what_is_appended_is_read_once() {
    let mut bench = Bench::new("a.log", |at| write(at, "a.log", "one\n"), |_| {});
    bench.tick();
    assert_eq!(bench.state, LogState::Following(1));
    bench.append("a.log", "two\nthree\n");
    bench.ticks(3);
    assert_eq!(bench.texts(), ["one", "two", "three"]);
}

#[test]
fn a_rename_loses_nothing_of_the_old_file() {
    let mut bench = Bench::new("a.log", |at| write(at, "a.log", "one\n"), |_| {});
    bench.tick();
    bench.rename("a.log", "a.log.1");
    bench.append("a.log.1", "two\n");
    bench.append("a.log", "four\n");
    bench.tick();
    bench.append("a.log.1", "three\n");
    bench.ticks(4);
    // The writer has not reopened yet.
    bench.append("a.log.1", "late\n");
    bench.append("a.log", "five\n");
    bench.tick();
    assert_eq!(bench.texts(), ["one", "two", "three", "a.log was rotated", "four", "late", "five"]);
}

#[test]
fn a_file_that_is_away_is_waited_for() {
    let mut bench = Bench::new("a.log", |at| write(at, "a.log", "one\n"), |_| {});
    bench.tick();
    bench.rename("a.log", "a.log.1");
    bench.ticks(30);
    assert!(
        matches!(&bench.state, LogState::Waiting(why) if why.as_str().ends_with("a.log is not there")),
        "{:?}",
        bench.state
    );
    bench.append("a.log.1", "two\n");
    bench.tick();
    bench.append("a.log", "three\n");
    bench.ticks(3);
    assert_eq!(bench.texts(), ["one", "a.log is gone; waiting for it", "two", "a.log is there again", "three"]);
    assert_eq!(bench.state, LogState::Following(1));
}

#[test]
fn a_file_that_appears_later_is_read_from_its_first_line() {
    let mut bench = Bench::new("sub/a.log", |_| {}, |_| {});
    bench.ticks(2);
    assert!(matches!(bench.state, LogState::Waiting(_)));
    fs::create_dir(bench.path("sub")).unwrap();
    let many = numbered(3000);
    bench.append("sub/a.log", many);
    bench.ticks(2);
    assert_eq!(bench.records.len(), 3000);
}

#[test]
fn a_truncated_file_is_read_from_its_beginning() {
    let mut bench = Bench::new("a.log", |at| write(at, "a.log", "one\ntwo\n"), |_| {});
    bench.tick();
    write(bench.directory.path(), "a.log", "3\n");
    bench.tick();
    assert_eq!(bench.texts(), ["one", "two", "a.log was truncated", "3"]);
}

#[test]
fn a_file_that_was_truncated_and_grew_past_the_old_place_is_noticed() {
    let mut bench = Bench::new("a.log", |at| write(at, "a.log", "one\ntwo\n"), |_| {});
    bench.tick();
    write(bench.directory.path(), "a.log", "another and longer line\n");
    bench.ticks(2);
    assert_eq!(bench.lines(), ["one", "two", "another and longer line"]);
    // With the same first line, what was read last tells it.
    write(bench.directory.path(), "a.log", "another and longer line\nX\n");
    bench.ticks(2);
    write(bench.directory.path(), "a.log", "another and longer line\nYYYYY\n");
    bench.ticks(2);
    assert_eq!(bench.lines()[3..], ["X", "another and longer line", "YYYYY"]);
}

#[test]
fn a_file_of_the_same_size_takes_its_place() {
    let mut bench = Bench::new("a.log", |at| write(at, "a.log", "aaa\n"), |_| {});
    bench.tick();
    write(bench.directory.path(), "b", "bbb\n");
    bench.rename("b", "a.log");
    bench.ticks(3);
    assert_eq!(bench.lines(), ["aaa", "bbb"]);
}

#[test]
fn a_link_to_the_newest_file_is_followed() {
    let mut bench = Bench::new(
        "current",
        |at| {
            write(at, "1.log", "one\n");
            write(at, "2.log", "two\n");
            std::os::unix::fs::symlink(at.join("1.log"), at.join("current")).unwrap();
        },
        |_| {},
    );
    bench.tick();
    std::os::unix::fs::symlink(bench.path("2.log"), bench.path("next")).unwrap();
    bench.rename("next", "current");
    bench.ticks(3);
    assert_eq!(bench.lines(), ["one", "two"]);
}

#[test]
fn a_line_without_its_end_is_shown_and_then_replaced() {
    let mut bench = Bench::new("a.log", |at| write(at, "a.log", "abc"), |_| {});
    bench.tick();
    assert!(bench.records.is_empty());
    bench.ticks(20);
    assert_eq!(bench.records[&1].kind, RecordKind::Partial);
    bench.append("a.log", "def\nnext\n");
    bench.tick();
    assert_eq!(bench.texts(), ["abcdef", "next"]);
    assert_eq!(bench.records[&1].kind, RecordKind::Line);
}

#[test]
fn any_bytes_are_lines() {
    let mut bench = Bench::new("a.log", |at| write(at, "a.log", "start of the file, plain text\n"), |_| {});
    bench.append("a.log", b"crlf\r\nbad \xc3\x28 utf\n\x1b[2Jescape\n10%\r50%\r100%\nzo\xc3\xab\n");
    bench.append("a.log", vec![b'x'; 300_000]);
    bench.append("a.log", "\nhunter2secret\n");
    bench.ticks(2);
    let texts = bench.texts();
    assert_eq!(texts[1], "crlf");
    assert_eq!(texts[2], "bad \u{fffd}( utf");
    assert!(!texts[3].contains('\u{1b}'));
    assert_eq!(bench.records[&5].message.as_str(), "100%");
    assert_eq!(texts[5], "zoë");
    assert_eq!(texts[7], "***");
    assert!(bench.loss.cut_bytes > 290_000);
    assert!(bench.loss.neutralised > 0);
}

#[test]
fn what_is_no_text_is_refused_with_words() {
    let bytes: Vec<u8> = (0..4096_u32).map(|n| (n % 7) as u8).collect();
    let mut bench = Bench::new("a.log", |at| fs::write(at.join("a.log"), bytes).unwrap(), |_| {});
    bench.tick();
    assert!(matches!(&bench.state, LogState::Failed(why) if why.as_str().ends_with("binary, not shown")));
    let mut bench = Bench::new("d", |at| fs::create_dir(at.join("d")).unwrap(), |_| {});
    bench.tick();
    assert!(matches!(&bench.state, LogState::Failed(why) if why.as_str().contains("directory")));
}

#[test]
fn a_hole_is_stepped_over() {
    let mut bench = Bench::new("a.log", |at| write(at, "a.log", "before\n"), |_| {});
    bench.tick();
    let file = OpenOptions::new().write(true).open(bench.path("a.log")).unwrap();
    file.set_len(20 << 20).unwrap();
    drop(file);
    bench.append("a.log", "after\n");
    bench.ticks(3);
    assert_eq!(bench.lines(), ["before", "after"]);
}

#[test]
fn a_file_without_permission_is_tried_again() {
    use std::os::unix::fs::PermissionsExt;
    if rustix::process::geteuid().is_root() {
        return;
    }
    let mut bench = Bench::new("a.log", |at| write(at, "a.log", "one\n"), |_| {});
    fs::set_permissions(bench.path("a.log"), fs::Permissions::from_mode(0o000)).unwrap();
    bench.tick();
    assert!(
        matches!(&bench.state, LogState::Failed(why) if why.as_str().contains("no permission")),
        "{:?}",
        bench.state
    );
    fs::set_permissions(bench.path("a.log"), fs::Permissions::from_mode(0o600)).unwrap();
    bench.tick();
    assert_eq!(bench.texts(), ["one"]);
}

#[test]
fn a_writer_that_is_too_fast_is_skipped_and_counted() {
    let mut bench = Bench::new("a.log", |at| write(at, "a.log", "one\n"), |_| {});
    bench.tick();
    let line = format!("{}\n", "x".repeat(99));
    let total = 500_000;
    bench.append("a.log", line.repeat(total));
    bench.ticks(4);
    let held = bench.lines().len() - 1;
    let skipped = bench.loss.skipped_bytes as usize;
    assert_eq!(held * 100 + skipped, total * 100);
    assert!(bench.texts().iter().any(|text| text.contains("MB skipped")));
}

#[test]
fn only_the_last_lines_are_read_at_the_start() {
    let many = numbered(5000);
    let mut bench = Bench::new("a.log", |at| write(at, "a.log", &many), |_| {});
    bench.tick();
    assert_eq!(bench.lines().len(), 1000);
    assert_eq!(bench.lines().last(), Some(&"4999"));
}

#[test]
fn since_reads_back_to_that_time() {
    let mut text = String::new();
    for minute in 0..720 {
        let time = stamp().utc - chrono::Duration::minutes(720 - minute);
        for line in 0..20 {
            let time = time.format("%Y-%m-%d %H:%M:%S");
            writeln!(text, "{time} INFO line {line} of some length to fill the blocks\n  more").unwrap();
        }
    }
    let mut bench =
        Bench::new("a.log", |at| write(at, "a.log", &text), |log| log.since = Some(Duration::from_hours(1)));
    bench.ticks(3);
    assert_eq!(bench.lines().len(), 60 * 20 * 2);
}

#[test]
fn joined_lines_are_one_record() {
    let mut bench =
        Bench::new("a.log", |at| write(at, "a.log", "ERROR boom\n  at a\n"), |log| log.multiline = Some(r"^\s".into()));
    bench.tick();
    assert_eq!(bench.texts(), ["ERROR boom⏎  at a"]);
    bench.append("a.log", "  at b\nINFO fine\n");
    bench.tick();
    assert_eq!(bench.texts(), ["ERROR boom⏎  at a⏎  at b", "INFO fine"]);
    assert_eq!(bench.records[&1].level, Level::Error);
    assert_eq!(bench.records[&1].message.as_str(), "boom⏎  at a⏎  at b");
}

#[test]
fn what_is_ignored_and_what_is_too_mild_is_not_kept() {
    let mut bench = Bench::new(
        "a.log",
        |at| write(at, "a.log", "INFO GET /health\nINFO x\nWARN y\nno level\n"),
        |log| {
            log.ignore = vec!["GET /health".into()];
            log.level = Some(Level::Warn);
        },
    );
    bench.tick();
    assert_eq!(bench.texts(), ["WARN y", "no level"]);
}

#[test]
fn a_pattern_takes_new_files_and_no_file_twice() {
    let mut bench = Bench::new("app*", |at| write(at, "app.log", "one\n"), |_| {});
    bench.tick();
    bench.rename("app.log", "app.log.1");
    bench.append("app.log.1", "two\n");
    bench.append("app.log", "three\n");
    // Backfill the second look at the directory, and the third, when the old file has been let go.
    bench.ticks(60);
    bench.append("app.log.1", "four\n");
    bench.ticks(120);
    assert_eq!(bench.lines(), ["one", "two", "three", "four"]);
}
