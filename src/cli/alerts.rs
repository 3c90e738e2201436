//! `opsroom alerts`: what fires, pends and is muted, by the store.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use clap::{Args, Subcommand};
use serde::Serialize;

use super::output::{self, exit};
use super::{Global, configuration, run_service};
use crate::config::Config;
use crate::config::titles::title_of_alert;
use crate::lang::tz::Tz;
use crate::lang::unit;
use crate::model::alert::Severity;
use crate::model::engine::{ENGINE_VERSION, EngineState, KeptAlertState};
use crate::model::fact::Statement;
use crate::model::ledger::TargetRecord;
use crate::model::message::Recipient;
use crate::model::silence::{MatchInput, SilenceMatch};
use crate::model::thing::{AlertRecord, SilenceRecord, StoredThing, ThingKind};
use crate::runtime::runs::RunService;
use crate::store::{StoreError, new_fact};
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::history::clock;

mod route;

/// Arguments of `opsroom alerts`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Also those that were resolved within this time: 1h, 7d
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    history: Option<Duration>,
    /// Print JSON: an array, what fires first
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<AlertsCommand>,
}

#[derive(Debug, Subcommand)]
enum AlertsCommand {
    /// Show who would be notified of an alert now
    Route(route::Arguments),
}

/// A duration on the command line.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    unit::parse_duration(text).map_err(|error| error.to_string())
}

/// Where an alert stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Firing,
    Pending,
    Resolved,
}

impl State {
    const fn word(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Pending => "pending",
            Self::Resolved => "resolved",
        }
    }
}

/// Who is at an alert.
#[derive(Debug, Clone, Serialize)]
struct Acknowledged {
    by: SafeText,
    why: SafeText,
    at: String,
    until: String,
    #[serde(skip)]
    ends: DateTime<Utc>,
}

/// A message about an alert that a channel accepted.
#[derive(Debug, Clone, Serialize)]
struct Notified {
    channel: Name,
    contact: Option<Name>,
    at: String,
    ok: bool,
    error: Option<SafeText>,
}

/// One alert, as JSON has it. The fields and their names are a promise; some may be added.
#[derive(Debug, Clone, Serialize)]
struct AlertLine {
    id: Name,
    alert: Name,
    severity: Severity,
    service: Option<Name>,
    state: State,
    since: String,
    fired_at: Option<String>,
    resolved_at: Option<String>,
    acknowledged: Option<Acknowledged>,
    muted_because: Option<String>,
    silence: Option<Name>,
    /// Who was told that it fires. What is over has none.
    notified: Vec<Notified>,
    value: SafeText,
    condition: String,
    #[serde(skip)]
    began: DateTime<Utc>,
}

/// What the store says of alerts.
pub(super) struct StoredAlerts {
    pub records: Vec<AlertRecord>,
    pub silences: Vec<SilenceRecord>,
    /// What each target of messages was told.
    pub targets: Vec<(Recipient, TargetRecord)>,
}

impl StoredAlerts {
    /// Of an open store.
    pub(super) async fn read(run_service: &RunService) -> Result<Self, StoreError> {
        let things = run_service.store().alerts(run_service.now()).await?;
        let of = |kind| things.iter().filter(move |thing| thing.key.kind == kind);
        Ok(Self {
            records: of(ThingKind::Alert).filter_map(StoredThing::read).collect(),
            silences: of(ThingKind::Silence).filter_map(StoredThing::read).collect(),
            targets: of(ThingKind::Message)
                .filter_map(|thing| Some((Recipient::from_id(&thing.key.id), thing.read()?)))
                .collect(),
        })
    }

    /// Those that fire.
    pub(super) fn firing(&self) -> impl Iterator<Item = &AlertRecord> {
        self.records.iter().filter(|record| record.is_firing())
    }

    /// Who was told that a firing goes on.
    fn notified(&self, id: &str) -> Vec<Notified> {
        let of = |(target, record): &(Recipient, TargetRecord)| {
            let mut groups = record.groups.values();
            let group = groups.find(|group| group.firing.iter().any(|known| *known.id == *id))?;
            let (channel, contact) = (target.channel.clone(), target.contact.clone());
            Some(Notified { channel, contact, at: written(group.at), ok: true, error: None })
        };
        self.targets.iter().filter_map(of).collect()
    }

