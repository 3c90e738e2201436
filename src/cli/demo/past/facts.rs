//! What is on record of the weeks before the demo's start: releases, outages with their alerts and who acknowledged them,
//! and what still holds at the start.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::incident;
use super::outages::{OLD_RELEASES, OUTAGES, Outage};
use super::readings::disk;
use crate::cli::demo::world::{DEPLOYMENTS, SERVICES};
use crate::lang::order::InOrder;
use crate::model::alert::Severity;
use crate::model::fact::alerting::{instance_id, silence_id};
use crate::model::fact::{
    AlertAcknowledged, AlertFired, AlertResolved, CheckStatus, Deployed, SilenceStarted, Statement,
};
use crate::model::status::Status;
use crate::text::SafeText;
use crate::text::name::Name;

/// Who says what nobody did.
pub(super) const WATCHER: &str = "watch";
/// How long before the start each check was looked at first.
const KNOWN_FOR: TimeDelta = TimeDelta::days(35);
/// How long the conditions of the demo must hold.
const HOLDS: TimeDelta = TimeDelta::seconds(5);
/// How long before the start the disk was as full as its alert allows.
const DISK_FULL: TimeDelta = TimeDelta::hours(29);
/// How long before the start that was acknowledged, and for how long after it that holds.
const DISK_ACKNOWLEDGED: TimeDelta = TimeDelta::minutes(190);
const DISK_HELD: TimeDelta = TimeDelta::minutes(290);
/// How long before the start alerts of the worker were silenced, and for how long after it.
const SILENCED: TimeDelta = TimeDelta::minutes(57);
const SILENCED_FOR: TimeDelta = TimeDelta::minutes(3);
/// A slow moment that was over shortly before the start: how long before that it began, and ended.
const SLOW: (TimeDelta, TimeDelta) = (TimeDelta::seconds(850), TimeDelta::seconds(660));

/// One thing that is on record.
#[derive(Debug, Clone)]
pub(in crate::cli::demo) struct PastFact {
    /// When it was so.
    pub at: DateTime<Utc>,
    /// Who did it, or said it.
    pub who: &'static str,
    /// What.
    pub said: Statement,
}

/// All that is on record of a demo that starts at `start`, oldest first. `fence`: of the lease of who says what nobody did.
pub(in crate::cli::demo) fn facts(start: DateTime<Utc>, fence: u64) -> Vec<PastFact> {
    let mut told: Vec<PastFact> = Vec::new();
    told.extend(OLD_RELEASES.iter().map(|release| PastFact {
        at: start - release.before,
        who: release.by,
        said: deployed("web", release.version, release.subject),
    }));
    told.extend(DEPLOYMENTS.iter().map(|deployment| PastFact {
        at: start - deployment.before,
        who: deployment.by,
        said: deployed(deployment.service, deployment.release.version, deployment.release.subject),
    }));
    told.extend(SERVICES.iter().map(|service| first_look(service, start - KNOWN_FOR, fence)));
    for outage in &OUTAGES {
        told.extend(of_outage(outage, start, fence));
    }
    let [.., worked_on, _] = &OUTAGES;
    told.extend(incident::of_outage(worked_on, start - worked_on.before));
    told.extend(of_disk(start, fence));
    told.extend(of_slow_moment(start, fence));
    let silenced = SilenceStarted {
        id: silence_id(start - SILENCED),
        matching: "service:worker".to_owned(),
        why: SafeText::new("the search index is rebuilt, its queue is long"),
        until: start + SILENCED_FOR,
        hold: false,
    };
    told.push(PastFact { at: start - SILENCED, who: "ben", said: Statement::SilenceStarted(silenced) });
    told.order_by_key(|fact| fact.at);
    told
}

fn deployed(service: &str, version: &str, subject: &str) -> Statement {
    let (version, subject) = (SafeText::new(version), Some(SafeText::new(subject)));
    Statement::Deployed(Deployed { service: Name::from(service), version, subject })
}

/// A firing of one of the demo's conditions.
struct PastFiring {
    rule: String,
    severity: Severity,
    alert: &'static str,
    service: Option<&'static str>,
    condition: &'static str,
    value: String,
    since: DateTime<Utc>,
    fired_at: DateTime<Utc>,
    fence: u64,
}

impl PastFiring {
    fn id(&self) -> Name {
        instance_id(&self.rule, self.fired_at)
    }

    fn fired(&self) -> PastFact {
        let fired = AlertFired {
            id: self.id(),
            alert: self.alert.into(),
            rule: self.rule.as_str().into(),
            severity: self.severity,
            service: self.service.map(Name::from),
            condition: self.condition.to_owned(),
            value: SafeText::new(&self.value),
            since: self.since,
            fired_at: self.fired_at,
            seen: true,
            muted_because: None,
            fence: self.fence,
        };
        PastFact { at: self.fired_at, who: WATCHER, said: Statement::AlertFired(fired) }
    }

    fn resolved(&self, at: DateTime<Utc>) -> PastFact {
        let (id, alert) = (self.id(), self.alert.into());
        let resolved =
            AlertResolved { id, alert, severity: self.severity, at, because: None, value: None, fence: self.fence };
        PastFact { at, who: WATCHER, said: Statement::AlertResolved(resolved) }
    }

