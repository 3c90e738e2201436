//! Services as they are shown: the worst of their members, and whose fault that is.

use std::cmp::Reverse;
use std::sync::Arc;

use super::checks::CheckView;
use super::ids::{ActionId, CheckId, LogId, MetricId, ServiceId};
use super::membership::Members;
use super::onset::Onset;
use super::ranked::Ranked;
use super::table::IdTable;
use crate::model::since::Since;
use crate::model::status::Status;
use crate::text::SafeText;
use crate::text::name::Name;

/// Among services that are equally bad: those that wait for none that is down or were so before it, then those that do and have a fault of
/// their own, then those that a dependency explains; of each first the one for which the most others wait.
pub(crate) type Precedence = (u8, Reverse<usize>);

/// The row of a dependency in trouble, and when that began where it is down.
pub(super) type Suspect = (ServiceId, Option<Onset>);

/// Services by their row in the configuration, read worst first.
pub(crate) type Services = Ranked<ServiceId, Reverse<u8>, Precedence, ServiceView>;

/// One service, or what belongs to none: under the console's own name, or a check where there are no services.
#[derive(Debug, Clone)]
pub struct ServiceView {
    /// Its name.
    pub name: Name,
    /// Its title.
    pub title: String,
    /// True for a row of what belongs to no service.
    pub own: bool,
    /// The worst of its checks; unknown where it has none.
    pub status: Status,
    /// Since when.
    pub since: Option<Since>,
    /// Whether one of its checks is stale.
    pub stale: bool,
    /// Its checks.
    pub checks: Arc<[CheckId]>,
    /// Its metrics.
    pub metrics: Arc<[MetricId]>,
    /// Its logs. Where it has none of its own, those that belong to no service, whose
    /// records may name it.
    pub logs: Arc<[LogId]>,
    /// Its actions; none in read-only mode.
    pub actions: Arc<[ActionId]>,
    /// The check that makes it what it is: the worst, the first among equals.
    pub leading: Option<CheckId>,
    /// The nearest service it depends on that is down, while it is in trouble itself.
    pub blocked_by: Option<Name>,
    /// What of its trouble no dependency explains, in words, where a dependency is down.
    pub own_reason: Option<SafeText>,
    /// The same dependency whether or not it is in trouble: it explains the figures too.
    pub(crate) waits_for: Option<Name>,
    /// Whether it was so before the dependency that it waits for: that did not take it down.
    pub(crate) fell_first: bool,
    /// When the trouble of its checks that are down began, while it is down.
    pub(super) onset: Option<Onset>,
    /// How many services depend on it, at whatever remove.
    pub(super) dependents: usize,
    /// The rows of the dependencies that were suspected when whose fault it is was looked at last, and since when they are
    /// down.
    pub(super) suspects: Vec<Suspect>,
}

impl ServiceView {
    pub(super) fn new(members: &Members) -> Self {
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
            fell_first: false,
            onset: None,
            dependents: members.dependents.len(),
            suspects: Vec::new(),
        }
    }

    /// Its name where the configuration has it; `None` for a row of what belongs to no service.
    pub(crate) fn configured(&self) -> Option<&Name> {
        (!self.own).then_some(&self.name)
    }

    /// The dependency to name beside its trouble: none where it was so before that.
    pub(crate) fn by(&self) -> Option<&Name> {
        self.blocked_by.as_ref().filter(|_| !self.fell_first)
    }

    /// Whether a dependency that is down explains all of its trouble.
    pub(crate) fn is_explained(&self) -> bool {
        self.blocked_by.is_some() && self.own_reason.is_none()
    }

    /// Whether it is known to be well.
    pub(crate) fn is_healthy(&self) -> bool {
        self.status == Status::Ok && !self.stale
    }

    /// Cause before consequence.
    pub(super) fn rank(&self) -> (Reverse<u8>, Precedence) {
        let waits = match (&self.blocked_by, &self.own_reason) {
            (None, _) => 0,
            _ if self.fell_first => 0,
            (Some(_), Some(_)) => 1,
            (Some(_), None) => 2,
        };
        // Where nothing is broken the order is that of the configuration.
        let dependents = if self.status == Status::Down { self.dependents } else { 0 };
        (Reverse(self.status.badness()), (waits, Reverse(dependents)))
    }

    pub(super) const fn is_in_trouble(&self) -> bool {
        !matches!(self.status, Status::Ok | Status::Cold)
    }

    /// The worst of its checks, of all that are known.
    pub(super) fn evaluate(&mut self, checks: &IdTable<CheckId, CheckView>) {
        // `max_by_key` takes the last among equals; the first in the file is the one that people look for.
        let leading = self.checks.iter().rev().max_by_key(|id| checks[**id].status.badness()).copied();
        self.leading = leading;
        let before = self.status;
        if let Some(check) = leading.map(|id| &checks[id]) {
            self.status = check.status;
            self.since = self.since(before, checks);
        }
        let down = self.checks.iter().map(|id| &checks[*id]).filter(|check| check.status == Status::Down);
        self.onset = Onset::first(down.filter_map(Onset::of));
        self.stale = self.checks.iter().any(|id| checks[*id].stale);
    }

    /// Since when one of its checks stands as it does was learned from the store; it was thought to since `before`.
    pub(super) fn learn_since(&mut self, before: Option<Since>, checks: &IdTable<CheckId, CheckView>) {
        if self.since.is_none_or(|since| since.seen && self.since != before) {
            return;
        }
        self.since = None;
        let before = if self.is_in_trouble() { Status::Unknown } else { self.status };
        self.since = self.since(before, checks);
    }

    /// Since when the whole is like this. It turns when the last of its checks turned; what it was found in began with
    /// the first of the checks that are so.
    fn since(&self, before: Status, checks: &IdTable<CheckId, CheckView>) -> Option<Since> {
        if before == self.status && self.since.is_some() {
            return self.since;
        }
        let all = self.checks.iter().map(|id| &checks[*id]);
        if before == Status::Unknown && self.is_in_trouble() {
            let alike = all.filter(|check| check.status == self.status).filter_map(|check| check.since);
            return alike.min_by_key(|since| (since.at.mono, since.seen));
        }
        all.filter_map(|check| check.since).max_by_key(|since| (since.at.mono, !since.seen))
    }
}
