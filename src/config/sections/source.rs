//! `[source.NAME]`: how a document is got, and how often.

mod command;
mod request;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub(super) use self::command::{command_line, environment};
pub(super) use self::request::inline_token;
use self::request::request;
use crate::config::Config;
use crate::config::changes::{Fact, compare, hidden, summary};
use crate::config::reader::Table;
use crate::config::reader::Thing;
use crate::config::sections::console::host_and_port;
use crate::config::sections::defaults::Defaults;
use crate::config::spec;
use crate::config::spec::SectionSpec;
use crate::config::spec::{KeySpec, Kind, joined, key, later};
use crate::lang::unit;
use crate::lang::unit::duration as shown;
use crate::model::document::Shape;
use crate::text::name::Name;
use crate::text::secret::Template;

/// A polled source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Its name; `check:NAME` for the source of a check that names its own.
    pub name: Name,
    /// What is polled.
    pub kind: SourceKind,
    /// Start to start. Default 15 s (60 s for commands).
    pub every: Duration,
    /// Longest time for the whole poll. Default 5 s (10 s HTTP, 30 s commands), never more than `every`.
    pub timeout: Duration,
    /// `keep_warm`: poll at least this often though nothing else needs it. `None` where not asked for.
    pub keep_warm: Option<Duration>,
    /// `cold_start`: a first answer after idleness may take this long; also the timeout of that poll.
    pub cold_start: Option<Duration>,
}

/// What is polled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SourceKind {
    /// `http = URL`
    Http(Box<HttpRequest>),
    /// `exposition = URL`: Prometheus text or OpenMetrics.
    Exposition(Box<HttpRequest>),
    /// `command = [...]`
    Command(CommandLine),
    /// `tcp = "HOST:PORT"` (checks only).
    Tcp {
        /// Host name or address.
        host: String,
        /// Port.
        port: u16,
    },
}

impl SourceKind {
    /// What its documents look like.
    pub(crate) const fn shape(&self) -> Shape {
        match self {
            Self::Http(_) => Shape::Http,
            Self::Exposition(_) => Shape::Exposition,
            Self::Command(_) => Shape::Command,
            Self::Tcp { .. } => Shape::Tcp,
        }
    }
}

impl Source {
    /// The names of the secrets that it is polled with.
    pub(crate) fn secrets(&self) -> BTreeSet<&str> {
        let texts: Vec<&Template> = match &self.kind {
            SourceKind::Http(request) | SourceKind::Exposition(request) => request.templates().collect(),
            SourceKind::Command(line) => line.env.iter().map(|(_, value)| value).collect(),
            SourceKind::Tcp { .. } => Vec::new(),
        };
        texts.into_iter().flat_map(Template::secrets).collect()
    }
}

/// An HTTP request as configured. Texts may hold `{secret:NAME}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpRequest {
    /// The URL, `http` or `https`.
    pub url: Template,
    /// `method`, default GET.
    pub method: String,
    /// `headers`, in order.
    pub headers: Vec<(String, Template)>,
    /// `body`.
    pub body: Option<Template>,
    /// `proxy = URL`; `None` follows the environment, `Some("")` means none.
    pub proxy: Option<Template>,
    /// `ca = FILE`: PEM with certificates of authorities or of servers, trusted in addition to the system's.
    pub ca: Option<PathBuf>,
    /// `client_cert = FILE`: PEM with certificate and key.
    pub client_cert: Option<PathBuf>,
    /// `insecure = true`: certificates are not checked; shown as a warning on the screen.
    pub insecure: bool,
    /// `redirects`: at most so many are followed. Default 10; 0 takes the redirect itself as the answer.
    pub redirects: usize,
    /// `max_body`: bytes. Default 1 MiB.
    pub max_body: usize,
    /// `keep_alive`: whether polls share a connection. `None`: only where no check judges the source.
    pub keep_alive: Option<bool>,
}

impl HttpRequest {
    /// Every text in which secrets may be named.
    pub(crate) fn templates(&self) -> impl Iterator<Item = &Template> {
        let headers = self.headers.iter().map(|(_, value)| value);
        headers.chain([&self.url]).chain(&self.body).chain(&self.proxy)
    }
}

/// A command: argv, never a shell unless `shell = true`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CommandLine {
    /// Program and arguments. With `shell`, one element: the script.
    pub argv: Vec<String>,
    /// `shell = true`: run by `/bin/sh -c`.
    pub shell: bool,
    /// `directory`.
    pub directory: Option<PathBuf>,
    /// `env`: added to the cleaned environment.
    pub env: Vec<(String, Template)>,
}

