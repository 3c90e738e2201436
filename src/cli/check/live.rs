//! `opsroom check --live`: polls once, and says of every check, metric and log what came and what was made of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::Config;
use crate::config::sections::log::{Log, LogKind};
use crate::config::sections::metric::{Metric, MetricKind};
use crate::lang::expression::Expression;
use crate::lang::unit;
use crate::logs::record::{LogState, RecordKind};
use crate::model::document::{absent, contents, number_at};
use crate::model::observation::Observation;
use crate::model::reading::{Sample, Sign};
use crate::sources::jq::{Evaluator, Outputs};
use crate::sources::logs as tail;
use crate::sources::logs::Resume;
use crate::sources::logs::count::count_once;
use crate::sources::logs::scan::once::files_of;
use crate::sources::masks::Masks;
use crate::sources::poll::{InspectedPoll, Over, Poller};
use crate::sources::round::settled;
use crate::sources::targets::{Watched, poll_targets};
use crate::sources::{Latest, SourceContext};
use crate::text::SafeText;
use crate::text::count::counted;
use crate::text::redact::Redactor;

/// How long a command of a log may take to say something.
const COMMANDS: Duration = Duration::from_secs(3);
/// Characters of a value that are shown.
const SHOWN: usize = 100;

/// What came of one thing of the configuration.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LiveRow {
    /// check, metric or log.
    kind: &'static str,
    name: String,
    /// Whether something came, and every expression gave what is needed of it. A check that is down by a good answer is
    /// as it should be.
    pub ok: bool,
    /// Whether it is a check that is down or degraded by a good answer.
    #[serde(skip)]
    troubled: bool,
    /// Whether something came, which then did not give what is needed of it: the configuration is wrong about it.
    #[serde(skip)]
    pub answered: bool,
    /// What came: `HTTP 200, 412 B, 12 ms`.
    came: String,
    /// The verdict or the number.
    result: String,
    /// Expressions with what each gave, and what the document has.
    details: Vec<String>,
}

impl LiveRow {
    /// The row as a person reads it, with the secrets masked.
    pub(crate) fn text(&self) -> String {
        let mark = match (self.ok, self.troubled) {
            (false, _) => "FAIL",
            (true, true) => "warn",
            (true, false) => "ok  ",
        };
        let came = if self.came.is_empty() { String::new() } else { format!(" ({})", self.came) };
        let details: String = self.details.iter().flat_map(|detail| ["       ", detail, "\n"]).collect();
        format!("{mark} {} {}: {}{came}\n{details}", self.kind, self.name, self.result)
    }

    fn masked(mut self, redactor: &Redactor) -> Self {
        let safe = |text: &str| redactor.redact(SafeText::new(text).as_str()).to_string();
        self.came = safe(&self.came);
        self.result = safe(&self.result);
        self.details = self.details.iter().map(|detail| safe(detail)).collect();
        self
    }
}

/// Polls everything once.
pub(crate) async fn rows(config: &Arc<Config>, latest: Latest, clock: Clock) -> Vec<LiveRow> {
    let poller = Poller::new(clock, Arc::default()).masking(Masks::new(latest.clone()));
    let evaluator = Evaluator::default();
    let watched = poll_targets(config);
    let polling = join_all(watched.iter().map(async |watched| {
        // Each waits for its own secrets alone.
        let secrets = settled(latest.clone(), &watched.secrets()).await;
        (watched, poller.with_secrets(secrets).poll_seen(watched, clock.now(), Over::Fresh).await)
    }));
    let logs = async {
        // All of them: they are masked in what logs hold.
        let every: Vec<&str> = config.secrets.keys().map(|name| &**name).collect();
        let secrets = settled(latest.clone(), &every).await;
        let (out, _) = mpsc::channel(1);
        let context = |config: Arc<Config>, out| {
            let (secrets, cancel) = (Arc::clone(&secrets), CancellationToken::new());
            SourceContext { config, secrets, clock, out, cancel }
        };
        let counting = context(Arc::clone(config), out);
        let (counted, commands) = tokio::join!(count_once(&counting, &[]), command_logs(config, context));
        (counted, commands)
    };
    let (seen, (counted, commands)) = tokio::join!(polling, logs);
    // What programs gave is shown too, and that is masked nowhere else.
    let redactor = poller.masks().redactor();
    let counted: BTreeMap<String, Sample> = counted.into_iter().filter_map(sample_of).collect();
    let mut rows = Vec::new();
    for check in &config.checks {
        if let Some((watched, seen)) = seen.iter().find(|(watched, _)| watched.source.name == check.source) {
            rows.push(check_row(&check.name, watched, seen, &evaluator).await);
        }
    }
    for metric in &config.metrics {
        rows.push(metric_row(metric, &seen, &counted, &evaluator).await);
    }
    rows.extend(config.logs.iter().map(|log| log_row(log, &commands, clock)));
    rows.into_iter().map(|row| row.masked(&redactor)).collect()
}

