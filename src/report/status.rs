//! What one round of polls says. It is the console's own world that takes the answers in and evaluates the conditions,
//! so that both say the same; only the streaks are short, because here each answer decides.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::config::Config;
use crate::config::sections::metric::{Metric, MetricKind};
use crate::config::sections::slo::SloKind;
use crate::config::titles::title_of_firing;
use crate::lang::time::{Stamp, rfc3339_millis};
use crate::lang::tz::Tz;
use crate::model::alert::Severity;
use crate::model::reading::Component;
use crate::model::since::Since;
use crate::model::status::Status;
use crate::model::thing::{Acknowledgement, AlertRecord};
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::World;
use crate::world::alerts::{AlertParts, AlertSubject, AlertView, Phase, fires_after, without_time};
use crate::world::checks::CheckView;
use crate::world::history::clock;
use crate::world::metrics::MetricView;
use crate::world::reason::Reason;

/// Everything that was asked. The fields and their names are a promise; some may be added.
#[derive(Debug, Serialize)]
pub struct Report {
    console: String,
    environment: String,
    at: String,
    /// ok, degraded, down or unknown.
    pub(crate) status: Status,
    pub(crate) checks: Vec<CheckRow>,
    pub(crate) metrics: Vec<MetricRow>,
    pub(crate) alerts: Vec<AlertRow>,
    backups: Vec<BackupRow>,
}

#[derive(Debug, Serialize)]
pub(crate) struct CheckRow {
    pub(crate) name: Name,
    /// How it is called where a person reads.
    #[serde(skip)]
    pub(crate) title: SafeText,
    pub(crate) service: Option<Name>,
    pub(crate) status: Status,
    since: Option<String>,
    age_ms: Option<u64>,
    pub(crate) latency_ms: Option<u64>,
    pub(crate) error: Option<SafeText>,
    /// Whether what is known of it is too old.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) stale: bool,
    /// The dependency that is down and explains its trouble.
    #[serde(skip_serializing_if = "Option::is_none")]
    explained_by: Option<String>,
    /// The same by its title.
    #[serde(skip)]
    pub(crate) by: Option<SafeText>,
    version: Option<SafeText>,
    components: BTreeMap<SafeText, Component>,
}

#[derive(Debug, Serialize)]
pub(crate) struct MetricRow {
    pub(crate) name: Name,
    /// How it is called where a person reads.
    #[serde(skip)]
    pub(crate) title: SafeText,
    pub(crate) service: Option<Name>,
    pub(crate) value: Option<f64>,
    pub(crate) unit: String,
    age_ms: Option<u64>,
    /// The worst of its conditions that the value meets, whether or not it must hold for some time.
    pub(crate) severity: Option<Severity>,
    pub(crate) error: Option<SafeText>,
    /// What the value leaves out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) caveat: Option<SafeText>,
    /// Whether the true value is this one or a higher one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) at_least: bool,
    /// Whether it has alert conditions that cannot be evaluated, because its source gave no number.
    #[serde(skip)]
    pub(crate) unread: bool,
}

#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts about one alert")]
pub(crate) struct AlertRow {
    name: String,
    pub(crate) severity: Severity,
    state: &'static str,
    pub(crate) condition: String,
    since: Option<String>,
    /// Who said last that they are at it: the login name.
    pub(crate) acknowledged_by: Option<SafeText>,
    /// Who said so before and still is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) acknowledged_with: Vec<SafeText>,
    pub(crate) muted_because: Option<String>,
    /// What was seen.
    pub(crate) value: SafeText,
    /// What it is about, the figure that was seen, and what was asked, in the order of the screen.
    #[serde(skip)]
    pub(crate) said: String,
    /// By what it is inhibited, by its title.
    #[serde(skip)]
    pub(crate) inhibited_by: Option<SafeText>,
    /// Whether the condition must hold for longer before it fires.
    #[serde(skip)]
    pub(crate) pending: bool,
    /// For how long it must hold, where it waits and does not fire by the record.
    #[serde(skip)]
    pub(crate) fires_after: Option<String>,
    /// Whether it fires by the record and not by what was seen just now, which may say that it is pending.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) on_record: bool,
    /// Whether it is about an objective, which one round of polls can't judge.
    #[serde(skip)]
    pub(crate) is_of_budget: bool,
    /// Since when it fires by the record, where it does not fire by what was seen just now.
    #[serde(skip)]
    pub(crate) fires_since: Option<String>,
    /// Whether the value is a number that the subject's own row does not show.
    #[serde(skip)]
    pub(crate) compared: bool,
}

