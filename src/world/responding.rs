//! Incidents in the world: which there are, what is due of each, and what happens around one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::World;
use super::alerts::AlertSubject;
use super::history;
use super::incidents::lines::{self, IncidentLine};
use super::incidents::words;
use super::output::{Change, Output};
use super::timeline::{EventKind, TimelineEntry};
use chrono::{DateTime, TimeDelta, Utc};

use crate::config::Config;
use crate::lang::order::InOrder;
use crate::lang::time::Stamp;
use crate::lang::tz::Tz;
use crate::model::alert::Severity;
use crate::model::fact::incident::{CopiedLine, IncidentOpened, IncidentReminded};
use crate::model::fact::{Fact, IncidentFact, IncidentSaid, NewFact, Statement, login_of};
use crate::model::incident::IncidentTargets;
use crate::model::message::IncidentNotice;
use crate::model::run::Run;
use crate::model::status::Status;
use crate::model::thing::incident::from_alert;
use crate::model::thing::{IncidentRecord, StoredThing};
use crate::text::SafeText;
use crate::text::name::Name;

/// What was said of an incident longer ago is not sent any more: it says how it stood then.
const SENT_WITHIN: TimeDelta = TimeDelta::hours(1);
/// What was said and is not on record after so long is said again.
const PATIENCE: Duration = Duration::from_secs(30);

impl World {
    /// The incidents that are worked on, the worst first.
    pub fn open_incidents(&self) -> Vec<&IncidentRecord> {
        self.incidents.open()
    }

    /// The worst of them, of equally bad ones the newest.
    pub fn worst_open_incident(&self) -> Option<&IncidentRecord> {
        self.incidents.worst_open()
    }

    /// How many are worked on.
    pub(crate) fn open_incident_count(&self) -> usize {
        self.incidents.open_count()
    }

    /// Every incident that is known, the newest first.
    pub fn known_incidents(&self) -> impl DoubleEndedIterator<Item = &IncidentRecord> {
        self.incidents.newest_first()
    }

    /// The incident of that id.
    pub fn incident_record(&self, id: &str) -> Option<&IncidentRecord> {
        self.incidents.get(id)
    }

    /// What the store says of an incident.
    pub(super) fn learn_incident(&mut self, thing: &StoredThing) {
        if let Some(record) = thing.read() {
            self.incidents.learn(record, thing.seq);
        }
    }

    /// A fact about incidents; true where that shows.
    pub(super) fn apply_incident(&mut self, fact: &Fact, output: &mut Output) -> bool {
        let Statement::Incident(said) = fact.said() else { return false };
        let is_news = self.take_incident(&fact.draft, said, fact.seq);
        if let IncidentFact::Reminded(reminded) = &said.what {
            self.incidents.said.remove(&(said.id.clone(), reminded.about, reminded.due_at));
        }
        if is_news {
            let (text, _) = words::describe(said, fact.draft.at, self.config.console.timezone);
            let by = SafeText::new(login_of(&fact.draft.who));
            output.changes.push(Change::Incident { said: said.clone(), by, text });
        }
        is_news
    }

    /// What a person here said while the store is away: it stands here at once, and is put on record later.
    pub(super) fn take_incident(&mut self, draft: &NewFact, said: &IncidentSaid, seq: u64) -> bool {
        if let IncidentFact::Moved(moved) = &said.what
            && let Some(into) = &moved.into
        {
            self.incidents.merge(into, &said.id);
        }
        self.incidents.apply(draft, said, seq)
    }

    /// Says what is due or late of incidents, where the record does not say so. Only whoever acts for all says it.
    pub(super) fn say_incidents(&mut self) -> Vec<Statement> {
        let now = self.now;
        let mut due = Vec::new();
        for record in self.incidents.newest_first().filter(|record| record.is_open()) {
            for (about, due_at) in record.reminders_due(now.utc) {
                let key = (record.id.clone(), about, due_at);
                let said_at = self.incidents.said.get(&key);
                if said_at.is_none_or(|at| now.since(*at) > PATIENCE && self.store_away.is_none()) {
                    due.push(key);
                }
            }
        }
        let said = due.iter().map(|(id, about, due_at)| {
            let reminded = IncidentReminded { about: *about, due_at: *due_at };
            Statement::Incident(Box::new(IncidentSaid::of(id, IncidentFact::Reminded(reminded))))
        });
        let said = said.collect();
        self.incidents.said.extend(due.into_iter().map(|key| (key, now)));
        said
    }