fn sample_of(observation: Observation) -> Option<(String, Sample)> {
    match observation {
        Observation::Sample(sample) => Some((sample.metric.to_string(), sample)),
        _ => None,
    }
}

async fn check_row(name: &str, watched: &Watched, seen: &InspectedPoll, evaluator: &Evaluator) -> LiveRow {
    let reading = seen.polled.observations.iter().find_map(|observation| match observation {
        Observation::Reading(reading) if *reading.check == *name => Some(reading),
        _ => None,
    });
    let sign = reading.map_or(Sign::Unknown, |reading| reading.sign);
    let word = match sign {
        Sign::Good => "ok",
        Sign::Degraded => "degraded",
        Sign::Bad => "down",
        Sign::Unknown => "unknown",
        Sign::Cold => "cold start",
    };
    let why = reading.and_then(|reading| reading.error.as_ref()).map(|why| format!(": {why}")).unwrap_or_default();
    let mut ok = seen.answer.is_ok() && sign != Sign::Unknown;
    let mut details = Vec::new();
    if let (Ok(document), Some(check)) = (&seen.answer, watched.checks.iter().find(|check| *check.name == *name)) {
        for (key, programs) in [("expect", &check.expect), ("degraded", &check.degraded)] {
            for program in programs {
                let (line, good) = evaluated(key, program, document, evaluator).await;
                details.push(line);
                ok &= good;
            }
        }
        for field in check.alerts.iter().filter_map(|(_, condition)| condition.field()) {
            let number = number_at(document, field);
            ok &= number.is_some();
            let given = number.map_or_else(|| "no number".to_owned(), |number| number.to_string());
            details.push(format!("alert    {field} gave {given}"));
        }
        details.extend(contents(document));
    }
    LiveRow {
        kind: "check",
        name: name.to_owned(),
        ok,
        troubled: matches!(sign, Sign::Bad | Sign::Degraded),
        answered: seen.answer.is_ok(),
        came: came(watched, seen),
        result: format!("{word}{why}"),
        details,
    }
}

/// What a program gave, in one line; and whether it gave anything.
async fn evaluated(key: &str, program: &Expression, document: &Arc<Value>, evaluator: &Evaluator) -> (String, bool) {
    let outputs = evaluator.run(&[program], document).await.into_iter().next();
    let Some(outputs) = outputs else { return (format!("{key:<8} {}", program.text()), false) };
    let missing = absent(document, program.reads()).map(|why| format!(" ({why})")).unwrap_or_default();
    (format!("{key:<8} {} gave {}{missing}", program.text(), given(&outputs)), outputs.is_ok())
}

fn given(outputs: &Outputs) -> String {
    match outputs {
        Err(error) => format!("an error: {error}"),
        Ok(values) if values.is_empty() => "no output".to_owned(),
        Ok(values) => {
            let text = values.iter().take(5).map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let more = match values.len().saturating_sub(5) {
                0 => String::new(),
                more => format!(" and {}", counted(more, "more output")),
            };
            match text.char_indices().nth(SHOWN) {
                Some((end, _)) => format!("{}…{more}", &text[..end]),
                None => format!("{text}{more}"),
            }
        }
    }
}

async fn metric_row(
    metric: &Metric,
    seen: &[(&Watched, InspectedPoll)],
    counted: &BTreeMap<String, Sample>,
    evaluator: &Evaluator,
) -> LiveRow {
    let row = |ok, answered, came, result: String, details| LiveRow {
        kind: "metric",
        name: metric.name.to_string(),
        ok,
        troubled: false,
        answered,
        came,
        result,
        details,
    };
    let number = |sample: &Sample| match &sample.value {
        Ok(number) => (true, unit::quantity(*number, &metric.unit)),
        Err(why) => (false, format!("no number: {why}")),
    };
    let from = match &metric.kind {
        MetricKind::Value { from, .. } | MetricKind::Sample { from, .. } => from,
        MetricKind::Log(_) => {
            let (ok, result) = counted
                .get(&*metric.name)
                .map_or_else(|| (false, "not counted: its log is a command, or not named".to_owned()), number);
            return row(ok, false, String::new(), result, Vec::new());
        }
        MetricKind::Latency { check, .. } | MetricKind::Availability { check, .. } => {
            let result = format!("computed from the history of check {check} while opsroom runs");
            return row(true, true, String::new(), result, Vec::new());
        }
    };
    let Some((watched, seen)) = seen.iter().find(|(watched, _)| watched.source.name == *from) else {
        return row(false, false, String::new(), "not polled".to_owned(), Vec::new());
    };
    let sample = seen.polled.observations.iter().find_map(|observation| match observation {
        Observation::Sample(sample) if sample.metric == metric.name => Some(sample),
        _ => None,
    });
    let (ok, result) = match (sample, metric.per_second) {
        (Some(sample), _) => number(sample),
        // A rate needs two readings.
        (None, true) => (true, "a counter; its rate needs a second poll".to_owned()),
        (None, false) => (false, "no number".to_owned()),
    };
    let mut details = Vec::new();
    if let Ok(document) = &seen.answer {
        match &metric.kind {
            MetricKind::Value { program, .. } => details.push(evaluated("value", program, document, evaluator).await.0),
            MetricKind::Sample { selector, .. } => details.push(format!("sample   {}", selector.text())),
            _ => {}
        }
        details.extend(contents(document));
    }
    row(ok, seen.answer.is_ok(), came(watched, seen), result, details)
}

