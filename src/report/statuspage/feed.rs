//! The Atom feed: what is wrong now, days with trouble, and maintenance.

use chrono::{DateTime, Days, SubsecRound as _, Utc};
use minijinja::context;
use minijinja::value::{Serde, Value};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::html::{lengths, render};
use super::{PublicPage, PublicService, PublicStatus, WindowState};
use crate::lang::order::InOrder;
use crate::lang::time::rfc3339;
use crate::text::SafeText;

const TEMPLATE: &str = include_str!("feed.xml");
/// Days that the feed reaches back.
const BACK: u64 = 14;

/// One entry. Its id stays, whatever becomes of it.
#[derive(Serialize)]
struct Entry {
    id: String,
    title: String,
    updated: String,
    text: String,
    #[serde(skip)]
    at: DateTime<Utc>,
}

impl PublicPage {
    /// The feed.
    pub(super) fn feed(&self) -> Result<String, String> {
        let mut entries = self.windows();
        entries.extend(self.updates());
        for service in &self.services {
            entries.extend(self.present(service));
            entries.extend(self.past(service));
        }
        entries.order_by(|one, other| other.at.cmp(&one.at).then_with(|| one.id.cmp(&other.id)));
        let latest = entries.first().map_or_else(|| self.today(), |entry| entry.at);
        let values = context! {
            id => self.id("feed", ""),
            title => self.title.as_str(),
            updated => rfc3339(latest),
            entries => Value::from(Serde(entries)),
        };
        // Its name says that it is escaped as XML.
        render("feed.xml", TEMPLATE, &values)
    }

    /// Windows that are announced or run.
    fn windows(&self) -> Vec<Entry> {
        let entry = |one: &super::PublicMaintenance| {
            let (span, services) = (one.window.window, one.services.iter().map(SafeText::as_str));
            let services: Vec<&str> = services.collect();
            let about = if services.is_empty() { "All services".to_owned() } else { services.join(", ") };
            let (state, at) = match one.state {
                WindowState::Running => ("in progress", span.start),
                WindowState::Coming => ("planned", one.window.announced_from().unwrap_or(span.start)),
            };
            Entry {
                id: self.id("maintenance", &one.window.id),
                title: format!("{}: {state}", one.title),
                updated: rfc3339(at),
                text: format!("From {} until {}. {about}.", self.shown(span.start), self.shown(span.end)),
                at,
            }
        };
        self.maintenance.iter().map(entry).collect()
    }

    /// The updates of incidents.
    fn updates(&self) -> Vec<Entry> {
        let of = |incident: &super::PublicIncident| {
            let services: Vec<&str> = incident.services.iter().map(SafeText::as_str).collect();
            let about = if services.is_empty() { "All services".to_owned() } else { services.join(", ") };
            let entry = |update: &super::incidents::PublicUpdate| Entry {
                id: self.id("update", &format!("{} {}", incident.id, update.at)),
                title: format!("{}: {}", incident.id, update.status),
                updated: update.at.clone(),
                text: match &update.impact {
                    Some(impact) => format!("{about}. {impact}"),
                    None => format!("{about}."),
                },
                at: update.given.trunc_subsecs(0),
            };
            incident.updates.iter().map(entry).collect::<Vec<_>>()
        };
        self.incidents.iter().flat_map(of).collect()
    }

    /// What is wrong with a service now.
    fn present(&self, service: &PublicService) -> Option<Entry> {
        if !matches!(service.status, PublicStatus::Degraded | PublicStatus::Outage) {
            return None;
        }
        let at = service.began.unwrap_or_else(|| self.today());
        let word = service.status.word();
        Some(Entry {
            id: self.id("now", &format!("{} {word} {}", service.name, service.began.map_or_else(String::new, rfc3339))),
            title: format!("{}: {}", service.title, word.to_lowercase()),
            updated: rfc3339(at),
            text: match service.began {
                Some(began) => format!("{word} since {}.", self.shown(began)),
                None => format!("{word}."),
            },
            at: at.trunc_subsecs(0),
        })
    }

    /// Days on which it had trouble; today only once that is over.
    fn past(&self, service: &PublicService) -> Vec<Entry> {
        let today = self.at.date_naive();
        let since = today.checked_sub_days(Days::new(BACK)).unwrap_or(today);
        let is_well = service.status == PublicStatus::Operational;
        let days = service.days.iter().filter(|day| day.date >= since && (day.date < today || is_well));
        let entry = |day: &super::PublicDay| {
            let at = day.last_trouble.filter(|_| day.had_trouble())?;
            Some(Entry {
                id: self.id("day", &format!("{} {}", service.name, day.date)),
                title: format!("{}: {} on {}", service.title, lengths(day), day.date.format("%-d %B %Y")),
                updated: rfc3339(at),
                text: format!("{} on {}, in UTC.", lengths(day), day.date.format("%-d %B %Y")),
                at,
            })
        };
        days.filter_map(entry).collect()
    }

    fn today(&self) -> DateTime<Utc> {
        self.at.date_naive().and_time(chrono::NaiveTime::MIN).and_utc()
    }

    /// An identifier that is the same whenever the same thing is meant.
    fn id(&self, kind: &str, what: &str) -> String {
        let hash = Sha256::digest(format!("{}\n{kind}\n{what}", self.title));
        let hex = format!("{hash:x}");
        let hex = &hex[..32];
        // Version 8: made of whatever its maker likes.
        format!("urn:uuid:{}-{}-8{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
    }
}
