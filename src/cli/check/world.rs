//! What a configuration needs of this machine: directories, programs, secrets, certificates, themes, log files.
//!
//! A theme that does not exist is an error of the file. What may be there on another machine, or later, is a warning:
//! the same file is checked in a pipeline that has neither the programs nor the secrets.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::runbook;
use crate::cli::themes;
use crate::config::Config;
use crate::config::channels::ChannelKind;
use crate::config::kinds::Need;
use crate::config::kinds::command::CommandLine;
use crate::config::load::locate::Locator;
use crate::config::sections::adapter::Adapter;
use crate::config::sections::log::{Log, LogKind};
use crate::config::sections::notify::Channel;
use crate::config::sections::secret::SecretSource;
use crate::config::sections::service::Service;
use crate::config::sections::source::Source;
use crate::config::verb::Verb;
use crate::files;
use crate::lang::diagnostic::{Diagnostic, DiagnosticLevel};
use crate::sources::logs::MAX_FILES;
use crate::sources::logs::scan::once::files_of;
use crate::text::name::Name;

/// Which compose commands of Docker this machine has. `None` where nothing asks for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Compose {
    /// `docker compose`
    pub v2: bool,
    /// `docker-compose`
    pub v1: bool,
}

/// What is missing on this machine, and what a person should know.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// Errors and warnings, each with its place.
    pub problems: Vec<Diagnostic>,
    /// What is right as it is written and does not do all that it seems to on this machine now.
    pub notes: Vec<String>,
}

/// Whether any adapter runs `docker compose` or `docker-compose`.
pub(crate) fn needs_compose(config: &Config) -> bool {
    let asks = |step: &Vec<String>| {
        runs_compose(step) || program_of(step).is_some_and(|(_, program)| program == "docker-compose")
    };
    config.adapters.iter().any(|adapter| used(config, adapter).into_values().flat_map(commands).any(|step| asks(&step)))
}

/// Looks at everything that can be looked at without polling.
pub(crate) fn look(config: &Config, locator: &Locator, compose: Option<Compose>) -> Findings {
    let mut looked = Look { locator, compose, findings: Findings::default(), proven: BTreeSet::new() };
    looked.theme(config);
    for (name, source) in &config.secrets {
        looked.secret(name, source);
    }
    for service in &config.services {
        looked.runbook(config, service);
    }
    for source in &config.sources {
        looked.source(source);
    }
    for log in &config.logs {
        looked.log(log);
    }
    for channel in &config.channels {
        looked.channel(channel);
    }
    for adapter in &config.adapters {
        looked.adapter(config, adapter);
    }
    looked.findings
}

struct Look<'a> {
    locator: &'a Locator,
    compose: Option<Compose>,
    findings: Findings,
    /// Runbooks that were looked at.
    proven: BTreeSet<PathBuf>,
}

