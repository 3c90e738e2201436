//! What a watcher serves of itself and of what it watches: OpenMetrics 1.0 for a scraper, and its own health as
//! `application/health+json`.

use std::fmt::{Display, Write as _};
use std::time::Duration;

use serde_json::{Value, json};

use crate::lang::time::rfc3339_millis;
use crate::model::lease::LeaseView;
use crate::model::status::Status;
use crate::text::redact::Redactor;
use crate::world::World;
use crate::world::alerts::Phase;
use crate::world::checks::CheckView;

/// A page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Page {
    /// `/metrics`
    Metrics,
    /// `/health`
    Health,
}

/// A page as it is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServedPage {
    /// The HTTP status: 503 where the watcher can't do its work.
    pub status: u16,
    /// The content type.
    pub content_type: &'static str,
    /// Further headers, each ended as in HTTP.
    pub headers: &'static str,
    /// The body.
    pub body: String,
}

impl ServedPage {
    /// A page of what is known now, without secrets that `redactor` knows.
    pub(crate) fn new(page: Page, world: &World, redactor: &Redactor) -> Self {
        match page {
            Page::Metrics => Self {
                status: 200,
                content_type: "application/openmetrics-text; version=1.0.0; charset=utf-8",
                headers: "",
                body: metrics(world),
            },
            Page::Health => health(world, redactor),
        }
    }
}

/// A text of samples under their families.
struct Families(String);

impl Families {
    /// Begins a family.
    fn family(&mut self, name: &str, kind: &str, unit: &str, help: &str) {
        let _ = writeln!(self.0, "# TYPE {name} {kind}");
        if !unit.is_empty() {
            let _ = writeln!(self.0, "# UNIT {name} {unit}");
        }
        let _ = writeln!(self.0, "# HELP {name} {}", escaped(help));
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.0.push_str(name);
        for (at, (label, value)) in labels.iter().enumerate() {
            let _ = write!(self.0, "{}{label}=\"{}\"", if at == 0 { '{' } else { ',' }, escaped(value));
        }
        let _ = writeln!(self.0, "{} {value}", if labels.is_empty() { "" } else { "}" });
    }

    /// A family of one sample.
    fn single(&mut self, name: &str, kind: &str, unit: &str, help: &str, value: impl Display) {
        self.family(name, kind, unit, help);
        let total = if kind == "counter" { "_total" } else { "" };
        self.sample(&format!("{name}{total}"), &[], value);
    }
}

/// A text within a label or a help: backslash, quotation mark and line feed are escaped.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// A number as OpenMetrics writes it.
fn number(value: f64) -> String {
    match value {
        value if value.is_nan() => "NaN".to_owned(),
        value if value.is_infinite() => if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned(),
        value => value.to_string(),
    }
}

fn metrics(world: &World) -> String {
    let mut out = Families(String::new());
    checks(world, &mut out);
    out.family("opsroom_metric_value", "gauge", "", "The last value of a metric, in the unit of the label unit.");
    for metric in world.metrics.iter().filter(|metric| !metric.stale) {
        if let Some((_, value)) = metric.value {
            let service = metric.service.as_deref().unwrap_or_default();
            let labels = [("metric", &*metric.name), ("service", service), ("metric_unit", &*metric.unit)];
            out.sample("opsroom_metric_value", &labels, number(value));
        }
    }
    out.family(
        "opsroom_alert_firing",
        "gauge",
        "",
        "1 for each alert that is firing; muted: no notification is sent for it.",
    );
    for alert in world.alerts.iter().filter(|alert| alert.phase == Phase::Firing) {
        let flag = |holds: bool| if holds { "true" } else { "false" };
        let labels = [
            ("id", &*alert.id),
            ("name", alert.subject.name()),
            ("service", alert.service.as_deref().unwrap_or_default()),
            ("severity", alert.severity.word()),
            ("muted", flag(alert.is_muted())),
            ("acknowledged", flag(alert.acknowledged.is_some())),
        ];
        out.sample("opsroom_alert_firing", &labels, 1);
    }
    own(world, &mut out);
    out.0.push_str("# EOF\n");
    out.0
}

