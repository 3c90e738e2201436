//! What checks make of their services, and services of those that depend on them.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::World;
use super::ids::{CheckId, ServiceId, numbered};
use super::membership::Membership;
use super::onset::Onset;
use super::services::{ServiceView, Suspect};
use crate::model::cause::{self, Suspects};
use crate::model::since::Since;
use crate::model::status::Status;
use crate::text::name::Name;

/// Dependencies that are down at once and looked for in what a check says, at the most.
const MOST_NAMED: usize = 16;

/// All that is shown of a row by itself, of one of its checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    status: Status,
    since: Option<Since>,
    stale: bool,
}

impl World {
    /// The row under which a check is shown.
    pub fn row_of(&self, check: &str) -> Name {
        let row = self.membership.checks.get(check).and_then(|id| self.membership.row_of_check[*id]);
        row.map_or_else(|| Name::from(check), |row| self.membership.rows[row].name.clone())
    }

    /// The service of a row.
    pub(crate) fn service_at(&self, row: ServiceId) -> Option<&ServiceView> {
        self.services.get(row)
    }

    /// The configuration is another one: who belongs to whom is computed, and everything again from it.
    pub(crate) fn regroup(&mut self) {
        let membership = Arc::new(Membership::new(&self.config, !self.read_only));
        let mut old: HashMap<Name, ServiceView> =
            self.services.drain().map(|service| (service.name.clone(), service)).collect();
        for (row, members) in numbered(&membership.rows) {
            let fresh = ServiceView::new(members);
            let service = match old.remove(&members.name) {
                Some(known) => ServiceView { status: known.status, since: known.since, ..fresh },
                None => fresh,
            };
            self.services.put(row, service.rank(), service);
        }
        self.membership = membership;
        self.derive_services();
    }

    /// Computes all services from their checks.
    pub(crate) fn derive_services(&mut self) {
        let rows: Vec<ServiceId> = self.membership.rows.ids().collect();
        for row in &rows {
            self.evaluate_service(*row);
        }
        self.explain(&rows, |_| true);
    }

    /// Checks have another status or say something else: their own rows change, and perhaps those that depend on them.
    /// Answers with the rows whose alerts may be muted otherwise than before.
    pub(crate) fn checks_changed(&mut self, checks: &[CheckId]) -> Vec<ServiceId> {
        let membership = Arc::clone(&self.membership);
        let changed: BTreeSet<CheckId> = checks.iter().copied().collect();
        let mut rows: Vec<ServiceId> =
            checks.iter().filter_map(|check| *membership.row_of_check.get(*check)?).collect();
        rows.sort_unstable();
        rows.dedup();
        for at in 0..rows.len() {
            if self.evaluate_service(rows[at]) {
                rows.extend(&membership.rows[rows[at]].dependents);
            }
        }
        rows.sort_unstable();
        rows.dedup();
        // What depends on nothing has nothing that could explain it, and the row of all without a service has many checks.
        rows.retain(|row| !membership.rows[*row].depends_on.is_empty());
        self.explain(&rows, |check| changed.contains(&check))
    }

    /// The same where one check has answered, which stood so before. What it says matters where one waits for another: a row
    /// by itself shows what it showed as long as the check stands as it did, however many checks it has.
    pub(super) fn answered(&mut self, check: CheckId, before: Standing) -> Vec<ServiceId> {
        let row = self.membership.row_of_check.get(check).copied().flatten();
        let members = row.and_then(|row| self.membership.rows.get(row));
        let is_by_itself = members.is_some_and(|row| row.depends_on.is_empty() && row.dependents.is_empty());
        if is_by_itself && self.standing(check) == before {
            return Vec::new();
        }
        self.checks_changed(&[check])
    }

    /// How a check stands.
    pub(super) fn standing(&self, check: CheckId) -> Standing {
        let view = &self.checks[check];
        Standing { status: view.status, since: view.since, stale: view.stale }
    }

