//! Services as they are shown: the worst of their members.

use std::collections::BTreeSet;

use crate::app::state::State;
use crate::config::Config;
use crate::config::sections::check::Check;
use crate::model::name::Name;
use crate::model::status::Status;
use crate::model::time::Stamp;

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
    pub since: Option<Stamp>,
    /// Whether one of its checks is stale.
    pub stale: bool,
    /// Its checks: positions in [`crate::app::state::State::checks`].
    pub checks: Vec<usize>,
    /// Its metrics: positions in `State::metrics`.
    pub metrics: Vec<usize>,
    /// Its logs: positions in `State::logs`. Where it has none of its own, those that belong to no service, whose
    /// records may name it.
    pub logs: Vec<usize>,
    /// Its actions: positions in `config.actions`; empty in read-only mode.
    pub actions: Vec<usize>,
    /// The check that makes it what it is: the worst, the first among equals.
    pub leading: Option<usize>,
    /// The service it depends on that is down, which explains its own trouble.
    pub blocked_by: Option<Name>,
}

impl State {
    /// The row under which a check is shown.
    pub fn row_of(&self, check: &str) -> Name {
        let holds = |row: &&ServiceView| row.checks.iter().any(|at| *self.checks[*at].name == *check);
        self.services.iter().find(holds).map_or_else(|| self.own_name(), |row| row.name.clone())
    }

    /// Makes the services anew from checks and configuration: worst first, in the order of the file among equals.
    pub(in crate::app) fn derive_services(&mut self) {
        let mut services = rows(self);
        for service in &mut services {
            judge(service, self);
        }
        let blocked: Vec<Option<Name>> =
            services.iter().map(|service| blocking(&self.config, &services, &service.name)).collect();
        for (service, by) in services.iter_mut().zip(blocked) {
            service.blocked_by = by.filter(|_| !matches!(service.status, Status::Ok | Status::Cold));
        }
        services.sort_by_key(|service| std::cmp::Reverse(service.status.badness()));
        self.services = services;
    }
}

/// Every service with its members, in the order of the file; the console's own row last, where it has any.
fn rows(state: &State) -> Vec<ServiceView> {
    let config = &state.config;
    let of = |wanted: Option<&Name>, belongs: &mut dyn Iterator<Item = Option<&Name>>| -> Vec<usize> {
        belongs.enumerate().filter(|(_, service)| service.cloned().as_ref() == wanted).map(|(at, _)| at).collect()
    };
    let row = |name: Name, title: String, wanted: Option<&Name>| ServiceView {
        name,
        title,
        own: wanted.is_none(),
        status: Status::Unknown,
        since: None,
        stale: false,
        checks: of(wanted, &mut config.checks.iter().map(|check| check.service.as_ref())),
        metrics: of(wanted, &mut config.metrics.iter().map(|metric| metric.service.as_ref())),
        logs: {
            let of = |wanted: Option<&Name>| of(wanted, &mut config.logs.iter().map(|log| log.service.as_ref()));
            Some(of(wanted)).filter(|own| !own.is_empty()).unwrap_or_else(|| of(None))
        },
        actions: if state.read_only {
            Vec::new()
        } else {
            of(wanted, &mut config.actions.iter().map(|action| action.service.as_ref()))
        },
        leading: None,
        blocked_by: None,
    };
    let mut services: Vec<ServiceView> = config
        .services
        .iter()
        .map(|service| row(service.name.clone(), service.title.clone(), Some(&service.name)))
        .collect();
    if services.is_empty() && config.checks.len() > 1 {
        return by_check(config, &row(state.own_name(), String::new(), None));
    }
    let own = row(state.own_name(), config.console.name.clone(), None);
    // A row of statuses for what has no status would be an eternal UNKNOWN.
    if !(own.checks.is_empty() && own.actions.is_empty()) {
        services.push(own);
    }
    services
}

/// Where nobody named a service, each check is a row of its own: one row for all of them would say that something is wrong,
/// but not what. Metrics, logs and actions belong to every one.
fn by_check(config: &Config, all: &ServiceView) -> Vec<ServiceView> {
    let row = |(at, check): (usize, &Check)| ServiceView {
        name: check.name.clone(),
        title: check.name.to_string(),
        checks: vec![at],
        ..all.clone()
    };
    config.checks.iter().enumerate().map(row).collect()
}

fn judge(service: &mut ServiceView, state: &State) {
    // `max_by_key` takes the last among equals; the first in the file is the one that people look for.
    let leading = service.checks.iter().rev().max_by_key(|at| state.checks[**at].status.badness()).copied();
    service.leading = leading;
    if let Some(check) = leading.map(|at| &state.checks[at]) {
        service.status = check.status;
        // Since when the whole is like this: since the first of those that are equally bad.
        let equal = service.checks.iter().map(|at| &state.checks[*at]).filter(|other| other.status == check.status);
        service.since = equal.filter_map(|other| other.since).min_by_key(|since| since.mono);
    }
    service.stale = service.checks.iter().any(|at| state.checks[*at].stale);
}

/// The nearest dependency of `name` that is down.
fn blocking(config: &Config, services: &[ServiceView], name: &str) -> Option<Name> {
    let mut seen = BTreeSet::new();
    let mut next = vec![name];
    while !next.is_empty() {
        let near: Vec<&Name> = next
            .iter()
            .filter_map(|name| config.services.iter().find(|service| &*service.name == *name))
            .flat_map(|service| &service.depends_on)
            .filter(|name| seen.insert((*name).clone()))
            .collect();
        let down = |name: &&&Name| services.iter().any(|s| s.name == ***name && s.status == Status::Down);
        if let Some(found) = near.iter().find(down) {
            return Some((*found).clone());
        }
        next = near.into_iter().map(AsRef::as_ref).collect();
    }
    None
}
