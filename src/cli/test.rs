//! `opsroom test [FILE…]`: plays the `[[test]]` blocks of configurations, each in a world of its own. Nothing is polled, sent
//! or stored.

use std::fmt::Write as _;
use std::path::PathBuf;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use clap::Args;
use serde::Serialize;

use super::output::{self, exit};
use super::{Global, configuration};
use crate::config::sections::test::AlertTest;
use crate::lang::unit;
use crate::text::count::counted;
use crate::text::name::Name;
use crate::world::rehearsal::{self, TestFailure};

/// Arguments of `opsroom test`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Configurations with tests; without any, the one that the console would open
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print JSON: an object with the tests in the order of the files
    #[arg(long)]
    json: bool,
}

/// What came of all tests, as JSON has it. The fields and their names are a promise; some may be added.
#[derive(Debug, Serialize)]
struct Results {
    passed: usize,
    failed: usize,
    tests: Vec<TestLine>,
}

#[derive(Debug, Serialize)]
struct TestLine {
    name: Name,
    /// Where it is written.
    file: String,
    line: usize,
    ok: bool,
    failures: Vec<FailureLine>,
}

#[derive(Debug, Serialize)]
struct FailureLine {
    /// From the start of the test, as in the configuration.
    at: String,
    expected: String,
    seen: String,
    /// The same moment by the test's clock.
    time: String,
    /// The line of the expectation.
    line: usize,
    #[serde(skip)]
    file: String,
}

/// Runs the tests and prints what came of each.
pub(crate) fn run(arguments: &Arguments, global: &Global) -> u8 {
    let named = arguments.files.iter().map(|file| Global { config: Some(file.clone()), ..global.clone() });
    let places: Vec<Global> = if arguments.files.is_empty() { vec![global.clone()] } else { named.collect() };
    let mut tests = Vec::new();
    for place in &places {
        let config = match configuration::find(place) {
            Ok(found) => found.config,
            Err(code) => return code,
        };
        tests.extend(config.tests.iter().map(|test| line(test, rehearsal::rehearse(&config, test))));
    }
    let failed = tests.iter().filter(|test| !test.ok).count();
    let results = Results { passed: tests.len() - failed, failed, tests };
    if results.tests.is_empty() {
        output::eprint_error("hint: add [[test]] blocks; `opsroom config example` shows one\n");
    }
    let printed =
        if arguments.json { output::print_as_json("the results", &results) } else { output::print(&text(&results)) };
    if failed > 0 { exit::WARNING } else { printed }
}

fn line(test: &AlertTest, failures: Vec<TestFailure>) -> TestLine {
    let failures: Vec<FailureLine> = failures.into_iter().map(|failure| failure_line(test, failure)).collect();
    TestLine {
        name: test.name.clone(),
        file: test.place.file.display().to_string(),
        line: test.place.line,
        ok: failures.is_empty(),
        failures,
    }
}

fn failure_line(test: &AlertTest, failure: TestFailure) -> FailureLine {
    let moment: DateTime<Utc> = test.start + TimeDelta::from_std(failure.at).unwrap_or_default();
    FailureLine {
        at: unit::duration(failure.at),
        expected: failure.expected,
        seen: failure.seen,
        time: moment.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        line: failure.place.line,
        file: failure.place.file.display().to_string(),
    }
}

fn text(results: &Results) -> String {
    let mut text = String::new();
    for test in &results.tests {
        let _ = writeln!(text, "{:<6}  {}", if test.ok { "ok" } else { "FAILED" }, test.name);
        for FailureLine { at, expected, seen, time, line, file } in &test.failures {
            let _ = writeln!(text, "        at {at} ({time}), {file}:{line}");
            let _ = writeln!(text, "          expected  {expected}\n          seen      {seen}");
        }
    }
    if results.tests.is_empty() {
        text.push_str("no tests found\n");
    } else {
        let _ = writeln!(text, "{} passed, {} failed", counted(results.passed, "test"), results.failed);
    }
    text
}
