//! The one list of what can be said.

use serde::Deserialize;
use serde_json::Value;

use super::alerting::{
    AlertAcknowledged, AlertFired, AlertResolved, AlertUnacknowledged, SilenceEnded, SilenceStarted,
};
use super::checklist::{ChecklistMissed, ChecklistNoted, ChecklistSigned, ChecklistStarted, ChecklistStepped};
use super::incident::IncidentSaid;
use super::maintenance::{MaintenanceEnded, MaintenancePlanned, MaintenanceStarted};
use super::messaging::{MessageClaimed, MessageFailed, MessageSent};
use super::oncall::OnCallStatement;
use super::said::{
    CheckStatus, Deployed, LeaseTaken, RunClosed, RunDated, RunEnded, RunImported, RunIntended, RunLost, RunRefused,
    StoreAccepted, StoreImported, StoreOpened, StorePruned, StoreRebuilt, Unlocked, WrittenBefore,
};
use super::{ChangeSaid, ConfigChanged, PeerChanged, RunbookTicked, SloExcluded, SloIncluded};
use crate::model::baseline::BaselineSaved;
use crate::text::name::Name;

/// What a fact says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Statement {
    /// The store goes on from the audit of an earlier version.
    StoreOpened(StoreOpened),
    /// An entry of that audit.
    WrittenBefore(WrittenBefore),
    /// A run, and the lock it holds, as that version had stored them.
    RunImported(Box<RunImported>),
    /// A person took the store, as it is, for the one to use.
    StoreAccepted(StoreAccepted),
    /// All of another store was brought over.
    StoreImported(StoreImported),
    /// Things were derived again from the facts, because they differed from them.
    StoreRebuilt(StoreRebuilt),
    /// What is older than a moment may go.
    StorePruned(StorePruned),
    /// Who acts for all is another one.
    LeaseTaken(LeaseTaken),
    /// Who acts for all does so by another configuration.
    ConfigChanged(ConfigChanged),
    /// A check settled at another status.
    CheckStatus(CheckStatus),
    /// A check is answered with another certificate, or from another address, than before.
    PeerChanged(PeerChanged),
    /// An alert began to fire.
    AlertFired(AlertFired),
    /// A firing of an alert is over.
    AlertResolved(AlertResolved),
    /// A person acknowledged an alert.
    AlertAcknowledged(AlertAcknowledged),
    /// An acknowledgement holds no more.
    AlertUnacknowledged(AlertUnacknowledged),
    /// A person silenced alerts.
    SilenceStarted(SilenceStarted),
    /// A silence is over.
    SilenceEnded(SilenceEnded),
    /// A person planned a window of maintenance.
    MaintenancePlanned(MaintenancePlanned),
    /// A window of maintenance began.
    MaintenanceStarted(MaintenanceStarted),
    /// A window of maintenance is over, or was called off.
    MaintenanceEnded(MaintenanceEnded),
    /// A person excluded a span from an objective.
    SloExcluded(SloExcluded),
    /// A person took an exclusion back.
    SloIncluded(SloIncluded),
    /// A person began a run of a checklist.
    ChecklistStarted(Box<ChecklistStarted>),
    /// A step of a checklist has an answer.
    ChecklistStepped(Box<ChecklistStepped>),
    /// A person noted something in a run of a checklist.
    ChecklistNoted(ChecklistNoted),
    /// A person signed a run of a checklist off.
    ChecklistSigned(ChecklistSigned),
    /// A period of a checklist went by without a run.
    ChecklistMissed(ChecklistMissed),
    /// Something is said of an incident.
    Incident(Box<IncidentSaid>),
    /// A person planned, approved or called off a change, or a freeze.
    Change(ChangeSaid),
    /// A person ticked a task of a runbook, or took that back.
    RunbookTicked(RunbookTicked),
    /// Who is on call, and handovers.
    OnCall(OnCallStatement),
    /// A message is about to be sent.
    MessageClaimed(MessageClaimed),
    /// A receiver accepted a message.
    MessageSent(MessageSent),
    /// A message was not accepted.
    MessageFailed(MessageFailed),
    /// A person kept the figures of a span of time.
    BaselineSaved(BaselineSaved),
    /// A release of a service was brought up, by whoever deploys it.
    Deployed(Deployed),
    /// A run is about to start: the plan that was confirmed, lock and attempt.
    RunIntended(Box<RunIntended>),
    /// The steps of a run ended; its checks are looked at now.
    RunEnded(RunEnded),
    /// A person stopped a run.
    RunCancelled {
        /// The run.
        run: Name,
    },
    /// A run is closed.
    RunClosed(RunClosed),
    /// Nobody knows what became of a run. Its lock stays.
    RunLost(RunLost),
    /// The checks of a run of unknown outcome are looked at.
    RunReopened {
        /// The run.
        run: Name,
    },
    /// A run of which only a wrong wall clock was known was seen at this moment by the machine's own.
    RunDated(RunDated),
    /// A run was refused before there was one.
    RunRefused(RunRefused),
    /// A lock was taken away from a run.
    Unlocked(Unlocked),
    /// What a newer version says.
    Other {
        /// Its kind.
        kind: String,
        /// What it is about.
        object: String,
        /// Its version.
        version: u32,
        /// What it says.
        detail: Value,
    },
}

