//! The status page: what the public may see of services, as HTML, as an Atom feed and as JSON.
//!
//! *Invariant:* only services that `[statuspage]` names are on it, by their titles: no check, host, error, reason or person.

mod days;
mod feed;
mod html;
mod incidents;
mod past;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;

use self::days::{PublicDay, days_of};
use self::incidents::{PublicIncident, incidents_of};
pub(crate) use self::past::PublicPast;
use crate::config::Config;
use crate::config::sections::statuspage::StatusPage;
use crate::lang::time::rfc3339;
use crate::model::maintenance::{MaintenanceWindow, ServiceChoice};
use crate::model::status::Status;
use crate::model::thing::IncidentRecord;
use crate::text::SafeText;
use crate::text::name::Name;
use crate::text::redact::Redactor;
use crate::world::World;
use crate::world::maintenance::MaintenancePlan;
use crate::world::services::ServiceView;

/// Days that are shown, today included.
const DAYS: u32 = 90;

/// How a service is, for the public.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PublicStatus {
    /// It works.
    Operational,
    /// Nothing recent is known.
    Unknown,
    /// A window of planned maintenance runs.
    Maintenance,
    /// It works in part, or slowly.
    Degraded,
    /// It does not work.
    Outage,
}

impl PublicStatus {
    /// The word.
    const fn word(self) -> &'static str {
        match self {
            Self::Operational => "Operational",
            Self::Unknown => "Unknown",
            Self::Maintenance => "Under maintenance",
            Self::Degraded => "Degraded",
            Self::Outage => "Outage",
        }
    }

    /// The sign beside the word.
    const fn glyph(self) -> &'static str {
        match self {
            Self::Operational => "✓",
            Self::Unknown => "?",
            Self::Maintenance => "☼",
            Self::Degraded => "▲",
            Self::Outage => "✗",
        }
    }

    /// The name of its style.
    const fn class(self) -> &'static str {
        match self {
            Self::Operational => "ok",
            Self::Unknown => "unknown",
            Self::Maintenance => "maintenance",
            Self::Degraded => "degraded",
            Self::Outage => "outage",
        }
    }
}

/// A public service at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PublicState {
    /// How it is, whether or not it is under maintenance.
    pub status: PublicStatus,
    /// Since when, where that was seen or is on record.
    pub since: Option<DateTime<Utc>>,
}

impl PublicState {
    /// Of a service of which nothing is known.
    pub(crate) const UNKNOWN: Self = Self { status: PublicStatus::Unknown, since: None };

    /// By the settled status of a check; `None`: it has not settled.
    pub(crate) fn settled(status: Status, since: Option<DateTime<Utc>>) -> Option<Self> {
        let status = match status {
            Status::Ok | Status::Cold => PublicStatus::Operational,
            Status::Degraded => PublicStatus::Degraded,
            Status::Down => PublicStatus::Outage,
            Status::Unknown => return Some(Self::UNKNOWN),
            Status::Pending => return None,
        };
        Some(Self { status, since })
    }

    fn of_service(service: &ServiceView, before: Option<Self>) -> Self {
        if service.stale {
            return Self::UNKNOWN;
        }
        let since = service.since.and_then(crate::model::since::Since::known).map(|at| at.utc);
        // What has not settled is what it was: the public hears of no first failure and of no first recovery.
        Self::settled(service.status, since).or(before).unwrap_or(Self::UNKNOWN)
    }
}

/// What is known at one moment of what the public may see.
#[derive(Debug, Clone)]
pub(crate) struct PublicNow {
    /// The moment.
    pub at: DateTime<Utc>,
    /// The configuration, which has a status page.
    pub config: Arc<Config>,
    /// The windows of maintenance.
    pub plan: Arc<MaintenancePlan>,
    /// The services of the page, in its order.
    pub services: Vec<PublicState>,
    /// The incidents that are known.
    pub incidents: Vec<IncidentRecord>,
}

impl PublicNow {
    /// As the world says; `before`: what was known last. `None`: the configuration has no status page.
    pub(crate) fn new(world: &World, before: Option<&Self>) -> Option<Self> {
        let page = world.config.statuspage.as_ref()?;
        let before_of = |name: &Name| {
            let before = before?;
            let place = before.page()?.services.iter().position(|known| known == name)?;
            before.services.get(place).copied()
        };
        let state = |name: &Name| {
            let service = world.service(name);
            service.map_or(PublicState::UNKNOWN, |service| PublicState::of_service(service, before_of(name)))
        };
        Some(Self {
            at: world.now.utc,
            config: Arc::clone(&world.config),
            plan: world.maintenance_plan(),
            services: page.services.iter().map(state).collect(),
            incidents: world
                .known_incidents()
                .filter(|record| incidents::is_public(record, page, world.now.utc))
                .cloned()
                .collect(),
        })
    }

    /// The section of the configuration.
    pub(crate) fn page(&self) -> Option<&StatusPage> {
        self.config.statuspage.as_ref()
    }

    /// Whether the public would see the same, but for the time and the past.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let running = |now: &Self| now.plan.running(now.at).into_iter().map(|one| (one.id, one.window.end));
        self.services == other.services
            && self.incidents == other.incidents
            && Arc::ptr_eq(&self.config, &other.config)
            && running(self).eq(running(other))
    }

    /// The checks of a service.
    pub(crate) fn checks_of(&self, service: &Name) -> impl Iterator<Item = &Name> {
        let of_service = move |name: &Option<Name>| name.as_ref() == Some(service);
        self.config.checks.iter().filter(move |check| of_service(&check.service)).map(|check| &check.name)
    }
}

