//! `opsroom maintenance`: windows that run and come, planned once, or ended early.

use std::fmt::Write as _;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use serde::Serialize;

use super::alerts::{StoredAlerts, duration, put};
use super::output::{self, exit};
use super::span::{EndArguments, Refusal, Skipped, beginning, end_after, not_too_far, refused};
use super::{Global, configuration, run_service};
use crate::config::Config;
use crate::lang::schedule::TimeWindow;
use crate::lang::time::rfc3339;
use crate::model::fact::maintenance::planned_id;
use crate::model::fact::{MaintenanceEnd, MaintenanceEnded, MaintenancePlanned, Statement};
use crate::model::maintenance::{MaintenanceWindow, ServiceChoice, clock_with_zone, from_to};
use crate::runtime::runs::RunService;
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::maintenance::MaintenancePlan;

/// How far a moment may lie back and still pass for now.
const NOW: chrono::Duration = chrono::Duration::minutes(1);

/// Arguments of `opsroom maintenance`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Print JSON: an array, active windows first
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<MaintenanceCommand>,
}

#[derive(Debug, Subcommand)]
enum MaintenanceCommand {
    /// Show the active windows and the next one of each
    List,
    /// Plan a single window
    Add(AddArguments),
    /// End an active window, or cancel one that was planned with `add`
    End {
        /// Its id, or its name in the configuration
        #[arg(value_name = "ID|NAME")]
        window: String,
    },
}

#[derive(Debug, Args)]
struct AddArguments {
    /// The services whose alerts are muted; '*' for all
    #[arg(value_name = "SERVICE", required = true, num_args = 1..)]
    services: Vec<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    why: String,
    /// Its first moment: 2h from now, 06:30 (the next one), or 2026-03-02T09:00, by the console's clocks or with
    /// Z. Default: now
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    #[command(flatten)]
    end: EndArguments,
    /// Announce it this long before
    #[arg(long, value_name = "DURATION", value_parser = duration, requires = "notify")]
    notice: Option<Duration>,
    /// The channel by which it is announced; several with a comma between
    #[arg(long, value_name = "CHANNEL", value_delimiter = ',', requires = "notice")]
    notify: Vec<String>,
}

/// One window, as JSON has it. The fields and their names are a promise; some may be added.
#[derive(Debug, Serialize)]
struct WindowLine {
    id: Name,
    name: Name,
    title: String,
    state: &'static str,
    services: ServiceChoice,
    from: String,
    until: String,
    by: Option<SafeText>,
    why: Option<SafeText>,
    notice_s: Option<u64>,
    notify: Vec<Name>,
}

impl WindowLine {
    fn new(state: &'static str, window: &MaintenanceWindow) -> Self {
        Self {
            id: window.id.clone(),
            name: window.name.clone(),
            title: window.title.clone(),
            state,
            services: window.services.clone(),
            from: rfc3339(window.window.start),
            until: rfc3339(window.window.end),
            by: window.by.clone(),
            why: window.why.clone(),
            notice_s: window.notice.map(|notice| notice.as_secs()),
            notify: window.notify.clone(),
        }
    }
}

/// Shows, plans or ends maintenance.
pub(crate) fn run(arguments: &Arguments, global: &Global) -> u8 {
    match &arguments.command {
        None | Some(MaintenanceCommand::List) => output::carry_out(list(arguments, global)),
        Some(MaintenanceCommand::Add(add)) => {
            let config = match configuration::refuse_if_read_only(global, "no maintenance can be planned here") {
                Ok(config) => config.unwrap_or_default(),
                Err(code) => return code,
            };
            match planned(add, &config, global.clock.now().utc) {
                Ok(said) => output::carry_out(plan(said, arguments.json, &config, global)),
                Err((problem, hint)) => output::fail(exit::USAGE, &problem, &hint),
            }
        }
        Some(MaintenanceCommand::End { window }) => {
            let config = match configuration::refuse_if_read_only(global, "no maintenance can be ended here") {
                Ok(config) => config.unwrap_or_default(),
                Err(code) => return code,
            };
            output::carry_out(end(window, arguments.json, &config, global))
        }
    }
}

async fn list(arguments: &Arguments, global: &Global) -> u8 {
    let config = configuration::for_titles(global);
    let now = global.clock.now().utc;
    let run_service = match run_service::look(global, true).await {
        Ok(Some(run_service)) => run_service,
        Ok(None) => return print(arguments, &MaintenancePlan::new(&config, []), &config, now),
        Err(code) => return code,
    };
    let code = match StoredAlerts::read(&run_service).await {
        Ok(stored) => print(arguments, &stored.maintenance_plan(&config), &config, now),
        Err(error) => run_service::broken(&error),
    };
    run_service::close_read(&run_service, code).await
}

fn print(arguments: &Arguments, plan: &MaintenancePlan, config: &Config, now: DateTime<Utc>) -> u8 {
    if arguments.json {
        return output::print_as_json("the windows", &lines(plan, now));
    }
    let (running, coming) = (plan.running(now), plan.coming(now));
    let states = running.iter().map(|one| ("running", one)).chain(coming.iter().map(|one| ("coming", one)));
    let mut text = String::new();
    for (state, one) in states {
        let span = from_to((one.window.start, one.window.end), now, config.console.timezone);
        let _ = write!(text, "{state:<7}  {}  {span}  {}", one.title, one.services.describe());
        if let (Some(by), Some(why)) = (&one.by, &one.why) {
            let _ = write!(text, "  by {by}: {why}");
        }
        text.push('\n');
    }
    output::print(if text.is_empty() { "no maintenance planned\n" } else { &text })
}

