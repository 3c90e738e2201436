//! `opsroom` without a command: the console.

use std::io::IsTerminal;
use std::path::Path;

use super::Global;
use super::configuration;
use super::output::{self, exit};
use super::themes;
use crate::app::screens::Wall;
use crate::cli::run_service;
use crate::runtime::core::{ConsolePart, StartOptions};
use crate::runtime::painter::FramePainter;
use crate::runtime::recording::writer::RecordingFile;
use crate::runtime::{lifecycle, panics};

/// Opens the console.
pub(crate) fn run(global: &Global, record: Option<&Path>) -> u8 {
    if let Err(code) = run_service::refuse_secret(global) {
        return code;
    }
    match configuration::find_for_console(global) {
        Ok(found) => {
            let state_directory = match run_service::state_directory() {
                Ok(directory) => directory,
                Err(code) => return code,
            };
            let start = found.start(global, ConsolePart::ActsForAll, state_directory);
            match recorded(start, record) {
                Ok(start) => open(global, start, Afterwards::RunsContinue),
                Err(code) => code,
            }
        }
        Err(code) => code,
    }
}

/// With the file of `--record` made.
///
/// # Errors
/// The exit code: it can't be made, and that was said.
pub(crate) fn recorded(start: StartOptions, record: Option<&Path>) -> Result<StartOptions, u8> {
    let Some(path) = record else { return Ok(start) };
    let file = RecordingFile::create(path).map_err(|why| {
        let problem = format!("{} can't be recorded into: {why}", path.display());
        output::fail(exit::USAGE, &problem, "name a file that is not there yet, in a directory of your own")
    })?;
    Ok(StartOptions { record: Some(file), ..start })
}

/// What is left of a console's runs once it is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Afterwards {
    /// They continue, and `opsroom runs` shows them.
    RunsContinue,
    /// The demo's world goes with it.
    Nothing,
}

/// Runs a console that is ready to start.
pub(crate) fn open(global: &Global, start: StartOptions, afterwards: Afterwards) -> u8 {
    show(global, start, afterwards, None)
}

/// Runs one that hangs on a wall. It has started no runs that could continue.
pub(crate) fn open_wall(global: &Global, start: StartOptions, wall: Wall) -> u8 {
    show(global, start, Afterwards::Nothing, Some(wall))
}

fn show(global: &Global, start: StartOptions, afterwards: Afterwards, wall: Option<Wall>) -> u8 {
    if !std::io::stdout().is_terminal() {
        return output::fail(
            exit::USAGE,
            "standard output is not a terminal",
            "use `opsroom status` for one line per check, or `opsroom logs`",
        );
    }
    if std::env::var("TERM").is_ok_and(|term| term == "dumb") {
        return output::fail(
            exit::USAGE,
            "this terminal can't move its cursor (TERM=dumb)",
            "set TERM to the type of the terminal, or use `opsroom status`",
        );
    }
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let catalogue = match themes::with_wished(global, &start.config.files) {
        Ok(catalogue) => catalogue,
        Err(code) => return code,
    };
    let painter = FramePainter::detect(catalogue, &environment, true, global.no_color, start.config.console.ascii);
    panics::install();
    match output::block_on(lifecycle::run(start, painter, wall)) {
        Ok(Ok(left)) => {
            let continues = if afterwards == Afterwards::RunsContinue { left.farewell } else { Vec::new() };
            for line in continues {
                // Where the terminal is gone, nobody reads it.
                let _ = output::print(&format!("{line}\n"));
            }
            left.code
        }
        Ok(Err(error)) | Err(error) => output::fail(
            exit::SOFTWARE,
            &format!("the console can't run in this terminal: {error}"),
            "`opsroom status` needs no terminal",
        ),
    }
}
