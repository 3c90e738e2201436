//! Which incident a command means, and how something is said of it.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::cli::output::{self, exit};
use crate::cli::span::Refusal;
use crate::cli::{Global, configuration, run_service};
use crate::config::Config;
use crate::lang::schedule::LocalMoment;
use crate::lang::tz::Tz;
use crate::lang::unit;
use crate::model::alert::times::time_of_day;
use crate::model::fact::{IncidentFact, IncidentSaid, NewFact, Statement};
use crate::model::incident::{EntryKind, incident_number};
use crate::model::thing::{IncidentRecord, StoredThing};
use crate::runtime::incidents;
use crate::runtime::runs::RunService;
use crate::store::incidents::LATEST;
use crate::store::new_fact;
use crate::text::SafeText;
use crate::text::name::Name;

/// An incident that is open in an open store.
pub(super) struct Chosen {
    pub run_service: RunService,
    pub config: Arc<Config>,
    pub record: IncidentRecord,
    pub now: DateTime<Utc>,
}

/// What is printed once it is on record.
pub(super) enum Done {
    /// That.
    Said(String),
    /// That an entry of that kind was added, with the number that it has on record: others write too.
    Added(EntryKind),
}

impl From<String> for Done {
    fn from(words: String) -> Self {
        Self::Said(words)
    }
}

impl Done {
    /// In words, of an incident in which `entry` is the id of what was added.
    async fn words(self, run_service: &RunService, incident: &Name, entry: Option<&str>) -> Result<String, u8> {
        let kind = match self {
            Self::Said(words) => return Ok(words),
            Self::Added(kind) => kind,
        };
        let record = run_service.store().incident(incident).await.map_err(|error| run_service::broken(&error))?;
        let entries = record.map_or_else(Vec::new, |record| record.entries);
        let number = entries.iter().position(|known| entry == Some(&*known.id)).map(|place| place + 1);
        let number = number.map_or_else(String::new, |number| format!(" {number}"));
        Ok(format!("{}{number} added", kind.word()))
    }
}

/// Says what is wrong with the command line.
pub(super) fn refuse((problem, hint): &Refusal) -> u8 {
    output::fail(exit::USAGE, problem, hint)
}

/// Which incidents a command without an id may mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meant {
    /// The only one that is worked on.
    Open,
    /// The only one that is resolved and not closed.
    Resolved,
    /// The latest one that ended, but was not merged.
    Ended,
    /// The only one that is worked on, else the latest.
    Any,
}

/// The incidents of a store, the newest first.
pub(super) async fn read(run_service: &RunService, most: u32) -> Result<Vec<IncidentRecord>, u8> {
    let things = run_service.store().incidents(most).await.map_err(|error| run_service::broken(&error))?;
    Ok(things.iter().rev().filter_map(StoredThing::read).collect())
}

/// The one that is meant.
pub(super) async fn find(run_service: &RunService, id: Option<&str>, meant: Meant) -> Result<IncidentRecord, u8> {
    if let Some(id) = id.filter(|id| incident_number(id).is_some()) {
        let found = run_service.store().incident(id).await.map_err(|error| run_service::broken(&error))?;
        if let Some(found) = found {
            return Ok(found);
        }
    }
    let all = read(run_service, LATEST).await?;
    if id.is_some() {
        return Err(refuse(&unknown(id, meant, &all)));
    }
    let found: Vec<&IncidentRecord> = all.iter().filter(|record| meant.fits(record)).collect();
    match (&found[..], meant) {
        ([only], _) => Ok((*only).clone()),
        ([latest, ..], Meant::Ended) => Ok((*latest).clone()),
        ([], Meant::Any) if !all.is_empty() => {
            // What was merged is told by the one into which it went.
            let own = all.iter().find(|record| record.merged_into.is_none());
            Ok(own.unwrap_or(&all[0]).clone())
        }
        ([], _) => Err(refuse(&unknown(None, meant, &all))),
        (several, _) => {
            let hint = format!("name one with --id: {}", named(several));
            let what = if meant == Meant::Resolved { "resolved" } else { "open" };
            Err(output::fail(exit::USAGE, &format!("{} incidents are {what}", several.len()), &hint))
        }
    }
}

impl Meant {
    fn fits(self, record: &IncidentRecord) -> bool {
        match self {
            Self::Open | Self::Any => record.is_open(),
            Self::Resolved => !record.is_open() && !record.state.is_done(),
            Self::Ended => !record.is_open() && record.merged_into.is_none(),
        }
    }
}