/// The kinds of sources of later versions.
pub(super) const LATER: &[KeySpec] = &[
    later("prometheus", "PromQL sources come later; `exposition` reads /metrics pages now"),
    later("postgres", "PostgreSQL sources come later; a `command` source can ask psql now"),
    later("redis", "Redis sources come later; a `command` source can ask redis-cli now"),
    later("docker", "Docker sources come later; a `command` source can ask docker now"),
    later("preset", "presets of services come later; `http` reads their APIs now"),
    later("host", "hosts reached with SSH come later; `command = [\"ssh\", \"HOST\", …]` works now"),
];

/// When it is polled.
pub(super) const POLL_KEYS: &[KeySpec] = &[
    key("every", Kind::Duration, "Interval from start to start. Default 15s, 60s for commands"),
    key(
        "timeout",
        Kind::Duration,
        "Longest time for the whole poll. Default 10s for HTTP, 30s for commands, 5s for TCP; at most `every`",
    ),
    key("keep_warm", Kind::Duration, "Poll at least this often, so that the service does not fall asleep"),
    key("cold_start", Kind::Duration, "A first answer after idleness may take this long"),
];

/// How it is asked over HTTP.
pub(super) const REQUEST_KEYS: &[KeySpec] = &[
    key("method", Kind::Text, "Default GET"),
    key("headers", Kind::TextMap, "Request headers; values may hold {secret:NAME}"),
    key("body", Kind::Text, "Request body; may hold {secret:NAME}"),
    key("proxy", Kind::Text, "Proxy URL; empty for none. Default: from the environment"),
    key(
        "ca",
        Kind::Text,
        "PEM file of certificates to trust beside the system's: of authorities, or of the server itself",
    ),
    key("client_cert", Kind::Text, "PEM file with certificate and key"),
    key("insecure", Kind::Flag, "Do not check certificates"),
    key("redirects", Kind::Whole(0, 50), "How many are followed. Default 10; 0 takes the redirect as the answer"),
    key("max_body", Kind::Size, "Bytes of the body that are read. Default 1MiB"),
    key(
        "keep_alive",
        Kind::Flag,
        "Keep the connection from poll to poll. Default: a check opens a new one for every poll, a source without checks keeps its own",
    ),
];

/// How a command is run.
pub(super) const COMMAND_KEYS: &[KeySpec] = &[
    key("shell", Kind::Flag, "Run the command, then one text, by /bin/sh -c"),
    key("directory", Kind::Text, "Working directory. Default: where this file is"),
    key("env", Kind::TextMap, "Added to the cleaned environment; values may hold {secret:NAME}"),
];

const OWN_KEYS: &[KeySpec] = &[
    key("http", Kind::Text, "URL"),
    key("exposition", Kind::Text, "URL of a Prometheus text or OpenMetrics page"),
    key("command", Kind::Command, "Program and arguments; what it prints is the document"),
];

/// The keys of a source.
pub(crate) const KEYS: &[KeySpec] = &joined::<
    { OWN_KEYS.len() + POLL_KEYS.len() + REQUEST_KEYS.len() + COMMAND_KEYS.len() + LATER.len() },
>(&[OWN_KEYS, POLL_KEYS, REQUEST_KEYS, COMMAND_KEYS, LATER]);

/// The section.
pub(crate) const SECTION: SectionSpec = SectionSpec {
    name: "source",
    shape: spec::Shape::Named(KEYS),
    thing: Some(Thing::Source),
    help: "Where a document is fetched from, and how often",
    read: |reader, draft| {
        let tables = reader.named(&SECTION);
        draft.config.sources = tables.iter().filter_map(|table| read(table, &draft.defaults)).collect();
    },
    changes: differences,
};

/// Reads a source.
pub(crate) fn read(table: &Table<'_>, defaults: &Defaults) -> Option<Source> {
    let timing = Timing::read(table, defaults);
    let kind = read_kind(table, &["http", "exposition", "command"])?;
    Some(timing.source(Name::from(table.name), kind))
}

/// The one key of `kinds` that is there; notes the problem where there is none, or more than one.
pub(super) fn only_one(table: &Table<'_>, kinds: &[&'static str], what: &str) -> Option<&'static str> {
    let given: Vec<&'static str> = kinds.iter().copied().filter(|kind| table.has(kind)).collect();
    let list = kinds.iter().map(|kind| format!("`{kind}`")).collect::<Vec<_>>().join(", ");
    match given.as_slice() {
        [one] => Some(one),
        [] => {
            let later = LATER.iter().chain(super::check::LATER).any(|spec| table.has_any(spec.name));
            if !later && table.lacks(kinds) {
                table.context.error(
                    table.at,
                    format!("{} does not say {what}", table.title),
                    format!("add one of {list}"),
                );
            }
            None
        }
        [first, second, ..] => {
            let at = table.entry(second).map_or(table.at, |entry| entry.key_at);
            let message = format!("{} has both `{first}` and `{second}`", table.title);
            table.context.error(at, message, format!("keep one of {list}"));
            None
        }
    }
}