    /// What is to be sent of incidents: the updates and the reminders of the last hour.
    pub(super) fn incident_notices(&self) -> Vec<IncidentNotice> {
        let since = self.now.utc - SENT_WITHIN;
        let mut notices = Vec::new();
        for record in self.incidents.newest_first() {
            let of_severity = self.config.severities.iter().find(|rule| rule.severity == record.severity);
            let blank = |id: String, status: SafeText| IncidentNotice {
                id: Name::from(id),
                incident: record.id.clone(),
                title: record.title.clone(),
                severity: record.severity,
                status,
                impact: None,
                doing: None,
                next_at: None,
                workaround: None,
                is_reminder: true,
                notify: of_severity.map_or_else(Vec::new, |rule| rule.notify.clone()),
            };
            for update in record.updates.iter().filter(|update| update.at >= since && !update.said.notify.is_empty()) {
                notices.push(IncidentNotice {
                    impact: update.said.impact.clone(),
                    doing: update.said.doing.clone(),
                    next_at: Some(update.said.next_at),
                    workaround: update.said.workaround.clone(),
                    is_reminder: false,
                    notify: update.said.notify.clone(),
                    ..blank(format!("{}-{}", record.id, update.id), update.said.status.clone())
                });
            }
            for known in record.reminders.iter().filter(|known| known.at >= since && record.is_open()) {
                let (due, words) = (known.due_at.timestamp(), known.about.describe());
                notices.push(blank(format!("{}-{words}-{due}", record.id), SafeText::new(words)));
            }
        }
        notices
    }

    /// What is on record of an incident and what happened around it, oldest first.
    pub(crate) fn incident_lines(&self, record: &IncidentRecord) -> Vec<IncidentLine> {
        let mut lines = lines::of_record(record, self.config.console.timezone);
        lines.extend(self.around_incident(record).map(|line| IncidentLine::happened(&line)));
        lines.order_by_key(|line| line.at);
        lines
    }

    /// What happened around an incident since it began, newest first: as it was copied when it ended, and what is known here of
    /// the time since.
    fn around_incident(&self, record: &IncidentRecord) -> impl Iterator<Item = CopiedLine> {
        let from = record.impact_started_at().min(record.opened_at);
        let seen = self
            .seen_around(record, from)
            .filter(|entry| entry.kind != EventKind::Incident && concerns(record, entry.service.as_ref()));
        let copied = record.copied.iter().rev().filter(move |line| line.at >= from).cloned();
        seen.map(|entry| self.copied(entry)).chain(copied)
    }

    /// What changed in the hours before an incident and since: releases, runs, configurations, certificates and addresses; newest
    /// first.
    pub fn changed_before(&self, record: &IncidentRecord) -> Vec<CopiedLine> {
        let (from, _) = lines::span(record);
        let seen = self.seen_around(record, from).filter(|entry| is_change(&entry.kind));
        let copied = record.copied.iter().rev().filter(|line| is_change_word(line.kind.as_str()));
        seen.map(|entry| self.copied(entry)).chain(copied.cloned()).collect()
    }

    /// What is known here of the time around an incident from a moment on, newest first, as far as that was not copied.
    fn seen_around(&self, record: &IncidentRecord, from: DateTime<Utc>) -> impl Iterator<Item = &TimelineEntry> {
        let (_, until) = lines::span(record);
        let copied_until = record.copied_until();
        self.timeline.shown().filter(move |entry| {
            let at = entry.at.utc;
            at >= from && copied_until.is_none_or(|copied| at > copied) && until.is_none_or(|until| at <= until)
        })
    }

    fn copied(&self, entry: &TimelineEntry) -> CopiedLine {
        CopiedLine {
            at: entry.at.utc,
            kind: SafeText::new(kind_word(&entry.kind)),
            object: SafeText::new(
                &entry.service.as_ref().map_or_else(String::new, |service| format!("service:{service}")),
            ),
            text: self.event_text(entry),
            who: None,
        }
    }

