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
use crate::store::transfer::{ExportFile, ImportError, ImportMark, Imported};
use crate::text::count::counted;
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
    /// Verify everything: the chain of facts, the data derived from it, and roll-ups
    Check,
    /// Derive runs, locks and statuses from the facts again, and replace what differs
    Rebuild,
    /// Print the whole store as JSON lines
    Export,
    /// Import an exported store into this one, which must be empty
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
    /// What is being imported and not at its end.
    importing: Option<ImportMark>,
}

/// Shows, checks, rebuilds, exports or imports the store.
pub(crate) fn run(arguments: &Arguments, global: &Global) -> u8 {
    output::carry_out(carry_out(arguments, global))
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
    if let Some(What::Import { file }) = &arguments.what {
        return import(file, global).await;
    }
    let opened = match run_service::look_at_any(global).await {
        Ok(opened) => opened,
        Err(code) => return code,
    };
    let code = show(arguments, &opened).await.unwrap_or_else(|error| run_service::broken(&error));
    run_service::close_read(&opened, code).await
}

async fn show(arguments: &Arguments, opened: &RunService) -> Result<u8, StoreError> {
    let store = opened.store();
    if let (Some(What::Rebuild | What::Export), Some(mark)) = (&arguments.what, store.importing().await?) {
        return Err(mark.unfinished(&store.describe()));
    }
    run_service::warn(store).await;
    let code = match arguments.what {
        Some(What::Check) => check(opened, arguments.json).await?,
        Some(What::Rebuild) => rebuild(opened).await?,
        Some(What::Export) => export(opened).await?,
        Some(What::Import { .. }) | None => summary(opened, arguments.json).await?,
    };
    // A file that may only be read was not written to meanwhile.
    store.extent().await?;
    Ok(code)
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
        importing: store.importing().await?,
    };
    let code = if summary.importing.is_some() { exit::CRITICAL } else { exit::OK };
    if json {
        return Ok(output::print_as_json("the store", &summary).max(code));
    }
    let Summary { store, id, first, last, bytes, importing } = summary;
    let mut text = format!("store    {store}\nid       {id}\n");
    let _ = match last {
        0 => writeln!(text, "entries  none"),
        last => writeln!(text, "entries  {first} to {last}"),
    };
    let _ = writeln!(text, "size     {}", figures::bytes(bytes));
    if let Some(mark) = importing {
        let _ = writeln!(text, "INCOMPLETE  {}", unfinished(&mark));
    }
    Ok(output::print(&text).max(code))
}

async fn check(opened: &RunService, json: bool) -> Result<u8, StoreError> {
    let checked = opened.store().check().await?;
    let code = if checked.is_sound() { exit::OK } else { exit::CRITICAL };
    if json {
        return Ok(output::print_as_json("the store", &checked).max(code));
    }
    let printed = output::print(&report(&checked)).max(code);
    if !checked.differing.is_empty() && checked.broken.is_empty() {
        output::eprint_error("hint: `opsroom store rebuild` derives them again from the entries\n");
    }
    Ok(printed)
}

fn unfinished(mark: &ImportMark) -> String {
    let ImportMark { store, reached, last, .. } = mark;
    format!("the import of store {store} has reached entry {reached} of {last}; run the same import again to continue")
}

