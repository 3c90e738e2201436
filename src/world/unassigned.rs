//! What belongs to no service: one row of the services under the console's own name, or a row for each check where there are
//! no services.

use super::World;
use super::alerts::{AlertSubject, AlertView};
use super::ids::{Id as _, ServiceId, SloId, numbered};
use super::objectives::SloView;
use super::services::ServiceView;
use super::timeline::{EventMark, TimelineEntry};
use crate::text::count::first_names;
use crate::text::name::Name;

impl World {
    /// The row that holds all that belongs to no service; `None` where there is none, or one for each check.
    pub(crate) fn own_row(&self) -> Option<&ServiceView> {
        self.service_at(self.membership.own_row?)
    }

    /// The row of services whose trouble an alert is a part of. What belongs to no service has nothing to do with one another:
    /// there a row speaks for the alerts of its checks that are in the trouble that it shows, and for no other.
    pub(crate) fn row_in_trouble(&self, alert: &AlertView) -> Option<&ServiceView> {
        let is_told = |row: &&ServiceView| match &alert.subject {
            _ if !row.own => true,
            AlertSubject::Check(name) => {
                self.check(name).is_some_and(|check| check.status.is_trouble() && check.status == row.status)
            }
            _ => false,
        };
        self.service_of_alert(alert).filter(is_told)
    }

