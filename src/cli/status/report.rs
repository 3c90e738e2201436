//! What one round of asking says, judged by that one answer.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use crate::config::Config;
use crate::config::sections::check::Check;
use crate::config::sections::metric::{Metric, MetricKind};
use crate::model::alert::Severity;
use crate::model::condition::{Condition, Predicate};
use crate::model::message::Observation;
use crate::model::name::Name;
use crate::model::reading::{Component, Reading, Sample, Sign};
use crate::model::redact::Redactor;
use crate::model::status::Status;
use crate::model::text::SafeText;
use crate::model::time::Stamp;

/// Everything that was asked. The fields and their names are a promise; some may be added.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    console: String,
    environment: String,
    at: String,
    /// ok, degraded, down or unknown.
    pub(super) status: Status,
    pub(super) checks: Vec<CheckRow>,
    pub(super) metrics: Vec<MetricRow>,
    pub(super) alerts: Vec<AlertRow>,
    backups: Vec<BackupRow>,
}

#[derive(Debug, Serialize)]
pub(super) struct CheckRow {
    pub(super) name: Name,
    pub(super) service: Option<Name>,
    pub(super) status: Status,
    since: Option<String>,
    age_ms: Option<u64>,
    pub(super) latency_ms: Option<u64>,
    pub(super) error: Option<SafeText>,
    version: Option<SafeText>,
    components: BTreeMap<SafeText, Component>,
}

#[derive(Debug, Serialize)]
pub(super) struct MetricRow {
    pub(super) name: Name,
    pub(super) service: Option<Name>,
    pub(super) value: Option<f64>,
    pub(super) unit: String,
    age_ms: Option<u64>,
    /// The worst of its conditions that the value meets, whether or not it must hold for some time.
    pub(super) severity: Option<Severity>,
    pub(super) error: Option<SafeText>,
    /// What the value leaves out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) caveat: Option<SafeText>,
    /// Whether the true value is this one or a higher one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) at_least: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct AlertRow {
    name: String,
    pub(super) severity: Severity,
    state: &'static str,
    pub(super) condition: String,
    since: String,
    acknowledged_by: Option<String>,
    muted_because: Option<String>,
    #[serde(skip)]
    pub(super) subject: Name,
}

/// Backup sets have their own command; here they stand empty until there are some.
#[derive(Debug, Serialize)]
struct BackupRow {}

impl Report {
    /// Brings what was seen into the order of the configuration. `names` chooses, none means all.
    pub(super) fn new(config: &Config, names: &[Name], seen: &[Observation], now: Stamp, redactor: &Redactor) -> Self {
        let wanted = |name: &Name| names.is_empty() || names.contains(name);
        let round = Round::new(seen, now, redactor);
        let mut alerts = Vec::new();
        let mut checks = Vec::new();
        for check in config.checks.iter().filter(|check| wanted(&check.name)) {
            checks.push(round.check(check, &mut alerts));
        }
        let mut metrics = Vec::new();
        for metric in config.metrics.iter().filter(|metric| wanted(&metric.name)) {
            metrics.push(round.metric(metric, &mut alerts));
        }
        Self {
            console: config.console.name.clone(),
            environment: config.console.environment.clone(),
            at: time(now.utc),
            status: overall(&checks, &metrics, &alerts),
            checks,
            metrics,
            alerts,
            backups: Vec::new(),
        }
    }

    /// The object that `--json` prints.
    pub(super) fn json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_else(|error| format!("{{\"error\": \"{error}\"}}"));
        text.push('\n');
        text
    }
}

/// The worst of the checks. A metric has no status, but an alert that fires on one is trouble.
fn overall(checks: &[CheckRow], metrics: &[MetricRow], alerts: &[AlertRow]) -> Status {
    let of_checks = checks.iter().map(|check| match check.status {
        Status::Cold => Status::Ok,
        status => status,
    });
    let of_alerts = alerts.iter().filter(|alert| alert.severity >= Severity::Medium).map(|_| Status::Degraded);
    let of_metrics = checks
        .is_empty()
        .then(|| if metrics.iter().any(|metric| metric.value.is_some()) { Status::Ok } else { Status::Unknown });
    Status::worst(of_checks.chain(of_alerts).chain(of_metrics)).unwrap_or_default()
}

