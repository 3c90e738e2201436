//! `opsroom audit`: the latest entries, the proof of the chains, the whole as JSON lines.

use std::fmt::Write as _;

use clap::{Args, Subcommand};

use super::output::{self, exit};
use super::{Global, configuration};
use crate::cli::run_service;
use crate::model::preview::{Preview, RowKind};
use crate::runtime::runs::RunService;
use crate::store::audit::{AuditLine, Chain};
use crate::store::{Store, StoreError};
use crate::text::SafeText;
use crate::text::count::counted;

/// Entries that are read at once.
const PAGE: u32 = 500;
/// Entries that the plain command shows.
const LATEST: u32 = 50;
/// What is said where there are none.
const EMPTY: &str = "the audit is empty\n";

/// Arguments of `opsroom audit`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Verify the chain of entries, and that no entry seen here before is missing
    Verify {
        /// Accept the store as it is, even if it lost entries or is a different store, because it was restored on purpose or is new.
        /// This restores nothing: `opsroom store check` shows what differs, `opsroom store rebuild` derives it again
        #[arg(long, requires = "why")]
        accept: bool,
        /// Why it is accepted; recorded in the audit log
        #[arg(long, value_name = "TEXT", requires = "accept")]
        why: Option<String>,
    },
    /// Print every entry with its hash, one JSON object per line
    Export,
}

/// Shows, verifies or exports the audit log.
pub(crate) fn run(arguments: &Arguments, global: &Global) -> u8 {
    output::carry_out(show(arguments, global))
}

async fn show(arguments: &Arguments, global: &Global) -> u8 {
    if let Some(What::Verify { accept: true, why }) = &arguments.what {
        return accept(why.as_deref().unwrap_or_default(), global).await;
    }
    if let Some(What::Verify { .. }) = &arguments.what {
        return match run_service::look_to_verify(global).await {
            Ok(run_service) => {
                let code = verify(run_service.store()).await;
                run_service.close().await;
                code
            }
            Err(code) => code,
        };
    }
    let is_export = matches!(arguments.what, Some(What::Export));
    // What is exported has to be there; what is looked at may not be made yet.
    let opened = if is_export {
        run_service::look_at_one(global).await.map(Some)
    } else {
        run_service::look(global, true).await
    };
    let run_service = match opened {
        Ok(Some(run_service)) => run_service,
        Ok(None) => return output::print(EMPTY),
        Err(code) => return code,
    };
    let store = run_service.store();
    let printed = if is_export { export(store).await } else { latest(store).await };
    let code = printed.unwrap_or_else(|error| run_service::broken(&error));
    run_service::close_read(&run_service, code).await
}

/// Takes what lies there for the store from now on.
async fn accept(why: &str, global: &Global) -> u8 {
    if why.trim().is_empty() {
        return output::fail(exit::USAGE, "--why is empty", "say why this store is the one to use");
    }
    let config = match configuration::refuse_if_read_only(global, "a store can't be accepted") {
        Ok(config) => config.unwrap_or_default(),
        Err(code) => return code,
    };
    let state = match run_service::state_directory() {
        Ok(state) => state,
        Err(code) => return code,
    };
    let live = RunService::live(&state);
    if !live.is_empty() {
        let problem = format!("still running, and the store may not know it: {}", live.join(", "));
        return output::fail(exit::CRITICAL, &problem, "wait for its end: a second run could start beside it");
    }
    let url = match run_service::url(global).await {
        Ok(url) => url,
        Err(code) => return code,
    };
    match RunService::accept(url.as_deref(), &state, (why, config.retention.deployments), global.clock).await {
        Ok((accepted, restored)) => {
            let code = verify(&accepted.store).await;
            match &accepted.doubt {
                Some(doubt) => {
                    output::eprint_error(&format!("accepted and recorded; before that: {doubt}\n"));
                    if !restored.is_empty() {
                        let runs = restored.join(", ");
                        output::eprint_error(&format!("recorded from their directories here: {runs}\n"));
                    }
                    if accepted.is_shared {
                        output::eprint_error(
                            "hint: accept it on the other hosts too; until then, runs that they began in what is missing may \
                             still be running there without a lock here\n",
                        );
                    }
                }
                None => output::eprint_error("the store is complete: nothing to accept, nothing was changed\n"),
            }
            accepted.store.close().await;
            code
        }
        Err(error) => run_service::broken(&error),
    }
}

