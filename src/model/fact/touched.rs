//! Which things a statement changes.

use super::{
    AlertAcknowledged, AlertFired, AlertResolved, AlertUnacknowledged, MaintenanceEnded, MaintenancePlanned,
    MaintenanceStarted, MessageClaimed, MessageFailed, MessageSent, RunDated, RunEnded, RunLost, SilenceEnded,
    SilenceStarted, SloExcluded, SloIncluded, Statement,
};
use crate::model::thing::{ThingKey, ThingKind, checklist_key, checklist_run_of, incident_things};
use crate::text::name::Name;

impl Statement {
    /// The things that it changes.
    pub(crate) fn touches(&self) -> Vec<ThingKey> {
        let run = |run: &Name| ThingKey::new(ThingKind::Run, run);
        let lock = |target: &str| ThingKey::new(ThingKind::Lock, target);
        match self {
            Self::RunImported(imported) => vec![run(&imported.run.id), lock(&imported.run.target)],
            Self::RunIntended(intended) => vec![run(&intended.run), lock(&intended.target)],
            Self::RunClosed(closed) => vec![run(&closed.run), lock(&closed.target)],
            Self::RunEnded(RunEnded { run: id, .. })
            | Self::RunLost(RunLost { run: id, .. })
            | Self::RunReopened { run: id }
            | Self::RunDated(RunDated { run: id, .. }) => vec![run(id)],
            Self::Unlocked(unlocked) => vec![lock(&unlocked.target)],
            Self::CheckStatus(status) => vec![ThingKey::new(ThingKind::Check, &status.check)],
            Self::AlertFired(AlertFired { id, .. })
            | Self::AlertResolved(AlertResolved { id, .. })
            | Self::AlertUnacknowledged(AlertUnacknowledged { id, .. }) => vec![ThingKey::new(ThingKind::Alert, id)],
            Self::AlertAcknowledged(AlertAcknowledged { id, alert, .. }) => {
                vec![ThingKey::new(ThingKind::Alert, id), ThingKey::new(ThingKind::Note, alert)]
            }
            Self::SilenceStarted(SilenceStarted { id, .. }) | Self::SilenceEnded(SilenceEnded { id, .. }) => {
                vec![ThingKey::new(ThingKind::Silence, id)]
            }
            Self::MaintenancePlanned(MaintenancePlanned { id, .. })
            | Self::MaintenanceStarted(MaintenanceStarted { id, .. })
            | Self::MaintenanceEnded(MaintenanceEnded { id, .. }) => {
                vec![ThingKey::new(ThingKind::Maintenance, id)]
            }
            Self::ChecklistStarted(_)
            | Self::ChecklistStepped(_)
            | Self::ChecklistNoted(_)
            | Self::ChecklistSigned(_)
            | Self::ChecklistMissed(_) => checklist_run_of(self).map(|run| checklist_key(run)).into_iter().collect(),
            Self::SloExcluded(SloExcluded { id, .. }) | Self::SloIncluded(SloIncluded { id, .. }) => {
                vec![ThingKey::new(ThingKind::Exclusion, id)]
            }
            Self::Incident(said) => incident_things(said),
            Self::Change(said) => vec![ThingKey::new(ThingKind::Change, said.id())],
            Self::RunbookTicked(said) => vec![ThingKey::new(ThingKind::Runbook, &said.runbook)],
            Self::OnCall(said) => vec![said.key()],
            Self::MessageClaimed(MessageClaimed { target, .. })
            | Self::MessageSent(MessageSent { target, .. })
            | Self::MessageFailed(MessageFailed { target, .. }) => {
                vec![ThingKey::new(ThingKind::Message, &target.id())]
            }
            Self::BaselineSaved(saved) => vec![ThingKey::new(ThingKind::Baseline, &saved.name)],
            Self::StoreOpened(_)
            | Self::StoreImported(_)
            | Self::StoreRebuilt(_)
            | Self::StorePruned(_)
            | Self::LeaseTaken(_)
            | Self::ConfigChanged(_)
            | Self::PeerChanged(_)
            | Self::Deployed(_)
            | Self::WrittenBefore(_)
            | Self::StoreAccepted(_)
            | Self::RunCancelled { .. }
            | Self::RunRefused(_)
            | Self::Other { .. } => Vec::new(),
        }
    }
}