/// What came of a poll: `HTTP 200, 412 B, 12 ms`. Why nothing did is the result already.
fn came(watched: &Watched, seen: &InspectedPoll) -> String {
    let time = unit::latency(Some(seen.timing.latency()));
    match &seen.answer {
        Ok(document) => format!("{}, {time}", watched.kind.summary(document)),
        Err(_) => format!("after {time}"),
    }
}

/// What came of a log that is a command.
#[derive(Default)]
struct Followed {
    records: usize,
    failed: Option<String>,
}

/// Runs the commands of logs for a moment, all at once.
async fn command_logs(
    config: &Arc<Config>,
    context: impl Fn(Arc<Config>, mpsc::Sender<Observation>) -> SourceContext,
) -> BTreeMap<String, Followed> {
    let logs: Vec<Log> = config.logs.iter().filter(|log| matches!(log.kind, LogKind::Command(_))).cloned().collect();
    let mut followed: BTreeMap<String, Followed> =
        logs.iter().map(|log| (log.name.to_string(), Followed::default())).collect();
    if logs.is_empty() {
        return followed;
    }
    let (out, mut observations) = mpsc::channel(64);
    let context = context(Arc::new(Config { logs, ..Config::default() }), out);
    let cancel = context.cancel.clone();
    let gather = async {
        let listening = async {
            let mut open = followed.len();
            while open > 0 {
                match observations.recv().await {
                    None => break,
                    Some(Observation::Records { log, batch }) => {
                        let lines = batch.records.iter().filter(|record| record.kind == RecordKind::Line).count();
                        if let Some(one) = followed.get_mut(&*log) {
                            open -= usize::from(one.records == 0 && lines > 0);
                            one.records += lines;
                        }
                    }
                    Some(Observation::LogState { log, state: LogState::Failed(why) }) => {
                        if let Some(one) = followed.get_mut(&*log) {
                            open = open.saturating_sub(1);
                            one.failed = Some(why.to_string());
                        }
                    }
                    Some(_) => {}
                }
            }
        };
        // A log that says nothing now is no mistake.
        let _ = tokio::time::timeout(COMMANDS, listening).await;
        cancel.cancel();
        observations.close();
    };
    tokio::join!(tail::run(context, Resume::default()), gather);
    followed
}

fn ago(age: Duration) -> String {
    format!("{} ago", unit::age(age))
}

fn log_row(log: &Log, commands: &BTreeMap<String, Followed>, clock: Clock) -> LiveRow {
    let row = |ok, result: String| LiveRow {
        kind: "log",
        name: log.name.to_string(),
        ok,
        troubled: false,
        answered: ok,
        came: String::new(),
        result,
        details: Vec::new(),
    };
    if let Some(followed) = commands.get(&*log.name) {
        return match &followed.failed {
            Some(why) => row(false, format!("its command failed: {why}")),
            None if followed.records == 0 => row(true, "its command runs and printed nothing within 3 s".to_owned()),
            None => row(true, format!("its command printed {} records", followed.records)),
        };
    }
    let (mut size, mut newest, mut count, mut unread) = (0, None, 0, None);
    for path in files_of(log) {
        let Ok(metadata) = path.metadata() else { continue };
        count += 1;
        size += metadata.len();
        newest = newest.max(metadata.modified().ok());
        if let Some(why) = super::world::unreadable(&path) {
            unread.get_or_insert(format!("{} {why}", path.display()));
        }
    }
    if let Some(why) = unread {
        return row(false, why);
    }
    if count == 0 {
        let LogKind::File(pattern) = &log.kind else { return row(true, String::new()) };
        return row(false, format!("nothing matches {}", pattern.display()));
    }
    let age = newest.and_then(|newest| (clock.now().utc - chrono::DateTime::<chrono::Utc>::from(newest)).to_std().ok());
    let age = age.map(|age| format!(", last written {}", ago(age))).unwrap_or_default();
    let files = if count == 1 { "1 file".to_owned() } else { format!("{count} files") };
    row(true, format!("{files}, {}{age}", unit::quantity(size as f64, "B")))
}
