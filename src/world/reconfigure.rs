//! A new configuration: what stayed keeps its history, what went is let go.

use std::collections::HashMap;
use std::sync::Arc;

use super::World;
use super::checks::CheckView;
use super::logs::LogView;
use super::machines::Machines;
use super::metrics::MetricView;
use super::output::{Change, Intent, Output};
use crate::config::Config;
use crate::lang::time::Stamp;
use crate::logs::ring::RingLimits;
use crate::model::fact::{ConfigChanged, Statement};
use crate::text::SafeText;
use crate::text::name::Name;

impl World {
    /// Takes in another configuration. The flag on the command line wins over its `read_only` and can't be reloaded away;
    /// the file's own word can.
    pub(crate) fn reconfigure(&mut self, config: Arc<Config>, now: Stamp) -> Output {
        self.advance(now);
        let mut output = Output { changes: vec![Change::Alerts], ..Output::noticeable() };
        self.leave_minute(&mut output);
        self.diagnostics.reloads.0 += 1;
        self.diagnostics.configured_at = Some(now);
        self.diagnostics.accepted();
        let read_only_before = self.config.console.read_only;
        self.reconfigure_checks(&config);
        self.reconfigure_metrics(&config);
        self.review_charted();
        self.reconfigure_slos(&config);
        self.reconfigure_logs(&config);
        if config.console.read_only != read_only_before {
            self.read_only = config.console.read_only || (self.read_only && !read_only_before);
        }
        self.maintenance.reconfigure(&config);
        self.changes.reconfigure();
        self.duty.reconfigure(&config);
        self.reschedule_checklists(&config);
        self.config = config;
        self.checklists.missed = None;
        self.regroup();
        self.machines = Machines::new(&self.config, &self.membership, &self.machines);
        self.exclude_from_all();
        self.review_maintenance(&mut output);
        self.review_duty(&mut output);
        self.list_alerts();
        self.review_settled();
        self.review_firings(&mut output);
        output.extend(self.ask_for_statuses());
        output
    }

    /// Puts on record what is otherwise by another configuration, where this process acts for all by it.
    pub(crate) fn say_reconfigured(&self, changes: &[SafeText]) -> Output {
        let mut output = Output::default();
        if self.lease.fence().is_some() && !changes.is_empty() {
            let said = ConfigChanged::new(self.config.digest(), changes);
            output.intents.push(Intent::Append(vec![Statement::ConfigChanged(said)]));
        }
        output
    }

    fn reconfigure_checks(&mut self, config: &Config) {
        let now = self.now;
        let mut old: HashMap<Name, CheckView> =
            std::mem::take(&mut self.checks).into_iter().map(|check| (check.name.clone(), check)).collect();
        let taken = config.checks.iter().map(|check| {
            let fresh = CheckView::new(check, now);
            match old.remove(&check.name) {
                Some(kept) => kept.moved(fresh, check),
                None => fresh,
            }
        });
        self.checks = taken.collect();
    }

    fn reconfigure_metrics(&mut self, config: &Config) {
        let now = self.now;
        let mut old: HashMap<Name, MetricView> =
            std::mem::take(&mut self.metrics).into_iter().map(|metric| (metric.name.clone(), metric)).collect();
        let taken = config.metrics.iter().map(|metric| {
            let fresh = MetricView::new(metric, now);
            match old.remove(&metric.name) {
                Some(kept) => kept.moved(fresh),
                None => fresh,
            }
        });
        self.metrics = taken.collect();
    }

    fn reconfigure_logs(&mut self, config: &Config) {
        let limits = RingLimits { records: config.console.log_records, bytes: config.console.log_bytes };
        let mut old: HashMap<Name, LogView> =
            std::mem::take(&mut self.logs).into_iter().map(|log| (log.name.clone(), log)).collect();
        let taken = config.logs.iter().map(|log| match old.remove(&log.name) {
            Some(kept) => kept.moved(log),
            None => LogView::new(log, limits),
        });
        self.logs = taken.collect();
    }
}