    /// What is prefilled where an incident is opened from what is selected: `alert` by its condition's id, or a service.
    pub(crate) fn incident_draft(&self, alert: Option<&str>, service: Option<&str>) -> IncidentOpened {
        let view = alert.and_then(|id| self.alert(id));
        let row = service.and_then(|name| self.service(name)).or_else(|| self.service_of_alert(view?));
        let severity = view.map_or_else(
            || {
                let of_service = row.map(|row| self.alerts_of(row).map(|alert| alert.severity).max());
                of_service.flatten().unwrap_or(Severity::High)
            },
            |view| view.severity,
        );
        let title = match (view, row) {
            (Some(view), _) => {
                let summary = view.summary(self.title_of_subject(&view.subject), self.now);
                // How bad it is stands beside it.
                let bare = summary.strip_prefix(view.severity.word()).map(str::trim_start);
                bare.map_or_else(|| summary.clone(), str::to_owned)
            }
            // Of what is well, only a person knows what is wrong with it.
            (None, Some(row)) if row.status != Status::Ok => format!("{} {}", row.title, row.status.word()),
            (None, _) => String::new(),
        };
        // What a screen says of a service is since when it stands as it does, whatever fires of it.
        let is_of_service = view.is_none_or(|view| matches!(view.subject, AlertSubject::Check(_)));
        let in_trouble = row.filter(|row| is_of_service && matches!(row.status, Status::Down | Status::Degraded));
        let stands = in_trouble.and_then(|row| self.standing_since(row));
        let since = stands.or(view.and_then(|view| view.since)).filter(|since| since.seen);
        let began = since.map(|since| since.at.utc);
        let fired = view.and_then(|view| self.firing_on_record(&view.id)).map(|(record, _)| record);
        IncidentOpened {
            title: SafeText::new(&title),
            severity,
            targets: targets(&self.config, severity),
            services: row.filter(|row| !row.own).map(|row| row.name.clone()).into_iter().collect(),
            kind: None,
            checklist: None,
            from: view.map(|view| from_alert(view.subject.name())),
            alerted_at: fired.map(|record| record.fired_at),
            impact_started_at: fired.map(|record| record.since).or(began),
        }
    }
}

/// By when what is asked for of an incident of a severity.
pub(crate) fn targets(config: &Config, severity: Severity) -> IncidentTargets {
    let times = config.incident_times(severity);
    IncidentTargets::new(Some(times.acknowledge), Some(times.resolve), times.update)
}

/// Whether what happened to a service belongs to an incident: where it names none, all does.
pub(crate) fn concerns(record: &IncidentRecord, service: Option<&Name>) -> bool {
    record.services.is_empty() || service.is_none_or(|service| record.services.contains(service))
}

/// Whether it may have brought trouble.
const fn is_change(kind: &EventKind) -> bool {
    matches!(kind, EventKind::Deployed { .. } | EventKind::Run { .. } | EventKind::Reload | EventKind::Network)
}

/// The same of what was copied, by the word of its kind.
pub(crate) fn is_change_word(kind: &str) -> bool {
    matches!(kind, "deployment" | "run" | "config" | "network")
}

/// The kind of an entry as `opsroom timeline` has it.
const fn kind_word(kind: &EventKind) -> &'static str {
    match kind {
        EventKind::Status { .. } => "status",
        EventKind::Deployed { .. } => "deployment",
        EventKind::Fired(_) | EventKind::Resolved(_) => "alert",
        EventKind::Run { .. } => "run",
        EventKind::Reload => "config",
        EventKind::Network => "network",
        EventKind::Incident => "incident",
        EventKind::Console | EventKind::Note => "note",
    }
}

/// Lines that an incident copies at most: the last ones, for they lead to its end.
const COPIED: usize = 500;

/// What the record says of the time around an incident, as it is copied into it: what changed, and what happened to its
/// services, oldest first.
pub(crate) fn copy_around(
    config: &Arc<Config>,
    record: &IncidentRecord,
    facts: &[Fact],
    runs: &BTreeMap<String, Run>,
    now: Stamp,
) -> Vec<CopiedLine> {
    let (from, until) = lines::span(record);
    let world = World::new(Arc::clone(config), now);
    let zone = Tz::UTC;
    let one = |fact: &Fact| {
        let at = fact.draft.at;
        if matches!(fact.said(), Statement::Incident(_)) || at < from || until.is_some_and(|until| at > until) {
            return None;
        }
        let object = fact.said().object();
        let run = runs.get(&object);
        let said = history::describe(fact, run, config, zone)?;
        let service = world.service_of_fact(fact, run);
        if !is_change_word(said.kind.name()) && !concerns(record, service.as_ref()) {
            return None;
        }
        let login = login_of(&fact.draft.who);
        let who = said.by_person.then(|| SafeText::new(login));
        let (kind, object) = (SafeText::new(said.kind.name()), SafeText::new(&object));
        Some(CopiedLine { at, kind, object, text: said.text, who })
    };
    let mut copied: Vec<CopiedLine> = facts.iter().filter_map(one).collect();
    copied.order_by_key(|line| line.at);
    copied.drain(..copied.len().saturating_sub(COPIED));
    copied
}

