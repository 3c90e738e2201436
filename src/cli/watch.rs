//! `opsroom watch`: polls, records and evaluates without a screen.

mod printer;
mod serving;
mod unit;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use self::printer::Printer;
use super::output::{self, exit};
use super::{Global, configuration, console, run_service};
use crate::runtime::core::ConsolePart;
use crate::runtime::watcher;

/// What `opsroom watch` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Print each change as one JSON object in a line
    #[arg(long)]
    json: bool,
    /// Serve /metrics and /health here. Beyond loopback, `[watch] token` must be set
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Record what the watcher takes in, for `opsroom replay`
    #[arg(long, value_name = "FILE", conflicts_with = "unit")]
    record: Option<PathBuf>,
    /// Print a systemd unit that runs the watcher, and exit
    #[arg(long, conflicts_with = "json")]
    unit: bool,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, global: &Global) -> u8 {
    if let Err(code) = run_service::refuse_secret(global) {
        return code;
    }
    if arguments.unit {
        return unit::print(arguments, global);
    }
    let found = match configuration::find_for_console(global) {
        Ok(found) => found,
        Err(code) => return code,
    };
    let state_directory = match run_service::state_directory() {
        Ok(directory) => directory,
        Err(code) => return code,
    };
    if found.config.console.read_only {
        output::eprint_error(
            "warning: read-only: this watcher polls, but records no status and no alert\n\
             hint: omit --read-only, or remove `read_only = true` from the configuration\n",
        );
    }
    let server = match serving::server(arguments.listen, &found.config) {
        Ok(server) => server,
        Err(code) => return code,
    };
    let start = found.start(global, ConsolePart::Watches, state_directory);
    let start = match console::recorded(start, arguments.record.as_deref()) {
        Ok(start) => start,
        Err(code) => return code,
    };
    let mut printer = Printer::start(arguments.json);
    let ended = output::block_on(watcher::run(start, server, |said| printer.print(&said)));
    printer.finish();
    match ended {
        Ok(Ok(())) => exit::OK,
        Ok(Err(error)) | Err(error) => output::fail(
            exit::SOFTWARE,
            &format!("the watcher can't start: {error}"),
            "raise the limits of processes and open files (ulimit -u, ulimit -n)",
        ),
    }
}