/// Whether what was read is what is written there, fields more aside.
fn is_of(read: &Value, written: &Value) -> bool {
    match (read, written) {
        (Value::Object(read), Value::Object(written)) => {
            read.iter().all(|(key, value)| is_of(value, written.get(key).unwrap_or(&Value::Null)))
        }
        _ => read == written,
    }
}

impl Statement {
    /// What kind of thing is said: `run.intent`, `unlock`, …
    pub fn kind(&self) -> &str {
        match self {
            Self::StoreOpened(_) => "store.opened",
            Self::WrittenBefore(_) => "audit.entry",
            Self::RunImported(_) => "run.imported",
            Self::StoreAccepted(_) => "store.accepted",
            Self::StoreImported(_) => "store.imported",
            Self::StoreRebuilt(_) => "store.rebuilt",
            Self::StorePruned(_) => "store.pruned",
            Self::LeaseTaken(_) => "lease.taken",
            Self::ConfigChanged(_) => "config.changed",
            Self::CheckStatus(_) => "check.status",
            Self::PeerChanged(_) => "check.peer",
            Self::AlertFired(_) => "alert.fired",
            Self::AlertResolved(_) => "alert.resolved",
            Self::AlertAcknowledged(_) => "alert.acknowledged",
            Self::AlertUnacknowledged(_) => "alert.unacknowledged",
            Self::SilenceStarted(_) => "silence.started",
            Self::SilenceEnded(_) => "silence.ended",
            Self::MaintenancePlanned(_) => "maintenance.planned",
            Self::MaintenanceStarted(_) => "maintenance.started",
            Self::MaintenanceEnded(_) => "maintenance.ended",
            Self::SloExcluded(_) => "slo.excluded",
            Self::SloIncluded(_) => "slo.included",
            Self::ChecklistStarted(_) => "checklist.started",
            Self::ChecklistStepped(_) => "checklist.step",
            Self::ChecklistNoted(_) => "checklist.note",
            Self::ChecklistSigned(_) => "checklist.signed",
            Self::ChecklistMissed(_) => "checklist.missed",
            Self::Incident(said) => said.kind(),
            Self::Change(said) => said.kind(),
            Self::RunbookTicked(_) => "runbook.ticked",
            Self::OnCall(said) => said.kind(),
            Self::MessageClaimed(_) => "message.claimed",
            Self::MessageSent(_) => "message.sent",
            Self::MessageFailed(_) => "message.failed",
            Self::BaselineSaved(_) => "baseline.saved",
            Self::Deployed(_) => "deployment",
            Self::RunIntended(_) => "run.intent",
            Self::RunEnded(_) | Self::RunClosed(RunClosed { checks: None, .. }) => "run.end",
            Self::RunCancelled { .. } => "run.cancel",
            Self::RunClosed(_) => "run.verdict",
            Self::RunLost(_) => "run.lost",
            Self::RunReopened { .. } => "run.verify",
            Self::RunDated(_) => "run.dated",
            Self::RunRefused(_) => "run.refused",
            Self::Unlocked(_) => "unlock",
            Self::Other { kind, .. } => kind,
        }
    }

