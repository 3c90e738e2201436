//! The command line: one file a command.
//!
//! Each command's file holds its arguments and `run(&Arguments, &Global) -> u8`, the exit code.
//!
//! *Invariant:* nothing but what was asked for goes to stdout; errors go to stderr with a hint; every command returns its
//! exit code to `main`.

mod ack;
pub mod adapters;
mod alerts;
mod audit;
mod baseline;
pub mod before;
mod change;
mod check;
mod checklist;
mod choose;
pub mod completions;
pub mod config;
pub mod configuration;
pub mod confirm;
pub mod console;
pub mod demo;
pub mod exit_code;
mod handover;
pub mod help;
mod incident;
pub mod logs;
mod maintenance;
pub mod man;
mod notify;
mod oncall;
pub mod output;
mod replay;
mod report;
pub mod run;
pub mod run_service;
pub mod runs;
mod screens;
mod silence;
pub mod slo;
mod snapshot;
mod span;
pub mod status;
mod statuspage;
mod store;
pub mod supervise;
mod test;
pub mod themes;
mod timeline;
pub mod unlock;
mod wall;
mod watch;
mod whoami;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use clap::builder::Styles;
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};

use self::configuration::ConfiguredStore;
use self::output::exit;
use crate::actions::launch;
use crate::clock::Clock;
use crate::runtime::{core_dumps, logging};
use crate::sources::jq::{self, worker};

/// A terminal operations console: health checks, logs, metrics and guarded actions from one TOML file
#[derive(Debug, Parser)]
#[command(name = "opsroom", version, max_term_width = 100, styles = Styles::plain(), after_long_help = help::end(""))]
pub(crate) struct Cli {
    /// Record what the console takes in, for `opsroom replay`
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Option<Command>,
}

/// The options that every command has.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// Use this configuration file
    #[arg(long, global = true, value_name = "FILE", help_heading = help::GLOBAL)]
    pub config: Option<PathBuf>,
    /// Keep runs, locks and the audit log in this SQLite file or PostgreSQL database (postgres://…)
    #[arg(long, global = true, value_name = "URL", help_heading = help::GLOBAL)]
    pub store: Option<String>,
    /// Use this theme; `opsroom config themes` lists them
    #[arg(long, global = true, value_name = "NAME", help_heading = help::GLOBAL)]
    pub theme: Option<String>,
    /// Disable all actions: nothing can be changed
    #[arg(long, global = true, help_heading = help::GLOBAL)]
    pub read_only: bool,
    /// Print no colours; also if `NO_COLOR` is set
    #[arg(long, global = true, help_heading = help::GLOBAL)]
    pub no_color: bool,
    /// Write the program's own log to this file
    #[arg(long, global = true, value_name = "FILE", help_heading = help::GLOBAL)]
    pub log_file: Option<PathBuf>,
    /// Log more; twice for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = help::GLOBAL)]
    pub verbose: u8,
    /// The process clock, started before the arguments were read.
    #[arg(skip = Clock::start())]
    pub clock: Clock,
    /// The store that the configuration names, once that was loaded: one that comes through a pipe is read once.
    #[arg(skip)]
    pub configured_store: Arc<OnceLock<ConfiguredStore>>,
}

