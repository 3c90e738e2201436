//! `opsroom alerts`: what fires, pends and is muted, by the store.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, Subcommand};
use serde::Serialize;

use super::output;
use super::{Global, configuration, run_service};
use crate::config::Config;
use crate::config::titles::title_of_firing;
use crate::lang::order::InOrder;
use crate::lang::time::rfc3339_millis;
use crate::lang::tz::Tz;
use crate::lang::unit;
use crate::model::alert::Severity;
use crate::model::engine::{EngineState, KeptAlert, KeptAlertState};
use crate::model::silence::MatchInput;
use crate::model::thing::{Acknowledgement, AlertRecord, NOTE_STANDS, SilenceRecord};
use crate::runtime::runs::RunService;
use crate::store::StoreError;
use crate::text::SafeText;
use crate::text::count::counted;
use crate::text::name::Name;
use crate::world::history::clock;
use crate::world::maintenance::MaintenancePlan;
use crate::world::muting::{muted_by_itself, muted_by_maintenance};

mod route;
mod stored;

use self::stored::messages;
pub(super) use self::stored::{StoredAlerts, kept_engine, put, say};

/// How far a clock of another host may be ahead of the store's before what it wrote is missed.
const AHEAD: TimeDelta = TimeDelta::hours(1);
/// Messages about an alert that its line names.
const NOTIFIED: usize = 2;
/// How long a holder may take to keep what it knows of an alert that fires.
const UNKEPT: TimeDelta = TimeDelta::seconds(10);

/// Arguments of `opsroom alerts`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Also show alerts resolved within this time, and who was notified: 1h, 7d
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    history: Option<Duration>,
    /// Print JSON: an array, firing alerts first
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
    /// Who acknowledged it before and still does.
    with: Vec<SafeText>,
    why: SafeText,
    at: String,
    until: String,
    #[serde(skip)]
    ends: DateTime<Utc>,
}

/// What was said at an earlier acknowledgement.
#[derive(Debug, Clone, Serialize)]
struct Note {
    by: SafeText,
    why: SafeText,
    at: String,
    #[serde(skip)]
    said: DateTime<Utc>,
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
    /// The contacts who must acknowledge it too.
    still_asked: Vec<Name>,
    /// What was said when an alert of this name was acknowledged last, where nobody is at this one.
    note: Option<Note>,
    muted_because: Option<String>,
    silence: Option<Name>,
    /// The messages about it, oldest first.
    notified: Vec<Notified>,
    value: SafeText,
    condition: String,
    /// Whether it was seen to begin then; otherwise it may have held for longer.
    seen: bool,
    #[serde(skip)]
    began: DateTime<Utc>,
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
    // What pends is known only to whoever acts for all.
    let engine = kept_engine(run_service).await?;
    let history = arguments.history.map(|span| TimeDelta::from_std(span).unwrap_or(TimeDelta::MAX));
    let is_shown =
        |record: &&AlertRecord| record.resolved_at.is_none_or(|at| history.is_some_and(|history| now - at < history));
    let shown: Vec<&AlertRecord> = stored.records.iter().filter(is_shown).collect();
    let messages = match shown.iter().map(|record| record.fired_at).min() {
        Some(first) => messages(&run_service.store().messages(first - AHEAD).await?),
        None => BTreeMap::new(),
    };
    let muting = Muting { stored: &stored, engine: &engine, plan: stored.maintenance_plan(config), config, now };
    let kept: BTreeMap<&Name, &KeptAlert> = engine.alerts.iter().map(|(rule, kept)| (rule, kept)).collect();
    let mut lines: Vec<AlertLine> =
        shown.into_iter().map(|record| recorded(record, &muting, &kept, &messages)).collect();
    let pending = engine.alerts.iter().filter_map(|(rule, kept)| match kept.state {
        // The engine is kept every few seconds: what fired since then pends no more.
        KeptAlertState::Pending(since) if !has_fired(&stored, rule, since) => pending(rule, kept, since, &muting),
        _ => None,
    });
    lines.extend(pending);
    lines.order_by(|one, other| {
        let order = |line: &AlertLine| (line.state, line.acknowledged.is_some());
        let worse = order(one).cmp(&order(other)).then_with(|| other.severity.cmp(&one.severity));
        worse.then_with(|| other.began.cmp(&one.began))
    });
    Ok(lines)
}