/// The first of some incidents, for people.
fn named(incidents: &[&IncidentRecord]) -> String {
    let named = incidents.iter().take(5).map(|record| format!("{} ({})", record.id, record.title));
    named.collect::<Vec<_>>().join(", ")
}

/// Which incidents are worked on still.
fn hint_of_open(all: &[IncidentRecord]) -> String {
    let open: Vec<&IncidentRecord> = all.iter().filter(|record| record.is_open()).collect();
    if open.is_empty() {
        return "`opsroom incident list --all` shows those on record".to_owned();
    }
    format!("worked on: {}", named(&open))
}

/// That there is none of that id, or none that a command without one may mean; and which can be named instead.
pub(super) fn unknown(id: Option<&str>, meant: Meant, all: &[IncidentRecord]) -> Refusal {
    let Some(id) = id else {
        let (problem, hint) = match meant {
            Meant::Open => {
                ("no incident is open", "open one with `opsroom incident open TITLE`, or name one with --id")
            }
            Meant::Resolved => ("no incident is resolved", "name one with --id"),
            Meant::Ended if !all.is_empty() => {
                return ("no incident is over".to_owned(), hint_of_open(all));
            }
            Meant::Ended | Meant::Any => ("no incident is on record", "open one with `opsroom incident open TITLE`"),
        };
        return (problem.to_owned(), hint.to_owned());
    };
    if incident_number(id).is_none() {
        return (format!("`{id}` is not the id of an incident"), "use INC-42, or 42".to_owned());
    }
    let fitting: Vec<&IncidentRecord> = all.iter().filter(|record| meant.fits(record)).collect();
    let hint = if all.is_empty() {
        "no incident is on record; open one with `opsroom incident open TITLE`".to_owned()
    } else if fitting.is_empty() {
        "`opsroom incident list --all` shows those on record".to_owned()
    } else {
        let what = match meant {
            Meant::Open | Meant::Any => "open",
            Meant::Resolved => "resolved",
            Meant::Ended => "ended",
        };
        format!("{what}: {}; `opsroom incident list --all` shows all", named(&fitting))
    };
    (format!("no incident `{id}`"), hint)
}

/// The configuration of a command that changes something.
pub(super) fn writing(global: &Global) -> Result<Config, u8> {
    let config = configuration::refuse_if_read_only(global, "incidents can't be changed here")?;
    Ok(config.unwrap_or_default())
}

/// Opens the store where there is one, finds the incident that is meant, says of it what `say` makes, and prints `done`.
pub(super) fn say_of<D: Into<Done>>(
    global: &Global,
    id: Option<&str>,
    meant: Meant,
    say: impl FnOnce(&Chosen) -> Result<(Vec<IncidentFact>, D), Refusal>,
) -> u8 {
    let config = match writing(global) {
        Ok(config) => config,
        Err(code) => return code,
    };
    output::carry_out(run_service::changing_known(global, Some(unknown(id, meant, &[])), async |run_service| {
        let record = match find(run_service, id, meant).await {
            Ok(record) => record,
            Err(code) => return code,
        };
        let (now, config) = (run_service.now(), Arc::new(config));
        let chosen = Chosen { run_service: run_service.clone(), config, record, now };
        let (facts, done) = match say(&chosen) {
            Ok(said) => said,
            Err(refusal) => return refuse(&refusal),
        };
        put_and_print(&chosen, facts, done.into()).await.unwrap_or_else(|code| code)
    }))
}

async fn put_and_print(chosen: &Chosen, facts: Vec<IncidentFact>, done: Done) -> Result<u8, u8> {
    let run_service = &chosen.run_service;
    let drafts = drafts(run_service, &chosen.record.id, facts);
    let last = drafts.last().map(|draft| draft.id.clone());
    let id = put_drafts(run_service, &chosen.config, drafts).await?;
    let words = done.words(run_service, &id, last.as_deref()).await?;
    Ok(output::print(&format!("{id}: {words}\n")))
}

/// What who runs the command says of an incident.
fn drafts(run_service: &RunService, id: &Name, facts: Vec<IncidentFact>) -> Vec<NewFact> {
    let (identity, now) = (run_service.identity(), run_service.now());
    let draft = |what| {
        let said = Statement::Incident(Box::new(IncidentSaid::of(id, what)));
        new_fact(now, &identity.who, &identity.host, said)
    };
    facts.into_iter().map(draft).collect()
}

