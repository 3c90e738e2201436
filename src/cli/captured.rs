//! The last lines of logs, read just before an action: what the console would have had in memory.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::logs::record::{LogState, Record, RecordKind};
use crate::model::message::Observation;
use crate::sources::Context;
use crate::sources::logs as tail;
use crate::sources::logs::Resume;
use crate::text::name::Name;

/// Records that are kept of each log.
const RECORDS: usize = 50;
/// A log that is silent for this long has said what it had.
const SILENCE: Duration = Duration::from_millis(500);
/// All logs together are listened to for no longer than this.
const LONGEST: Duration = Duration::from_secs(3);
/// Observations on their way.
const ROOM: usize = 64;

/// The last lines of each log, or why there are none.
pub type Captured = BTreeMap<Name, Result<Vec<String>, String>>;

/// The last records of the logs called `names`, oldest first. Read as the console reads them:
/// redacted, in any form, from files and commands.
pub async fn lines(context: &Context, names: &[&Name]) -> Captured {
    let mut logs: Vec<_> = context.config.logs.iter().filter(|log| names.contains(&&log.name)).cloned().collect();
    if logs.is_empty() {
        return BTreeMap::new();
    }
    // The end of a log is wanted and not a day of it.
    for log in &mut logs {
        log.since = None;
    }
    let mut gathered = Gathered::new(logs.iter().map(|log| log.name.clone()));
    let cancel = context.cancel.child_token();
    let (out, mut observations) = mpsc::channel(ROOM);
    let config = Arc::new(Config { logs, ..Config::default() });
    let following = Context { config, out, cancel: cancel.clone(), ..context.clone() };
    let gather = async {
        let work = async {
            while let Ok(Some(observation)) = tokio::time::timeout(SILENCE, observations.recv()).await {
                if gathered.take(observation) {
                    break;
                }
            }
        };
        // What was gathered until then is kept.
        tokio::time::timeout(LONGEST, work).await.ok();
        stop(&cancel, &mut observations);
    };
    tokio::join!(tail::run(following, Resume::default()), gather);
    gathered.told()
}

fn stop(cancel: &CancellationToken, observations: &mut mpsc::Receiver<Observation>) {
    cancel.cancel();
    observations.close();
}

/// What came in, by log.
struct Gathered {
    records: BTreeMap<Name, VecDeque<Record>>,
    troubles: BTreeMap<Name, String>,
    ended: BTreeSet<Name>,
}

impl Gathered {
    fn new(names: impl Iterator<Item = Name>) -> Self {
        let records = names.map(|name| (name, VecDeque::new())).collect();
        Self { records, troubles: BTreeMap::new(), ended: BTreeSet::new() }
    }

    /// Takes one in; true where nothing more is to be expected of any log.
    fn take(&mut self, observation: Observation) -> bool {
        match observation {
            Observation::Records { log, batch } => {
                let held = self.records.entry(log).or_default();
                for record in batch.records.into_iter().filter(|record| record.kind != RecordKind::Marker) {
                    // A record that is continued replaces its earlier form.
                    match held.iter_mut().rev().find(|known| known.seq == record.seq) {
                        Some(known) => *known = record,
                        None => held.push_back(record),
                    }
                    if held.len() > RECORDS {
                        held.pop_front();
                    }
                }
            }
            Observation::LogState {
                log,
                state: LogState::Failed(why) | LogState::Waiting(why) | LogState::Restarting(why),
            } => {
                self.troubles.insert(log.clone(), why.to_string());
                self.ended.insert(log);
            }
            _ => {}
        }
        self.ended.len() == self.records.len()
    }

    fn told(self) -> Captured {
        let Self { records, mut troubles, .. } = self;
        let told = |(name, records): (Name, VecDeque<Record>)| {
            let lines: Vec<String> = records.iter().map(|record| record.raw.to_string()).collect();
            let told = match troubles.remove(&name).filter(|_| lines.is_empty()) {
                Some(why) => Err(why),
                None => Ok(lines),
            };
            (name, told)
        };
        records.into_iter().map(told).collect()
    }
}
