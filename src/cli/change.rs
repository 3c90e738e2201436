//! `opsroom change`: the calendar of changes and freezes, shown, planned, approved and called off.

mod calling_off;
mod ics;

use std::fmt::Write as _;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use serde::Serialize;

use super::alerts::{StoredAlerts, duration, put, say};
use super::output::{self, exit};
use super::span::{EndArguments, Refusal, Skipped, beginning, not_too_far};
use super::{Global, configuration, run_service};
use crate::config::Config;
use crate::lang::nearest::listed;
use crate::lang::order::InOrder;
use crate::lang::time::rfc3339;
use crate::model::fact::change::{LONGEST_TITLE, change_id};
use crate::model::fact::{ChangePlanned, ChangeSaid, Statement, login_of};
use crate::model::maintenance::{ServiceChoice, clock_with_zone, from_to};
use crate::model::thing::ChangeRecord;
use crate::runtime::runs::RunService;
use crate::text::SafeText;
use crate::text::name::Name;

/// Arguments of `opsroom change`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Print JSON: an array, earliest start first
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<ChangeCommand>,
}

#[derive(Debug, Subcommand)]
enum ChangeCommand {
    /// List active and planned changes
    List {
        /// Print an iCalendar file (RFC 5545)
        #[arg(long, conflicts_with = "json")]
        ics: bool,
    },
    /// Plan a change, or with --freeze a change freeze
    Add(AddArguments),
    /// Approve a change that somebody else planned
    Approve {
        /// Its id
        id: String,
    },
    /// Call off a change or a freeze, before it begins or while it is running
    #[command(visible_alias = "cancel")]
    CallOff {
        /// Its id
        id: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
}

#[derive(Debug, Args)]
struct AddArguments {
    /// What is changed
    title: String,
    /// The services that it affects; '*' for all
    #[arg(value_name = "SERVICE", required = true, num_args = 1..)]
    services: Vec<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    why: String,
    /// Its first moment: now, 2h from now, 06:30 (the next one), or 2026-03-02T09:00, by the console's clocks or with Z
    #[arg(long, value_name = "TIME")]
    from: String,
    #[command(flatten)]
    end: EndArguments,
    /// How long before its start it should be planned, and is announced
    #[arg(long, value_name = "DURATION", default_value = "48h", value_parser = duration)]
    notice: Duration,
    /// The channel by which it is announced; several with a comma between
    #[arg(long, value_name = "CHANNEL", value_delimiter = ',')]
    notify: Vec<String>,
    /// Plan a freeze: nothing should be changed in that time
    #[arg(long)]
    freeze: bool,
}

/// One change, as JSON has it. The fields and their names are a promise; some may be added.
#[derive(Debug, Serialize)]
struct ChangeLine {
    id: Name,
    title: SafeText,
    kind: &'static str,
    state: &'static str,
    services: ServiceChoice,
    from: String,
    until: String,
    by: SafeText,
    why: SafeText,
    approved_by: Option<SafeText>,
    approved_at: Option<String>,
    short_notice: bool,
    notice_s: u64,
    notify: Vec<Name>,
}

impl ChangeLine {
    fn new(record: &ChangeRecord, now: DateTime<Utc>) -> Self {
        Self {
            id: record.id.clone(),
            title: record.title.clone(),
            kind: record.word(),
            state: state(record, now),
            services: record.services.clone(),
            from: rfc3339(record.from),
            until: rfc3339(record.until),
            by: record.by.clone(),
            why: record.why.clone(),
            approved_by: record.approved.as_ref().map(|(by, _)| by.clone()),
            approved_at: record.approved.as_ref().map(|(_, at)| rfc3339(*at)),
            short_notice: record.is_at_short_notice(),
            notice_s: record.notice_s,
            notify: record.notify.clone(),
        }
    }
}

fn state(record: &ChangeRecord, now: DateTime<Utc>) -> &'static str {
    if record.is_running(now) { "running" } else { "coming" }
}