impl Look<'_> {
    fn warn(&mut self, path: &[&str], message: String, hint: impl Into<String>) {
        self.note(path, DiagnosticLevel::Warning, message, hint.into());
    }

    fn note(&mut self, path: &[&str], level: DiagnosticLevel, message: String, hint: String) {
        self.findings.problems.push(self.locator.diagnostic(path, level, message, hint));
    }

    fn theme(&mut self, config: &Config) {
        let missing = themes::missing(&themes::catalogue(&config.files), &config.console.theme);
        if let Some((problem, hint)) = missing {
            self.note(&["console", "theme"], DiagnosticLevel::Error, problem, hint);
        }
    }

    fn secret(&mut self, name: &Name, source: &SecretSource) {
        match source {
            SecretSource::Env(variable) => {
                let problem = match std::env::var_os(variable) {
                    None => "is not set",
                    Some(value) if value.is_empty() => "is empty",
                    Some(_) => return,
                };
                let message = format!("secret `{name}`: the environment variable `{variable}` {problem}");
                self.warn(&["secret", name, "env"], message, format!("set {variable} before opsroom starts"));
            }
            SecretSource::File(path) => {
                if let Some(why) = unreadable(path) {
                    let message = format!("secret `{name}`: {} {why}", path.display());
                    self.warn(
                        &["secret", name, "file"],
                        message,
                        "create the file, or correct its path and permissions",
                    );
                }
            }
            SecretSource::Command(argv) => self.program(&["secret", name, "command", "0"], argv, None),
            SecretSource::Inline(_) => {}
        }
    }

    /// A runbook is a file beside the configuration, or an address. Of a file that several services name, what is wrong in
    /// it is said once.
    fn runbook(&mut self, config: &Config, service: &Service) {
        let beside = config.files.first().and_then(|file| file.parent()).unwrap_or(Path::new(""));
        let Some((path, section)) = service.runbook_file(beside) else { return };
        let proof = match runbook::prove(&path, config) {
            Ok(proof) => proof,
            Err(why) => {
                let message = format!("the runbook {} {why}", path.display());
                return self.warn(&["service", &service.name, "runbook"], message, "write it, or correct the path");
            }
        };
        if !proof.has(section) {
            let message = format!("the runbook {} has no heading `#{section}`", path.display());
            let hint = "an anchor is its heading in lower case, blanks as `-`".to_owned();
            self.note(&["service", &service.name, "runbook"], DiagnosticLevel::Error, message, hint);
        }
        if self.proven.insert(path) {
            self.findings.problems.extend(proof.problems);
        }
    }

    fn source(&mut self, source: &Source) {
        let (section, name) = match source.name.strip_prefix("check:") {
            Some(check) => ("check", check),
            None => ("source", &*source.name),
        };
        for need in source.kind.settings().needs() {
            match need {
                Need::Pem(key, path, parts) => self.certificate(&[section, name, key], path, parts),
                Need::Command(line) => self.command(section, name, line),
            }
        }
    }

    fn certificate(&mut self, place: &[&str; 3], path: &Path, parts: &[&[&str]]) {
        let key = place[2];
        if let Some(why) = unreadable(path) {
            let message = format!("`{key}`: {} {why}", path.display());
            self.warn(place, message, "correct the path or the permissions");
            return;
        }
        let text = String::from_utf8_lossy(&beginning(path)).into_owned();
        for words in parts.iter().filter(|words| !words.iter().any(|word| text.contains(word))) {
            let what = words[0].trim_start_matches("BEGIN ").to_lowercase();
            let message = format!("`{key}`: {} holds no {what} in PEM form", path.display());
            self.warn(place, message, "convert it: openssl x509 -in FILE -out FILE.pem");
        }
    }

    fn command(&mut self, section: &str, name: &str, line: &CommandLine) {
        if let Some(directory) = &line.directory {
            self.directory(&[section, name, "directory"], directory);
        }
        if !line.shell {
            let directory = line.directory.clone();
            self.program(&[section, name, "command", "0"], &line.argv, directory.as_deref());
        }
    }

    fn channel(&mut self, channel: &Channel) {
        if let ChannelKind::Command(command) = &channel.kind {
            self.command("notify", &channel.name, &command.line);
        }
        if let Some(path) = &channel.template
            && let Some(why) = unreadable(path)
        {
            let message = format!("`template`: {} {why}", path.display());
            self.warn(&["notify", &channel.name, "template"], message, "correct the path or the permissions");
        }
    }

    fn directory(&mut self, path: &[&str], directory: &Path) {
        if directory.is_dir() {
            return;
        }
        let problem = if directory.exists() { "is not a directory" } else { "does not exist" };
        self.warn(path, format!("the directory {} {problem}", directory.display()), "create it, or correct the path");
    }

    fn log(&mut self, log: &Log) {
        let LogKind::File(pattern) = &log.kind else {
            if let LogKind::Command(line) = &log.kind {
                self.command("log", &log.name, line);
            }
            return;
        };
        let files = files_of(log);
        let there: Vec<&PathBuf> = files.iter().filter(|path| path.exists()).collect();
        if there.is_empty() {
            self.findings.notes.push(format!(
                "log {}: nothing matches {} now; it is followed as soon as it appears\nhint: correct the path if it should exist",
                log.name,
                pattern.display()
            ));
        }
        for path in there {
            if let Some(why) = unreadable(path) {
                let message = format!("log `{}`: {} {why}", log.name, path.display());
                self.warn(
                    &["log", &log.name, "file"],
                    message,
                    "correct its permissions, or add yourself to its group",
                );
                break;
            }
        }
        if files.len() > MAX_FILES {
            self.findings.notes.push(format!(
                "log {}: {} matches {} files now; the {MAX_FILES} that were written last are followed\n\
                 hint: name them more closely, or make several logs of them",
                log.name,
                pattern.display(),
                files.len()
            ));
        }
    }

    fn adapter(&mut self, config: &Config, adapter: &Adapter) {
        let name: &str = &adapter.name;
        self.directory(&["adapter", name, "directory"], &adapter.directory);
        let mut seen = BTreeSet::new();
        for (verb_name, verb) in used(config, adapter) {
            for step in commands(verb) {
                let Some((_, program)) = program_of(&step) else { continue };
                let compose = runs_compose(&step);
                if !seen.insert((program.to_owned(), compose)) {
                    continue;
                }
                // A verb of the kind is written nowhere in the file; its kind is.
                let own = [["adapter", name, verb_name, "steps"], ["adapter", name, "kind", ""]];
                let path = if adapter.kind == "custom" { &own[0][..] } else { &own[1][..3] };
                if self.program_is_missing(path, &step, Some(&adapter.directory)) {
                    continue;
                }
                if let (true, Some(Compose { v2: false, v1 })) = (compose, self.compose) {
                    let hint = if v1 {
                        "this machine has docker-compose (v1): write kind = \"compose-v1\""
                    } else {
                        "install the compose plugin of Docker"
                    };
                    self.warn(path, "`docker compose` (v2) does not work on this machine".to_owned(), hint);
                }
            }
        }
    }

    fn program(&mut self, path: &[&str], argv: &[String], directory: Option<&Path>) {
        self.program_is_missing(path, argv, directory);
    }

    /// Warns of a program that is missing; true if it is.
    fn program_is_missing(&mut self, path: &[&str], argv: &[String], directory: Option<&Path>) -> bool {
        let Some((_, program)) = program_of(argv) else { return false };
        let Some(why) = missing_program(program, directory) else { return false };
        let hint = match self.compose {
            Some(Compose { v2: true, .. }) if program == "docker-compose" => {
                "this machine has `docker compose` (v2): write kind = \"compose\""
            }
            _ if why.contains("executable") => "make it executable: chmod +x",
            _ if program.contains('/') => "correct the path; it is relative to the directory in which the command runs",
            _ => "install it, or write its full path",
        };
        self.warn(path, why, hint);
        true
    }
}

