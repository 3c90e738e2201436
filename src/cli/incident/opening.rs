//! `opsroom incident open`.

use std::cmp::Reverse;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use clap::Args;

use super::chosen::{moment, put, refuse, text, writing};
use super::evidence;
use crate::cli::alerts::StoredAlerts;
use crate::cli::output;
use crate::cli::span::Refusal;
use crate::cli::{Global, run_service};
use crate::config::Config;
use crate::config::titles::name_of_firing;
use crate::lang::nearest::{hint_of, hint_or};
use crate::model::alert::Severity;
use crate::model::fact::IncidentFact;
use crate::model::fact::incident::{IncidentOpened, IncidentRoleSaid};
use crate::model::incident::{IncidentRole, RoleStep};
use crate::model::maintenance::clock_with_zone;
use crate::model::thing::AlertRecord;
use crate::model::thing::incident::from_alert;
use crate::runtime::runs::RunService;
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::responding::targets;

#[derive(Debug, Args)]
pub(super) struct OpenArguments {
    /// What is wrong, in one line. Default with --alert: the alert
    #[arg(value_name = "TITLE", required_unless_present = "alert")]
    title: Option<String>,
    /// critical, high, medium, low, or your own word for one. Default: high, or that of the alert
    #[arg(long, value_name = "SEVERITY")]
    severity: Option<String>,
    /// An affected service; separate several with commas
    #[arg(long, value_name = "SERVICE", value_delimiter = ',')]
    service: Vec<String>,
    /// Open it from this firing alert, with its title, severity and service
    #[arg(long, value_name = "ALERT")]
    alert: Option<String>,
    /// A kind from `kinds` of `[incident]`, which offers its checklist
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// When the impact started, if not now: 02:41, 15m (ago), 2026-03-02T02:41, with Z for UTC
    #[arg(long, value_name = "TIME")]
    impact_started: Option<String>,
    /// Take the lead
    #[arg(long)]
    lead: bool,
    /// Do not save evidence
    #[arg(long)]
    no_evidence: bool,
}

/// The severity of a word.
pub(super) fn severity_named(word: &str, config: &Config) -> Result<Severity, Refusal> {
    config.severity_named(word).ok_or_else(|| {
        let aliases = config.severities.iter().flat_map(|rule| &rule.aliases).map(String::as_str);
        let words: Vec<&str> = Severity::WORST_FIRST.map(Severity::word).into_iter().chain(aliases).collect();
        (format!("no severity named `{word}`"), hint_of(word, words.into_iter()))
    })
}

/// Opens an incident.
pub(super) fn run(arguments: &OpenArguments, global: &Global) -> u8 {
    match writing(global) {
        Ok(config) => output::carry_out(open(arguments, Arc::new(config), global)),
        Err(code) => code,
    }
}

async fn open(arguments: &OpenArguments, config: Arc<Config>, global: &Global) -> u8 {
    let unknown = match &arguments.alert {
        Some(name) => Some(not_firing(name, &[])),
        None => opened(arguments, None, &config, global.clock.now().utc).err(),
    };
    run_service::changing_known(global, unknown, async |run_service| open_at(arguments, run_service, &config).await)
        .await
}

async fn open_at(arguments: &OpenArguments, run_service: &RunService, config: &Arc<Config>) -> u8 {
    let alert = match &arguments.alert {
        None => None,
        Some(name) => match firing(run_service, name).await {
            Ok(record) => Some(record),
            Err(code) => return code,
        },
    };
    let opened = match opened(arguments, alert.as_ref(), config, run_service.now()) {
        Ok(opened) => opened,
        Err(refusal) => return refuse(&refusal),
    };
    let (severity, resolve_s, kind) = (opened.severity, opened.targets.resolve_s, opened.checklist.clone());
    let mut facts = vec![IncidentFact::Opened(opened)];
    if arguments.lead {
        let (role, who) = (IncidentRole::Lead, SafeText::default());
        facts.push(IncidentFact::Role(IncidentRoleSaid { role, who, step: RoleStep::Taken }));
    }
    let id = match put(run_service, config, &Name::from(""), facts).await {
        Ok(id) => id,
        Err(code) => return code,
    };
    let now = run_service.now();
    let until = resolve_s.and_then(|within| chrono::TimeDelta::try_seconds(i64::try_from(within).ok()?));
    let until = until.map_or_else(String::new, |within| {
        format!(", to be resolved by {}", clock_with_zone(now + within, now, config.console.timezone))
    });
    let mut said = format!("{id} opened as {}{until}\n", severity.word());
    if let Some(checklist) = kind {
        said = format!("{said}checklist {checklist} is offered for it\n");
    }
    if !arguments.no_evidence {
        said.push_str(&evidence::save(run_service, config, &id).await);
    }
    output::print(&said)
}