/// What mutes alerts at a moment, and who is asked.
struct Muting<'a> {
    stored: &'a StoredAlerts,
    engine: &'a EngineState,
    plan: MaintenancePlan,
    config: &'a Config,
    now: DateTime<Utc>,
}

impl Muting<'_> {
    fn still_asked(&self, firing: &str, known: &Acknowledgement) -> Vec<Name> {
        self.stored.still_asked(firing, known, (self.engine, self.config))
    }

    /// What was said when an alert of that name was acknowledged last, where that was not too long ago.
    fn note_of(&self, alert: &str) -> Option<Note> {
        let (_, note) = self.stored.notes.iter().find(|(about, _)| **about == *alert)?;
        let is_late = self.now - note.at >= NOTE_STANDS;
        (!is_late).then(|| Note {
            by: note.by.clone(),
            why: note.why.clone(),
            at: rfc3339_millis(note.at),
            said: note.at,
        })
    }

    /// In words what mutes an alert of a service: maintenance, else a silence, whose id is given too.
    fn of(&self, alert: MatchInput<'_>) -> (Option<String>, Option<Name>) {
        let silence = self.stored.silence_of(alert, self.now);
        let running = self.plan.running(self.now).into_iter().filter(|one| one.services.includes(alert.service));
        let maintenance = running.max_by_key(|one| one.window.end);
        let maintenance =
            maintenance.map(|one| muted_by_maintenance(&(&one).into(), self.now, self.config.console.timezone));
        (maintenance.or_else(|| silence.map(|silence| silenced(silence, self.now))), silence.map(|one| one.id.clone()))
    }
}

/// Whether a condition that was pending since a moment has fired since then, or did so before.
fn has_fired(stored: &StoredAlerts, rule: &Name, since: DateTime<Utc>) -> bool {
    stored.records.iter().any(|record| record.rule == *rule && (record.is_firing() || record.fired_at >= since))
}

fn recorded(
    record: &AlertRecord,
    muting: &Muting<'_>,
    kept: &BTreeMap<&Name, &KeptAlert>,
    messages: &BTreeMap<Name, Vec<Notified>>,
) -> AlertLine {
    let (fires, now) = (record.is_firing(), muting.now);
    let (by_person, silence) = if fires { muting.of(record.into()) } else { (None, None) };
    // As the holder saw it last; as it was when it fired for one that is over, or that the holder has kept nothing of yet.
    let kept = kept.get(&record.rule).filter(|kept| fires && !matches!(kept.state, KeptAlertState::Pending(_)));
    let by_itself = kept.and_then(|kept| muted_by_itself(kept.inhibited_by.as_ref(), kept.flapping));
    let latest = kept.and_then(|kept| kept.value.clone());
    let is_new = kept.is_none() && now - record.fired_at < UNKEPT;
    let then = record.muted_because.as_ref().filter(|_| !fires || is_new).map(ToString::to_string);
    let acknowledged = record.acknowledged.as_ref().filter(|known| !fires || known.until > now);
    AlertLine {
        id: record.id.clone(),
        alert: record.alert.clone(),
        severity: record.severity,
        service: record.service.clone(),
        state: if fires { State::Firing } else { State::Resolved },
        since: rfc3339_millis(record.since),
        fired_at: Some(rfc3339_millis(record.fired_at)),
        resolved_at: record.resolved_at.map(rfc3339_millis),
        still_asked: acknowledged
            .filter(|_| fires)
            .map_or_else(Vec::new, |known| muting.still_asked(&record.id, known)),
        note: muting.note_of(&record.alert).filter(|_| fires && acknowledged.is_none()),
        acknowledged: acknowledged.map(|known| Acknowledged {
            by: known.by.clone(),
            with: known.with.clone(),
            why: known.why.clone(),
            at: rfc3339_millis(known.at),
            until: rfc3339_millis(known.until),
            ends: known.until,
        }),
        muted_because: by_person.or(by_itself).or(then),
        silence,
        notified: messages.get(&record.id).cloned().unwrap_or_default(),
        // What the holder saw last, while it fires.
        value: latest.unwrap_or_else(|| record.last.as_ref().unwrap_or(&record.value).clone()),
        condition: record.condition.clone(),
        seen: record.seen,
        began: record.since,
    }
}