/// Puts on record what who runs the command says of an incident; an empty id is that of the one that is opened. Returns the id.
/// Where that fails, the reason is printed and its exit code returned.
pub(super) async fn put(
    run_service: &RunService,
    config: &Arc<Config>,
    id: &Name,
    facts: Vec<IncidentFact>,
) -> Result<Name, u8> {
    put_drafts(run_service, config, drafts(run_service, id, facts)).await
}

async fn put_drafts(run_service: &RunService, config: &Arc<Config>, drafts: Vec<NewFact>) -> Result<Name, u8> {
    match incidents::say(run_service.store(), config, drafts, run_service.stamp()).await {
        Ok(Ok(id)) => Ok(id),
        Ok(Err(refusal)) => Err(output::fail(exit::USAGE, &refusal.describe(), refusal.hint())),
        Err(error) => Err(run_service::broken(&error)),
    }
}

/// A text that must not be empty.
pub(super) fn text(option: &str, written: &str) -> Result<SafeText, Refusal> {
    let text = SafeText::new(written.trim());
    if text.as_str().is_empty() {
        return Err((format!("{option} is empty"), "write a few words".to_owned()));
    }
    Ok(text)
}

/// Somebody who is named. They need not be a contact; where there are some, whoever is none is likely mistyped, and it is said.
pub(super) fn person(option: &str, written: &str, config: &Config) -> Result<SafeText, Refusal> {
    let who = text(option, written)?;
    if let Some(unknown) = config.unknown_person(who.as_str()) {
        output::eprint_error(&format!("note: {unknown}\n"));
    }
    Ok(who)
}

/// A moment on the command line: `02:41` (the last one), `15m` (ago), `2026-03-02T09:00`, with `Z` for UTC.
pub(super) fn moment(option: &str, written: &str, now: DateTime<Utc>, zone: Tz) -> Result<DateTime<Utc>, Refusal> {
    let at = if let Some((time, zone)) = time_of_day(written, zone) {
        let today = now.with_timezone(&zone).date_naive();
        let at = zone.first_moment(today.and_time(time));
        if at > now { zone.first_moment((today - TimeDelta::days(1)).and_time(time)) } else { at }
    } else if let Ok(span) = unit::parse_duration(written) {
        now - TimeDelta::from_std(span).unwrap_or_default()
    } else {
        let moment = LocalMoment::parse(written);
        let moment = moment.map_err(|error| {
            let hint = format!("use 02:41, 15m (ago), or {}", error.hint.trim_start_matches("write "));
            (format!("{option}: {error}"), hint)
        });
        moment?.at(zone)
    };
    if at > now {
        return Err((format!("{option} lies in the future"), "use a time before now".to_owned()));
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::alert::Severity;
    use crate::model::incident::samples::SampleIncident;

    #[test]
    fn beside_an_incident_that_is_worked_on_none_is_said_to_be_on_record() {
        let story = SampleIncident::opened(Severity::High, (None, None, 30));
        let open = std::slice::from_ref(story.record());
        let (problem, hint) = unknown(None, Meant::Ended, open);
        assert_eq!(problem, "no incident is over");
        assert!(hint.starts_with(&format!("worked on: {} (", open[0].id)), "{hint}");
        assert_eq!(unknown(None, Meant::Ended, &[]).0, "no incident is on record");
    }

    #[test]
    fn a_moment_is_understood_as_it_is_said() {
        let now: DateTime<Utc> = "2026-03-02T02:50:00Z".parse().unwrap();
        let zone = Tz::named("Europe/Vienna");
        let at = |written: &str| moment("--at", written, now, zone).map(|at| at.to_rfc3339());
        for (written, expected) in [
            ("02:41Z", "2026-03-02T02:41:00+00:00"),
            ("03:41", "2026-03-02T02:41:00+00:00"),
            ("23:00", "2026-03-01T22:00:00+00:00"),
            ("15m", "2026-03-02T02:35:00+00:00"),
            ("2026-03-01T09:00Z", "2026-03-01T09:00:00+00:00"),
        ] {
            assert_eq!(at(written).as_deref(), Ok(expected), "{written}");
        }
        assert!(at("2026-03-03T09:00").unwrap_err().0.contains("in the future"));
        let (problem, hint) = at("soon").unwrap_err();
        assert!(problem.contains("`soon`") && hint.starts_with("use 02:41, 15m"), "{problem} {hint}");
    }
}