/// Backup sets have their own command; here they stand empty until there are some.
#[derive(Debug, Serialize)]
struct BackupRow {}

impl Report {
    /// What the world says now, checks and metrics in the order of the configuration, alerts as they are listed on the screen.
    /// `names` chooses, none means all.
    pub fn new(world: &World, names: &[Name]) -> Self {
        let config = &world.config;
        let view = View { world };
        let wanted = |name: &str| names.is_empty() || names.iter().any(|wanted| **wanted == *name);
        let holding: Vec<&AlertView> = world
            .alerts
            .iter()
            .filter(|alert| matches!(alert.phase, Phase::Pending | Phase::Firing))
            .filter(|alert| alert.subject != AlertSubject::Console && wanted(alert.subject.name()))
            .collect();
        let checks: Vec<CheckRow> =
            world.checks.iter().filter(|check| wanted(&check.name)).map(|check| view.check(check)).collect();
        let metrics: Vec<MetricRow> = world
            .metrics
            .iter()
            .zip(&config.metrics)
            .filter(|(metric, _)| wanted(&metric.name))
            .map(|(metric, configured)| view.metric(metric, configured, &holding))
            .collect();
        let seen: BTreeSet<&Name> = holding.iter().map(|alert| &alert.id).collect();
        let mut alerts: Vec<AlertRow> = holding.iter().map(|alert| alert_row(alert, world)).collect();
        // What holds while our own network is down says nothing of now.
        let status = overall(&checks, &metrics, if world.connectivity.ok { &alerts } else { &[] });
        // What one answer does not show is not over for that.
        let is_about = |record: &AlertRecord| wanted(&record.alert) || measured(config, record).is_some_and(wanted);
        let recorded = world.firings_on_record().filter(|one| !seen.contains(&one.rule) && is_about(one));
        alerts.extend(recorded.map(|record| recorded_row(record, world)));
        Self {
            console: config.console.name.clone(),
            environment: config.console.environment.clone(),
            at: time(world.now.utc),
            status,
            checks,
            metrics,
            alerts,
            backups: Vec::new(),
        }
    }

    /// The worst of everything: ok, degraded, down or unknown.
    pub const fn status(&self) -> Status {
        self.status
    }

    /// The object that `--json` prints.
    pub fn json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_else(|error| format!("{{\"error\": \"{error}\"}}"));
        text.push('\n');
        text
    }
}

/// The worst of the checks and of the conditions that hold now, whether or not they must hold for some time: a gate
/// must not pass what is about to fire, nor what nobody could read.
fn overall(checks: &[CheckRow], metrics: &[MetricRow], alerts: &[AlertRow]) -> Status {
    let of_checks = checks.iter().map(|check| match check.status {
        // An old answer is neither up nor down, and to have been down is no better.
        status if check.stale && status != Status::Down => Status::Unknown,
        Status::Cold => Status::Ok,
        status => status,
    });
    let of_alerts = alerts.iter().map(|alert| match alert.severity {
        Severity::Critical => Status::Down,
        Severity::High | Severity::Medium | Severity::Low => Status::Degraded,
    });
    let of_metrics = checks
        .is_empty()
        .then(|| if metrics.iter().any(|metric| metric.value.is_some()) { Status::Ok } else { Status::Unknown });
    let unread = metrics.iter().filter(|metric| metric.unread).map(|_| Status::Unknown);
    Status::worst(of_checks.chain(of_alerts).chain(of_metrics).chain(unread)).unwrap_or_default()
}

fn time(utc: DateTime<Utc>) -> String {
    rfc3339_millis(utc)
}

/// The moment at which it began, where that was seen: one round sees nothing begin.
fn since(since: Option<Since>) -> Option<String> {
    since.and_then(Since::known).map(|at| time(at.utc))
}

/// How the report is printed.
struct View<'a> {
    world: &'a World,
}

