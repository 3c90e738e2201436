//! `opsroom logs`: merged logs on stdout.

mod print;

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::print::{Form, Printer};
use super::output::{self, exit};
use super::{Global, configuration};
use crate::config::Config;
use crate::config::sections::log::{Log, LogKind};
use crate::model::filter::Filter;
use crate::model::message::Observation;
use crate::model::record::{LogState, Record, RecordKind};
use crate::model::redact::Redactor;
use crate::model::secret::Secrets;
use crate::model::text::SafeText;
use crate::runtime::secrets;
use crate::sources::Context;
use crate::sources::tail::history::History;
use crate::sources::tail::once::{Records, files_of};
use crate::sources::tail::start::Start;
use crate::sources::tail::{self, Resume};

/// Lines of each configured log where nothing else is said.
const LAST_LINES: usize = 1000;
/// What comes together within this time is printed in the order of time.
const GATHER: Duration = Duration::from_millis(200);
/// Without `--follow` a command has this long to say something more.
const SILENCE: Duration = Duration::from_millis(1500);

/// Arguments of `opsroom logs`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Logs of the configuration, files, or `-` for stdin; without any, all logs of the configuration
    #[arg(value_name = "NAME|FILE|-")]
    names: Vec<String>,
    /// Only what passes: words, "phrases", /regex/, field:value, field>number, level>=warn, -not, or, ( )
    #[arg(long, short = 'F', value_name = "EXPR", default_value = "")]
    filter: String,
    /// Only what was written since: 10m, 1h30m, 2d, or a time
    #[arg(long, short, value_name = "TIME")]
    since: Option<String>,
    /// Only what was written before: a time, or 10m for ten minutes ago
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Go on as more is written
    #[arg(long, short)]
    follow: bool,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// What is asked for, understood.
struct Request {
    logs: Vec<Log>,
    /// How many of them the command line names as files; they are the last.
    files: usize,
    stdin: bool,
    secrets: Arc<Secrets>,
    filter: Filter,
    since: Option<chrono::DateTime<chrono::Utc>>,
}

/// Prints logs; see [`Arguments`].
pub fn run(arguments: &Arguments, global: &Global) -> u8 {
    let request = match understand(arguments, global) {
        Ok(request) => request,
        Err(code) => return code,
    };
    let colour =
        io::stdout().is_terminal() && !global.no_color && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
    let form = if arguments.json { Form::Json } else { Form::Text { colour, log: request.logs.len() > 1 } };
    let live = arguments.follow && !request.stdin;
    let mut printer = Printer::new(form, request.filter.clone(), live);
    let result = if live { follow(&request, global, &mut printer) } else { read_once(&request, global, &mut printer) };
    match result.and_then(|failed| printer.flush().map(|()| failed)) {
        Ok(false) => exit::OK,
        Ok(true) => exit::UNKNOWN,
        Err(why) if why.kind() == io::ErrorKind::BrokenPipe => exit::OK,
        Err(why) => output::fail(exit::SOFTWARE, &format!("the output can't be written: {why}"), ""),
    }
}

fn understand(arguments: &Arguments, global: &Global) -> Result<Request, u8> {
    let now = global.clock.now().utc;
    let filter = parse(&arguments.filter, 0)?;
    let since = arguments.since.as_deref().map(|text| parse(&format!("since:{text}"), 6)).transpose()?;
    let until = arguments.until.as_deref().map(|text| parse(&format!("until:{text}"), 6)).transpose()?;
    let bound = since.as_ref().and_then(|since| since.anchored(now).since());
    let filter = [since, until].into_iter().flatten().fold(filter, |filter, more| filter.and(&more)).anchored(now);
    let stdin = arguments.names.iter().any(|name| name == "-");
    if stdin && arguments.follow && arguments.names.len() > 1 {
        return Err(output::fail(
            exit::USAGE,
            "stdin can't be followed together with other logs",
            "leave `--follow` or `-` out",
        ));
    }
    let known = arguments.names.iter().all(|name| name == "-" || Path::new(name).exists());
    let configured =
        if arguments.names.is_empty() || !known { Some(configuration::find(global)?.config) } else { None };
    let (mut logs, mut files) = (Vec::new(), Vec::new());
    if let (true, Some(config)) = (arguments.names.is_empty(), &configured) {
        logs.clone_from(&config.logs);
    }
    for name in arguments.names.iter().filter(|name| *name != "-") {
        let log = configured.as_ref().and_then(|config| config.logs.iter().find(|log| *log.name == **name).cloned());
        match log {
            Some(log) => logs.push(log),
            None if Path::new(name).exists() => files.push(of_file(name)),
            None => return Err(unknown(name, configured.as_deref())),
        }
    }
    let secrets = configured.map_or_else(|| Ok(Arc::default()), |config| resolve(&config))?;
    let count = files.len();
    logs.append(&mut files);
    Ok(Request { logs, files: count, stdin, secrets, filter, since: bound })
}