    /// `true` where it has another status than before, or is down since another moment.
    fn evaluate_service(&mut self, row: ServiceId) -> bool {
        let mut services = std::mem::take(&mut self.services);
        let turned = services.get_mut(row).map(|service| {
            let before = (service.status, service.onset);
            service.evaluate(&self.checks);
            (before != (service.status, service.onset), service.rank())
        });
        if let Some((_, rank)) = turned {
            services.rerank(row, rank);
        }
        self.services = services;
        turned.is_some_and(|(turned, _)| turned)
    }

    /// Since when a check of this row stands as it does was learned from the store; it was thought to since `before`.
    pub(super) fn learn_since(&mut self, row: ServiceId, before: Option<Since>) {
        let mut services = std::mem::take(&mut self.services);
        if let Some(service) = services.get_mut(row) {
            service.learn_since(before, &self.checks);
        }
        self.services = services;
    }

    /// Finds what of the trouble of these rows their dependencies explain, where these or a check are not what they were.
    /// Answers with those rows for which the explanation is not what it was.
    fn explain(&mut self, rows: &[ServiceId], has_changed: impl Fn(CheckId) -> bool) -> Vec<ServiceId> {
        // First who waits for whom: what a dependency waits for is a part of the explanation.
        let waits: Vec<bool> = rows.iter().map(|row| self.look_for_blocker(*row)).collect();
        let explained: Vec<bool> = rows.iter().map(|row| self.look_for_own_fault(*row, &has_changed)).collect();
        for row in rows {
            self.rerank(*row);
        }
        let changed = waits.into_iter().zip(explained).map(|(waits, explained)| waits || explained);
        rows.iter().zip(changed).filter(|(_, changed)| *changed).map(|(row, _)| *row).collect()
    }

    /// Moves a service to where it belongs in the list, where what explains it is not what it was.
    fn rerank(&mut self, row: ServiceId) {
        if let Some(rank) = self.services.get(row).map(ServiceView::rank) {
            self.services.rerank(row, rank);
        }
    }

    fn look_for_blocker(&mut self, row: ServiceId) -> bool {
        let waits_for = self.blocker_of(row).map(|other| other.name.clone());
        let Some(service) = self.services.get_mut(row) else { return false };
        let blocked_by = waits_for.clone().filter(|_| service.is_in_trouble());
        let changed = (&service.waits_for, &service.blocked_by) != (&waits_for, &blocked_by);
        (service.waits_for, service.blocked_by) = (waits_for, blocked_by);
        changed
    }

    /// The dependency that is down and explains the trouble of a row, if it has any: one that its checks name, else the
    /// nearest, but one that was down in time to explain anything comes before one that was not.
    fn blocker_of(&self, row: ServiceId) -> Option<&ServiceView> {
        let membership = &self.membership.rows[row];
        let others = membership.depends_on.iter().filter_map(|id| Some((*id, self.service_at(*id)?)));
        let down: Vec<(ServiceId, &ServiceView)> = others.filter(|(_, other)| other.status == Status::Down).collect();
        if down.len() > 1
            && let Some(named) = down.iter().take(MOST_NAMED).find(|(id, _)| self.is_named_by(*id, &membership.checks))
        {
            return Some(named.1);
        }
        let onsets = membership.checks.iter().filter_map(|id| Onset::of(&self.checks[*id]));
        let explains =
            |other: &ServiceView| other.onset.is_none_or(|other| onsets.clone().any(|onset| !onset.is_before(other)));
        down.iter().find(|(_, other)| explains(other)).or_else(|| down.first()).map(|(_, other)| *other)
    }

    /// Whether a check in trouble names a service as its cause.
    fn is_named_by(&self, row: ServiceId, checks: &[CheckId]) -> bool {
        let called = self.called(&[(row, None)]);
        let troubled = checks.iter().map(|id| &self.checks[*id]).filter(|check| Onset::of(check).is_some());
        let mut readings = troubled.filter_map(|check| check.last.as_ref());
        readings.any(|reading| cause::names_dependency(reading, &called))
    }

