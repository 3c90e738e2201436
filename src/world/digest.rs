//! What happened in a span of time, sorted for somebody who was not there: what broke and healed, what was deployed and run,
//! who acted. One query, asked over the time since a person last looked and over a shift.

mod parts;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

pub(crate) use self::parts::{
    DigestIncident, DigestLine, EndedRun, FiredAlert, LeftOutEntries, Outage, SpanRecord, left_out,
};
use super::history::{self, HistoryKind, deploys};
use crate::config::Config;
use crate::config::titles::{title_of_check, title_of_firing};
use crate::lang::order::InOrder;
use crate::lang::schedule::TimeWindow;
use crate::model::alert::Severity;
use crate::model::fact::alerting::rule_of;
use crate::model::fact::{AlertFired, CheckStatus, Fact, MessageSent, Statement, login_of};
use crate::model::run::Run;
use crate::model::status::Status;
use crate::model::thing::{CheckRecord, IncidentRecord};
use crate::text::SafeText;
use crate::text::name::Name;

/// Entries of one kind that are kept; of more, the last ones.
const MOST: usize = 200;
/// An alert of which somebody is told fired at most so long before.
const TOLD_WITHIN: TimeDelta = TimeDelta::minutes(5);

/// What happened in a span.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Digest {
    /// Its first moment.
    pub from: DateTime<Utc>,
    /// The first moment after it.
    pub until: DateTime<Utc>,
    /// Checks that were not ok, also those that were so before and are still.
    pub outages: Vec<Outage>,
    /// Alerts that fired and were not muted.
    pub alerts: Vec<FiredAlert>,
    /// How many fired muted.
    pub muted: usize,
    /// How many of all alerts nobody acknowledged.
    pub unanswered: usize,
    /// How often somebody was called: messages that told of a critical or high alert first.
    pub pages: usize,
    /// Releases, and runs that brought one or went back to one.
    pub deployments: Vec<DigestLine>,
    /// Other runs that ended.
    pub runs: Vec<EndedRun>,
    /// Acknowledgements.
    pub acknowledged: Vec<DigestLine>,
    /// Incidents that were opened or ended, and those that are open.
    pub incidents: Vec<DigestIncident>,
    /// Rounds of checklists that were signed off or missed.
    pub rounds: Vec<DigestLine>,
    /// What else people did: silences, maintenance, locks, who is on call.
    pub people: Vec<DigestLine>,
    /// Entries that were left out, because there were too many.
    pub left_out: LeftOutEntries,
}

/// The digest while it is made.
struct Gatherer<'a> {
    config: &'a Config,
    digest: Digest,
    /// The outage of each check that goes on.
    open: BTreeMap<Name, usize>,
    /// The place of each firing, by its id.
    fired: BTreeMap<Name, usize>,
    told: BTreeSet<Name>,
}

impl Digest {
    /// Of what is on record of a span.
    pub(crate) fn new(record: SpanRecord<'_>, config: &Config, span: TimeWindow) -> Self {
        let digest = Self {
            from: span.start,
            until: span.end,
            outages: Vec::new(),
            alerts: Vec::new(),
            muted: 0,
            unanswered: 0,
            pages: 0,
            deployments: Vec::new(),
            runs: Vec::new(),
            acknowledged: Vec::new(),
            incidents: Vec::new(),
            rounds: Vec::new(),
            people: Vec::new(),
            left_out: LeftOutEntries::default(),
        };
        let (open, fired, told) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        let mut gatherer = Gatherer { config, digest, open, fired, told };
        gatherer.stand(record.troubled);
        for fact in record.facts {
            if span.contains(fact.said().began().unwrap_or(fact.draft.at)) {
                gatherer.take(fact, record.runs.get(&fact.said().object()));
            }
        }
        gatherer.incidents(record.incidents, span);
        gatherer.finish()
    }

    /// Whether nothing happened: what was so before and is still is no news.
    pub(crate) fn is_empty(&self) -> bool {
        self.outages_of_span() == 0
            && self.alerts.is_empty()
            && self.deployments.is_empty()
            && self.runs.is_empty()
            && self.acknowledged.is_empty()
            && self.incidents_of_span() == 0
            && self.rounds.is_empty()
            && self.people.is_empty()
    }

