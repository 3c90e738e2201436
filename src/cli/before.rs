//! The world just before an action, polled by the command itself, as no console may be open.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::config::Config;
use crate::config::sections::action::{Action, EvidenceRef, Verify};
use crate::logs::record::LogState;
use crate::model::effect::StartRun;
use crate::sources::SourceContext;
use crate::sources::logs::count::count_once;
use crate::sources::logs::{self, Resume};
use crate::sources::polls::poll_once;
use crate::text::name::Name;
use crate::world::starting::{self, Confirmed};
use crate::world::{World, one_round};

/// How long a person waits for the look before; what did not answer by then counts as not seen.
const BEFORE: Duration = Duration::from_secs(5);
/// A log that is silent for this long has said what it had.
const SILENCE: Duration = Duration::from_millis(500);
/// All logs together are listened to for no longer than this.
const LONGEST: Duration = Duration::from_secs(3);
/// Observations on their way.
const ROOM: usize = 64;

/// What was seen before a run.
#[derive(Debug)]
pub(crate) struct BeforeRun(World);

impl BeforeRun {
    /// Looks once: at everything where the run will be verified, else at what its evidence names.
    pub(crate) async fn look(context: &SourceContext, action: &Action, verify: Option<&Verify>) -> Self {
        let wanted: Vec<Name> = action.evidence.iter().filter_map(polled).cloned().collect();
        let polls = async {
            if verify.is_none() && wanted.is_empty() {
                return Vec::new();
            }
            let names = if verify.is_some() { &[] } else { wanted.as_slice() };
            tokio::time::timeout(BEFORE, poll_once(context, names)).await.unwrap_or_default()
        };
        let counts = async {
            // Without a name, everything would be counted.
            let counting = count_once(context, &wanted);
            if wanted.is_empty() {
                Vec::new()
            } else {
                tokio::time::timeout(BEFORE, counting).await.unwrap_or_default()
            }
        };
        let mut world = one_round::world(&context.config, context.clock.now());
        let logs: Vec<&Name> = action.evidence.iter().filter_map(log).collect();
        let (polled, counted, ()) = tokio::join!(polls, counts, last_lines(context, &logs, &mut world));
        one_round::apply(&mut world, polled.into_iter().chain(counted), context.clock.now());
        Self(world)
    }

    /// The run that is asked for: what was known before it is what this look saw.
    pub(crate) fn start_run(&self, action: &Action, confirmed: Confirmed) -> StartRun {
        starting::start_run(&self.0, action, confirmed, |_| std::iter::empty())
    }
}

fn polled(evidence: &EvidenceRef) -> Option<&Name> {
    match evidence {
        EvidenceRef::Check(name) | EvidenceRef::Metric(name) => Some(name),
        EvidenceRef::Log(_) => None,
    }
}

fn log(evidence: &EvidenceRef) -> Option<&Name> {
    match evidence {
        EvidenceRef::Log(name) => Some(name),
        EvidenceRef::Check(_) | EvidenceRef::Metric(_) => None,
    }
}

/// Reads the last records of the logs called `names` into the world, as a console reads them: redacted, in any form, from
/// files and commands.
async fn last_lines(context: &SourceContext, names: &[&Name], world: &mut World) {
    let mut logs: Vec<_> = context.config.logs.iter().filter(|log| names.contains(&&log.name)).cloned().collect();
    if logs.is_empty() {
        return;
    }
    // The end of a log is wanted and not a day of it.
    for log in &mut logs {
        log.since = None;
    }
    let cancel = context.cancel.child_token();
    let (out, mut observations) = mpsc::channel(ROOM);
    let config = Arc::new(Config { logs, ..Config::default() });
    let following = SourceContext { config, out, cancel: cancel.clone(), ..context.clone() };
    let gather = async {
        let listening = async {
            while let Ok(Some(observation)) = tokio::time::timeout(SILENCE, observations.recv()).await {
                world.observe(observation, context.clock.now());
                if names.iter().all(|name| world.log(name).is_none_or(|log| has_failed(&log.state))) {
                    break;
                }
            }
        };
        // What was gathered until then is kept.
        tokio::time::timeout(LONGEST, listening).await.ok();
        cancel.cancel();
        observations.close();
    };
    tokio::join!(logs::run(following, Resume::default()), gather);
}

/// Whether nothing is to be expected of a log.
const fn has_failed(state: &LogState) -> bool {
    matches!(state, LogState::Failed(_) | LogState::Waiting(_) | LogState::Restarting(_))
}
