//! What changed since the last look, a line each: what a watcher prints.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Serialize, Serializer};

use crate::config::titles::name_of_firing;
use crate::lang::time::{Stamp, rfc3339_millis};
use crate::model::alert::Severity;
use crate::model::lease::{LeaseHolder, LeaseView};
use crate::model::status::Status;
use crate::text::SafeText;
use crate::text::name::Name;
use crate::text::redact::Redactor;
use crate::world::World;
use crate::world::alerts::{AlertView, Phase};
use crate::world::checks::CheckView;

/// What began to fire within this time is new.
const NEW: TimeDelta = TimeDelta::seconds(30);

/// What became of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum AlertState {
    Firing,
    Resolved,
}

/// One change. The fields and their names in JSON are a promise; some may be added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ChangeLine {
    /// When it was noticed.
    #[serde(serialize_with = "in_milliseconds")]
    at: DateTime<Utc>,
    #[serde(flatten)]
    what: Changed,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Changed {
    /// A check has another status.
    Status {
        check: Name,
        service: Option<Name>,
        /// `None`: it is the first one.
        from: Option<Status>,
        to: Status,
        reason: Option<SafeText>,
    },
    /// An alert began to fire, or is over.
    Alert {
        id: Name,
        alert: Name,
        /// How it is named to people.
        #[serde(skip)]
        called: String,
        service: Option<Name>,
        severity: Severity,
        state: AlertState,
        condition: SafeText,
        value: SafeText,
        /// When it began to fire, where that was not just now.
        since: Option<String>,
        muted: bool,
    },
}

fn in_milliseconds<S: Serializer>(at: &DateTime<Utc>, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(&rfc3339_millis(*at))
}

impl ChangeLine {
    /// The line without what `redactor` knows as secret.
    pub(crate) fn masked(mut self, redactor: &Redactor) -> Self {
        let texts = match &mut self.what {
            Changed::Status { reason, .. } => [reason.as_mut(), None],
            Changed::Alert { condition, value, .. } => [Some(condition), Some(value)],
        };
        for text in texts.into_iter().flatten() {
            *text = redactor.redact_shortened(text);
        }
        self
    }
}

impl fmt::Display for ChangeLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  ", self.at.format("%Y-%m-%d %H:%M:%SZ"))?;
        match &self.what {
            Changed::Status { check, from, to, reason, .. } => {
                match from {
                    Some(from) => write!(f, "check {check} {} -> {}", from.word(), to.word())?,
                    None => write!(f, "check {check} {}", to.word())?,
                }
                reason.as_ref().map_or(Ok(()), |reason| write!(f, ": {reason}"))
            }
            Changed::Alert { called, severity, state, condition, value, since, muted, .. } => {
                let since = since.as_ref().map_or_else(String::new, |at| format!(" since {at}"));
                let (severity, muted) = (severity.word(), if *muted { " (muted)" } else { "" });
                match state {
                    AlertState::Firing => {
                        write!(f, "alert {severity} {called} firing{since}: {condition}, {value}{muted}")
                    }
                    AlertState::Resolved => write!(f, "alert {severity} {called} resolved: {condition}{muted}"),
                }
            }
        }
    }
}

/// What was reported last, to tell what is new.
#[derive(Debug, Default)]
pub(crate) struct ChangeLog {
    statuses: HashMap<Name, Status>,
    /// What fires, by id.
    firing: BTreeMap<Name, AlertView>,
    lease: LeaseView,
    is_away: bool,
    /// Reloads: good, refused.
    reloads: (u64, u64),
    /// When the newest problem that was reported was seen.
    problems: Option<Stamp>,
}

impl ChangeLog {
    /// What is new of one check, whose answer has just been taken in.
    pub(crate) fn check(&mut self, world: &World, name: &Name) -> Option<ChangeLine> {
        // Without a network of our own, what is known of checks is about us and not about them.
        let id = world.membership.checks.get(name).filter(|_| world.connectivity.ok)?;
        self.status(world, world.checks.get(*id)?)
    }

    /// What is new of everything.
    pub(crate) fn look(&mut self, world: &World) -> Vec<ChangeLine> {
        self.statuses.retain(|name, _| world.membership.checks.contains_key(name));
        let mut lines = Vec::new();
        if world.connectivity.ok {
            lines.extend(world.checks.iter().filter_map(|check| self.status(world, check)));
        }
        self.alerts(world, &mut lines);
        lines
    }