    /// How many outages were not the same all the time.
    pub(crate) fn outages_of_span(&self) -> usize {
        self.outages.iter().filter(|outage| !outage.stood).count()
    }

    /// How many incidents were opened or ended in the span.
    pub(crate) fn incidents_of_span(&self) -> usize {
        self.incidents.iter().filter(|one| one.opened >= self.from || one.ended.is_some()).count()
    }
}

impl Gatherer<'_> {
    fn take(&mut self, fact: &Fact, run: Option<&Run>) {
        match fact.said() {
            Statement::CheckStatus(said) => self.status(said),
            Statement::AlertFired(said) => self.fire(said),
            Statement::AlertResolved(said) => {
                if let Some(alert) = self.fired.get(&said.id).and_then(|at| self.digest.alerts.get_mut(*at)) {
                    alert.resolved.get_or_insert(said.at);
                }
            }
            Statement::MessageSent(said) => self.told(said),
            Statement::AlertAcknowledged(said) => {
                let by = by(fact);
                if let Some(alert) = self.fired.get(&said.id).and_then(|at| self.digest.alerts.get_mut(*at)) {
                    alert.acknowledged_by.get_or_insert(by);
                }
                let line = self.line(fact, run);
                self.digest.acknowledged.extend(line);
            }
            Statement::Deployed(_) => {
                let line = self.line(fact, run);
                self.digest.deployments.extend(line);
            }
            Statement::RunClosed(closed) => {
                let Some(line) = self.line(fact, run) else { return };
                let line = DigestLine { by: run.map(|run| login(&run.who)), ..line };
                if run.is_some_and(deploys) {
                    self.digest.deployments.push(line);
                } else {
                    self.digest.runs.push(EndedRun { line, failed: !closed.state.is_good() });
                }
            }
            Statement::RunLost(_) => {
                let line = self.line(fact, run);
                self.digest.runs.extend(line.map(|line| EndedRun { line, failed: true }));
            }
            Statement::ChecklistSigned(_) | Statement::ChecklistMissed(_) => {
                let line = self.line(fact, run);
                self.digest.rounds.extend(line);
            }
            _ => {
                let line = history::describe(fact, run, self.config, self.config.console.timezone);
                let is_of_people = |kind| matches!(kind, HistoryKind::Silence | HistoryKind::Note);
                if line.is_some_and(|line| line.by_person && is_of_people(line.kind)) {
                    let line = self.line(fact, run);
                    self.digest.people.extend(line);
                }
            }
        }
    }

    fn line(&self, fact: &Fact, run: Option<&Run>) -> Option<DigestLine> {
        let line = history::describe(fact, run, self.config, self.config.console.timezone)?;
        Some(DigestLine { at: fact.draft.at, text: line.text, by: line.by_person.then(|| by(fact)) })
    }

    /// What was not ok before the span and is so still: of what changed in it the facts say more.
    fn stand(&mut self, troubled: &BTreeMap<Name, CheckRecord>) {
        for check in &self.config.checks {
            let Some(record) = troubled.get(&check.name).filter(|record| record.since < self.digest.from) else {
                continue;
            };
            self.open.insert(check.name.clone(), self.digest.outages.len());
            self.digest.outages.push(Outage {
                check: check.name.clone(),
                title: title_of_check(self.config, &check.name).to_owned(),
                worst: record.status,
                from: None,
                healed: None,
                reason: record.reason.clone(),
                stood: true,
            });
        }
    }

    fn incidents(&mut self, records: &[IncidentRecord], span: TimeWindow) {
        let is_of_span = |record: &&IncidentRecord| {
            record.is_open()
                || span.contains(record.opened_at)
                || record.ended_at().is_some_and(|ended| span.contains(ended))
        };
        let incidents = records.iter().filter(is_of_span).map(|record| DigestIncident {
            id: record.id.clone(),
            title: record.title.clone(),
            severity: record.severity,
            state: record.state.word(),
            opened: record.opened_at,
            ended: record.ended_at(),
        });
        self.digest.incidents.extend(incidents);
        self.digest.incidents.order_by(|one, other| (one.opened, &one.id).cmp(&(other.opened, &other.id)));
    }

    fn status(&mut self, said: &CheckStatus) {
        let known = self.open.get(&said.check).copied();
        let title = || title_of_check(self.config, &said.check).to_owned();
        if said.status == Status::Ok {
            if let Some(at) = known {
                self.digest.outages[at].healed = Some(said.since);
                self.open.remove(&said.check);
            } else if let Some(worst) = said.before.filter(|before| *before != Status::Ok) {
                let (from, healed) = (None, Some(said.since));
                let check = said.check.clone();
                let outage = Outage { check, title: title(), worst, from, healed, reason: None, stood: false };
                self.digest.outages.push(outage);
            }
            return;
        }
        let reason = said.reason.clone();
        if let Some(at) = known {
            let outage = &mut self.digest.outages[at];
            if Status::worst([outage.worst, said.status]) == Some(said.status) {
                outage.worst = said.status;
                outage.reason = reason.or(outage.reason.take());
            }
        } else {
            // It was degraded before the span and is down in it, or the other way round.
            let before = said.before.filter(|before| *before != Status::Ok);
            let worst = Status::worst(before.into_iter().chain([said.status])).unwrap_or(said.status);
            let from = before.is_none().then_some(said.since);
            self.open.insert(said.check.clone(), self.digest.outages.len());
            let check = said.check.clone();
            let outage = Outage { check, title: title(), worst, from, healed: None, reason, stood: false };
            self.digest.outages.push(outage);
        }
    }

    fn fire(&mut self, said: &AlertFired) {
        if said.muted_because.is_some() {
            self.digest.muted += 1;
            return;
        }
        self.fired.insert(said.id.clone(), self.digest.alerts.len());
        self.digest.alerts.push(FiredAlert {
            title: title_of_firing(self.config, &said.rule, &said.alert).into_owned(),
            severity: said.severity,
            at: said.fired_at,
            resolved: None,
            acknowledged_by: None,
        });
    }

    /// A message was accepted: a page, where it told of an alert that is critical or high and began lately for the first time.
    fn told(&mut self, said: &MessageSent) {
        let earliest = (self.digest.from - TOLD_WITHIN).format("%Y%m%dT%H%M%S").to_string();
        let calls = |id: &&Name| {
            let severity = rule_of(id).and_then(|rule| Severity::named(rule.rsplit('/').nth(1)?));
            severity.is_some_and(|severity| severity >= Severity::High) && ***id >= *earliest
        };
        let new: Vec<Name> = said.alerts.iter().filter(calls).filter(|id| !self.told.contains(*id)).cloned().collect();
        self.digest.pages += usize::from(!new.is_empty());
        self.told.extend(new);
    }

    /// Of what there is too much, the last entries; of outages and incidents those first that are not over.
    fn finish(mut self) -> Digest {
        fn cut<T>(entries: &mut Vec<T>, is_over: fn(&T) -> bool) -> usize {
            let more = entries.len().saturating_sub(MOST);
            let mut over = more;
            entries.retain(|entry| {
                let goes = over > 0 && is_over(entry);
                over -= usize::from(goes);
                !goes
            });
            entries.drain(..over);
            more
        }
        let digest = &mut self.digest;
        digest.unanswered = digest.alerts.iter().filter(|alert| alert.acknowledged_by.is_none()).count();
        digest.left_out = LeftOutEntries {
            outages: cut(&mut digest.outages, |outage| outage.healed.is_some()),
            alerts: cut(&mut digest.alerts, |alert| alert.resolved.is_some()),
            deployments: cut(&mut digest.deployments, |_| true),
            runs: cut(&mut digest.runs, |_| true),
            acknowledged: cut(&mut digest.acknowledged, |_| true),
            incidents: cut(&mut digest.incidents, |incident| incident.ended.is_some()),
            rounds: cut(&mut digest.rounds, |_| true),
            people: cut(&mut digest.people, |_| true),
        };
        self.digest
    }
}