/// What fires of an alert.
async fn firing(run_service: &RunService, name: &str) -> Result<AlertRecord, u8> {
    let stored = StoredAlerts::read(run_service).await.map_err(|error| run_service::broken(&error))?;
    leading(stored.firing(), name).cloned().ok_or_else(|| {
        let firing: Vec<&str> = stored.firing().map(|record| &*record.alert).collect();
        refuse(&not_firing(name, &firing))
    })
}

/// Of the alerts of a name the worst, of equally bad ones the oldest: a check and an objective may share a name, and what began
/// is told by the first of them.
fn leading<'a>(firing: impl Iterator<Item = &'a AlertRecord>, name: &str) -> Option<&'a AlertRecord> {
    let found = firing.filter(|record| *record.alert == *name);
    found.min_by_key(|record| (Reverse(record.severity), record.fired_at))
}

/// That this alert does not fire, and which do.
fn not_firing(name: &str, firing: &[&str]) -> Refusal {
    let hint = hint_or(name, firing.iter().copied(), "no alert is firing; omit --alert");
    (format!("no alert `{name}` is firing"), hint)
}

fn opened(
    arguments: &OpenArguments,
    alert: Option<&AlertRecord>,
    config: &Config,
    now: DateTime<Utc>,
) -> Result<IncidentOpened, Refusal> {
    let of_alert = |record: &AlertRecord| {
        let named = name_of_firing(config, &record.rule, &record.alert);
        format!("{} {named} {}", record.severity.word(), record.condition)
    };
    let title = match (&arguments.title, alert) {
        (Some(title), _) => text("TITLE", title)?,
        (None, alert) => SafeText::new(&alert.map(of_alert).unwrap_or_default()),
    };
    let severity = match &arguments.severity {
        Some(word) => severity_named(word, config)?,
        None => alert.map_or(Severity::High, |record| record.severity),
    };
    let is_known = |name: &str| config.services.iter().any(|service| *service.name == *name);
    if let Some(unknown) = arguments.service.iter().find(|name| !is_known(name)) {
        return Err(config.no_service(unknown));
    }
    let mut services: Vec<Name> = arguments.service.iter().map(|name| Name::from(name.as_str())).collect();
    if services.is_empty() {
        services.extend(alert.and_then(|record| record.service.clone()));
    }
    let kind = match &arguments.kind {
        None => None,
        Some(word) => {
            let found = config.incident.kinds.iter().find(|kind| *kind.name == **word);
            let refusal = || {
                let known = config.incident.kinds.iter().map(|kind| &*kind.name);
                let hint = hint_or(word, known, "none is configured: see [incident] kinds");
                (format!("no kind of incident named `{word}`"), hint)
            };
            Some(found.ok_or_else(refusal)?)
        }
    };
    let zone = config.console.timezone;
    let impact = arguments.impact_started.as_deref().map(|written| moment("--impact-started", written, now, zone));
    Ok(IncidentOpened {
        title,
        severity,
        targets: targets(config, severity),
        services,
        kind: kind.map(|kind| kind.name.clone()),
        checklist: kind.and_then(|kind| kind.checklist.clone()),
        from: alert.map(|record| from_alert(&record.alert)),
        alerted_at: alert.map(|record| record.fired_at),
        impact_started_at: impact.transpose()?.or_else(|| alert.map(|record| record.since)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_alerts_of_one_name_the_worst_leads_and_of_equals_the_oldest() {
        let alert = |rule: &str, severity: Severity, minute: u32| AlertRecord {
            id: format!("20261201T04{minute:02}00.000Z-{rule}").into(),
            alert: "api".into(),
            rule: rule.into(),
            severity,
            service: None,
            condition: "down".to_owned(),
            value: SafeText::default(),
            since: DateTime::UNIX_EPOCH,
            fired_at: DateTime::UNIX_EPOCH + chrono::Duration::minutes(minute.into()),
            seen: true,
            last: None,
            resolved_at: None,
            muted_because: None,
            acknowledged: None,
            used_links: Vec::new(),
            fence: 1,
        };
        let firing = [
            alert("check:api/low/0", Severity::Low, 1),
            alert("slo:api/critical/0", Severity::Critical, 48),
            alert("check:api/critical/0", Severity::Critical, 47),
        ];
        assert_eq!(leading(firing.iter(), "api").map(|one| &*one.rule), Some("check:api/critical/0"));
        assert_eq!(leading(firing.iter(), "db").map(|one| &*one.rule), None);
    }
}