    fn look_for_own_fault(&mut self, row: ServiceId, has_changed: impl Fn(CheckId) -> bool) -> bool {
        let membership = Arc::clone(&self.membership);
        let waits = self.service_at(row).is_some_and(|service| service.waits_for.is_some());
        let depends_on = &membership.rows[row].depends_on;
        let suspects = if waits { self.troubled(depends_on) } else { Vec::new() };
        let same = self.service_at(row).is_some_and(|service| service.suspects == suspects);
        let mut called = None;
        for id in membership.rows[row].checks.iter().filter(|id| !same || has_changed(**id)) {
            let check = &self.checks[*id];
            let is_troubled = waits && check.status.is_trouble();
            let reading = check.last.as_ref().filter(|_| is_troubled);
            // Their names are made ready once, and only where somebody asks for them.
            let own = reading.and_then(|reading| {
                let called = called.get_or_insert_with(|| self.called(&suspects));
                let named = cause::own_cause(reading, called);
                named.or_else(|| cause::unnamed_cause(reading, called).filter(|_| self.fell_before(*id, depends_on)))
            });
            let fell_first = own.is_some() && self.fell_before(*id, depends_on);
            let check = &mut self.checks[*id];
            (check.own_reason, check.fell_first) = (own, fell_first);
        }
        let leading = self.service_at(row).and_then(|service| service.leading).filter(|_| waits);
        let fell_first = leading.is_some_and(|id| self.checks[id].fell_first);
        let Some(service) = self.services.get_mut(row) else { return false };
        // The leading check speaks first.
        let mut checks = service.leading.iter().chain(&*service.checks);
        let own_reason = checks.find_map(|id| self.checks[*id].own_reason.clone());
        let changed = (service.fell_first, &service.own_reason) != (fell_first, &own_reason);
        (service.suspects, service.fell_first, service.own_reason) = (suspects, fell_first, own_reason);
        changed
    }

    /// Whether the trouble of a check began before that of every dependency that is down.
    fn fell_before(&self, check: CheckId, depends_on: &[ServiceId]) -> bool {
        Onset::of(&self.checks[check]).is_some_and(|onset| self.is_before_all(onset, depends_on))
    }

    /// Whether what an alert of this row is about certainly began before the trouble of every dependency that is down.
    pub(super) fn began_before_dependencies(&self, row: ServiceId, onset: Onset) -> bool {
        self.is_before_all(onset, &self.membership.rows[row].depends_on)
    }

    fn is_before_all(&self, onset: Onset, depends_on: &[ServiceId]) -> bool {
        let others = depends_on.iter().filter_map(|row| self.service_at(*row));
        let mut down = others.filter(|other| other.status == Status::Down);
        down.all(|other| other.onset.is_some_and(|other| onset.is_before(other)))
    }

    /// The dependencies that are down, or in trouble themselves for one that is.
    fn troubled(&self, depends_on: &[ServiceId]) -> Vec<Suspect> {
        let is_troubled = |other: &ServiceView| other.status == Status::Down || other.blocked_by.is_some();
        let services = depends_on.iter().filter_map(|row| Some((*row, self.service_at(*row)?)));
        services.filter(|(_, other)| is_troubled(other)).map(|(row, other)| (row, other.onset)).collect()
    }

    /// What these services are called: their names and titles, and the names of their checks.
    fn called(&self, rows: &[Suspect]) -> Suspects {
        let services = rows.iter().filter_map(|(row, _)| self.service_at(*row));
        Suspects::new(services.flat_map(|service| {
            let checks = service.checks.iter().map(|id| &*self.checks[*id].name);
            [&*service.name, &*service.title].into_iter().chain(checks)
        }))
    }
}