impl Global {
    /// Whether a person wants no colours, by option or by `NO_COLOR`, which counts where it is not empty.
    pub(crate) fn wants_no_colour(&self) -> bool {
        self.no_color || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Open the console on a built-in world that fails and recovers
    #[command(after_long_help = help::end("demo"))]
    Demo(demo::run::Arguments),
    /// Validate the configuration: every problem with line, column, caret and hint
    #[command(after_long_help = help::end("check"))]
    Check(check::Arguments),
    /// Run the alert tests of the configuration: what fires, is muted and sent for given inputs
    #[command(after_long_help = help::end("test"))]
    Test(test::Arguments),
    /// Poll every check once and print one line for each
    #[command(after_long_help = help::end("status"))]
    Status(status::Arguments),
    /// Poll, record and evaluate without a screen, and print what changes
    #[command(after_long_help = help::end("watch"))]
    Watch(watch::Arguments),
    /// Show what is broken on a wall screen: large type, read-only; q quits
    #[command(after_long_help = help::end("wall"))]
    Wall(wall::Arguments),
    /// Print merged logs: those of the configuration, files, or standard input
    #[command(after_long_help = help::end("logs"))]
    Logs(logs::Arguments),
    /// Run an action with the same guardrails as in the console
    #[command(after_long_help = help::end("run"))]
    Run(run::Arguments),
    /// Show running and past actions
    #[command(after_long_help = help::end("runs"))]
    Runs(runs::Arguments),
    /// Show what happened: runs, alerts and changes
    #[command(after_long_help = help::end("timeline"))]
    Timeline(timeline::Arguments),
    /// Show objectives: error budgets and how fast they burn
    #[command(after_long_help = help::end("slo"))]
    Slo(slo::Arguments),
    /// Write the status page for the public: HTML, an Atom feed and JSON
    #[command(after_long_help = help::end("statuspage"))]
    Statuspage(statuspage::Arguments),
    /// Show the alerts that are firing, pending, muted or acknowledged
    #[command(after_long_help = help::end("alerts"))]
    Alerts(alerts::Arguments),
    /// Acknowledge an alert: somebody is working on it
    #[command(after_long_help = help::end("ack"))]
    Ack(ack::Arguments),
    /// Silence alerts for some time
    #[command(after_long_help = help::end("silence"))]
    Silence(silence::SilenceArguments),
    /// Show, plan or end maintenance: windows in which alerts are muted
    #[command(after_long_help = help::end("maintenance"))]
    Maintenance(maintenance::Arguments),
    /// Show the checklists, or work through one, a prompt at a time; it can be resumed
    #[command(after_long_help = help::end("checklist"))]
    Checklist(checklist::Arguments),
    /// Open, work on, end and report incidents
    #[command(after_long_help = help::end("incident"))]
    Incident(incident::Arguments),
    /// Show, plan or approve changes and change freezes
    #[command(after_long_help = help::end("change"))]
    Change(change::Arguments),
    /// Write the report of a day, a week or a month, as Markdown or JSON
    #[command(after_long_help = help::end("report"))]
    Report(report::Arguments),
    /// Play a recording of a console in its screens
    #[command(after_long_help = help::end("replay"))]
    Replay(replay::Arguments),
    /// Show, save or compare baselines: the figures of a span of time
    #[command(after_long_help = help::end("baseline"))]
    Baseline(baseline::Arguments),
    /// Show the notification channels and their last delivery, or send a test message
    #[command(after_long_help = help::end("notify"))]
    Notify(notify::Arguments),
    /// Show who is on call, take the shift, override it, print the calendar
    #[command(name = "oncall", after_long_help = help::end("oncall"))]
    OnCall(oncall::Arguments),
    /// Draft, offer or accept the handover of a shift
    #[command(after_long_help = help::end("handover"))]
    Handover(handover::Arguments),
    /// End a silence
    #[command(after_long_help = help::end("unsilence"))]
    Unsilence(silence::UnsilenceArguments),
    /// Show the name you are recorded under, who records, and who else is connected
    #[command(after_long_help = help::end("whoami"))]
    Whoami(whoami::Arguments),
    /// Release the lock of a run that has ended
    #[command(after_long_help = help::end("unlock"))]
    Unlock(unlock::Arguments),
    /// Show, verify or export the audit log
    #[command(after_long_help = help::end("audit"))]
    Audit(audit::Arguments),
    /// Show, check, rebuild, export or import the store of runs, statuses and roll-ups
    #[command(after_long_help = help::end("store"))]
    Store(store::Arguments),
    /// Print one frame of a screen as text or SVG
    #[command(after_long_help = help::end("snapshot"))]
    Snapshot(snapshot::Arguments),
    /// Show the schema, keys, themes and adapters of the configuration
    #[command(after_long_help = help::end("config"))]
    Config(config::Arguments),
    /// Print the completion script of a shell
    #[command(after_long_help = help::end("completions"))]
    Completions(completions::Arguments),
    /// Print the manual page
    #[command(after_long_help = help::end("man"))]
    Man,
    /// Completes the last word; called by the scripts of `completions`.
    #[command(name = "__complete", hide = true)]
    Complete(completions::Words),
    /// An adapter of the demo.
    #[command(name = "__demo", hide = true)]
    DemoControl {
        #[command(subcommand)]
        command: demo::control::ControlCommand,
    },
    /// The process in which expressions run, and which may be lost.
    #[command(name = "__jq", hide = true)]
    Jq,
    /// The supervisor of a run: started by the console, outlives it.
    #[command(name = "__run", hide = true)]
    Supervise {
        /// The run's directory
        directory: PathBuf,
    },
}

/// Reads the command line, runs the command, gives the exit code.
pub fn main() -> ExitCode {
    output::print_panics_safely();
    core_dumps::forbid();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return ExitCode::from(explain(&error)),
    };
    if let Some(file) = &cli.global.log_file
        && let Err(error) = logging::start(file, cli.global.verbose)
    {
        let hint = "use a file in a directory of your own";
        let problem = format!("the log file {} can't be opened: {error}", file.display());
        return ExitCode::from(output::fail(exit::USAGE, &problem, hint));
    }
    let code = run(&cli);
    if let (Some(file), Some(why)) = (&cli.global.log_file, logging::failure()) {
        output::eprint_error(&format!("warning: lines of the log {} are missing: {why}\n", file.display()));
    }
    ExitCode::from(code)
}

