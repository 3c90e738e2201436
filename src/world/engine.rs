//! What the engine of alerts remembers beyond the facts, for whoever holds the lease next: this console after a restart,
//! or another one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::World;
use super::ids::{AlertId, Id};
use super::output::{Change, Intent, Output};
use crate::model::engine::{ENGINE_VERSION, EngineState, KeptAlert, KeptAlertState};
use crate::text::name::Name;

/// How often it is written at the most.
const KEPT_EVERY: Duration = Duration::from_secs(5);
/// How often at the most where what mutes an alert changes: other processes have that from here alone.
const MUTED_EVERY: Duration = Duration::from_secs(1);
/// What nobody has seen for longer than this is begun again; only what fired still fires.
const TOLERATED: Duration = Duration::from_hours(1);

impl World {
    /// What the engine knows now.
    pub(crate) fn engine(&self) -> EngineState {
        let checks = self.checks.iter().filter_map(|check| Some((check.name.clone(), check.to_kept()?)));
        let alerts = super::ids::numbered(&self.machines.all).filter_map(|(id, machine): (AlertId, _)| {
            let kept = machine.alert.to_kept()?;
            let view = self.alerts.get(id);
            let inhibited_by = view.and_then(|view| view.inhibited_by.clone());
            let flapping = view.is_some_and(|view| view.flapping);
            let value = view.map(|view| view.value.clone());
            Some((machine.alert.name.clone(), KeptAlert { inhibited_by, flapping, value, ..kept }))
        });
        EngineState {
            version: ENGINE_VERSION,
            checks: checks.collect(),
            alerts: alerts.collect(),
            muted: self.announcing.kept_mutes(),
            proving: self.announcing.kept_proving(),
        }
    }

    /// Has it kept, where this console acts for all and it is not what it was.
    pub(super) fn keep_engine(&mut self, output: &mut Output) {
        let now = self.now;
        if self.lease.fence().is_none() {
            return;
        }
        if let Some((at, kept)) = &self.engine_kept {
            let age = now.since(*at);
            if age < KEPT_EVERY && (age < MUTED_EVERY || self.mutes_as(kept)) {
                return;
            }
        }
        let engine = Arc::new(self.engine());
        if self.engine_kept.as_ref().is_none_or(|(_, kept)| *kept != engine) {
            output.intents.push(Intent::KeepEngine(Arc::clone(&engine)));
        }
        self.engine_kept = Some((now, engine));
    }

    /// Whether the same firings are muted, and by the same, as in what was kept.
    fn mutes_as(&self, kept: &EngineState) -> bool {
        let muted = |inhibited_by: Option<&Name>, flapping| inhibited_by.is_some() || flapping;
        let kept = kept.alerts.iter().filter(|(_, kept)| muted(kept.inhibited_by.as_ref(), kept.flapping));
        let kept: BTreeMap<&Name, _> =
            kept.map(|(rule, kept)| (rule, (kept.inhibited_by.as_ref(), kept.flapping))).collect();
        let views = self.alerts.iter().filter(|view| muted(view.inhibited_by.as_ref(), view.flapping));
        let now: BTreeMap<&Name, _> =
            views.map(|view| (&view.id, (view.inhibited_by.as_ref(), view.flapping))).collect();
        kept == now
    }

    /// Goes on from what another engine knew, which nobody has seen for `unseen`. What this one has seen comes after it;
    /// checks and conditions that are others now are begun again.
    pub(crate) fn resume(&mut self, engine: &EngineState, unseen: Duration) -> Output {
        let mut output = Output::noticeable();
        let now = self.now;
        let (mut turned, mut learned) = (Vec::new(), Vec::new());
        for (name, kept) in engine.checks.iter().filter(|_| unseen <= TOLERATED) {
            let Some(id) = self.membership.checks.get(name).copied() else { continue };
            let (before, since) = (self.checks[id].status, self.checks[id].since);
            self.checks[id].resume(kept, now, unseen);
            if self.checks[id].status != before {
                turned.push((id, before));
            }
            if self.checks[id].since != since {
                learned.push((id, since));
            }
        }
        for (name, kept) in &engine.alerts {
            let stale = unseen > TOLERATED && matches!(kept.state, KeptAlertState::Pending(_));
            let alert = self.machines.alert(name, &self.membership);
            if let Some(machine) = alert.filter(|_| !stale).and_then(|id| self.machines.all.get_mut(id.place())) {
                machine.alert.resume(kept, now, unseen);
            }
        }
        self.announcing.resume_mutes(&engine.muted, self.lease.fence().is_some());
        self.announcing.resume_proving(&engine.proving);
        let ids: Vec<_> = turned.iter().map(|(id, _)| *id).collect();
        let rows = self.checks_changed(&ids);
        for (id, since) in learned {
            if let Some(row) = self.membership.row_of_check[id] {
                self.learn_since(row, since);
            }
        }
        for (id, before) in turned {
            self.turned(id, before, self.checks[id].status, true);
        }
        self.evaluate_all(&mut output);
        self.rows_changed(&rows, &ids);
        self.list_alerts();
        output.changes.push(Change::Alerts);
        output
    }
}
