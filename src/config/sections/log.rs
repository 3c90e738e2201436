//! `[log.NAME]`: records from a followed file or command.

use std::path::PathBuf;
use std::time::Duration;

use encoding_rs::Encoding;

use crate::config::reader::{Table, Thing};
use crate::config::sections::console::timezone;
use crate::config::sections::source::{self, COMMAND_KEYS};
use crate::config::spec::{KeySpec, Kind, joined, key, later};
use crate::config::syntax;
use crate::model::name::Name;
use crate::model::record::Level;

use super::source::CommandLine;

/// A log.
#[derive(Debug, Clone, PartialEq)]
pub struct Log {
    /// Its name.
    pub name: Name,
    /// The service it belongs to.
    pub service: Option<Name>,
    /// What is followed.
    pub kind: LogKind,
    /// `format`.
    pub format: LogFormat,
    /// `ignore`: regexes over the raw line; a match is not kept.
    pub ignore: Vec<String>,
    /// `multiline`: a line that matches belongs to the record before it.
    pub multiline: Option<String>,
    /// `since`: how far back records are read at the start. Default: the last 1,000 lines.
    pub since: Option<Duration>,
    /// `level`: records below are not kept.
    pub level: Option<Level>,
    /// `encoding` of its bytes. Default UTF-8, or what a byte order mark says.
    pub encoding: Option<&'static Encoding>,
    /// `skip`: a writer that is faster than can be read is left behind, visibly. Default true.
    pub skip: bool,
    /// `timezone` of times without a zone. Default UTC.
    pub timezone: chrono_tz::Tz,
}

impl Log {
    /// A followed file of which nothing more is said.
    pub fn of_file(name: Name, path: PathBuf) -> Self {
        Self {
            name,
            service: None,
            kind: LogKind::File(path),
            format: LogFormat::Auto,
            ignore: Vec::new(),
            multiline: None,
            since: None,
            level: None,
            encoding: None,
            skip: true,
            timezone: chrono_tz::Tz::UTC,
        }
    }
}

/// What is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogKind {
    /// `file = "GLOB"`: resolved against the directory of the file that says so.
    File(PathBuf),
    /// `command = [...]`
    Command(CommandLine),
}

/// How lines are recognised.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// By what the lines are.
    #[default]
    Auto,
    /// One JSON object a line.
    Json,
    /// `key=value` pairs.
    Logfmt,
    /// No structure but time and level words.
    Plain,
}

const OWN_KEYS: &[KeySpec] = &[
    key("service", Kind::Name, "The service it belongs to"),
    key("file", Kind::Text, "A file, or a glob of files, that is followed"),
    key("command", Kind::Command, "A program whose output is followed"),
    key("format", Kind::OneOf(&["auto", "json", "logfmt", "plain"]), "How lines are recognised. Default auto"),
    key("ignore", Kind::TextsOrOne, "Regexes; a line that matches is not kept"),
    key("multiline", Kind::Text, "A regex; a line that matches belongs to the record before it"),
    key("since", Kind::Duration, "How far back is read at the start. Default: the last 1000 lines"),
    key("level", Kind::OneOf(&["trace", "debug", "info", "warn", "error", "fatal"]), "Records below are not kept"),
    key("encoding", Kind::Text, "utf-8, utf-16le, latin1, …. Default utf-8, or what a byte order mark says"),
    key("skip", Kind::Flag, "Jump to the end, visibly, when more is written than can be read. Default true"),
    key("timezone", Kind::Text, "Zone of times that name none. Default UTC"),
    later("docker", "`command = [\"docker\", \"logs\", \"--follow\", …]` works now"),
    later("journal", "`command = [\"journalctl\", \"--follow\", \"-o\", \"json\", …]` works now"),
    later("loki", "`command = [\"logcli\", \"query\", \"--tail\", …]` works now"),
];

/// The keys of a log.
pub const KEYS: &[KeySpec] = &joined::<{ OWN_KEYS.len() + COMMAND_KEYS.len() }>(&[OWN_KEYS, COMMAND_KEYS]);

const FORMATS: &[(&str, LogFormat)] =
    &[("auto", LogFormat::Auto), ("json", LogFormat::Json), ("logfmt", LogFormat::Logfmt), ("plain", LogFormat::Plain)];

/// Reads a log.
pub fn read(table: &Table<'_>) -> Option<Log> {
    let kind = read_kind(table);
    let log = Log {
        name: Name::from(table.name),
        service: table.reference("service", Thing::Service),
        kind: LogKind::File(PathBuf::new()),
        format: table.one_of("format", FORMATS).unwrap_or_default(),
        ignore: regexes(table, "ignore"),
        multiline: regexes(table, "multiline").into_iter().next(),
        since: table.positive("since"),
        level: level(table),
        encoding: encoding(table),
        skip: table.flag("skip").unwrap_or(true),
        timezone: timezone(table, "timezone").unwrap_or(chrono_tz::Tz::UTC),
    };
    Some(Log { kind: kind?, ..log })
}

fn read_kind(table: &Table<'_>) -> Option<LogKind> {
    let given: Vec<&str> = ["docker", "journal", "loki"].into_iter().filter(|key| table.has(key)).collect();
    match (table.has("file"), table.has("command")) {
        (true, true) => {
            let at = table.entry("command").map_or(table.at, |entry| entry.key_at);
            table.context.error(at, format!("{} has both `file` and `command`", table.title), "keep one of them");
            None
        }
        (false, false) => {
            if given.is_empty() && table.lacks(&["file", "command"]) {
                let message = format!("{} does not say what is followed", table.title);
                table.context.error(table.at, message, "add file = \"/var/log/….log\" or command = [\"…\"]");
            }
            None
        }
        (true, false) => {
            source::out_of_place(table, COMMAND_KEYS, "`command`");
            let text = table.text("file")?;
            if text.value.trim().is_empty() {
                table.context.error(text.at, "`file` is empty", "write a path; * and ? stand for any characters");
                return None;
            }
            table.path("file").map(LogKind::File)
        }
        (false, true) => source::command_line(table, "command").map(LogKind::Command),
    }
}

fn level(table: &Table<'_>) -> Option<Level> {
    const LEVELS: &[(&str, Level)] = &[
        ("trace", Level::Trace),
        ("debug", Level::Debug),
        ("info", Level::Info),
        ("warn", Level::Warn),
        ("error", Level::Error),
        ("fatal", Level::Fatal),
    ];
    table.one_of("level", LEVELS)
}

/// By the names of the WHATWG's encoding standard. The one that stands for what nobody may read is refused.
fn encoding(table: &Table<'_>) -> Option<&'static Encoding> {
    let text = table.text("encoding")?;
    let found = Encoding::for_label_no_replacement(text.value.as_bytes());
    if found.is_none() {
        let hint =
            "known are utf-8, utf-16le, utf-16be, latin1, windows-1252, shift_jis, gb18030 and the others of the web";
        table.context.error(text.at, format!("`{}` is no encoding", text.value), hint);
    }
    found
}

/// Regexes, each compiled once to see that it is one.
fn regexes(table: &Table<'_>, key: &str) -> Vec<String> {
    let mut found = Vec::new();
    for text in table.texts_or_one(key) {
        match syntax::regex(&text.value) {
            Ok(()) => found.push(text.value),
            Err(fault) => table.context.fault(&text, "bad regex", &fault),
        }
    }
    found
}
