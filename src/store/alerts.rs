//! Firings of alerts: read, and of what a holder says of them that which is not on record already.
//!
//! *Invariant:* a firing begins once and ends once, whoever says so.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::dialect::WhichThings;
use super::incidents::LATEST;
use super::{Store, StoreError};
use crate::lang::order::InOrder;
use crate::model::fact::alerting::rule_of;
use crate::model::fact::{
    AlertAcknowledged, AlertFired, AlertUnacknowledged, MaintenanceEnded, MaintenanceStarted, NewFact, Statement,
};
use crate::model::thing::{
    Acknowledgement, AlertRecord, MaintenanceRecord, NOTE_STANDS, StoredThing, ThingKey, ThingKind,
};
use crate::text::name::Name;

/// Firings that are over and are read: those of a week, where there are not very many.
const PAST: u32 = 1_000;
/// Firings of one condition that are looked back at.
const BACK: u32 = 100;

impl Store {
    /// Every alert that fires, and those that did so lately; silences that are active or were lately, and the notes of
    /// acknowledgements that still stand at `now`; windows of maintenance; spans that were excluded; and what each target of messages was told.
    ///
    /// # Errors
    /// The store can't be read.
    pub(crate) async fn alerts(&self, now: DateTime<Utc>) -> Result<Vec<StoredThing>, StoreError> {
        let mut things = self.dialect.things(WhichThings::Latest(ThingKind::Alert), PAST).await?;
        things.extend(self.dialect.things(WhichThings::Open(ThingKind::Alert), u32::MAX).await?);
        things.extend(self.silences(now - NOTE_STANDS).await?);
        let calendars = [ThingKind::Maintenance, ThingKind::Change, ThingKind::Runbook];
        for kind in calendars.into_iter().chain([ThingKind::OnCall, ThingKind::Handover, ThingKind::Contact]) {
            for which in [WhichThings::Latest(kind), WhichThings::Open(kind)] {
                things.extend(self.dialect.things(which, PAST).await?);
            }
        }
        things.extend(self.dialect.things(WhichThings::Latest(ThingKind::Exclusion), PAST).await?);
        things.extend(self.incidents(LATEST).await?);
        things.extend(self.dialect.things(WhichThings::Latest(ThingKind::Message), PAST).await?);
        things.extend(self.checklists().await?);
        things.order_by(|one, other| one.key.cmp(&other.key));
        things.dedup_by(|one, other| one.key == other.key);
        Ok(things)
    }

