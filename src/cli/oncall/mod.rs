//! `opsroom oncall`: who is on call now and next, who stands in, and the calendar of it.

mod calendar;
mod change;
mod contacts;
mod now;

use std::time::Duration;

use clap::{Args, Subcommand};

use super::alerts::{StoredAlerts, duration};
use super::output::{self, exit};
use super::span::{EndArguments, Refusal, refused};
use super::{Global, configuration, run_service};
use crate::config::Config;
use crate::config::sections::oncall::PRIMARY;
use crate::lang::nearest;
use crate::world::duty::DutyPlan;

/// Arguments of `opsroom oncall`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<OnCallCommand>,
}

#[derive(Debug, Subcommand)]
enum OnCallCommand {
    /// Show who is on call now and next, with overrides
    Now,
    /// Take the current shift: you are on call until it ends
    Take(TakeArguments),
    /// Put others on call for some time: one contact, or several who take turns
    Override(OverrideArguments),
    /// End an override, or cancel a planned one
    End {
        /// Its id, as `opsroom oncall` prints it
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Confirm with the code of a test page that you can be reached
    Confirm {
        /// The code, such as K7QM-3F2X
        #[arg(value_name = "CODE")]
        code: String,
    },
    /// Print the coming shifts as a table or an iCalendar file
    Calendar(CalendarArguments),
}

#[derive(Debug, Args)]
struct TakeArguments {
    /// The contact who takes it. Default: the one with your login name
    #[arg(long = "as", value_name = "CONTACT")]
    who: Option<String>,
    /// The layer
    #[arg(long, value_name = "LAYER", default_value = PRIMARY)]
    layer: String,
    /// For how long. Default: until the shift ends
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    span: Option<Duration>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
}

#[derive(Debug, Args)]
struct OverrideArguments {
    /// The contact who stands in; several take turns
    #[arg(value_name = "CONTACT", required = true, num_args = 1..)]
    people: Vec<String>,
    /// The layer
    #[arg(long, value_name = "LAYER", default_value = PRIMARY)]
    layer: String,
    /// Its first moment: 2h from now, 06:30 (the next one), or 2026-03-02T09:00, by the clocks of the rotation or
    /// with Z. Default: now
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    #[command(flatten)]
    end: EndArguments,
    /// When the shifts of several change: 'daily 09:00'. Default: as in `[oncall]`
    #[arg(long, value_name = "SCHEDULE")]
    handover: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
}

#[derive(Debug, Args)]
struct CalendarArguments {
    /// From this day or moment on. Default: now
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// For how long
    #[arg(long = "for", value_name = "DURATION", value_parser = duration, default_value = "28d")]
    span: Duration,
    /// Only this layer. Default: all
    #[arg(long, value_name = "LAYER")]
    layer: Option<String>,
    /// Print an iCalendar file (RFC 5545)
    #[arg(long, conflicts_with = "json")]
    ics: bool,
}

/// Shows or changes who is on call.
pub(crate) fn run(arguments: &Arguments, global: &Global) -> u8 {
    let change = match &arguments.command {
        None | Some(OnCallCommand::Now) => {
            return with_plan(global, |plan, config| now::print(plan, config, arguments.json, global));
        }
        Some(OnCallCommand::Calendar(asked)) => {
            return with_plan(global, |plan, config| calendar::print(plan, config, asked, arguments.json, global));
        }
        Some(OnCallCommand::Take(asked)) => change::Asked::Take(asked),
        Some(OnCallCommand::Override(asked)) => change::Asked::Override(asked),
        Some(OnCallCommand::End { id }) => change::Asked::End(id),
        Some(OnCallCommand::Confirm { code }) => change::Asked::Confirm(code),
    };
    let config = match configuration::refuse_if_read_only(global, "who is on call can't be changed here") {
        Ok(config) => config.unwrap_or_default(),
        Err(code) => return code,
    };
    if config.oncall.is_none() && !matches!(change, change::Asked::Confirm(_)) {
        return output::fail(exit::CONFIG, NOBODY, HOW);
    }
    output::carry_out(change::make(change, arguments.json, &config, global))
}

/// Where there is no rotation.
const NOBODY: &str = "nobody is on call: [oncall] is missing";
const HOW: &str = "add [oncall] with rotation = [\"NAME\"] to the configuration";

/// Shows what is configured with what is on record.
fn with_plan(global: &Global, show: impl FnOnce(&DutyPlan, &Config) -> u8) -> u8 {
    let config = match configuration::find(global) {
        Ok(found) => found.config,
        Err(code) => return code,
    };
    if config.oncall.is_none() {
        return output::fail(exit::CONFIG, NOBODY, HOW);
    }
    output::carry_out(async {
        let run_service = match run_service::look(global, true).await {
            Ok(None) => return show(&DutyPlan::new(&config, [], []), &config),
            Ok(Some(run_service)) => run_service,
            Err(code) => return code,
        };
        let code = match StoredAlerts::read(&run_service).await {
            Ok(stored) => show(&stored.duty(&config), &config),
            Err(error) => run_service::broken(&error),
        };
        run_service::close_read(&run_service, code).await
    })
}

/// The layer of that name.
fn layer<'a>(plan: &'a DutyPlan, name: &str) -> Result<&'a crate::model::oncall::Rotation, Refusal> {
    let known = || plan.layers().iter().map(|(name, _)| &**name);
    match plan.rotation(name) {
        Some(rotation) => Ok(rotation),
        None => refused(format!("no layer named `{name}`"), nearest::hint_of(name, known())),
    }
}
