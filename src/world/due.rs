//! When the time alone changes anything: where a clock that is not a person's may stop next.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::World;
use super::alerts::Phase;
use super::machines::SubjectId;
use super::objectives::{SloMeasure, SloRule};
use crate::lang::time::Stamp;
use crate::model::maintenance::MaintenanceWindow;
use crate::model::silence::quiet_since;

/// Something is stale once it is older than what is allowed, not when it is as old.
const A_MOMENT: Duration = Duration::from_millis(1);

impl World {
    /// The first moment after this one at which a tick may change anything, if nothing is taken in before; `None`: none does.
    /// One at which nothing changes does no harm, one that is left out does.
    pub(super) fn next_due(&self) -> Option<Stamp> {
        let now = self.now;
        let of_alerts = self.machines.all.iter().filter_map(|machine| machine.alert.due(now));
        let shown = self.alerts.iter().filter(|view| view.phase == Phase::Resolved);
        let forgotten = shown.filter_map(|view| Some(view.since?.at.plus(self.config.alerting.resolved_for)));
        let by_wall = self.due_by_the_wall_clock().into_iter().map(|at| now.stored(at));
        let all = of_alerts.chain(forgotten).chain(self.stale_at()).chain(self.objectives_due()).chain(by_wall);
        all.filter(|at| at.mono > now.mono).min()
    }

    fn stale_at(&self) -> impl Iterator<Item = Stamp> {
        let checks = self.checks.iter().filter(|check| !check.stale).map(|check| {
            let from = check.last.as_ref().map_or(check.known_from, |reading| reading.timing.ended);
            from.plus(check.stale_after + A_MOMENT)
        });
        let metrics = self.metrics.iter().filter(|metric| !metric.stale).map(|metric| {
            let from = metric.last.as_ref().map_or(metric.known_from, |sample| sample.at);
            from.plus(metric.stale_after + A_MOMENT)
        });
        checks.chain(metrics)
    }

    /// Where the burn rate of an objective passes a limit before its windows move on with the minute, and that minute.
    fn objectives_due(&self) -> impl Iterator<Item = Stamp> {
        let now = self.now;
        let into_minute = Duration::from_nanos((now.mono.as_nanos() % 60_000_000_000) as u64);
        let next_minute = now.plus(Duration::from_mins(1).saturating_sub(into_minute));
        let found = self.slos.ids().filter_map(move |id| {
            let slo = &self.slos[id];
            let (meter, SloMeasure::Time(figures)) = (slo.meter.as_ref()?, &slo.measured) else { return None };
            let rules = &self.machines.all[self.machines.of_slo.get(id)?.clone()];
            let standing = meter.counts_as(now);
            let is_bad = standing == Some(false) || figures.spans.iter().any(|span| span.bad_ms > 0);
            let fires = rules.iter().any(|rule| rule.alert.state.is_firing());
            if rules.is_empty() || !(is_bad || fires) {
                return None;
            }
            let passes = rules.iter().filter_map(move |rule| match rule.about {
                SubjectId::Slo(_, SloRule::Burn(rule)) => figures.passes(&rule, standing?),
                _ => None,
            });
            // At the limit it is not above it yet.
            let crossings = passes.map(move |after| now.plus(after + A_MOMENT));
            Some(crossings.chain([next_minute]))
        });
        found.flatten()
    }

    fn due_by_the_wall_clock(&self) -> Vec<DateTime<Utc>> {
        let now = self.now.utc;
        let mut found: Vec<DateTime<Utc>> = self.maintenance.next.into_iter().collect();
        found.extend(self.maintenance.coming.iter().filter_map(MaintenanceWindow::announced_from));
        found.extend(self.change_edges());
        found.extend(self.exclusion_edges());
        found.extend(self.firings.open().filter_map(|firing| Some(firing.record.acknowledged.as_ref()?.until)));
        let quiet = TimeDelta::from_std(self.config.alerting.quiet_ends_silence).unwrap_or(TimeDelta::MAX);
        let firings = || self.firings.iter().map(|firing| &firing.record);
        for silence in self.silences.iter().filter(|silence| silence.record.is_active(now)) {
            found.push(silence.record.until);
            let since =
                silence.matching.as_ref().and_then(|matching| quiet_since(&silence.record, matching, firings()));
            found.extend(since.and_then(|since| since.checked_add_signed(quiet)));
        }
        if !self.config.channels.is_empty() {
            let announced = self.announcing.announced();
            let told = self.firings.told(&announced).into_iter().map(|firing| &firing.record);
            found.extend(self.announcing.due_moments(&self.config, told, now));
        }
        found
    }
}
