//! `opsroom ack`: says that somebody is at an alert.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::Args;

use super::alerts::{StoredAlerts, duration, kept_engine, say};
use super::output::{self, exit};
use super::span::{Refusal, allowed};
use super::{Global, configuration, run_service};
use crate::config::Config;
use crate::config::sections::test::OF_SLO;
use crate::config::titles::name_of_firing;
use crate::lang::nearest::{did_you_mean, nearest};
use crate::lang::tz::Tz;
use crate::model::alert::Severity;
use crate::model::alert::times::SpanBounds;
use crate::model::engine::EngineState;
use crate::model::fact::{AlertAcknowledged, Statement};
use crate::model::silence::SilenceMatch;
use crate::model::thing::{Acknowledgement, AlertRecord};
use crate::runtime::runs::RunService;
use crate::store::new_fact;
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::history::clock;

/// Arguments of `opsroom ack`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The check, metric or SLO whose alert fires, NAME:SEVERITY, or slo:NAME for the SLO alone
    #[arg(value_name = "ALERT")]
    alert: String,
    /// What is known or done about it
    #[arg(long, value_name = "TEXT")]
    why: String,
    /// For how long. Default: as `ack_expires` says, 30m for critical alerts and 4h for others
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    span: Option<Duration>,
}

/// Acknowledges what fires of an alert.
pub(crate) fn run(arguments: &Arguments, global: &Global) -> u8 {
    if arguments.why.trim().is_empty() {
        return output::fail(exit::USAGE, "--why is empty", "say what is known or done about it");
    }
    if let Some(Err(problem)) = arguments.span.map(|span| SpanBounds::ACKNOWLEDGED.until(global.clock.now().utc, span))
    {
        return output::fail(exit::USAGE, &format!("--for: {problem}"), &allowed(SpanBounds::ACKNOWLEDGED));
    }
    let config = match configuration::refuse_if_read_only(global, "nothing can be acknowledged here") {
        Ok(config) => config.unwrap_or_default(),
        Err(code) => return code,
    };
    let written = arguments.alert.trim();
    let of_slo = written.strip_prefix(OF_SLO);
    let (name, severity) = match SilenceMatch::parse(of_slo.unwrap_or(written), |word| config.severity_named(word)) {
        Ok(SilenceMatch::Alert(name, severity)) if of_slo.is_some() => (format!("{OF_SLO}{name}").into(), severity),
        Ok(SilenceMatch::Alert(name, severity)) => (name, severity),
        Ok(_) => {
            let problem = format!("`{}` is not the name of an alert", arguments.alert);
            return output::fail(exit::USAGE, &problem, "use the name of a check, metric or SLO, or NAME:SEVERITY");
        }
        Err(problem) => {
            return output::fail(exit::USAGE, &problem, "use a name, or NAME:SEVERITY such as api:critical");
        }
    };
    output::carry_out(acknowledge(arguments, global, &config, (&name, severity)))
}

async fn acknowledge(arguments: &Arguments, global: &Global, config: &Config, meant: (&str, Option<Severity>)) -> u8 {
    let unknown = Some(not_firing(&arguments.alert, std::iter::empty()));
    let work = async |run_service: &RunService| acknowledge_at(run_service, arguments, config, meant).await;
    run_service::changing_known(global, unknown, work).await
}

async fn acknowledge_at(
    run_service: &RunService,
    arguments: &Arguments,
    config: &Config,
    (name, severity): (&str, Option<Severity>),
) -> u8 {
    let stored = match StoredAlerts::read(run_service).await {
        Ok(stored) => stored,
        Err(error) => return run_service::broken(&error),
    };
    let of_slo = name.strip_prefix(OF_SLO);
    let is_named = |record: &AlertRecord| {
        *record.alert == *of_slo.unwrap_or(name) && (of_slo.is_none() || record.rule.starts_with(OF_SLO))
    };
    let is_meant =
        |record: &&AlertRecord| is_named(record) && severity.is_none_or(|severity| severity == record.severity);
    let now = run_service.now();
    let meant: Vec<&AlertRecord> = stored.firing().filter(is_meant).collect();
    if meant.is_empty() {
        let (problem, hint) = not_firing(&arguments.alert, stored.firing());
        return output::fail(exit::USAGE, &problem, &hint);
    }
    let said = meant.into_iter().map(|record| acknowledgement(record, arguments, config, now));
    let said: Vec<AlertAcknowledged> = match said.collect() {
        Ok(said) => said,
        Err(problem) => return output::fail(exit::USAGE, &problem, &allowed(SpanBounds::ACKNOWLEDGED)),
    };
    // Who else must is said beside it: where that can't be found, it is acknowledged all the same.
    let engine = kept_engine(run_service).await.ok();
    let lines = said.iter().map(|said| {
        let until = clock(said.until, now, Tz::UTC);
        // A check and an objective may have one name.
        let named = name_of_firing(config, &said.id, &said.alert);
        let asked = engine.as_ref().map(|engine| beside(&stored, said, run_service, (engine, config)));
        let asked = asked.filter(|asked| !asked.is_empty());
        let asked = asked.map_or_else(String::new, |asked| format!("; still to acknowledge: {}", asked.join(", ")));
        format!("acknowledged {} {named} until {until}{asked}\n", said.severity.word())
    });
    let text: String = lines.collect::<BTreeSet<_>>().into_iter().collect();
    say(run_service, now, said.into_iter().map(Statement::AlertAcknowledged).collect(), &text).await
}

fn acknowledgement(
    record: &AlertRecord,
    arguments: &Arguments,
    config: &Config,
    now: DateTime<Utc>,
) -> Result<AlertAcknowledged, String> {
    let span = arguments.span.unwrap_or_else(|| config.alerting.ack_expires(record.severity));
    Ok(AlertAcknowledged {
        id: record.id.clone(),
        alert: record.alert.clone(),
        severity: record.severity,
        why: SafeText::new(arguments.why.trim()),
        until: SpanBounds::ACKNOWLEDGED.until(now, span)?,
        link: None,
        together: true,
        taken_by: None,
    })
}

/// Who must acknowledge it too once this is on record.
fn beside(
    stored: &StoredAlerts,
    said: &AlertAcknowledged,
    run_service: &RunService,
    by: (&EngineState, &Config),
) -> Vec<Name> {
    let identity = run_service.identity();
    let statement = Statement::AlertAcknowledged(said.clone());
    let draft = new_fact(run_service.now(), &identity.who, &identity.host, statement);
    let Some(mut record) = stored.firing().find(|record| record.id == said.id).cloned() else { return Vec::new() };
    record.acknowledge(Acknowledgement::new(&draft, said));
    record.acknowledged.map_or_else(Vec::new, |known| stored.still_asked(&said.id, &known, by))
}

fn not_firing<'a>(alert: &str, firing: impl Iterator<Item = &'a AlertRecord>) -> Refusal {
    // Several severities of one fire together, and so may a check and an objective of one name.
    let firing: BTreeSet<&str> = firing.map(|record| &*record.alert).collect();
    let hint = match nearest(alert, firing.iter().copied()) {
        Some(near) => did_you_mean(near),
        None if firing.is_empty() => "`opsroom alerts` shows what fires: nothing does now".to_owned(),
        None => format!("what fires now: {}", Vec::from_iter(firing).join(", ")),
    };
    (format!("no alert `{alert}` is firing: nothing to acknowledge"), hint)
}