fn time(utc: DateTime<Utc>) -> String {
    utc.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// What was seen, by name.
struct Round<'a> {
    readings: BTreeMap<&'a str, &'a Reading>,
    samples: BTreeMap<&'a str, &'a Sample>,
    now: Stamp,
    redactor: &'a Redactor,
}

impl<'a> Round<'a> {
    fn new(seen: &'a [Observation], now: Stamp, redactor: &'a Redactor) -> Self {
        let (mut readings, mut samples) = (BTreeMap::new(), BTreeMap::new());
        for observation in seen {
            match observation {
                Observation::Reading(reading) => drop(readings.insert(&*reading.check, &**reading)),
                Observation::Sample(sample) => drop(samples.insert(&*sample.metric, sample)),
                _ => {}
            }
        }
        Self { readings, samples, now, redactor }
    }

    fn age_ms(&self, at: Stamp) -> u64 {
        self.now.since(at).as_millis().try_into().unwrap_or(u64::MAX)
    }

    fn check(&self, check: &Check, alerts: &mut Vec<AlertRow>) -> CheckRow {
        let reading = self.readings.get(&*check.name).copied();
        let status = reading.map_or(Status::Unknown, |reading| judged(reading.sign));
        if let Some(reading) = reading {
            let fires = |condition: &Condition| check_meets(condition, reading, status);
            alerts.extend(self.alerts("check", &check.name, &check.alerts, fires));
        }
        let clean = |text: &Option<SafeText>| text.as_ref().map(|text| self.redactor.redact_safe(text));
        CheckRow {
            name: check.name.clone(),
            service: check.service.clone(),
            status,
            since: reading.map(|reading| time(reading.timing.ended.utc)),
            age_ms: reading.map(|reading| self.age_ms(reading.timing.ended)),
            latency_ms: reading.map(|reading| reading.timing.latency().as_millis().try_into().unwrap_or(u64::MAX)),
            error: reading.map_or_else(|| Some(SafeText::new("it was not asked")), |reading| clean(&reading.error)),
            version: reading.and_then(|reading| clean(&reading.version)),
            components: reading.map(|reading| self.components(&reading.components)).unwrap_or_default(),
        }
    }

    fn components(&self, components: &BTreeMap<SafeText, Component>) -> BTreeMap<SafeText, Component> {
        let clean = |component: &Component| Component {
            status: component.status,
            detail: component.detail.as_ref().map(|detail| self.redactor.redact_safe(detail)),
            latency_ms: component.latency_ms,
            components: self.components(&component.components),
        };
        components.iter().map(|(name, component)| (self.redactor.redact_safe(name), clean(component))).collect()
    }

    fn metric(&self, metric: &Metric, alerts: &mut Vec<AlertRow>) -> MetricRow {
        let sample = self.samples.get(&*metric.name).copied();
        let value = sample.and_then(|sample| sample.value.as_ref().ok().copied());
        let meets = |condition: &Condition| metric_meets(condition, value, sample.is_some());
        alerts.extend(self.alerts("metric", &metric.name, &metric.alerts, meets));
        let error = match sample {
            Some(sample) => sample.value.as_ref().err().map(|error| self.redactor.redact_safe(error)),
            None => Some(SafeText::new(without_sample(metric))),
        };
        MetricRow {
            name: metric.name.clone(),
            service: metric.service.clone(),
            value,
            unit: metric.unit.clone(),
            age_ms: sample.map(|sample| self.age_ms(sample.at)),
            severity: metric
                .alerts
                .iter()
                .filter(|(_, condition)| meets(condition))
                .map(|(severity, _)| *severity)
                .max(),
            error,
            caveat: sample
                .and_then(|sample| sample.caveat.as_ref())
                .map(|caveat| self.redactor.redact_safe(&caveat.text)),
            at_least: sample.and_then(|sample| sample.caveat.as_ref()).is_some_and(|caveat| caveat.at_least),
        }
    }