fn report(checked: &Checked) -> String {
    let mut text = String::new();
    if let Some(mark) = &checked.importing {
        let _ = writeln!(text, "INCOMPLETE  {}", unfinished(mark));
    }
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
    let _ = match checked.unreadable_rollups {
        0 => writeln!(text, "roll-ups  {} readable", counted(checked.rollups, "row")),
        many => writeln!(text, "roll-ups  {many} of {} rows can't be read", checked.rollups),
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
    let printed = match rebuilt.differing.len() {
        0 => output::print(&format!("nothing was changed: {} as the entries say\n", counted(rebuilt.things, "thing"))),
        many => {
            let mut text = format!("{many} of {} things put in place again and recorded:\n", rebuilt.things);
            for one in rebuilt.differing.iter().take(NAMED) {
                let _ = writeln!(text, "  {one}");
            }
            output::print(&text)
        }
    };
    if checked.unreadable.is_empty() {
        return Ok(printed);
    }
    warn_of("stays and is left out of everything, since no entry derives it", &checked.unreadable);
    Ok(printed.max(exit::WARNING))
}

/// Names on stderr what can't be read.
fn warn_of(consequence: &str, unreadable: &[String]) {
    let mut text = format!("warning: can't be read; it {consequence}:\n");
    for one in unreadable.iter().take(NAMED) {
        let _ = writeln!(text, "  {one}");
    }
    if unreadable.len() > NAMED {
        let _ = writeln!(text, "  and {} more", unreadable.len() - NAMED);
    }
    output::eprint_error(&text);
}

async fn export(opened: &RunService) -> Result<u8, StoreError> {
    let mut code = exit::OK;
    let exported = opened.store().export(|line| {
        code = output::print_json(line);
        code == exit::OK
    });
    let Some(exported) = exported.await? else { return Ok(code) };
    if !exported.left_out.is_empty() {
        warn_of("was left out", &exported.left_out);
        code = code.max(exit::WARNING);
    }
    if let Some(broken) = exported.broken.first() {
        let problem = format!("everything was exported, but the chain is broken at {broken}");
        return Ok(output::fail(exit::CRITICAL, &problem, "it can't be imported as it is; restore a backup"));
    }
    Ok(code)
}

/// First all of the file is read, then the store is opened: what is refused leaves none behind.
async fn import(path: &Path, global: &Global) -> u8 {
    // As other programs name what comes through a pipe.
    let path = if path == Path::new("-") { Path::new("/dev/stdin") } else { path };
    let file = match ExportFile::read(path) {
        Ok(file) => file,
        Err(error) => return refused(path, &error),
    };
    let opened = match run_service::open_for_import(global).await {
        Ok(opened) => opened,
        Err(code) => return code,
    };
    let imported = opened.store().import(file, &opened.identity().who, opened.now()).await;
    let code = match imported {
        Ok(Imported { from, facts, rollups, recorded }) => {
            let text = format!(
                "imported {} and {} of roll-ups of store {from}\n\
                 entry {recorded} was added: it records the import\n",
                counted(facts, "entry"),
                counted(rollups, "row")
            );
            let code = output::print(&text);
            run_service::warn(opened.store()).await;
            code
        }
        Err(error) => refused(path, &error),
    };
    opened.close().await;
    code
}

fn refused(path: &Path, error: &ImportError) -> u8 {
    const ELSEWHERE: &str = "import into a new one: --store sqlite:FILE or another database";
    let hint = match error {
        ImportError::Store(error) => return run_service::broken(error),
        ImportError::NotEmpty(_) | ImportError::HasReadings => ELSEWHERE,
        ImportError::Unfinished { .. } => {
            "import the same file again, it continues where it stopped; or remove that store, or import into a new one"
        }
        ImportError::Busy { .. } => {
            "wait for its end; where it was stopped, the same import can be run again 15 s after that"
        }
        ImportError::Overtaken => "wait for its end; `opsroom store` says how far it is",
        ImportError::NotAFile => "write it into a file first, and name that: opsroom store import FILE",
        ImportError::Read(_) => "nothing was imported; check the path of the file that `opsroom store export` printed",
        ImportError::Unsound { .. } => "nothing was imported; export it again",
    };
    let of_file = || format!("{}: {error}", path.display());
    match error {
        ImportError::NotAFile | ImportError::Read(_) => output::fail(exit::USAGE, &of_file(), hint),
        ImportError::Unsound { .. } => output::fail(exit::CRITICAL, &of_file(), hint),
        _ => output::fail(exit::CRITICAL, &error.to_string(), hint),
    }
}