    /// What it is about: `run:ID`, `target:NAME`, …
    pub fn object(&self) -> String {
        match self {
            Self::StoreOpened(_) | Self::StoreRebuilt(_) | Self::StorePruned(_) => "store".to_owned(),
            Self::StoreImported(imported) => format!("store:{}", imported.store),
            Self::LeaseTaken(_) => "lease:engine".to_owned(),
            Self::ConfigChanged(_) => "config".to_owned(),
            Self::CheckStatus(status) => format!("check:{}", status.check),
            Self::PeerChanged(changed) => format!("check:{}", changed.check),
            Self::AlertFired(AlertFired { alert, .. })
            | Self::AlertResolved(AlertResolved { alert, .. })
            | Self::AlertAcknowledged(AlertAcknowledged { alert, .. })
            | Self::AlertUnacknowledged(AlertUnacknowledged { alert, .. }) => format!("alert:{alert}"),
            Self::SilenceStarted(SilenceStarted { id, .. }) | Self::SilenceEnded(SilenceEnded { id, .. }) => {
                format!("silence:{id}")
            }
            Self::MaintenancePlanned(MaintenancePlanned { id, .. })
            | Self::MaintenanceStarted(MaintenanceStarted { id, .. })
            | Self::MaintenanceEnded(MaintenanceEnded { id, .. }) => format!("maintenance:{id}"),
            Self::SloExcluded(SloExcluded { slo, .. }) | Self::SloIncluded(SloIncluded { slo, .. }) => {
                format!("slo:{slo}")
            }
            Self::ChecklistStarted(said) => format!("checklist:{}", said.checklist),
            Self::ChecklistStepped(said) => format!("checklist:{}", said.checklist),
            Self::ChecklistNoted(ChecklistNoted { checklist, .. })
            | Self::ChecklistSigned(ChecklistSigned { checklist, .. })
            | Self::ChecklistMissed(ChecklistMissed { checklist, .. }) => format!("checklist:{checklist}"),
            Self::Incident(said) => format!("incident:{}", said.id),
            Self::Change(said) => format!("change:{}", said.id()),
            Self::RunbookTicked(said) => format!("runbook:{}", said.runbook),
            Self::OnCall(said) => said.object(),
            Self::MessageClaimed(MessageClaimed { target, .. })
            | Self::MessageSent(MessageSent { target, .. })
            | Self::MessageFailed(MessageFailed { target, .. }) => format!("message:{}", target.id()),
            Self::BaselineSaved(saved) => format!("baseline:{}", saved.name),
            Self::Deployed(deployed) => format!("service:{}", deployed.service),
            Self::StoreAccepted(accepted) => format!("store:{}", accepted.store),
            Self::WrittenBefore(before) => format!("audit:{}:{}", before.writer, before.seq),
            Self::RunImported(imported) => format!("run:{}", imported.run.id),
            Self::RunIntended(intended) => format!("run:{}", intended.run),
            Self::RunEnded(RunEnded { run, .. })
            | Self::RunCancelled { run }
            | Self::RunClosed(RunClosed { run, .. })
            | Self::RunLost(RunLost { run, .. })
            | Self::RunReopened { run }
            | Self::RunDated(RunDated { run, .. })
            | Self::Unlocked(Unlocked { run, .. }) => format!("run:{run}"),
            Self::RunRefused(refused) => format!("target:{}", refused.target),
            Self::Other { object, .. } => object.clone(),
        }
    }