/// Shows, plans, approves or calls off changes.
pub(crate) fn run(arguments: &Arguments, global: &Global) -> u8 {
    let ics = match &arguments.command {
        None => false,
        // clap lets a global option stand before the command beside what conflicts with it.
        Some(ChangeCommand::List { ics: true }) if arguments.json => {
            return output::fail(exit::USAGE, "--ics and --json can't both be given", "leave one of them out");
        }
        Some(ChangeCommand::List { ics }) => *ics,
        Some(ChangeCommand::Add(add)) => {
            let config = match configuration::refuse_if_read_only(global, "no change can be planned here") {
                Ok(config) => config.unwrap_or_default(),
                Err(code) => return code,
            };
            return match planned(add, &config, global.clock.now().utc) {
                Ok(said) => output::carry_out(plan(said, arguments.json, &config, global)),
                Err((problem, hint)) => output::fail(exit::USAGE, &problem, &hint),
            };
        }
        Some(ChangeCommand::Approve { id }) => {
            let config = match configuration::refuse_if_read_only(global, "no change can be approved here") {
                Ok(config) => config.unwrap_or_default(),
                Err(code) => return code,
            };
            return output::carry_out(approve(id, arguments.json, &config, global));
        }
        Some(ChangeCommand::CallOff { id, why }) => {
            let config = match configuration::refuse_if_read_only(global, "no change can be called off here") {
                Ok(config) => config.unwrap_or_default(),
                Err(code) => return code,
            };
            if why.trim().is_empty() {
                return output::fail(exit::USAGE, "--why is empty", "say why it is called off");
            }
            return output::carry_out(calling_off::call_off(id, why.trim(), arguments.json, &config, global));
        }
    };
    output::carry_out(list(arguments.json, ics, global))
}

async fn list(json: bool, ics: bool, global: &Global) -> u8 {
    let config = configuration::for_titles(global);
    let now = global.clock.now().utc;
    let run_service = match run_service::look(global, true).await {
        Ok(Some(run_service)) => run_service,
        Ok(None) => return print(&with_freezes(Vec::new(), &config, now), (json, ics), &config, now),
        Err(code) => return code,
    };
    let code = match coming(&run_service, now).await {
        Ok(changes) => print(&with_freezes(changes, &config, now), (json, ics), &config, now),
        Err(code) => code,
    };
    run_service::close_read(&run_service, code).await
}

/// What runs and comes as it is on record, what begins first at the top.
async fn coming(run_service: &RunService, now: DateTime<Utc>) -> Result<Vec<ChangeRecord>, u8> {
    let stored = StoredAlerts::read(run_service).await.map_err(|error| run_service::broken(&error))?;
    Ok(sorted(stored.changes.into_iter().filter(|change| change.stands(now)).collect()))
}

/// With the freezes of the configuration.
fn with_freezes(mut changes: Vec<ChangeRecord>, config: &Config, now: DateTime<Utc>) -> Vec<ChangeRecord> {
    changes.extend(config.freezes_around(now));
    sorted(changes)
}

fn sorted(mut changes: Vec<ChangeRecord>) -> Vec<ChangeRecord> {
    changes.order_by(|one, other| (one.from, &one.id).cmp(&(other.from, &other.id)));
    changes
}

fn print(changes: &[ChangeRecord], (json, ics): (bool, bool), config: &Config, now: DateTime<Utc>) -> u8 {
    if ics {
        return output::print_crlf(&ics::calendar(changes, &config.console.name, now));
    }
    if json {
        let lines: Vec<ChangeLine> = changes.iter().map(|change| ChangeLine::new(change, now)).collect();
        return output::print_as_json("the changes", &lines);
    }
    let mut text = String::new();
    for change in changes {
        let kind = change.word();
        let span = from_to((change.from, change.until), now, config.console.timezone);
        let approval = match &change.approved {
            Some((by, _)) => format!("  approved by {by}"),
            None if change.freeze => String::new(),
            None => "  not approved".to_owned(),
        };
        let late = if change.is_at_short_notice() { "  short notice" } else { "" };
        // Writing to a string can't fail.
        let _ = writeln!(
            text,
            "{:<7}  {kind}  {}  {span}  {}  by {}: {}{approval}{late}  {}",
            state(change, now),
            change.title,
            change.services.describe(),
            change.by,
            change.why,
            change.id
        );
    }
    output::print(if text.is_empty() { "no changes planned\n" } else { &text })
}