impl View<'_> {
    fn age_ms(&self, at: Stamp) -> u64 {
        self.world.now.since(at).as_millis().try_into().unwrap_or(u64::MAX)
    }

    fn check(&self, check: &CheckView) -> CheckRow {
        let reading = check.last.as_ref();
        let explained_by = self.world.explained_by(check);
        CheckRow {
            name: check.name.clone(),
            title: SafeText::new(self.world.title_of_check(&check.name)),
            service: check.service.clone(),
            status: check.status,
            since: since(check.since),
            age_ms: reading.map(|reading| self.age_ms(reading.timing.ended)),
            latency_ms: reading.map(|reading| reading.timing.latency().as_millis().try_into().unwrap_or(u64::MAX)),
            error: match self.world.reason(check) {
                Reason::Nothing => None,
                // Whoever asks once does not wait for it.
                Reason::Waiting => Some(SafeText::new("not polled")),
                Reason::NoNetwork(error) | Reason::Error(error) => Some(error.clone()),
                reason => Some(SafeText::new(&reason.to_string())),
            },
            stale: check.stale,
            explained_by: explained_by.map(str::to_owned),
            by: explained_by.map(|by| SafeText::new(self.world.title_of_service(by))),
            version: reading.and_then(|reading| reading.version.clone()),
            components: reading.map(|reading| reading.components.clone()).unwrap_or_default(),
        }
    }

    fn metric(&self, view: &MetricView, metric: &Metric, holding: &[&AlertView]) -> MetricRow {
        let sample = view.last.as_ref();
        let error = match sample {
            Some(sample) => sample.value.as_ref().err().cloned(),
            None => Some(SafeText::new(without_sample(metric))),
        };
        let caveat = sample.and_then(|sample| sample.caveat.as_ref());
        let of_it = holding.iter().filter(|alert| alert.subject == AlertSubject::Metric(view.name.clone()));
        MetricRow {
            name: view.name.clone(),
            title: SafeText::new(&view.title),
            service: view.service.clone(),
            value: sample.and_then(|sample| sample.value.as_ref().ok().copied()),
            unit: view.unit.clone(),
            age_ms: sample.map(|sample| self.age_ms(sample.at)),
            severity: of_it.map(|alert| alert.severity).max(),
            error,
            caveat: caveat.map(|caveat| caveat.text.clone()),
            at_least: caveat.is_some_and(|caveat| caveat.at_least),
            unread: !metric.alerts.is_empty()
                && matches!(metric.kind, MetricKind::Value { .. } | MetricKind::Sample { .. })
                && sample.is_some_and(|sample| sample.value.is_err()),
        }
    }
}

fn alert_row(alert: &AlertView, world: &World) -> AlertRow {
    let AlertParts { value, asked, .. } = alert.parts(world.now);
    // For how long it must hold would be read as its age.
    let asked = without_time(&asked);
    let value = value.map_or_else(String::new, |value| format!(" {value}"));
    // What mutes it before that is said instead.
    let is_inhibited = alert.maintenance.is_none() && alert.silenced.is_none();
    // Whoever asks once sees nothing begin, nor hold for long enough to fire: the record may know of both.
    let (record, acknowledged) = world.firing_on_record(&alert.id).unzip();
    let acknowledged: Option<&Acknowledgement> = acknowledged.flatten();
    let recorded = record.filter(|record| record.seen).map(|record| time(record.since));
    AlertRow {
        name: alert.id.to_string(),
        severity: alert.severity,
        state: alert.phase.word(),
        condition: alert.condition.to_string(),
        since: since(alert.since).or(recorded),
        acknowledged_by: acknowledged.map(|known| known.by.clone()),
        acknowledged_with: acknowledged.map_or_else(Vec::new, |known| known.with.clone()),
        muted_because: world.muted_because_in(alert, Tz::UTC),
        value: alert.value.clone(),
        said: format!("{}{value} {asked}", SafeText::new(world.title_of_subject(&alert.subject))),
        inhibited_by: alert
            .inhibited_by
            .as_ref()
            .filter(|_| is_inhibited)
            .map(|by| SafeText::new(world.title_of_service(by))),
        pending: alert.phase == Phase::Pending,
        fires_after: fires_after(&alert.condition)
            .filter(|_| alert.phase == Phase::Pending && record.is_none())
            .map(str::to_owned),
        on_record: record.is_some() && alert.phase == Phase::Pending,
        is_of_budget: matches!(alert.subject, AlertSubject::Slo(_)),
        fires_since: record.filter(|_| alert.phase == Phase::Pending).map(|record| fires_since(record, world)),
        compared: matches!(alert.subject, AlertSubject::Check(_)) && alert.value.as_str().parse::<f64>().is_ok(),
    }
}

/// What fires by the record, and is not seen to hold.
fn recorded_row(record: &AlertRecord, world: &World) -> AlertRow {
    let (_, acknowledged) = world.firing_on_record(&record.rule).unzip();
    let acknowledged: Option<&Acknowledgement> = acknowledged.flatten();
    let title = title_of_firing(&world.config, &record.rule, &record.alert);
    AlertRow {
        name: record.rule.to_string(),
        severity: record.severity,
        state: Phase::Firing.word(),
        condition: record.condition.clone(),
        since: Some(time(record.since)),
        acknowledged_by: acknowledged.map(|known| known.by.clone()),
        acknowledged_with: acknowledged.map_or_else(Vec::new, |known| known.with.clone()),
        // Why it was muted when it fired may be over.
        muted_because: world.muted_by_people(record, Tz::UTC),
        value: record.value.clone(),
        said: format!("{} {}", SafeText::new(&title), without_time(&record.condition)),
        inhibited_by: None,
        pending: false,
        fires_after: None,
        on_record: true,
        is_of_budget: record.rule.starts_with("slo:"),
        fires_since: Some(fires_since(record, world)),
        compared: false,
    }
}