/// The verbs of an adapter that actions use; all of them where none does.
fn used<'a>(config: &'a Config, adapter: &'a Adapter) -> BTreeMap<&'a str, &'a Verb> {
    let of = |verb: &Name| config.actions.iter().any(|action| action.adapter == adapter.name && action.verb == *verb);
    let any = config.actions.iter().any(|action| action.adapter == adapter.name);
    adapter.verbs.iter().filter(|(name, _)| !any || of(name)).map(|(name, verb)| (&**name, verb)).collect()
}

/// Every argv of a verb; none of one that is shell scripts.
fn commands(verb: &Verb) -> Vec<Vec<String>> {
    if verb.shell {
        return verb.choices.values().cloned().collect();
    }
    verb.steps.iter().chain(verb.dry_run.iter().flatten()).chain(verb.choices.values()).cloned().collect()
}

/// The program of an argv, and at which word it stands: behind `env NAME=VALUE`. `None` where it is a variable.
fn program_of(argv: &[String]) -> Option<(usize, &str)> {
    let behind_env = argv.first().is_some_and(|first| first == "env");
    let at = if behind_env { 1 + argv[1..].iter().position(|word| !word.contains('='))? } else { 0 };
    let program = argv.get(at)?;
    (!program.contains('{')).then_some((at, program.as_str()))
}

fn runs_compose(argv: &[String]) -> bool {
    program_of(argv)
        .is_some_and(|(at, program)| program == "docker" && argv.get(at + 1).is_some_and(|w| w == "compose"))
}

/// Why a program can't be run: looked for as the system does, from the directory in which it would run.
pub(crate) fn missing_program(program: &str, directory: Option<&Path>) -> Option<String> {
    if program.contains('/') {
        let path = directory.map_or_else(|| PathBuf::from(program), |directory| directory.join(program));
        return match path.metadata() {
            Err(_) => Some(format!("the program {} does not exist", path.display())),
            Ok(_) if is_executable(&path) => None,
            Ok(_) => Some(format!("{} is not executable", path.display())),
        };
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|directory| is_executable(&directory.join(program)));
    (!found).then(|| format!("the program `{program}` was not found in PATH"))
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// Why a file can't be read.
pub(crate) fn unreadable(path: &Path) -> Option<String> {
    match files::bounded::open(path) {
        Ok(file) if file.metadata().is_ok_and(|metadata| metadata.is_dir()) => Some("is a directory".to_owned()),
        Ok(_) => None,
        Err(error) => Some(match error.kind() {
            std::io::ErrorKind::NotFound => "does not exist".to_owned(),
            std::io::ErrorKind::PermissionDenied => "can't be read: permission denied".to_owned(),
            _ => format!("can't be read: {error}"),
        }),
    }
}

/// The beginning of a file: certificates are small.
fn beginning(path: &Path) -> Vec<u8> {
    use std::io::Read;
    const MOST: u64 = 1 << 20;
    let mut bytes = Vec::new();
    if let Ok(file) = files::bounded::open(path) {
        // What can't be read has been said.
        let _ = file.take(MOST).read_to_end(&mut bytes);
    }
    bytes
}
