//! `opsroom status`: polls everything once and prints one line each, or one JSON object.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use futures_util::FutureExt as _;
use futures_util::future::FusedFuture as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Global;
use super::output::{self, exit};
use super::{configuration, exit_code, run_service};
use crate::config::Config;
use crate::lang::nearest::{nearest, suggest};
use crate::lang::unit;
use crate::model::status::Status;
use crate::model::thing::StoredThing;
use crate::report::lines::{self, Style};
use crate::report::status::Report;
use crate::runtime::paths;
use crate::runtime::runs::RunService;
use crate::runtime::secrets::Fetching;
use crate::sources::heartbeats;
use crate::sources::round::Round;
use crate::sources::{Latest, SourceContext};
use crate::text::name::Name;
use crate::world::one_round;

/// From the start of one round to the start of the next, while something is waited for.
const BETWEEN_ROUNDS: Duration = Duration::from_secs(2);
/// How long the polls wait for secrets that they do not need.
const MOMENT: Duration = Duration::from_millis(200);
/// How long the store may take to say what is acknowledged and silenced.
const RECORD: Duration = Duration::from_secs(2);
/// What a shell makes of an interrupt.
const INTERRUPTED: u8 = 130;

/// What `opsroom status` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Checks, metrics or services. Default: all
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// One JSON object
    #[arg(long)]
    json: bool,
    /// ASCII, no colours
    #[arg(long, conflicts_with = "json")]
    plain: bool,
    /// Poll again until this is true, as a gate for a deployment pipeline
    #[arg(long, value_name = "STATUS")]
    until: Option<Until>,
    /// How long to wait with --until
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = duration, requires = "until")]
    within: Duration,
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Until {
    /// Everything is ok and no alert condition holds
    Ok,
    /// Nothing is down or unknown, and no critical alert condition holds
    Degraded,
}

impl Until {
    fn holds(self, status: Status) -> bool {
        status == Status::Ok || (self == Self::Degraded && status == Status::Degraded)
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    unit::parse_duration(text).map_err(|error| error.to_string())
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, global: &Global) -> u8 {
    let found = match configuration::find(global) {
        Ok(found) => found,
        Err(code) => return code,
    };
    let names = match chosen(&found.config, &arguments.names) {
        Ok(names) => names,
        Err((problem, hint)) => return output::fail(exit::USAGE, &problem, &hint),
    };
    if found.config.checks.is_empty() && found.config.metrics.is_empty() {
        output::eprint_error("note: the configuration has no checks and no metrics: nothing to poll\n");
    }
    if let Ok(directory) = paths::state_directory() {
        heartbeats::use_directory(&directory);
    }
    let work = ask(arguments, global, &found.config, &names);
    let (report, reached) = match output::block_on(work) {
        Ok(Some(result)) => result,
        Ok(None) => return INTERRUPTED,
        Err(error) => {
            return output::fail(
                exit::SOFTWARE,
                &format!("cannot start worker threads: {error}"),
                "raise the limits of processes and open files (ulimit -u, ulimit -n)",
            );
        }
    };
    let text = if arguments.json { report.json() } else { lines::lines(&report, style(arguments, global)) };
    let printed = if arguments.json { output::print_json(&text) } else { output::print_coloured(&text) };
    if printed != exit::OK {
        return printed;
    }
    match report.status {
        // The gate stays closed: the code says how bad it is, and is never 0.
        status if !reached => {
            let waited = format!("still {} after {}", status.word().to_lowercase(), unit::duration(arguments.within));
            output::fail(exit_code::of_status(status).max(exit::WARNING), &waited, "")
        }
        _ if arguments.until.is_some() => exit::OK,
        status => exit_code::of_status(status),
    }
}

/// The checks and metrics that are meant; a service means all of its own.
fn chosen(config: &Config, wanted: &[String]) -> Result<Vec<Name>, (String, String)> {
    let mut names = Vec::new();
    for wanted in wanted {
        let before = names.len();
        let of = |name: &Name, service: &Option<Name>| **name == **wanted || service.as_deref() == Some(wanted);
        names.extend(
            config.checks.iter().filter(|check| of(&check.name, &check.service)).map(|check| check.name.clone()),
        );
        names.extend(
            config.metrics.iter().filter(|metric| of(&metric.name, &metric.service)).map(|metric| metric.name.clone()),
        );
        if names.len() > before {
            continue;
        }
        if config.services.iter().any(|service| *service.name == **wanted) {
            let problem = format!("the service `{wanted}` has no checks and no metrics");
            return Err((problem, "give a check `service = \"…\"` to make it one of the service's".to_owned()));
        }
        let known = config.checks.iter().map(|check| &*check.name);
        let known = known.chain(config.metrics.iter().map(|metric| &*metric.name));
        let known = known.chain(config.services.iter().map(|service| &*service.name));
        let hint = suggest(nearest(wanted, known), || "use no name to poll everything".to_owned());
        return Err((format!("no check, metric or service named `{wanted}`"), hint));
    }
    Ok(names)
}

fn style(arguments: &Arguments, global: &Global) -> Style {
    let ascii = arguments.plain || !is_utf8();
    Style { ascii, colour: !arguments.plain && !global.wants_no_colour() && std::io::stdout().is_terminal() }
}

/// Whether the locale, where it says anything, has more than ASCII.
pub(super) fn is_utf8() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    locale.is_none_or(|locale| locale.to_ascii_lowercase().replace('-', "").contains("utf8"))
}