    /// What a person who runs it should know beside that: who acts for all, the store, the configuration, problems.
    pub(crate) fn notices(&mut self, world: &World) -> Vec<String> {
        let mut notices = Vec::new();
        let before = std::mem::replace(&mut self.lease, world.lease.clone());
        if !is_same_holder(&before, &world.lease) {
            notices.extend(said_of_lease(&world.lease, before.fence().is_some()));
        }
        let is_away = world.store_away.is_some();
        let went_or_came = std::mem::replace(&mut self.is_away, is_away) != is_away;
        if went_or_came {
            notices.push(match &world.store_away {
                Some(away) => format!("store unavailable: {}", away.why),
                None => "store available again".to_owned(),
            });
        }
        let (good, refused) = std::mem::replace(&mut self.reloads, world.diagnostics.reloads);
        if world.diagnostics.reloads.0 > good {
            notices.push("configuration reloaded".to_owned());
        }
        if world.diagnostics.reloads.1 > refused {
            notices.push("configuration rejected; the previous one stays in effect".to_owned());
        }
        let problems = &world.diagnostics.problems;
        let is_new = |at: Stamp| self.problems.is_none_or(|seen| at.mono > seen.mono);
        // Why the store is away has just been said with that it is.
        let away = world.store_away.as_ref().filter(|_| went_or_came);
        let is_said = |text: &SafeText| away.is_some_and(|away| away.why == *text);
        let new = problems.iter().rev().take_while(|problem| is_new(problem.at));
        let new = new.filter(|problem| problem.count == 1 && !is_said(&problem.text));
        let mut new: Vec<String> = new.map(|problem| format!("{}: {}", problem.about, problem.text)).collect();
        new.reverse();
        notices.append(&mut new);
        self.problems = problems.back().map(|problem| problem.at).or(self.problems);
        notices
    }

    fn status(&mut self, world: &World, check: &CheckView) -> Option<ChangeLine> {
        check.last.as_ref()?;
        let to = if check.stale { Status::Unknown } else { check.status };
        // Not decided yet: the next answers say what it is.
        if to == Status::Pending {
            return None;
        }
        let from = self.statuses.insert(check.name.clone(), to);
        // That everything is well at the start is no change.
        if from == Some(to) || (from.is_none() && to == Status::Ok) {
            return None;
        }
        let reason = check.own_reason.as_ref().or(check.error.as_ref()).filter(|_| to != Status::Ok);
        let reason = reason.cloned().or_else(|| check.stale.then(|| SafeText::new("no answer for too long")));
        let (name, service) = (check.name.clone(), check.service.clone());
        Some(ChangeLine { at: world.now.utc, what: Changed::Status { check: name, service, from, to, reason } })
    }

    fn alerts(&mut self, world: &World, lines: &mut Vec<ChangeLine>) {
        let firing = world.alerts.iter().filter(|alert| alert.phase == Phase::Firing);
        let mut firing: BTreeMap<Name, AlertView> = firing.map(|alert| (alert.id.clone(), alert.clone())).collect();
        // What fired before this process knew of it is not new.
        let since = |alert: &AlertView| {
            let (record, _) = world.firing_on_record(&alert.id)?;
            let is_old = world.now.utc - record.fired_at > NEW;
            is_old.then(|| rfc3339_millis(record.fired_at))
        };
        let line = |alert: &AlertView, state| ChangeLine {
            at: world.now.utc,
            what: Changed::Alert {
                id: alert.id.clone(),
                alert: alert.subject.name().into(),
                called: name_of_firing(&world.config, &alert.id, alert.subject.name()).into_owned(),
                service: alert.service.clone(),
                severity: alert.severity,
                state,
                condition: SafeText::new(&alert.condition),
                value: alert.value.clone(),
                since: since(alert).filter(|_| state == AlertState::Firing),
                muted: alert.is_muted(),
            },
        };
        let over = self.firing.iter().filter(|(id, _)| !firing.contains_key(*id));
        lines.extend(over.map(|(_, alert)| line(alert, AlertState::Resolved)));
        for (id, alert) in &mut firing {
            // On its way to a recovery, a check says less than while it fired.
            if let Some(before) = self.firing.get(id).filter(|_| alert.value.as_str() == Status::Pending.word()) {
                alert.value = before.value.clone();
            }
        }
        let new = firing.iter().filter(|(id, _)| !self.firing.contains_key(*id));
        lines.extend(new.map(|(_, alert)| line(alert, AlertState::Firing)));
        self.firing = firing;
    }
}

/// Whether the same process acts for all, however lately it renewed.
fn is_same_holder(before: &LeaseView, now: &LeaseView) -> bool {
    match (before, now) {
        (LeaseView::Other(before), LeaseView::Other(now)) => (before.pid, &before.host) == (now.pid, &now.host),
        _ => before == now,
    }
}

/// Who acts for all now; `None` where the next turn says more.
fn said_of_lease(lease: &LeaseView, was_ours: bool) -> Option<String> {
    let named = |holder: &LeaseHolder| {
        let pid = holder.pid.map_or_else(String::new, |pid| format!(", process {pid}"));
        let kind = if holder.watcher { "watcher" } else { "console" };
        format!("the {kind} of {} on {}{pid}", holder.who, holder.host)
    };
    Some(match lease {
        LeaseView::Ours { .. } => "recording: this watcher holds the lease".to_owned(),
        LeaseView::Away { .. } => "recording to disk until the store is available".to_owned(),
        LeaseView::Other(holder) if holder.watcher => {
            format!("standing by: {} holds the lease", named(holder))
        }
        LeaseView::Other(holder) => format!("taking over: {} still holds the lease", named(holder)),
        LeaseView::OtherConfiguration(Some(holder)) => {
            format!("standing by: {} holds the lease with another configuration", named(holder))
        }
        LeaseView::OtherConfiguration(None) => "standing by: another configuration is on record".to_owned(),
        LeaseView::Free | LeaseView::Unknown if was_ours => "no longer recording: the lease is lost".to_owned(),
        LeaseView::Free | LeaseView::Unknown => return None,
    })
}
