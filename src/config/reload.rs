//! What a new configuration changes, in words. Pure; watching the files is the runtime's.

use std::collections::BTreeSet;
use std::fmt::{Debug, Display};

use super::Config;
use super::sections::action::Action;
use super::sections::adapter::Adapter;
use super::sections::check::Check;
use super::sections::filter::SavedFilter;
use super::sections::log::{Log, LogKind};
use super::sections::metric::{LogMetric, Metric, MetricKind};
use super::sections::screen::ScreenLayout;
use super::sections::service::Service;
use super::sections::source::{CommandLine, Source, SourceKind};
use crate::lang::condition::Condition;
use crate::lang::unit::duration as shown;
use crate::model::alert::Severity;
use crate::text::name::Name;

/// One aspect of a thing: its key in the file, and its value as it is shown; `None` where the value may be long or
/// secret and only the fact that it changed is said.
type Fact = (&'static str, String, bool);

/// Every change from `old` to `new`, a line each: `check api: timeout 5s → 3s`, `metric queue added`.
/// Empty where nothing changed. Values that may hold a secret are never in it.
pub fn changes(old: &Config, new: &Config) -> Vec<String> {
    let mut words = Vec::new();
    console(old, new, &mut words);
    compare("service", &old.services, &new.services, |s| &s.name, service, &mut words);
    let own = |sources: &[Source]| -> Vec<Source> {
        sources.iter().filter(|source| !source.name.starts_with("check:")).cloned().collect()
    };
    compare("source", &own(&old.sources), &own(&new.sources), |s| &s.name, source, &mut words);
    let (before, after) = (with_sources(old), with_sources(new));
    compare("check", &before, &after, |(check, _)| &check.name, check, &mut words);
    compare("metric", &old.metrics, &new.metrics, |m| &m.name, metric, &mut words);
    compare("log", &old.logs, &new.logs, |l| &l.name, log, &mut words);
    compare("adapter", &old.adapters, &new.adapters, |a| &a.name, adapter, &mut words);
    compare("action", &old.actions, &new.actions, |a| &a.name, action, &mut words);
    compare("screen", &old.screens, &new.screens, |s| &s.name, screen, &mut words);
    compare("filter", &old.filters, &new.filters, |f| &f.name, filter, &mut words);
    if old.keys != new.keys {
        words.push("keys changed".to_owned());
    }
    secrets(old, new, &mut words);
    words
}

fn compare<T: PartialEq>(
    kind: &str,
    old: &[T],
    new: &[T],
    name: impl Fn(&T) -> &Name,
    facts: impl Fn(&T) -> Vec<Fact>,
    words: &mut Vec<String>,
) {
    for after in new {
        match old.iter().find(|before| name(before) == name(after)) {
            None => words.push(format!("{kind} {} added", name(after))),
            Some(before) if before == after => {}
            Some(before) => {
                words.push(format!("{kind} {}: {}", name(after), difference(&facts(before), &facts(after))));
            }
        }
    }
    let kept: BTreeSet<&Name> = new.iter().map(&name).collect();
    words
        .extend(old.iter().map(&name).filter(|name| !kept.contains(name)).map(|name| format!("{kind} {name} removed")));
}

fn difference(old: &[Fact], new: &[Fact]) -> String {
    const LONGEST: usize = 40;
    let mut parts = Vec::new();
    for ((key, before, tells), (_, after, _)) in old.iter().zip(new) {
        if before == after {
            continue;
        }
        let short = before.chars().count().max(after.chars().count()) <= LONGEST;
        let word = |value: &str| if value.is_empty() { "none".to_owned() } else { value.to_owned() };
        parts.push(match tells {
            true if short => format!("{key} {} → {}", word(before), word(after)),
            _ => format!("{key} changed"),
        });
    }
    if parts.is_empty() { "changed".to_owned() } else { parts.join(", ") }
}

/// A fact that may be shown.
fn summary(key: &'static str, value: impl Display) -> Fact {
    (key, format!("{value}"), true)
}

/// A fact of which only the change is shown.
fn hidden(key: &'static str, value: &impl Debug) -> Fact {
    (key, format!("{value:?}"), false)
}

fn name_of(name: Option<&Name>) -> String {
    name.map_or_else(String::new, ToString::to_string)
}

fn alerts(alerts: &[(Severity, Condition)]) -> Fact {
    let written: Vec<String> =
        alerts.iter().map(|(severity, condition)| format!("{} {}", severity.word(), condition.written)).collect();
    summary("alert", written.join(", "))
}

fn console(old: &Config, new: &Config, words: &mut Vec<String>) {
    let facts = |config: &Config| {
        let console = &config.console;
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
    };
    if old.console != new.console {
        words.push(format!("console: {}", difference(&facts(old), &facts(new))));
    }
}

fn service(service: &Service) -> Vec<Fact> {
    vec![
        summary("title", &service.title),
        summary("depends_on", service.depends_on.join(", ")),
        hidden("runbook", &service.runbook),
        hidden("links", &service.links),
    ]
}

fn polled(kind: &SourceKind) -> Vec<Fact> {
    let (word, rest) = match kind {
        SourceKind::Http(_) => ("http", hidden("request", kind)),
        SourceKind::Exposition(_) => ("exposition", hidden("request", kind)),
        SourceKind::Command(line) => ("command", command(line)),
        SourceKind::Tcp { host, port } => ("tcp", summary("tcp", format!("{host}:{port}"))),
    };
    vec![summary("kind", word), rest]
}

fn command(line: &CommandLine) -> Fact {
    hidden("command", line)
}

fn source(source: &Source) -> Vec<Fact> {
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

/// Checks with the sources that they bring themselves: to a person these are one thing.
fn with_sources(config: &Config) -> Vec<(&Check, Option<&Source>)> {
    let own = |check: &Check| {
        config.sources.iter().find(|source| source.name == check.source && source.name.starts_with("check:"))
    };
    config.checks.iter().map(|check| (check, own(check))).collect()
}

fn check((check, own): &(&Check, Option<&Source>)) -> Vec<Fact> {
    let mut facts = vec![
        summary("service", name_of(check.service.as_ref())),
        summary("every", shown(check.every)),
        summary("timeout", shown(check.timeout)),
        hidden("expect", &check.expect),
        hidden("degraded", &check.degraded),
        summary("fail_after", check.fail_after),
        summary("ok_after", check.ok_after),
        summary("cold_start", check.cold_start.map_or_else(String::new, shown)),
        summary("nagios", check.nagios),
        alerts(&check.alerts),
    ];
    match own {
        Some(own) => facts.extend(polled(&own.kind)),
        None => facts.extend([summary("kind", "from"), summary("from", &check.source)]),
    }
    facts
}

fn metric(metric: &Metric) -> Vec<Fact> {
    let (origin, rest) = match &metric.kind {
        MetricKind::Value { from, program } => (format!("from {from}"), program.clone()),
        MetricKind::Sample { from, selector } => (format!("from {from}"), selector.clone()),
        MetricKind::Log(LogMetric { logs, measure, window }) => {
            (format!("log {logs}"), format!("{} in {}", measure.summary(), shown(*window)))
        }
        MetricKind::Latency { check, quantile, window } => {
            (format!("check {check}"), format!("p{} in {}", quantile * 100.0, shown(*window)))
        }
        MetricKind::Availability { check, window } => {
            (format!("check {check}"), format!("availability in {}", shown(*window)))
        }
    };
    vec![
        summary("title", &metric.title),
        summary("service", name_of(metric.service.as_ref())),
        summary("origin", origin),
        summary("value", rest),
        summary("unit", &metric.unit),
        summary("per_second", metric.per_second),
        summary("every", shown(metric.every)),
        alerts(&metric.alerts),
    ]
}

fn log(log: &Log) -> Vec<Fact> {
    let followed = match &log.kind {
        LogKind::File(path) => summary("file", path.display()),
        LogKind::Command(line) => command(line),
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

fn adapter(adapter: &Adapter) -> Vec<Fact> {
    vec![
        summary("kind", &adapter.kind),
        summary("directory", adapter.directory.display()),
        hidden("env", &adapter.env),
        hidden("variables", &adapter.variables),
        hidden("verbs", &adapter.verbs),
    ]
}

fn action(action: &Action) -> Vec<Fact> {
    vec![
        summary("title", &action.title),
        summary("service", name_of(action.service.as_ref())),
        summary("adapter", &action.adapter),
        summary("do", &action.verb),
        summary("target", &action.target),
        hidden("set", &action.set),
        summary("key", action.key.map_or_else(String::new, |key| key.to_string())),
        summary("confirm", format!("{:?}", action.confirm).to_lowercase()),
        summary("timeout", shown(action.timeout)),
        summary("grace", shown(action.grace)),
        summary("cooldown", shown(action.cooldown)),
        hidden("at_most", &action.at_most),
        hidden("verify", &action.verify),
        hidden("evidence", &action.evidence),
        summary("on_failure", name_of(action.on_failure.as_ref())),
    ]
}

fn screen(screen: &ScreenLayout) -> Vec<Fact> {
    vec![
        summary("title", &screen.title),
        summary("key", screen.key.map_or_else(String::new, |key| key.to_string())),
        hidden("rows", &screen.rows),
    ]
}

fn filter(filter: &SavedFilter) -> Vec<Fact> {
    vec![
        summary("filter", &filter.filter),
        summary("title", &filter.title),
        summary("key", filter.key.map_or_else(String::new, |key| key.to_string())),
    ]
}

fn secrets(old: &Config, new: &Config, words: &mut Vec<String>) {
    for (name, after) in &new.secrets {
        match old.secrets.get(name) {
            None => words.push(format!("secret {name} added")),
            Some(before) if before == after => {}
            Some(_) => words.push(format!("secret {name} changed")),
        }
    }
    let gone = old.secrets.keys().filter(|name| !new.secrets.contains_key(*name));
    words.extend(gone.map(|name| format!("secret {name} removed")));
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::load::load_text;

    fn config(text: &str) -> Config {
        let loaded = load_text(Path::new("/etc/ops.toml"), text);
        loaded.config.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
    }

    const BEFORE: &str = r#"
        [check.api]
        http = "http://x.example/health"
        timeout = "5s"
        [check.web]
        http = "http://x.example/"
        headers = { X-Id = "one" }
        [check.old]
        tcp = "x.example:1"
    "#;

    #[test]
    fn the_same_file_changes_nothing() {
        assert_eq!(changes(&config(BEFORE), &config(BEFORE)), Vec::<String>::new());
    }

    #[test]
    fn changes_are_told_by_name_key_and_value() {
        let after = r#"
            [console]
            environment = "production"
            [check.api]
            http = "http://x.example/health"
            timeout = "3s"
            alert = { critical = "down for 2m" }
            [check.web]
            http = "http://x.example/"
            headers = { X-Id = "two" }
            [metric.slow]
            check = "api"
            latency = "p95"
            window = "5m"
            [secret]
            token = { env = "TOKEN" }
        "#;
        assert_eq!(
            changes(&config(BEFORE), &config(after)),
            [
                "console: environment none → production",
                "check api: timeout 5s → 3s, alert none → critical down for 2m",
                "check web: request changed",
                "check old removed",
                "metric slow added",
                "secret token added",
            ]
        );
    }

    #[test]
    fn a_moved_check_is_the_same_check() {
        let moved = r#"
            [check.web]
            http = "http://x.example/"
            headers = { X-Id = "one" }
            [check.old]
            tcp = "x.example:2"
            [check.api]
            http = "http://x.example/health"
            timeout = "5s"
        "#;
        assert_eq!(changes(&config(BEFORE), &config(moved)), ["check old: tcp x.example:1 → x.example:2"]);
    }
}
