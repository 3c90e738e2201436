//! The page as one HTML file: no script, nothing loaded from elsewhere, light and dark, as wide as the screen is.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, context};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::days::{DayStatus, PublicDay};
use super::incidents::{FALSE_ALARM, PublicIncident, PublicUpdate};
use super::{PublicMaintenance, PublicPage, PublicService, WindowState};
use crate::lang::time::rfc3339;
use crate::lang::unit;

const TEMPLATE: &str = concat!(include_str!("head.html"), include_str!("page.html"));
const INCIDENT: &str = concat!(include_str!("head.html"), include_str!("incident.html"));
const STYLE: &str = include_str!("style.css");

/// A moment for a program and for a person.
#[derive(Serialize)]
struct Moment {
    iso: String,
    text: String,
}

#[derive(Serialize)]
struct ServiceRow<'a> {
    title: &'a str,
    class: &'static str,
    glyph: &'static str,
    word: &'static str,
    since: Option<Moment>,
    availability: String,
    /// The bars in one sentence.
    label: String,
    days: Vec<DayBar>,
    troubles: Vec<TroubleRow>,
}

#[derive(Serialize)]
struct DayBar {
    class: &'static str,
    title: String,
}

#[derive(Serialize)]
struct TroubleRow {
    day: Moment,
    words: String,
}

#[derive(Serialize)]
struct MaintenanceRow<'a> {
    title: &'a str,
    is_running: bool,
    from: Moment,
    until: Moment,
    services: String,
}

#[derive(Serialize)]
struct IncidentRow<'a> {
    id: &'a str,
    class: &'static str,
    word: String,
    services: String,
    began: Moment,
    over: Option<Moment>,
    /// What it was then.
    over_word: &'static str,
    page: &'a str,
    updates: Vec<UpdateRow<'a>>,
}

#[derive(Serialize)]
struct UpdateRow<'a> {
    at: Moment,
    status: &'a str,
    impact: Option<&'a str>,
    doing: Option<&'a str>,
    workaround: Option<&'a str>,
    next: Option<Moment>,
}

impl PublicPage {
    /// The HTML file.
    pub(super) fn html(&self) -> Result<String, String> {
        let services: Vec<ServiceRow<'_>> = self.services.iter().map(|service| self.row(service)).collect();
        let maintenance: Vec<MaintenanceRow<'_>> = self.maintenance.iter().map(|one| self.window(one)).collect();
        let values = context! {
            head_title => format!("{}: {}", self.title, self.summary()),
            has_feed => true,
            title => self.title.as_str(),
            class => self.status.class(),
            glyph => self.status.glyph(),
            summary => self.summary(),
            updated => Value::from(Serde(Moment {
                iso: self.updated.clone(),
                text: format!("{} {}", self.at.with_timezone(&self.zone).format("%-d %B %Y, %H:%M:%S"), self.zone),
            })),
            counted => self.counted.map(|at| Value::from(Serde(Moment { iso: rfc3339(at), text: self.shown(at) }))),
            services => Value::from(Serde(services)),
            maintenance => Value::from(Serde(maintenance)),
            incidents => Value::from(Serde(self.incidents.iter().map(|one| self.incident(one)).collect::<Vec<_>>())),
            days => super::DAYS,
            style => STYLE.trim_end(),
            style_hash => STANDARD.encode(Sha256::digest(STYLE.trim_end())),
        };
        render("page.html", TEMPLATE, &values)
    }