/// Polls once, or until it is well. `None` where it was interrupted.
async fn ask(arguments: &Arguments, global: &Global, config: &Arc<Config>, names: &[Name]) -> Option<(Report, bool)> {
    let cancel = CancellationToken::new();
    // Dropping the polls is what ends the commands that they run.
    let work = async {
        let fetching = Fetching::new(&config.secrets);
        let latest = fetching.latest();
        let fetched = async {
            for (name, why) in fetching.run().await {
                output::eprint_error(&format!("warning: secret {name} has no value: {why}\n"));
            }
        };
        let mut fetched = std::pin::pin!(fetched.fuse());
        // Most are there in a moment; what is not delays nothing but the sources that need it.
        tokio::time::timeout(MOMENT, &mut fetched).await.ok();
        let recorded = on_record(global).await;
        let rounds = rounds(arguments, context(global, config, &latest, &cancel), latest, names, &recorded);
        let mut rounds = std::pin::pin!(rounds);
        loop {
            tokio::select! {
                result = &mut rounds => return result,
                () = &mut fetched, if !fetched.is_terminated() => {}
            }
        }
    };
    tokio::select! {
        result = work => Some(result),
        () = interrupted() => None,
    }
}

fn context(global: &Global, config: &Arc<Config>, secrets: &Latest, cancel: &CancellationToken) -> SourceContext {
    let (out, _) = mpsc::channel(1);
    let secrets = secrets.borrow().clone().unwrap_or_default();
    SourceContext { config: Arc::clone(config), secrets, clock: global.clock, out, cancel: cancel.clone() }
}

/// What the store says of alerts, where there is one that answers: acknowledgements and silences stand beside what is polled.
async fn on_record(global: &Global) -> Vec<StoredThing> {
    let read = async {
        let directory = paths::state_directory().ok()?;
        let url = run_service::url(global).await.ok()?;
        let run_service = RunService::open_to_look(url.as_deref(), &directory, global.clock).await.ok()?;
        let things = run_service.store().alerts(run_service.now()).await.ok();
        run_service.close().await;
        things
    };
    tokio::time::timeout(RECORD, read).await.ok().flatten().unwrap_or_default()
}

async fn rounds(
    arguments: &Arguments,
    context: SourceContext,
    latest: Latest,
    names: &[Name],
    recorded: &[StoredThing],
) -> (Report, bool) {
    let clock = context.clock;
    let round = Round::new(&context, names).with_secrets(latest);
    let mut world = one_round::world(&context.config, clock.now());
    let deadline = clock.now().plus(arguments.within);
    loop {
        let started = clock.now();
        let (link, polled) = tokio::join!(round.link(), round.poll());
        // Our own network comes first: without it the rest is not believed.
        one_round::apply(&mut world, link.into_iter().chain(polled), clock.now());
        world.alerts_read(recorded);
        let report = Report::new(&world, names);
        let Some(until) = arguments.until else { return (report, true) };
        let reached = until.holds(report.status);
        if reached || clock.now().mono >= deadline.mono {
            return (report, reached);
        }
        // The last round is at the very end: what is well then is well in time.
        let next = started.plus(BETWEEN_ROUNDS);
        let next = if next.mono > deadline.mono { deadline } else { next };
        tokio::time::sleep_until(clock.instant(next)).await;
    }
}

async fn interrupted() {
    let wait = async |kind| match signal(kind) {
        Ok(mut signals) => drop(signals.recv().await),
        Err(_) => std::future::pending().await,
    };
    tokio::select! {
        () = wait(SignalKind::interrupt()) => {}
        () = wait(SignalKind::terminate()) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::sections::service::Service;

    #[test]
    fn unknown_names_are_refused_with_a_hint() {
        let service = Service {
            name: "api".into(),
            title: "API".into(),
            depends_on: Vec::new(),
            runbook: None,
            links: Vec::new(),
        };
        let config = Config { services: vec![service], ..Config::default() };
        assert_eq!(chosen(&config, &[]), Ok(Vec::new()));
        assert_eq!(
            chosen(&config, &["api".to_owned()]).unwrap_err().0,
            "the service `api` has no checks and no metrics"
        );
        let (problem, hint) = chosen(&config, &["apo".to_owned()]).unwrap_err();
        assert_eq!(problem, "no check, metric or service named `apo`");
        assert_eq!(hint, "did you mean `api`?");
    }

    #[test]
    fn a_gate_opens_for_what_it_was_set_to() {
        assert!(Until::Ok.holds(Status::Ok) && !Until::Ok.holds(Status::Degraded));
        assert!(Until::Degraded.holds(Status::Degraded) && !Until::Degraded.holds(Status::Unknown));
    }
}
