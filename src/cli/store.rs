//! `opsroom store`: where the store is and what it holds; checked, rebuilt, exported and imported.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;

use super::output::{self, exit};
use super::{Global, configuration, run_service};
use crate::runtime::runs::RunService;
use crate::store::StoreError;
use crate::store::check::Checked;
use crate::store::transfer::ImportError;
use crate::ui::figures;

/// Things that are named where they differ.
const NAMED: usize = 20;

/// Arguments of `opsroom store`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
    /// Print JSON: an object
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Verify all of it: the chain of facts, what was derived from them, roll-ups
    Check,
    /// Derive runs, locks and statuses from the facts again, and put in place what differs
    Rebuild,
    /// Print the whole store as JSON lines
    Export,
    /// Read an exported store into this one, which has to be empty
    Import {
        /// What `opsroom store export` printed
        file: PathBuf,
    },
}

/// What is in the store.
#[derive(Debug, Serialize)]
struct Summary {
    store: String,
    id: String,
    first: u64,
    last: u64,
    bytes: u64,
}

/// Shows, checks, rebuilds, exports or imports the store.
pub(crate) fn run(arguments: &Arguments, global: &Global) -> u8 {
    match output::block_on(carry_out(arguments, global)) {
        Ok(code) => code,
        Err(error) => output::fail(exit::SOFTWARE, &format!("can't start threads: {error}"), ""),
    }
}

async fn carry_out(arguments: &Arguments, global: &Global) -> u8 {
    let changes = match arguments.what {
        Some(What::Rebuild) => Some("nothing can be rebuilt here"),
        Some(What::Import { .. }) => Some("nothing can be imported here"),
        _ => None,
    };
    if let Some(what) = changes
        && let Err(code) = configuration::refuse_if_read_only(global, what)
    {
        return code;
    }
    if !matches!(arguments.what, Some(What::Import { .. })) {
        match run_service::is_begun(global).await {
            Ok(true) => {}
            Ok(false) => {
                return output::fail(
                    exit::UNKNOWN,
                    "no store exists yet",
                    "it is created when a console opens or an action runs",
                );
            }
            Err(code) => return code,
        }
    }
    let opened = match run_service::open(global).await {
        Ok(opened) => opened,
        Err(code) => return code,
    };
    let done = match &arguments.what {
        None => summary(&opened, arguments.json).await,
        Some(What::Check) => check(&opened, arguments.json).await,
        Some(What::Rebuild) => rebuild(&opened).await,
        Some(What::Export) => export(&opened).await,
        Some(What::Import { file }) => Ok(import(&opened, file).await),
    };
    opened.close().await;
    done.unwrap_or_else(|error| run_service::broken(&error))
}

async fn summary(opened: &RunService, json: bool) -> Result<u8, StoreError> {
    let store = opened.store();
    let extent = store.extent().await?;
    let summary = Summary {
        store: store.describe(),
        id: store.id().to_owned(),
        first: extent.first,
        last: extent.last,
        bytes: extent.bytes,
    };
    if json {
        return Ok(print_json(&summary));
    }
    let Summary { store, id, first, last, bytes } = summary;
    let mut text = format!("store    {store}\nid       {id}\n");
    let _ = match last {
        0 => writeln!(text, "entries  none"),
        last => writeln!(text, "entries  {first} to {last}"),
    };
    let _ = writeln!(text, "size     {}", figures::bytes(bytes));
    Ok(output::print(&text))
}

async fn check(opened: &RunService, json: bool) -> Result<u8, StoreError> {
    let checked = opened.store().check().await?;
    let code = if checked.is_sound() { exit::OK } else { exit::CRITICAL };
    if json {
        return Ok(print_json(&checked).max(code));
    }
    let printed = output::print(&report(&checked)).max(code);
    if !checked.differing.is_empty() && checked.broken.is_empty() {
        output::eprint_error("hint: `opsroom store rebuild` derives them again from the entries\n");
    }
    Ok(printed)
}

fn report(checked: &Checked) -> String {
    let mut text = String::new();
    for broken in &checked.broken {
        let _ = writeln!(text, "BROKEN    {broken}");
    }
    if checked.broken.is_empty() {
        let _ = match checked.entries {
            0 => writeln!(text, "entries   none"),
            _ => writeln!(text, "entries   {} to {} intact", checked.first, checked.last),
        };
    }
    match checked.differing.len() {
        0 => {
            let _ = writeln!(text, "things    {} as the entries say", checked.things);
        }
        many => {
            let _ = writeln!(text, "DIFFER    {many} of {} things are not as the entries say:", checked.things);
            for one in checked.differing.iter().take(NAMED) {
                let _ = writeln!(text, "          {one}");
            }
            if many > NAMED {
                let _ = writeln!(text, "          and {} more", many - NAMED);
            }
        }
    }
    for bad in checked.unreadable.iter().take(NAMED) {
        let _ = writeln!(text, "UNREADABLE  {bad}");
    }
    let _ = match checked.unreadable.len() {
        0 => writeln!(text, "roll-ups  {} rows readable", checked.rollups),
        many => writeln!(text, "roll-ups  {many} of {} rows are not readable", checked.rollups),
    };
    text
}

async fn rebuild(opened: &RunService) -> Result<u8, StoreError> {
    let checked = opened.store().check().await?;
    if let Some(broken) = checked.broken.first() {
        let problem = format!("nothing was changed: {broken}");
        return Ok(output::fail(exit::CRITICAL, &problem, "restore the store from a backup, then rebuild it"));
    }
    let rebuilt = opened.store().rebuild(&opened.identity().who, opened.now()).await?;
    Ok(match rebuilt.differing.len() {
        0 => output::print(&format!("{} things are as the entries say: nothing was changed\n", rebuilt.things)),
        many => {
            let mut text = format!("{many} of {} things put in place again and recorded:\n", rebuilt.things);
            for one in rebuilt.differing.iter().take(NAMED) {
                let _ = writeln!(text, "  {one}");
            }
            output::print(&text)
        }
    })
}

async fn export(opened: &RunService) -> Result<u8, StoreError> {
    let mut code = exit::OK;
    let exported = opened.store().export(|line| {
        code = output::print_json(line);
        code == exit::OK
    });
    exported.await?;
    Ok(code)
}

async fn import(opened: &RunService, file: &Path) -> u8 {
    let imported = opened.store().import(file, &opened.identity().who, opened.now()).await;
    match imported {
        Ok(imported) => {
            let (facts, rollups) = (imported.facts, imported.rollups);
            let text = format!("imported {facts} entries and {rollups} rows of roll-ups of store {}\n", imported.from);
            output::print(&text)
        }
        Err(ImportError::Store(error)) => run_service::broken(&error),
        Err(error @ ImportError::NotEmpty(_)) => {
            output::fail(exit::CRITICAL, &error.to_string(), "import into a new one: --store FILE or another database")
        }
        Err(error) => {
            let problem = format!("{}: {error}", file.display());
            output::fail(exit::USAGE, &problem, "nothing was imported; export it again")
        }
    }
}

fn print_json(value: &impl Serialize) -> u8 {
    match serde_json::to_string_pretty(value) {
        Ok(text) => output::print_json(&format!("{text}\n")),
        Err(error) => output::fail(exit::SOFTWARE, &format!("the store can't be written as JSON: {error}"), ""),
    }
}