    fn row<'a>(&self, service: &'a PublicService) -> ServiceRow<'a> {
        let availability = unit::availability(service.availability);
        let with_trouble = service.days.iter().filter(|day| day.had_trouble());
        let known = service.days.iter().filter(|day| day.known_s > 0).count();
        let (count, all) = (with_trouble.clone().count(), service.days.len());
        let label = match known {
            0 => format!("{all} days, none with data"),
            _ => format!("{all} days, {known} with data, {count} with trouble; availability {availability}"),
        };
        let trouble = |day: &PublicDay| TroubleRow {
            day: Moment { iso: day.date.to_string(), text: day.date.format("%-d %B %Y").to_string() },
            words: lengths(day),
        };
        ServiceRow {
            title: service.title.as_str(),
            class: service.status.class(),
            glyph: service.status.glyph(),
            word: service.status.word(),
            since: service.began.map(|at| Moment { iso: rfc3339(at), text: self.shown(at) }),
            availability,
            label,
            days: service.days.iter().map(bar).collect(),
            troubles: with_trouble.rev().map(trouble).collect(),
        }
    }

    /// The page of one incident, with its updates.
    pub(super) fn incident_html(&self, incident: &PublicIncident) -> Result<String, String> {
        let values = context! {
            head_title => format!("{}: {}", incident.id, self.title),
            has_feed => false,
            title => self.title.as_str(),
            incident => Value::from(Serde(self.incident(incident))),
            style => STYLE.trim_end(),
            style_hash => STANDARD.encode(Sha256::digest(STYLE.trim_end())),
        };
        render("incident.html", INCIDENT, &values)
    }

    fn incident<'a>(&self, one: &'a PublicIncident) -> IncidentRow<'a> {
        let moment = |at| Moment { iso: rfc3339(at), text: self.shown(at) };
        let services: Vec<&str> = one.services.iter().map(crate::text::SafeText::as_str).collect();
        let mut word = one.state.to_owned();
        word.get_mut(..1).into_iter().for_each(str::make_ascii_uppercase);
        let update = |update: &'a PublicUpdate| UpdateRow {
            at: moment(update.given),
            status: update.status.as_str(),
            impact: update.impact.as_ref().map(crate::text::SafeText::as_str),
            doing: update.doing.as_ref().map(crate::text::SafeText::as_str),
            workaround: update.workaround.as_ref().map(crate::text::SafeText::as_str),
            next: update.next.map(moment),
        };
        IncidentRow {
            id: &one.id,
            class: match one.state {
                "resolved" | "merged" | FALSE_ALARM => "ok",
                "monitoring" => "degraded",
                _ => "outage",
            },
            word,
            services: if services.is_empty() { "All services".to_owned() } else { services.join(", ") },
            began: moment(one.began),
            over: one.resolved_at.as_ref().and_then(|at| at.parse().ok()).map(moment),
            over_word: if one.state == FALSE_ALARM { "closed" } else { "resolved" },
            page: &one.page,
            updates: one.updates.iter().map(update).collect(),
        }
    }

    fn window<'a>(&self, one: &'a PublicMaintenance) -> MaintenanceRow<'a> {
        let moment = |at| Moment { iso: rfc3339(at), text: self.shown(at) };
        let services: Vec<&str> = one.services.iter().map(crate::text::SafeText::as_str).collect();
        MaintenanceRow {
            title: one.title.as_str(),
            is_running: one.state == WindowState::Running,
            from: moment(one.window.window.start),
            until: moment(one.window.window.end),
            services: if services.is_empty() { "All services".to_owned() } else { services.join(", ") },
        }
    }
}

fn bar(day: &PublicDay) -> DayBar {
    let words = match day.status {
        DayStatus::NoData => "no data".to_owned(),
        DayStatus::Operational | DayStatus::Partial if !day.had_trouble() => {
            let known = Duration::from_secs(day.known_s);
            let part =
                if day.status == DayStatus::Partial { format!(", {} known", unit::span(known)) } else { String::new() };
            format!("operational{part}")
        }
        DayStatus::Maintenance => "maintenance".to_owned(),
        _ => lengths(day),
    };
    DayBar { class: day.status.class(), title: format!("{}: {words}", day.date.format("%-d %B %Y")) }
}

/// For how long there was trouble on a day: `outage 12m 00s, degraded 40s`.
pub(super) fn lengths(day: &PublicDay) -> String {
    let part = |word: &str, seconds: u64| {
        (seconds > 0).then(|| format!("{word} {}", unit::span(Duration::from_secs(seconds))))
    };
    let parts =
        [part("outage", day.outage_s), part("degraded", day.degraded_s), part("maintenance", day.maintenance_s)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// A template with its values; what stands in them is escaped, because both names end so.
pub(super) fn render(name: &'static str, template: &'static str, values: &Value) -> Result<String, String> {
    let mut environment = Environment::new();
    let mut syntax = SyntaxConfig::builder();
    syntax.trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true);
    environment.set_syntax(syntax.build().map_err(|error| error.to_string())?);
    let rendered = environment.render_named_str(name, template, values);
    rendered.map_err(|error| format!("the template {name} failed: {error}"))
}