    /// The version of its form.
    pub(crate) const fn version(&self) -> u32 {
        match self {
            Self::Other { version, .. } => *version,
            _ => super::VERSION,
        }
    }

    /// What it says, as JSON.
    pub(crate) fn detail(&self) -> serde_json::Result<Value> {
        match self {
            Self::StoreOpened(said) => serde_json::to_value(said),
            Self::WrittenBefore(said) => serde_json::to_value(said),
            Self::RunImported(said) => serde_json::to_value(said),
            Self::StoreAccepted(said) => serde_json::to_value(said),
            Self::StoreImported(said) => serde_json::to_value(said),
            Self::StoreRebuilt(said) => serde_json::to_value(said),
            Self::StorePruned(said) => serde_json::to_value(said),
            Self::LeaseTaken(said) => serde_json::to_value(said),
            Self::ConfigChanged(said) => serde_json::to_value(said),
            Self::CheckStatus(said) => serde_json::to_value(said),
            Self::PeerChanged(said) => serde_json::to_value(said),
            Self::AlertFired(said) => serde_json::to_value(said),
            Self::AlertResolved(said) => serde_json::to_value(said),
            Self::AlertAcknowledged(said) => serde_json::to_value(said),
            Self::AlertUnacknowledged(said) => serde_json::to_value(said),
            Self::SilenceStarted(said) => serde_json::to_value(said),
            Self::SilenceEnded(said) => serde_json::to_value(said),
            Self::MaintenancePlanned(said) => serde_json::to_value(said),
            Self::MaintenanceStarted(said) => serde_json::to_value(said),
            Self::MaintenanceEnded(said) => serde_json::to_value(said),
            Self::SloExcluded(said) => serde_json::to_value(said),
            Self::SloIncluded(said) => serde_json::to_value(said),
            Self::ChecklistStarted(said) => serde_json::to_value(said),
            Self::ChecklistStepped(said) => serde_json::to_value(said),
            Self::ChecklistNoted(said) => serde_json::to_value(said),
            Self::ChecklistSigned(said) => serde_json::to_value(said),
            Self::ChecklistMissed(said) => serde_json::to_value(said),
            Self::Incident(said) => said.detail(),
            Self::Change(said) => said.detail(),
            Self::RunbookTicked(said) => serde_json::to_value(said),
            Self::OnCall(said) => said.detail(),
            Self::MessageClaimed(said) => serde_json::to_value(said),
            Self::MessageSent(said) => serde_json::to_value(said),
            Self::MessageFailed(said) => serde_json::to_value(said),
            Self::BaselineSaved(said) => serde_json::to_value(said),
            Self::Deployed(said) => serde_json::to_value(said),
            Self::RunIntended(said) => serde_json::to_value(said),
            Self::RunEnded(said) => serde_json::to_value(said),
            Self::RunClosed(said) => serde_json::to_value(said),
            Self::RunLost(said) => serde_json::to_value(said),
            Self::RunDated(said) => serde_json::to_value(said),
            Self::RunRefused(said) => serde_json::to_value(said),
            Self::Unlocked(said) => serde_json::to_value(said),
            Self::RunCancelled { run } | Self::RunReopened { run } => Ok(serde_json::json!({ "run": run })),
            Self::Other { detail, .. } => Ok(detail.clone()),
        }
    }

    /// From its parts. What is not known is kept as it is. Fields more than are known do no harm, or the version would be
    /// another.
    pub(crate) fn read(kind: String, object: String, version: u32, detail: Value) -> Self {
        let known = if version == super::VERSION { Self::known(&kind, &detail) } else { None };
        let same = |said: &Self| {
            let is_all = said.detail().is_ok_and(|read| is_of(&read, &detail));
            said.kind() == kind && said.object() == object && is_all
        };
        known.filter(same).unwrap_or(Self::Other { kind, object, version, detail })
    }