    /// The silence that mutes an alert.
    fn silence_of(&self, alert: MatchInput<'_>, now: DateTime<Utc>) -> Option<&SilenceRecord> {
        let about = |silence: &&SilenceRecord| {
            silence.is_active(now)
                && SilenceMatch::stored(&silence.matching).is_ok_and(|matching| matching.matches(alert))
        };
        self.silences.iter().filter(about).max_by_key(|silence| silence.until)
    }
}

/// Puts it on record as said at `now` by who runs the command, and then prints what was done.
pub(super) async fn say(run_service: &RunService, now: DateTime<Utc>, said: Vec<Statement>, text: &str) -> u8 {
    let identity = run_service.identity();
    let draft = |said| new_fact(now, &identity.who, &identity.host, said);
    match run_service.store().say_of_alerts(&said.into_iter().map(draft).collect::<Vec<_>>()).await {
        Ok(None) => output::print(text),
        Ok(Some(refusal)) => output::fail(exit::USAGE, &refusal.describe(), "see `opsroom alerts`"),
        Err(error) => run_service::broken(&error),
    }
}

/// Prints the alerts.
pub(crate) fn run(arguments: &Arguments, global: &Global) -> u8 {
    if let Some(AlertsCommand::Route(named)) = &arguments.command {
        return route::run(named, arguments.json, global);
    }
    output::carry_out(show(arguments, global))
}

async fn show(arguments: &Arguments, global: &Global) -> u8 {
    let now = global.clock.now().utc;
    let run_service = match run_service::look(global, true).await {
        Ok(Some(run_service)) => run_service,
        Ok(None) => return print(arguments, &[], &Config::default(), now),
        Err(code) => return code,
    };
    let config = configuration::for_titles(global);
    let code = match lines(&run_service, arguments, &config, now).await {
        Ok(lines) => print(arguments, &lines, &config, now),
        Err(error) => run_service::broken(&error),
    };
    run_service::close_read(&run_service, code).await
}

async fn lines(
    run_service: &RunService,
    arguments: &Arguments,
    config: &Config,
    now: DateTime<Utc>,
) -> Result<Vec<AlertLine>, StoreError> {
    let stored = StoredAlerts::read(run_service).await?;
    let engine = run_service.store().kept_engine().await?;
    let engine = engine.and_then(|kept| serde_json::from_slice::<EngineState>(&kept.body).ok());
    let engine = engine.filter(|engine| engine.version == ENGINE_VERSION).unwrap_or_default();
    let shown =
        TimeDelta::from_std(arguments.history.unwrap_or(config.alerting.resolved_for)).unwrap_or(TimeDelta::MAX);
    let is_shown = |record: &&AlertRecord| record.resolved_at.is_none_or(|at| now - at < shown);
    let muted: BTreeMap<&Name, &Name> =
        engine.alerts.iter().filter_map(|(rule, kept)| Some((rule, kept.inhibited_by.as_ref()?))).collect();
    let mut lines: Vec<AlertLine> =
        stored.records.iter().filter(is_shown).map(|record| recorded(record, &stored, &muted, now)).collect();
    let pending = engine.alerts.iter().filter_map(|(rule, kept)| match kept.state {
        KeptAlertState::Pending(since) => pending(rule, &kept.condition, since, (config, &stored), now),
        _ => None,
    });
    lines.extend(pending);
    lines.sort_by(|one, other| {
        let order = |line: &AlertLine| (line.state, line.acknowledged.is_some());
        let worse = order(one).cmp(&order(other)).then_with(|| other.severity.cmp(&one.severity));
        worse.then_with(|| other.began.cmp(&one.began))
    });
    Ok(lines)
}