    /// Which of several checks that have nothing to do with one another the reason of a row is of, and what is said behind that
    /// of the others that are as bad: `; also cdn, mail`. `None` for a service, whose checks are parts of one thing, and for a
    /// row of one check.
    pub(crate) fn spoken_of<'a>(&'a self, service: &'a ServiceView) -> Option<(&'a Name, String)> {
        let leading =
            service.leading.filter(|_| service.own && service.checks.len() > 1 && service.status.is_trouble())?;
        let others = service.checks.iter().filter(|id| **id != leading).map(|id| &self.checks[*id]);
        let others = others.filter(|check| check.status == service.status);
        let named = first_names(others, |check| check.name.to_string());
        let also = if named.is_empty() { named } else { format!("; also {named}") };
        Some((&self.checks[leading].name, also))
    }

    /// What happened to a row of services, newest first, as it is read.
    pub(crate) fn events_of<'a>(&'a self, service: &ServiceView) -> impl Iterator<Item = &'a TimelineEntry> + use<'a> {
        let (row, name) = (self.membership.services.get(&service.name).copied(), service.configured().cloned());
        let is_of_it = move |(entry, mark): &(&TimelineEntry, Option<&EventMark>)| match &name {
            Some(name) => entry.service.as_ref() == Some(name),
            None if entry.service.is_some() => false,
            // What is of no check in particular belongs to every one of these rows.
            None => mark.and_then(|mark| self.row_of_mark(mark)).is_none_or(|of| Some(of) == row),
        };
        self.timeline.shown_with_marks().filter(is_of_it).map(|(entry, _)| entry)
    }

    fn row_of_mark(&self, mark: &EventMark) -> Option<ServiceId> {
        match mark {
            EventMark::Status(check, _) | EventMark::Peer(check, _) => {
                *self.membership.row_of_check.get(*self.membership.checks.get(check)?)?
            }
            EventMark::Alert(rule, _) => self
                .machines
                .all
                .get(self.machines.alert(rule, &self.membership)?.place())
                .and_then(|machine| machine.row),
            EventMark::Run(..) | EventMark::Refused(..) | EventMark::Maintenance(..) => None,
        }
    }

    /// The objectives that measure what a row of services holds.
    pub(crate) fn objectives_of<'a>(&'a self, service: &ServiceView) -> impl Iterator<Item = &'a SloView> + use<'a> {
        let (row, name) = (self.membership.services.get(&service.name).copied(), service.configured().cloned());
        let is_of_it = move |(id, slo): &(SloId, &SloView)| match &name {
            Some(name) => slo.service.as_ref() == Some(name),
            None => row.is_some() && self.membership.row_of_slo(&self.config, *id) == row,
        };
        numbered(&self.slos).filter(is_of_it).map(|(_, slo)| slo)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::membership::Membership;
    use crate::config::load::load_text;
    use crate::model::document::Timing;
    use crate::model::fact::{AlertAcknowledged, Statement};
    use crate::model::observation::Observation;
    use crate::model::reading::{Reading, Sign};
    use crate::world::driver::WorldDriver;

    fn rows(text: &str) -> Vec<(String, String, usize)> {
        let loaded = load_text(std::path::Path::new("/srv/opsroom.toml"), text);
        let config = loaded.config.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
        let rows = Membership::new(&config, true).rows;
        rows.iter().map(|row| (row.name.to_string(), row.title.clone(), row.checks.len())).collect()
    }

    fn row(name: &str, title: &str, checks: usize) -> (String, String, usize) {
        (name.to_owned(), title.to_owned(), checks)
    }

    const STRAY: &str = "[check.site]\ntcp = \"127.0.0.1:1\"\n[check.cdn]\ntcp = \"127.0.0.1:2\"\n";

    #[test]
    fn what_has_no_service_is_one_row_named_as_the_console_beside_services() {
        let console = "[console]\nname = \"shop\"\n";
        let api = "[service.api]\n[check.api]\nservice = \"api\"\ntcp = \"127.0.0.1:3\"\n";
        assert_eq!(rows(&format!("{console}{api}{STRAY}")), [row("api", "api", 1), row("shop", "shop", 2)]);
        assert_eq!(rows(&format!("{console}{STRAY}")), [row("site", "site", 1), row("cdn", "cdn", 1)]);
        let taken = "[service.front]\ntitle = \"shop\"\n";
        assert_eq!(
            rows(&format!("{console}{taken}{STRAY}")),
            [row("front", "shop", 0), row("console:shop", "shop (no service)", 2)]
        );
        let metric = "[source.m]\nhttp = \"http://127.0.0.1:4\"\n[metric.x]\nfrom = \"m\"\nvalue = \".body.x\"\n";
        assert_eq!(rows(&format!("{console}{api}{metric}")), [row("api", "api", 1)], "no row without a status");
    }

    #[test]
    fn who_is_at_one_of_them_is_not_at_the_others() {
        let alert = "alert = { critical = \"down\" }\nevery = \"5m\"\nfail_after = 1\n";
        let text = format!(
            "[console]\nname = \"shop\"\n[service.api]\n[check.api]\nservice = \"api\"\ntcp = \"127.0.0.1:3\"\n\
             [check.site]\ntcp = \"127.0.0.1:1\"\n{alert}[check.cdn]\ntcp = \"127.0.0.1:2\"\n{alert}\
             [check.mail]\ntcp = \"127.0.0.1:2\"\n{alert}"
        );
        let loaded = load_text(std::path::Path::new("/srv/opsroom.toml"), &text);
        let config = loaded.config.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
        let mut driver = WorldDriver::new(Arc::new(config), "2026-11-21T02:00:00Z".parse().unwrap());
        for (check, sign) in [("site", Sign::Bad), ("cdn", Sign::Bad), ("mail", Sign::Good)] {
            let now = driver.world().now;
            let timing = Timing { scheduled: now, sent: now, ended: now };
            driver.observe(Observation::Reading(Box::new(Reading::plain(check.into(), timing, sign))));
        }
        driver.close();
        let who = |driver: &WorldDriver| {
            let row = driver.world().own_row().unwrap();
            driver.world().acknowledged_service(row).map(|known| known.to_string())
        };
        let mut seen = vec![who(&driver)];
        for check in ["site", "cdn"] {
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
            seen.push(who(&driver));
        }
        assert_eq!(seen, [None, None, Some("ana".to_owned())]);
    }
}
