//! What people say of alerts: acknowledgements and silences, put on record where they still make sense.

use chrono::{DateTime, Utc};

use super::checklists::checklist_refusal;
use super::dialect::WhichThings;
use super::{Store, StoreError};
use crate::lang::order::InOrder;
use crate::model::checklist::ChecklistRefusal;
use crate::model::fact::{
    AlertAcknowledged, ChangeApproved, ChangeCalledOff, ChangePlanned, ChangeSaid, MaintenanceEnded,
    MaintenancePlanned, NewFact, SilenceEnded, SilenceStarted, SloIncluded, Statement,
};
use crate::model::thing::{
    AlertRecord, ChangeRecord, ExclusionRecord, MaintenanceRecord, NoteRecord, SilenceRecord, StoredThing, ThingKind,
};

/// Silences that are over and are read.
const PAST: u32 = 200;
/// Notes that are read.
const NOTES: u32 = 5_000;

/// Why something is not put on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AlertRefusal {
    /// The alert does not fire any more.
    NotFiring(AlertAcknowledged),
    /// The link has acknowledged the alert before.
    LinkUsed(AlertAcknowledged),
    /// There is a silence of that id.
    Taken(SilenceStarted),
    /// There is no silence of that id, or it is over.
    NoSilence(SilenceEnded),
    /// There is a window of maintenance of that id.
    Planned(MaintenancePlanned),
    /// The window of maintenance is over.
    NoWindow(MaintenanceEnded),
    /// There is no exclusion of that id, or it was taken back.
    NotExcluded(SloIncluded),
    /// The run of a checklist does not take it.
    Checklist(ChecklistRefusal),
    /// There is a change of that id.
    ChangeTaken(ChangePlanned),
    /// There is no change of that id that waits for approval.
    NoChange(ChangeApproved),
    /// Who approves the change has planned it.
    OwnChange(ChangeApproved),
    /// There is no such change or freeze to be called off.
    NothingToCallOff(ChangeCalledOff),
}

impl AlertRefusal {
    /// In words.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::NotFiring(said) => {
                format!("{} {} is not firing any more: nothing to acknowledge", said.severity.word(), said.alert)
            }
            Self::LinkUsed(said) => {
                format!("this link has acknowledged {} {} before", said.severity.word(), said.alert)
            }
            Self::Taken(said) => format!("a silence with id {} exists already", said.id),
            Self::NoSilence(said) => format!("no silence with id `{}` is active", said.id),
            Self::Planned(said) => format!("maintenance with id {} exists already", said.id),
            Self::NoWindow(said) => format!("maintenance `{}` is over already", said.name),
            Self::NotExcluded(said) => format!("no exclusion with id `{}`", said.id),
            Self::Checklist(refusal) => refusal.describe(|at| at.format("%H:%MZ").to_string()),
            Self::ChangeTaken(said) => format!("a change with id {} exists already", said.id),
            // Who was asked about it saw its title, and its id nowhere.
            Self::NoChange(ChangeApproved { title: Some(title), .. }) => {
                format!("change `{title}` is not waiting for approval any more")
            }
            Self::NoChange(said) => format!("no change with id `{}` is waiting for approval", said.id),
            Self::NothingToCallOff(ChangeCalledOff { title: Some(title), .. }) => {
                format!("`{title}` is not active or planned any more")
            }
            Self::NothingToCallOff(said) => format!("no change or freeze with id `{}` is active or planned", said.id),
            Self::OwnChange(said) => format!("you planned change {}: another person must approve it", said.id),
        }
    }

    /// Where to look.
    pub(crate) const fn hint(&self) -> &'static str {
        match self {
            Self::NotExcluded(_) => "see `opsroom slo`",
            Self::Checklist(_) => "see `opsroom checklist`",
            Self::ChangeTaken(_) | Self::NoChange(_) | Self::OwnChange(_) | Self::NothingToCallOff(_) => {
                "see `opsroom change`"
            }
            _ => "see `opsroom alerts`",
        }
    }
}

