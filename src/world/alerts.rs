//! Alerts: one machine for each condition of each check and metric.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::ids::{AlertId, ServiceId};
use super::ranked::Ranked;
use crate::lang::time::Stamp;
use crate::lang::unit;
use crate::model::alert::{Clearing, NETWORK, Severity};
use crate::model::maintenance::MaintenanceWindow;
use crate::model::since::Since;
use crate::model::status::beside_status;
use crate::model::thing::{Acknowledgement, SilenceRecord};
use crate::text::SafeText;
use crate::text::name::Name;

/// What an alert is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AlertSubject {
    /// A check.
    Check(Name),
    /// A metric.
    Metric(Name),
    /// An objective.
    Slo(Name),
    /// The console's own connectivity.
    Console,
}

impl AlertSubject {
    /// The name of the check, metric or objective.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Check(name) | Self::Metric(name) | Self::Slo(name) => name,
            Self::Console => NETWORK,
        }
    }
}

/// Where an alert stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Nothing to see.
    Inactive,
    /// The condition holds, not yet long enough.
    Pending,
    /// It fires.
    Firing,
    /// It is over, and that is still shown.
    Resolved,
}

impl Phase {
    /// The order in lists: what fires comes first.
    pub(crate) const fn order(self) -> u8 {
        match self {
            Self::Firing => 0,
            Self::Pending => 2,
            Self::Resolved => 3,
            Self::Inactive => 4,
        }
    }

    /// The word on the screen.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::Pending => "pending",
            Self::Firing => "firing",
            Self::Resolved => "resolved",
        }
    }
}

/// The place in lists of what fires and is acknowledged: behind what nobody is at.
const ACKNOWLEDGED: u8 = 1;

/// What an alert asks of a person, whether it is muted, its phase, how bad it is: the order of the list. What is muted
/// comes after everything that is not, and the consequence of a dependency after its cause.
pub(crate) type Standing = (bool, bool, u8, Reverse<Severity>, bool);

/// The alerts that are not inactive, by their ids; the newest first of those that stand alike.
pub(crate) type Alerts = Ranked<AlertId, Standing, Option<Reverse<Duration>>, AlertView>;

impl Alerts {
    /// How many fire and are acknowledged, and not muted.
    pub(crate) fn acknowledged(&self) -> usize {
        self.count(|(_, muted, order, ..)| order == ACKNOWLEDGED && !muted)
    }

    /// How many are muted and not over. What this console alone sees is none of them: nobody muted it.
    pub(crate) fn muted(&self) -> usize {
        let all = self.count(|(is_over, muted, ..)| muted && !is_over);
        if all == 0 { 0 } else { all - self.iter().filter(|alert| alert.is_only_own_view()).count() }
    }

    /// How many are in a phase, muted or not, of one severity or of any; what is acknowledged is counted by itself.
    pub(crate) fn standing(&self, phase: Phase, muted: bool, severity: Option<Severity>) -> usize {
        self.count(|(_, inhibited, order, Reverse(its), _)| {
            order == phase.order() && inhibited == muted && severity.is_none_or(|wanted| wanted == its)
        })
    }
}

/// A window of maintenance, as much of it as stands beside an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnderMaintenance {
    /// How the window is shown.
    pub title: String,
    /// Why, where a person planned it.
    pub why: Option<SafeText>,
    /// The first moment after it.
    pub until: DateTime<Utc>,
}

impl UnderMaintenance {
    /// What it is for: a window that a person planned has no name but its id.
    pub(crate) fn purpose(&self) -> &str {
        self.why.as_ref().map_or(&self.title, SafeText::as_str)
    }
}

impl From<&MaintenanceWindow> for UnderMaintenance {
    fn from(window: &MaintenanceWindow) -> Self {
        Self { title: window.title.clone(), why: window.why.clone(), until: window.window.end }
    }
}

/// A silence, as much of it as stands beside an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SilencedBy {
    /// Its id.
    pub id: Name,
    /// Who.
    pub by: SafeText,
    /// Why.
    pub why: SafeText,
    /// When it ends at the latest.
    pub until: DateTime<Utc>,
}

