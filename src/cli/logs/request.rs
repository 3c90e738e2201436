//! What is asked for, understood.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::lang::tz::Tz;
use chrono::{DateTime, Utc};

use super::bounds::Bounds;
use super::summary::SummaryKind;
use super::{Arguments, names};
use crate::cli::output::{self, exit};
use crate::cli::{Global, configuration};
use crate::config::sections::log::{Log, LogKind};
use crate::config::{Config, load};
use crate::lang::nearest::did_you_mean;
use crate::logs::filter::Filter;
use crate::runtime::secrets;
use crate::text::SafeText;
use crate::text::name::Name;
use crate::text::secret::Secrets;

/// What is asked for.
pub(crate) struct Request {
    /// The logs, those of the configuration first.
    pub logs: Vec<Log>,
    /// How many of them the command line names as files; they are the last.
    pub files: usize,
    /// Whether stdin is read too.
    pub stdin: bool,
    /// Whether to go on as more is written.
    pub follow: bool,
    /// What must not be printed.
    pub secrets: Arc<Secrets>,
    /// Which records are wanted.
    pub filter: Filter,
    /// `--since` and `--until`: records outside are not shown around others either.
    pub bounds: Bounds,
    /// Where to begin.
    pub since: Option<DateTime<Utc>>,
    /// Where to end.
    pub until: Option<DateTime<Utc>>,
    /// What to print.
    pub output: PrintMode,
}

impl Request {
    /// Whether records are printed as they are written, so that one may grow after it was printed.
    pub(crate) fn is_live(&self) -> bool {
        let is_pipe = |log: &Log| matches!(&log.kind, LogKind::File(path) if is_pipe(path));
        self.follow || self.stdin || self.logs.iter().any(is_pipe)
    }

    /// Whether only some of the records are asked for.
    pub(crate) fn selects(&self) -> bool {
        !self.filter.is_everything() || self.since.is_some() || self.until.is_some()
    }
}

pub(crate) enum PrintMode {
    Records {
        json: bool,
        /// Records before and after each that passes.
        context: usize,
    },
    /// What is counted in them.
    Summary {
        /// What to count.
        kind: SummaryKind,
        json: bool,
        /// Rows at most.
        limit: usize,
    },
}

fn output(arguments: &Arguments) -> PrintMode {
    let rows = |rows| arguments.limit.map_or(rows, |limit| limit as usize);
    let json = arguments.json;
    let summary = |kind, limit| PrintMode::Summary { kind, json, limit };
    match (&arguments.top, &arguments.of) {
        (Some(by), Some(of)) => summary(SummaryKind::Grouped { of: of.clone(), by: by.clone() }, rows(20)),
        (Some(field), None) => summary(SummaryKind::Top(field.clone()), rows(20)),
        _ if arguments.count => summary(SummaryKind::Count, 1),
        _ if arguments.patterns => summary(SummaryKind::Patterns, rows(20)),
        _ if arguments.histogram => summary(SummaryKind::Histogram, rows(40)),
        _ => PrintMode::Records { json, context: arguments.context },
    }
}

/// Understands the command line.
///
/// # Errors
/// The exit code, when what is wrong was said.
pub(crate) fn understand(arguments: &Arguments, global: &Global) -> Result<Request, u8> {
    let now = global.clock.now().utc;
    let filter = parse(&arguments.filter, 0)?;
    let since = arguments.since.as_deref().map(parse_since).transpose()?;
    let until = arguments.until.as_deref().map(|text| parse(&format!("until:{text}"), 6)).transpose()?;
    let output = output(arguments);
    let stdin = arguments.names.iter().any(|name| name == "-");
    if stdin && arguments.follow && arguments.names.len() > 1 {
        return Err(output::fail(
            exit::USAGE,
            "stdin can't be followed together with other logs",
            "leave `--follow` or `-` out",
        ));
    }
    if arguments.follow && matches!(output, PrintMode::Summary { .. }) {
        return Err(output::fail(
            exit::USAGE,
            "`--follow` can't be combined with a count: a followed log has no end",
            "leave `--follow` out; the logs screen of the console counts as lines come",
        ));
    }
    let configured = configured(arguments, global)?;
    // A time of day is that of the console, where one is configured.
    let zone = configured.as_ref().map_or(Tz::UTC, |config| config.console.timezone);
    let filter = filter.anchored(now, zone);
    let bound = since.as_ref().and_then(|since| since.anchored(now, zone).since());
    // A time of day is the end that follows the beginning: across midnight too.
    let window = until.as_ref().map(|until| since.as_ref().map_or_else(|| until.clone(), |since| since.and(until)));
    let end = window.and_then(|window| window.anchored(now, zone).until());
    let (mut logs, mut files) = (Vec::new(), Vec::new());
    if let (true, Some(config)) = (arguments.names.is_empty(), &configured) {
        logs.clone_from(&config.logs);
    }
    for name in arguments.names.iter().filter(|name| *name != "-") {
        let log = configured.as_ref().and_then(|config| config.logs.iter().find(|log| *log.name == **name).cloned());
        match log {
            Some(log) => logs.push(log),
            None if Path::new(name).exists() => files.push(PathBuf::from(name)),
            None => return Err(unknown(name, configured.as_deref())),
        }
    }
    let secrets = configured.map_or_else(|| Ok(Arc::default()), |config| resolve(&config))?;
    let count = files.len();
    let named = names::distinct(&files.iter().map(PathBuf::as_path).collect::<Vec<_>>());
    logs.extend(named.iter().zip(files).map(|(name, path)| of_file(SafeText::new(name).as_str().into(), path)));
    let follow = arguments.follow && !stdin;
    // A command is asked for what it says; it begins where it begins.
    let dated = |log: &&Log| log.since.is_some() && matches!(log.kind, LogKind::File(_));
    let own = logs.iter().filter(dated).map(|log| log.name.clone()).collect();
    let bounds = Bounds::new(bound, end, own, follow);
    Ok(Request { logs, files: count, stdin, follow, secrets, filter, bounds, since: bound, until: end, output })
}