fn run(cli: &Cli) -> u8 {
    jq::use_program(launch::own_program());
    crate::sources::raise_open_files();
    let global = &cli.global;
    if cli.record.is_some() && cli.command.is_some() {
        let hint = "write `opsroom watch --record FILE` or `opsroom demo --record FILE`";
        return output::fail(exit::USAGE, "`--record` before a command records nothing", hint);
    }
    match &cli.command {
        None => console::run(global, cli.record.as_deref()),
        Some(Command::Demo(arguments)) => demo::run::run(arguments, global),
        Some(Command::Check(arguments)) => check::run(arguments, global),
        Some(Command::Test(arguments)) => test::run(arguments, global),
        Some(Command::Status(arguments)) => status::run(arguments, global),
        Some(Command::Watch(arguments)) => watch::run(arguments, global),
        Some(Command::Wall(arguments)) => wall::run(arguments, global),
        Some(Command::Logs(arguments)) => logs::run(arguments, global),
        Some(Command::Run(arguments)) => run::run(arguments, global),
        Some(Command::Runs(arguments)) => runs::run(arguments, global),
        Some(Command::Timeline(arguments)) => timeline::run(arguments, global),
        Some(Command::Slo(arguments)) => slo::run(arguments, global),
        Some(Command::Statuspage(arguments)) => statuspage::run(arguments, global),
        Some(Command::Alerts(arguments)) => alerts::run(arguments, global),
        Some(Command::Ack(arguments)) => ack::run(arguments, global),
        Some(Command::Silence(arguments)) => silence::silence(arguments, global),
        Some(Command::Maintenance(arguments)) => maintenance::run(arguments, global),
        Some(Command::Checklist(arguments)) => checklist::run(arguments, global),
        Some(Command::Incident(arguments)) => incident::run(arguments, global),
        Some(Command::Change(arguments)) => change::run(arguments, global),
        Some(Command::Report(arguments)) => report::run(arguments, global),
        Some(Command::Replay(arguments)) => replay::run(arguments, global),
        Some(Command::Baseline(arguments)) => baseline::run(arguments, global),
        Some(Command::Unsilence(arguments)) => silence::unsilence(arguments, global),
        Some(Command::Notify(arguments)) => notify::run(arguments, global),
        Some(Command::OnCall(arguments)) => oncall::run(arguments, global),
        Some(Command::Handover(arguments)) => handover::run(arguments, global),
        Some(Command::Whoami(arguments)) => whoami::run(arguments, global),
        Some(Command::Unlock(arguments)) => unlock::run(arguments, global),
        Some(Command::Audit(arguments)) => audit::run(arguments, global),
        Some(Command::Store(arguments)) => store::run(arguments, global),
        Some(Command::Snapshot(arguments)) => snapshot::run(arguments, global),
        Some(Command::Config(arguments)) => config::run(arguments, global),
        Some(Command::Completions(arguments)) => completions::run(arguments),
        Some(Command::Complete(words)) => completions::complete(words),
        Some(Command::Man) => man::run(),
        Some(Command::DemoControl { command }) => demo::control::main(command),
        Some(Command::Jq) => worker::main(),
        Some(Command::Supervise { directory }) => supervise::main(directory, global.clock),
    }
}

/// Help and version go to stdout and are no error; anything else is a usage error with our own exit code.
fn explain(error: &clap::Error) -> u8 {
    let text = error.render();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => output::print(&text.to_string()),
        _ => {
            // It has no colours of its own: what looks so was typed, and is shown.
            let text = text.ansi().to_string();
            output::eprint_bounded(&with_typed_in_one_line(text, std::env::args_os()));
            exit::USAGE
        }
    }
}

/// An error of several lines, in which what was typed begins none of its own.
fn with_typed_in_one_line(text: String, typed: impl Iterator<Item = OsString>) -> String {
    let typed = typed.map(|word| word.to_string_lossy().into_owned()).filter(|word| word.contains('\n'));
    typed.fold(text, |text, word| {
        let text = text.replace(&word, &output::one_line(&word));
        // Of `--option=VALUE` the value alone is repeated.
        let value = word.split_once('=').map(|(_, value)| value).filter(|value| value.contains('\n'));
        value.map_or_else(|| text.clone(), |value| text.replace(value, &output::one_line(value)))
    })
}

/// The whole command line, for completions and manual page.
fn command_line() -> clap::Command {
    Cli::command()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        command_line().debug_assert();
    }

    #[test]
    fn options_may_stand_before_and_after_the_command() {
        for line in [["opsroom", "--read-only", "man"], ["opsroom", "man", "--read-only"]] {
            let cli = Cli::try_parse_from(line).unwrap();
            assert!(cli.global.read_only && matches!(cli.command, Some(Command::Man)));
        }
    }
}