/// What is known of the time around an incident, with what was copied before of the time that is not known any more: a cut takes
/// the oldest first. What happened since the copy was made is in neither but the first, so neither replaces the other.
pub(crate) fn with_copied(copied: &[CopiedLine], found: Vec<CopiedLine>) -> Vec<CopiedLine> {
    let first = found.first().map(|line| line.at);
    let older = copied.iter().filter(|line| first.is_none_or(|first| line.at < first));
    let mut all: Vec<CopiedLine> = older.cloned().chain(found).collect();
    all.drain(..all.len().saturating_sub(COPIED));
    all
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use chrono::{DateTime, Utc};

    use super::*;
    use crate::config::load::load_text;
    use crate::model::document::Timing;
    use crate::model::incident::samples;
    use crate::model::lease::LeaseView;
    use crate::model::observation::Observation;
    use crate::model::reading::{Reading, Sign};
    use crate::world::Intent;

    const CONFIG: &str = "[console]\nname = \"t\"\n[service.api]\n[check.api]\nservice = \"api\"\ntcp = \"127.0.0.1:9\"\n\
        every = \"60s\"\nfail_after = 1\nalert = { critical = \"down\" }\n";

    #[test]
    fn an_incident_began_when_the_screen_says_that_the_trouble_began() {
        let utc: DateTime<Utc> = "2026-11-21T02:40:00Z".parse().unwrap();
        let at = |seconds: u64| Stamp { mono: Duration::from_hours(9), utc }.plus(Duration::from_secs(seconds));
        let loaded = load_text(Path::new("/srv/opsroom.toml"), CONFIG);
        let mut world = World::new(Arc::new(loaded.config.unwrap()), at(0));
        world.lease = LeaseView::Ours { fence: 7, since: utc };
        world.firings.is_read = true;
        let mut said = Vec::new();
        // An answer is taken in some time after it came.
        for (ended, now, sign) in [(10, 10, Sign::Good), (70, 73, Sign::Bad)] {
            let ended = at(ended);
            let timing = Timing { scheduled: ended, sent: ended, ended };
            let reading = Reading::plain("api".into(), timing, sign);
            let output = world.observe(Observation::Reading(Box::new(reading)), at(now));
            let facts = output.intents.into_iter().filter_map(|intent| match intent {
                Intent::Append(said) => Some(said),
                _ => None,
            });
            said.extend(facts.flatten());
        }
        let shown = world.standing_since(world.service("api").unwrap()).unwrap().at.utc;
        assert_eq!(shown, at(70).utc);
        let fired =
            said.iter().find_map(|said| if let Statement::AlertFired(fired) = said { Some(fired) } else { None });
        let fired = fired.unwrap_or_else(|| panic!("{said:?}"));
        assert_eq!((fired.since, fired.fired_at), (shown, at(73).utc));
        for (alert, service) in [(Some("check:api/critical/0"), None), (None, Some("api"))] {
            assert_eq!(world.incident_draft(alert, service).impact_started_at, Some(shown), "{alert:?}");
        }
    }

    fn line(seconds: i64, text: &str) -> CopiedLine {
        CopiedLine { at: samples::at(seconds), kind: "run".into(), object: "".into(), text: text.into(), who: None }
    }

    fn texts(lines: &[CopiedLine]) -> Vec<&str> {
        lines.iter().map(|line| line.text.as_str()).collect()
    }

    #[test]
    fn what_was_copied_stands_before_what_is_still_known() {
        let copied = [line(1, "cut since"), line(5, "known"), line(9, "known too")];
        let found = vec![line(5, "known"), line(9, "known too"), line(20, "after the reopening")];
        let all = with_copied(&copied, found);
        assert_eq!(texts(&all), ["cut since", "known", "known too", "after the reopening"]);
        assert_eq!(texts(&with_copied(&copied, Vec::new())), ["cut since", "known", "known too"]);
        assert_eq!(texts(&with_copied(&[], vec![line(1, "new")])), ["new"]);
        let many: Vec<CopiedLine> = (0..COPIED).map(|second| line(100 + i64::try_from(second).unwrap(), "n")).collect();
        assert_eq!(with_copied(&copied, many).len(), COPIED, "bounded");
    }
}
