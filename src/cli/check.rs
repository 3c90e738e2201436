//! `opsroom check [FILE]`: every problem of the configuration with line, column, caret and hint; what it needs of this
//! machine; and with `--live` what one poll gives.

mod choices;
mod live;
mod runbook;
mod world;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::Global;
use super::configuration;
use super::output::{self, exit};
use crate::config::Config;
use crate::config::load;
use crate::config::load::locate::Locator;
use crate::config::loaded::Loaded;
use crate::lang::diagnostic;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::order::InOrder;
use crate::process::{self, Invocation, Limits};
use crate::runtime::secrets::Fetching;
use crate::text::count::counted;
use crate::text::redact::Literals;
use live::LiveRow;
use world::{Compose, Findings};

/// The arguments.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The file; without it the one that the console would open
    file: Option<PathBuf>,
    /// Poll once, and show the answer, the result of each expression and the fields of the document
    #[arg(long)]
    live: bool,
    /// One JSON object: {"problems": […], "notes": […]}, with --live also "live"
    #[arg(long)]
    json: bool,
}

/// Loads and prints every problem. Warnings alone are no reason to fail.
pub(crate) fn run(arguments: &Arguments, global: &Global) -> u8 {
    let named = arguments.file.as_deref().or(global.config.as_deref());
    let Some(main) = load::find(named) else {
        let places: Vec<String> =
            load::candidates(None, None).iter().map(|place| place.display().to_string()).collect();
        let problem = format!("no configuration at {}", places.join(" or "));
        return output::fail(
            exit::CONFIG,
            &problem,
            "`opsroom config example > opsroom.toml` creates one to start from",
        );
    };
    let Loaded { config, mut diagnostics, secrets: sources, files } = main.load();
    let config = config.map(Arc::new);
    let secrets = match configuration::known(&sources) {
        Ok(secrets) => secrets,
        Err(error) => return no_threads(&error),
    };
    let literals = Literals::from(&secrets);
    for problem in &mut diagnostics {
        problem.mask(&literals);
    }
    diagnostics.extend(Locator::read(&files).literals(&literals));
    let mut rows = None;
    let mut notes = Vec::new();
    if let Some(config) = &config {
        let looked = output::block_on(async {
            let findings = look(config).await;
            let rows = if arguments.live { Some(poll(config, global).await) } else { None };
            (findings, rows)
        });
        let (findings, polled) = match looked {
            Ok(looked) => looked,
            Err(error) => return no_threads(&error),
        };
        // The lines of runbooks are none of the configuration's: secrets in them are masked here.
        diagnostics.extend(findings.problems.into_iter().map(|mut problem| {
            problem.mask(&literals);
            problem
        }));
        (notes, rows) = (findings.notes, polled);
    }
    diagnostics.order_by(|a, b| (a.file != b.file, a.line, a.column).cmp(&(false, b.line, b.column)));
    let report = Report { config: config.as_deref(), diagnostics: &diagnostics, notes: &notes, rows: rows.as_deref() };
    let printed = if arguments.json { output::print_json(&report.json()) } else { output::print(&report.text()) };
    report.code().unwrap_or(printed)
}

fn no_threads(error: &std::io::Error) -> u8 {
    output::fail(exit::SOFTWARE, &format!("no threads to work on: {error}"), "look at the system's limits")
}

async fn look(config: &Config) -> Findings {
    let compose = if world::needs_compose(config) { Some(compose().await) } else { None };
    let locator = Locator::read(&config.files);
    let mut findings = world::look(config, &locator, compose);
    findings.problems.extend(choices::look(config, &locator));
    findings
}

/// Which compose commands this machine has: `docker compose version` asks no daemon.
async fn compose() -> Compose {
    const PATIENCE: Duration = Duration::from_secs(5);
    let version = Invocation::new("docker").args(["compose", "version"]);
    let answer = process::run(version, Limits { timeout: PATIENCE, most_bytes: 0 }, || ()).await;
    let v2 = answer.is_ok_and(|output| output.status.success());
    Compose { v2, v1: world::missing_program("docker-compose", None).is_none() }
}

async fn poll(config: &Arc<Config>, global: &Global) -> Vec<LiveRow> {
    let fetching = Fetching::new(&config.secrets);
    let latest = fetching.latest();
    // What can't be had is said at what needs it.
    tokio::join!(live::rows(config, latest, global.clock), fetching.run()).0
}

/// The form of `--json`.
#[derive(Serialize)]
struct Printed<'a> {
    problems: &'a [Diagnostic],
    notes: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    live: Option<&'a [LiveRow]>,
}

/// What is printed.
struct Report<'a> {
    /// `None` where an error of the file is the end of it.
    config: Option<&'a Config>,
    diagnostics: &'a [Diagnostic],
    notes: &'a [String],
    rows: Option<&'a [LiveRow]>,
}

