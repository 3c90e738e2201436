//! Firings of alerts as the facts tell them: from their beginning to their end, who acted, and which messages told of them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::scope::{ReportScope, When};
use crate::model::alert::Severity;
use crate::model::fact::{AlertFired, Fact, MessageSent, Statement};
use crate::model::message::MessageKind;
use crate::model::run::Run;
use crate::text::name::Name;

/// One firing.
#[derive(Debug, Clone)]
pub(super) struct Firing<'a> {
    pub fired: &'a AlertFired,
    pub when: When,
    pub resolved_at: Option<DateTime<Utc>>,
    /// When somebody acknowledged it first.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// When it was told of first.
    pub told_at: Option<DateTime<Utc>>,
    /// Whether a run was started for its service while it fired.
    pub has_run: bool,
}

impl Firing<'_> {
    /// Whether a person did something while it fired.
    pub(super) const fn is_acted_on(&self) -> bool {
        self.acknowledged_at.is_some() || self.has_run
    }
}

/// What became of alerts in the period and in the one before.
#[derive(Debug, Default)]
pub(super) struct FiringLog<'a> {
    /// By id.
    pub firings: BTreeMap<Name, Firing<'a>>,
    /// When somebody was called: a message that told of a critical or high alert first.
    pub pages: Vec<DateTime<Utc>>,
    /// Whether any message was sent.
    pub has_messages: bool,
}

impl<'a> FiringLog<'a> {
    /// Of facts in the order of the chain.
    pub(super) fn new(scope: &ReportScope<'_>, facts: &'a [Fact], runs: &[&Run]) -> Self {
        let mut log = Self::default();
        for fact in facts {
            match fact.said() {
                Statement::AlertFired(fired) => log.fire(scope, fired),
                Statement::AlertResolved(said) => {
                    if let Some(firing) = log.firings.get_mut(&said.id) {
                        firing.resolved_at.get_or_insert(said.at);
                    }
                }
                Statement::AlertAcknowledged(said) => {
                    if let Some(firing) = log.firings.get_mut(&said.id) {
                        firing.acknowledged_at.get_or_insert(fact.draft.at);
                    }
                }
                Statement::MessageSent(said) => log.told(said),
                _ => {}
            }
        }
        for firing in log.firings.values_mut() {
            let end = firing.resolved_at.unwrap_or(scope.now);
            let is_for = |run: &&&Run| run.service.is_some() && run.service == firing.fired.service;
            let mut runs = runs.iter().filter(is_for);
            firing.has_run = runs.any(|run| !run.dry_run && (firing.fired.fired_at..=end).contains(&run.started_at));
        }
        log
    }

    fn fire(&mut self, scope: &ReportScope<'_>, fired: &'a AlertFired) {
        let Some(when) = scope.when(fired.fired_at) else { return };
        self.firings.entry(fired.id.clone()).or_insert(Firing {
            fired,
            when,
            resolved_at: None,
            acknowledged_at: None,
            told_at: None,
            has_run: false,
        });
    }

    fn told(&mut self, said: &MessageSent) {
        if !matches!(said.kind, MessageKind::Alerts | MessageKind::Digest) {
            return;
        }
        self.has_messages = true;
        let mut calls = false;
        for id in &said.alerts {
            let Some(firing) = self.firings.get_mut(id) else { continue };
            if firing.told_at.is_none() {
                firing.told_at = Some(said.at);
                calls |= firing.fired.severity >= Severity::High;
            }
        }
        if calls {
            self.pages.push(said.at);
        }
    }
}