/// What is polled, by the one key of `kinds` that is there.
pub(super) fn read_kind(table: &Table<'_>, kinds: &[&'static str]) -> Option<SourceKind> {
    let kind = only_one(table, kinds, "what is polled")?;
    let (http, command) = (matches!(kind, "http" | "exposition"), kind == "command");
    if !http {
        out_of_place(table, REQUEST_KEYS, "`http`");
    }
    if !command {
        out_of_place(table, COMMAND_KEYS, "`command`");
    }
    match kind {
        "http" => Some(SourceKind::Http(Box::new(request(table, kind)?))),
        "exposition" => Some(SourceKind::Exposition(Box::new(request(table, kind)?))),
        "command" => command_line(table, "command").map(SourceKind::Command),
        _ => {
            let text = table.text(kind)?;
            let found = host_and_port(&text.value);
            if found.is_none() {
                let message = format!("`{}` is not a valid HOST:PORT", text.value);
                table.context.error(text.at, message, "write tcp = \"db.example.com:5432\" or \"[::1]:5432\"");
            }
            found.map(|(host, port)| SourceKind::Tcp { host, port })
        }
    }
}

/// Notes every key of `keys` that is there: it goes with another kind.
pub(super) fn out_of_place(table: &Table<'_>, keys: &[KeySpec], with: &str) {
    for spec in keys {
        if let Some(entry) = table.entry(spec.name) {
            let message = format!("`{}` goes with {with}", spec.name);
            table.context.error(entry.key_at, message, format!("remove it: {} has no {with}", table.title));
        }
    }
}

/// When a source is polled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timing {
    every: Duration,
    timeout: Duration,
    keep_warm: Option<Duration>,
    cold_start: Option<Duration>,
}

impl Timing {
    /// Reads interval and timeout; what is not said depends on what is polled.
    pub(super) fn read(table: &Table<'_>, defaults: &Defaults) -> Self {
        const LEAST: Duration = Duration::from_millis(100);
        let seconds = Duration::from_secs;
        let (every, timeout) = if table.has("command") {
            (seconds(60), seconds(30))
        } else if table.has_any("tcp") {
            (seconds(15), seconds(5))
        } else {
            (seconds(15), seconds(10))
        };
        let own_every = table.positive("every");
        if own_every.is_some_and(|every| every < LEAST) {
            table.context.error(table.place("every"), "`every` is too short", "allowed: 100ms and more");
        }
        let every = own_every.or(defaults.every).unwrap_or(every);
        let own = table.positive("timeout");
        if own.is_some_and(|timeout| timeout > every) {
            table.context.error(
                table.place("timeout"),
                format!("`timeout` is longer than the interval of {}", unit::duration(every)),
                "a poll must end before the next begins: raise `every` or lower `timeout`",
            );
        }
        Self {
            every,
            timeout: own.or(defaults.timeout).unwrap_or(timeout).min(every),
            keep_warm: table.positive("keep_warm"),
            cold_start: table.positive("cold_start"),
        }
    }

    /// The source that is polled so.
    pub(super) fn source(self, name: Name, kind: SourceKind) -> Source {
        let Self { every, timeout, keep_warm, cold_start } = self;
        Source { name, kind, every, timeout, keep_warm, cold_start }
    }
}

/// What of it differs; the sources that checks bring themselves are the checks'.
fn differences(old: &Config, new: &Config, words: &mut Vec<String>) {
    let own = |sources: &[Source]| -> Vec<Source> {
        sources.iter().filter(|source| !source.name.starts_with("check:")).cloned().collect()
    };
    compare("source", &own(&old.sources), &own(&new.sources), |source| &source.name, facts, words);
}

fn facts(source: &Source) -> Vec<Fact> {
    let optional = |duration: Option<_>| duration.map_or_else(String::new, shown);
    let mut facts = polled(&source.kind);
    facts.extend([
        summary("every", shown(source.every)),
        summary("timeout", shown(source.timeout)),
        summary("keep_warm", optional(source.keep_warm)),
        summary("cold_start", optional(source.cold_start)),
    ]);
    facts
}

/// What a change of what is asked is said by.
pub(crate) fn polled(kind: &SourceKind) -> Vec<Fact> {
    let (word, rest) = match kind {
        SourceKind::Http(_) => ("http", hidden("request", kind)),
        SourceKind::Exposition(_) => ("exposition", hidden("request", kind)),
        SourceKind::Command(line) => ("command", command(line)),
        SourceKind::Tcp { host, port } => ("tcp", summary("tcp", format!("{host}:{port}"))),
    };
    vec![summary("kind", word), rest]
}

/// What a change of a command is said by: it may hold a secret.
pub(crate) fn command(line: &CommandLine) -> Fact {
    hidden("command", line)
}
