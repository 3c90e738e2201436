//! What a message says of planned maintenance, and of planned changes and freezes.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{flat, time};
use crate::model::maintenance::{MaintenanceWindow, ServiceChoice, WindowKind};
use crate::text::SafeText;
use crate::text::name::Name;

/// A window of maintenance, a change or a freeze, as it is announced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaintenanceNotice {
    /// What it announces.
    #[serde(default)]
    pub kind: WindowKind,
    /// Which window.
    pub id: Name,
    /// How it is shown.
    pub title: String,
    /// The services that it affects; of maintenance those whose alerts will be muted.
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
            kind: window.kind,
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
    /// Whether alerts are muted in that time.
    pub(super) fn mutes(&self) -> bool {
        self.kind == WindowKind::Maintenance && !self.is_called_off
    }

    /// `maintenance weekly of all services, 2026-03-01 02:00 UTC to 2026-03-01 04:00 UTC`.
    pub(super) fn line(&self) -> String {
        let why = self.why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
        let (from, until) = (time(self.from), time(self.until));
        let off = if self.is_called_off { "called off: " } else { "" };
        flat(&format!(
            "{off}{} {} of {}, {from} to {until}{why}",
            self.kind.word(),
            self.title,
            self.services.describe()
        ))
    }
}