fn resolve(config: &Config) -> Result<Arc<Secrets>, u8> {
    let resolved = output::block_on(secrets::resolve(&config.secrets));
    let (secrets, missing) = resolved.map_err(|why| output::fail(exit::SOFTWARE, &format!("no threads: {why}"), ""))?;
    for (name, why) in missing {
        output::complain(&format!("warning: secret {name}: {why}\n"));
    }
    Ok(Arc::new(secrets))
}

fn parse(text: &str, shift: usize) -> Result<Filter, u8> {
    Filter::parse(text).map_err(|problem| {
        let caret = " ".repeat(problem.offset.saturating_sub(shift));
        let shown: String = text.chars().skip(shift).collect();
        let words = format!("{}\n  {shown}\n  {caret}^", problem.message);
        output::fail(exit::USAGE, &words, problem.hint.as_deref().unwrap_or_default())
    })
}

fn unknown(name: &str, config: Option<&Config>) -> u8 {
    let names = config.map(|config| config.logs.iter().map(|log| &*log.name).collect::<Vec<_>>()).unwrap_or_default();
    let nearest = names.iter().min_by_key(|known| strsim::levenshtein(known, name));
    let hint = match nearest {
        Some(known) if strsim::levenshtein(known, name) <= 2 => format!("did you mean `{known}`?"),
        Some(_) => format!("the logs are {}", names.join(", ")),
        None => "the configuration has no logs".to_owned(),
    };
    output::fail(exit::USAGE, &format!("there is no log and no file called `{name}`"), &hint)
}

/// A file that no configuration names.
fn of_file(name: &str) -> Log {
    let path = PathBuf::from(name);
    let short = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let name = SafeText::new(&short).as_str().into();
    Log::of_file(name, path)
}

/// Reads everything once and prints it in the order of time; true where something could not be read.
fn read_once(request: &Request, global: &Global, printer: &mut Printer) -> io::Result<bool> {
    let redactor = Redactor::from(&*request.secrets);
    let configured = request.logs.len() - request.files;
    let mut failed = false;
    let mut sources: Vec<Source> = Vec::new();
    for (index, log) in request.logs.iter().enumerate() {
        let named = index < configured;
        let start = match (request.since, log.since) {
            (Some(since), _) => Start::Since(since),
            (None, Some(back)) => {
                Start::Since(global.clock.now().utc - chrono::Duration::from_std(back).unwrap_or_default())
            }
            (None, None) if named => Start::Last(LAST_LINES),
            (None, None) => Start::Beginning,
        };
        if let (true, Start::Since(since)) = (named, start) {
            let history = History::of_rotated(log, since, redactor.clone(), global.clock)?;
            sources.push(Source::new(Box::new(history)));
        }
        for path in files_of(log) {
            match Records::of_file(&path, log, start, redactor.clone(), global.clock) {
                Ok(records) => sources.push(Source::new(Box::new(records))),
                Err(why) => {
                    output::complain(&format!("error: {}: {why}\n", path.display()));
                    failed = true;
                }
            }
        }
    }
    let commands: Vec<Log> =
        request.logs.iter().filter(|log| matches!(log.kind, LogKind::Command(_))).cloned().collect();
    if !commands.is_empty() {
        let (records, broken) = ask_commands(request, global, commands)?;
        failed |= broken;
        sources.push(Source::new(Box::new(records.into_iter().map(Ok))));
    }
    if request.stdin {
        let mut log = of_file("stdin");
        log.kind = LogKind::File(PathBuf::new());
        let records = Records::of(Box::new(io::stdin()), &log, redactor, global.clock)?;
        if sources.is_empty() {
            return print_stream(records, printer);
        }
        sources.push(Source::new(Box::new(records)));
    }
    merge(sources, printer).map(|broken| failed | broken)
}

/// Prints a single stream, each part as soon as it comes.
fn print_stream(mut records: Records, printer: &mut Printer) -> io::Result<bool> {
    loop {
        if records.must_read() {
            printer.flush()?;
        }
        match records.next() {
            Some(Ok(record)) => printer.print(&record)?,
            Some(Err(why)) => {
                output::complain(&format!("error: {why}\n"));
                return Ok(true);
            }
            None => return Ok(false),
        }
    }
}

/// One input of the merge: the next record is looked at before it is taken.
struct Source {
    records: Box<dyn Iterator<Item = io::Result<Record>>>,
    next: Option<Record>,
    at: chrono::DateTime<chrono::Utc>,
    failed: bool,
}

impl Source {
    fn new(records: Box<dyn Iterator<Item = io::Result<Record>>>) -> Self {
        let mut source = Self { records, next: None, at: chrono::DateTime::UNIX_EPOCH, failed: false };
        source.advance();
        source
    }