impl Report<'_> {
    fn errors(&self) -> usize {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count()
    }

    /// The exit code, unless all is well. What can't be reached says nothing against the configuration.
    fn code(&self) -> Option<u8> {
        let mut failed = self.rows.unwrap_or_default().iter().filter(|row| !row.ok).peekable();
        if self.errors() > 0 || self.config.is_none() {
            return Some(exit::CONFIG);
        }
        failed.peek()?;
        Some(if failed.any(|row| row.answered) { exit::CONFIG } else { exit::CRITICAL })
    }

    fn json(&self) -> String {
        let printed = Printed { problems: self.diagnostics, notes: self.notes, live: self.rows };
        serde_json::to_string_pretty(&printed).unwrap_or_default() + "\n"
    }

    fn text(&self) -> String {
        let mut text = diagnostic::rendered(self.diagnostics, "\n\n");
        for note in self.notes.iter().take(diagnostic::PRINTED) {
            text.push_str("note: ");
            text.push_str(note);
            text.push_str("\n\n");
        }
        text.push_str(&diagnostic::and_more(self.notes.len(), "note", "\n\n"));
        for row in self.rows.unwrap_or_default() {
            text.push_str(&row.text());
        }
        if self.rows.is_some_and(|rows| !rows.is_empty()) {
            text.push('\n');
        }
        let (Some(config), 0) = (self.config, self.errors()) else {
            return text + &format!("{}\n", counted(self.errors(), "problem"));
        };
        let always = [
            counted(config.services.len(), "service"),
            counted(config.checks.len(), "check"),
            counted(config.metrics.len(), "metric"),
            counted(config.logs.len(), "log"),
            counted(config.actions.len(), "action"),
        ];
        let further = [
            (config.channels.len(), "channel"),
            (config.contacts.len(), "contact"),
            (config.maintenance.len(), "maintenance window"),
            (config.freezes.len(), "freeze"),
            (config.slos.len(), "SLO"),
            (config.checklists.len(), "checklist"),
            (config.tests.len(), "test"),
        ];
        let further = further.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| counted(count, word));
        let parts: Vec<String> = always.into_iter().chain(further).collect();
        let file = config.files.first().map(|file| file.display().to_string()).unwrap_or_default();
        let warnings = match self.diagnostics.len() {
            0 => String::new(),
            count => format!("; {}", counted(count, "warning")),
        };
        let failed = self.rows.map_or(0, |rows| rows.iter().filter(|row| !row.ok).count());
        let live = match self.rows {
            None => String::new(),
            Some(_) if failed == 0 => "; live: everything answered".to_owned(),
            Some(rows) => format!("; live: {failed} of {} failed", rows.len()),
        };
        text + &format!("{file}: ok: {}{warnings}{live}\n", parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn report<'a>(loaded: &'a Loaded, diagnostics: &'a [Diagnostic], notes: &'a [String]) -> Report<'a> {
        Report { config: loaded.config.as_ref(), diagnostics, notes, rows: None }
    }

    #[test]
    fn a_good_file_is_counted_and_a_bad_one_is_explained() {
        let good = load::load_text(Path::new("ops.toml"), "[check.a]\ntcp = \"x.example:1\"\n");
        assert_eq!(
            report(&good, &good.diagnostics, &[]).text(),
            "ops.toml: ok: 0 services, 1 check, 0 metrics, 0 logs, 0 actions\n"
        );
        let bad = load::load_text(Path::new("ops.toml"), "[check.a]\ntpc = \"x.example:1\"\n");
        let text = report(&bad, &bad.diagnostics, &[]).text();
        assert!(text.contains("ops.toml:2:1: unknown key `tpc` in check `a`\n  tpc = \"x.example:1\"\n  ^^^\nhint: did you mean `tcp`?"), "{text}");
        assert!(text.ends_with("1 problem\n"), "{text}");
        assert_eq!(report(&bad, &bad.diagnostics, &[]).code(), Some(exit::CONFIG));
        assert_eq!(report(&good, &[], &[]).code(), None);
    }

    /// What is found on this machine of a configuration.
    fn found(text: &str, compose: Option<Compose>) -> (Loaded, Findings) {
        let loaded = load::load_text(Path::new("ops.toml"), text);
        let config = loaded.config.as_ref().unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
        let findings = world::look(config, &Locator::of_text("ops.toml", text), compose);
        (loaded, findings)
    }

    #[test]
    fn files_that_are_too_many_are_noted() {
        use crate::sources::logs::MAX_FILES;
        let directory = tempfile::tempdir().unwrap();
        let text = format!("[log.app]\nfile = \"{}/*.log\"\n", directory.path().display());
        let noted = || {
            let (loaded, findings) = found(&text, None);
            let report = report(&loaded, &findings.problems, &findings.notes);
            (report.text(), report.json())
        };
        assert!(noted().0.starts_with("note: log app: nothing matches "), "{}", noted().0);
        for number in 0..MAX_FILES {
            std::fs::File::create_new(directory.path().join(format!("{number}.log"))).unwrap();
        }
        assert!(!noted().0.contains("note: "), "{}", noted().0);
        std::fs::File::create_new(directory.path().join("more.log")).unwrap();
        let (text, json) = noted();
        assert!(text.starts_with("note: log app: ") && text.contains("matches 33 files now; the 32"), "{text}");
        assert!(text.contains("\nhint: ") && text.ends_with("1 log, 0 actions\n"), "{text}");
        assert!(json.contains("33 files now"), "{json}");
    }

    #[test]
    fn a_theme_that_is_not_there_is_an_error_of_the_file() {
        let (loaded, findings) = found("[console]\ntheme = \"midnigth\"\n", None);
        let report = report(&loaded, &findings.problems, &findings.notes);
        assert_eq!(report.code(), Some(exit::CONFIG));
        assert_eq!(
            report.text(),
            "ops.toml:2:9: no theme named `midnigth`\n  theme = \"midnigth\"\n          ^^^^^^^^^^\n\
             hint: did you mean `midnight`?\n\n1 problem\n"
        );
    }

    #[test]
    fn what_is_missing_on_this_machine_is_a_warning_with_its_place() {
        let text = r#"
[secret]
unset = { env = "OPSROOM_TEST_NO_SUCH_VARIABLE" }
gone = { file = "/nonexistent/secret" }
manager = { command = ["opsroom-no-such-program", "show"] }
[source.a]
http = "https://example.com/"
ca = "/nonexistent/ca.pem"
client_cert = "/etc/passwd"
[check.cmd]
command = ["opsroom-no-such-program"]
directory = "/nonexistent/directory"
[check.relative]
command = ["./no-such-script"]
[check.shell]
command = "no-such-word | grep x"
shell = true
[log.l]
command = ["opsroom-no-such-logger", "-f"]
[adapter.ours]
directory = "/nonexistent/adapter"
restart = { steps = [["opsroom-no-such-ctl", "{target}"]] }
unused = { steps = [["opsroom-not-used-by-any-action"]] }
[adapter.env]
deploy = { steps = [["env", "TAG={target}", "opsroom-no-such-deploy"]] }
[action.restart]
adapter = "ours"
do = "restart"
[action.deploy]
adapter = "env"
do = "deploy"
"#;
        let (loaded, findings) = found(text, None);
        let report = report(&loaded, &findings.problems, &findings.notes);
        let text = report.text();
        for words in [
            "ops.toml:3:17: warning: secret `unset`: the environment variable `OPSROOM_TEST_NO_SUCH_VARIABLE` is not set\n",
            "ops.toml:4:17: warning: secret `gone`: /nonexistent/secret does not exist\n",
            "ops.toml:5:24: warning: the program `opsroom-no-such-program` was not found in PATH\n",
            "ops.toml:8:6: warning: `ca`: /nonexistent/ca.pem does not exist\n",
            "ops.toml:9:15: warning: `client_cert`: /etc/passwd holds no certificate in PEM form\n",
            "ops.toml:9:15: warning: `client_cert`: /etc/passwd holds no private key in PEM form\n",
            "ops.toml:11:12: warning: the program `opsroom-no-such-program` was not found in PATH\n",
            "ops.toml:12:13: warning: the directory /nonexistent/directory does not exist\n",
            "ops.toml:14:12: warning: the program ",
            "ops.toml:19:12: warning: the program `opsroom-no-such-logger` was not found in PATH\n",
            "ops.toml:21:13: warning: the directory /nonexistent/adapter does not exist\n",
            "ops.toml:22:21: warning: the program `opsroom-no-such-ctl` was not found in PATH\n",
            "ops.toml:25:20: warning: the program `opsroom-no-such-deploy` was not found in PATH\n",
        ] {
            assert!(text.contains(words), "{words}\n---\n{text}");
        }
        assert!(!text.contains("no-such-word") && !text.contains("not-used"), "{text}");
        assert_eq!(report.code(), None);
        assert!(text.ends_with("; 13 warnings\n"), "{text}");
    }

    #[test]
    fn the_compose_command_of_this_machine_is_compared_with_the_kind() {
        let text = "[adapter.stack]\nkind = \"compose\"\n[action.r]\nadapter = \"stack\"\ndo = \"restart\"\n";
        let warned = |v2, v1| {
            let (loaded, findings) = found(text, Some(Compose { v2, v1 }));
            report(&loaded, &findings.problems, &findings.notes).text()
        };
        if world::missing_program("docker", None).is_some() {
            assert!(warned(true, true).contains("ops.toml:2:8: warning: the program `docker` was not found in PATH"));
        } else {
            assert!(warned(false, true).contains("write kind = \"compose-v1\""), "{}", warned(false, true));
            assert!(!warned(true, false).contains("warning"), "{}", warned(true, false));
        }
        let (loaded, _) = found(text, None);
        assert!(world::needs_compose(loaded.config.as_ref().unwrap()));
    }

    #[test]
    fn json_has_the_promised_fields() {
        let bad = load::load_text(Path::new("ops.toml"), "[consol]\n");
        let value: serde_json::Value = serde_json::from_str(&report(&bad, &bad.diagnostics, &[]).json()).unwrap();
        let problem = &value["problems"][0];
        assert_eq!(problem["file"], "ops.toml");
        assert_eq!((problem["line"].as_u64(), problem["column"].as_u64()), (Some(1), Some(2)));
        assert_eq!(problem["message"], "unknown section `consol`");
        assert_eq!(problem["hint"], "did you mean `console`?");
        assert!(value.get("live").is_none());
    }
}