fn recorded(
    record: &AlertRecord,
    stored: &StoredAlerts,
    inhibited: &BTreeMap<&Name, &Name>,
    now: DateTime<Utc>,
) -> AlertLine {
    let fires = record.is_firing();
    let silence = stored.silence_of(record.into(), now).filter(|_| fires);
    let by_silence = silence.map(|silence| silenced(silence, now));
    // As the holder saw it last; for one that is over as it was when it fired.
    let by_dependency = inhibited.get(&record.rule).filter(|_| fires).map(|by| format!("{by} is down"));
    let then = record.muted_because.as_ref().filter(|_| !fires).map(ToString::to_string);
    let acknowledged = record.acknowledged.as_ref().filter(|known| !fires || known.until > now);
    AlertLine {
        id: record.id.clone(),
        alert: record.alert.clone(),
        severity: record.severity,
        service: record.service.clone(),
        state: if fires { State::Firing } else { State::Resolved },
        since: written(record.since),
        fired_at: Some(written(record.fired_at)),
        resolved_at: record.resolved_at.map(written),
        acknowledged: acknowledged.map(|known| Acknowledged {
            by: known.by.clone(),
            why: known.why.clone(),
            at: written(known.at),
            until: written(known.until),
            ends: known.until,
        }),
        muted_because: by_silence.or(by_dependency).or(then),
        silence: silence.map(|silence| silence.id.clone()),
        notified: stored.notified(&record.id),
        value: record.value.clone(),
        condition: record.condition.clone(),
        began: record.fired_at,
    }
}

/// A condition that holds, not for long enough yet: only the holder knows of it.
fn pending(
    rule: &Name,
    condition: &str,
    since: DateTime<Utc>,
    (config, stored): (&Config, &StoredAlerts),
    now: DateTime<Utc>,
) -> Option<AlertLine> {
    let (_, rest) = rule.split_once(':')?;
    let mut parts = rest.split('/');
    let (alert, severity) = (parts.next()?, parts.next()?);
    let severity = Severity::named(severity)?;
    let check = config.checks.iter().find(|check| *check.name == *alert).and_then(|check| check.service.clone());
    let metric = || config.metrics.iter().find(|metric| *metric.name == *alert)?.service.clone();
    let service = check.or_else(metric);
    let input = MatchInput { alert, severity, service: service.as_deref(), condition, value: "" };
    let silence = stored.silence_of(input, now);
    Some(AlertLine {
        id: rule.clone(),
        alert: alert.into(),
        severity,
        muted_because: silence.map(|silence| silenced(silence, now)),
        silence: silence.map(|silence| silence.id.clone()),
        service,
        state: State::Pending,
        since: written(since),
        fired_at: None,
        resolved_at: None,
        acknowledged: None,
        notified: Vec::new(),
        value: SafeText::default(),
        condition: condition.to_owned(),
        began: since,
    })
}

fn silenced(silence: &SilenceRecord, now: DateTime<Utc>) -> String {
    let until = clock(silence.until, now, Tz::UTC);
    format!("silenced by {} until {until}: {}", silence.by, silence.why)
}

fn written(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn print(arguments: &Arguments, lines: &[AlertLine], config: &Config, now: DateTime<Utc>) -> u8 {
    if arguments.json {
        return match serde_json::to_string_pretty(lines) {
            Ok(text) => output::print_json(&format!("{text}\n")),
            Err(error) => output::fail(exit::SOFTWARE, &format!("the alerts can't be written as JSON: {error}"), ""),
        };
    }
    if lines.is_empty() {
        return output::print("no alerts firing\n");
    }
    let titles: Vec<&str> = lines.iter().map(|line| title_of_alert(config, &line.alert)).collect();
    let widest = titles.iter().map(|title| title.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (line, title) in lines.iter().zip(titles) {
        let (state, severity, since) = (line.state.word(), line.severity.word(), clock(line.began, now, Tz::UTC));
        let _ = write!(text, "{state:<8}  {severity:<8}  {title:<widest$}  since {since}  {}", line.condition);
        if !line.value.as_str().is_empty() {
            let _ = write!(text, " · {}", line.value);
        }
        if let Some(known) = &line.acknowledged {
            let until = clock(known.ends, now, Tz::UTC);
            let _ = write!(text, "  acknowledged by {} until {until}: {}", known.by, known.why);
        }
        if let Some(why) = &line.muted_because {
            let _ = write!(text, "  muted: {why}");
        }
        text.push('\n');
    }
    output::print(&text)
}