/// The status at which a check is shown.
fn shown(check: &CheckView) -> Status {
    if check.stale || check.last.is_none() { Status::Unknown } else { check.status }
}

fn checks(world: &World, out: &mut Families) {
    let labels = |check: &CheckView| [check.name.clone(), check.service.clone().unwrap_or_default()];
    let family = "opsroom_check_status";
    out.family(family, "stateset", "", "The status of a check.");
    for check in &world.checks {
        let ([name, service], status) = (labels(check), shown(check));
        for state in Status::WORST_FIRST {
            let named = state.word().to_ascii_lowercase().replace(" start", "");
            let labels = [("check", &*name), ("service", &*service), (family, &*named)];
            out.sample(family, &labels, u8::from(state == status));
        }
    }
    let mut each = |name: &str, unit: &str, help: &str, value: &dyn Fn(&CheckView) -> Option<String>| {
        out.family(name, "gauge", unit, help);
        for check in &world.checks {
            if let Some(value) = value(check) {
                let [check, service] = labels(check);
                out.sample(name, &[("check", &check), ("service", &service)], value);
            }
        }
    };
    each("opsroom_check_up", "", "1 if a check answers, 0 if it is down; absent while that is unknown.", &|check| {
        match shown(check) {
            Status::Unknown | Status::Pending => None,
            status => Some(u8::from(status != Status::Down).to_string()),
        }
    });
    each("opsroom_check_stale", "", "1 if the last answer is too old to be believed.", &|check| {
        check.last.as_ref().map(|_| u8::from(check.stale).to_string())
    });
    each("opsroom_check_latency_seconds", "seconds", "How long the last poll took.", &|check| {
        check.last.as_ref().map(|reading| seconds(reading.timing.latency()))
    });
    each("opsroom_check_age_seconds", "seconds", "Time since the last poll ended.", &|check| {
        check.age(world.now).map(seconds)
    });
}

fn seconds(duration: Duration) -> String {
    number(duration.as_secs_f64())
}

/// What is known of the watcher itself.
fn own(world: &World, out: &mut Families) {
    let diagnostics = &world.diagnostics;
    out.family("opsroom_build", "info", "", "The version that runs.");
    out.sample("opsroom_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
    let flag = u8::from;
    let ours = flag(world.lease.fence().is_some());
    out.single("opsroom_lease_held", "gauge", "", "1 if this watcher records for all.", ours);
    out.single("opsroom_store_up", "gauge", "", "1 if the store answers.", flag(world.store_away.is_none()));
    out.single("opsroom_network_up", "gauge", "", "1 if our own network works.", flag(world.connectivity.ok));
    let is_valid = flag(diagnostics.rejected.is_none());
    out.single("opsroom_config_valid", "gauge", "", "1 if the files of the configuration are in effect.", is_valid);
    out.family("opsroom_config_reloads", "counter", "", "Reloads of the configuration.");
    for (result, count) in [("accepted", diagnostics.reloads.0), ("rejected", diagnostics.reloads.1)] {
        out.sample("opsroom_config_reloads_total", &[("result", result)], count);
    }
    out.family("opsroom_facts_waiting", "gauge", "", "Facts that wait for the store.");
    for (place, count) in [("disk", diagnostics.late.on_disk), ("memory", diagnostics.late.in_memory)] {
        out.sample("opsroom_facts_waiting", &[("place", place)], count);
    }
    let dropped = diagnostics.late.dropped;
    out.single("opsroom_facts_dropped", "counter", "", "Facts for which there was no room.", dropped);
    let observations = diagnostics.observations;
    out.single("opsroom_observations", "counter", "", "Observations taken in since the start.", observations);
    let not_asked = diagnostics.not_asked;
    out.single("opsroom_polls_skipped", "counter", "", "Polls that found no place in time.", not_asked);
    out.single("opsroom_polls_in_flight", "gauge", "", "Polls under way.", diagnostics.in_flight);
    let lag = seconds(diagnostics.lag);
    out.single("opsroom_scheduler_lag_seconds", "gauge", "seconds", "How late polls were launched last.", lag);
    let uptime = seconds(world.now.since(world.started));
    out.single("opsroom_uptime_seconds", "gauge", "seconds", "Time since the watcher started.", uptime);
}

/// How well a component of the watcher works, worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum HealthLevel {
    Pass,
    Warn,
    Fail,
}

