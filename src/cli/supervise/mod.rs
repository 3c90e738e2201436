//! `opsroom __run DIR`: the process under which an action runs and is verified, and which outlives the console.
//!
//! It leaves the console's session, runs the steps, polls the named checks itself, and writes the outcome into the run's
//! directory and into the store, where it releases the lock. Consoles, `opsroom run` and `runs --follow` only show it.

mod record;
mod renew;
mod verify;

use std::convert::Infallible;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::stdio::stdout;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::record::Recorder;
use self::renew::Renewal;
use crate::actions::handover::{self, Handover, Task};
use crate::actions::intent::RunIntent;
use crate::actions::rundir::{RunDir, closing};
use crate::actions::supervisor;
use crate::cli::output;
use crate::clock::Clock;
use crate::config::Config;
use crate::lang::time::{Moment, Stamp};
use crate::model::run::{Closing, RunState, VerificationProgress};
use crate::model::verification::Conclusion;
use crate::sources::SourceContext;
use crate::text::SafeText;
use crate::text::redact::Redactor;
use crate::text::secret::Secrets;

/// How often a sign of life is given.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// Runs and verifies what lies in `directory`. Returns 0 where an outcome was written, whatever it says, and 70
/// otherwise; what went wrong is then on stderr, which is a file in the directory.
pub(crate) fn main(directory: &Path, clock: Clock) -> u8 {
    // An error means that we lead a group already: we were started by hand, and may as well continue.
    let _ = rustix::process::setsid();
    let dir = RunDir::new(directory);
    match start(&dir, clock) {
        Ok(()) => 0,
        Err(error) => {
            output::eprint_error(&format!("the supervisor failed: {error}\n"));
            70
        }
    }
}

fn start(dir: &RunDir, clock: Clock) -> io::Result<()> {
    let mut given = Vec::new();
    // What can't be read to its end is as good as cut short.
    let broken = io::stdin().take(handover::MOST).read_to_end(&mut given).err();
    if let Some(error) = broken {
        output::eprint_error(&format!("the handover could not be read: {error}\n"));
    }
    let intent = dir.read_intent()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(supervise(dir, &intent, &given, clock));
    // A blocking call that hangs (a dead NFS mount) must not keep the process, and with it the run's liveness.
    runtime.shutdown_background();
    done
}

async fn supervise(dir: &RunDir, intent: &RunIntent, given: &[u8], clock: Clock) -> io::Result<()> {
    let work = work(dir, intent, given, clock);
    tokio::select! {
        done = work => done,
        // From the first moment to the last, also while the store is away.
        never = beat(dir, clock) => match never {},
    }
}

/// Gives a sign of life once a second. One that can't be written is no reason to stop: the lock on `alive` says whether
/// we live.
async fn beat(dir: &RunDir, clock: Clock) -> Infallible {
    let mut tick = tokio::time::interval(HEARTBEAT);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let _ = dir.write_heartbeat(&clock.moment());
    }
}

async fn work(dir: &RunDir, intent: &RunIntent, given: &[u8], clock: Clock) -> io::Result<()> {
    let recorder = Recorder::new(dir, intent);
    let handover = match Handover::open(given, intent) {
        Ok(handover) => handover,
        // A run that began long ago is not refused now: its outcome stays unknown.
        Err(why) if dir.started().exists() => return Err(io::Error::other(why)),
        Err(why) => {
            recorder.close(None, &refused(&why, clock.now())).await;
            return Ok(());
        }
    };
    let recorder = recorder.with_store(handover.store.clone());
    let mut secrets = Secrets::default();
    for (name, value) in &handover.secrets {
        secrets.insert(name.clone(), value.clone());
    }
    for value in &handover.masked {
        secrets.mask(value.clone());
    }
    let end = match handover.task {
        Task::Run => {
            if let Err(why) = recorder.is_on_record().await {
                recorder.close(None, &refused(&why, clock.now())).await;
                return Ok(());
            }
            begin()?;
            let redactor = Redactor::new(handover.masked.iter().map(String::as_str));
            let end = supervisor::run_steps(dir, intent, &handover.env, redactor, clock).await?;
            recorder.keep_end(&end);
            Some(end)
        }
        Task::Verify => dir.read_end()?,
    };
    let (ended, secrets) = (clock.now(), Arc::new(secrets));
    let to_verify = handover.task == Task::Verify || end.as_ref().is_some_and(|end| end.to_verify);
    let context = SourceContext {
        config: Arc::new(Config { checks: handover.checks, sources: handover.sources, ..Config::default() }),
        secrets: Arc::clone(&secrets),
        clock,
        out: mpsc::channel(1).0,
        cancel: CancellationToken::new(),
    };
    let mut renewal = Renewal::new(secrets, handover.places);
    let conclusion = if to_verify {
        // Beside it, so that a store that is busy does not hold up the first look.
        let (conclusion, ()) =
            tokio::join!(judge(dir, intent, &context, &mut renewal, ended), recorder.finish(end.as_ref()));
        conclusion
    } else {
        None
    };
    let now = clock.moment();
    let closing = closing(end.as_ref(), conclusion.as_ref(), now.utc);
    let took = now.since(Moment { utc: intent.at, boot: intent.boot });
    let closing = Closing { took: end.as_ref().map(|_| took), ..closing };
    recorder.close(end.as_ref(), &closing).await;
    Ok(())
}

/// Says in `alive`, which is our stdout, that the first step is about to run: without that nothing ran.
fn begin() -> io::Result<()> {
    let alive = stdout();
    rustix::io::write(alive, b"began\n")?;
    match rustix::fs::fsync(alive) {
        // Started by hand, on a terminal or into a pipe.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::ROFS) => Ok(()),
        synced => Ok(synced?),
    }
}

/// Looks at the checks until there is a verdict; `None` where none are named.
async fn judge(
    dir: &RunDir,
    intent: &RunIntent,
    context: &SourceContext,
    renewal: &mut Renewal,
    ended: Stamp,
) -> Option<Conclusion> {
    let terms = intent.verify.as_ref()?;
    let until_boot = context.clock.moment().boot.map(|now| now.plus(terms.within));
    let report = |progress: &VerificationProgress| {
        let progress = VerificationProgress { until_boot, ..progress.clone() };
        if let Err(error) = dir.write_progress(&progress) {
            output::eprint_error(&format!("the progress could not be written: {error}\n"));
        }
    };
    Some(verify::verify(context, renewal, terms, ended, report).await)
}

fn refused(why: &str, now: Stamp) -> Closing {
    let note = SafeText::new(&format!("{why}; nothing ran"));
    Closing { at: now.utc, state: RunState::Refused, checks: None, note: Some(note), took: None }
}
