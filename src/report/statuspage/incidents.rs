//! Incidents on the status page: only what was given as a public update, and nothing of what people said among themselves.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::PublicNow;
use crate::config::sections::statuspage::StatusPage;
use crate::lang::order::InOrder;
use crate::lang::time::rfc3339;
use crate::model::incident::IncidentState;
use crate::model::thing::IncidentRecord;
use crate::text::SafeText;
use crate::text::name::Name;

/// How long one that is over is still shown.
const SHOWN: TimeDelta = TimeDelta::days(14);

/// How one stands that turned out to be none.
pub(super) const FALSE_ALARM: &str = "false alarm";

/// An incident, for the public.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct PublicIncident {
    pub id: Name,
    /// How it stands: one word.
    pub state: &'static str,
    pub started_at: String,
    pub resolved_at: Option<String>,
    /// Titles of the services of the page that it concerns.
    pub services: Vec<SafeText>,
    /// The newest first.
    pub updates: Vec<PublicUpdate>,
    /// Its page.
    pub page: String,
    #[serde(skip)]
    pub began: DateTime<Utc>,
}

/// A status update, for the public.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct PublicUpdate {
    pub at: String,
    pub status: SafeText,
    pub impact: Option<SafeText>,
    pub doing: Option<SafeText>,
    pub next_at: Option<String>,
    pub workaround: Option<SafeText>,
    #[serde(skip)]
    pub given: DateTime<Utc>,
    #[serde(skip)]
    pub next: Option<DateTime<Utc>>,
}

/// Whether the public hears of an incident at a moment: something was said to it, of a service that it knows. What turned out
/// to be a false alarm is said to be one: what was announced does not vanish.
pub(super) fn is_public(record: &IncidentRecord, page: &StatusPage, now: DateTime<Utc>) -> bool {
    let is_told = record.updates.iter().any(|update| update.said.is_public);
    let is_recent = record.ended_at().is_none_or(|at| now - at < SHOWN);
    let concerns = record.services.is_empty() || record.services.iter().any(|name| page.services.contains(name));
    is_told && is_recent && concerns
}

/// The incidents of a page, the newest first.
pub(super) fn incidents_of(
    now: &PublicNow,
    page: &StatusPage,
    safe: &dyn Fn(&str) -> SafeText,
    title_of: &dyn Fn(&Name) -> SafeText,
) -> Vec<PublicIncident> {
    let shown = now.incidents.iter().filter(|record| is_public(record, page, now.at));
    let one = |record: &IncidentRecord| {
        let public = record.updates.iter().rev().filter(|update| update.said.is_public);
        let text = |text: &Option<SafeText>| text.as_ref().map(|text| safe(text.as_str()));
        let mut is_latest = true;
        let updates: Vec<PublicUpdate> = public
            .map(|update| {
                // What was promised before is no promise any more.
                let next = Some(update.said.next_at).filter(|_| std::mem::take(&mut is_latest) && record.is_open());
                PublicUpdate {
                    at: rfc3339(update.at),
                    status: safe(update.said.status.as_str()),
                    impact: text(&update.said.impact),
                    doing: text(&update.said.doing),
                    next_at: next.map(rfc3339),
                    workaround: text(&update.said.workaround),
                    given: update.at,
                    next,
                }
            })
            .collect();
        let known = page.services.iter().filter(|name| record.services.contains(name));
        let began = record.impact_started_at();
        // One that was merged goes on elsewhere.
        let ended = record.ended_at().filter(|_| record.state != IncidentState::Merged);
        PublicIncident {
            id: record.id.clone(),
            state: match record.state {
                IncidentState::Open | IncidentState::Acknowledged => "investigating",
                IncidentState::Mitigated => "monitoring",
                IncidentState::Merged => "merged",
                IncidentState::Resolved | IncidentState::Closed => "resolved",
                IncidentState::FalseAlarm => FALSE_ALARM,
            },
            started_at: rfc3339(began),
            resolved_at: ended.map(rfc3339),
            services: known.map(title_of).collect(),
            updates,
            page: format!("incident-{}.html", record.id),
            began,
        }
    };
    let mut incidents: Vec<PublicIncident> = shown.map(one).collect();
    incidents.order_by_key(|incident| std::cmp::Reverse(incident.began));
    incidents
}