    /// A line without a time goes with the one above it; the order of one log is never changed.
    fn advance(&mut self) -> Option<Record> {
        let taken = self.next.take();
        for record in self.records.by_ref() {
            match record {
                Ok(record) => {
                    self.at = record.time.map_or(self.at, |time| time.max(self.at));
                    self.next = Some(record);
                    break;
                }
                // What one file does not give, the next one may.
                Err(why) => {
                    output::complain(&format!("error: {why}\n"));
                    self.failed = true;
                }
            }
        }
        taken
    }
}

fn merge(mut sources: Vec<Source>, printer: &mut Printer) -> io::Result<bool> {
    while let Some(source) = sources.iter_mut().filter(|source| source.next.is_some()).min_by_key(|source| source.at) {
        if let Some(record) = source.advance() {
            printer.print(&record)?;
        }
    }
    Ok(sources.iter().any(|source| source.failed))
}

fn context(request: &Request, global: &Global, logs: Vec<Log>) -> (Context, mpsc::Receiver<Observation>) {
    let (out, observations) = mpsc::channel(64);
    let context = Context {
        config: Arc::new(Config { logs, ..Config::default() }),
        secrets: Arc::clone(&request.secrets),
        clock: global.clock,
        out,
        cancel: CancellationToken::new(),
    };
    (context, observations)
}

/// Runs commands until they have ended or say no more; true where one could not be run.
fn ask_commands(request: &Request, global: &Global, logs: Vec<Log>) -> io::Result<(Vec<Record>, bool)> {
    let mut running = logs.len();
    output::block_on(async {
        let (context, mut observations) = context(request, global, logs);
        let cancel = context.cancel.clone();
        let mut records = Vec::new();
        let mut failed = false;
        let gather = async {
            while running > 0 {
                let Ok(Some(observation)) = tokio::time::timeout(SILENCE, observations.recv()).await else { break };
                match observation {
                    Observation::Records { batch, .. } => {
                        records.extend(batch.records.into_iter().filter(|record| record.kind == RecordKind::Line));
                    }
                    Observation::LogState { state: LogState::Restarting(_), .. } => running -= 1,
                    Observation::LogState { log, state: LogState::Failed(why) } => {
                        output::complain(&format!("error: log {log}: {why}\n"));
                        failed = true;
                        running -= 1;
                    }
                    _ => {}
                }
            }
            cancel.cancel();
            // What is on its way still comes.
            while let Ok(Observation::Records { batch, .. }) = observations.try_recv() {
                records.extend(batch.records.into_iter().filter(|record| record.kind == RecordKind::Line));
            }
            observations.close();
        };
        tokio::join!(tail::run(context, Resume::default()), gather);
        (records, failed)
    })
}

/// Prints what is there and what comes, until interrupted or until nobody reads it.
fn follow(request: &Request, global: &Global, printer: &mut Printer) -> io::Result<bool> {
    let mut logs = request.logs.clone();
    if let Some(since) = request.since {
        let back = (global.clock.now().utc - since).to_std().unwrap_or_default();
        for log in &mut logs {
            log.since = Some(back);
        }
    }
    let outcome = output::block_on(async {
        let (context, mut observations) = context(request, global, logs);
        let cancel = context.cancel.clone();
        let printing = async {
            let result = print_live(&mut observations, printer).await;
            cancel.cancel();
            observations.close();
            result
        };
        let stop = async {
            tokio::select! {
                () = interrupted() => cancel.cancel(),
                () = cancel.cancelled() => {}
            }
        };
        tokio::join!(tail::run(context, Resume::default()), printing, stop).1
    })?;
    outcome.map(|()| false)
}

/// Ctrl-C or TERM: the commands that are followed are ended before we go.
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

async fn print_live(observations: &mut mpsc::Receiver<Observation>, printer: &mut Printer) -> io::Result<()> {
    let mut gathered: Vec<Record> = Vec::new();
    loop {
        let Some(first) = observations.recv().await else { return Ok(()) };
        let mut next = Some(first);
        let window = tokio::time::sleep(GATHER);
        tokio::pin!(window);
        while let Some(observation) = next {
            match observation {
                Observation::Records { batch, .. } => {
                    gathered.extend(batch.records.into_iter().filter(|record| record.kind != RecordKind::Partial));
                }
                Observation::LogState { log, state: LogState::Failed(why) | LogState::Waiting(why) } => {
                    output::complain(&format!("warning: log {log}: {why}\n"));
                }
                Observation::Warning { name, text } => output::complain(&format!("warning: log {name}: {text}\n")),
                _ => {}
            }
            next = tokio::select! {
                biased;
                () = &mut window => None,
                more = observations.recv() => more,
            };
        }
        gathered.sort_by_key(Record::at);
        for record in gathered.drain(..) {
            printer.print(&record)?;
        }
        printer.flush()?;
    }
}
