//! `[freeze.NAME]`: times in which nothing is to be changed.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::maintenance::services;
use super::severity::names;
use crate::config::changes::{Fact, summary};
use crate::config::reader::{TableReader, Thing};
use crate::config::spec::{self, KeySpec, SectionSpec, ValueForm, key};
use crate::lang::schedule::{TimeWindow, WindowSchedule};
use crate::lang::tz::Tz;
use crate::lang::unit::duration as shown;
use crate::model::maintenance::{ServiceChoice, occurrence_id};
use crate::model::thing::ChangeRecord;
use crate::text::SafeText;
use crate::text::name::Name;

/// How long before its beginning a freeze is shown, where nothing says so.
const NOTICE: Duration = Duration::from_hours(48);
/// Who planned what the configuration says.
const BY: &str = "the configuration";

/// A time in which nothing is to be changed, once or again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freeze {
    /// Its name.
    pub name: Name,
    /// `title`, default the name.
    pub title: String,
    /// `when`, by the console's clocks where it names no zone.
    pub when: WindowSchedule,
    /// `services`
    pub services: ServiceChoice,
    /// `why`
    pub why: String,
    /// `notice`: it is shown and announced so long before.
    pub notice: Duration,
    /// `notify`: the channels by which it is announced.
    pub notify: Vec<Name>,
}

/// The keys of a freeze.
pub(crate) const KEYS: &[KeySpec] = &[
    key("title", ValueForm::Text, "How it is shown. Default its name"),
    key("when", ValueForm::Windows, "Fri 16:00-24:00 UTC, or once: 2026-12-20T00:00/2027-01-03T00:00"),
    key("services", ValueForm::Texts, "The services that are not to be changed, or [\"*\"] for all"),
    key("why", ValueForm::Text, "Why: every action that warns says it"),
    key("notice", ValueForm::Duration, "Show and announce it this long before. Default 48h"),
    key("notify", ValueForm::Texts, "The channels by which it is announced"),
];

pub(crate) const SECTION: SectionSpec = SectionSpec {
    name: "freeze",
    shape: spec::SectionShape::Named(KEYS),
    help: "Times in which nothing is to be changed: actions warn, and say why",
};

/// Reads a freeze; `zone` is that of the console.
pub(crate) fn read(table: &TableReader<'_>, zone: Tz) -> Option<Freeze> {
    let once = "\"2026-12-20T00:00/2027-01-03T00:00\"";
    let when = table.needed("when", once).then(|| table.windows_in("when", zone)).flatten();
    let services = table.needed("services", "[\"*\"]").then(|| services(table)).flatten();
    let why = table.needed("why", "\"accounts are closed\"").then(|| table.string("why")).flatten();
    let notice = table.positive("notice").unwrap_or(NOTICE);
    let notify = table.distinct("notify", Thing::Notify);
    Some(Freeze {
        name: Name::from(table.name),
        title: table.string("title").unwrap_or_else(|| table.name.to_owned()),
        when: when?,
        services: services?,
        why: why?,
        notice,
        notify,
    })
}

/// What a change is said by.
pub(crate) fn facts(freeze: &Freeze) -> Vec<Fact> {
    let services = match &freeze.services {
        ServiceChoice::All => "*".to_owned(),
        ServiceChoice::These(services) => names(services),
    };
    vec![
        summary("title", &freeze.title),
        summary("when", freeze.when.written()),
        summary("services", services),
        summary("why", &freeze.why),
        summary("notice", shown(freeze.notice)),
        summary("notify", names(&freeze.notify)),
    ]
}

impl Freeze {
    /// The one that runs at a moment, and the next one, as they stand in the change calendar.
    pub(in crate::config) fn around(&self, now: DateTime<Utc>, zone: Tz) -> impl Iterator<Item = ChangeRecord> {
        let next = self.when.next(now, zone);
        self.when.covers(now, zone).into_iter().chain(next).map(|window| self.record(window))
    }

    fn record(&self, window: TimeWindow) -> ChangeRecord {
        let notice = TimeDelta::from_std(self.notice).unwrap_or(TimeDelta::MAX);
        ChangeRecord {
            // Maintenance may have the same name.
            id: occurrence_id(&format!("freeze:{}", self.name), window.start),
            title: SafeText::new(&self.title),
            why: SafeText::new(&self.why),
            services: self.services.clone(),
            from: window.start,
            until: window.end,
            notice_s: self.notice.as_secs(),
            notify: self.notify.clone(),
            freeze: true,
            by: SafeText::new(BY),
            at: window.start.checked_sub_signed(notice).unwrap_or(window.start),
            approved: None,
            called_off: None,
        }
    }
}