    fn acknowledged(&self, at: DateTime<Utc>, who: &'static str, why: &str, until: DateTime<Utc>) -> PastFact {
        let (id, alert, why) = (self.id(), self.alert.into(), SafeText::new(why));
        let said = AlertAcknowledged {
            id,
            alert,
            severity: self.severity,
            why,
            until,
            link: None,
            together: false,
            taken_by: None,
        };
        PastFact { at, who, said: Statement::AlertAcknowledged(said) }
    }
}

/// The first word of a check: it is well.
fn first_look(service: &str, at: DateTime<Utc>, fence: u64) -> PastFact {
    let said = CheckStatus {
        check: service.into(),
        service: Some(service.into()),
        status: Status::Ok,
        before: None,
        since: at,
        seen: false,
        reason: None,
        by: None,
        fence,
    };
    PastFact { at, who: WATCHER, said: Statement::CheckStatus(said) }
}

/// From the moment at which its check was shown so to the one at which all was well again.
fn of_outage(outage: &Outage, start: DateTime<Utc>, fence: u64) -> Vec<PastFact> {
    let began = start - outage.before;
    let over = began + outage.lasted;
    let (condition, nth) = outage.condition;
    let severity = if outage.status == Status::Down { Severity::Critical } else { Severity::Medium };
    let firing = PastFiring {
        rule: format!("check:{}/{}/{nth}", outage.service, severity.word()),
        severity,
        alert: outage.service,
        service: Some(outage.service),
        condition,
        value: format!("{} {}", outage.status.word(), outage.reason),
        since: began,
        fired_at: began + HOLDS,
        fence,
    };
    let status = |status, before, since, reason: Option<&str>| PastFact {
        at: since,
        who: WATCHER,
        said: Statement::CheckStatus(CheckStatus {
            check: outage.service.into(),
            service: Some(outage.service.into()),
            status,
            before: Some(before),
            since,
            seen: true,
            reason: reason.map(SafeText::new),
            by: None,
            fence,
        }),
    };
    let (who, why) = outage.acknowledged;
    let after = Duration::from_secs(35 + outage.lasted.as_secs() % 50);
    let answered = firing.fired_at + after;
    vec![
        status(outage.status, Status::Ok, began, Some(outage.reason)),
        firing.fired(),
        firing.acknowledged(answered, who, why, answered + TimeDelta::minutes(30)),
        status(Status::Ok, outage.status, over, None),
        firing.resolved(over),
    ]
}

/// The disk is full, and somebody is at it.
fn of_disk(start: DateTime<Utc>, fence: u64) -> [PastFact; 2] {
    let fired_at = start - DISK_FULL;
    let firing = PastFiring {
        rule: "metric:disk/medium/0".to_owned(),
        severity: Severity::Medium,
        alert: "disk",
        service: None,
        condition: "> 85% until < 75%",
        value: format!("{:.1} %", disk(start, fired_at)),
        since: fired_at,
        fired_at,
        fence,
    };
    let (at, until) = (start - DISK_ACKNOWLEDGED, start + DISK_HELD);
    [firing.fired(), firing.acknowledged(at, "ana", "old images go on Monday, there is room until then", until)]
}

/// The api was slow for a while.
fn of_slow_moment(start: DateTime<Utc>, fence: u64) -> [PastFact; 2] {
    let since = start - SLOW.0;
    let firing = PastFiring {
        rule: "metric:response-time/medium/0".to_owned(),
        severity: Severity::Medium,
        alert: "response-time",
        service: Some("api"),
        condition: "> 150ms for 5s",
        value: "212 ms".to_owned(),
        since,
        fired_at: since + HOLDS,
        fence,
    };
    [firing.fired(), firing.resolved(start - SLOW.1)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::demo::simulate;

    fn start() -> DateTime<Utc> {
        "2026-11-21T02:40:00Z".parse().unwrap()
    }

    #[test]
    fn every_alert_is_one_of_the_demos_configuration() {
        let config = simulate::configuration().unwrap();
        let rules = |name: &str| {
            let checks = config.checks.iter().filter(|check| *check.name == *name).flat_map(|check| &check.alerts);
            let metrics =
                config.metrics.iter().filter(|metric| *metric.name == *name).flat_map(|metric| &metric.alerts);
            checks
                .chain(metrics)
                .enumerate()
                .map(|(nth, (severity, condition))| {
                    (format!("/{}/{nth}", severity.word()), condition.written.to_string())
                })
                .collect::<Vec<_>>()
        };
        let mut alerts = 0;
        for fact in facts(start(), 1) {
            let Statement::AlertFired(fired) = &fact.said else { continue };
            let known = rules(&fired.alert);
            let is_known = known.iter().any(|(end, written)| fired.rule.ends_with(end) && *written == fired.condition);
            assert!(is_known, "{fired:?} is none of {known:?}");
            alerts += 1;
        }
        assert_eq!(alerts, 8);
    }

    #[test]
    fn the_disk_is_as_full_as_its_alert_says() {
        let full = disk(start(), start() - DISK_FULL);
        assert!(full > 85.0 && disk(start(), start() - DISK_FULL - TimeDelta::hours(1)) < 85.05, "{full}");
    }
}
