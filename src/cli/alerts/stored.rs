//! What the store says of alerts and of what mutes them, and what people say of them put there.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::Notified;
use crate::cli::output::{self, exit};
use crate::cli::run_service;
use crate::config::Config;
use crate::lang::time::rfc3339_millis;
use crate::model::engine::{ENGINE_VERSION, EngineState};
use crate::model::fact::{Fact, Statement};
use crate::model::lease::EXPIRES_AFTER;
use crate::model::ledger::TargetRecord;
use crate::model::message::Recipient;
use crate::model::silence::{MatchInput, SilenceMatch};
use crate::model::thing::{
    Acknowledgement, AlertRecord, AssignmentRecord, ChangeRecord, ContactRecord, ExclusionRecord, HandoverRecord,
    MaintenanceRecord, NoteRecord, SilenceRecord, StoredThing, ThingKind,
};
use crate::runtime::runs::RunService;
use crate::store::{StoreError, engine_body, new_fact};
use crate::text::name::Name;
use crate::world::announcing::Announcing;
use crate::world::announcing::routes::Routes;
use crate::world::duty::DutyPlan;
use crate::world::maintenance::MaintenancePlan;

/// What the store says of alerts.
#[derive(Default)]
pub(in crate::cli) struct StoredAlerts {
    pub records: Vec<AlertRecord>,
    /// What was said at the last acknowledgement of each check or metric.
    pub(super) notes: Vec<(Name, NoteRecord)>,
    pub silences: Vec<SilenceRecord>,
    /// Windows of maintenance.
    pub(super) maintenance: Vec<MaintenanceRecord>,
    /// Spans that do not count against objectives.
    pub exclusions: Vec<ExclusionRecord>,
    /// Planned changes and freezes.
    pub changes: Vec<ChangeRecord>,
    /// Who is on call by what people said.
    assignments: Vec<AssignmentRecord>,
    /// Handovers that were offered.
    handovers: Vec<HandoverRecord>,
    /// Which test pages contacts were sent, and confirmed.
    contacts: Vec<ContactRecord>,
    /// What each target of messages was told.
    pub targets: Vec<(Recipient, TargetRecord)>,
}

impl StoredAlerts {
    /// Of an open store.
    pub(in crate::cli) async fn read(run_service: &RunService) -> Result<Self, StoreError> {
        Ok(Self::new(&run_service.store().alerts(run_service.now()).await?))
    }

    /// Of what was read.
    pub(in crate::cli) fn new(things: &[StoredThing]) -> Self {
        let of = |kind| things.iter().filter(move |thing| thing.key.kind == kind);
        Self {
            records: of(ThingKind::Alert).filter_map(StoredThing::read).collect(),
            notes: of(ThingKind::Note).filter_map(|thing| Some((Name::from(&*thing.key.id), thing.read()?))).collect(),
            silences: of(ThingKind::Silence).filter_map(StoredThing::read).collect(),
            maintenance: of(ThingKind::Maintenance).filter_map(StoredThing::read).collect(),
            exclusions: of(ThingKind::Exclusion).filter_map(StoredThing::read).filter(ExclusionRecord::holds).collect(),
            changes: of(ThingKind::Change).filter_map(StoredThing::read).collect(),
            assignments: of(ThingKind::OnCall).filter_map(StoredThing::read).collect(),
            handovers: of(ThingKind::Handover).filter_map(StoredThing::read).collect(),
            contacts: of(ThingKind::Contact).filter_map(StoredThing::read).collect(),
            targets: of(ThingKind::Message)
                .filter_map(|thing| Some((Recipient::from_id(&thing.key.id), thing.read()?)))
                .collect(),
        }
    }

    /// Those that fire.
    pub(in crate::cli) fn firing(&self) -> impl Iterator<Item = &AlertRecord> {
        self.records.iter().filter(|record| record.is_firing())
    }

    /// Which windows of maintenance there are.
    pub(in crate::cli) fn maintenance_plan(&self, config: &Config) -> MaintenancePlan {
        MaintenancePlan::new(config, self.maintenance.iter().cloned())
    }

