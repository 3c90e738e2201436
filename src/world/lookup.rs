//! Finding things by name.

use std::cmp::Ordering;
use std::time::Duration;

use super::World;
use super::alerts::{AlertSubject, AlertView};
use super::charted::Charted;
use super::checks::CheckView;
use super::ids::Id as _;
use super::logs::LogView;
use super::metrics::MetricView;
use super::runs::RunView;
use super::services::ServiceView;
use crate::config::sections::action::Action;
use crate::config::titles;
use crate::lang::order::InOrder;
use crate::model::outcome::StoreAbsence;
use crate::model::run::Run;
use crate::text::name::Name;

impl World {
    /// The check of that name.
    pub fn check(&self, name: &str) -> Option<&CheckView> {
        self.checks.get(*self.membership.checks.get(name)?)
    }

    /// The metric of that name.
    pub fn metric(&self, name: &str) -> Option<&MetricView> {
        self.metrics.get(*self.membership.metrics.get(name)?)
    }

    /// How far back values of any metric and latencies of any check go, as of the last minute that began: what the charts have to show together.
    pub(crate) fn charted_for(&self) -> Duration {
        self.charted_since.map_or(Duration::ZERO, |first| self.now.mono.saturating_sub(first))
    }

    /// Looks at all of them again: what was oldest may have been let go.
    pub(super) fn review_charted(&mut self) {
        self.charted_since = self.all_charted().filter_map(Charted::first).min();
    }

    /// The log of that name.
    pub fn log(&self, name: &str) -> Option<&LogView> {
        self.logs.get(*self.membership.logs.get(name)?)
    }

    /// The service of that name.
    pub fn service(&self, name: &str) -> Option<&ServiceView> {
        self.services.get(*self.membership.services.get(name)?)
    }

    /// The services that are well, in the order of the list.
    pub(crate) fn healthy(&self) -> impl Iterator<Item = &ServiceView> + Clone {
        self.services.iter().filter(|service| service.is_healthy())
    }

    /// The alert of that id.
    pub(crate) fn alert(&self, id: &str) -> Option<&AlertView> {
        self.alerts.get(self.machines.alert(id, &self.membership)?)
    }

    /// The row of services that an alert belongs to: its service, or its check where that is a row of its own.
    pub(crate) fn service_of_alert(&self, alert: &AlertView) -> Option<&ServiceView> {
        self.service_at(alert.row?)
    }

    /// Whether anything is configured that could fire.
    pub(crate) fn has_alert_conditions(&self) -> bool {
        !self.machines.all.is_empty()
    }

    /// The alerts of a row of services, in the order of the list.
    pub(crate) fn alerts_of<'a>(
        &'a self,
        service: &ServiceView,
    ) -> impl Iterator<Item = &'a AlertView> + Clone + use<'a> {
        let row = self.membership.services.get(&service.name);
        let its = row.and_then(|row| self.machines.of_row.get(*row));
        self.alerts.among(its.map_or(&[], Vec::as_slice))
    }

    /// The action of that name.
    pub(crate) fn action(&self, name: &str) -> Option<&Action> {
        self.config.actions.iter().find(|action| &*action.name == name)
    }

    /// How a service is shown; its name where there is none of that name.
    pub(crate) fn title_of_service<'a>(&'a self, name: &'a str) -> &'a str {
        self.service(name).map_or(name, |service| service.title.as_str())
    }

    /// How what an alert is about is shown: a check by its service where that has no other.
    pub(crate) fn title_of_subject<'a>(&'a self, subject: &'a AlertSubject) -> &'a str {
        match subject {
            AlertSubject::Metric(name) => {
                let id = self.membership.metrics.get(name);
                let metric = id.and_then(|id| self.config.metrics.get(id.place()));
                metric.map_or(&**name, |metric| &metric.alert_title)
            }
            AlertSubject::Console => subject.name(),
            AlertSubject::Check(name) => self.title_of_check(name),
            AlertSubject::Slo(name) => {
                let slo = self.membership.slos.get(name).and_then(|id| self.config.slos.get(id.place()));
                slo.map_or(&**name, |slo| &slo.alert_title)
            }
        }
    }

    /// How a check is shown: by its service where that has no other.
    pub(crate) fn title_of_check<'a>(&'a self, name: &'a str) -> &'a str {
        let service = self.check(name).and_then(|check| self.service(check.service.as_deref()?));
        service.filter(|service| service.checks.len() == 1).map_or(name, |service| service.title.as_str())
    }

    /// What a silence is called by what it matches.
    pub(crate) fn title_of_match(&self, matching: &str) -> String {
        titles::title_of_match(&self.config, matching)
    }

    /// How an action is shown; its name where the configuration has it no more.
    pub(crate) fn title_of<'a>(&'a self, action: &'a Name) -> &'a str {
        titles::title_of(&self.config.actions, action)
    }

    /// The run of that id, where its output is or may be held.
    pub fn run(&self, id: &str) -> Option<&RunView> {
        self.runs.iter().find(|view| &*view.run.id == id)
    }

    /// The run of that id, to change what is held of it.
    pub(crate) fn run_mut(&mut self, id: &str) -> Option<&mut RunView> {
        self.runs.iter_mut().find(|view| &*view.run.id == id)
    }

    /// Every known run, newest first: those under way here, then those of the store.
    pub(crate) fn all_runs(&self) -> Vec<&Run> {
        let live = self.runs.iter().map(|view| &view.run);
        let history = self.history.iter().filter(|run| self.run(&run.id).is_none());
        let mut all: Vec<&Run> = live.chain(history).collect();
        all.order_by(|a, b| newest_first(a, b));
        all
    }

    /// The run of that id, also one of which only the store knows.
    pub(crate) fn run_by_id(&self, id: &str) -> Option<&Run> {
        self.run(id).map(|view| &view.run).or_else(|| self.history.iter().find(|run| *run.id == *id))
    }

    /// The runs of an action, newest first.
    pub(crate) fn last_runs(&self, action: &Name) -> Vec<&Run> {
        self.all_runs().into_iter().filter(|run| run.action == *action).collect()
    }

    /// Whether nobody here knows what ran before: the store, which does, has been away since this console began.
    pub(crate) fn is_past_unknown(&self) -> bool {
        let is_away = self.store_away.as_ref().is_some_and(|away| away.how != StoreAbsence::NotMade);
        is_away && !self.knows_the_store()
    }

    /// The latest run of an action.
    pub(crate) fn last_run(&self, action: &Name) -> Option<&Run> {
        // One that both know is the same run: what is known of it here comes first.
        let known = self.runs.iter().map(|view| &view.run).chain(&self.history);
        known.filter(|run| run.action == *action).min_by(|a, b| newest_first(a, b))
    }
}

fn newest_first(a: &Run, b: &Run) -> Ordering {
    b.started_at.cmp(&a.started_at).then_with(|| b.id.cmp(&a.id))
}