/// A condition that holds, not for long enough yet: only the holder knows of it.
fn pending(rule: &Name, kept: &KeptAlert, since: DateTime<Utc>, muting: &Muting<'_>) -> Option<AlertLine> {
    let condition = kept.condition.as_str();
    let config = muting.config;
    let (kind, rest) = rule.split_once(':')?;
    let mut parts = rest.split('/');
    let (alert, severity) = (parts.next()?, parts.next()?);
    let severity = Severity::named(severity)?;
    let check = config.checks.iter().find(|check| *check.name == *alert).and_then(|check| check.service.clone());
    let metric = || config.metrics.iter().find(|metric| *metric.name == *alert)?.service.clone();
    let service = check.or_else(metric);
    // The configuration may have it no more.
    if !config.alert_names().any(|known| known == alert) && config.alert_names().next().is_some() {
        return None;
    }
    let of_slo = kind == "slo";
    let input = MatchInput { alert, of_slo, severity, service: service.as_deref(), condition, value: "" };
    let (by_person, silence) = muting.of(input);
    Some(AlertLine {
        id: rule.clone(),
        alert: alert.into(),
        severity,
        muted_because: by_person.or_else(|| muted_by_itself(kept.inhibited_by.as_ref(), kept.flapping)),
        silence,
        service,
        state: State::Pending,
        since: rfc3339_millis(since),
        fired_at: None,
        resolved_at: None,
        acknowledged: None,
        still_asked: Vec::new(),
        note: muting.note_of(alert),
        notified: Vec::new(),
        value: kept.value.clone().unwrap_or_default(),
        condition: condition.to_owned(),
        seen: true,
        began: since,
    })
}

fn silenced(silence: &SilenceRecord, now: DateTime<Utc>) -> String {
    let until = clock(silence.until, now, Tz::UTC);
    format!("silenced by {} until {until}: {}", silence.by, silence.why)
}