impl From<&SilenceRecord> for SilencedBy {
    fn from(silence: &SilenceRecord) -> Self {
        Self { id: silence.id.clone(), by: silence.by.clone(), why: silence.why.clone(), until: silence.until }
    }
}

/// One alert.
#[derive(Debug, Clone)]
pub struct AlertView {
    /// Stable identity: `check:api/critical/0`.
    pub id: Name,
    /// What it is about.
    pub subject: AlertSubject,
    /// The service of the subject.
    pub service: Option<Name>,
    /// The row of services that the subject belongs to: where no service is configured, a check is a row of its own.
    pub(crate) row: Option<ServiceId>,
    /// How bad.
    pub severity: Severity,
    /// The condition as written.
    pub condition: Arc<str>,
    /// Where it stands.
    pub phase: Phase,
    /// What it still waits for, where it fires though its condition holds no more.
    pub(crate) clearing: Option<Clearing>,
    /// Since when it stands there.
    pub since: Option<Since>,
    /// What was seen: `12.4 %`, `down`.
    pub value: SafeText,
    /// Why it is muted: the dependency that is down.
    pub inhibited_by: Option<Name>,
    /// The window of maintenance that mutes it.
    pub(crate) maintenance: Option<UnderMaintenance>,
    /// The silence that mutes it.
    pub(crate) silenced: Option<SilencedBy>,
    /// Whether it is about a status that changes too often to be believed.
    pub flapping: bool,
    /// Who is at it.
    pub acknowledged: Option<Acknowledgement>,
    /// Which firing of it is on record, where it fires.
    pub firing: Option<Name>,
    /// Whether its service is in trouble for a dependency too, beside what this alert says.
    pub is_behind: bool,
    /// Whether it fires by what this console sees alone: whoever acts for all does not say so.
    pub is_own_view: bool,
    /// When it was over last, where it pends again while that would still be shown.
    pub(crate) over_at: Option<Stamp>,
}

impl AlertView {
    pub(super) fn rank(&self) -> (Standing, Option<Reverse<Duration>>) {
        let muted = self.is_muted();
        let is_over = matches!(self.phase, Phase::Resolved | Phase::Inactive);
        let is_known = self.acknowledged.is_some();
        // What somebody has been at for longest is asked for first; else the newest is the news.
        let place = |at: Duration| Reverse(if is_known { Duration::MAX.saturating_sub(at) } else { at });
        let order = if is_known { ACKNOWLEDGED } else { self.phase.order() };
        let placed = self.since.map(|since| place(since.at.mono));
        ((is_over, muted, order, Reverse(self.severity), self.is_behind), placed)
    }

    /// Whether a silence mutes it.
    pub const fn is_silenced(&self) -> bool {
        self.silenced.is_some()
    }

    /// Whether nothing but that it is this console's own view keeps it from asking something of a person.
    const fn is_only_own_view(&self) -> bool {
        let is_over = matches!(self.phase, Phase::Resolved | Phase::Inactive);
        self.is_own_view && !is_over && !self.is_hushed() && self.inhibited_by.is_none()
    }

    /// Whether it is muted by what a person decided or by flapping, rather than explained by something else.
    pub(crate) const fn is_hushed(&self) -> bool {
        self.maintenance.is_some() || self.silenced.is_some() || self.flapping
    }

    /// Whether it asks nothing of a person.
    pub(crate) const fn is_muted(&self) -> bool {
        self.is_hushed() || self.inhibited_by.is_some() || self.is_own_view
    }

