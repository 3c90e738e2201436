//! What facts say, in the words of a timeline: the one place that has words for them.

mod calendar;
mod checklists;
mod oncall;

use std::time::Duration;

use crate::lang::tz::Tz;
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::config::Config;
use crate::config::titles::{
    title_of, title_of_check, title_of_firing, title_of_maintenance, title_of_match, title_of_service, title_of_slo,
    titles_of_services,
};
use crate::lang::time::Stamp;
use crate::model::alert::Severity;
use crate::model::fact::{
    AlertFired, AlertResolved, CheckStatus, Deployed, Fact, IncidentSaid, LeaseTaken, MaintenanceEnd,
    MaintenanceStarted, MessageFailed, PeerChanged, RunClosed, RunIntended, SilenceEnd, SloExcluded, SloIncluded,
    Statement, StoreOpened, StoreRebuilt, Unacknowledged, Unlocked, login_of,
};
use crate::model::run::Run;
use crate::model::since::Since;
use crate::model::status::{Status, beside_status};
use crate::text::SafeText;
use crate::text::count::counted;

use super::alerts::without_time;
use super::incidents::words;

/// What kind of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HistoryKind {
    /// An action ran, or was refused.
    Run,
    /// A run that brought another version, or went back to one.
    Deployment,
    /// A check settled at another status.
    Status,
    /// An alert began to fire, or is over.
    Alert,
    /// A person is at an alert, or an acknowledgement holds no more.
    Ack,
    /// A silence began or is over.
    Silence,
    /// A checklist was begun, answered, signed off or missed.
    Checklist,
    /// Something was said of an incident.
    Incident,
    /// By which configuration is acted.
    Config,
    /// Who answers is another one: a certificate, an address.
    Network,
    /// Something that a person did, or what became of the store.
    Note,
}

impl HistoryKind {
    /// As it is written.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Deployment => "deployment",
            Self::Status => "status",
            Self::Alert => "alert",
            Self::Ack => "ack",
            Self::Silence => "silence",
            Self::Checklist => "checklist",
            Self::Incident => "incident",
            Self::Config => "config",
            Self::Network => "network",
            Self::Note => "note",
        }
    }
}

/// A fact in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HistoryLine {
    /// What kind.
    pub kind: HistoryKind,
    /// In words.
    pub text: SafeText,
    /// Whether a person did it, whom the fact names.
    pub by_person: bool,
}

