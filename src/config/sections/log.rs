//! `[log.NAME]`: records from a followed file or command.

mod formats;
mod shorthand;

use std::path::PathBuf;
use std::time::Duration;

use encoding_rs::Encoding;

use crate::config::changes::{Fact, hidden, name_of, summary};
use crate::config::kinds::command::{CommandLine, command_line};
use crate::config::kinds::{self, KindRole, Settings as _};
use crate::config::reader::{TableReader, Text, Thing};
use crate::config::sections::console::timezone;
use crate::config::spec::{self, KeySpec, SectionSpec, ValueForm, joined, key, later};
use crate::config::syntax;
use crate::lang::pattern::{Pattern, PatternSet};
use crate::lang::tz::Tz;
use crate::lang::unit::duration as shown;
use crate::logs::layout::Names;
use crate::logs::record::Level;
use crate::text::name::Name;

pub use formats::LogFormat;
use formats::{FORMATS, format_names};
use shorthand::SHORTHANDS;
pub(crate) use shorthand::{SINCE, SINCE_UNIX};

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
    /// `fields`: how the log calls the fields that mean something.
    pub fields: Names,
    /// `pattern`: a regex whose named groups are the fields; lines that it does not match are read as `format` says.
    pub pattern: Option<Pattern>,
    /// `ansi`: what becomes of the colours that lines bring along.
    pub ansi: Ansi,
    /// `ignore`: regexes over the raw line; a match is not kept.
    pub ignore: PatternSet,
    /// `multiline`: a line that matches belongs to the record before it.
    pub multiline: Option<Pattern>,
    /// `join`: traces and indented lines belong to the record before them. Without it, and without `multiline`, each
    /// line is a record.
    pub join: bool,
    /// `since`: how far back records are read at the start. Default: the last 1,000 lines; of a command that is told
    /// since when, the last hour.
    pub since: Option<Duration>,
    /// `stamped`: a command puts a time before each line (`docker`, `kubernetes`), which is no part of it.
    pub stamped: bool,
    /// `level`: records below are not kept.
    pub level: Option<Level>,
    /// `encoding` of its bytes. Default UTF-8, or what a byte order mark says.
    pub encoding: Option<&'static Encoding>,
    /// `skip`: a writer that is faster than can be read is left behind, visibly. Default true.
    pub skip: bool,
    /// `timezone` of times without a zone. Default UTC.
    pub timezone: Tz,
}

