//! Who belongs to whom: computed once for each configuration, so that a reading costs the same in a world of ten checks
//! and in one of ten thousand.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::ids::{ActionId, CheckId, Id, LogId, MetricId, ServiceId, SloId, numbered};
use super::table::IdTable;
use crate::config::Config;
use crate::config::sections::metric::MetricKind;
use crate::config::sections::service::Service;
use crate::config::sections::slo::SloKind;
use crate::text::name::Name;

/// The members of one row of the services.
#[derive(Debug, Clone)]
pub(crate) struct Members {
    /// Its name: of a service, the console's own, or of a check where there are no services.
    pub(crate) name: Name,
    pub(crate) title: String,
    /// Whether it holds what belongs to no service.
    pub(crate) own: bool,
    /// Its checks.
    pub(crate) checks: Arc<[CheckId]>,
    /// Its metrics.
    pub(crate) metrics: Arc<[MetricId]>,
    /// Its logs; where it has none, of those that belong to no service.
    pub(crate) logs: Arc<[LogId]>,
    /// Its actions.
    pub(crate) actions: Arc<[ActionId]>,
    /// The rows that it depends on at whatever remove, the nearest first.
    pub(crate) depends_on: Vec<ServiceId>,
    /// The rows that depend on it at whatever remove.
    pub(crate) dependents: Vec<ServiceId>,
}

/// Where everything of a configuration is found. Rows are counted in the order of the file, services first.
#[derive(Debug, Default)]
pub(crate) struct Membership {
    /// The rows.
    pub(crate) rows: IdTable<ServiceId, Members>,
    /// The row that holds all that belongs to no service, where one does.
    pub(crate) own_row: Option<ServiceId>,
    /// The row of each check.
    pub(crate) row_of_check: IdTable<CheckId, Option<ServiceId>>,
    /// The row of each metric, where it has one.
    pub(crate) row_of_metric: IdTable<MetricId, Option<ServiceId>>,
    /// Each check by its name.
    pub(crate) checks: HashMap<Name, CheckId>,
    /// Each metric by its name.
    pub(crate) metrics: HashMap<Name, MetricId>,
    /// Each log by its name.
    pub(crate) logs: HashMap<Name, LogId>,
    /// Each row by its name.
    pub(crate) services: HashMap<Name, ServiceId>,
    /// The checks that judge each source, by the source's name.
    pub(crate) of_source: HashMap<Name, Vec<CheckId>>,
    /// The metrics that are computed from each check's own latency or availability.
    pub(crate) derived_metrics: IdTable<CheckId, Vec<MetricId>>,
    /// Each objective by its name.
    pub(crate) slos: HashMap<Name, SloId>,
    /// The objectives that measure each check.
    pub(crate) slos_of_check: IdTable<CheckId, Vec<SloId>>,
    /// The objectives that measure each metric.
    pub(crate) slos_of_metric: IdTable<MetricId, Vec<SloId>>,
}

impl Membership {
    /// Reads it off a configuration. `actions` is whether actions are shown at all.
    pub(crate) fn new(config: &Config, actions: bool) -> Self {
        let mut rows = rows_of(config, actions);
        let own_row = the_own(&rows);
        connect(config, &mut rows);
        let mut membership = Self {
            own_row,
            row_of_check: config.checks.iter().map(|_| None).collect(),
            row_of_metric: config.metrics.iter().map(|_| None).collect(),
            checks: by_name(config.checks.iter().map(|check| &check.name)),
            metrics: by_name(config.metrics.iter().map(|metric| &metric.name)),
            logs: by_name(config.logs.iter().map(|log| &log.name)),
            services: by_name(rows.iter().map(|row| &row.name)),
            of_source: HashMap::with_capacity(config.sources.len()),
            derived_metrics: config.checks.iter().map(|_| Vec::new()).collect(),
            slos: by_name(config.slos.iter().map(|slo| &slo.name)),
            slos_of_check: config.checks.iter().map(|_| Vec::new()).collect(),
            slos_of_metric: config.metrics.iter().map(|_| Vec::new()).collect(),
            rows,
        };
        for (id, row) in numbered(&membership.rows) {
            for check in &*row.checks {
                membership.row_of_check[*check] = Some(id);
            }
            // Where each check is a row, it is not said to which of them a metric without a service belongs.
            if !row.own || own_row.is_some() {
                for metric in &*row.metrics {
                    membership.row_of_metric[*metric] = Some(id);
                }
            }
        }
        for (id, check) in numbered(&config.checks) {
            membership.of_source.entry(check.source.clone()).or_default().push(id);
        }
        for (id, metric) in numbered(&config.metrics) {
            if let MetricKind::Latency { check, .. } | MetricKind::Availability { check, .. } = &metric.kind
                && let Some(check) = membership.checks.get(check)
            {
                membership.derived_metrics[*check].push(id);
            }
        }
        membership.connect_slos(config);
        membership
    }

    fn connect_slos(&mut self, config: &Config) {
        for (id, slo) in numbered(&config.slos) {
            match &slo.kind {
                SloKind::Check(name) => {
                    if let Some(check) = self.checks.get(name) {
                        self.slos_of_check[*check].push(id);
                    }
                }
                SloKind::Metric { metric, .. } => {
                    if let Some(metric) = self.metrics.get(metric) {
                        self.slos_of_metric[*metric].push(id);
                    }
                }
                SloKind::Action { .. } => {}
            }
        }
    }