/// What a fact says, with times as they are shown in `zone` and the titles of `config`. `run` is the run that it is
/// about, as far as it is known. `None`: bookkeeping, or what another fact says better.
pub(crate) fn describe(fact: &Fact, run: Option<&Run>, config: &Config, zone: Tz) -> Option<HistoryLine> {
    let of_run = |said: &str| format!("{}: {said}", run.map_or("run", |run| title_of(&config.actions, &run.action)));
    let (kind, text, by_person) = match fact.said() {
        Statement::Deployed(deployed) => (HistoryKind::Deployment, release(deployed), true),
        Statement::RunIntended(intended) => (HistoryKind::Run, started(intended, config), true),
        Statement::RunClosed(closed) => (kind_of(run), of_run(&outcome_of(closed, run, config)), false),
        Statement::RunCancelled { .. } => (HistoryKind::Run, of_run("stop requested"), true),
        Statement::RunLost(lost) => (HistoryKind::Run, of_run(&format!("outcome unknown: {}", lost.note)), false),
        Statement::RunReopened { .. } => (HistoryKind::Run, of_run("verifying again"), true),
        Statement::RunRefused(refused) => {
            let title = title_of(&config.actions, &refused.action);
            (HistoryKind::Run, format!("{title} was refused: {}", refused.why), true)
        }
        Statement::Unlocked(unlocked) => (HistoryKind::Note, released(unlocked), true),
        Statement::StoreOpened(opened) => (HistoryKind::Note, upgraded(opened), false),
        Statement::StoreAccepted(_) | Statement::StoreImported(_) | Statement::StoreRebuilt(_) => {
            (HistoryKind::Note, of_store(fact.said())?, true)
        }
        Statement::BaselineSaved(saved) => (HistoryKind::Note, format!("baseline {} saved", saved.name), true),
        // That all is well where nothing was known is no news.
        Statement::CheckStatus(CheckStatus { before: None, status: Status::Ok, .. }) => return None,
        Statement::CheckStatus(said) => (HistoryKind::Status, standing(said, fact, (config, zone)), false),
        Statement::AlertFired(_)
        | Statement::AlertResolved(_)
        | Statement::AlertAcknowledged(_)
        | Statement::AlertUnacknowledged(_)
        | Statement::SilenceStarted(_)
        | Statement::SilenceEnded(_)
        | Statement::MaintenancePlanned(_)
        | Statement::MaintenanceStarted(_)
        | Statement::MaintenanceEnded(_) => of_alerts(fact, config, zone)?,
        Statement::SloExcluded(said) => (HistoryKind::Note, excluded(said, fact, (config, zone)), true),
        Statement::SloIncluded(said) => (HistoryKind::Note, included(said, config), true),
        Statement::ChecklistStarted(_)
        | Statement::ChecklistStepped(_)
        | Statement::ChecklistNoted(_)
        | Statement::ChecklistSigned(_)
        | Statement::ChecklistMissed(_) => of_checklist(fact, config)?,
        Statement::Incident(said) => of_incident(said, fact, zone),
        Statement::Change(said) => (HistoryKind::Note, calendar::change(said, fact, zone), true),
        Statement::RunbookTicked(said) => (HistoryKind::Note, calendar::ticked(said), true),
        Statement::OnCall(said) => (HistoryKind::Note, oncall::describe(said, fact.draft.at, zone), true),
        Statement::MessageFailed(said) => (HistoryKind::Alert, unsent(said), false),
        Statement::ConfigChanged(said) => (HistoryKind::Config, said.describe(), true),
        Statement::PeerChanged(said) => (HistoryKind::Network, peer(said, config), false),
        Statement::LeaseTaken(taken) if taken.reconfigured => (HistoryKind::Config, acting(fact, taken), false),
        Statement::Other { kind, .. } => (HistoryKind::Note, newer(kind), !fact.draft.who.is_empty()),
        // A verdict follows the end of the steps; the rest is earlier history and bookkeeping.
        Statement::RunEnded(_)
        | Statement::MessageClaimed(_)
        | Statement::MessageSent(_)
        | Statement::WrittenBefore(_)
        | Statement::RunImported(_)
        | Statement::RunDated(_)
        | Statement::StorePruned(_)
        | Statement::LeaseTaken(_) => return None,
    };
    Some(HistoryLine { kind, text: SafeText::new(&text), by_person })
}

fn peer(said: &PeerChanged, config: &Config) -> String {
    said.describe(title_of_check(config, &said.check))
}

fn newer(kind: &str) -> String {
    format!("{kind} (written by a newer version)")
}

fn of_checklist(fact: &Fact, config: &Config) -> Option<(HistoryKind, String, bool)> {
    checklists::describe(fact, config).map(|(text, by_person)| (HistoryKind::Checklist, text, by_person))
}

/// What a person did with the store.
fn of_store(said: &Statement) -> Option<String> {
    Some(match said {
        Statement::StoreAccepted(accepted) => {
            let doubt = accepted.doubt.as_ref().map_or_else(String::new, |doubt| format!(" (before that: {doubt})"));
            format!("store accepted: {}{doubt}", accepted.why)
        }
        Statement::StoreImported(imported) => {
            format!("store {} imported: {}", imported.store, counted(imported.seq, "entry"))
        }
        Statement::StoreRebuilt(rebuilt) => put_right(rebuilt),
        _ => return None,
    })
}

fn of_incident(said: &IncidentSaid, fact: &Fact, zone: Tz) -> (HistoryKind, String, bool) {
    let (text, by_person) = words::describe(said, fact.draft.at, zone);
    (HistoryKind::Incident, text, by_person)
}

fn upgraded(opened: &StoreOpened) -> String {
    let kept: u64 = opened.heads.values().map(|(seq, _)| seq).sum();
    format!("store upgraded from schema {}; {kept} earlier entries kept", opened.schema)
}

/// `web 2.4.1 deployed: Count carts in the session`.
fn release(deployed: &Deployed) -> String {
    let subject = deployed.subject.as_ref().map_or_else(String::new, |subject| format!(": {subject}"));
    format!("{} {} deployed{subject}", deployed.service, deployed.version)
}

fn started(intended: &RunIntended, config: &Config) -> String {
    let what = match intended {
        RunIntended { holds: true, .. } => "on record again: the store had lost it, and it may still be running",
        RunIntended { dry_run: true, .. } => "dry run started",
        _ => "started",
    };
    let title = title_of(&config.actions, &intended.action);
    let why = intended.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
    format!("{title} {what}{why}")
}

