//! Services as they are shown: the worst of their members, and whose fault that is.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::World;
use super::membership::{Members, Membership};
use super::ranked::Ranked;
use crate::model::cause::{self, Suspects};
use crate::model::since::Since;
use crate::model::status::Status;
use crate::text::SafeText;
use crate::text::name::Name;

/// Services by their row in the configuration, read worst first.
pub(crate) type Services = Ranked<Reverse<u8>, (), ServiceView>;

/// One service, or the console's own name for what belongs to none.
#[derive(Debug, Clone)]
pub struct ServiceView {
    /// Its name.
    pub name: Name,
    /// Its title.
    pub title: String,
    /// True for the row under the console's own name: what belongs to no service.
    pub own: bool,
    /// The worst of its checks; unknown where it has none.
    pub status: Status,
    /// Since when.
    pub since: Option<Since>,
    /// Whether one of its checks is stale.
    pub stale: bool,
    /// Its checks: positions in [`World::checks`].
    pub checks: Arc<[usize]>,
    /// Its metrics: positions in `World::metrics`.
    pub metrics: Arc<[usize]>,
    /// Its logs: positions in `World::logs`. Where it has none of its own, those that belong to no service, whose
    /// records may name it.
    pub logs: Arc<[usize]>,
    /// Its actions: positions in `config.actions`; empty in read-only mode.
    pub actions: Arc<[usize]>,
    /// The check that makes it what it is: the worst, the first among equals.
    pub leading: Option<usize>,
    /// The nearest service it depends on that is down, while it is in trouble itself.
    pub blocked_by: Option<Name>,
    /// What of its trouble no dependency explains, in words, where a dependency is down.
    pub own_reason: Option<SafeText>,
    /// The same dependency whether or not it is in trouble: it explains the figures too.
    pub(crate) waits_for: Option<Name>,
    /// The rows of the dependencies that were suspected when whose fault it is was looked at last.
    suspects: Vec<usize>,
}

impl ServiceView {
    fn new(members: &Members) -> Self {
        Self {
            name: members.name.clone(),
            title: members.title.clone(),
            own: members.own,
            status: Status::Unknown,
            since: None,
            stale: false,
            checks: members.checks.clone(),
            metrics: members.metrics.clone(),
            logs: members.logs.clone(),
            actions: members.actions.clone(),
            leading: None,
            blocked_by: None,
            own_reason: None,
            waits_for: None,
            suspects: Vec::new(),
        }
    }

    /// Whether a dependency that is down explains all of its trouble.
    pub(crate) fn is_explained(&self) -> bool {
        self.blocked_by.is_some() && self.own_reason.is_none()
    }

    fn rank(&self) -> (Reverse<u8>, ()) {
        (Reverse(self.status.badness()), ())
    }

    const fn is_in_trouble(&self) -> bool {
        !matches!(self.status, Status::Ok | Status::Cold)
    }

    fn evaluate(&mut self, world: &World) {
        // `max_by_key` takes the last among equals; the first in the file is the one that people look for.
        let leading = self.checks.iter().rev().max_by_key(|at| world.checks[**at].status.badness()).copied();
        self.leading = leading;
        let before = self.status;
        if let Some(check) = leading.map(|at| &world.checks[at]) {
            self.status = check.status;
            self.since = self.since(before, world);
        }
        self.stale = self.checks.iter().any(|at| world.checks[*at].stale);
    }

    /// Since when the whole is like this. It turns when the last of its checks turned; what it was found in began with
    /// the first of the checks that are so.
    fn since(&self, before: Status, world: &World) -> Option<Since> {
        if before == self.status && self.since.is_some() {
            return self.since;
        }
        let all = self.checks.iter().map(|at| &world.checks[*at]);
        if before == Status::Unknown && self.is_in_trouble() {
            let alike = all.filter(|check| check.status == self.status).filter_map(|check| check.since);
            return alike.min_by_key(|since| (since.at.mono, since.seen));
        }
        all.filter_map(|check| check.since).max_by_key(|since| (since.at.mono, !since.seen))
    }
}

impl World {
    /// The row under which a check is shown.
    pub fn row_of(&self, check: &str) -> Name {
        let row = self.membership.checks.get(check).and_then(|at| self.membership.row_of_check[*at]);
        row.map_or_else(|| self.own_name(), |row| self.membership.rows[row].name.clone())
    }

    /// The service of a row.
    pub(crate) fn service_at(&self, row: usize) -> Option<&ServiceView> {
        self.services.at(row)
    }