fn fires_since(record: &AlertRecord, world: &World) -> String {
    clock(record.fired_at, world.now.utc, Tz::UTC)
}

/// The check or metric that an objective measures whose alert this is.
fn measured<'a>(config: &'a Config, record: &AlertRecord) -> Option<&'a str> {
    let slo = config.slos.iter().find(|slo| slo.name == record.alert && record.rule.starts_with("slo:"))?;
    match &slo.kind {
        SloKind::Check(name) | SloKind::Metric { metric: name, .. } => Some(name),
        SloKind::Action { .. } => None,
    }
}

fn without_sample(metric: &Metric) -> &'static str {
    match metric.kind {
        _ if metric.per_second => "a rate needs two answers",
        MetricKind::Value { .. } | MetricKind::Sample { .. } => "not polled",
        MetricKind::Log(_) => "none of its logs can be read",
        MetricKind::Latency { .. } | MetricKind::Availability { .. } => "its check was not polled",
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::path::Path;
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;
    use std::sync::Arc;

    use crate::app::message::{Event, Message};
    use crate::app::state::State;
    use crate::app::update::update;
    use crate::config::load::load_text;
    use crate::model::document::Timing;
    use crate::model::fact::alerting::instance_id;
    use crate::model::fact::{AlertAcknowledged, AlertFired, Fact, NewFact, SilenceStarted, Statement};
    use crate::model::observation::Observation;
    use crate::model::reading::{Reading, Sample, Sign};
    use crate::model::thing::{Things, follow};
    use crate::sources::masks::masked;
    use crate::text::redact::Redactor;
    use crate::world::one_round;

    fn at(millis: u64) -> Stamp {
        Stamp { mono: Duration::ZERO, utc: DateTime::UNIX_EPOCH }.plus(Duration::from_millis(millis))
    }

    fn config(text: &str) -> Config {
        let loaded = load_text(Path::new("/srv/opsroom.toml"), text);
        loaded.config.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics))
    }

    fn reading(name: &str, sign: Sign, latency: Duration, error: Option<&str>) -> Observation {
        Observation::Reading(Box::new(Reading {
            error: error.map(SafeText::new),
            components: BTreeMap::from([(
                SafeText::new("db"),
                Component { status: Status::Ok, latency_ms: Some(4), ..Component::default() },
            )]),
            fields: BTreeMap::from([("tls.days_left".to_owned(), 20.0)]),
            ..Reading::plain(name.into(), Timing { scheduled: at(0), sent: at(0), ended: at(0).plus(latency) }, sign)
        }))
    }

    fn millis(name: &str, sign: Sign, latency: u64, error: Option<&str>) -> Observation {
        reading(name, sign, Duration::from_millis(latency), error)
    }

    fn sample(name: &str, value: Result<f64, &str>) -> Observation {
        let value = value.map_err(SafeText::new);
        Observation::Sample(Sample { metric: name.into(), at: at(1000), value, caveat: None })
    }

    fn after(text: &str, seen: Vec<Observation>, names: &[&str]) -> Report {
        let mut world = one_round::world(&config(text), at(0));
        let redactor = Redactor::new(["hunter22"]);
        one_round::apply(&mut world, seen.into_iter().map(|seen| masked(&redactor, seen)), at(1500));
        let names: Vec<Name> = names.iter().map(|name| Name::from(*name)).collect();
        Report::new(&world, &names)
    }

    const CHECK: &str =
        "tcp = \"127.0.0.1:1\"\nalert = { critical = \"down for 2m\", high = \"down\", medium = \"latency_ms > 500\" }";
    const METRIC: &str = "from = \"api\"\nvalue = \".body.x\"\nunit = \"%\"";

    pub(crate) fn report() -> Report {
        let check = |name: &str| format!("[check.{name}]\nservice = \"web\"\n{CHECK}\n");
        let metric = |name: &str, alert: &str| format!("[metric.{name}]\n{METRIC}\nalert = {{ high = \"{alert}\" }}\n");
        let text = [
            "[console]\nname = \"wellbeing\"\nenvironment = \"production\"\n[service.web]\n".to_owned(),
            "[source.api]\nhttp = \"http://127.0.0.1:1/\"\n".to_owned(),
            check("api"),
            check("worker"),
            check("mail"),
            metric("error-rate", "> 5% for 5m"),
            metric("disk", "> 80%"),
            metric("queue", "> 1%"),
        ];
        let seen = vec![
            millis("api", Sign::Good, 41, None),
            millis("worker", Sign::Bad, 900, Some("token hunter22 refused")),
            millis("mail", Sign::Cold, 30, None),
            sample("error-rate", Ok(7.5)),
            sample("disk", Ok(81.0)),
            sample("queue", Err("absent")),
        ];
        after(&text.concat(), seen, &[])
    }

    #[test]
    fn who_is_at_an_alert_with_a_span_and_since_when_it_holds_is_known_from_the_record() {
        let text = "[check.api]\ntcp = \"127.0.0.1:1\"\nalert = { critical = \"down for 2m\" }\n";
        let rule: Name = "check:api/critical/0".into();
        let fired = AlertFired {
            id: instance_id(&rule, at(500).utc),
            condition: "down for 2m".to_owned(),
            since: at(100).utc,
            ..AlertFired::sample(at(500).utc)
        };
        let acknowledged = AlertAcknowledged {
            id: fired.id.clone(),
            alert: fired.alert.clone(),
            severity: fired.severity,
            why: "on it".into(),
            until: at(9_000).utc,
            link: None,
            together: false,
            taken_by: None,
        };
        let mut things = Things::default();
        for (seq, said) in
            [Statement::AlertFired(fired), Statement::AlertAcknowledged(acknowledged)].into_iter().enumerate()
        {
            let (id, who, host) = (seq.to_string(), "ana".to_owned(), "box".to_owned());
            let draft = NewFact { id, at: at(600).utc, who, host, process: 1, late: false, said };
            follow(&Fact { seq: seq as u64 + 1, recorded_at: draft.at, draft }, &mut things);
        }
        let mut world = one_round::world(&config(text), at(0));
        one_round::apply(&mut world, [millis("api", Sign::Bad, 9, Some("refused"))], at(1500));
        world.alerts_read(&things.iter().cloned().collect::<Vec<_>>());
        let value: Value = serde_json::from_str(&Report::new(&world, &[]).json()).unwrap();
        let alert = &value["alerts"][0];
        assert_eq!((&alert["name"], &alert["state"]), (&json!(&*rule), &json!("pending")), "{value}");
        assert_eq!(alert["acknowledged_by"], "ana", "{value}");
        assert_eq!(alert["since"], "1970-01-01T00:00:00.100Z", "{value}");
        assert_eq!(alert["on_record"], true, "{value}");
        let style = crate::report::lines::Style { ascii: true, colour: false };
        let text = crate::report::lines::lines(&Report::new(&world, &[]), style);
        assert!(text.contains("(pending, firing on record since 00:00:00Z, acknowledged by ana)\n"), "{text}");
        assert!(text.ends_with("; 1 alert firing on record\n"), "{text}");
    }

    #[test]
    fn what_fires_by_the_record_is_listed_though_one_answer_is_good() {
        let text = "[check.api]\ntcp = \"127.0.0.1:1\"\nalert = { critical = \"down for 2m\" }\n\
                    [check.web]\ntcp = \"127.0.0.1:1\"\n[slo.api]\ncheck = \"api\"\nobjective = \"99.9%\"\n";
        let mut things = Things::default();
        let rules = ["check:api/critical/0", "slo:api/critical/0"];
        for (rule, seq) in rules.into_iter().zip(1..) {
            let condition = if seq == 1 { "down for 2m" } else { "budget burn > 14.4× over 1h and 5m" };
            let fired = AlertFired {
                id: instance_id(rule, at(500).utc),
                rule: rule.into(),
                condition: condition.to_owned(),
                ..AlertFired::sample(at(500).utc)
            };
            let (id, who, host) = (seq.to_string(), "ana".to_owned(), "box".to_owned());
            let said = Statement::AlertFired(fired);
            let draft = NewFact { id, at: at(500).utc, who, host, process: 1, late: false, said };
            follow(&Fact { seq, recorded_at: draft.at, draft }, &mut things);
        }
        let mut world = one_round::world(&config(text), at(0));
        let good = [millis("api", Sign::Good, 9, None), millis("web", Sign::Good, 9, None)];
        one_round::apply(&mut world, good, at(1500));
        world.alerts_read(&things.iter().cloned().collect::<Vec<_>>());
        let report = Report::new(&world, &[]);
        let value: Value = serde_json::from_str(&report.json()).unwrap();
        assert_eq!(value["status"], "ok", "by what holds now");
        let alerts: Vec<_> = value["alerts"].as_array().unwrap().iter().collect();
        let told = |one: &Value| (one["name"].clone(), one["state"].clone(), one["on_record"].clone());
        let expected = rules.map(|rule| (json!(rule), json!("firing"), json!(true)));
        assert_eq!(alerts.iter().map(|one| told(one)).collect::<Vec<_>>(), expected, "{value}");
        assert_eq!(alerts[0]["since"], "1970-01-01T00:00:00.500Z");
        let text = crate::report::lines::lines(&report, crate::report::lines::Style { ascii: true, colour: false });
        assert!(text.contains("alert critical: api down (firing on record since 00:00:00Z, not seen now)\n"), "{text}");
        let of_budget = "alert critical: api (SLO) budget burn > 14.4";
        let budget = text.lines().find(|line| line.starts_with(of_budget)).unwrap_or_default();
        assert!(budget.ends_with("(firing on record since 00:00:00Z)"), "{text}");
        assert!(text.ends_with("2 checks: 2 ok; 2 alerts firing on record\n"), "{text}");
        // Of what was not asked for nothing is said.
        assert_eq!(Report::new(&world, &["web".into()]).alerts.len(), 0);
        assert_eq!(Report::new(&world, &["api".into()]).alerts.len(), 2);
    }

    #[test]
    fn what_muted_an_alert_when_it_fired_is_not_said_once_it_is_over() {
        let text = "[check.api]\ntcp = \"127.0.0.1:1\"\nalert = { critical = \"down for 2m\" }\n";
        let rule = "check:api/critical/0";
        let fired = AlertFired {
            id: instance_id(rule, at(500).utc),
            muted_because: Some("silenced by ana until 00:00:09Z: migration".into()),
            ..AlertFired::sample(at(500).utc)
        };
        let silence = |until| SilenceStarted {
            id: "s1".into(),
            matching: "api".to_owned(),
            why: "disks".into(),
            until: at(until).utc,
            hold: true,
        };
        for (silence, muted) in [
            (None, Value::Null),
            (Some(silence(1_000)), Value::Null),
            (Some(silence(9_000)), json!("silenced by ana until 00:00:09Z: disks")),
        ] {
            let mut things = Things::default();
            let said = [Some(Statement::AlertFired(fired.clone())), silence.map(Statement::SilenceStarted)];
            for (said, seq) in said.into_iter().flatten().zip(1..) {
                let (id, who, host) = (seq.to_string(), "ana".to_owned(), "box".to_owned());
                let draft = NewFact { id, at: at(600).utc, who, host, process: 1, late: false, said };
                follow(&Fact { seq, recorded_at: draft.at, draft }, &mut things);
            }
            let mut world = one_round::world(&config(text), at(0));
            one_round::apply(&mut world, [millis("api", Sign::Good, 9, None)], at(1500));
            world.alerts_read(&things.iter().cloned().collect::<Vec<_>>());
            let value: Value = serde_json::from_str(&Report::new(&world, &[]).json()).unwrap();
            assert_eq!(value["alerts"][0]["muted_because"], muted, "{value}");
        }
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
        // One round sees nothing begin.
        assert_eq!((&worker["since"], &value["alerts"][0]["since"]), (&json!(null), &json!(null)));
        assert_eq!(worker["components"]["db"], json!({"status": "ok", "latency_ms": 4}));
        assert_eq!(value["checks"][2]["status"], "cold");
        let metrics: Vec<_> =
            value["metrics"].as_array().unwrap().iter().map(|metric| (&metric["value"], &metric["severity"])).collect();
        assert_eq!(
            metrics,
            [(&json!(7.5), &json!("high")), (&json!(81.0), &json!("high")), (&json!(null), &json!(null))]
        );
        let alerts = value["alerts"].as_array().unwrap().iter();
        let alerts: Vec<_> =
            alerts.map(|alert| (alert["name"].as_str().unwrap(), alert["state"].as_str().unwrap())).collect();
        // What must hold for some time holds now, and does not fire yet.
        let want = [
            ("check:worker/high/1", "firing"),
            ("metric:disk/high/0", "firing"),
            ("check:worker/medium/2", "firing"),
            ("check:worker/critical/0", "pending"),
            ("metric:error-rate/high/0", "pending"),
        ];
        assert_eq!(alerts, want);
        assert_eq!(value["backups"], json!([]));
    }

    #[test]
    fn the_whole_is_as_bad_as_its_worst_check_and_condition() {
        let whole = |seen: Vec<Observation>, names: &[&str]| {
            let text = names.iter().map(|name| format!("[check.{name}]\n{CHECK}\n")).collect::<Vec<_>>().concat();
            after(&text, seen, &[]).status
        };
        assert_eq!(whole(vec![], &[]), Status::Unknown);
        assert_eq!(whole(vec![], &["a"]), Status::Unknown);
        assert_eq!(whole(vec![millis("a", Sign::Good, 1, None)], &["a"]), Status::Ok);
        assert_eq!(whole(vec![millis("a", Sign::Cold, 1, None)], &["a"]), Status::Ok);
        assert_eq!(whole(vec![millis("a", Sign::Good, 700, None)], &["a"]), Status::Degraded);
        assert_eq!(
            whole(vec![millis("a", Sign::Degraded, 1, None), millis("b", Sign::Bad, 1, None)], &["a", "b"]),
            Status::Down
        );
        for (severity, hold, want) in [
            ("critical", "", Status::Down),
            ("high", "", Status::Degraded),
            ("medium", " for 5m", Status::Degraded),
            ("low", "", Status::Degraded),
        ] {
            let text = format!(
                "[source.api]\nhttp = \"http://127.0.0.1:1/\"\n[check.a]\n{CHECK}\n[metric.m]\n{METRIC}\nalert = {{ {severity} = \"> 5%{hold}\" }}"
            );
            let seen = |value| vec![millis("a", Sign::Good, 1, None), sample("m", Ok(value))];
            assert_eq!(after(&text, seen(7.0), &[]).status, want, "{severity}{hold}");
            assert_eq!(after(&text, seen(5.0), &[]).status, Status::Ok, "{severity}{hold}");
            // What was not asked for does not count.
            assert_eq!(after(&text, seen(7.0), &["a"]).status, Status::Ok, "{severity}{hold}");
        }
    }

    /// A console that takes the same answers: what pends and what fires there.
    fn console(text: &str, rounds: &[Vec<Observation>]) -> Vec<(String, &'static str)> {
        let text = text.replace("[check.a]", "[check.a]\nfail_after = 1\nok_after = 1");
        let mut state = State::new(Arc::new(config(&text)), at(0), (80, 24));
        for (nth, seen) in rounds.iter().enumerate() {
            for event in seen.iter().cloned().map(Event::Observation).chain([Event::Clock]) {
                drop(update(&mut state, Message { at: at(1500 + nth as u64 * 2000), event }));
            }
        }
        let shown = |alert: &AlertView| (alert.id.to_string(), alert.phase.word());
        let holding = state.world.alerts.iter().filter(|alert| matches!(alert.phase, Phase::Pending | Phase::Firing));
        let mut all: Vec<_> = holding.map(shown).collect();
        all.sort();
        all
    }

    fn shell(text: &str, rounds: &[Vec<Observation>]) -> Vec<(String, &'static str)> {
        let mut world = one_round::world(&config(text), at(0));
        for (nth, seen) in rounds.iter().enumerate() {
            one_round::apply(&mut world, seen.clone(), at(1500 + nth as u64 * 2000));
        }
        let report = Report::new(&world, &[]);
        let mut all: Vec<_> = report.alerts.iter().map(|alert| (alert.name.clone(), alert.state)).collect();
        all.sort();
        all
    }

    /// Of what, the condition, rounds of answers, and what it comes to.
    type Case = (&'static str, &'static str, Vec<Vec<Observation>>, Option<&'static str>);

    #[test]
    fn the_shell_and_the_console_agree_on_every_condition() {
        let check = |sign, micros| reading("a", sign, Duration::from_micros(micros), None);
        let good = |micros| vec![check(Sign::Good, micros)];
        let value = |value: f64| vec![sample("m", Ok(value))];
        let nothing = || vec![sample("m", Err("no field"))];
        // `a` is a check, `m` a metric in per cent.
        let cases: Vec<Case> = vec![
            ("a", "latency_ms > 500", vec![good(500_400)], Some("firing")),
            ("a", "latency_ms > 500", vec![good(500_000)], None),
            ("a", "latency_ms >= 500.4", vec![good(500_400)], Some("firing")),
            ("a", "latency_ms < 500", vec![good(499_999)], Some("firing")),
            ("a", "latency_ms > 0.5s", vec![good(500_400)], Some("firing")),
            ("a", "latency_ms > 500 for 5m", vec![good(500_400)], Some("pending")),
            ("a", "latency_ms > 500 until < 300", vec![good(600_000), good(400_000)], Some("firing")),
            ("a", "latency_ms > 500 until < 300", vec![good(400_000)], None),
            ("a", "latency_ms > 500 until < 300", vec![good(600_000), good(299_000)], None),
            ("a", "tls.days_left < 21", vec![good(1)], Some("firing")),
            ("a", "tls.days_left < 20", vec![good(1)], None),
            ("a", "body.missing < 20", vec![good(1)], None),
            ("a", "down", vec![vec![check(Sign::Bad, 1)]], Some("firing")),
            ("a", "down for 2m", vec![vec![check(Sign::Bad, 1)]], Some("pending")),
            ("a", "down", vec![vec![check(Sign::Unknown, 1)]], None),
            ("a", "down", vec![vec![check(Sign::Cold, 1)]], None),
            ("a", "degraded", vec![vec![check(Sign::Degraded, 1)]], Some("firing")),
            ("a", "degraded", vec![vec![check(Sign::Bad, 1)]], Some("firing")),
            ("a", "degraded", vec![vec![check(Sign::Bad, 1)], good(1)], None),
            ("a", "stale for 5m", vec![good(1)], None),
            ("a", "changes > 0 in 10m", vec![good(1), vec![check(Sign::Bad, 1)]], Some("firing")),
            ("a", "changes > 0 in 10m", vec![good(1), good(2)], None),
            // That nothing changes is known after ten minutes, not after one answer.
            ("a", "changes < 1 in 10m", vec![good(1)], None),
            ("a", "changes == 0 in 10m", vec![good(1)], None),
            ("a", "changes < 1 in 1s", vec![good(1), good(1)], Some("firing")),
            ("m", "> 5%", vec![value(5.0004)], Some("firing")),
            ("m", "> 5%", vec![value(5.0)], None),
            ("m", ">= 5%", vec![value(5.0)], Some("firing")),
            ("m", "> 5% for 5m", vec![value(9.0)], Some("pending")),
            ("m", "> 5% for 5m", vec![value(9.0), value(1.0)], None),
            ("m", "> 85% until < 75%", vec![value(90.0), value(80.0)], Some("firing")),
            ("m", "> 85% until < 75%", vec![value(80.0)], None),
            ("m", "absent", vec![nothing()], Some("firing")),
            ("m", "absent", vec![vec![]], None),
            ("m", "absent for 10m", vec![nothing()], Some("pending")),
            ("m", "> 5%", vec![nothing()], None),
            ("m", "> 5%", vec![value(9.0), nothing()], Some("firing")),
            ("m", "!= 0", vec![value(0.0)], None),
            ("m", "changes > 1 in 10m", vec![value(1.0), value(2.0), value(1.0)], Some("firing")),
            ("m", "stale", vec![value(1.0)], None),
        ];
        for (subject, condition, rounds, want) in cases {
            let of = |name: &str| {
                if name == subject { format!("alert = {{ high = \"{condition}\" }}") } else { String::new() }
            };
            let text = format!(
                "[source.api]\nhttp = \"http://127.0.0.1:1/\"\n[check.a]\nhttp = \"http://127.0.0.1:1/\"\n{}\n[metric.m]\n{METRIC}\n{}\n",
                of("a"),
                of("m")
            );
            let kind = if subject == "a" { "check" } else { "metric" };
            let want: Vec<_> = want.into_iter().map(|state| (format!("{kind}:{subject}/high/0"), state)).collect();
            assert_eq!(shell(&text, &rounds), want, "status: {condition}");
            assert_eq!(console(&text, &rounds), want, "console: {condition}");
        }
    }

    #[test]
    fn figures_of_a_check_are_those_of_the_console() {
        let text = format!(
            "[check.a]\n{CHECK}\n[metric.p95]\ncheck = \"a\"\nlatency = \"p95\"\nwindow = \"5m\"\nalert = {{ high = \"> 1s\" }}"
        );
        let report = after(&text, vec![millis("a", Sign::Good, 2000, None)], &[]);
        assert_eq!(report.metrics[0].severity, Some(Severity::High), "{}", report.json());
    }

    #[test]
    fn without_a_network_of_our_own_nothing_is_known() {
        let lost = Observation::Connectivity { ok: false, detail: SafeText::new("our own network is not there") };
        let seen = vec![lost, millis("a", Sign::Bad, 1, Some("refused"))];
        let report = after(&format!("[check.a]\n{CHECK}\n"), seen, &[]);
        assert_eq!((report.status, report.alerts.len()), (Status::Unknown, 0));
        assert_eq!(report.checks[0].error, Some(SafeText::new("our own network is not there")));
    }
}
