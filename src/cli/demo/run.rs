//! `opsroom demo`: the console on the built-in world.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;

use clap::Args;
use tokio::sync::oneshot;

use super::stage::{STATE, Stage, saved};
use crate::cli::output::{self, exit};
use crate::cli::{Global, configuration, console};
use crate::runtime::core::ConsolePart;
use crate::text::SafeText;

/// What `opsroom demo` takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Arguments {
    /// The same number gives the same world
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    pub seed: u64,
    /// Record what the console takes in, for `opsroom replay`
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
}

/// Sets the stage, opens the console on it, clears it away.
pub(crate) fn run(arguments: &Arguments, global: &Global) -> u8 {
    let (ready, is_ready) = mpsc::channel();
    let (leave, left) = oneshot::channel();
    let (seed, has_store) = (arguments.seed, global.store.is_none());
    // A thread and a runtime of its own: the world is as far from the console as another machine would be.
    let world =
        thread::Builder::new().name("demo-world".to_owned()).spawn(move || play((seed, has_store), &ready, left));
    let code = match is_ready.recv() {
        Ok(Ok(directory)) => {
            let code = open(arguments, global, &directory);
            say_what_is_kept(&directory);
            code
        }
        Ok(Err(problem)) => fail(&problem),
        Err(_) => fail("its thread could not be started"),
    };
    // The world may have ended by itself; then nobody listens.
    let _ = leave.send(());
    if let Ok(world) = world {
        let _ = world.join();
    }
    code
}

/// What a person saved outlives the demo.
fn say_what_is_kept(directory: &Path) {
    let saved = saved(directory);
    if saved.exists() {
        output::eprint_error(&format!("what you saved is kept in {}\n", saved.display()));
    }
}

fn fail(problem: &str) -> u8 {
    output::fail(
        exit::SOFTWARE,
        &format!("the demo can't be set up: {problem}"),
        "it needs loopback and a temporary directory",
    )
}

/// Why nothing can be acknowledged or silenced in a store that is a person's own.
const ONLY_PLAYS: &str = "the demo puts no alerts on record in a store that --store names, so that none can be acknowledged or \
                          silenced there; without --store it has a store of its own";

fn open(arguments: &Arguments, global: &Global, directory: &Path) -> u8 {
    let global = Global { config: Some(directory.join("opsroom.toml")), ..global.clone() };
    match configuration::find_for_console(&global) {
        Ok(found) => {
            // A store that is a person's own is not the demo's to act in.
            let part = if global.store.is_none() { ConsolePart::ActsForAll } else { ConsolePart::Plays };
            let mut start = found.start(&global, part, directory.join(STATE));
            if part == ConsolePart::Plays {
                start.warnings.push(SafeText::new(ONLY_PLAYS));
            }
            match console::recorded(start, arguments.record.as_deref()) {
                Ok(start) => console::open(&global, start, console::Afterwards::Nothing),
                Err(code) => code,
            }
        }
        Err(code) => code,
    }
}

/// The thread of the world: says where its folder is, then plays until told to leave.
fn play((seed, has_store): (u64, bool), ready: &mpsc::Sender<Result<PathBuf, String>>, left: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let set = runtime.and_then(|runtime| {
        let stage = runtime.block_on(Stage::set(seed, &std::env::current_exe()?, has_store))?;
        Ok((runtime, stage))
    });
    match set {
        Ok((runtime, mut stage)) => {
            let _ = ready.send(Ok(stage.directory.clone()));
            runtime.block_on(async {
                tokio::select! {
                    () = stage.play() => {}
                    _ = left => {}
                }
            });
        }
        Err(error) => {
            let _ = ready.send(Err(error.to_string()));
        }
    }
}
