//! What a wall shows to a room: what is broken above all and the incident that people work on, what is not well with the
//! worst first, how many are well, and how old the newest answer is.

use std::fmt::Write as _;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::World;
use super::acknowledging::Acknowledgers;
use super::alerts::{AlertView, Phase};
use super::incident::{Cause, Incident, suffered};
use super::services::ServiceView;
use crate::lang::order::InOrder;
use crate::lang::time::Stamp;
use crate::model::alert::Severity;
use crate::model::since::Since;
use crate::model::status::Status;
use crate::model::thing::IncidentRecord;

/// After so many intervals without any answer, what is known is no news of now.
const STALE_INTERVALS: u32 = 3;
/// Answers are never called old before this: a check of every second may be late.
const LEAST_STALE: Duration = Duration::from_secs(5);

/// What a cause does to those that wait for it, each verb once.
fn consequences(services: &[&ServiceView]) -> String {
    let (mut words, mut said) = (String::new(), "");
    for service in services {
        let (gap, verb) = (if words.is_empty() { "" } else { ", " }, suffered(service.status));
        let verb = if std::mem::replace(&mut said, verb) == verb { String::new() } else { format!("{verb} ") };
        let _ = write!(words, "{gap}{verb}{}", service.title);
    }
    words
}

/// What a room works on: the worst that is broken, with the incident that was opened for it.
#[derive(Debug, Clone)]
pub(crate) struct WallIncident<'a> {
    /// What is broken; the title of the incident where nothing of it is any more.
    pub title: &'a str,
    /// How bad.
    pub severity: Severity,
    /// Since when it is broken; of an incident that is nothing but open, since when that is so.
    pub since: Option<Since>,
    /// Why, as far as anything says it.
    pub why: String,
    /// In words what it does to what waits for it: `takes down API, degrades Shop`.
    pub takes_down: String,
    /// Whether anything of it is broken now.
    pub is_broken: bool,
    /// The incident that people work on; `None`: none was opened for it.
    pub record: Option<&'a IncidentRecord>,
    /// Who is at all that fires of it.
    pub acknowledged: Option<Acknowledgers<'a>>,
    /// The titles of what else is broken by itself.
    pub others: Vec<&'a str>,
    /// Open incidents beside its own.
    pub more_open: usize,
}

impl WallIncident<'_> {
    /// How long it lasts: an incident since it was opened, which is what people are measured by; anything else since it broke.
    pub(crate) fn lasts(&self, now: Stamp) -> Option<Duration> {
        match self.record {
            Some(record) => Some((now.utc - record.opened_at).to_std().unwrap_or_default()),
            None => self.since.map(|since| now.since(since.at)),
        }
    }
}

/// Something that is not well.
#[derive(Debug, Clone, Copy)]
pub(crate) enum WallTrouble<'a> {
    /// A service.
    Service(&'a ServiceView),
    /// An alert that fires of something whose service is well, or that no row of services speaks for.
    Alert(&'a AlertView),
}

/// How fresh what is known is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Freshness {
    /// How long ago the newest answer came, however bad; where there was none, how long it is awaited.
    pub age: Duration,
    /// By the wall clock when it came; `None`: none has come.
    pub last: Option<DateTime<Utc>>,
    /// Whether that is too long ago to show what is known as what is.
    pub is_stale: bool,
}

