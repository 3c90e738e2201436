//! The command line: one file a command.
//!
//! Each command's file holds its arguments and `run(&Arguments, &Global) -> u8`, the exit code.
//!
//! *Invariant:* nothing but what was asked for goes to stdout; errors go to stderr with a hint; every command returns its
//! exit code to `main`.

pub mod audit;
pub mod captured;
pub mod check;
pub mod completions;
pub mod config;
pub mod configuration;
pub mod confirm;
pub mod console;
pub mod demo;
pub mod desk;
pub mod logs;
pub mod man;
pub mod output;
pub mod run;
pub mod runs;
pub mod snapshot;
pub mod status;
pub mod themes;
pub mod unlock;
pub mod verdict;
pub mod verify;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};

use self::output::exit;
use crate::actions::supervisor;
use crate::clock::Clock;
use crate::runtime::logging;

/// A terminal operations console: health checks, logs, metrics and guarded actions from one TOML file.
#[derive(Debug, Parser)]
#[command(name = "opsroom", version, max_term_width = 100, after_help = AFTER_HELP)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Option<Command>,
}

const AFTER_HELP: &str = "\
Without a command the console opens on the configuration: --config FILE, else
$OPSROOM_CONFIG, else ./opsroom.toml, else opsroom/config.toml in the
configuration directory.

Exit codes: 0 ok, done, verified; 1 warning: something degraded, an action not
verified; 2 critical: something down, an action failed; 3 unknown; 64 usage;
78 configuration.";

/// The options that every command has.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// The configuration
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where runs, locks and the audit are kept
    #[arg(long, global = true, value_name = "URL")]
    pub store: Option<String>,
    /// The theme; `opsroom config themes` lists them
    #[arg(long, global = true, value_name = "NAME")]
    pub theme: Option<String>,
    /// No actions: nothing that changes the world can be started
    #[arg(long, global = true)]
    pub read_only: bool,
    /// No colours; also where the environment has `NO_COLOR`
    #[arg(long, global = true)]
    pub no_color: bool,
    /// Write the program's own log to FILE
    #[arg(long, global = true, value_name = "FILE")]
    pub log_file: Option<PathBuf>,
    /// Log more; twice for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// The process clock, started before the arguments were read.
    #[arg(skip = Clock::start())]
    pub clock: Clock,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The console on a built-in world that breaks and heals
    Demo(demo::run::Arguments),
    /// Validate the configuration: every problem with line, column, caret and hint
    Check(check::Arguments),
    /// Ask everything once, print one line each
    Status(status::Arguments),
    /// Print merged logs: those of the configuration, files, or stdin
    Logs(logs::Arguments),
    /// Run an action under the same guardrails as in the console
    Run(run::Arguments),
    /// Show past and running actions
    Runs(runs::Arguments),
    /// Take the lock of a run away that is known to be over
    Unlock(unlock::Arguments),
    /// Show the audit, prove it, export it
    Audit(audit::Arguments),
    /// One frame to stdout
    Snapshot(snapshot::Arguments),
    /// What can be written into the configuration
    Config(config::Arguments),
    /// Print the completions of a shell
    Completions(completions::Arguments),
    /// Print the manual page
    Man,
    /// An adapter of the demo.
    #[command(name = "__demo", hide = true)]
    DemoControl {
        #[command(subcommand)]
        command: demo::control::Command,
    },
    /// The supervisor of a run: started by the console, outlives it.
    #[command(name = "__run", hide = true)]
    Supervise {
        /// The run's directory
        directory: PathBuf,
    },
}

/// Reads the command line, runs the command, gives the exit code.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return ExitCode::from(explain(&error)),
    };
    if let Some(file) = &cli.global.log_file
        && let Err(error) = logging::start(file, cli.global.verbose)
    {
        let hint = "name a file in a directory where you may write";
        let problem = format!("the log file {} can't be opened: {error}", file.display());
        return ExitCode::from(output::fail(exit::USAGE, &problem, hint));
    }
    ExitCode::from(run(&cli))
}

fn run(cli: &Cli) -> u8 {
    let global = &cli.global;
    match &cli.command {
        None => console::run(global),
        Some(Command::Demo(arguments)) => demo::run::run(arguments, global),
        Some(Command::Check(arguments)) => check::run(arguments, global),
        Some(Command::Status(arguments)) => status::run(arguments, global),
        Some(Command::Logs(arguments)) => logs::run(arguments, global),
        Some(Command::Run(arguments)) => run::run(arguments, global),
        Some(Command::Runs(arguments)) => runs::run(arguments, global),
        Some(Command::Unlock(arguments)) => unlock::run(arguments, global),
        Some(Command::Audit(arguments)) => audit::run(arguments, global),
        Some(Command::Snapshot(arguments)) => snapshot::run(arguments, global),
        Some(Command::Config(arguments)) => config::run(arguments),
        Some(Command::Completions(arguments)) => completions::run(arguments),
        Some(Command::Man) => man::run(),
        Some(Command::DemoControl { command }) => demo::control::main(command),
        Some(Command::Supervise { directory }) => supervisor::main(directory),
    }
}

/// Help and version go to stdout and are no error; anything else is a usage error with our own exit code.
fn explain(error: &clap::Error) -> u8 {
    let text = error.render();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => output::print(&text.to_string()),
        _ => {
            output::complain(&text.to_string());
            exit::USAGE
        }
    }
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