    /// The configuration is another one: who belongs to whom is computed, and everything anew from it.
    pub(crate) fn regroup(&mut self) {
        let membership = Arc::new(Membership::new(&self.config, !self.read_only));
        let mut old: HashMap<Name, ServiceView> =
            self.services.take_all().map(|service| (service.name.clone(), service)).collect();
        for (row, members) in membership.rows.iter().enumerate() {
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
        let rows: Vec<usize> = (0..self.services.len()).collect();
        for row in &rows {
            self.evaluate_service(*row);
        }
        self.explain(&rows, |_| true);
    }

    /// Checks have another status or say something else: their own rows change, and perhaps those that depend on them.
    /// Answers with the rows whose alerts may be muted otherwise than before.
    pub(crate) fn checks_changed(&mut self, checks: &[usize]) -> Vec<usize> {
        let membership = Arc::clone(&self.membership);
        let changed: BTreeSet<usize> = checks.iter().copied().collect();
        let mut rows: Vec<usize> = checks.iter().filter_map(|check| *membership.row_of_check.get(*check)?).collect();
        rows.sort_unstable();
        rows.dedup();
        for at in 0..rows.len() {
            if self.evaluate_service(rows[at]) {
                rows.extend(&membership.rows[rows[at]].dependents);
            }
        }
        rows.sort_unstable();
        rows.dedup();
        self.explain(&rows, |check| changed.contains(&check))
    }

    /// `true` where it has another status than before.
    fn evaluate_service(&mut self, row: usize) -> bool {
        let mut services = std::mem::take(&mut self.services);
        let turned = services.at_mut(row).map(|service| {
            let before = service.status;
            service.evaluate(self);
            (before != service.status, service.rank())
        });
        if let Some((_, rank)) = turned {
            services.rerank(row, rank);
        }
        self.services = services;
        turned.is_some_and(|(turned, _)| turned)
    }

    /// Finds what of the trouble of these rows their dependencies explain, where these or a check are not what they were.
    /// Answers with those rows for which the explanation is not what it was.
    fn explain(&mut self, rows: &[usize], has_changed: impl Fn(usize) -> bool) -> Vec<usize> {
        // First who waits for whom: what a dependency waits for is a part of the explanation.
        let waits: Vec<bool> = rows.iter().map(|row| self.look_for_blocker(*row)).collect();
        let explained: Vec<bool> = rows.iter().map(|row| self.look_for_own_fault(*row, &has_changed)).collect();
        let changed = waits.into_iter().zip(explained).map(|(waits, explained)| waits || explained);
        rows.iter().zip(changed).filter(|(_, changed)| *changed).map(|(row, _)| *row).collect()
    }

    fn look_for_blocker(&mut self, row: usize) -> bool {
        let mut others = self.membership.rows[row].depends_on.iter().filter_map(|at| self.service_at(*at));
        let waits_for = others.find(|other| other.status == Status::Down).map(|other| other.name.clone());
        let Some(service) = self.services.at_mut(row) else { return false };
        let blocked_by = waits_for.clone().filter(|_| service.is_in_trouble());
        let changed = (&service.waits_for, &service.blocked_by) != (&waits_for, &blocked_by);
        (service.waits_for, service.blocked_by) = (waits_for, blocked_by);
        changed
    }

    fn look_for_own_fault(&mut self, row: usize, has_changed: impl Fn(usize) -> bool) -> bool {
        let membership = Arc::clone(&self.membership);
        let waits = self.service_at(row).is_some_and(|service| service.waits_for.is_some());
        let suspects = if waits { self.troubled(&membership.rows[row].depends_on) } else { Vec::new() };
        let same = self.service_at(row).is_some_and(|service| service.suspects == suspects);
        let mut called = None;
        for at in membership.rows[row].checks.iter().filter(|at| !same || has_changed(**at)) {
            let check = &self.checks[*at];
            let is_troubled = waits && !matches!(check.status, Status::Ok | Status::Cold | Status::Unknown);
            let reading = check.last.as_ref().filter(|_| is_troubled);
            // Their names are made ready once, and only where somebody asks for them.
            let own = reading
                .and_then(|reading| cause::own_cause(reading, called.get_or_insert_with(|| self.called(&suspects))));
            self.checks[*at].own_reason = own;
        }
        let Some(service) = self.services.at_mut(row) else { return false };
        // The leading check speaks first.
        let mut checks = service.leading.iter().chain(&*service.checks);
        let own_reason = checks.find_map(|at| self.checks[*at].own_reason.clone());
        service.suspects = suspects;
        let before = std::mem::replace(&mut service.own_reason, own_reason);
        before != service.own_reason
    }

    /// The dependencies that are down, or in trouble themselves for one that is.
    fn troubled(&self, depends_on: &[usize]) -> Vec<usize> {
        let is_troubled = |other: &ServiceView| other.status == Status::Down || other.blocked_by.is_some();
        depends_on.iter().copied().filter(|row| self.service_at(*row).is_some_and(is_troubled)).collect()
    }

    /// What these services are called: their names and titles, and the names of their checks.
    fn called(&self, rows: &[usize]) -> Suspects {
        let services = rows.iter().filter_map(|row| self.service_at(*row));
        Suspects::new(services.flat_map(|service| {
            let checks = service.checks.iter().map(|at| &*self.checks[*at].name);
            [&*service.name, &*service.title].into_iter().chain(checks)
        }))
    }
}