/// What of these makes no sense any more: of alerts, silences, maintenance, objectives, changes, checklists. `things` are those that
/// they touch.
pub(super) fn alert_refusal(drafts: &[NewFact], things: &[StoredThing]) -> Option<AlertRefusal> {
    let of = |kind, id: &str| things.iter().find(|thing| thing.key.kind == kind && thing.key.id == *id);
    let refused = |draft: &NewFact| match &draft.said {
        Statement::AlertAcknowledged(said) => {
            let record = of(ThingKind::Alert, &said.id).and_then(StoredThing::read::<AlertRecord>);
            let Some(record) = record.filter(AlertRecord::is_firing) else {
                return Some(AlertRefusal::NotFiring(said.clone()));
            };
            let is_used = said.link.as_ref().is_some_and(|link| record.used_links.contains(link));
            is_used.then(|| AlertRefusal::LinkUsed(said.clone()))
        }
        Statement::SilenceStarted(said) => of(ThingKind::Silence, &said.id).map(|_| AlertRefusal::Taken(said.clone())),
        Statement::SilenceEnded(said) => {
            let record = of(ThingKind::Silence, &said.id).and_then(StoredThing::read::<SilenceRecord>);
            let is_active = record.is_some_and(|record| record.is_active(draft.at));
            (!is_active).then(|| AlertRefusal::NoSilence(said.clone()))
        }
        Statement::MaintenancePlanned(said) => {
            of(ThingKind::Maintenance, &said.id).map(|_| AlertRefusal::Planned(said.clone()))
        }
        Statement::MaintenanceEnded(said) => {
            let record = of(ThingKind::Maintenance, &said.id).and_then(StoredThing::read::<MaintenanceRecord>);
            let is_over = record.is_some_and(|record| record.end() <= draft.at);
            is_over.then(|| AlertRefusal::NoWindow(said.clone()))
        }
        Statement::SloIncluded(said) => {
            let record = of(ThingKind::Exclusion, &said.id).and_then(StoredThing::read::<ExclusionRecord>);
            (!record.is_some_and(|record| record.holds())).then(|| AlertRefusal::NotExcluded(said.clone()))
        }
        Statement::Change(said) => {
            let record = of(ThingKind::Change, said.id()).and_then(StoredThing::read::<ChangeRecord>);
            refused_change(said, record.as_ref(), draft)
        }
        _ => None,
    };
    let of_alerts = drafts.iter().find_map(refused);
    of_alerts.or_else(|| checklist_refusal(drafts, things).map(AlertRefusal::Checklist))
}

impl Store {
    /// Silences that are active or were lately, and the notes of acknowledgements since a moment.
    ///
    /// # Errors
    /// The store can't be read.
    pub(crate) async fn silences(&self, notes_since: DateTime<Utc>) -> Result<Vec<StoredThing>, StoreError> {
        let mut things = self.dialect.things(WhichThings::Latest(ThingKind::Silence), PAST).await?;
        things.extend(self.dialect.things(WhichThings::Open(ThingKind::Silence), u32::MAX).await?);
        let notes = self.dialect.things(WhichThings::Latest(ThingKind::Note), NOTES).await?;
        let is_new = |thing: &StoredThing| thing.read::<NoteRecord>().is_some_and(|note| note.at >= notes_since);
        things.extend(notes.into_iter().filter(is_new));
        things.order_by(|one, other| one.key.cmp(&other.key));
        things.dedup_by(|one, other| one.key == other.key);
        Ok(things)
    }
}

/// Why something is not said of the change calendar, of which `record` is on record.
fn refused_change(said: &ChangeSaid, record: Option<&ChangeRecord>, draft: &NewFact) -> Option<AlertRefusal> {
    match (said, record) {
        (ChangeSaid::Planned(said), Some(_)) => Some(AlertRefusal::ChangeTaken(said.clone())),
        (ChangeSaid::Planned(_), None) => None,
        (ChangeSaid::Approved(said), Some(record)) if record.needs_approval() => {
            record.is_by(draft).then(|| AlertRefusal::OwnChange(said.clone()))
        }
        (ChangeSaid::Approved(said), _) => Some(AlertRefusal::NoChange(said.clone())),
        (ChangeSaid::CalledOff(_), Some(record)) if record.stands(draft.at) => None,
        (ChangeSaid::CalledOff(said), _) => Some(AlertRefusal::NothingToCallOff(said.clone())),
    }
}
