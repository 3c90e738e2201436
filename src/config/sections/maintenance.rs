//! `[maintenance.NAME]`: planned windows in which alerts are muted.

use std::time::Duration;

use super::severity::names;
use crate::config::changes::{Fact, summary};
use crate::config::reader::{TableReader, Thing};
use crate::config::spec::{self, KeySpec, SectionSpec, ValueForm, key};
use crate::lang::schedule::WindowSchedule;
use crate::lang::tz::Tz;
use crate::lang::unit::duration as shown;
use crate::model::maintenance::ServiceChoice;
use crate::text::name::Name;

/// A planned window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maintenance {
    /// Its name.
    pub name: Name,
    /// `title`, default the name.
    pub title: String,
    /// `when`, by the console's clocks where it names no zone.
    pub when: WindowSchedule,
    /// `services`
    pub services: ServiceChoice,
    /// `notice`: it is announced so long before.
    pub notice: Option<Duration>,
    /// `notify`: the channels by which it is announced.
    pub notify: Vec<Name>,
}

/// The keys of a maintenance window.
pub(crate) const KEYS: &[KeySpec] = &[
    key("title", ValueForm::Text, "How it is shown. Default its name"),
    key("when", ValueForm::Windows, "Sun 02:00-04:00 UTC, or once: 2026-03-02T09:00/2026-03-02T11:00"),
    key("services", ValueForm::Texts, "The services whose alerts are muted, or [\"*\"] for all"),
    key("notice", ValueForm::Duration, "Announce it this long before"),
    key("notify", ValueForm::Texts, "The channels by which it is announced"),
];

pub(crate) const SECTION: SectionSpec = SectionSpec {
    name: "maintenance",
    shape: spec::SectionShape::Named(KEYS),
    help: "Planned windows in which alerts are muted and do not count against objectives",
};

/// Reads a window; `zone` is that of the console.
pub(crate) fn read(table: &TableReader<'_>, zone: Tz) -> Option<Maintenance> {
    let when = table.needed("when", "\"Sun 02:00-04:00 UTC\"").then(|| table.windows_in("when", zone)).flatten();
    let services = table.needed("services", "[\"*\"]").then(|| services(table)).flatten();
    let notice = table.positive("notice");
    let notify = table.distinct("notify", Thing::Notify);
    if table.has("notify") && table.lacks(&["notice"]) {
        let hint = "add notice = \"48h\": how long before it is announced";
        table.context.error(table.place("notify"), format!("{} does not say when it is announced", table.title), hint);
    }
    Some(Maintenance {
        name: Name::from(table.name),
        title: table.string("title").unwrap_or_else(|| table.name.to_owned()),
        when: when?,
        services: services?,
        notice,
        notify,
    })
}

/// The services that `services` names, or all.
pub(super) fn services(table: &TableReader<'_>) -> Option<ServiceChoice> {
    let written = table.texts("services");
    if let Some(all) = written.iter().find(|text| text.value == "*") {
        if written.len() > 1 {
            table.context.error(all.at, "`*` is all services, and others are named too", "write services = [\"*\"]");
        }
        return Some(ServiceChoice::All);
    }
    let found = table.distinct("services", Thing::Service);
    if table.is_list("services") && written.is_empty() {
        let hint = "name the services, or write services = [\"*\"]";
        table.context.error(table.place("services"), "`services` is empty", hint);
    }
    (!found.is_empty()).then_some(ServiceChoice::These(found))
}

/// What a change is said by.
pub(crate) fn facts(maintenance: &Maintenance) -> Vec<Fact> {
    let services = match &maintenance.services {
        ServiceChoice::All => "*".to_owned(),
        ServiceChoice::These(services) => names(services),
    };
    vec![
        summary("title", &maintenance.title),
        summary("when", maintenance.when.written()),
        summary("services", services),
        summary("notice", maintenance.notice.map_or_else(String::new, shown)),
        summary("notify", names(&maintenance.notify)),
    ]
}
