//! What is news to one target: the difference between what it takes to be firing and what does.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::AlertNow;
use super::muted::{MutedTime, said_after};
use crate::config::Config;
use crate::config::sections::severity::SeverityRule;
use crate::config::titles::name_of_firing;
use crate::model::alert::Severity;
use crate::model::governor::QuietRule;
use crate::model::ledger::{KnownGroup, TargetRecord};
use crate::model::message::{AlertGroup, Announced, Entry, News};
use crate::text::name::Name;

/// An alert as one target may hear of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen<'a> {
    pub alert: &'a AlertNow<'a>,
    /// Whether it is to be told of it now; otherwise it was told.
    pub is_routed: bool,
    /// Whether everybody who must acknowledge it has, or nobody is asked to.
    pub is_settled: bool,
    /// When it was muted, and why: no deadline runs then.
    pub muted: Option<&'a MutedTime>,
    /// Of a person, when anybody was told of it first, and after how long without an answer the step of the escalation came
    /// that is reached.
    pub step: Option<(DateTime<Utc>, TimeDelta)>,
}

impl Seen<'_> {
    /// Whether a step of the escalation was reached since a moment.
    fn is_escalated_since(&self, at: DateTime<Utc>) -> bool {
        self.step.is_some_and(|(first, after)| {
            let muted = self.muted.map_or(TimeDelta::zero(), |muted| muted.between(first, at));
            at - first - muted < after
        })
    }
}

/// Whether a group needs a message: the rule of Alertmanager's `needsUpdate`, row by row. `last` is what the receiver takes
/// to be firing; `None`: it knows nothing of the group.
pub(super) fn needs_update(last: Option<&BTreeSet<Name>>, firing: &BTreeSet<Name>, is_repeat_due: bool) -> bool {
    match last {
        None => !firing.is_empty(),
        Some(last) if !firing.is_subset(last) => true,
        Some(last) if !last.is_subset(firing) => true,
        Some(last) => !last.is_empty() && is_repeat_due,
    }
}

/// What one target is to be told by.
pub(super) struct TargetNews<'a> {
    pub config: &'a Config,
    pub quiet: Option<QuietRule<'a>>,
    pub record: &'a TargetRecord,
    pub now: DateTime<Utc>,
}

