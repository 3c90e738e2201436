//! `opsroom wall`: the console for a room. It is read from afar, changes nothing and knows no key but the one that leaves.

use clap::Args;

use super::console;
use super::{Global, configuration, run_service, screens};
use crate::app::screens::Wall;
use crate::runtime::core::{ConsolePart, StartOptions};

/// What `opsroom wall` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Show this screen below what is broken. Default: what is not well, and how many services are
    screen: Option<String>,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, global: &Global) -> u8 {
    if let Err(code) = run_service::refuse_secret(global) {
        return code;
    }
    match prepare(arguments, global) {
        Ok((start, wall)) => console::open_wall(global, start, wall),
        Err(code) => code,
    }
}

fn prepare(arguments: &Arguments, global: &Global) -> Result<(StartOptions, Wall), u8> {
    // Who can't press a key starts nothing; so it writes nothing to the store either, and acts for nobody.
    let global = Global { read_only: true, ..global.clone() };
    let found = configuration::find_for_console(&global)?;
    let screen = arguments.screen.as_deref().map(|name| screens::find(name, &found.config, &[])).transpose()?;
    let start = found.start(&global, ConsolePart::ActsForAll, run_service::state_directory()?);
    Ok((start, Wall { screen }))
}
