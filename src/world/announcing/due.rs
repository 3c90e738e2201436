//! When somebody may have to be told though nothing new happens.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::routes::Routes;
use super::{Announcing, quiet_rule};
use crate::config::Config;
use crate::model::ledger::KnownGroup;
use crate::model::thing::{Acknowledgement, AlertRecord};
use crate::text::name::Name;

impl Announcing {
    /// The firings of which any target was told.
    pub(crate) fn announced(&self) -> BTreeSet<&Name> {
        self.groups().flat_map(|group| &group.firing).map(|known| &known.id).collect()
    }

    /// When somebody was told of a firing first; `None`: nobody was.
    pub(crate) fn told_first(&self, firing: &str) -> Option<DateTime<Utc>> {
        let told = self.groups().flat_map(|group| &group.firing).filter(|known| *known.id == *firing);
        told.map(|known| known.told_at).min()
    }

    /// The moment from which a deadline of a firing runs, as it is to be counted at another moment: later by as long as that was
    /// muted between both.
    pub(crate) fn without_muted(&self, firing: &str, from: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
        from + self.muted.get(firing).map_or(TimeDelta::zero(), |muted| muted.between(from, now))
    }

    /// Those who must acknowledge a firing too, where it is acknowledged so; nobody, where nobody was told of it.
    pub(crate) fn still_asked<'a>(&self, routes: &Routes<'a>, firing: &str, known: &Acknowledgement) -> Vec<&'a Name> {
        let told = self.told_first(firing).map(|told| self.without_muted(firing, told, known.at));
        told.map_or_else(Vec::new, |told| routes.still_asked(known, told))
    }

    /// The moments at which a message may be due by the time alone; some of them are past. `alerts` are those that fire, and
    /// those of which somebody was told.
    pub(crate) fn due_moments<'a>(
        &self,
        config: &Config,
        alerts: impl Iterator<Item = &'a AlertRecord>,
        now: DateTime<Utc>,
    ) -> Vec<DateTime<Utc>> {
        let mut found: Vec<DateTime<Utc>> = self.outboxes.values().filter_map(|outbox| outbox.due_at).collect();
        let repeats = || config.severities.iter().filter_map(|rule| rule.repeat);
        let steps = || config.oncall.iter().flat_map(|oncall| &oncall.escalation).map(|step| step.after);
        for group in self.groups() {
            found.extend(repeats().filter_map(|repeat| after(group.at, repeat)));
            for known in &group.firing {
                let told_at = self.without_muted(&known.id, known.told_at, now);
                found.extend(steps().filter_map(|step| after(told_at, step)));
            }
        }
        let (zone, mut any) = (config.console.timezone, false);
        for alert in alerts {
            any = true;
            let rule = config.severities.iter().find(|rule| rule.severity == alert.severity);
            let within = rule.and_then(|rule| rule.acknowledge_within);
            let fired_at = self.without_muted(&alert.id, alert.fired_at, now);
            found.extend(within.and_then(|within| after(fired_at, within)));
            let since = alert.resolved_at.unwrap_or(alert.fired_at);
            found.extend(rule.and_then(|rule| rule.digest.as_ref()).and_then(|digest| digest.next(since, zone)));
        }
        if any {
            let quiet = config.channels.iter().filter_map(|channel| quiet_rule(config, channel));
            found.extend(quiet.filter_map(|quiet| Some(quiet.when.covers(now, zone)?.end)));
            let planned = || config.oncall.as_ref().and_then(|oncall| Some(oncall.rotation.next_change(now)?.0));
            found.extend(self.duty.as_ref().map_or_else(planned, |duty| duty.next_change(now)));
        }
        found
    }

    fn groups(&self) -> impl Iterator<Item = &KnownGroup> {
        self.outboxes.values().flat_map(|outbox| outbox.record.groups.values())
    }
}

fn after(at: DateTime<Utc>, span: Duration) -> Option<DateTime<Utc>> {
    at.checked_add_signed(TimeDelta::from_std(span).ok()?)
}
