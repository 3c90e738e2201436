//! What the sources say while they run: commands that are asked once, and everything that is followed.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::print::Printer;
use super::read::RecordSink;
use super::request::Request;
use crate::cli::{Global, output};
use crate::config::Config;
use crate::config::sections::log::Log;
use crate::lang::order::InOrder;
use crate::logs::record::{LogState, Record, RecordKind};
use crate::model::observation::Observation;
use crate::sources::SourceContext;
use crate::sources::logs as tail;
use crate::sources::logs::Resume;
use crate::text::name::Name;

/// What comes together within this time is printed in the order of time.
const GATHER: Duration = Duration::from_millis(200);
/// Without `--follow` a command has this long to say something more.
const SILENCE: Duration = Duration::from_millis(1500);

fn context(request: &Request, global: &Global, logs: Vec<Log>) -> (SourceContext, mpsc::Receiver<Observation>) {
    let (out, observations) = mpsc::channel(64);
    let context = SourceContext {
        config: Arc::new(Config { logs, ..Config::default() }),
        secrets: Arc::clone(&request.secrets),
        clock: global.clock,
        out,
        cancel: CancellationToken::new(),
    };
    (context, observations)
}

/// Runs commands until they have ended or say no more; true where one could not be run.
///
/// # Errors
/// The system refuses threads.
pub(crate) fn ask_commands(request: &Request, global: &Global, logs: Vec<Log>) -> io::Result<(Vec<Record>, bool)> {
    let mut running = logs.len();
    let logs = since(request, global, logs);
    output::block_on(async {
        let (context, mut observations) = context(request, global, logs);
        let cancel = context.cancel.clone();
        let mut records = Versions::default();
        let mut failed = false;
        let gather = async {
            while running > 0 {
                let Ok(Some(observation)) = tokio::time::timeout(SILENCE, observations.recv()).await else { break };
                match observation {
                    Observation::Records { batch, .. } => {
                        records.print(batch.records);
                    }
                    Observation::LogState { state: LogState::Restarting(_), .. } => running -= 1,
                    Observation::LogState { log, state: LogState::Failed(why) } => {
                        output::eprint_error(&format!("error: log {log}: {why}\n"));
                        failed = true;
                        running -= 1;
                    }
                    _ => {}
                }
            }
            cancel.cancel();
            // What is on its way still comes.
            while let Ok(Observation::Records { batch, .. }) = observations.try_recv() {
                records.print(batch.records);
            }
            observations.close();
        };
        tokio::join!(tail::run(context, Resume::default()), gather);
        (records.latest, failed)
    })
}

/// The latest version of each record: one that has grown is still one.
#[derive(Default)]
struct Versions {
    latest: Vec<Record>,
    places: HashMap<(Name, u64), usize>,
}

impl Versions {
    fn print(&mut self, records: Vec<Record>) {
        for record in records.into_iter().filter(|record| record.kind == RecordKind::Line) {
            match self.places.entry((record.log.clone(), record.seq)) {
                Entry::Occupied(place) => self.latest[*place.get()] = record,
                Entry::Vacant(place) => {
                    place.insert(self.latest.len());
                    self.latest.push(record);
                }
            }
        }
    }
}

/// The logs, asked from where the request begins.
fn since(request: &Request, global: &Global, mut logs: Vec<Log>) -> Vec<Log> {
    if let Some(since) = request.since {
        let back = (global.clock.now().utc - since).to_std().unwrap_or_default();
        for log in &mut logs {
            log.since = Some(back);
        }
    }
    logs
}

/// Prints what is there and what comes, until interrupted or until nobody reads it.
///
/// # Errors
/// When stdout can't be written.
pub(crate) fn follow(request: &Request, global: &Global, printer: &mut Printer) -> io::Result<bool> {
    let logs = since(request, global, request.logs.clone());
    let outcome = output::block_on(async {
        let (context, mut observations) = context(request, global, logs);
        let cancel = context.cancel.clone();
        let printing = async {
            let result = print_live(&mut observations, printer).await;
            cancel.cancel();
            observations.close();
            result
        };
        let stop = async {
            tokio::select! {
                () = interrupted() => cancel.cancel(),
                () = cancel.cancelled() => {}
            }
        };
        tokio::join!(tail::run(context, Resume::default()), printing, stop).1
    })?;
    outcome.map(|()| false)
}

/// Ctrl-C or TERM: the commands that are followed are ended before we go.
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

async fn print_live(observations: &mut mpsc::Receiver<Observation>, printer: &mut Printer) -> io::Result<()> {
    let mut gathered: Vec<Record> = Vec::new();
    loop {
        let Some(first) = observations.recv().await else { return Ok(()) };
        let mut next = Some(first);
        let window = tokio::time::sleep(GATHER);
        tokio::pin!(window);
        while let Some(observation) = next {
            match observation {
                Observation::Records { batch, .. } => {
                    gathered.extend(batch.records.into_iter().filter(|record| record.kind != RecordKind::Partial));
                }
                Observation::LogState { log, state: LogState::Failed(why) | LogState::Waiting(why) } => {
                    output::eprint_error(&format!("warning: log {log}: {why}\n"));
                }
                Observation::Warning { name, text } => output::eprint_error(&format!("warning: log {name}: {text}\n")),
                _ => {}
            }
            next = tokio::select! {
                biased;
                () = &mut window => None,
                more = observations.recv() => more,
            };
        }
        gathered.order_by_key(Record::at);
        for record in gathered.drain(..) {
            printer.write(&record)?;
        }
        printer.flush()?;
    }
}