impl World {
    /// What the room works on. `None` while nothing unmuted is down or fires high and no incident is open.
    pub(crate) fn wall_incident(&self) -> Option<WallIncident<'_>> {
        let open = self.open_incidents();
        let (worst, cause) = (open.first().copied(), self.incident());
        let Some(cause) = cause else { return worst.map(|record| self.wall_record(record, Vec::new(), open.len())) };
        let its = open.iter().copied().find(|record| cause.is_about(record));
        let shown = self.wall_cause(cause, its, open.len());
        Some(match worst {
            // What people work on may be worse than what is broken beside it.
            Some(worst) if its.is_none() && worst.severity > shown.severity => {
                let others = std::iter::once(shown.title).chain(shown.others).collect();
                self.wall_record(worst, others, open.len())
            }
            _ => shown,
        })
    }

    fn wall_cause<'a>(
        &'a self,
        cause: Incident<'a>,
        record: Option<&'a IncidentRecord>,
        open: usize,
    ) -> WallIncident<'a> {
        let title = self.title_of_cause(&cause.cause);
        let severity = match cause.cause {
            Cause::Service(_) => Severity::Critical,
            Cause::Alert(alert) => alert.severity,
        };
        let why = match cause.cause {
            Cause::Service(_) => cause.why,
            Cause::Alert(alert) => format!("{} {}", alert.value, alert.condition).trim().to_owned(),
        };
        WallIncident {
            title,
            severity: record.map_or(severity, |record| record.severity),
            since: cause.since,
            why,
            takes_down: consequences(&cause.takes_down),
            is_broken: true,
            record,
            acknowledged: cause.acknowledged,
            others: cause.others.iter().map(|cause| self.title_of_cause(cause)).collect(),
            more_open: open - usize::from(record.is_some()),
        }
    }

    /// An incident of which nothing is broken, or not any more.
    fn wall_record<'a>(&'a self, record: &'a IncidentRecord, others: Vec<&'a str>, open: usize) -> WallIncident<'a> {
        let services: Vec<&str> = record.services.iter().map(|name| self.title_of_service(name)).collect();
        let of = if services.is_empty() { "it".to_owned() } else { services.join(", ") };
        WallIncident {
            title: record.title.as_str(),
            severity: record.severity,
            since: Some(Since::seen(self.now.stored(record.opened_at))),
            why: format!("{}; nothing of {of} is down or fires high now", record.state.word()),
            takes_down: String::new(),
            is_broken: false,
            record: Some(record),
            acknowledged: None,
            others,
            more_open: open - 1,
        }
    }

    /// All that is not well, the worst first.
    pub(crate) fn wall_troubles(&self) -> Vec<WallTrouble<'_>> {
        let services = self.services_worst_first().into_iter().filter(|service| !service.is_healthy());
        let mut rows: Vec<(u8, WallTrouble<'_>)> =
            services.map(|service| (self.badness_of(service), WallTrouble::Service(service))).collect();
        let alerts = self.alerts.iter().filter(|alert| {
            alert.phase == Phase::Firing
                && !alert.is_muted()
                && self.row_in_trouble(alert).is_none_or(ServiceView::is_healthy)
        });
        rows.extend(alerts.map(|alert| (badness_of_alert(alert.severity), WallTrouble::Alert(alert))));
        // Among equals the order of the overview stays.
        rows.order_by_key(|(badness, _)| *badness);
        rows.into_iter().map(|(_, row)| row).collect()
    }

    /// How many services are well, and how many there are.
    pub(crate) fn wall_counts(&self) -> (usize, usize) {
        let healthy = self.services.iter().filter(|service| service.is_healthy()).count();
        (healthy, self.services.iter().count())
    }

    /// How old the newest answer is. `None` where nothing is asked. That something could not be measured is an answer too: it
    /// was asked, and of one thing that fails nothing else is old.
    pub(crate) fn freshness(&self) -> Option<Freshness> {
        let every = self.checks.iter().map(|check| check.every).chain(self.metrics.iter().map(|metric| metric.every));
        let every = every.min()?;
        let checks = self.checks.iter().filter_map(|check| check.last.as_ref()).map(|reading| reading.timing.ended);
        let metrics = self.metrics.iter().filter_map(|metric| metric.last.as_ref()).map(|sample| sample.at);
        let last = checks.chain(metrics).max_by_key(|at| at.mono);
        let age = self.age_by_both_clocks(last.unwrap_or(self.started));
        let is_stale = age > (every * STALE_INTERVALS).max(LEAST_STALE);
        Some(Freshness { age, last: last.map(|at| at.utc), is_stale })
    }

    /// A machine that slept has stopped the one clock, and one that is set back turns the other.
    fn age_by_both_clocks(&self, at: Stamp) -> Duration {
        let by_wall = (self.now.utc - at.utc).to_std().unwrap_or_default();
        self.now.since(at).max(by_wall)
    }

    fn badness_of(&self, service: &ServiceView) -> u8 {
        let muted = if self.is_in_maintenance(service) || self.is_silenced(service) { MUTED } else { 0 };
        muted
            + match service.status {
                _ if self.is_stale(service) => 3,
                Status::Down if service.is_explained() => 1,
                Status::Down => 0,
                Status::Degraded => 2,
                Status::Ok | Status::Unknown => 3,
                Status::Pending | Status::Cold => 4,
            }
    }
}

/// What is muted comes after all that is not.
const MUTED: u8 = 8;

const fn badness_of_alert(severity: Severity) -> u8 {
    match severity {
        Severity::Critical => 0,
        Severity::High => 1,
        Severity::Medium => 2,
        Severity::Low => 3,
    }
}
