//! `[[test]]`: given inputs, which alerts are expected, and who is told.

mod input;
mod steps;

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};

pub use self::input::{InputRun, TestInput, TestSeries, TestSubject};
pub use self::steps::{AlertExpectation, AlertStanding, Expectation, Expected, TestAct, TestDo};
use crate::config::changes::{Fact, hidden, summary};
use crate::config::reader::TableReader;
use crate::config::sections::check::Check;
use crate::config::sections::metric::Metric;
use crate::config::spec::{self, KeySpec, SectionSpec, ValueForm, key};
use crate::text::name::Name;

/// Before a name: the SLO is meant, though a check or a metric has that name too.
pub(crate) const OF_SLO: &str = "slo:";

/// A test of what alerts do.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertTest {
    /// `name`, unique.
    pub name: Name,
    /// `start`: the moment 0 s. Default 2026-01-05T00:00:00Z, a Monday.
    pub start: DateTime<Utc>,
    /// `step`: between two inputs of a series. `None`: the `every` of its check or metric.
    pub step: Option<Duration>,
    /// `input`, in the order of the file.
    pub input: Vec<TestSeries>,
    /// `do`, in the order of the file.
    pub acts: Vec<TestAct>,
    /// `expect`, in the order of the file; at least one.
    pub expect: Vec<Expectation>,
    /// Where it is written.
    pub place: WrittenAt,
}

/// A line of a file of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenAt {
    /// The file, as it is shown.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
}

impl WrittenAt {
    fn of(table: &TableReader<'_>) -> Self {
        let file = table.context.files[table.at.file];
        Self { file: file.path.clone(), line: file.position(table.at.start).0 }
    }
}

/// The keys of a test.
pub(crate) const KEYS: &[KeySpec] = &[
    key("name", ValueForm::Text, "What it shows, in a few words"),
    key("start", ValueForm::LocalMoment, "When it starts: 2026-03-29T00:30:00Z. Default 2026-01-05T00:00:00Z"),
    key("step", ValueForm::Duration, "Time between two inputs. Default: the interval of the check or metric"),
    key(
        "input",
        ValueForm::TextMap,
        "Series by check:NAME or metric:NAME: ok, degraded, down, unknown, a number, _ (nothing came); *N repeats",
    ),
    key("do", ValueForm::Tables(steps::DO_KEYS), "What people do: ack, silence, unsilence"),
    key("expect", ValueForm::Tables(steps::EXPECT_KEYS), "What must be so: states of alerts, messages to channels"),
];

pub(crate) const SECTION: SectionSpec = SectionSpec {
    name: "test",
    shape: spec::SectionShape::Tables(KEYS),
    help: "Tests of alerts and notifications, run by `opsroom test`",
};

/// What tests may name.
pub(crate) struct Tested<'a> {
    /// `[check.*]`
    pub checks: &'a [Check],
    /// `[metric.*]`
    pub metrics: &'a [Metric],
}

/// Monday, 5 January 2026.
const START: &str = "2026-01-05T00:00:00Z";

/// Reads a test; `before` are those above it.
pub(crate) fn read(table: &TableReader<'_>, known: &Tested<'_>, before: &[AlertTest]) -> Option<AlertTest> {
    let context = table.context;
    let name = table.needed("name", "\"what it shows\"").then(|| table.text("name")).flatten();
    let same = name.as_ref().and_then(|name| before.iter().find(|test| *test.name == *name.value));
    if let (Some(text), Some(first)) = (&name, same) {
        let hint = format!("the first is in {}:{}: rename one", first.place.file.display(), first.place.line);
        context.error(text.at, format!("two tests are named `{}`", text.value), hint);
    }
    let start = start(table);
    let input = input::read(table, known);
    let acts = steps::acts(table, known);
    let expect = steps::expectations(table, known);
    if table.needed("expect", "[{ at = \"5m\", alert = \"NAME\", state = \"firing\" }]") && expect.is_empty() {
        let is_empty = table.tables("expect").is_empty() && table.is_list("expect");
        if is_empty {
            context.error(table.place("expect"), "`expect` is empty", "write what must be so, and when");
        }
    }
    Some(AlertTest {
        name: Name::from(name?.value),
        start: start?,
        step: table.positive("step"),
        input,
        acts,
        expect,
        place: WrittenAt::of(table),
    })
}

fn start(table: &TableReader<'_>) -> Option<DateTime<Utc>> {
    if !table.has("start") {
        return START.parse().ok();
    }
    let text = table.text("start")?;
    let found = DateTime::parse_from_rfc3339(&text.value).ok();
    if found.is_none() {
        let message = format!("`{}` is not a valid moment", text.value);
        table.context.error(text.at, message, "write start = \"2026-03-29T00:30:00Z\", with Z or an offset");
    }
    found.map(|found| found.to_utc())
}

/// What a change is said by.
pub(crate) fn facts(test: &AlertTest) -> Vec<Fact> {
    vec![
        summary("start", test.start.to_rfc3339()),
        hidden("step", &test.step),
        hidden("input", &test.input),
        hidden("do", &test.acts),
        hidden("expect", &test.expect),
    ]
}
