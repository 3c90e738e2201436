//! `opsroom incident export`: the report, as Markdown or as JSON.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::chosen::{Meant, find};
use crate::actions::publish::publish;
use crate::cli::output::{self, exit};
use crate::cli::{Global, configuration, run_service};
use crate::config::Config;
use crate::report::incident::{AuditHead, IncidentReport};
use crate::runtime::incidents::around;
use crate::runtime::runs::RunService;

#[derive(Debug, Args)]
pub(super) struct ExportArguments {
    /// The incident: INC-42, or 42. Default: the only open one, else the latest
    #[arg(value_name = "ID", conflicts_with = "id")]
    incident: Option<String>,
    /// Print JSON
    #[arg(long, conflicts_with = "out")]
    json: bool,
    /// Write ID.md and ID.json into this directory. Default: `directory` of `[incident]`
    #[arg(long, value_name = "DIR", num_args = 0..=1, default_missing_value = "")]
    out: Option<PathBuf>,
}

/// Prints or writes the report.
pub(super) fn run(arguments: &ExportArguments, id: Option<&str>, global: &Global) -> u8 {
    let config = Arc::new(configuration::for_titles(global));
    output::carry_out(async {
        let run_service = match run_service::look(global, true).await {
            Ok(Some(run_service)) => run_service,
            Ok(None) => {
                let hint = "open one with `opsroom incident open TITLE`";
                return output::fail(exit::USAGE, "no incident is on record", hint);
            }
            Err(code) => return code,
        };
        let code = export(arguments, id, &config, &run_service).await;
        run_service::close_read(&run_service, code).await
    })
}

async fn export(arguments: &ExportArguments, id: Option<&str>, config: &Arc<Config>, run_service: &RunService) -> u8 {
    let record = match find(run_service, arguments.incident.as_deref().or(id), Meant::Any).await {
        Ok(record) => record,
        Err(code) => return code,
    };
    let around = match around(run_service.store(), config, &record, run_service.stamp()).await {
        Ok(around) => around,
        Err(error) => return run_service::broken(&error),
    };
    let head = match run_service.store().chain_head().await {
        Ok(head) => head.map(|(seq, hash)| AuditHead { seq, hash }),
        Err(error) => return run_service::broken(&error),
    };
    let report = IncidentReport::new(&record, &around, config, head, run_service.now());
    let json = match report.json() {
        Ok(json) => json,
        Err(error) => {
            return output::fail(exit::SOFTWARE, &format!("the report can't be written as JSON: {error}"), "");
        }
    };
    match &arguments.out {
        None if arguments.json => output::print_json(&json),
        None => output::print(&report.markdown()),
        Some(out) => {
            let out = if out.as_os_str().is_empty() { &config.incident.directory } else { out };
            write(out, &record.id, &report.markdown(), json)
        }
    }
}

fn write(directory: &Path, id: &str, markdown: &str, json: String) -> u8 {
    let name = format!("{id}.md");
    let files = [(format!("{id}.json"), json), (name.clone(), markdown.to_owned())];
    match publish(directory, &files) {
        Ok(()) => output::print(&format!("report written to {}\n", directory.join(&name).display())),
        Err(error) => {
            let hint = "name a directory that you may write to";
            output::fail(exit::SOFTWARE, &format!("the report can't be written: {error}"), hint)
        }
    }
}
