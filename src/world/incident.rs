//! What is broken above all: the cause that a person should see first, what it takes down, and what else is wrong.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::World;
use super::acknowledging::Acknowledgers;
use super::alerts::{AlertSubject, AlertView, Phase, without_time};
use super::checks::CheckView;
use super::ids::{AlertId, CheckId, Id as _, ServiceId, numbered};
use super::reason::Reason;
use super::services::ServiceView;
use super::table::IdTable;
use crate::config::sections::action::{Action, EvidenceRef};
use crate::lang::order::InOrder;
use crate::model::alert::Severity;
use crate::model::since::Since;
use crate::model::status::{Status, beside_status};
use crate::model::thing::IncidentRecord;
use crate::text::name::Name;

/// The verbs that begin a service anew.
const AFRESH: [&str; 3] = ["restart", "start", "reload"];

/// What is broken: a service that is down by itself, or an alert that fires high and is not muted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cause<'a> {
    /// A service that no dependency explains.
    Service(&'a ServiceView),
    /// An alert.
    Alert(&'a AlertView),
}

/// The worst cause, with what follows from it.
#[derive(Debug, Clone)]
pub(crate) struct Incident<'a> {
    /// What is broken.
    pub cause: Cause<'a>,
    /// Since when.
    pub since: Option<Since>,
    /// Why, as far as anything says it; empty where nothing does.
    pub why: String,
    /// The services that are in trouble and wait for it, in the order of the list.
    pub takes_down: Vec<&'a ServiceView>,
    /// What else is broken by itself, the worst first.
    pub others: Vec<Cause<'a>>,
    /// Who is at all that fires of it.
    pub acknowledged: Option<Acknowledgers<'a>>,
    /// The service that it is about.
    pub service: Option<&'a ServiceView>,
    /// What is meant to be done about it, where the configuration says so and it has a key.
    pub action: Option<&'a Action>,
}

/// What the alerts that fire of a service ask of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Heard {
    /// Nothing: a silence, a window of maintenance or flapping mutes all of them.
    Hushed,
    /// None fires, or a dependency explains them.
    Nothing,
    /// At least one is not muted; the worst of these.
    Unmuted(Severity),
}

impl Heard {
    /// What is down is as bad as a high alert, whatever is configured for it.
    fn badness(self) -> Severity {
        match self {
            Self::Unmuted(severity) => severity.max(Severity::High),
            Self::Hushed | Self::Nothing => Severity::High,
        }
    }
}

impl Incident<'_> {
    /// Whether it is so bad that people work on it together, and no incident is open for it.
    pub(crate) fn asks_for_incident(&self, world: &World) -> bool {
        let is_critical = match self.cause {
            Cause::Service(service) => {
                let mut alerts = world.alerts_of(service);
                alerts.any(|alert| {
                    alert.phase == Phase::Firing && alert.severity == Severity::Critical && !alert.is_muted()
                })
            }
            Cause::Alert(alert) => alert.severity == Severity::Critical,
        };
        is_critical && !world.known_incidents().any(|record| record.is_open() && self.is_about(record))
    }

    /// Whether an incident is about this, or about what this takes down. Where it names no service it is about all.
    pub(crate) fn is_about(&self, record: &IncidentRecord) -> bool {
        let mut broken = self.service.into_iter().chain(self.takes_down.iter().copied());
        record.services.is_empty()
            || broken.any(|service| !service.own && record.services.contains(&service.name))
            || matches!(self.cause, Cause::Alert(alert) if record.is_from_alert(alert.subject.name()))
    }

    /// Whether something of it fires that nobody is at.
    pub(crate) fn can_be_acknowledged(&self, world: &World) -> bool {
        self.acknowledged.is_none()
            && match self.cause {
                Cause::Service(service) => {
                    let mut alerts = world.alerts_of(service);
                    alerts.any(|alert| alert.phase == Phase::Firing && alert.acknowledged.is_none())
                }
                Cause::Alert(_) => true,
            }
    }
}

/// What a cause does to a service that waits for it.
pub(crate) const fn suffered(status: Status) -> &'static str {
    if matches!(status, Status::Degraded) { "degrades" } else { "takes down" }
}

