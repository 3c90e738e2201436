//! `[console]`

use crate::config::changes::{Fact, hidden, summary};
use crate::config::reader::{TableReader, host_and_port};
use crate::config::spec;
use crate::config::spec::SectionSpec;
use crate::config::spec::{KeySpec, ValueForm, key};
use crate::lang::nearest;
use crate::lang::tz::Tz;

use std::net::SocketAddr;

/// What the console is called, where it operates, how it looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleConfig {
    /// `name`, default `opsroom`.
    pub name: String,
    /// `environment`: any word; `production` raises every confirmation by one grade. Default empty.
    pub environment: String,
    /// `timezone`, an IANA name. Default UTC.
    pub timezone: Tz,
    /// `theme`, default `midnight`.
    pub theme: String,
    /// `read_only`: actions vanish.
    pub read_only: bool,
    /// `self_check = "tcp:HOST:PORT"`: an address that answers while our own network works.
    pub self_check: Option<SelfCheck>,
    /// `mouse`: capture the mouse from the start. Default false.
    pub mouse: bool,
    /// `ascii`: draw without UTF-8 glyphs. Default: from the locale.
    pub ascii: Option<bool>,
    /// `log_records`: records kept in memory a log. Default 50,000.
    pub log_records: usize,
    /// `log_bytes`: bytes kept in memory a log. Default 8 MiB.
    pub log_bytes: usize,
}

/// The reference point of our own connectivity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SelfCheck {
    /// A TCP connection to an address.
    Address(SocketAddr),
    /// A TCP connection to a host by name.
    Host(String, u16),
}

impl Default for ConsoleConfig {
    fn default() -> Self {
        Self {
            name: "opsroom".to_owned(),
            environment: String::new(),
            timezone: Tz::UTC,
            theme: "midnight".to_owned(),
            read_only: false,
            self_check: None,
            mouse: false,
            ascii: None,
            log_records: 50_000,
            log_bytes: 8 << 20,
        }
    }
}

impl ConsoleConfig {
    /// Whether confirmations are raised by one grade.
    pub(crate) fn is_production(&self) -> bool {
        self.environment.eq_ignore_ascii_case("production") || self.environment.eq_ignore_ascii_case("prod")
    }
}

/// The keys of `[console]`.
pub(crate) const KEYS: &[KeySpec] = &[
    key("name", ValueForm::Text, "What the console is called. Default opsroom"),
    key("environment", ValueForm::Text, "Shown in words and colour; production raises every confirmation by one grade"),
    key("timezone", ValueForm::Text, "IANA name. Default UTC"),
    key("theme", ValueForm::Text, "midnight, daylight, high-contrast, … Default midnight"),
    key("read_only", ValueForm::Flag, "Disable all actions"),
    key("self_check", ValueForm::Text, "tcp:HOST:PORT, an address that answers while our own network works"),
    key("mouse", ValueForm::Flag, "Capture the mouse from the start. Default false"),
    key("ascii", ValueForm::Flag, "Draw without UTF-8 glyphs. Default: from the locale"),
    key("log_records", ValueForm::Whole(100, 5_000_000), "Records kept in memory a log. Default 50000"),
    key("log_bytes", ValueForm::Size, "Bytes kept in memory a log. Default 8MiB"),
];

pub(crate) const SECTION: SectionSpec = SectionSpec {
    name: "console",
    shape: spec::SectionShape::Single(KEYS),
    help: "What the console is called and how it looks",
};

/// Reads `[console]`.
pub(crate) fn read(table: &TableReader<'_>) -> ConsoleConfig {
    let default = ConsoleConfig::default();
    ConsoleConfig {
        name: table.string("name").unwrap_or(default.name),
        environment: table.string("environment").unwrap_or(default.environment),
        timezone: timezone(table, "timezone").unwrap_or(default.timezone),
        theme: table.string("theme").unwrap_or(default.theme),
        read_only: table.flag("read_only").unwrap_or(default.read_only),
        self_check: self_check(table),
        mouse: table.flag("mouse").unwrap_or(default.mouse),
        ascii: table.flag("ascii"),
        log_records: table.whole("log_records").map_or(default.log_records, |number| number as usize),
        log_bytes: log_bytes(table).unwrap_or(default.log_bytes),
    }
}

fn log_bytes(table: &TableReader<'_>) -> Option<usize> {
    const LEAST: u64 = 64 << 10;
    let bytes = table.size("log_bytes")?;
    if bytes < LEAST {
        table.context.error(table.place("log_bytes"), "`log_bytes` is too small", "allowed: 64KiB and more");
        return None;
    }
    usize::try_from(bytes).ok()
}

/// An IANA time zone.
pub(super) fn timezone(table: &TableReader<'_>, key: &str) -> Option<Tz> {
    let text = table.text(key)?;
    if let Ok(zone) = text.value.parse() {
        return Some(zone);
    }
    let near = nearest::nearest(&text.value, Tz::names());
    let hint = nearest::suggest(near, || "write an IANA name like UTC or Europe/Vienna".to_owned());
    table.context.error(text.at, format!("unknown time zone `{}`", text.value), hint);
    None
}

fn self_check(table: &TableReader<'_>) -> Option<SelfCheck> {
    let text = table.text("self_check")?;
    let Some(address) = text.value.strip_prefix("tcp:") else {
        table.context.error(
            text.at,
            "`self_check` must begin with `tcp:`",
            "write self_check = \"tcp:HOST:PORT\", an address that answers while your network works",
        );
        return None;
    };
    if let Ok(address) = address.parse() {
        return Some(SelfCheck::Address(address));
    }
    let found = host_and_port(address);
    if found.is_none() {
        table.context.error(
            text.at,
            format!("`{address}` is not a valid HOST:PORT"),
            "write tcp:1.1.1.1:443 or tcp:[::1]:443",
        );
    }
    found.map(|(host, port)| SelfCheck::Host(host, port))
}

/// What a change is said by.
pub(crate) fn facts(console: &ConsoleConfig) -> Vec<Fact> {
    vec![
        summary("name", &console.name),
        summary("environment", &console.environment),
        summary("timezone", console.timezone),
        summary("theme", &console.theme),
        summary("read_only", console.read_only),
        hidden("self_check", &console.self_check),
        summary("mouse", console.mouse),
        hidden("ascii", &console.ascii),
        summary("log_records", console.log_records),
        summary("log_bytes", console.log_bytes),
    ]
}
