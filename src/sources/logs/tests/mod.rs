//! Following real files in a scratch directory, tick by tick, with time as data.
//!
//! Nothing here has hints from the system: all of it is seen by looking. The hard cases of following a log, each with
//! its test; those without a module are of this folder:
//!
//! | # | case | test |
//! |---|---|---|
//! | 1 | renamed, made again | `rotation::a_rename_loses_nothing_of_the_old_file` |
//! | 2 | renamed, made again later | `rotation::a_file_that_is_away_is_waited_for` |
//! | 3 | copied and truncated | `rotation::a_copy_that_is_truncated_is_read_on_once` |
//! | 4 | truncated and grown past the old place | `rotation::a_file_that_was_truncated_and_grew_past_the_old_place_is_noticed` |
//! | 5 | the number of a file is given again | `rotation::a_number_that_is_given_again_is_another_file` |
//! | 6 | replaced by one of the same size | `rotation::a_file_of_the_same_size_takes_its_place` |
//! | 7 | not there yet, nor its directory | `rotation::a_file_that_appears_later_is_read_from_its_first_line` |
//! | 8 | no permission, other errors | `access::a_file_without_permission_is_tried_again`, `access::any_other_error_is_a_state_and_is_tried_again`, `tests/it/tailing.rs` as another user |
//! | 9 | a line without its end | `lines::a_line_without_its_end_is_shown_and_then_replaced` |
//! | 10 | CR LF, progress bars | `lines::ends_of_lines_and_progress_bars` |
//! | 11 | a line of 100 MiB | `lines::a_line_of_100_mib_is_cut_and_counted` |
//! | 12 | encodings | `lines::invalid_utf8_stays_visible`, `lines::a_byte_order_mark_says_utf16`, `lines::an_encoding_is_told_by_the_configuration` |
//! | 13 | binary files, holes | `lines::what_is_no_text_is_refused_with_words`, `lines::what_begins_as_no_text_is_judged_by_what_comes`, `lines::a_hole_is_stepped_over`, `lines::a_gigabyte_of_nothing_is_not_read` |
//! | 14 | escapes and control characters | `model::text::sanitise::tests::hostile_fixtures_are_neutralised`, `lines::any_bytes_are_lines` |
//! | 15 | a very fast writer | `access::a_writer_that_is_too_fast_is_skipped_and_counted`, `access::a_writer_that_may_not_be_left_behind_is_read_to_the_last_line`, `access::one_tick_reads_a_bounded_part` |
//! | 16 | records of many lines | `lines::joined_lines_are_one_record` |
//! | 17 | times without a zone, an hour that comes twice | `timestamp::tests::times_without_a_zone_are_in_the_zone_of_the_log`; `tests/it/tailing.rs` |
//! | 18 | times without a year | `timestamp::tests::the_forms_that_are_in_use` |
//! | 19 | out of order | `model::view::tests::live_records_are_sorted_within_the_window_and_flagged_beyond_it` |
//! | 20 | patterns, dated names | `rotation::the_newest_dated_file_of_a_pattern_is_followed_as_it_appears`, `rotation::a_pattern_takes_new_files_and_no_file_twice`, `rotation::of_many_files_the_newest_are_followed` |
//! | 21 | a link to the newest | `rotation::a_link_to_the_newest_file_is_followed` |
//! | 22 | file systems without hints | all of this folder; `watch::tests::local_file_systems_are_known` |
//! | 23 | pipes, directories, sockets, devices | `access::a_named_pipe_is_a_stream`, `access::what_is_no_file_says_what_to_do` |
//! | 24 | packed files | `history::tests`, `archive::tests`, `beginning::since_reaches_into_rotated_files_packed_or_not` |
//! | 25 | a large file at the start | `beginning::a_file_of_5_gb_opens_by_its_last_blocks`, `beginning::since_reads_back_to_that_time` |
//! | 26 | repeated after a new start | `tests/it/logs.rs`: `what_a_command_repeats_after_it_was_started_again_is_left_out` |
//! | 27 | a clock that goes backwards | `rotation::a_clock_that_goes_backwards_changes_no_order` |
//!
//! Two rotations between two looks: `rotation::a_file_that_came_and_went_between_two_looks_is_read_in_its_place`. A
//! writer that does all of it at random: [`writer`].

#![expect(clippy::disallowed_methods, reason = "the tests are the writers of the logs")]

mod access;
mod beginning;
mod counting;
mod lines;
mod rotation;
mod secrets;
mod writer;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::sources::logs::count::{Backfill, Board};
use crate::sources::logs::follow::files::FileLog;
use crate::sources::logs::follow::open::READ;

use super::pipeline::Pipeline;
use crate::config::Config;
use crate::config::sections::log::Log;
use crate::config::sections::metric::Metric;
use crate::lang::pattern::{Pattern, PatternSet};
use crate::lang::time::Stamp;
use crate::logs::record::{Level, LogState, Loss, Record, RecordKind};
use crate::model::observation::Observation;
use crate::model::reading::Caveat;
use crate::text::redact::Redactor;

/// A log that is followed, and all that it has said.
struct Bench {
    directory: tempfile::TempDir,
    files: FileLog,
    now: Stamp,
    buffer: Vec<u8>,
    records: BTreeMap<u64, Record>,
    state: LogState,
    warnings: Vec<String>,
    loss: Loss,
    board: Board,
    samples: Vec<Result<f64, String>>,
    caveat: Option<Caveat>,
    /// The past is not read yet.
    backfill_waits: bool,
    backfills: Vec<Backfill>,
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
        let pipeline = Pipeline::new(&log, Redactor::new(["hunter2secret"]), counters, 1);
        let files = FileLog::new(&log, pipeline, stamp()).unwrap();
        Self {
            directory,
            files,
            now: stamp(),
            buffer: vec![0; READ],
            records: BTreeMap::new(),
            state: LogState::Starting,
            warnings: Vec::new(),
            loss: Loss::default(),
            board,
            samples: Vec::new(),
            caveat: None,
            backfill_waits: false,
            backfills: Vec::new(),
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
                Observation::Warning { text, .. } => self.warnings.push(text.to_string()),
                _ => {}
            }
        }
        self.backfills.extend(self.files.backfill(self.now));
        if !self.backfill_waits {
            self.backfills.drain(..).for_each(|backfill| backfill.read(&Redactor::default(), &|| false));
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