/// The page: what `status.json` holds. The fields and their names are a promise; some may be added.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct PublicPage {
    title: SafeText,
    /// When it was written.
    updated: String,
    /// Until when availability and days are counted: whole minutes that are stored; null where nothing is.
    figures_until: Option<String>,
    /// The worst of its services.
    status: PublicStatus,
    services: Vec<PublicService>,
    /// Windows that run, and those that are announced.
    maintenance: Vec<PublicMaintenance>,
    /// Those that the public was told of, the newest first.
    incidents: Vec<PublicIncident>,
    #[serde(skip)]
    at: DateTime<Utc>,
    #[serde(skip)]
    counted: Option<DateTime<Utc>>,
    #[serde(skip)]
    zone: crate::lang::tz::Tz,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct PublicService {
    title: SafeText,
    status: PublicStatus,
    since: Option<String>,
    /// The share of the known time in which it was not down, 0 to 1, without maintenance; null where nothing is known.
    availability: Option<f64>,
    days: Vec<PublicDay>,
    #[serde(skip)]
    began: Option<DateTime<Utc>>,
    #[serde(skip)]
    name: Name,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum WindowState {
    Running,
    Coming,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct PublicMaintenance {
    title: SafeText,
    state: WindowState,
    from: String,
    until: String,
    /// Titles of the services of the page that it concerns.
    services: Vec<SafeText>,
    #[serde(skip)]
    window: MaintenanceWindow,
}

impl PublicPage {
    /// The page of a moment, without secrets that `redactor` knows. `None`: the configuration has none.
    pub(crate) fn new(now: &PublicNow, past: &PublicPast, redactor: &Redactor) -> Option<Self> {
        let page = now.page()?;
        let safe = |text: &str| redactor.redact_safe(&SafeText::new(text));
        let title_of = |name: &Name| {
            let service = now.config.services.iter().find(|service| service.name == *name);
            safe(service.map_or(&**name, |service| &service.title))
        };
        let running = now.plan.running(now.at);
        let services: Vec<PublicService> = page
            .services
            .iter()
            .zip(&now.services)
            .map(|(name, state)| {
                let days = days_of(now, past, name);
                let window = running.iter().filter(|one| one.services.includes(Some(name))).map(|one| one.window.start);
                let (status, began) = match window.min() {
                    Some(start) => (PublicStatus::Maintenance, Some(start)),
                    None => (state.status, state.since),
                };
                PublicService {
                    title: title_of(name),
                    status,
                    since: began.map(rfc3339),
                    availability: days::availability(&days),
                    days,
                    began,
                    name: name.clone(),
                }
            })
            .collect();
        let coming = now.plan.coming(now.at).into_iter();
        let announced = coming.filter(|one| one.announced_from().is_some_and(|from| from <= now.at));
        let windows = running.into_iter().map(|one| (WindowState::Running, one));
        let windows = windows.chain(announced.map(|one| (WindowState::Coming, one)));
        let maintenance = windows.filter_map(|(state, window)| {
            let about: Vec<SafeText> =
                page.services.iter().filter(|name| window.services.includes(Some(name))).map(title_of).collect();
            (!about.is_empty()).then(|| PublicMaintenance {
                title: safe(public_title(&window)),
                state,
                from: rfc3339(window.window.start),
                until: rfc3339(window.window.end),
                // All of them need no list.
                services: if window.services == ServiceChoice::All { Vec::new() } else { about },
                window,
            })
        });
        Some(Self {
            title: safe(&page.title),
            updated: rfc3339(now.at),
            figures_until: past.until().map(rfc3339),
            status: services.iter().map(|service| service.status).max().unwrap_or(PublicStatus::Unknown),
            maintenance: maintenance.collect(),
            incidents: incidents_of(now, page, &safe, &title_of),
            services,
            at: now.at,
            counted: past.until(),
            zone: now.config.console.timezone,
        })
    }

    /// The files of the page, by their names; what names the others comes last.
    ///
    /// # Errors
    /// A template failed, in words.
    pub(crate) fn files(&self) -> Result<Vec<(String, String)>, String> {
        let json = serde_json::to_string(self).map_err(|error| error.to_string())?;
        let mut files = Vec::new();
        for incident in &self.incidents {
            files.push((incident.page.clone(), self.incident_html(incident)?));
        }
        files.push(("status.json".to_owned(), json + "\n"));
        files.push(("feed.xml".to_owned(), self.feed()?));
        files.push(("index.html".to_owned(), self.html()?));
        Ok(files)
    }

    /// What is said of all of them together.
    fn summary(&self) -> &'static str {
        let all = |status| self.services.iter().all(|service| service.status == status);
        match self.status {
            PublicStatus::Operational => "All services are operational",
            PublicStatus::Unknown if all(PublicStatus::Unknown) => "The status is unknown",
            PublicStatus::Unknown => "The status of some services is unknown",
            PublicStatus::Maintenance => "Maintenance in progress",
            PublicStatus::Degraded => "Some services are degraded",
            PublicStatus::Outage if all(PublicStatus::Outage) => "All services have an outage",
            PublicStatus::Outage => "Some services have an outage",
        }
    }

    /// A moment for a person, with its day and its zone.
    fn shown(&self, at: DateTime<Utc>) -> String {
        format!("{} {}", at.with_timezone(&self.zone).format("%-d %B %Y, %H:%M"), self.zone)
    }
}

/// What a window is called in public. What a person planned has an id for a name, and a reason that is not for the public.
fn public_title(window: &MaintenanceWindow) -> &str {
    if window.by.is_some() { "Planned maintenance" } else { &window.title }
}

#[cfg(test)]
mod tests;
