//! The errors that the files of logs hold of a period.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::cli::Global;
use crate::clock::Clock;
use crate::config::Config;
use crate::config::sections::log::{Log, LogKind};
use crate::logs::pattern::{Order, Patterns};
use crate::logs::record::{Level, RecordKind};
use crate::report::period::Period;
use crate::report::periodic::{ErrorShape, ErrorsOfLog, LogErrors, TOP_SHAPES};
use crate::runtime::secrets;
use crate::sources::logs::history::History;
use crate::text::SafeText;
use crate::text::redact::Redactor;

/// Records of one log that are read.
const MOST_RECORDS: u64 = 5_000_000;

/// Reads them, off the thread of the store; `None` where no log is a file.
pub(super) async fn errors(
    global: &Global,
    config: &Arc<Config>,
    (period, before, now): (Period, Period, DateTime<Utc>),
) -> Option<LogErrors> {
    let is_file = |log: &&Log| !matches!(log.kind, LogKind::Command(_));
    let logs: Vec<Log> = config.logs.iter().filter(is_file).cloned().collect();
    if logs.is_empty() {
        return None;
    }
    // What is shown is the shape of redacted text.
    let (secrets, _) = secrets::resolve(&config.secrets).await;
    let redactor = Redactor::from(&secrets);
    let spans = [(before.from(), before.until()), (period.from(), period.until().min(now))];
    let clock = global.clock;
    let read = move || read(&logs, spans, &redactor, clock);
    tokio::task::spawn_blocking(read).await.ok()
}

fn read(logs: &[Log], spans: [(DateTime<Utc>, DateTime<Utc>); 2], redactor: &Redactor, clock: Clock) -> LogErrors {
    let mut shapes = [Patterns::default(), Patterns::default()];
    let mut found = LogErrors::default();
    for log in logs {
        found.logs.push(of_log(log, spans, (redactor, clock), &mut shapes));
    }
    let [before, now] = shapes;
    let before: BTreeSet<&str> = before.ranked(Order::Count).iter().map(|one| &*one.shape).collect();
    let top = now.ranked(Order::Count).into_iter().take(TOP_SHAPES);
    let is_before_known = found.logs.iter().all(|log| log.errors_before.is_some());
    found.shapes = top
        .map(|one| ErrorShape {
            shape: SafeText::new(&one.shape),
            errors: one.count,
            new: is_before_known && !before.contains(&*one.shape),
        })
        .collect();
    found
}

fn of_log(
    log: &Log,
    [before, now]: [(DateTime<Utc>, DateTime<Utc>); 2],
    (redactor, clock): (&Redactor, Clock),
    shapes: &mut [Patterns<()>; 2],
) -> ErrorsOfLog {
    let mut history = History::open(log, before.0, redactor.clone(), clock);
    let mut complete = !history.is_cut();
    let mut counts = [0, 0];
    let mut earliest: Option<DateTime<Utc>> = None;
    let mut records = 0;
    while let Some(record) = history.next() {
        let Ok(record) = record else {
            complete = false;
            continue;
        };
        records += 1;
        if records > MOST_RECORDS {
            complete = false;
            break;
        }
        let Some(at) = record.time else { continue };
        earliest = Some(earliest.map_or(at, |earliest| earliest.min(at)));
        if at >= now.1 {
            // Each file goes on in time: what follows in this one is later still.
            history.pass_over();
            continue;
        }
        let which = usize::from(at >= now.0);
        if at < before.0 || record.kind != RecordKind::Line || record.level < Level::Error {
            continue;
        }
        counts[which] += 1;
        shapes[which].add(record.message.as_str(), record.level, at, || ());
    }
    let errors_before = earliest.is_some_and(|earliest| earliest < now.0).then_some(counts[0]);
    let since = earliest.filter(|earliest| *earliest > before.0);
    // A file that begins after the period says nothing of it.
    let errors = earliest.is_none_or(|earliest| earliest < now.1).then_some(counts[1]);
    ErrorsOfLog { log: log.name.clone(), errors, errors_before, since, complete }
}