impl World {
    /// What is broken above all; `None` while nothing unmuted is down or fires high.
    pub(crate) fn incident(&self) -> Option<Incident<'_>> {
        let mut causes = self.causes();
        let cause = causes.next()?;
        let takes_down = if let Cause::Service(service) = cause { self.taken_down(service) } else { Vec::new() };
        // What is named as taken down and has a fault of its own too is one more: mending the cause does not mend it.
        let others: Vec<Cause<'_>> = causes.collect();
        Some(match cause {
            Cause::Service(service) => Incident {
                cause,
                since: self.standing_since(service),
                why: if self.is_stale(service) {
                    format!("no answer, was {}", service.status.word())
                } else {
                    self.why_down(service)
                },
                takes_down,
                others,
                acknowledged: self.acknowledged_service(service),
                service: Some(service),
                action: self.restart_of(service).or_else(|| {
                    // Of what belongs to no service a check that is well has nothing to do with one that is not.
                    let is_about = |check: &&CheckView| !service.own || check.status == service.status;
                    let checks = service.checks.iter().filter_map(|id| self.checks.get(*id));
                    checks
                        .filter(is_about)
                        .find_map(|check| self.action_about(service, &AlertSubject::Check(check.name.clone())))
                }),
            },
            Cause::Alert(alert) => {
                let service = self.service_of_alert(alert);
                let action =
                    service.and_then(|of| self.action_about(of, &alert.subject).or_else(|| self.restart_of(of)));
                let (since, acknowledged) = (alert.since, Acknowledgers::of(&alert.acknowledged));
                Incident { cause, since, why: String::new(), takes_down, others, acknowledged, service, action }
            }
        })
    }

    /// What is broken, by its title.
    pub(crate) fn title_of_cause<'a>(&'a self, cause: &Cause<'a>) -> &'a str {
        match cause {
            Cause::Service(service) => &service.title,
            Cause::Alert(alert) => self.title_of_subject(&alert.subject),
        }
    }

    /// Who is at a service: all that fires of it is acknowledged, but for what is muted, and of a check in trouble no alert is
    /// about to fire. Where a row of checks that have nothing to do with one another is in trouble, somebody must be at each of
    /// those that are in it, and what else fires is another matter.
    pub(crate) fn acknowledged_service(&self, service: &ServiceView) -> Option<Acknowledgers<'_>> {
        let is_of_many = service.own && service.checks.len() > 1 && service.status.is_trouble();
        let fires = |alert: &&AlertView| alert.phase == Phase::Firing;
        let is_about = |alert: &&AlertView| !is_of_many || self.row_in_trouble(alert).is_some();
        let mut firing = self.alerts_of(service).filter(|alert| fires(alert) && is_about(alert));
        let known = Acknowledgers::of(firing.clone().filter_map(|alert| alert.acknowledged.as_ref()))?;
        let is_whole = || {
            let told: BTreeSet<&str> = firing.clone().map(|alert| alert.subject.name()).collect();
            let checks = service.checks.iter().map(|id| &self.checks[*id]);
            checks.filter(|one| one.status == service.status).all(|check| told.contains(&*check.name))
        };
        let is_whole = !is_of_many || is_whole();
        // Who is at an older alert knows nothing yet of the trouble that has just begun.
        let is_coming = service.status.is_trouble() && self.alerts_of(service).any(|alert| self.is_coming(alert));
        (is_whole && !is_coming && firing.all(|alert| alert.acknowledged.is_some() || alert.is_muted()))
            .then_some(known)
    }

    /// Whether an alert of a check waits to fire, and will ask something of a person then.
    fn is_coming(&self, alert: &AlertView) -> bool {
        let is_of_check = matches!(alert.subject, AlertSubject::Check(_));
        alert.phase == Phase::Pending && is_of_check && !alert.is_muted() && self.row_in_trouble(alert).is_some()
    }

    /// Everything that is broken by itself and not muted, what nobody is at before what is acknowledged, the worst first: of
    /// causes that are equally bad what is down, then what fires high.
    fn causes(&self) -> impl Iterator<Item = Cause<'_>> {
        let heard = self.heard();
        let down = self.services.iter().take_while(|service| service.status == Status::Down);
        let is_asked = |service: &&ServiceView| {
            !service.is_explained()
                && !self.is_in_maintenance(service)
                && self.severity_in(&heard, service) != Heard::Hushed
        };
        let services =
            down.filter(is_asked).map(|service| (self.severity_in(&heard, service).badness(), Cause::Service(service)));
        let firing = self.alerts.iter().take_while(|alert| alert.phase == Phase::Firing);
        let is_cause = |alert: &&AlertView| {
            alert.severity >= Severity::High
                && !alert.is_muted()
                && self.row_in_trouble(alert).is_none_or(|service| service.status != Status::Down)
        };
        let alerts = firing.filter(is_cause).map(|alert| (alert.severity, Cause::Alert(alert)));
        // Where a thousand services are down, few of them have anybody: all others are not gone through for it.
        let acknowledged = self.alerts.iter().filter(|alert| alert.acknowledged.is_some());
        let attended: BTreeSet<ServiceId> = acknowledged.filter_map(|alert| alert.row).collect();
        let is_acknowledged = |cause: &Cause<'_>| match cause {
            Cause::Service(service) => {
                let row = self.membership.services.get(&service.name);
                row.is_some_and(|row| attended.contains(row)) && self.acknowledged_service(service).is_some()
            }
            Cause::Alert(alert) => alert.acknowledged.is_some(),
        };
        let ranked = |(severity, cause)| ((is_acknowledged(&cause), Reverse(severity)), cause);
        let mut causes: Vec<((bool, Reverse<Severity>), Cause<'_>)> = services.chain(alerts).map(ranked).collect();
        causes.order_by_key(|(rank, _)| *rank);
        causes.into_iter().map(|(_, cause)| cause)
    }

    /// Every service, the worst first: as they are ranked, but of those that are down first the one whose alert is worst.
    pub(crate) fn services_worst_first(&self) -> Vec<&ServiceView> {
        let mut services: Vec<&ServiceView> = self.services.iter().collect();
        let down = services.iter().take_while(|service| service.status == Status::Down).count();
        if down > 1 {
            let heard = self.heard();
            let badness = |service: &ServiceView| Reverse(self.severity_in(&heard, service).badness());
            services[..down].sort_by_cached_key(|service| badness(service));
        }
        services
    }

    /// What the alerts that fire ask of a person, by the rows of services that they belong to; `None` where none fires.
    fn heard(&self) -> IdTable<ServiceId, Option<Heard>> {
        let mut heard: IdTable<ServiceId, Option<Heard>> = self.membership.rows.iter().map(|_| None).collect();
        for alert in self.alerts.unordered().filter(|alert| alert.phase == Phase::Firing) {
            let Some(row) = alert.row else { continue };
            let its = if !alert.is_muted() {
                Heard::Unmuted(alert.severity)
            } else if alert.is_hushed() {
                Heard::Hushed
            } else {
                Heard::Nothing
            };
            // What is `None` is less than all that is heard.
            heard[row] = heard[row].max(Some(its));
        }
        for (row, its) in numbered(heard.iter_mut()).filter(|(_, its)| **its == Some(Heard::Hushed)) {
            if self.service_at(row).is_some_and(|service| !self.is_spoken_for(service)) {
                *its = Some(Heard::Nothing);
            }
        }
        heard
    }

    /// Whether the alerts that fire of a row speak for all that is down in it. Of a service they do; what belongs to no service
    /// has nothing to do with what else belongs to none, and there an alert must fire of each check that is down.
    fn is_spoken_for(&self, service: &ServiceView) -> bool {
        if !service.own {
            return true;
        }
        let fires = |check: CheckId| {
            let mut alerts = self.machines.of_check.get(check).cloned().into_iter().flatten();
            alerts.any(|at| self.alerts.get(AlertId::new(at)).is_some_and(|alert| alert.phase == Phase::Firing))
        };
        let mut down = service.checks.iter().filter(|id| self.checks[**id].status == Status::Down);
        down.all(|id| fires(*id))
    }

    fn severity_in(&self, heard: &IdTable<ServiceId, Option<Heard>>, service: &ServiceView) -> Heard {
        let row = self.membership.services.get(&service.name);
        row.and_then(|row| *heard.get(*row)?).unwrap_or(Heard::Nothing)
    }

    /// Whether a silence mutes all that fires of a service.
    pub(crate) fn is_silenced(&self, service: &ServiceView) -> bool {
        let mut firing = self.alerts_of(service).filter(|alert| alert.phase == Phase::Firing).peekable();
        let is_silenced = firing.peek().is_some() && firing.all(AlertView::is_silenced);
        is_silenced && self.is_spoken_for(service)
    }

    /// Whether a window of maintenance runs for a service.
    pub(crate) fn is_in_maintenance(&self, service: &ServiceView) -> bool {
        self.maintenance_of(service.configured().map(|name| &**name)).is_some()
    }

    /// In a few words what is broken, for a terminal's title.
    pub(crate) fn headline(&self) -> Option<String> {
        Some(match self.causes().next()? {
            Cause::Service(service) => {
                format!("{} {}", service.title, service.status.word_of(self.is_stale(service)))
            }
            // Without the figure: a title that changes with every reading is noise.
            Cause::Alert(alert) => {
                format!("{} {}", self.title_of_subject(&alert.subject), without_time(&alert.condition))
            }
        })
    }

    /// Whether what a service is said to be rests on an answer that is too old.
    pub(crate) fn is_stale(&self, service: &ServiceView) -> bool {
        service.leading.and_then(|id| self.checks.get(id)).map_or(service.stale, |check| check.stale)
    }

    /// Since when a service stands as it is shown: where it is stale since its last answer.
    pub(crate) fn standing_since(&self, service: &ServiceView) -> Option<Since> {
        if !self.is_stale(service) {
            return service.since;
        }
        let leading = service.leading.and_then(|id| self.checks.get(id))?;
        leading.last.as_ref().map(|reading| Since::seen(reading.timing.ended))
    }

    /// Why a service is not well, where there is anything to say.
    pub(crate) fn own_words(&self, service: &ServiceView) -> Option<String> {
        Some(self.why_down(service)).filter(|why| !why.is_empty())
    }

    /// Why a service is not well: its own fault, else what its leading check says.
    fn why_down(&self, service: &ServiceView) -> String {
        if let Some(own) = &service.own_reason {
            return own.to_string();
        }
        let leading = service.leading.and_then(|id| self.checks.get(id));
        let why = match leading.map(|check| self.reason(check)) {
            Some(Reason::Error(error)) => beside_status(error.as_str()).to_owned(),
            Some(reason) => reason.to_string(),
            None => String::new(),
        };
        match self.spoken_of(service) {
            Some((check, also)) if why.is_empty() => format!("{check}{also}"),
            Some((check, also)) => format!("{check}: {why}{also}"),
            None => why,
        }
    }

    /// The services in trouble that wait for this one, at whatever remove; not those that were so before it, nor those that
    /// another one took down. Of what is unknown nobody can say that it is down.
    fn taken_down<'a>(&'a self, cause: &ServiceView) -> Vec<&'a ServiceView> {
        let Some(row) = self.membership.services.get(&cause.name) else { return Vec::new() };
        let waiting = self.membership.rows[*row].dependents.iter().filter_map(|id| self.service_at(*id));
        let is_known = |service: &&ServiceView| service.status != Status::Unknown;
        let mut waiting: Vec<&ServiceView> =
            waiting.filter(is_known).filter(|service| self.is_down_by(service, &cause.name)).collect();
        // Those that it explains are named first; the others have a fault of their own too.
        waiting.order_by_key(|service| !service.is_explained());
        waiting
    }

    /// Whether the trouble of a service goes back to `cause`, from each to the dependency that it is by.
    fn is_down_by(&self, service: &ServiceView, cause: &Name) -> bool {
        let by = std::iter::successors(service.by(), |by| self.service(by)?.by());
        by.take(self.services.len()).any(|by| by == cause)
    }

    /// The actions of a service that have a key, in the order of the configuration; of what belongs to no service those that
    /// belong to none.
    fn actions_of<'a>(&'a self, service: &'a ServiceView) -> impl Iterator<Item = &'a Action> {
        let actions = service.actions.iter().filter_map(|id| self.config.actions.get(id.place()));
        let of = service.configured();
        actions.filter(move |action| action.key.is_some() && action.service.as_ref() == of)
    }

    /// The first that begins a service anew: what is done where nothing else is known.
    fn restart_of<'a>(&'a self, service: &'a ServiceView) -> Option<&'a Action> {
        // What belongs to no service may restart anything.
        self.actions_of(service).find(|action| !service.own && AFRESH.contains(&&*action.verb))
    }

    /// The first that is configured for a check or metric: it looks at it before, or is judged by it after.
    fn action_about<'a>(&'a self, service: &'a ServiceView, subject: &AlertSubject) -> Option<&'a Action> {
        self.actions_of(service).find(|action| {
            let looks = action.evidence.iter().any(|evidence| match (evidence, subject) {
                (EvidenceRef::Check(name), AlertSubject::Check(of))
                | (EvidenceRef::Metric(name), AlertSubject::Metric(of)) => name == of,
                _ => false,
            });
            let judged = |of: &Name| action.verify.as_ref().is_some_and(|verify| verify.checks.contains(of));
            looks || matches!(subject, AlertSubject::Check(of) if judged(of))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::config::load::load_text;
    use crate::model::document::Timing;
    use crate::model::fact::{AlertAcknowledged, Statement};
    use crate::model::observation::Observation;
    use crate::model::reading::{Reading, Sign};
    use crate::world::driver::WorldDriver;

    const CONFIG: &str = "[console]\nname = \"shop\"\n[defaults]\nevery = \"5m\"\nfail_after = 1\n\
        [service.api]\n[service.db]\n\
        [check.front]\nservice = \"api\"\ntcp = \"127.0.0.1:1\"\nalert = { critical = \"down\" }\n\
        [check.api]\nservice = \"api\"\ntcp = \"127.0.0.1:2\"\nalert = { critical = \"down for 5s\" }\n\
        [check.db]\nservice = \"db\"\ntcp = \"127.0.0.1:3\"\nalert = { critical = \"down\" }\n";

    fn driver() -> WorldDriver {
        let loaded = load_text(std::path::Path::new("/srv/opsroom.toml"), CONFIG);
        let config = loaded.config.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
        let mut driver = WorldDriver::new(Arc::new(config), "2026-11-21T02:00:00Z".parse().unwrap());
        for check in ["front", "api", "db"] {
            read(&mut driver, check, Sign::Good);
        }
        driver
    }

    fn read(driver: &mut WorldDriver, check: &str, sign: Sign) {
        let now = driver.world().now;
        let timing = Timing { scheduled: now, sent: now, ended: now };
        driver.observe(Observation::Reading(Box::new(Reading::plain(check.into(), timing, sign))));
        driver.close();
    }

    fn acknowledge(driver: &mut WorldDriver, check: &str) {
        let world = driver.world();
        let (record, _) = world.firing_on_record(&format!("check:{check}/critical/0")).unwrap();
        let (id, alert, severity) = (record.id.clone(), record.alert.clone(), record.severity);
        let until = world.now.utc + chrono::TimeDelta::hours(1);
        let said = AlertAcknowledged {
            id,
            alert,
            severity,
            why: "x".into(),
            until,
            link: None,
            together: false,
            taken_by: None,
        };
        driver.say("ana", Statement::AlertAcknowledged(said));
    }

    fn at_api(driver: &WorldDriver) -> Option<String> {
        let world = driver.world();
        world.acknowledged_service(world.service("api").unwrap()).map(|known| known.to_string())
    }

    #[test]
    fn who_is_at_an_older_alert_is_not_at_trouble_that_has_just_begun() {
        let mut driver = driver();
        read(&mut driver, "front", Sign::Bad);
        acknowledge(&mut driver, "front");
        let known = Some("ana".to_owned());
        assert_eq!(at_api(&driver), known);
        read(&mut driver, "api", Sign::Bad);
        assert_eq!(at_api(&driver), None, "it waits to fire");
        driver.advance(std::time::Duration::from_secs(6));
        driver.close();
        assert_eq!(at_api(&driver), None, "it fires");
        acknowledge(&mut driver, "api");
        assert_eq!(at_api(&driver), known);
    }

    #[test]
    fn what_nobody_is_at_leads_before_what_is_acknowledged() {
        let mut driver = driver();
        read(&mut driver, "front", Sign::Bad);
        read(&mut driver, "db", Sign::Bad);
        let titles = |driver: &WorldDriver| -> Vec<String> {
            let (world, incident) = (driver.world(), driver.world().incident().unwrap());
            let causes = std::iter::once(&incident.cause).chain(&incident.others);
            causes.map(|cause| world.title_of_cause(cause).to_owned()).collect()
        };
        let before = titles(&driver);
        let (first, other) = if before[0] == "api" { ("front", "db") } else { ("db", "front") };
        acknowledge(&mut driver, first);
        assert_eq!(titles(&driver), [before[1].clone(), before[0].clone()]);
        acknowledge(&mut driver, other);
        assert_eq!(titles(&driver), before, "somebody is at both");
    }
}
