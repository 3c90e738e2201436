//! Planned changes and freezes, with who approved them.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::alert::login;
use super::{StoredThing, ThingKey, ThingKind, Things};
use crate::lang::schedule::TimeWindow;
use crate::model::fact::{ChangeApproved, ChangeCalledOff, ChangePlanned, ChangeSaid, Fact, NewFact, Statement};
use crate::model::maintenance::{MaintenanceWindow, ServiceChoice, WindowKind, announced_from};
use crate::text::SafeText;
use crate::text::name::Name;

/// A change or a freeze as it is on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeRecord {
    /// Its id.
    pub id: Name,
    /// What is changed.
    pub title: SafeText,
    /// Why.
    pub why: SafeText,
    /// The services that it affects.
    pub services: ServiceChoice,
    /// Its first moment.
    pub from: DateTime<Utc>,
    /// The first moment after it.
    pub until: DateTime<Utc>,
    /// How many seconds before its beginning it ought to be planned, and is announced.
    pub notice_s: u64,
    /// The channels by which it is announced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notify: Vec<Name>,
    /// Whether nothing is to be changed in that time.
    pub freeze: bool,
    /// Who planned it: the login name.
    pub by: SafeText,
    /// When.
    pub at: DateTime<Utc>,
    /// Who approved it, and when; `None`: nobody did, and a freeze needs nobody.
    pub approved: Option<(SafeText, DateTime<Utc>)>,
    /// Who called it off, and when; `None`: it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called_off: Option<(SafeText, DateTime<Utc>)>,
}

impl ChangeRecord {
    /// Takes in what is said of a change, of which `known` is on record; `None`: that is no news.
    pub fn after(known: Option<Self>, draft: &NewFact) -> Option<Self> {
        let Statement::Change(said) = &draft.said else { return None };
        match (said, known) {
            (ChangeSaid::Planned(said), None) => {
                let ChangePlanned { id, title, why, services, from, until, notice_s, notify, freeze } = said.clone();
                let (by, at) = (login(&draft.who), draft.at);
                let (approved, called_off) = (None, None);
                Some(Self {
                    id,
                    title,
                    why,
                    services,
                    from,
                    until,
                    notice_s,
                    notify,
                    freeze,
                    by,
                    at,
                    approved,
                    called_off,
                })
            }
            (ChangeSaid::Approved(_), Some(known)) if known.needs_approval() && !known.is_by(draft) => {
                Some(Self { approved: Some((login(&draft.who), draft.at)), ..known })
            }
            (ChangeSaid::CalledOff(_), Some(known)) if known.stands(draft.at) => {
                Some(Self { called_off: Some((login(&draft.who), draft.at)), ..known })
            }
            _ => None,
        }
    }

    /// Whether nobody has approved it who must.
    pub const fn needs_approval(&self) -> bool {
        !self.freeze && self.approved.is_none() && self.called_off.is_none()
    }

    /// Whether it goes on or comes: nobody called it off, and it is not over.
    pub fn stands(&self, now: DateTime<Utc>) -> bool {
        self.called_off.is_none() && now < self.until
    }

    /// `change` or `freeze`.
    pub const fn word(&self) -> &'static str {
        self.kind().word()
    }

    /// What is said where it is approved.
    pub(crate) fn approving(&self) -> ChangeApproved {
        ChangeApproved { id: self.id.clone(), title: Some(self.title.clone()) }
    }

    /// What is said where it is called off.
    pub(crate) fn calling_off(&self, why: SafeText) -> ChangeCalledOff {
        ChangeCalledOff { id: self.id.clone(), title: Some(self.title.clone()), freeze: self.freeze, why }
    }

    const fn kind(&self) -> WindowKind {
        WindowKind::of_calendar(self.freeze)
    }

    /// As it is announced.
    pub(crate) fn window(&self) -> MaintenanceWindow {
        MaintenanceWindow {
            kind: self.kind(),
            id: self.id.clone(),
            name: self.id.clone(),
            title: self.title.to_string(),
            services: self.services.clone(),
            window: TimeWindow { start: self.from, end: self.until },
            notice: Some(Duration::from_secs(self.notice_s)),
            notify: self.notify.clone(),
            by: Some(self.by.clone()),
            why: Some(self.why.clone()),
        }
    }

    /// Since when it is announced; `None`: so long before is no moment.
    pub(crate) fn announced_from(&self) -> Option<DateTime<Utc>> {
        announced_from(self.from, Duration::from_secs(self.notice_s))
    }

    /// Whether it was planned by who says this.
    pub fn is_by(&self, draft: &NewFact) -> bool {
        self.by == login(&draft.who)
    }

    /// Whether it goes on at a moment.
    pub fn is_running(&self, now: DateTime<Utc>) -> bool {
        self.from <= now && self.stands(now)
    }

    /// Whether it was planned later than it ought to be.
    pub fn is_at_short_notice(&self) -> bool {
        let notice = i64::try_from(self.notice_s).ok().and_then(TimeDelta::try_seconds).unwrap_or(TimeDelta::MAX);
        !self.freeze && self.from - self.at < notice
    }
}

pub(super) fn follow(fact: &Fact, things: &mut Things) {
    let Statement::Change(said) = fact.said() else { return };
    let key = ThingKey::new(ThingKind::Change, said.id());
    let known = things.get(&key).and_then(StoredThing::read::<ChangeRecord>);
    if let Some(record) = ChangeRecord::after(known, &fact.draft) {
        things.write(key, record.needs_approval(), record.title.to_string(), &record, fact.seq);
    }
}
