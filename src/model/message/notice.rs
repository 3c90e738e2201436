//! What a message says of planned maintenance.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{flat, time};
use crate::model::maintenance::{MaintenanceWindow, ServiceChoice};
use crate::text::SafeText;
use crate::text::name::Name;

/// A window of maintenance, as it is announced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaintenanceNotice {
    /// Which window.
    pub id: Name,
    /// How it is shown.
    pub title: String,
    /// The services whose alerts will be muted.
    pub services: ServiceChoice,
    /// Its first moment.
    pub from: DateTime<Utc>,
    /// The first moment after it.
    pub until: DateTime<Utc>,
    /// Why, where a person planned it.
    pub why: Option<SafeText>,
    /// Whether it was announced and does not take place.
    #[serde(rename = "called_off")]
    pub is_called_off: bool,
}

impl From<&MaintenanceWindow> for MaintenanceNotice {
    fn from(window: &MaintenanceWindow) -> Self {
        Self {
            id: window.id.clone(),
            title: window.title.clone(),
            services: window.services.clone(),
            from: window.window.start,
            until: window.window.end,
            why: window.why.clone(),
            is_called_off: false,
        }
    }
}

impl MaintenanceNotice {
    /// `maintenance weekly of all services, 2026-03-01 02:00 UTC to 2026-03-01 04:00 UTC`.
    pub(super) fn line(&self) -> String {
        let why = self.why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
        let (from, until) = (time(self.from), time(self.until));
        let head = if self.is_called_off { "called off: maintenance" } else { "maintenance" };
        flat(&format!("{head} {} of {}, {from} to {until}{why}", self.title, self.services.describe()))
    }
}
