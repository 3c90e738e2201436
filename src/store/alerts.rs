//! Firings of alerts: read, and of what a holder says of them that which is not on record already.
//!
//! *Invariant:* a firing begins once and ends once, whoever says so.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::dialect::WhichThings;
use super::{Store, StoreError};
use crate::model::fact::{AlertFired, AlertUnacknowledged, NewFact, Statement};
use crate::model::thing::{AlertRecord, NOTE_STANDS, StoredThing, ThingKey, ThingKind};
use crate::text::name::Name;

/// Firings that are over and are read: those of a week, where there are not very many.
const PAST: u32 = 1_000;
/// Firings of one condition that are looked back at.
const BACK: u32 = 100;

impl Store {
    /// Every alert that fires, and those that did so lately; silences that are active or were lately, and the notes of
    /// acknowledgements that still stand at `now`; and what each target of messages was told.
    ///
    /// # Errors
    /// The store can't be read.
    pub(crate) async fn alerts(&self, now: DateTime<Utc>) -> Result<Vec<StoredThing>, StoreError> {
        let mut things = self.dialect.things(WhichThings::Latest(ThingKind::Alert), PAST).await?;
        things.extend(self.dialect.things(WhichThings::Open(ThingKind::Alert), u32::MAX).await?);
        things.sort_by(|one, other| one.key.cmp(&other.key));
        things.dedup_by(|one, other| one.key == other.key);
        things.extend(self.silences(now - NOTE_STANDS).await?);
        things.extend(self.dialect.things(WhichThings::Latest(ThingKind::Message), PAST).await?);
        Ok(things)
    }

    /// What of these is news: a firing of which nothing is on record, of a condition that does not fire there, and the end of
    /// one that does. What is not about alerts is.
    pub(super) async fn alert_news(&self, drafts: Vec<NewFact>) -> Result<Vec<NewFact>, StoreError> {
        let fired = |draft: &NewFact| match &draft.said {
            Statement::AlertFired(fired) => Some(ThingKey::new(ThingKind::Alert, &fired.id)),
            _ => None,
        };
        let is_about_alerts =
            |draft: &NewFact| matches!(draft.said, Statement::AlertFired(_) | Statement::AlertResolved(_));
        if !drafts.iter().any(is_about_alerts) {
            return Ok(drafts);
        }
        let keys: Vec<ThingKey> = drafts.iter().filter_map(fired).collect();
        let known = self.dialect.things(WhichThings::Keys(&keys), u32::MAX).await?;
        let open = self.dialect.things(WhichThings::Open(ThingKind::Alert), u32::MAX).await?;
        let silences = self.dialect.things(WhichThings::Open(ThingKind::Silence), u32::MAX).await?;
        let acknowledged = |said: &AlertUnacknowledged| {
            let record = open.iter().find(|thing| thing.key.id == *said.id).and_then(StoredThing::read::<AlertRecord>);
            record.and_then(|record| record.acknowledged).is_some_and(|known| known.until <= said.until)
        };
        // By id: the condition.
        let mut firing: BTreeMap<Name, Name> =
            open.iter().map(|thing| (Name::from(&*thing.key.id), Name::from(&*thing.group))).collect();
        let is_news = |draft: &NewFact| match &draft.said {
            Statement::AlertFired(AlertFired { id, rule, .. }) => {
                let is_known = known.iter().any(|thing| *thing.key.id == **id);
                let is_news = !is_known && !firing.values().any(|other| other == rule);
                if is_news {
                    firing.insert(id.clone(), rule.clone());
                }
                is_news
            }
            Statement::AlertResolved(resolved) => firing.remove(&resolved.id).is_some(),
            Statement::AlertUnacknowledged(said) => acknowledged(said),
            Statement::SilenceEnded(said) => silences.iter().any(|thing| thing.key.id == *said.id),
            _ => true,
        };
        Ok(drafts.into_iter().filter(is_news).collect())
    }

    /// The same of what waited while the store was away: what it says was so at its time, and whoever acted then may have seen
    /// the same alert fire somewhat earlier or later.
    pub(super) async fn late_alert_news(&self, drafts: Vec<NewFact>) -> Result<Vec<NewFact>, StoreError> {
        let mut on_record: BTreeMap<Name, Vec<AlertRecord>> = BTreeMap::new();
        let ends: BTreeMap<Name, DateTime<Utc>> = drafts.iter().filter_map(end_of).collect();
        let mut news = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let is_news = match &draft.said {
                Statement::AlertFired(fired) => {
                    if !on_record.contains_key(&fired.rule) {
                        on_record.insert(fired.rule.clone(), self.firings_of(&fired.rule).await?);
                    }
                    let known = on_record.entry(fired.rule.clone()).or_default();
                    let is_news = !is_recorded(fired, ends.get(&fired.id).copied(), known);
                    if is_news {
                        known.push(AlertRecord::new(fired));
                    }
                    is_news
                }
                Statement::AlertResolved(resolved) => {
                    let is_said = |record: &AlertRecord| record.id == resolved.id && record.is_firing();
                    let is_new = on_record.values().flatten().any(is_said);
                    is_new || self.firing(&resolved.id).await?.is_some_and(|record| record.is_firing())
                }
                // What anybody has said of them meanwhile holds.
                Statement::AlertUnacknowledged(_) | Statement::SilenceEnded(_) => {
                    !self.alert_news(vec![draft.clone()]).await?.is_empty()
                }
                _ => true,
            };
            if is_news {
                news.push(draft);
            }
        }
        Ok(news)
    }

    /// The firing of that id.
    async fn firing(&self, id: &str) -> Result<Option<AlertRecord>, StoreError> {
        let key = ThingKey::new(ThingKind::Alert, id);
        let things = self.dialect.things(WhichThings::Keys(&[key]), 1).await?;
        Ok(things.first().and_then(StoredThing::read))
    }

    /// The last firings of a condition that are on record.
    async fn firings_of(&self, rule: &str) -> Result<Vec<AlertRecord>, StoreError> {
        let things = self.dialect.things(WhichThings::Group(ThingKind::Alert, rule), BACK).await?;
        Ok(things.iter().filter_map(StoredThing::read).collect())
    }
}

fn end_of(draft: &NewFact) -> Option<(Name, DateTime<Utc>)> {
    match &draft.said {
        Statement::AlertResolved(resolved) => Some((resolved.id.clone(), resolved.at)),
        _ => None,
    }
}

/// Whether a firing that lasted until `until` is one of those that are on record: by its id, or because the same condition
/// was said to fire at that time by whoever acted then.
fn is_recorded(fired: &AlertFired, until: Option<DateTime<Utc>>, on_record: &[AlertRecord]) -> bool {
    on_record.iter().any(|known| {
        let began_before = until.is_none_or(|until| known.fired_at < until);
        let ended_after = known.resolved_at.is_none_or(|at| at > fired.fired_at);
        known.id == fired.id || (began_before && ended_after)
    })
}