    /// What is said of it behind its name, in the order in which a person reads it. For how long it must hold matters while
    /// it waits, and no more once it fires.
    pub(crate) fn parts(&self, now: Stamp) -> AlertParts<'_> {
        let clears = self.clears(now);
        let is_figure = matches!(self.subject, AlertSubject::Metric(_)) && !self.value.as_str().is_empty();
        if clears.is_some() || (self.phase == Phase::Resolved && is_figure) {
            // A figure beside a condition that it does not meet would be wrong.
            let asked = format!("(was {})", without_time(&self.condition)).into();
            return AlertParts { value: Some(self.value.as_str()), asked, more: clears.map(Cow::from) };
        }
        let waits = self.phase == Phase::Pending && self.inhibited_by.is_none();
        let asked = if waits { &*self.condition } else { without_time(&self.condition) };
        let seen = self.value.as_str();
        if is_figure {
            return AlertParts { value: Some(seen), asked: asked.into(), more: None };
        }
        let status = without_time(asked);
        // `down` with the value `DOWN connection refused` needs only what is new.
        let same = seen.get(..status.len()).is_some_and(|start| start.eq_ignore_ascii_case(status));
        let more = if same { beside_status(seen[status.len()..].trim_start()) } else { seen };
        AlertParts {
            value: None,
            asked: asked.into(),
            more: Some(more.into()).filter(|more: &Cow<'_, str>| !more.is_empty()),
        }
    }

    /// `clears in 40s`, `clears at < 75%`, `kept: no data`: what it waits for, where it fires though its condition holds no more.
    pub(crate) fn clears(&self, now: Stamp) -> Option<String> {
        Some(match self.clearing? {
            Clearing::At(at) => match at.since(now) {
                // Nothing was seen of it since.
                Duration::ZERO => "clears with the next value".to_owned(),
                left => {
                    format!("clears in {}", unit::span(Duration::from_secs(left.as_millis().div_ceil(1000) as u64)))
                }
            },
            Clearing::Until => format!("clears at {}", until(&self.condition)),
            Clearing::NoData => "kept: no data".to_owned(),
        })
    }

    /// One line in words, as in lists: `medium clients 948 > 900`, `critical api down · connection refused`.
    pub(crate) fn summary(&self, title: &str, now: Stamp) -> String {
        let AlertParts { value, asked, more } = self.parts(now);
        let value = value.map_or_else(String::new, |value| format!(" {value}"));
        let more = more.map_or_else(String::new, |more| format!(" · {more}"));
        format!("{} {title}{value} {asked}{more}", self.severity.word())
    }

    /// The same once it is over: what was seen last is not what it was about.
    pub(crate) fn over(&self, title: &str) -> String {
        format!("{} {title} {} resolved", self.severity.word(), without_time(&self.condition))
    }
}

/// What is said of an alert behind the name of what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AlertParts<'a> {
    /// The figure that was seen, before the condition that it meets.
    pub value: Option<&'a str>,
    /// The condition.
    pub asked: Cow<'a, str>,
    /// What else was seen.
    pub more: Option<Cow<'a, str>>,
}

/// What stands behind `until`, without `for 5m`.
fn until(condition: &str) -> &str {
    let behind = condition.split_once(" until ").map_or("", |(_, behind)| behind);
    behind.split_once(" for ").map_or(behind, |(until, _)| until)
}

/// The condition without `for 5m` and `until < 75%`.
pub(crate) fn without_time(condition: &str) -> &str {
    if condition.contains('"') {
        return condition;
    }
    let ends = [" for ", " until "].into_iter().filter_map(|word| condition.find(word));
    &condition[..ends.min().unwrap_or(condition.len())]
}

/// For how long a condition must hold before it fires: `5m`.
pub(crate) fn fires_after(condition: &str) -> Option<&str> {
    if condition.contains('"') {
        return None;
    }
    let (_, behind) = condition.split_once(" for ")?;
    behind.split(' ').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_short_once_it_fires() {
        for (written, short) in [
            ("down for 5s", "down"),
            ("> 85% for 5m until < 75%", "> 85%"),
            ("> 85% until < 75% for 5m", "> 85%"),
            ("changes > 3 in 10m", "changes > 3 in 10m"),
            ("== \"wait for me\" for 1m", "== \"wait for me\" for 1m"),
            ("degraded", "degraded"),
        ] {
            assert_eq!(without_time(written), short);
        }
        for (written, span) in [
            ("down for 5s", Some("5s")),
            ("> 85% for 5m until < 75%", Some("5m")),
            ("degraded", None),
            ("== \"wait for me\"", None),
        ] {
            assert_eq!(fires_after(written), span, "{written}");
        }
    }
}