/// What is planned by the command line.
fn planned(arguments: &AddArguments, config: &Config, now: DateTime<Utc>) -> Result<ChangePlanned, Refusal> {
    let title = arguments.title.trim();
    if title.is_empty() || title.chars().count() > LONGEST_TITLE {
        let problem = format!("the title has {} characters", title.chars().count());
        return Err((problem, format!("1 to {LONGEST_TITLE} say what is changed")));
    }
    if arguments.why.trim().is_empty() {
        return Err(("--why is empty".to_owned(), "say why it is changed".to_owned()));
    }
    let services = config.services_named(&arguments.services)?;
    let zone = config.console.timezone;
    let from = beginning("--from", &arguments.from, now, zone, Skipped::Say)?;
    let until = arguments.end.after(from, zone, Skipped::Say)?;
    if until <= now {
        let hint = "what is over needs no plan".to_owned();
        return Err((format!("that time is over: {}", clock_with_zone(until, now, zone)), hint));
    }
    not_too_far(from, now, zone)?;
    let notify = config.channels_named(&arguments.notify)?;
    Ok(ChangePlanned {
        id: change_id(now),
        title: SafeText::new(title),
        why: SafeText::new(arguments.why.trim()),
        services,
        from,
        until,
        notice_s: arguments.notice.as_secs(),
        notify,
        freeze: arguments.freeze,
    })
}

async fn plan(said: ChangePlanned, json: bool, config: &Config, global: &Global) -> u8 {
    run_service::changing(global, async |run_service| {
        let now = run_service.now();
        let span = from_to((said.from, said.until), now, config.console.timezone);
        let kind = said.kind().word();
        let next = if said.freeze {
            String::new()
        } else {
            format!("a second person approves it: opsroom change approve {}\n", said.id)
        };
        let text =
            format!("planned {kind} `{}` of {}, {span}, id {}\n{next}", said.title, said.services.describe(), said.id);
        let id = said.id.clone();
        match put(run_service, now, vec![Statement::Change(ChangeSaid::Planned(said))]).await {
            Err(code) => code,
            Ok(()) if json => printed(run_service, &id, now).await,
            Ok(()) => output::print(&text),
        }
    })
    .await
}

/// One change as it is on record now.
async fn printed(run_service: &RunService, id: &str, now: DateTime<Utc>) -> u8 {
    match coming(run_service, now).await {
        Ok(changes) => {
            let its = changes.iter().filter(|change| *change.id == *id);
            output::print_as_json("the changes", &its.map(|change| ChangeLine::new(change, now)).collect::<Vec<_>>())
        }
        Err(code) => code,
    }
}

async fn approve(id: &str, json: bool, config: &Config, global: &Global) -> u8 {
    let unknown = Some(not_waiting(id, &[]));
    run_service::changing_known(global, unknown, async |run_service| approve_at(run_service, id, json, config).await)
        .await
}

async fn approve_at(run_service: &RunService, id: &str, json: bool, config: &Config) -> u8 {
    let now = run_service.now();
    let changes = match coming(run_service, now).await {
        Ok(changes) => changes,
        Err(code) => return code,
    };
    let Some(change) = changes.iter().find(|change| *change.id == *id) else {
        let (problem, hint) = not_waiting(id, &changes);
        return output::fail(exit::USAGE, &problem, &hint);
    };
    let login = login_of(&run_service.identity().who);
    // The store knows login names alone, and a person may have several.
    if change.needs_approval() && config.is_same_person(login, change.by.as_str()) {
        let problem = format!("you planned change {}: another person must approve it", change.id);
        return output::fail(exit::USAGE, &problem, "see `opsroom change`");
    }
    let said = Statement::Change(ChangeSaid::Approved(change.approving()));
    if json {
        return match put(run_service, now, vec![said]).await {
            Ok(()) => printed(run_service, id, now).await,
            Err(code) => code,
        };
    }
    say(run_service, now, vec![said], &format!("change `{}` approved\n", change.title)).await
}

/// That no change of that id can be approved, and which can.
fn not_waiting(id: &str, changes: &[ChangeRecord]) -> Refusal {
    let waiting = || changes.iter().filter(|change| change.needs_approval()).map(|change| &*change.id);
    let hint = match waiting().next() {
        Some(_) => format!("waiting for approval: {}", listed(waiting())),
        None => "no change is waiting for approval".to_owned(),
    };
    (format!("no change with id `{id}`"), hint)
}