fn released(unlocked: &Unlocked) -> String {
    let holder = &unlocked.holder;
    let how = match (unlocked.forced, unlocked.against.join("; ")) {
        (false, _) => format!("(was held by {holder})"),
        (true, against) => format!("by force (was held by {holder}; still there: {against})"),
    };
    format!("{} unlocked {how}: {}", unlocked.target, unlocked.why)
}

/// `api: DOWN since 03:12:04Z · 503 Service Unavailable`.
fn standing(said: &CheckStatus, fact: &Fact, (config, zone): (&Config, Tz)) -> String {
    let at = |utc| Stamp { mono: Duration::ZERO, utc };
    let since = Since { at: at(said.since), seen: said.seen }.describe(at(fact.draft.at), zone);
    let reason = match (&said.by, &said.reason) {
        (Some(by), _) => format!(" · by {}", title_of_service(config, by)),
        (None, Some(reason)) => format!(" · {reason}"),
        (None, None) => String::new(),
    };
    format!("{}: {} {since}{reason}", title_of_check(config, &said.check), said.status.word())
}

/// What is said of alerts, acknowledgements, silences and maintenance.
fn of_alerts(fact: &Fact, config: &Config, zone: Tz) -> Option<(HistoryKind, String, bool)> {
    let until = |at| clock(at, fact.draft.at, zone);
    let named =
        |severity: Severity, id: &str, alert| format!("{} {}", severity.word(), title_of_firing(config, id, alert));
    Some(match fact.said() {
        Statement::AlertFired(fired) => (HistoryKind::Alert, firing(fired, config), false),
        Statement::AlertResolved(resolved) => (HistoryKind::Alert, over(resolved, config), false),
        Statement::AlertAcknowledged(said) => {
            let what = named(said.severity, &said.id, &said.alert);
            let person = said.taken_by.as_ref().map_or_else(String::new, |person| format!(" for {person}"));
            (HistoryKind::Ack, format!("{what} acknowledged{person} until {}: {}", until(said.until), said.why), true)
        }
        Statement::AlertUnacknowledged(said) => {
            let because = match said.because {
                Unacknowledged::Expired => "the acknowledgement expired",
                Unacknowledged::Worse => "a worse severity fires",
                Unacknowledged::HandedOver => "the shift was handed over",
            };
            (
                HistoryKind::Ack,
                format!("{} is open again: {because}", named(said.severity, &said.id, &said.alert)),
                false,
            )
        }
        Statement::SilenceStarted(said) => {
            let what = title_of_match(config, &said.matching);
            let text = format!("silenced {what} until {}: {}", until(said.until), said.why);
            (HistoryKind::Silence, text, true)
        }
        Statement::SilenceEnded(said) => {
            let because = match said.because {
                SilenceEnd::Expired => ": expired",
                SilenceEnd::Quiet => ": quiet for long enough",
                SilenceEnd::Person => "",
            };
            let text = format!("silence of {} ended{because}", title_of_match(config, &said.matching));
            (HistoryKind::Silence, text, said.because == SilenceEnd::Person)
        }
        _ => return of_maintenance(fact, config, zone),
    })
}

/// What is said of planned maintenance.
fn of_maintenance(fact: &Fact, config: &Config, zone: Tz) -> Option<(HistoryKind, String, bool)> {
    let at = |moment| clock(moment, fact.draft.at, zone);
    let said = match fact.said() {
        Statement::MaintenancePlanned(said) => {
            let title = title_of_maintenance(config, &said.id, &said.id, &said.services);
            format!("{title} planned from {} to {}: {}", at(said.from), at(said.until), said.why)
        }
        Statement::MaintenanceStarted(said) => maintenance_started(config, said, &at(said.until)),
        Statement::MaintenanceEnded(said) => {
            let how = match said.because {
                MaintenanceEnd::Over => "ended",
                MaintenanceEnd::Person if fact.draft.at < said.from => "called off",
                MaintenanceEnd::Person => "ended early",
                MaintenanceEnd::Reconfigured => "ended: no longer configured",
            };
            format!("{} {how}", title_of_maintenance(config, &said.id, &said.name, &said.services))
        }
        _ => return None,
    };
    let by_person = match fact.said() {
        Statement::MaintenanceEnded(said) => said.because == MaintenanceEnd::Person,
        said => matches!(said, Statement::MaintenancePlanned(_)),
    };
    Some((HistoryKind::Note, said, by_person))
}

fn put_right(rebuilt: &StoreRebuilt) -> String {
    format!("store rebuilt: {} put right", counted(rebuilt.count, "thing"))
}