/// The configuration, where it is needed to know what is meant.
fn configured(arguments: &Arguments, global: &Global) -> Result<Option<Arc<Config>>, u8> {
    let names = &arguments.names;
    let missing = names.iter().find(|name| *name != "-" && !Path::new(name).exists());
    if missing.is_none() && !names.is_empty() {
        return Ok(None);
    }
    if load::find(global.config.as_deref()).is_none() {
        return Err(match missing {
            Some(name) => unknown(name, None),
            None => output::fail(
                exit::CONFIG,
                "no logs named and no configuration found",
                "use `opsroom logs FILE…` or `opsroom logs -` for stdin",
            ),
        });
    }
    Ok(Some(configuration::find(global)?.config))
}

fn resolve(config: &Config) -> Result<Arc<Secrets>, u8> {
    let resolved = output::block_on(secrets::resolve(&config.secrets));
    let (secrets, missing) = resolved.map_err(|why| output::fail(exit::SOFTWARE, &format!("no threads: {why}"), ""))?;
    for (name, why) in missing {
        output::eprint_error(&format!("warning: secret {name}: {why}\n"));
    }
    Ok(Arc::new(secrets))
}

fn parse_since(text: &str) -> Result<Filter, u8> {
    parse(&format!("since:{text}"), 6)
}

/// The moment that `--since` means, in UTC where it is a time of day.
///
/// # Errors
/// The exit code, when what is wrong was said.
pub(crate) fn since(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, u8> {
    let since = parse_since(text)?.anchored(now, Tz::UTC).since();
    let hint = "write 10m, 2h, 1d or 2026-11-21T10:00:00Z";
    since.ok_or_else(|| output::fail(exit::USAGE, &format!("`{text}` is not a valid time"), hint))
}

fn parse(text: &str, shift: usize) -> Result<Filter, u8> {
    Filter::parse(text).map_err(|problem| {
        let caret = " ".repeat(problem.offset.saturating_sub(shift));
        let shown: String = text.chars().skip(shift).collect();
        let below = [&*shown, &*format!("{caret}^")];
        output::fail_showing(exit::USAGE, &problem.message, below, problem.hint.as_deref().unwrap_or_default())
    })
}

fn unknown(name: &str, config: Option<&Config>) -> u8 {
    let names = config.map(|config| config.logs.iter().map(|log| &*log.name).collect::<Vec<_>>()).unwrap_or_default();
    let nearest = names.iter().min_by_key(|known| strsim::levenshtein(known, name));
    let hint = match nearest {
        Some(known) if strsim::levenshtein(known, name) <= 2 => did_you_mean(known),
        Some(_) => format!("the logs are {}", names.join(", ")),
        None if config.is_some() => "the configuration has no logs".to_owned(),
        None => "name a file, `-` for stdin, or a log of the configuration (none found here)".to_owned(),
    };
    output::fail(exit::USAGE, &format!("no log and no file named `{name}`"), &hint)
}

/// A file that no configuration names.
pub(crate) fn of_file(name: Name, path: PathBuf) -> Log {
    Log::of_file(name, path)
}

/// Whether a path leads to something that can be read only as it comes: a named pipe, a device.
pub(crate) fn is_pipe(path: &Path) -> bool {
    path.metadata().is_ok_and(|meta| !meta.is_file() && !meta.is_dir())
}