fn by(fact: &Fact) -> SafeText {
    login(&fact.draft.who)
}

fn login(who: &str) -> SafeText {
    SafeText::new(login_of(who))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::load::load_text;
    use crate::model::fact::alerting::instance_id;
    use crate::model::fact::incident::{IncidentMoved, IncidentOpened};
    use crate::model::fact::{
        AlertAcknowledged, AlertResolved, ChecklistMissed, ChecklistSigned, Deployed, IncidentFact, IncidentSaid,
        NewFact, SilenceStarted,
    };
    use crate::model::incident::{IncidentStep, IncidentTargets};
    use crate::model::message::{MessageKind, Recipient};

    fn at(minute: i64) -> DateTime<Utc> {
        "2026-11-30T00:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minute)
    }

    fn fact(minute: i64, who: &str, said: Statement) -> Fact {
        let (id, host) = (format!("f{minute}"), "h".to_owned());
        let draft = NewFact { id, at: at(minute), who: who.to_owned(), host, process: 1, late: false, said };
        Fact { seq: u64::try_from(minute).unwrap() + 1, recorded_at: at(minute), draft }
    }

    fn status(minute: i64, check: &str, before: Option<Status>, status: Status, reason: Option<&str>) -> Fact {
        let said = CheckStatus {
            check: check.into(),
            service: None,
            status,
            before,
            since: at(minute),
            seen: true,
            reason: reason.map(SafeText::new),
            by: None,
            fence: 1,
        };
        fact(minute, "", Statement::CheckStatus(said))
    }

    fn fired(minute: i64, severity: Severity, muted: bool) -> Fact {
        let rule = format!("check:api/{}/0", severity.word());
        let said = AlertFired {
            id: instance_id(&rule, at(minute)),
            rule: rule.into(),
            severity,
            muted_because: muted.then(|| SafeText::new("maintenance")),
            ..AlertFired::sample(at(minute))
        };
        fact(minute, "", Statement::AlertFired(said))
    }

    fn id_of(fact: &Fact) -> Name {
        match fact.said() {
            Statement::AlertFired(said) => said.id.clone(),
            _ => panic!("{fact:?}"),
        }
    }

    fn sent(minute: i64, alerts: Vec<Name>) -> Fact {
        let said = MessageSent {
            id: format!("m{minute}").into(),
            target: Recipient { channel: "sms".into(), contact: None },
            kind: MessageKind::Alerts,
            at: at(minute),
            alerts,
            groups: Vec::new(),
            notices: BTreeMap::default(),
            most: 10,
            fence: 1,
        };
        fact(minute, "", Statement::MessageSent(said))
    }

    fn digest(facts: &[Fact]) -> Digest {
        digest_of(facts, &Config::default(), &BTreeMap::new(), &[])
    }

    fn digest_of(
        facts: &[Fact],
        config: &Config,
        troubled: &BTreeMap<Name, CheckRecord>,
        incidents: &[IncidentRecord],
    ) -> Digest {
        let record = SpanRecord { facts, runs: &BTreeMap::new(), troubled, incidents };
        Digest::new(record, config, TimeWindow { start: at(10), end: at(100) })
    }

    #[test]
    fn what_was_not_ok_all_the_time_is_an_outage_and_no_news() {
        let text = "[check.api]\ntcp = \"127.0.0.1:1\"\n[check.db]\ntcp = \"127.0.0.1:1\"\n";
        let config = load_text(Path::new("/srv/opsroom.toml"), text).config.unwrap();
        let record = |since, status| CheckRecord { status, since: at(since), seen: true, reason: None, fence: 1 };
        // Of what turned in the span the facts say more, and what is configured no more goes on for ever.
        let troubled = [
            (Name::from("api"), record(5, Status::Down)),
            (Name::from("db"), record(20, Status::Degraded)),
            (Name::from("old"), record(1, Status::Down)),
        ];
        let troubled = troubled.into();
        let found = digest_of(&[], &config, &troubled, &[]);
        let shown = |digest: &Digest| -> Vec<_> {
            let each = digest.outages.iter();
            each.map(|one| (one.title.clone(), one.worst, one.from, one.healed)).collect()
        };
        assert_eq!(shown(&found), [("api".to_owned(), Status::Down, None, None)]);
        assert!(found.is_empty() && found.outages_of_span() == 0);
        let turned = status(20, "db", Some(Status::Down), Status::Degraded, None);
        let found = digest_of(&[turned], &config, &troubled, &[]);
        assert_eq!(shown(&found)[1], ("db".to_owned(), Status::Down, None, None), "it was worse when the span began");
        assert!(!found.is_empty());
    }

    fn incident(id: &str, opened: i64, ended: Option<i64>) -> IncidentRecord {
        let said = |minute, what| {
            let said = IncidentSaid { id: id.into(), what };
            (fact(minute, "ana", Statement::Incident(Box::new(said.clone()))).draft, said)
        };
        let opening = IncidentOpened {
            title: "checkout fails".into(),
            severity: Severity::High,
            targets: IncidentTargets::new(None, None, std::time::Duration::from_mins(30)),
            services: vec![],
            kind: None,
            checklist: None,
            from: None,
            alerted_at: None,
            impact_started_at: None,
        };
        let (draft, opened) = said(opened, IncidentFact::Opened(opening));
        let record = IncidentRecord::after(None, &draft, &opened).unwrap();
        let Some(ended) = ended else { return record };
        let moved = IncidentMoved { step: IncidentStep::Resolve, why: None, into: None, copied: vec![] };
        let (draft, moved) = said(ended, IncidentFact::Moved(moved));
        IncidentRecord::after(Some(record), &draft, &moved).unwrap()
    }

    #[test]
    fn incidents_and_rounds_are_part_of_it() {
        let incidents = [
            incident("INC-1", 1, Some(5)),
            incident("INC-2", 2, Some(20)),
            incident("INC-3", 30, Some(40)),
            incident("INC-4", 3, None),
        ];
        let found = digest_of(&[], &Config::default(), &BTreeMap::new(), &incidents);
        let shown: Vec<_> = found.incidents.iter().map(|one| (&*one.id, one.state, one.ended)).collect();
        let due = [("INC-2", "resolved", Some(at(20))), ("INC-4", "open", None), ("INC-3", "resolved", Some(at(40)))];
        assert_eq!(shown, due);
        assert!(!found.is_empty() && found.incidents_of_span() == 2);
        assert!(digest_of(&[], &Config::default(), &BTreeMap::new(), &incidents[3..]).is_empty(), "open before");
        let missed = ChecklistMissed {
            run: "r1".into(),
            checklist: "morning".into(),
            title: "Morning".into(),
            due: at(10),
            ended: at(50),
            schedule: None,
            more: 0,
        };
        let (run, checklist, outcome) = ("r2".into(), "evening".into(), "9 passed".into());
        let signed = ChecklistSigned { run, checklist, digest: String::new(), outcome, fast: false };
        let found = digest(&[
            fact(50, "", Statement::ChecklistMissed(missed)),
            fact(60, "ana", Statement::ChecklistSigned(signed)),
        ]);
        let lines: Vec<&str> = found.rounds.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(lines, ["Morning missed", "evening signed off: 9 passed"]);
        assert!(!found.is_empty());
    }

    #[test]
    fn what_broke_and_healed_is_one_entry_with_its_worst() {
        let facts = [
            status(5, "early", Some(Status::Ok), Status::Down, None),
            status(12, "early", Some(Status::Down), Status::Ok, None),
            status(20, "api", Some(Status::Ok), Status::Degraded, Some("slow")),
            status(22, "api", Some(Status::Degraded), Status::Down, Some("refused")),
            status(24, "api", Some(Status::Down), Status::Degraded, Some("slow")),
            status(30, "api", Some(Status::Degraded), Status::Ok, None),
            status(40, "db", Some(Status::Ok), Status::Down, None),
            status(50, "new", None, Status::Ok, None),
        ];
        let found: Vec<_> = digest(&facts)
            .outages
            .into_iter()
            .map(|one| (one.title, one.worst, one.from, one.healed, one.reason.map(|reason| reason.to_string())))
            .collect();
        let due = [
            ("early".to_owned(), Status::Down, None, Some(at(12)), None),
            ("api".to_owned(), Status::Down, Some(at(20)), Some(at(30)), Some("refused".to_owned())),
            ("db".to_owned(), Status::Down, Some(at(40)), None, None),
        ];
        assert_eq!(found, due);
    }

    #[test]
    fn people_are_named_and_reminders_are_no_pages() {
        let (first, other, low) =
            (fired(20, Severity::Critical, false), fired(60, Severity::High, false), fired(61, Severity::Low, false));
        let (id, alert, severity) = (id_of(&first), Name::from("api"), Severity::Critical);
        let acknowledged = AlertAcknowledged {
            id: id.clone(),
            alert: alert.clone(),
            severity,
            why: "on it".into(),
            until: at(80),
            link: None,
            together: false,
            taken_by: None,
        };
        let resolved =
            AlertResolved { id: id.clone(), alert, severity, at: at(70), because: None, value: None, fence: 1 };
        let silence = SilenceStarted {
            id: "s".into(),
            matching: "service:api".to_owned(),
            why: "works".into(),
            until: at(90),
            hold: false,
        };
        let deployed = Deployed { service: "web".into(), version: "2.4.1".into(), subject: None };
        let facts = [
            first,
            sent(21, vec![id.clone()]),
            fact(25, "ana (ssh from 10.0.0.5)", Statement::AlertAcknowledged(acknowledged)),
            sent(50, vec![id]),
            fired(55, Severity::Critical, true),
            sent(62, vec![id_of(&other), id_of(&low)]),
            sent(63, vec![id_of(&low)]),
            other,
            low,
            fact(64, "ci", Statement::Deployed(deployed)),
            fact(65, "ben", Statement::SilenceStarted(silence)),
            fact(70, "", Statement::AlertResolved(resolved)),
            fact(200, "ben", Statement::RunReopened { run: "r".into() }),
        ];
        let digest = digest(&facts);
        assert_eq!((digest.pages, digest.muted, digest.alerts.len()), (2, 1, 3));
        let alert = &digest.alerts[0];
        assert_eq!(alert.acknowledged_by.as_ref().map(SafeText::as_str), Some("ana"));
        assert_eq!(alert.resolved, Some(at(70)));
        let lines = |lines: &[DigestLine]| -> Vec<String> {
            lines.iter().map(|line| format!("{} by {}", line.text, line.by.as_ref().unwrap())).collect()
        };
        assert_eq!(lines(&digest.deployments), ["web 2.4.1 deployed by ci"]);
        assert_eq!(lines(&digest.people), ["silenced service api until 01:30:00Z: works by ben"]);
        assert_eq!(lines(&digest.acknowledged), ["critical api acknowledged until 01:20:00Z: on it by ana"]);
        assert!(!digest.is_empty());
    }

    #[test]
    fn of_too_much_the_last_is_kept() {
        let deployed = |minute: i64| {
            let version = SafeText::new(&minute.to_string());
            let said = Statement::Deployed(Deployed { service: "web".into(), version, subject: None });
            let mut fact = fact(minute, "ci", said);
            fact.draft.at = at(50);
            fact
        };
        let facts: Vec<Fact> = (0..MOST.cast_signed() as i64 + 3).map(deployed).collect();
        let found = digest(&facts);
        assert_eq!((found.deployments.len(), found.left_out.deployments, found.left_out.runs), (MOST, 3, 0));
        assert_eq!(left_out(3).as_deref(), Some("3 earlier entries left out"));
        assert!(found.deployments[0].text.as_str().contains("web 3 "));
        // What is not over is looked at first.
        let name = |number: i64| format!("c{number}");
        let down = (0..=MOST.cast_signed() as i64).map(|n| status(20, &name(n), None, Status::Down, None));
        let healed = status(30, "c1", Some(Status::Down), Status::Ok, None);
        let facts: Vec<Fact> = down.chain([healed]).collect();
        let found = digest(&facts);
        assert_eq!((found.outages.len(), found.left_out.outages), (MOST, 1));
        assert!(found.outages.iter().all(|outage| outage.healed.is_none()));
    }
}