    /// What of these is news: a firing of which nothing is on record, of a condition that does not fire there, and the end of
    /// one that does; a period of a checklist without a run. What is not about these is.
    pub(super) async fn alert_news(&self, drafts: Vec<NewFact>) -> Result<Vec<NewFact>, StoreError> {
        let fired = |draft: &NewFact| match &draft.said {
            Statement::AlertFired(fired) => Some(ThingKey::new(ThingKind::Alert, &fired.id)),
            _ => None,
        };
        let is_about_alerts = |draft: &NewFact| match draft.said {
            Statement::AlertFired(_)
            | Statement::AlertResolved(_)
            | Statement::AlertUnacknowledged(_)
            | Statement::SilenceEnded(_) => true,
            _ => is_of_maintenance(&draft.said),
        };
        let drafts = self.checklist_news(drafts).await?;
        if !drafts.iter().any(is_about_alerts) {
            return Ok(drafts);
        }
        let keys: Vec<ThingKey> = drafts.iter().filter_map(fired).collect();
        let known = self.dialect.things(WhichThings::Keys(&keys), u32::MAX).await?;
        let open = self.dialect.things(WhichThings::Open(ThingKind::Alert), u32::MAX).await?;
        let silences = self.dialect.things(WhichThings::Open(ThingKind::Silence), u32::MAX).await?;
        let mut windows = self.windows_of(&drafts).await?;
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
            said if is_of_maintenance(said) => is_news_of_window(draft, &mut windows),
            _ => true,
        };
        Ok(drafts.into_iter().filter(is_news).collect())
    }

    /// The same of what waited while the store was away: what it says was so at its time, and whoever acted then may have seen
    /// the same alert fire somewhat earlier or later.
    /// An acknowledgement is of the firing that is on record, whoever said that first; those of none go to `unattached`.
    pub(super) async fn late_alert_news(
        &self,
        drafts: Vec<NewFact>,
        unattached: &mut Vec<AlertAcknowledged>,
    ) -> Result<Vec<NewFact>, StoreError> {
        let mut on_record: BTreeMap<Name, Vec<AlertRecord>> = BTreeMap::new();
        let ends: BTreeMap<Name, DateTime<Utc>> = drafts.iter().filter_map(end_of).collect();
        let mut news = Vec::with_capacity(drafts.len());
        for mut draft in drafts {
            if let Statement::AlertAcknowledged(said) = &draft.said
                && !news.iter().any(|before| fires_by(before, &said.id))
            {
                let Some(record) = self.meant_by(said, draft.at).await? else {
                    unattached.push(said.clone());
                    continue;
                };
                draft = attached(draft, &record);
            }
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
                Statement::AlertUnacknowledged(said) if news.iter().any(|before| is_end_of(said, before)) => true,
                Statement::AlertUnacknowledged(_)
                | Statement::SilenceEnded(_)
                | Statement::MaintenanceStarted(_)
                | Statement::MaintenanceEnded(_) => !self.alert_news(vec![draft.clone()]).await?.is_empty(),
                _ => true,
            };
            if is_news {
                news.push(draft);
            }
        }
        // Who was first has answered a step.
        let news = self.checklist_news(news).await?;
        self.with_incidents(news).await
    }

    /// The windows of maintenance that these are about, as they are on record.
    async fn windows_of(&self, drafts: &[NewFact]) -> Result<BTreeMap<String, MaintenanceRecord>, StoreError> {
        let about = drafts.iter().filter(|draft| is_of_maintenance(&draft.said));
        let keys: Vec<ThingKey> = about.flat_map(|draft| draft.said.touches()).collect();
        if keys.is_empty() {
            return Ok(BTreeMap::new());
        }
        let things = self.dialect.things(WhichThings::Keys(&keys), u32::MAX).await?;
        Ok(things.into_iter().filter_map(|thing| Some((thing.key.id.clone(), thing.read()?))).collect())
    }

    /// The firing that an acknowledgement of `at` is about: the one that it names, else the last of the same name and severity
    /// that fired then. Who acknowledged it may have seen it begin earlier or later than whoever put it on record.
    async fn meant_by(&self, said: &AlertAcknowledged, at: DateTime<Utc>) -> Result<Option<AlertRecord>, StoreError> {
        let named = self.firing(&said.id).await?;
        if named.as_ref().is_some_and(AlertRecord::is_firing) {
            return Ok(named);
        }
        let mut known = match rule_of(&said.id) {
            Some(rule) => self.firings_of(&rule).await?,
            None => Vec::new(),
        };
        let open = self.dialect.things(WhichThings::Open(ThingKind::Alert), u32::MAX).await?;
        let open = open.iter().filter_map(StoredThing::read::<AlertRecord>);
        known.extend(open.filter(|record| record.alert == said.alert && record.severity == said.severity));
        let then = known.into_iter().filter(|record| Acknowledgement::may_mean(record, at));
        Ok(then.max_by(|one, other| one.id.cmp(&other.id)).or(named))
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

/// An acknowledgement that waited, of the firing that is on record: it can't have begun after that was said.
fn attached(draft: NewFact, record: &AlertRecord) -> NewFact {
    let at = draft.at.max(record.fired_at);
    match draft.said {
        Statement::AlertAcknowledged(said) => NewFact {
            at,
            said: Statement::AlertAcknowledged(AlertAcknowledged { id: record.id.clone(), ..said }),
            ..draft
        },
        _ => draft,
    }
}

fn fires_by(draft: &NewFact, id: &str) -> bool {
    matches!(&draft.said, Statement::AlertFired(fired) if *fired.id == *id)
}

const fn is_of_maintenance(said: &Statement) -> bool {
    matches!(said, Statement::MaintenanceStarted(_) | Statement::MaintenanceEnded(_))
}

/// Whether it changes the window that it is about, which is changed then.
fn is_news_of_window(draft: &NewFact, windows: &mut BTreeMap<String, MaintenanceRecord>) -> bool {
    let (Statement::MaintenanceStarted(MaintenanceStarted { id, .. })
    | Statement::MaintenanceEnded(MaintenanceEnded { id, .. })) = &draft.said
    else {
        return false;
    };
    let after = MaintenanceRecord::after(windows.get(&**id).cloned(), draft);
    let is_news = after.is_some();
    windows.extend(after.map(|record| (id.to_string(), record)));
    is_news
}

fn end_of(draft: &NewFact) -> Option<(Name, DateTime<Utc>)> {
    match &draft.said {
        Statement::AlertResolved(resolved) => Some((resolved.id.clone(), resolved.at)),
        _ => None,
    }
}

/// Whether it ends an acknowledgement that waited too.
fn is_end_of(said: &AlertUnacknowledged, before: &NewFact) -> bool {
    matches!(&before.said, Statement::AlertAcknowledged(known) if known.id == said.id && known.until <= said.until)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::alert::Severity;
    use crate::model::fact::alerting::instance_id;
    use crate::model::fact::{AlertResolved, Fact, SilenceEnd, SilenceEnded, SilenceStarted, Unacknowledged};

    use crate::store::new_fact;
    use crate::text::SafeText;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    fn draft(said: Statement) -> NewFact {
        new_fact(at(50), "ana", "box", said)
    }

    fn fired() -> Statement {
        Statement::AlertFired(AlertFired { since: at(1), ..AlertFired::sample(at(2)) })
    }

    fn acknowledged(until: i64) -> Statement {
        let (id, alert, why) = ("f".into(), "api".into(), SafeText::new("on it"));
        let said = AlertAcknowledged {
            id,
            alert,
            severity: Severity::Critical,
            why,
            until: at(until),
            link: None,
            together: false,
            taken_by: None,
        };
        Statement::AlertAcknowledged(said)
    }

    fn unacknowledged(until: i64) -> Statement {
        let (id, alert, because) = ("f".into(), "api".into(), Unacknowledged::Expired);
        let said = AlertUnacknowledged { id, alert, severity: Severity::Critical, because, until: at(until) };
        Statement::AlertUnacknowledged(said)
    }

    fn silenced() -> Statement {
        let (matching, why) = ("service:api".to_owned(), SafeText::new("works"));
        Statement::SilenceStarted(SilenceStarted { id: "s".into(), matching, why, until: at(60), hold: false })
    }

    fn unsilenced(because: SilenceEnd) -> Statement {
        Statement::SilenceEnded(SilenceEnded { id: "s".into(), matching: "service:api".to_owned(), because })
    }

    #[tokio::test]
    async fn what_is_over_is_not_ended_again_however_it_is_said() {
        // What is on record, what is said by itself, and which of that is put on record.
        type Case = (&'static str, Vec<Statement>, Vec<Statement>, &'static [&'static str]);
        let (silenced_by, over) = (unsilenced(SilenceEnd::Person), unsilenced(SilenceEnd::Expired));
        let cases: [Case; 8] = [
            ("a silence", vec![silenced()], vec![over.clone()], &["silence.ended"]),
            ("a silence that a person ended", vec![silenced(), silenced_by], vec![over.clone()], &[]),
            ("no silence", vec![], vec![over], &[]),
            ("an acknowledgement", vec![fired(), acknowledged(9)], vec![unacknowledged(9)], &["alert.unacknowledged"]),
            ("one that was extended", vec![fired(), acknowledged(9), acknowledged(90)], vec![unacknowledged(9)], &[]),
            ("an alert that is over", vec![fired(), acknowledged(9), resolved()], vec![unacknowledged(9)], &[]),
            ("none", vec![fired()], vec![unacknowledged(9)], &[]),
            ("said twice", vec![fired(), acknowledged(9), unacknowledged(9)], vec![unacknowledged(9)], &[]),
        ];
        for (what, before, said, due) in cases {
            for is_late in [false, true] {
                let news = news_of(&before, &said, is_late).await;
                assert_eq!(news, due, "{what}, late: {is_late}");
            }
        }
        let waited = [acknowledged(9), unacknowledged(9)];
        assert_eq!(news_of(&[fired()], &waited, true).await, ["alert.acknowledged", "alert.unacknowledged"]);
    }

    #[tokio::test]
    async fn an_acknowledgement_that_waited_is_of_the_firing_that_is_on_record() {
        let rule: Name = "check:api/critical/0".into();
        let fired = |second| match fired() {
            Statement::AlertFired(fired) => {
                Statement::AlertFired(AlertFired { id: instance_id(&rule, at(second)), fired_at: at(second), ..fired })
            }
            said => said,
        };
        let acknowledged = |second| match acknowledged(5_000) {
            Statement::AlertAcknowledged(said) => {
                Statement::AlertAcknowledged(AlertAcknowledged { id: instance_id(&rule, at(second)), ..said })
            }
            said => said,
        };
        let kinds = ["alert.acknowledged"];
        // Said at 50: of what is on record since 2, and of what was found only later.
        for on_record in [2, 90] {
            let (news, store, _at) = said_late(&[fired(on_record)], &[fired(30), acknowledged(30)]).await;
            assert_eq!(news, kinds, "{on_record}");
            let record = store.firing(&instance_id(&rule, at(on_record))).await.unwrap().unwrap();
            assert_eq!(record.acknowledged.map(|known| known.at), Some(at(on_record.max(50))), "{on_record}");
        }
        // Its own firing is what is on record then.
        let (news, store, _at) = said_late(&[], &[fired(30), acknowledged(30)]).await;
        assert_eq!(news, ["alert.fired", "alert.acknowledged"]);
        assert!(store.firing(&instance_id(&rule, at(30))).await.unwrap().unwrap().acknowledged.is_some());
        // Of none, and of one that began much later.
        for before in [vec![], vec![fired(5_000)]] {
            let (news, _, _at) = said_late(&before, &[acknowledged(30)]).await;
            assert_eq!(news, [""; 0]);
        }
        let (_, store, _at) = said_late(&[], &[]).await;
        let unattached = store.append_late(&[draft(acknowledged(30))]).await.unwrap();
        assert_eq!(unattached.len(), 1, "which is said");
    }

    /// What is put on record of what waited, and the store.
    async fn said_late(before: &[Statement], said: &[Statement]) -> (Vec<String>, Store, tempfile::TempDir) {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::sample(directory.path()).await;
        if !before.is_empty() {
            let turn = store.turns().next().await.unwrap();
            turn.append(before.iter().cloned().map(draft).collect()).await.unwrap().unwrap();
        }
        store.append_late(&said.iter().cloned().map(draft).collect::<Vec<_>>()).await.unwrap();
        let page = store.audit_page(0, 99).await.unwrap();
        let facts = page.iter().skip(before.len()).map(|line| Fact::from_entry(&line.entry.to_string()).unwrap());
        (facts.map(|fact| fact.said().kind().to_owned()).collect(), store, directory)
    }

    fn resolved() -> Statement {
        let (id, alert, severity) = ("f".into(), "api".into(), Severity::Critical);
        Statement::AlertResolved(AlertResolved {
            id,
            alert,
            severity,
            at: at(20),
            because: None,
            value: None,
            fence: 1,
        })
    }

    async fn news_of(before: &[Statement], said: &[Statement], is_late: bool) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::sample(directory.path()).await;
        let fence = store.held(at(0)).await;
        let before: Vec<NewFact> = before.iter().cloned().map(draft).collect();
        let known = before.len() + 1;
        if !before.is_empty() {
            let turn = store.turns().next().await.unwrap();
            turn.append(before).await.unwrap().unwrap();
        }
        let said: Vec<NewFact> = said.iter().cloned().map(draft).collect();
        if is_late {
            store.append_late(&said).await.unwrap();
        } else {
            store.append_held(fence, said).await.unwrap();
        }
        let page = store.audit_page(0, 99).await.unwrap();
        let facts = page.iter().skip(known).map(|line| Fact::from_entry(&line.entry.to_string()).unwrap());
        facts.map(|fact| fact.said().kind().to_owned()).collect()
    }
}