impl Log {
    /// A followed file of which nothing more is said.
    pub fn of_file(name: Name, path: PathBuf) -> Self {
        Self {
            name,
            service: None,
            kind: LogKind::File(path),
            format: LogFormat::Auto,
            fields: Names::default(),
            pattern: None,
            ansi: Ansi::Colour,
            ignore: PatternSet::default(),
            multiline: None,
            join: true,
            since: None,
            stamped: false,
            level: None,
            encoding: None,
            skip: true,
            timezone: Tz::UTC,
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

/// What becomes of the colours that lines bring along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ansi {
    /// Taken out.
    Strip,
    /// Drawn, as far as the terminal goes, and never so that text can't be seen.
    #[default]
    Colour,
    /// Shown as the sequences that they are.
    Show,
}

const FILE: KeySpec = key("file", ValueForm::Text, "A file, or a glob of files, that is followed");
const KIND_KEYS: &[KeySpec] = &kinds::keys::<{ kinds::count(KindRole::Log) }>(KindRole::Log);
const FURTHER_KEYS: &[KeySpec] = &kinds::further_keys::<{ kinds::count_further(KindRole::Log) }>(KindRole::Log);
const OWN_KEYS: &[KeySpec] = &[
    key("service", ValueForm::Name, "The service it belongs to"),
    key("format", ValueForm::OneOf(&format_names()), "How lines are recognised. Default auto: by what they are"),
    key(
        "fields",
        ValueForm::Table(FIELD_KEYS),
        "Names of the fields that hold time, level, service, message and trace",
    ),
    key(
        "pattern",
        ValueForm::Text,
        "A regex whose named groups are the fields: (?P<time>…) (?P<level>…) (?P<message>…)",
    ),
    key(
        "ansi",
        ValueForm::OneOf(&["strip", "colour", "show"]),
        "Colours in lines: taken out, drawn, or shown. Default colour",
    ),
    key("ignore", ValueForm::TextsOrOne, "Regexes; a line that matches is not kept"),
    key("multiline", ValueForm::Text, "A regex; a line that matches belongs to the record before it"),
    key("join", ValueForm::Flag, "Whether traces and indented lines belong to the record before them. Default true"),
    key(
        "since",
        ValueForm::Duration,
        "How far back is read at the start. Default: the last 1000 lines, of a command 1h",
    ),
    key("stamped", ValueForm::Flag, "The command puts a time before each line, which is taken off"),
    key("level", ValueForm::OneOf(&["trace", "debug", "info", "warn", "error", "fatal"]), "Records below are not kept"),
    key("encoding", ValueForm::Text, "utf-8, utf-16le, latin1, …. Default utf-8, or what a byte order mark says"),
    SKIP,
    key("timezone", ValueForm::Text, "Time zone of times without one. Default UTC"),
    key("docker", ValueForm::Text, "A container, followed with docker logs"),
    key("journal", ValueForm::Text, "A systemd unit, followed with journalctl"),
    key("kubernetes", ValueForm::Text, "[NAMESPACE/]KIND/NAME, followed with kubectl logs"),
    later("loki", "`command = [\"logcli\", \"query\", \"--tail\", …]` works now"),
];

const SKIP: KeySpec =
    key("skip", ValueForm::Flag, "Jump to the end, visibly, when more is written than can be read. Default true");

/// The keys of a log.
pub(crate) const KEYS: &[KeySpec] = &joined::<KEY_COUNT>(&[&[FILE], KIND_KEYS, OWN_KEYS, FURTHER_KEYS]);
const KEY_COUNT: usize = 1 + KIND_KEYS.len() + OWN_KEYS.len() + FURTHER_KEYS.len();

const FIELD_KEYS: &[KeySpec] = &[
    key("time", ValueForm::Text, "The field that states the time"),
    key("level", ValueForm::Text, "The field that states the level"),
    key("service", ValueForm::Text, "The field that names the service"),
    key("message", ValueForm::Text, "The field that holds the message"),
    key("trace", ValueForm::Text, "The field that joins the lines of one request"),
];

pub(crate) const SECTION: SectionSpec = SectionSpec {
    name: "log",
    shape: spec::SectionShape::Named(KEYS),
    help: "Records from a followed file or command",
};

/// Reads a log.
pub(crate) fn read(table: &TableReader<'_>) -> Option<Log> {
    let kind = read_kind(table);
    let log = Log {
        name: Name::from(table.name),
        service: table.reference("service", Thing::Service),
        kind: LogKind::File(PathBuf::new()),
        format: table.one_of("format", FORMATS).unwrap_or_default(),
        fields: names(table),
        pattern: pattern(table),
        ansi: table.one_of("ansi", ANSI).unwrap_or_default(),
        ignore: ignore(table),
        multiline: multiline(table),
        join: join(table),
        since: table.positive("since"),
        stamped: is_stamped(table),
        level: level(table),
        encoding: encoding(table),
        skip: table.flag("skip").unwrap_or(true),
        timezone: timezone(table, "timezone").unwrap_or(Tz::UTC),
    };
    Some(Log { kind: kind?, ..log })
}

fn read_kind(table: &TableReader<'_>) -> Option<LogKind> {
    let kinds = ["file", "command"].into_iter().chain(SHORTHANDS.iter().map(|(key, _)| *key));
    let mut given = kinds.filter(|key| table.has(key));
    let (first, second) = (given.next(), given.next());
    if let (Some(first), Some(second)) = (first, second) {
        let at = table.entry(second).map_or(table.at, |entry| entry.key_at);
        table.context.error(at, format!("{} has both `{first}` and `{second}`", table.title), "keep one of them");
        return None;
    }
    let Some(kind) = first else {
        if !table.has("loki") && table.lacks(&["file", "command", "docker", "journal", "kubernetes"]) {
            let message = format!("{} does not say what is followed", table.title);
            let hint = "add file = \"/var/log/….log\", docker = \"CONTAINER\" or command = [\"…\"]";
            table.context.error(table.at, message, hint);
        }
        return None;
    };
    if kind != "file" {
        table.out_of_place(SKIP.name, "`file`");
    }
    match kind {
        "file" => read_file(table),
        "command" => {
            let line = command_line(table, "command")?;
            let summary = |word: &String| word.contains(SINCE) || word.contains(SINCE_UNIX);
            if table.has("since") && !line.argv.iter().any(summary) {
                let hint = "put {since} into the command where it takes a time: [\"docker\", \"logs\", \"--since\", \"{since}\", …]";
                table.context.warning(table.place("since"), "the command does not use `since`", hint);
            }
            Some(LogKind::Command(line))
        }
        shorthand => shorthand::read(table, shorthand).map(LogKind::Command),
    }
}

fn read_file(table: &TableReader<'_>) -> Option<LogKind> {
    kinds::others_out_of_place(table, None, KindRole::Log);
    let text = table.text("file")?;
    if text.value.trim().is_empty() {
        table.context.error(text.at, "`file` is empty", "write a path; * and ? stand for any characters");
        return None;
    }
    table.path("file").map(LogKind::File)
}

fn is_stamped(table: &TableReader<'_>) -> bool {
    let own = table.flag("stamped");
    if let Some(entry) = table.entry("stamped").filter(|_| !table.has("command")) {
        let hint = "remove it: `docker` and `kubernetes` know it, and a file's own times are read";
        table.context.error(entry.key_at, "`stamped` goes with `command`", hint);
    }
    own.unwrap_or_else(|| SHORTHANDS.iter().any(|(key, _)| table.has(key) && shorthand::is_stamped(key)))
}

const BAD_REGEX: &str = "bad regex";
const ANSI: &[(&str, Ansi)] = &[("strip", Ansi::Strip), ("colour", Ansi::Colour), ("show", Ansi::Show)];

/// The names of fields that mean something.
fn names(table: &TableReader<'_>) -> Names {
    let Some(inner) = table.table("fields") else { return Names::default() };
    let name = |key: &str| {
        let text = inner.text(key)?;
        if text.value.trim().is_empty() {
            inner.context.error(
                text.at,
                format!("`{key}` is empty"),
                "write the name of a field, as the lines have it",
            );
            return None;
        }
        Some(text.value)
    };
    Names {
        time: name("time"),
        level: name("level"),
        service: name("service"),
        message: name("message"),
        trace: name("trace"),
    }
}

/// A regex with at least one group that has a name.
fn pattern(table: &TableReader<'_>) -> Option<Pattern> {
    let text = table.text("pattern")?;
    let pattern = compiled(table, &text)?;
    if pattern.group_names().next().is_none() {
        let hint = "name the parts: '(?P<time>\\S+) (?P<level>\\w+) (?P<message>.*)'";
        table.context.error(text.at, "`pattern` names no group, so it finds no field", hint);
        return None;
    }
    Some(pattern)
}

fn compiled(table: &TableReader<'_>, text: &Text) -> Option<Pattern> {
    syntax::pattern(&text.value).map_err(|fault| table.context.fault(text, BAD_REGEX, &fault)).ok()
}

fn ignore(table: &TableReader<'_>) -> PatternSet {
    let texts = table.texts_or_one("ignore");
    let written: Vec<&str> = texts.iter().map(|text| &*text.value).collect();
    syntax::patterns(&written).unwrap_or_else(|faults| {
        for (at, fault) in faults {
            table.context.fault(&texts[at], BAD_REGEX, &fault);
        }
        PatternSet::default()
    })
}

fn multiline(table: &TableReader<'_>) -> Option<Pattern> {
    table.texts_or_one("multiline").iter().find_map(|text| compiled(table, text))
}

fn join(table: &TableReader<'_>) -> bool {
    let join = table.flag("join");
    if join == Some(false) && table.has("multiline") {
        let message = format!("{} has both `multiline` and `join = false`", table.title);
        table.context.error(table.place("join"), message, "keep one of them");
    }
    join.unwrap_or(true)
}

fn level(table: &TableReader<'_>) -> Option<Level> {
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

/// By the names of the WHATWG's encoding standard. The `replacement` encoding is refused.
fn encoding(table: &TableReader<'_>) -> Option<&'static Encoding> {
    let text = table.text("encoding")?;
    let found = Encoding::for_label_no_replacement(text.value.as_bytes());
    if found.is_none() {
        let hint =
            "known: utf-8, utf-16le, utf-16be, latin1, windows-1252, shift_jis, gb18030 and the others of the web";
        table.context.error(text.at, format!("`{}` is not a known encoding", text.value), hint);
    }
    found
}

/// What a change is said by.
pub(crate) fn facts(log: &Log) -> Vec<Fact> {
    let followed = match &log.kind {
        LogKind::File(path) => summary("file", path.display()),
        LogKind::Command(line) => line.change(),
    };
    vec![
        summary("service", name_of(log.service.as_ref())),
        followed,
        summary("format", format!("{:?}", log.format).to_lowercase()),
        hidden("ignore", &log.ignore),
        hidden("multiline", &log.multiline),
        summary("since", log.since.map_or_else(String::new, shown)),
        summary("stamped", log.stamped),
        summary("level", log.level.map_or_else(String::new, |level| format!("{level:?}").to_lowercase())),
        summary("timezone", log.timezone),
    ]
}