    /// Who is on call.
    pub(in crate::cli) fn duty(&self, config: &Config) -> DutyPlan {
        let plan = DutyPlan::new(config, self.assignments.iter().cloned(), self.handovers.iter().cloned());
        plan.with_contacts(self.contacts.iter().cloned())
    }

    /// Those who must acknowledge a firing too, where it is acknowledged so: a step of the escalation asks all of its people.
    pub(in crate::cli) fn still_asked(
        &self,
        firing: &str,
        known: &Acknowledgement,
        (engine, config): (&EngineState, &Config),
    ) -> Vec<Name> {
        let mut announcing = Announcing::default();
        for (target, record) in &self.targets {
            announcing.learn(target.clone(), record.clone());
        }
        announcing.resume_mutes(&engine.muted, false);
        let duty = self.duty(config);
        let routes = Routes::by(config, Some(&duty), known.at);
        announcing.still_asked(&routes, firing, known).into_iter().cloned().collect()
    }

    /// The silence that mutes an alert.
    pub(super) fn silence_of(&self, alert: MatchInput<'_>, now: DateTime<Utc>) -> Option<&SilenceRecord> {
        let about = |silence: &&SilenceRecord| {
            silence.is_active(now)
                && SilenceMatch::stored(&silence.matching).is_ok_and(|matching| matching.matches(alert))
        };
        self.silences.iter().filter(about).max_by_key(|silence| silence.until)
    }
}

/// What the engine of whoever acts for all knows. Empty if the lease holder has been silent for [`EXPIRES_AFTER`].
pub(in crate::cli) async fn kept_engine(run_service: &RunService) -> Result<EngineState, StoreError> {
    let kept = run_service.store().kept_engine().await?.filter(|kept| kept.silent_for < EXPIRES_AFTER);
    let engine = kept.and_then(|kept| engine_body::unpacked::<EngineState>(&kept.body).ok());
    Ok(engine.filter(|engine| engine.version == ENGINE_VERSION).unwrap_or_default())
}

/// The messages about each firing, by its id: the last of each target, oldest first.
pub(super) fn messages(facts: &[Fact]) -> BTreeMap<Name, Vec<Notified>> {
    let mut found: BTreeMap<Name, Vec<Notified>> = BTreeMap::new();
    for fact in facts {
        let (alerts, target, at, error) = match fact.said() {
            Statement::MessageSent(said) => (&said.alerts, &said.target, said.at, None),
            Statement::MessageFailed(said) => (&said.alerts, &said.target, said.at, Some(said.why.clone())),
            _ => continue,
        };
        for alert in alerts {
            let (channel, contact) = (target.channel.clone(), target.contact.clone());
            let told = found.entry(alert.clone()).or_default();
            // What failed and was accepted later was told.
            told.retain(|known| known.ok || (&known.channel, &known.contact) != (&channel, &contact));
            told.push(Notified { channel, contact, at: rfc3339_millis(at), ok: error.is_none(), error: error.clone() });
        }
    }
    found
}

/// Puts it on record as said at `now` by who runs the command, and then prints what was done.
pub(in crate::cli) async fn say(run_service: &RunService, now: DateTime<Utc>, said: Vec<Statement>, text: &str) -> u8 {
    match put(run_service, now, said).await {
        Ok(()) => output::print(text),
        Err(code) => code,
    }
}

/// Puts it on record as said at `now` by who runs the command. Where that fails, the reason is printed and its exit code returned.
pub(in crate::cli) async fn put(run_service: &RunService, now: DateTime<Utc>, said: Vec<Statement>) -> Result<(), u8> {
    let identity = run_service.identity();
    let draft = |said| new_fact(now, &identity.who, &identity.host, said);
    match run_service.store().say(&said.into_iter().map(draft).collect::<Vec<_>>()).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(refusal)) => Err(output::fail(exit::USAGE, &refusal.describe(), refusal.hint())),
        Err(error) => Err(run_service::broken(&error)),
    }
}
