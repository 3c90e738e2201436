//! Counting what is there, once: for commands that ask and end.

use std::time::Duration;

use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use super::super::pipeline::Pipeline;
use super::board::Board;
use super::part::LogCounter;
use crate::clock::Clock;
use crate::config::Config;
use crate::config::sections::log::{Log, LogKind};
use crate::config::sections::metric::MetricKind;
use crate::model::observation::Observation;
use crate::sources::SourceContext;
use crate::sources::logs::follow::files::FileLog;
use crate::sources::logs::follow::open::READ;
use crate::text::SafeText;
use crate::text::name::Name;
use crate::text::redact::Redactor;

/// So long the files are read; what is not known then has no number.
const PATIENCE: Duration = Duration::from_secs(30);

/// The metrics over logs of what is named (none means all), counted in the files as they are now.
pub(crate) async fn count_once(context: &SourceContext, names: &[Name]) -> Vec<Observation> {
    let wanted = |name: &Name| names.is_empty() || names.contains(name);
    let metrics = context.config.metrics.iter();
    let metrics = metrics.filter(|metric| matches!(metric.kind, MetricKind::Log(_)) && wanted(&metric.name));
    let logs = context.config.logs.clone();
    let mut board = Board::new(&Config { metrics: metrics.cloned().collect(), logs, ..Config::default() });
    let redactor = Redactor::from(&*context.secrets);
    // Whoever does not wait for the end does not want it.
    let cancel = context.cancel.child_token();
    let _guard = cancel.clone().drop_guard();
    let counting = context.config.logs.iter().filter_map(|log| {
        let (counters, log, redactor) = (board.counters(&log.name), log.clone(), redactor.clone());
        let (cancel, clock) = (cancel.clone(), context.clock);
        (!counters.is_empty())
            .then(|| tokio::task::spawn_blocking(move || count(&log, counters, &redactor, clock, &cancel)))
    });
    join_all(counting).await;
    board.due(context.clock.now())
}

fn count(log: &Log, counters: Vec<LogCounter>, redactor: &Redactor, clock: Clock, cancel: &CancellationToken) {
    let now = clock.now();
    if !matches!(log.kind, LogKind::File(_)) {
        let why = SafeText::new("a command's output is counted only while a console runs");
        for counter in &counters {
            counter.troubled(Some(&why));
        }
        return;
    }
    let pipeline = Pipeline::new(log, redactor.clone(), counters, 1);
    let Some(mut files) = FileLog::new(log, pipeline, now) else { return };
    files.tick(now, &mut vec![0; READ], &mut Vec::new());
    if let Some(backfill) = files.backfill(now) {
        backfill.read(redactor, &|| cancel.is_cancelled() || clock.now().since(now) > PATIENCE);
    }
}