/// The windows that run, and the next one of each.
fn lines(plan: &MaintenancePlan, now: DateTime<Utc>) -> Vec<WindowLine> {
    let (running, coming) = (plan.running(now), plan.coming(now));
    let running = running.iter().map(|one| WindowLine::new("running", one));
    running.chain(coming.iter().map(|one| WindowLine::new("coming", one))).collect()
}

/// What is planned by the command line.
fn planned(arguments: &AddArguments, config: &Config, now: DateTime<Utc>) -> Result<MaintenancePlanned, Refusal> {
    if arguments.why.trim().is_empty() {
        return Err(("--why is empty".to_owned(), "say what is done in that time".to_owned()));
    }
    let services = config.services_named(&arguments.services)?;
    let zone = config.console.timezone;
    let from = arguments.from.as_deref().map_or(Ok(now), |text| beginning("--from", text, now, zone, Skipped::Say))?;
    if from < now - NOW {
        let hint = "omit --from to begin now: what has passed already counts against objectives";
        return Err((format!("--from lies in the past: {}", clock_with_zone(from, now, zone)), hint.to_owned()));
    }
    let until = arguments.end.after(from, zone, Skipped::Say)?;
    not_too_far(from, now, zone)?;
    if let Some(notice) = arguments.notice {
        end_after(now, "--notice", notice)?;
    }
    let notify = config.channels_named(&arguments.notify)?;
    Ok(MaintenancePlanned {
        id: planned_id(now),
        why: SafeText::new(arguments.why.trim()),
        services,
        from,
        until,
        notice_s: arguments.notice.map(|notice| notice.as_secs()),
        notify,
    })
}

async fn plan(said: MaintenancePlanned, json: bool, config: &Config, global: &Global) -> u8 {
    run_service::changing(global, async |run_service| {
        let now = run_service.now();
        let span = from_to((said.from, said.until), now, config.console.timezone);
        let text = format!("planned maintenance of {}, {span}, id {}\n", said.services.describe(), said.id);
        let id = said.id.clone();
        match put(run_service, now, vec![Statement::MaintenancePlanned(said)]).await {
            Err(code) => code,
            Ok(()) if json => match StoredAlerts::read(run_service).await {
                Ok(stored) => {
                    let lines: Vec<WindowLine> = lines(&stored.maintenance_plan(config), now);
                    output::print_as_json(
                        "the windows",
                        &lines.into_iter().filter(|line| line.id == id).collect::<Vec<_>>(),
                    )
                }
                Err(error) => run_service::broken(&error),
            },
            Ok(()) => output::print(&text),
        }
    })
    .await
}

async fn end(window: &str, json: bool, config: &Config, global: &Global) -> u8 {
    let unknown = ending(&MaintenancePlan::new(config, []), window, config, global.clock.now().utc).err();
    let work = async |run_service: &RunService| end_at(run_service, window, json, config).await;
    run_service::changing_known(global, unknown, work).await
}

async fn end_at(run_service: &RunService, window: &str, json: bool, config: &Config) -> u8 {
    let now = run_service.now();
    let plan = match StoredAlerts::read(run_service).await {
        Ok(stored) => stored.maintenance_plan(config),
        Err(error) => return run_service::broken(&error),
    };
    let meant = match ending(&plan, window, config, now) {
        Ok(meant) => meant,
        Err((problem, hint)) => return output::fail(exit::USAGE, &problem, &hint),
    };
    let MaintenanceWindow { id, name, services, window: span, title, .. } = meant.clone();
    let how = if span.start > now { "called off" } else { "ended" };
    let because = MaintenanceEnd::Person;
    let said = MaintenanceEnded { id, name, services, from: span.start, until: span.end, because };
    let text = format!("maintenance {title} {how}\n");
    match put(run_service, now, vec![Statement::MaintenanceEnded(said)]).await {
        Err(code) => code,
        Ok(()) if json => {
            let end = now.clamp(meant.window.start, meant.window.end);
            let window = TimeWindow { end, ..meant.window };
            output::print_as_json(
                "the windows",
                &[WindowLine::new(how, &MaintenanceWindow { window, ..meant.clone() })],
            )
        }
        Ok(()) => output::print(&text),
    }
}

/// The window that is ended: one that is running, or one that a person planned.
fn ending(
    plan: &MaintenancePlan,
    window: &str,
    config: &Config,
    now: DateTime<Utc>,
) -> Result<MaintenanceWindow, Refusal> {
    let (running, coming) = (plan.running(now), plan.coming(now));
    let is_meant = |one: &&MaintenanceWindow| *one.id == *window || *one.name == *window;
    // What the configuration plans is changed there.
    let planned = || coming.iter().filter(|one| one.by.is_some());
    if let Some(meant) = running.iter().find(is_meant).or_else(|| planned().find(is_meant)) {
        return Ok(meant.clone());
    }
    if let Some(next) = coming.iter().find(is_meant) {
        let from = clock_with_zone(next.window.start, now, config.console.timezone);
        let hint = format!("its next window begins {from}; [maintenance.{}] says when", next.name);
        return refused(format!("maintenance `{window}` is not running"), hint);
    }
    let known: Vec<&str> = running.iter().chain(planned()).map(|one| &*one.name).collect();
    let hint = if known.is_empty() {
        "no maintenance is running or planned".to_owned()
    } else {
        format!("running and planned: {}", known.join(", "))
    };
    refused(format!("no maintenance with id or name `{window}` can be ended"), hint)
}