async fn verify(store: &Store) -> u8 {
    let chains = match store.verify_audit().await {
        Ok(chains) => chains,
        Err(error) => return output::fail(exit::CRITICAL, &format!("the audit can't be read: {error}"), ""),
    };
    let mut text = String::new();
    let mut code = exit::OK;
    for chain in &chains {
        match &chain.broken {
            None => {
                let _ =
                    writeln!(text, "intact  {}{}, head {}", whose(chain), counted(chain.entries, "entry"), chain.head);
            }
            Some((seq, how)) => {
                code = exit::WARNING;
                let _ = writeln!(
                    text,
                    "BROKEN  {}at entry {seq}: {how}; {} before it hold, head {}",
                    whose(chain),
                    chain.entries,
                    chain.head
                );
            }
        }
    }
    let doubts = match store.doubts().await {
        Ok(doubts) => doubts,
        Err(error) => vec![error],
    };
    for doubt in &doubts {
        code = exit::WARNING;
        let _ = writeln!(text, "LOST    {doubt}");
    }
    if chains.is_empty() {
        text.push_str(EMPTY);
    }
    let code = output::print(&text).max(code);
    if let Some(doubt) = doubts.first() {
        output::eprint_error(&format!("changing actions are refused\nhint: {}\n", doubt.hint()));
    }
    code
}

/// Whose chain it was, where it is one of an earlier version.
fn whose(chain: &Chain) -> String {
    chain.writer.as_ref().map_or_else(String::new, |writer| format!("{writer} (before)  "))
}

async fn export(store: &Store) -> Result<u8, StoreError> {
    let mut after = 0;
    loop {
        let page = store.audit_page(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(exit::OK) };
        after = last.seq;
        let mut text = String::new();
        for line in &page {
            let json = serde_json::to_string(line).map_err(|error| StoreError::Content(error.to_string()))?;
            text.push_str(&json);
            text.push('\n');
        }
        let code = output::print_json(&text);
        if code != exit::OK {
            return Ok(code);
        }
    }
}

async fn latest(store: &Store) -> Result<u8, StoreError> {
    let lines = store.latest_audit(LATEST).await?;
    if lines.is_empty() {
        return Ok(output::print(EMPTY));
    }
    Ok(output::print(&lines.iter().rev().map(shown).collect::<String>()))
}

fn shown(line: &AuditLine) -> String {
    let said = |key: &str| line.entry.get(key).and_then(|value| value.as_str()).unwrap_or_default();
    let detail = line.entry.get("detail");
    let words = ["action", "target", "reason", "state", "verdict", "why"]
        .iter()
        .filter_map(|key| Some((key, detail?.get(*key)?.as_str()?)))
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| format!("{key}={value}"))
        .collect::<Vec<_>>()
        .join(" ");
    let words = match detail.and_then(|detail| detail.get("preview")).map(commands) {
        Some(commands) if !commands.is_empty() => format!("{words}: {commands}"),
        _ => words,
    };
    // Said while the store was away, and put on record when it was back.
    let is_late = line.entry.get("late").and_then(serde_json::Value::as_bool).unwrap_or_default();
    let late = if is_late { "  (late)" } else { "" };
    let text = format!(
        "{:>6}  {}  {:<12}  {}  {words}  by {} on {}{late}",
        line.seq,
        said("at"),
        said("kind"),
        said("object"),
        said("who"),
        said("host")
    );
    format!("{}\n", SafeText::new(&text))
}

/// The commands of a preview that was put on record.
fn commands(preview: &serde_json::Value) -> String {
    let preview: Preview = serde_json::from_value(preview.clone()).unwrap_or_default();
    let commands = preview.rows.iter().filter(|row| row.kind == RowKind::Command).map(|row| row.text.as_str());
    commands.collect::<Vec<_>>().join("; ")
}