    /// The alerts that one answer decides: those that need not hold for any time.
    fn alerts(
        &self,
        kind: &str,
        subject: &Name,
        conditions: &[(Severity, Condition)],
        fires: impl Fn(&Condition) -> bool,
    ) -> Vec<AlertRow> {
        let firing =
            conditions.iter().enumerate().filter(|(_, (_, condition))| condition.hold.is_zero() && fires(condition));
        let row = |(nth, (severity, condition)): (usize, &(Severity, Condition))| AlertRow {
            name: format!("{kind}:{subject}/{}/{nth}", severity.word()),
            severity: *severity,
            state: "firing",
            condition: condition.written.clone(),
            since: time(self.now.utc),
            acknowledged_by: None,
            muted_because: None,
            subject: subject.clone(),
        };
        firing.map(row).collect()
    }
}

const fn judged(sign: Sign) -> Status {
    match sign {
        Sign::Good => Status::Ok,
        Sign::Degraded => Status::Degraded,
        Sign::Bad => Status::Down,
        Sign::Unknown => Status::Unknown,
        Sign::Cold => Status::Cold,
    }
}

fn without_sample(metric: &Metric) -> &'static str {
    match metric.kind {
        _ if metric.per_second => "a rate needs two answers",
        MetricKind::Value { .. } | MetricKind::Sample { .. } => "it was not asked",
        MetricKind::Log(_) => "no log of it can be read",
        MetricKind::Latency { .. } | MetricKind::Availability { .. } => "measured over time, not by one answer",
    }
}

fn check_meets(condition: &Condition, reading: &Reading, status: Status) -> bool {
    match &condition.predicate {
        Predicate::Down => status == Status::Down,
        Predicate::Degraded => matches!(status, Status::Degraded | Status::Down),
        Predicate::Number { comparison, threshold, field: Some(field), .. } => {
            let own = (field == "latency_ms").then(|| reading.timing.latency().as_secs_f64() * 1e3);
            own.or_else(|| reading.fields.get(field).copied()).is_some_and(|value| comparison.holds(value, *threshold))
        }
        _ => false,
    }
}

