//! The conditions of a configuration with what each remembers.

use std::collections::HashMap;
use std::ops::Range;

use crate::config::Config;
use crate::config::sections::slo::Slo;
use crate::lang::condition::Condition;
use crate::model::alert::{Alert, Severity};
use crate::text::name::Name;

use super::alerts::AlertSubject;
use super::ids::{AlertId, CheckId, Id, MetricId, ServiceId, SloId, numbered};
use super::membership::Membership;
use super::objectives::{self, SloRule};
use super::table::IdTable;

/// One condition with its memory.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    pub(super) alert: Alert,
    pub(super) subject: AlertSubject,
    pub(super) service: Option<Name>,
    /// The row of services that its subject belongs to.
    pub(super) row: Option<ServiceId>,
    pub(super) about: SubjectId,
}

/// What a condition is about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum SubjectId {
    Check(CheckId),
    Metric(MetricId),
    /// An objective, and what is asked of it.
    Slo(SloId, SloRule),
}

/// Every machine of a configuration, in its order, and whose each is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Machines {
    pub(super) all: Vec<Machine>,
    pub(super) of_check: IdTable<CheckId, Range<usize>>,
    pub(super) of_metric: IdTable<MetricId, Range<usize>>,
    pub(super) of_slo: IdTable<SloId, Range<usize>>,
    /// The alerts of each row of services.
    pub(super) of_row: IdTable<ServiceId, Vec<AlertId>>,
}

/// The alert of our own network, which no machine makes.
pub(super) const NETWORK: &str = "console:network";

impl Machines {
    /// The alert of that name, which says whose it is.
    pub(super) fn alert(&self, name: &str, membership: &Membership) -> Option<AlertId> {
        if name == NETWORK {
            return Some(AlertId::new(self.all.len()));
        }
        let (kind, rest) = name.split_once(':')?;
        let subject = rest.split('/').next()?;
        let own = match kind {
            "check" => self.of_check.get(*membership.checks.get(subject)?),
            "slo" => self.of_slo.get(*membership.slos.get(subject)?),
            _ => self.of_metric.get(*membership.metrics.get(subject)?),
        };
        own?.clone().find(|at| *self.all[*at].alert.name == *name).map(AlertId::new)
    }

    /// The machines of a configuration. Those that `old` has already, under the same name and condition, keep their
    /// state.
    pub(crate) fn new(config: &Config, membership: &Membership, old: &Self) -> Self {
        let known: HashMap<&Name, &Alert> =
            old.all.iter().map(|machine| (&machine.alert.name, &machine.alert)).collect();
        let conditions = config.checks.iter().map(|check| check.alerts.len());
        let conditions = conditions.chain(config.metrics.iter().map(|metric| metric.alerts.len()));
        let mut machines = Self { all: Vec::with_capacity(conditions.sum()), ..Self::default() };
        let of_check = numbered(&config.checks).map(|(id, check)| {
            let row = membership.row_of_check.get(id).copied().flatten();
            let subject = AlertSubject::Check(check.name.clone());
            machines.add(&subject, check.service.as_ref(), (row, SubjectId::Check(id)), &check.alerts, &known)
        });
        machines.of_check = of_check.collect();
        let of_metric = numbered(&config.metrics).map(|(id, metric)| {
            let row = membership.row_of_metric.get(id).copied().flatten();
            let subject = AlertSubject::Metric(metric.name.clone());
            machines.add(&subject, metric.service.as_ref(), (row, SubjectId::Metric(id)), &metric.alerts, &known)
        });
        machines.of_metric = of_metric.collect();
        machines.of_slo =
            numbered(&config.slos).map(|(id, slo)| machines.add_slo((id, slo), config, membership, &known)).collect();
        machines.of_row = membership.rows.iter().map(|_| Vec::new()).collect();
        for (id, machine) in numbered(&mut machines.all) {
            machine.alert.resolved_for = config.alerting.resolved_for;
            if let Some(row) = machine.row {
                machines.of_row[row].push(id);
            }
        }
        machines
    }

    fn add(
        &mut self,
        subject: &AlertSubject,
        service: Option<&Name>,
        (row, about): (Option<ServiceId>, SubjectId),
        conditions: &[(Severity, Condition)],
        known: &HashMap<&Name, &Alert>,
    ) -> Range<usize> {
        let from = self.all.len();
        for (severity, condition) in conditions {
            let nth = self.all.len() - from;
            self.put(subject, (service, row, about), (nth, *severity, condition), known);
        }
        from..self.all.len()
    }

    fn add_slo(
        &mut self,
        (id, slo): (SloId, &Slo),
        config: &Config,
        membership: &Membership,
        known: &HashMap<&Name, &Alert>,
    ) -> Range<usize> {
        let from = self.all.len();
        let (service, row) = (objectives::service(slo, config), membership.row_of_slo(config, id));
        let subject = AlertSubject::Slo(slo.name.clone());
        for (nth, (severity, condition, rule)) in objectives::rules(slo).into_iter().enumerate() {
            self.put(&subject, (service, row, SubjectId::Slo(id, rule)), (nth, severity, &condition), known);
        }
        from..self.all.len()
    }

    /// Adds one condition, the `nth` of its subject.
    fn put(
        &mut self,
        subject: &AlertSubject,
        (service, row, about): (Option<&Name>, Option<ServiceId>, SubjectId),
        (nth, severity, condition): (usize, Severity, &Condition),
        known: &HashMap<&Name, &Alert>,
    ) {
        let kind = match about {
            SubjectId::Check(_) => "check",
            SubjectId::Metric(_) => "metric",
            SubjectId::Slo(..) => "slo",
        };
        // Joined and not formatted: there may be ten thousand before the first frame.
        let name: Name = [kind, ":", subject.name(), "/", severity.word(), "/", &nth.to_string()].concat().into();
        let same = known.get(&name).filter(|alert| alert.condition == *condition);
        let alert = same.map_or_else(|| Alert::new(name, severity, condition.clone()), |alert| Alert::clone(alert));
        self.all.push(Machine { alert, subject: subject.clone(), service: service.cloned(), row, about });
    }
}