impl HealthLevel {
    const fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// The health of the watcher itself: that something it watches is down is no reason to restart it.
fn health(world: &World, redactor: &Redactor) -> ServedPage {
    let (is_away, late) = (world.store_away.is_some(), world.diagnostics.late);
    let lease = match &world.lease {
        LeaseView::Ours { .. } => (HealthLevel::Pass, "held by this watcher"),
        LeaseView::Away { .. } => (HealthLevel::Warn, "recording to disk until the store is available"),
        LeaseView::Other(holder) if holder.watcher => (HealthLevel::Pass, "held by another watcher"),
        LeaseView::Other(_) => (HealthLevel::Warn, "held by a console"),
        LeaseView::OtherConfiguration(_) => (HealthLevel::Warn, "another configuration is on record"),
        LeaseView::Free | LeaseView::Unknown if is_away => (HealthLevel::Fail, "nothing is recorded"),
        LeaseView::Free | LeaseView::Unknown => (HealthLevel::Warn, "not held yet"),
    };
    let store = world
        .store_away
        .as_ref()
        .map_or((HealthLevel::Pass, "available"), |away| (HealthLevel::Warn, away.why.as_str()));
    let network = if world.connectivity.ok {
        (HealthLevel::Pass, "up")
    } else {
        (HealthLevel::Fail, world.connectivity.detail.as_str())
    };
    let configuration = world.diagnostics.rejected.as_ref();
    let configuration =
        configuration.map_or((HealthLevel::Pass, "in effect"), |(_, why)| (HealthLevel::Warn, why.as_str()));
    let records = match (late.dropped, late.in_memory) {
        (0, 0) => (HealthLevel::Pass, "none lost"),
        (0, _) => (HealthLevel::Warn, "some are in memory alone"),
        _ => (HealthLevel::Fail, "some were dropped"),
    };
    let readings = world.diagnostics.left_out().map_or((HealthLevel::Pass, "read"), |why| (HealthLevel::Warn, why));
    let components = [
        ("lease:holder", lease),
        ("store:availability", store),
        ("store:readings", readings),
        ("network:connectivity", network),
        ("configuration:validity", configuration),
        ("records:loss", records),
    ];
    let worst = components.iter().map(|(_, (level, _))| *level).max().unwrap_or(HealthLevel::Pass);
    let time = rfc3339_millis(world.now.utc);
    let entry = |(name, (level, output)): (&str, (HealthLevel, &str))| {
        let output = redactor.redact(output);
        let said = json!({"componentType": "component", "status": level.word(), "time": time, "output": output});
        (name.to_owned(), Value::from(vec![said]))
    };
    let checks: serde_json::Map<String, Value> = components.into_iter().map(entry).collect();
    let body = json!({
        "status": worst.word(),
        "version": "1",
        "releaseId": env!("CARGO_PKG_VERSION"),
        "description": "the watcher itself; what it watches is in /metrics",
        "checks": checks,
    });
    let status = if worst == HealthLevel::Fail { 503 } else { 200 };
    ServedPage { status, content_type: "application/health+json", headers: "", body: format!("{body}\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_numbers_are_written_as_a_parser_wants_them() {
        let mut out = Families(String::new());
        out.sample("x", &[("a", "1\\\"\n"), ("b", "")], number(f64::INFINITY));
        out.sample("y", &[], number(0.25));
        assert_eq!(out.0, "x{a=\"1\\\\\\\"\\n\",b=\"\"} +Inf\ny 0.25\n");
        assert_eq!((number(f64::NAN), number(f64::NEG_INFINITY)), ("NaN".to_owned(), "-Inf".to_owned()));
    }
}