    fn known(kind: &str, detail: &Value) -> Option<Self> {
        fn typed<'a, T: Deserialize<'a>>(detail: &'a Value) -> Option<T> {
            T::deserialize(detail).ok()
        }
        #[derive(Deserialize)]
        struct OfRun {
            run: Name,
        }
        Some(match kind {
            "store.opened" => Self::StoreOpened(typed(detail)?),
            "audit.entry" => Self::WrittenBefore(typed(detail)?),
            "run.imported" => Self::RunImported(typed(detail)?),
            "store.accepted" => Self::StoreAccepted(typed(detail)?),
            "store.imported" => Self::StoreImported(typed(detail)?),
            "store.rebuilt" => Self::StoreRebuilt(typed(detail)?),
            "store.pruned" => Self::StorePruned(typed(detail)?),
            "lease.taken" => Self::LeaseTaken(typed(detail)?),
            "config.changed" => Self::ConfigChanged(typed(detail)?),
            "check.status" => Self::CheckStatus(typed(detail)?),
            "check.peer" => Self::PeerChanged(typed(detail)?),
            "alert.fired" => Self::AlertFired(typed(detail)?),
            "alert.resolved" => Self::AlertResolved(typed(detail)?),
            "alert.acknowledged" => Self::AlertAcknowledged(typed(detail)?),
            "alert.unacknowledged" => Self::AlertUnacknowledged(typed(detail)?),
            "silence.started" => Self::SilenceStarted(typed(detail)?),
            "silence.ended" => Self::SilenceEnded(typed(detail)?),
            "maintenance.planned" => Self::MaintenancePlanned(typed(detail)?),
            "maintenance.started" => Self::MaintenanceStarted(typed(detail)?),
            "maintenance.ended" => Self::MaintenanceEnded(typed(detail)?),
            "slo.excluded" => Self::SloExcluded(typed(detail)?),
            "slo.included" => Self::SloIncluded(typed(detail)?),
            "checklist.started" => Self::ChecklistStarted(typed(detail)?),
            "checklist.step" => Self::ChecklistStepped(typed(detail)?),
            "checklist.note" => Self::ChecklistNoted(typed(detail)?),
            "checklist.signed" => Self::ChecklistSigned(typed(detail)?),
            "checklist.missed" => Self::ChecklistMissed(typed(detail)?),
            kind if kind.starts_with(IncidentSaid::KIND) => Self::Incident(Box::new(IncidentSaid::read(kind, detail)?)),
            "change.planned" | "change.approved" | "change.called_off" => Self::Change(ChangeSaid::read(kind, detail)?),
            "runbook.ticked" => Self::RunbookTicked(typed(detail)?),
            "message.claimed" => Self::MessageClaimed(typed(detail)?),
            "message.sent" => Self::MessageSent(typed(detail)?),
            "message.failed" => Self::MessageFailed(typed(detail)?),
            "baseline.saved" => Self::BaselineSaved(typed(detail)?),
            "deployment" => Self::Deployed(typed(detail)?),
            "run.intent" => Self::RunIntended(typed(detail)?),
            "run.end" if detail.get("state").is_none() => Self::RunEnded(typed(detail)?),
            "run.cancel" => Self::RunCancelled { run: typed::<OfRun>(detail)?.run },
            "run.end" | "run.verdict" => Self::RunClosed(typed(detail)?),
            "run.lost" => Self::RunLost(typed(detail)?),
            "run.verify" => Self::RunReopened { run: typed::<OfRun>(detail)?.run },
            "run.dated" => Self::RunDated(typed(detail)?),
            "run.refused" => Self::RunRefused(typed(detail)?),
            "unlock" => Self::Unlocked(typed(detail)?),
            _ => return OnCallStatement::known(kind, detail).map(Self::OnCall),
        })
    }
}