fn print(arguments: &Arguments, lines: &[AlertLine], config: &Config, now: DateTime<Utc>) -> u8 {
    if arguments.json {
        return output::print_as_json("the alerts", lines);
    }
    if lines.is_empty() {
        return output::print("no alerts firing\n");
    }
    let titles: Vec<Cow<'_, str>> = lines.iter().map(|line| title_of_firing(config, &line.id, &line.alert)).collect();
    let widest = titles.iter().map(|title| title.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (line, title) in lines.iter().zip(titles) {
        let (state, severity, since) = (line.state.word(), line.severity.word(), clock(line.began, now, Tz::UTC));
        let before = if line.seen { "" } else { "before " };
        let _ = write!(text, "{state:<8}  {severity:<8}  {title:<widest$}  since {before}{since}  {}", line.condition);
        if !line.value.as_str().is_empty() {
            let _ = write!(text, " · {}", line.value);
        }
        if let Some(known) = &line.acknowledged {
            let until = clock(known.ends, now, Tz::UTC);
            let with = known.with.iter().fold(String::new(), |all, who| all + ", " + who.as_str());
            let _ = write!(text, "  acknowledged by {}{with} until {until}: {}", known.by, known.why);
            if !line.still_asked.is_empty() {
                let _ = write!(text, "  still to acknowledge: {}", line.still_asked.join(", "));
            }
        }
        if let Some(note) = &line.note {
            let _ = write!(text, "  last note: {} by {}, {}", note.why, note.by, clock(note.said, now, Tz::UTC));
        }
        if let Some(why) = &line.muted_because {
            let _ = write!(text, "  muted: {why}");
        }
        // What did not arrive is never left out.
        let accepted = line.notified.iter().filter(|told| told.ok).count();
        let earlier = accepted.saturating_sub(NOTIFIED);
        if earlier > 0 {
            let _ = write!(text, "  {} earlier", counted(earlier, "notification"));
        }
        let later = line.notified.iter().filter(|told| told.ok).skip(earlier);
        for told in line.notified.iter().filter(|told| !told.ok).chain(later) {
            let who = told.contact.as_ref().map_or_else(String::new, |contact| format!("/{contact}"));
            let how = told.error.as_ref().map_or_else(|| "notified".to_owned(), |error| format!("failed ({error})"));
            let _ = write!(text, "  {how}: {}{who} at {}", told.channel, told.at);
        }
        text.push('\n');
    }
    output::print(&text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fact::AlertFired;

    #[test]
    fn what_mutes_an_alert_is_what_the_holder_kept_last() {
        let now = DateTime::from_timestamp(1_772_000_000, 0).unwrap();
        let rule: Name = "check:web/high/0".into();
        let fired = AlertFired {
            alert: "web".into(),
            rule: rule.clone(),
            severity: Severity::High,
            muted_because: Some("db is down".into()),
            ..AlertFired::sample(now)
        };
        let record = AlertRecord::new(&fired);
        let (stored, engine) = (StoredAlerts::default(), EngineState::default());
        let config = Config::default();
        let muted = |kept: Option<(KeptAlertState, Option<&str>, bool)>, seconds| {
            let kept = kept.map(|(state, inhibited_by, flapping)| KeptAlert {
                condition: "down".to_owned(),
                state,
                blind_ms: 0,
                began_in_sight: true,
                inhibited_by: inhibited_by.map(Name::from),
                flapping,
                value: None,
            });
            let kept: BTreeMap<&Name, &KeptAlert> = kept.iter().map(|kept| (&rule, kept)).collect();
            let now = now + TimeDelta::seconds(seconds);
            let muting = Muting {
                stored: &stored,
                engine: &engine,
                plan: stored.maintenance_plan(&config),
                config: &config,
                now,
            };
            recorded(&record, &muting, &kept, &BTreeMap::new()).muted_because
        };
        let firing = KeptAlertState::Firing(now, now);
        assert_eq!(muted(Some((firing, None, false)), 60), None);
        assert_eq!(muted(Some((firing, Some("db"), false)), 60).as_deref(), Some("db is down"));
        assert!(muted(Some((firing, None, true)), 60).is_some_and(|why| why.starts_with("flapping")));
        // What was kept is older than the alert: the record says how it fired.
        for kept in [None, Some((KeptAlertState::Pending(now), None, false))] {
            assert_eq!(muted(kept, 1).as_deref(), Some("db is down"));
            assert_eq!(muted(kept, 60), None, "not for ever");
        }
        let waits = KeptAlertState::Pending(now);
        let kept = KeptAlert {
            condition: "down".to_owned(),
            state: waits,
            blind_ms: 0,
            began_in_sight: true,
            inhibited_by: Some("db".into()),
            flapping: false,
            value: Some("DOWN".into()),
        };
        let muting =
            Muting { stored: &stored, engine: &engine, plan: stored.maintenance_plan(&config), config: &config, now };
        let line = pending(&rule, &kept, now, &muting).unwrap();
        assert_eq!((line.muted_because.as_deref(), line.value.as_str()), (Some("db is down"), "DOWN"));
    }
}