fn metric_meets(condition: &Condition, value: Option<f64>, asked: bool) -> bool {
    match &condition.predicate {
        Predicate::Number { comparison, threshold, .. } => {
            value.is_some_and(|value| comparison.holds(value, *threshold))
        }
        Predicate::Absent => asked && value.is_none(),
        _ => false,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;
    use crate::config::sections::console::Console;
    use crate::model::document::Timing;

    fn at(millis: u64) -> Stamp {
        Stamp { mono: Duration::ZERO, utc: DateTime::UNIX_EPOCH }.plus(Duration::from_millis(millis))
    }

    fn check(name: &str) -> Check {
        Check {
            name: name.into(),
            service: Some("web".into()),
            source: format!("check:{name}").into(),
            every: Duration::from_secs(15),
            timeout: Duration::from_secs(5),
            expect: Vec::new(),
            degraded: Vec::new(),
            fail_after: 3,
            ok_after: 2,
            cold_start: None,
            nagios: false,
            alerts: vec![
                (Severity::Critical, Condition::parse("down for 2m", "").unwrap()),
                (Severity::High, Condition::parse("down", "").unwrap()),
                (Severity::Medium, Condition::parse("latency_ms > 500", "").unwrap()),
            ],
        }
    }

    fn reading(name: &str, sign: Sign, latency: u64, error: Option<&str>) -> Observation {
        Observation::Reading(Box::new(Reading {
            check: name.into(),
            timing: Timing { scheduled: at(0), sent: at(0), ended: at(latency) },
            sign,
            error: error.map(SafeText::new),
            timed_out: false,
            components: BTreeMap::from([(
                SafeText::new("db"),
                Component { status: Status::Ok, latency_ms: Some(4), ..Component::default() },
            )]),
            version: None,
            fields: BTreeMap::new(),
            phases: Vec::new(),
        }))
    }

    fn metric(name: &str, alert: &str) -> Metric {
        Metric {
            name: name.into(),
            title: name.to_owned(),
            service: None,
            kind: MetricKind::Value { from: "api".into(), program: ".x".to_owned() },
            unit: "%".to_owned(),
            per_second: false,
            every: Duration::from_secs(15),
            stale_after: Duration::from_secs(35),
            alerts: vec![(Severity::High, Condition::parse(alert, "%").unwrap())],
        }
    }

    pub(in crate::cli::status) fn report() -> Report {
        let config = Config {
            console: Console {
                name: "wellbeing".to_owned(),
                environment: "production".to_owned(),
                ..Console::default()
            },
            checks: vec![check("api"), check("worker"), check("mail")],
            metrics: vec![metric("error-rate", "> 5% for 5m"), metric("disk", "> 80%"), metric("queue", "> 1%")],
            ..Config::default()
        };
        let sample =
            |name: &str, value| Observation::Sample(Sample { metric: name.into(), at: at(1000), value, caveat: None });
        let seen = [
            reading("api", Sign::Good, 41, None),
            reading("worker", Sign::Bad, 900, Some("token hunter22 refused")),
            reading("mail", Sign::Cold, 30, None),
            sample("error-rate", Ok(7.5)),
            sample("disk", Ok(81.0)),
            sample("queue", Err(SafeText::new("absent"))),
        ];
        Report::new(&config, &[], &seen, at(1500), &Redactor::new(["hunter22"]))
    }

    #[test]
    fn the_object_has_the_promised_fields() {
        let value: Value = serde_json::from_str(&report().json()).unwrap();
        assert_eq!(value["console"], "wellbeing");
        assert_eq!(value["environment"], "production");
        assert_eq!(value["at"], "1970-01-01T00:00:01.500Z");
        assert_eq!(value["status"], "down");
        let worker = &value["checks"][1];
        assert_eq!(
            (&worker["name"], &worker["service"], &worker["status"]),
            (&json!("worker"), &json!("web"), &json!("down"))
        );
        assert_eq!((&worker["latency_ms"], &worker["age_ms"]), (&json!(900), &json!(600)));
        assert_eq!(worker["error"], "token *** refused");
        assert_eq!(worker["components"]["db"], json!({"status": "ok", "latency_ms": 4}));
        assert_eq!(value["checks"][2]["status"], "cold");
        let metrics: Vec<_> =
            value["metrics"].as_array().unwrap().iter().map(|metric| (&metric["value"], &metric["severity"])).collect();
        assert_eq!(
            metrics,
            [(&json!(7.5), &json!("high")), (&json!(81.0), &json!("high")), (&json!(null), &json!(null))]
        );
        let alerts: Vec<_> =
            value["alerts"].as_array().unwrap().iter().map(|alert| alert["name"].as_str().unwrap()).collect();
        // What must hold for some time is not decided by one answer.
        assert_eq!(alerts, ["check:worker/high/1", "check:worker/medium/2", "metric:disk/high/0"]);
        assert_eq!(value["backups"], json!([]));
    }

    #[test]
    fn the_whole_is_as_bad_as_its_worst_check() {
        let config =
            |names: &[&str]| Config { checks: names.iter().map(|name| check(name)).collect(), ..Config::default() };
        let whole = |seen: &[Observation], names: &[&str]| {
            Report::new(&config(names), &[], seen, at(2000), &Redactor::default()).status
        };
        assert_eq!(whole(&[], &[]), Status::Unknown);
        assert_eq!(whole(&[], &["a"]), Status::Unknown);
        assert_eq!(whole(&[reading("a", Sign::Good, 1, None)], &["a"]), Status::Ok);
        assert_eq!(whole(&[reading("a", Sign::Cold, 1, None)], &["a"]), Status::Ok);
        assert_eq!(whole(&[reading("a", Sign::Good, 700, None)], &["a"]), Status::Degraded);
        assert_eq!(
            whole(&[reading("a", Sign::Degraded, 1, None), reading("b", Sign::Bad, 1, None)], &["a", "b"]),
            Status::Down
        );
    }
}
