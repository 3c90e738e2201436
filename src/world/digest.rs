//! What happened in a span of time, sorted for somebody who was not there: what broke and healed, what was deployed and run,
//! who acted. One query, asked over the time since a person last looked and over a shift.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::history::{self, HistoryKind, deploys};
use crate::config::Config;
use crate::config::titles::{title_of_alert, title_of_check};
use crate::lang::schedule::TimeWindow;
use crate::model::alert::Severity;
use crate::model::fact::alerting::rule_of;
use crate::model::fact::{AlertFired, CheckStatus, Fact, MessageSent, Statement};
use crate::model::run::Run;
use crate::model::status::Status;
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
    /// Checks that were not ok.
    pub outages: Vec<Outage>,
    /// Alerts that fired and were not muted.
    pub alerts: Vec<FiredAlert>,
    /// How many fired muted.
    pub muted: usize,
    /// How often somebody was called: messages that told of a critical or high alert first.
    pub pages: usize,
    /// Releases, and runs that brought one or went back to one.
    pub deployments: Vec<DigestLine>,
    /// Other runs that ended.
    pub runs: Vec<EndedRun>,
    /// Acknowledgements.
    pub acknowledged: Vec<DigestLine>,
    /// What else people did: silences, maintenance, locks, who is on call.
    pub people: Vec<DigestLine>,
    /// Entries that were left out, because there were too many.
    pub left_out: usize,
}

/// A check that was not ok.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Outage {
    /// How the check is shown.
    pub title: String,
    /// The worst that it was shown to be.
    pub worst: Status,
    /// Since when; `None`: it was so before the span.
    pub from: Option<DateTime<Utc>>,
    /// When it was ok again; `None`: it is not yet.
    pub healed: Option<DateTime<Utc>>,
    /// Why.
    pub reason: Option<SafeText>,
}

/// An alert that fired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct FiredAlert {
    /// How the check, metric or objective is shown.
    pub title: String,
    /// How bad.
    pub severity: Severity,
    /// When.
    pub at: DateTime<Utc>,
    /// When it was over; `None`: it still fires.
    pub resolved: Option<DateTime<Utc>>,
    /// Who acknowledged it first.
    pub acknowledged_by: Option<SafeText>,
}

/// Something that somebody did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct DigestLine {
    /// When.
    pub at: DateTime<Utc>,
    /// What, as in the timeline.
    pub text: SafeText,
    /// Who: the login name.
    pub by: Option<SafeText>,
}

/// A run that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct EndedRun {
    /// What.
    #[serde(flatten)]
    pub line: DigestLine,
    /// Whether it did not do what it should.
    pub failed: bool,
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
    /// Of facts in the order of the chain, with the runs that they are about by the object of the fact. Facts outside of the
    /// span are passed over.
    pub(crate) fn new(facts: &[Fact], runs: &BTreeMap<String, Run>, config: &Config, span: TimeWindow) -> Self {
        let digest = Self {
            from: span.start,
            until: span.end,
            outages: Vec::new(),
            alerts: Vec::new(),
            muted: 0,
            pages: 0,
            deployments: Vec::new(),
            runs: Vec::new(),
            acknowledged: Vec::new(),
            people: Vec::new(),
            left_out: 0,
        };
        let (open, fired, told) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        let mut gatherer = Gatherer { config, digest, open, fired, told };
        for fact in facts {
            if span.contains(fact.said().began().unwrap_or(fact.draft.at)) {
                gatherer.take(fact, runs.get(&fact.said().object()));
            }
        }
        gatherer.finish()
    }

    /// Whether nothing happened.
    pub(crate) fn is_empty(&self) -> bool {
        self.outages.is_empty()
            && self.alerts.is_empty()
            && self.deployments.is_empty()
            && self.runs.is_empty()
            && self.acknowledged.is_empty()
            && self.people.is_empty()
    }

    /// How many checks are not ok yet.
    pub(crate) fn still_out(&self) -> usize {
        self.outages.iter().filter(|outage| outage.healed.is_none()).count()
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

    fn status(&mut self, said: &CheckStatus) {
        let known = self.open.get(&said.check).copied();
        let title = || title_of_check(self.config, &said.check).to_owned();
        if said.status == Status::Ok {
            if let Some(at) = known {
                self.digest.outages[at].healed = Some(said.since);
                self.open.remove(&said.check);
            } else if let Some(worst) = said.before.filter(|before| *before != Status::Ok) {
                let outage = Outage { title: title(), worst, from: None, healed: Some(said.since), reason: None };
                self.digest.outages.push(outage);
            }
            return;
        }
        let reason = said.reason.clone();
        match known {
            Some(at) => {
                let outage = &mut self.digest.outages[at];
                if Status::worst([outage.worst, said.status]) == Some(said.status) {
                    outage.worst = said.status;
                    outage.reason = reason.or(outage.reason.take());
                }
            }
            None => {
                // It was degraded before the span, and is down in it.
                let from = said.before.is_none_or(|before| before == Status::Ok).then_some(said.since);
                self.open.insert(said.check.clone(), self.digest.outages.len());
                let outage = Outage { title: title(), worst: said.status, from, healed: None, reason };
                self.digest.outages.push(outage);
            }
        }
    }

    fn fire(&mut self, said: &AlertFired) {
        if said.muted_because.is_some() {
            self.digest.muted += 1;
            return;
        }
        self.fired.insert(said.id.clone(), self.digest.alerts.len());
        self.digest.alerts.push(FiredAlert {
            title: title_of_alert(self.config, &said.alert).to_owned(),
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

    /// Of what there is too much, the last entries.
    fn finish(mut self) -> Digest {
        fn cut<T>(entries: &mut Vec<T>, left_out: &mut usize) {
            let more = entries.len().saturating_sub(MOST);
            entries.drain(..more);
            *left_out += more;
        }
        let Digest { outages, alerts, deployments, runs, acknowledged, people, left_out, .. } = &mut self.digest;
        cut(outages, left_out);
        cut(alerts, left_out);
        cut(deployments, left_out);
        cut(runs, left_out);
        cut(acknowledged, left_out);
        cut(people, left_out);
        self.digest
    }
}

fn by(fact: &Fact) -> SafeText {
    login(&fact.draft.who)
}

fn login(who: &str) -> SafeText {
    SafeText::new(who.split(" (").next().unwrap_or_default())
}
