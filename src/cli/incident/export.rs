//! `opsroom incident export`: the report, as Markdown or as JSON.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::chosen::{Meant, find};
use crate::actions::publish::{FileReaders, publish};
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
    #[arg(long, conflicts_with_all = ["out", "format"])]
    json: bool,
    /// The form: a post-mortem as Markdown, or the line of an incident.log and the headings of a plain report
    #[arg(long, value_enum, default_value_t = ExportForm::Markdown)]
    format: ExportForm,
    /// Write ID.md and ID.json into this directory, or ID.md and ID.log in the form `seed`. Default: `directory` of `[incident]`
    #[arg(long, value_name = "DIR", num_args = 0..=1)]
    #[expect(clippy::option_option, reason = "not given, given alone, given with a directory")]
    out: Option<Option<PathBuf>>,
}

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ExportForm {
    /// A post-mortem as Markdown with front matter.
    Markdown,
    /// A line for incident.log, and the report with the headings of a page that is filled in by hand.
    Seed,
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
    let files = match arguments.format {
        ExportForm::Markdown => report.files(),
        ExportForm::Seed => Ok(report.seed_files()),
    };
    let files = match files {
        Ok(files) => files,
        Err(error) => {
            return output::fail(exit::SOFTWARE, &format!("the report can't be written as JSON: {error}"), "");
        }
    };
    let [(_, beside), (_, text)] = &files;
    match (&arguments.out, arguments.format) {
        (None, _) if arguments.json => output::print_json(beside),
        (None, ExportForm::Markdown) => output::print(text),
        (None, ExportForm::Seed) => output::print(&format!("{beside}\n{text}")),
        (Some(out), _) => {
            let out = out.as_ref().unwrap_or(&config.incident.directory);
            write(out, &record.id, files)
        }
    }
}

fn write(directory: &Path, id: &str, files: [(&str, String); 2]) -> u8 {
    let files = files.map(|(extension, text)| (format!("{id}.{extension}"), text));
    match publish(directory, FileReaders::Owner, &files) {
        Ok(()) => output::print(&format!("report written to {}\n", directory.join(format!("{id}.md")).display())),
        Err(error) => {
            let hint = "name a directory that you may write to";
            output::fail(exit::SOFTWARE, &format!("the report can't be written: {error}"), hint)
        }
    }
}