impl TargetNews<'_> {
    /// The groups with news, in no order, and whether all of it was held back by quiet hours or for a digest.
    pub(super) fn groups(&self, seen: &[Seen<'_>]) -> (Vec<AlertGroup>, bool) {
        let mut by_service: BTreeMap<Option<&Name>, Vec<&Seen<'_>>> = BTreeMap::new();
        for one in seen {
            by_service.entry(one.alert.record.service.as_ref()).or_default().push(one);
        }
        let mut was_held = true;
        let mut groups = Vec::new();
        for (service, members) in by_service {
            let group = self.group(service, &members);
            if let Some((group, held)) = group {
                was_held &= held;
                groups.push(group);
            }
        }
        (groups, was_held)
    }

    fn group(&self, service: Option<&Name>, members: &[&Seen<'_>]) -> Option<(AlertGroup, bool)> {
        let console = &self.config.console.name;
        let key = format!("opsroom/{console}/{}", service.map_or("-", |service| service));
        let known = self.record.groups.get(&key);
        let last: BTreeMap<&Name, &Announced> =
            known.into_iter().flat_map(|known| &known.firing).map(|known| (&known.id, known)).collect();
        let (mut entries, mut announced, mut was_held) = (Vec::new(), Vec::new(), true);
        for one in members {
            let before = last.get(&one.alert.record.id).copied();
            let news = self.news(one, before, known, &last, members);
            let record = one.alert.record;
            if let Some(news) = news {
                was_held &= self.was_held(record.severity, record.resolved_at.unwrap_or(record.fired_at));
                entries.push(entry(one, news, self.config));
            }
            let is_told = if record.is_firing() {
                before.is_some() || news.is_some()
            } else {
                before.is_some() && news.is_none()
            };
            if is_told {
                // A target first notified after the deadline gets no overdue notice.
                let is_late = before.is_none() && self.is_late(one);
                let is_due = is_late || news == Some(News::Due) || before.is_some_and(|before| before.is_due);
                let told_at = before.map_or(self.now, |before| before.told_at);
                let again_at = before.and_then(|before| before.again_at);
                let again_at = if before.is_some() && news.is_some() { Some(self.now) } else { again_at };
                let severity = record.severity;
                announced.push(Announced { id: record.id.clone(), severity, told_at, again_at, is_due });
            }
        }
        let before = known.map(|known| known.firing.iter().map(|known| known.id.clone()).collect());
        let after = announced.iter().map(|known| known.id.clone()).collect();
        let repeats = entries.iter().any(|entry| matches!(entry.news, News::Reminder | News::Due | News::Unmuted));
        if entries.is_empty() || !needs_update(before.as_ref(), &after, repeats) {
            return None;
        }
        let settings = service.and_then(|name| self.config.services.iter().find(|service| service.name == *name));
        let group = AlertGroup {
            service: service.cloned(),
            title: settings.map_or_else(
                || service.map_or_else(|| console.clone(), ToString::to_string),
                |known| known.title.clone(),
            ),
            key,
            entries,
            firing: announced.len(),
            announced,
            is_first: known.is_none(),
            runbook: settings.and_then(|service| service.runbook.clone()),
            links: settings.map_or_else(Vec::new, |service| service.links.clone()),
        };
        Some((group, was_held))
    }

    /// Why one alert is to be told; `None`: it is not, now.
    fn news(
        &self,
        one: &Seen<'_>,
        before: Option<&Announced>,
        known: Option<&KnownGroup>,
        last: &BTreeMap<&Name, &Announced>,
        members: &[&Seen<'_>],
    ) -> Option<News> {
        let record = one.alert.record;
        if one.alert.muted.is_some() {
            return None;
        }
        let Some(before) = before else {
            let is_due = record.is_firing() && one.is_routed && !self.waits(record.severity, record.fired_at);
            let is_worse = || {
                let milder = |other: &&&Seen<'_>| {
                    let other = other.alert.record;
                    other.alert == record.alert && other.severity < record.severity && last.contains_key(&other.id)
                };
                members.iter().any(|other| milder(&other))
            };
            return is_due.then(|| if is_worse() { News::Worse } else { News::New });
        };
        if let Some(at) = record.resolved_at {
            return (!self.waits(record.severity, at)).then_some(News::Resolved);
        }
        if one.is_settled || !one.is_routed || self.waits(record.severity, record.fired_at) {
            return None;
        }
        // A receiver that knew of it has not heard since whether it is over.
        let told_at = before.again_at.unwrap_or(before.told_at);
        if one.muted.is_some_and(|muted| muted.was_by_person_since(told_at)) {
            return Some(News::Unmuted);
        }
        if !before.is_due && self.is_late(one) {
            return Some(News::Due);
        }
        // A step tells all of its people, also those who were told by one before.
        if one.is_escalated_since(told_at) {
            return Some(News::Reminder);
        }
        let (repeat, told_at) = (self.rule(record.severity)?.repeat?, known?.at);
        self.is_past(told_at, repeat).then_some(News::Reminder)
    }

    /// Whether somebody should have acknowledged it by now.
    fn is_late(&self, one: &Seen<'_>) -> bool {
        let record = one.alert.record;
        let muted = one.muted.map_or(TimeDelta::zero(), |muted| muted.between(record.fired_at, self.now));
        let within = self.rule(record.severity).and_then(|rule| rule.acknowledge_within);
        within.is_some_and(|within| self.is_past(record.fired_at + muted, within))
    }

    fn is_past(&self, since: DateTime<Utc>, span: Duration) -> bool {
        self.now - since >= TimeDelta::from_std(span).unwrap_or(TimeDelta::MAX)
    }

    fn rule(&self, severity: Severity) -> Option<&SeverityRule> {
        self.config.severities.iter().find(|rule| rule.severity == severity)
    }

    /// Whether news of a moment waits: for its digest, or for the end of quiet hours.
    fn waits(&self, severity: Severity, since: DateTime<Utc>) -> bool {
        let digest = self.rule(severity).and_then(|rule| rule.digest.as_ref());
        let digest = digest.and_then(|digest| digest.next(since, self.config.console.timezone));
        digest.is_some_and(|at| self.now < at)
            || self.quiet.is_some_and(|quiet| quiet.hold(severity, self.now).is_some())
    }

    /// Whether news of a moment did.
    fn was_held(&self, severity: Severity, since: DateTime<Utc>) -> bool {
        self.rule(severity).is_some_and(|rule| rule.digest.is_some())
            || self.quiet.is_some_and(|quiet| quiet.hold(severity, since).is_some())
    }
}

fn entry(one: &Seen<'_>, news: News, config: &Config) -> Entry {
    let record = one.alert.record;
    // Of what is over only what was muted then: otherwise its beginning was announced.
    let is_due = |at: DateTime<Utc>| match news {
        News::New | News::Worse | News::Unmuted => true,
        News::Resolved => record.resolved_at.is_some_and(|over| over <= at),
        News::Reminder | News::Due => false,
    };
    let then = || record.muted_because.as_ref().map(|why| (said_after(why), record.fired_at));
    let held = one.muted.and_then(MutedTime::last).or_else(then);
    let after = held.filter(|(_, at)| is_due(*at)).map(|(said, _)| said);
    // A value that was seen when it fired would tell of a recovery that nobody has seen.
    let over = one.alert.because.filter(|_| news == News::Resolved);
    // What is told some time after it fired is told as it is by then.
    let is_first = matches!(news, News::New | News::Worse) && after.is_none();
    let seen = one.alert.value.filter(|_| !is_first).unwrap_or(&record.value);
    Entry {
        id: record.id.clone(),
        alert: record.alert.clone(),
        called: match name_of_firing(config, &record.rule, &record.alert) {
            Cow::Owned(called) => Some(called),
            Cow::Borrowed(_) => None,
        },
        severity: record.severity,
        news,
        value: over.or(record.last.as_ref()).unwrap_or(seen).clone(),
        condition: record.condition.clone(),
        fired_at: record.fired_at,
        resolved_at: record.resolved_at,
        after,
        acknowledge: None,
    }
}