    /// The row of what an objective measures, where it has one.
    pub(crate) fn row_of_slo(&self, config: &Config, id: SloId) -> Option<ServiceId> {
        match &config.slos.get(id.place())?.kind {
            SloKind::Check(name) => *self.row_of_check.get(*self.checks.get(name)?)?,
            SloKind::Metric { metric, .. } => *self.row_of_metric.get(*self.metrics.get(metric)?)?,
            SloKind::Action { .. } => None,
        }
    }
}

fn by_name<'a, I: Id>(names: impl Iterator<Item = &'a Name>) -> HashMap<Name, I> {
    let mut ids = HashMap::with_capacity(names.size_hint().0);
    // The first of a name is meant.
    for (id, name) in numbered(names) {
        ids.entry(name.clone()).or_insert(id);
    }
    ids
}

/// Things by the service that they belong to.
struct Grouped<'a, I>(HashMap<Option<&'a Name>, Arc<[I]>>);

impl<'a, I: Id> Grouped<'a, I> {
    fn new(services: impl Iterator<Item = Option<&'a Name>>) -> Self {
        let mut groups: HashMap<Option<&Name>, Vec<I>> = HashMap::new();
        for (id, service) in numbered(services) {
            groups.entry(service).or_default().push(id);
        }
        Self(groups.into_iter().map(|(service, ids)| (service, ids.into())).collect())
    }

    fn members(&self, service: Option<&Name>) -> Arc<[I]> {
        self.0.get(&service).cloned().unwrap_or_default()
    }
}

/// A row for each service, then one under the console's own name that holds what belongs to none, where that has a check: a row
/// of statuses for what has no status would be UNKNOWN for ever. Where there are no services at all, each check is a row of its
/// own and has all that belongs to none: one row for everything would say that something is wrong, but not what.
fn rows_of(config: &Config, shown: bool) -> IdTable<ServiceId, Members> {
    let checks = Grouped::new(config.checks.iter().map(|check| check.service.as_ref()));
    let metrics = Grouped::new(config.metrics.iter().map(|metric| metric.service.as_ref()));
    let logs = Grouped::new(config.logs.iter().map(|log| log.service.as_ref()));
    let actions = Grouped::new(config.actions.iter().filter(|_| shown).map(|action| action.service.as_ref()));
    let row = |name: Name, title: String, service: Option<&Name>| Members {
        name,
        title,
        own: service.is_none(),
        checks: checks.members(service),
        metrics: metrics.members(service),
        logs: Some(logs.members(service)).filter(|own| !own.is_empty()).unwrap_or_else(|| logs.members(None)),
        actions: actions.members(service),
        depends_on: Vec::new(),
        dependents: Vec::new(),
    };
    if config.services.is_empty() {
        let by_check = numbered(&config.checks).map(|(id, check): (CheckId, _)| Members {
            checks: Arc::new([id]),
            ..row(check.name.clone(), check.name.to_string(), None)
        });
        return by_check.collect();
    }
    let services = config.services.iter();
    let services = services.map(|service| row(service.name.clone(), service.title.clone(), Some(&service.name)));
    let (name, title) = own_name(config);
    services.chain(Some(row(name, title, None)).filter(|own| !own.checks.is_empty())).collect()
}

/// The only row of what belongs to no service.
fn the_own(rows: &IdTable<ServiceId, Members>) -> Option<ServiceId> {
    let mut own = numbered(rows).filter(|(_, members)| members.own).map(|(id, _)| id);
    let first = own.next()?;
    own.next().is_none().then_some(first)
}

/// What the row of what belongs to no service is called, and how it is shown: as the console, unless a service is.
fn own_name(config: &Config) -> (Name, String) {
    let console = config.console.name.as_str();
    let is_taken = |service: &Service| &*service.name == console || service.title == console;
    if config.services.iter().any(is_taken) {
        (format!("console:{console}").into(), format!("{console} (no service)"))
    } else {
        (Name::from(console), console.to_owned())
    }
}

/// Fills in who depends on whom.
fn connect(config: &Config, rows: &mut IdTable<ServiceId, Members>) {
    // Rows of services stand in the order of the file; other rows depend on nothing.
    let ids: HashMap<&Name, ServiceId> = numbered(&config.services).map(|(id, service)| (&service.name, id)).collect();
    for (row, service) in numbered(&config.services) {
        let needed = |id: ServiceId| &config.services[id.place()].depends_on;
        let direct = |id| needed(id).iter().filter_map(|name| ids.get(name).copied());
        let (mut seen, mut next) = (BTreeSet::from([row]), vec![row]);
        let mut found: Vec<ServiceId> = Vec::with_capacity(service.depends_on.len());
        while !next.is_empty() {
            next = next.into_iter().flat_map(direct).filter(|id| seen.insert(*id)).collect();
            found.extend(&next);
        }
        for id in &found {
            rows[*id].dependents.push(row);
        }
        rows[row].depends_on = found;
    }
}