/// `slo api: exclusion x20260302-091500-000 taken back`
fn included(said: &SloIncluded, config: &Config) -> String {
    format!("slo {}: exclusion {} taken back", title_of_slo(config, &said.slo), said.id)
}

/// `slo api: 09:00:00Z to 11:00:00Z excluded: load test`
fn excluded(said: &SloExcluded, fact: &Fact, (config, zone): (&Config, Tz)) -> String {
    let SloExcluded { slo, from, until, why, .. } = said;
    let (from, until) = (clock(*from, fact.draft.at, zone), clock(*until, fact.draft.at, zone));
    format!("slo {}: {from} to {until} excluded: {why}", title_of_slo(config, slo))
}

/// `maintenance weekly started until 04:00:00Z: all services`; what a person planned is called by these.
pub(super) fn maintenance_started(config: &Config, said: &MaintenanceStarted, until: &str) -> String {
    let MaintenanceStarted { id, name, services, .. } = said;
    let covered = if id == name { String::new() } else { format!(": {}", titles_of_services(config, services)) };
    format!("{} started until {until}{covered}", title_of_maintenance(config, id, name, services))
}

/// A time of day, with its day where that is not the one of `now`.
pub(crate) fn clock(at: DateTime<Utc>, now: DateTime<Utc>, zone: Tz) -> String {
    let (at, today) = (at.with_timezone(&zone), now.with_timezone(&zone).date_naive());
    let day = if at.date_naive() == today { String::new() } else { at.format("%Y-%m-%d ").to_string() };
    let z = if zone == Tz::UTC { "Z" } else { "" };
    format!("{day}{}{z}{}", at.format("%H:%M:%S"), zone.told_apart(at.to_utc()))
}

/// `critical api down · connection refused`, `medium errors 7 % > 5%`: in the order of the screen.
fn firing(fired: &AlertFired, config: &Config) -> String {
    let AlertFired { severity, condition, value, .. } = fired;
    let title = title_of_firing(config, &fired.rule, &fired.alert);
    let (condition, seen) = (without_time(condition), value.as_str());
    let muted = fired.muted_because.as_ref().map_or_else(String::new, |why| format!(" (muted: {why})"));
    if fired.rule.starts_with("metric:") && !seen.is_empty() {
        return format!("{} {title} {seen} {condition}{muted}", severity.word());
    }
    // `down` with the value `DOWN connection refused` needs only what is new.
    let same = seen.get(..condition.len()).is_some_and(|start| start.eq_ignore_ascii_case(condition));
    let more = if same { beside_status(seen[condition.len()..].trim_start()) } else { seen };
    let more = if more.is_empty() { String::new() } else { format!(" · {more}") };
    format!("{} {title} {condition}{more}{muted}", severity.word())
}

fn over(resolved: &AlertResolved, config: &Config) -> String {
    let title = title_of_firing(config, &resolved.id, &resolved.alert);
    let because = resolved.because.as_ref().map_or_else(String::new, |why| format!(": {why}"));
    format!("{} {title} resolved{because}", resolved.severity.word())
}

/// Who writes for all from here on. How somebody came in is for the audit.
fn acting(fact: &Fact, taken: &LeaseTaken) -> String {
    let who = login_of(&fact.draft.who);
    let role = if taken.watcher { "watcher" } else { "console" };
    let host = &fact.draft.host;
    format!("alerts are written by the {role} of {who}@{host} from here on, with another configuration")
}

/// Whether a run brings another version, or goes back to one.
pub(crate) fn deploys(run: &Run) -> bool {
    !run.dry_run && matches!(&*run.verb, "deploy" | "rollback")
}

fn kind_of(run: Option<&Run>) -> HistoryKind {
    run.filter(|run| deploys(run)).map_or(HistoryKind::Run, |_| HistoryKind::Deployment)
}

/// How a run was closed, as it was then: it may stand otherwise by now.
fn outcome_of(closed: &RunClosed, run: Option<&Run>, config: &Config) -> String {
    let Some(run) = run else {
        return closed.note.as_ref().map_or_else(|| "closed".to_owned(), |note| format!("closed: {note}"));
    };
    let verdict = closed.state.verdict();
    let then = Run { state: closed.state, verdict, checks: closed.checks, note: closed.note.clone(), ..run.clone() };
    then.outcome_and_note(|check| title_of_check(config, check))
}

/// That somebody was not notified.
fn unsent(said: &MessageFailed) -> String {
    format!("notification by {} failed: {}", said.target.id(), said.why)
}
