//! The last days of a service, from the hours of its checks. Days are those of UTC, as hours are stored.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use super::past::{DAY, first_minute};
use super::{DAYS, PublicNow, PublicPast};
use crate::lang::schedule::TimeWindow;
use crate::lang::time::minute_of;
use crate::text::name::Name;

const HOUR: u32 = 60;
const HOUR_MS: u64 = 3_600_000;
/// What is shorter is no outage of a day, but is written beside it.
const OUTAGE_S: u64 = 60;

/// What a day was, for the public.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum DayStatus {
    /// Nothing is known of it.
    NoData,
    /// It worked as far as is known, and less than half of the day is known.
    Partial,
    /// It worked.
    Operational,
    /// Nothing but maintenance is known of it.
    Maintenance,
    /// It was degraded for a minute, or down for less.
    Degraded,
    /// It was down for a minute.
    Outage,
}

impl DayStatus {
    /// The name of its style.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::NoData => "none",
            Self::Partial => "partial",
            Self::Operational => "ok",
            Self::Maintenance => "maintenance",
            Self::Degraded => "degraded",
            Self::Outage => "outage",
        }
    }
}

/// One day of a service. Time in maintenance is in no other figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct PublicDay {
    pub date: NaiveDate,
    pub status: DayStatus,
    pub outage_s: u64,
    pub degraded_s: u64,
    pub maintenance_s: u64,
    /// For how long anything is known of it.
    pub known_s: u64,
    /// The end of the last hour with trouble, where it had any.
    #[serde(skip)]
    pub last_trouble: Option<DateTime<Utc>>,
}

impl PublicDay {
    /// Whether it is worth a line.
    pub(super) const fn had_trouble(&self) -> bool {
        self.outage_s + self.degraded_s > 0
    }
}

/// Milliseconds of one hour or one day.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    down: u64,
    degraded: u64,
    known: u64,
    maintenance: u64,
    last_trouble: Option<u32>,
}

/// The last days of a service, the oldest first. Of several checks the worst counts, hour by hour: which of them were down
/// at the same time is not stored, so an outage is at least as long as this.
pub(super) fn days_of(now: &PublicNow, past: &PublicPast, service: &Name) -> Vec<PublicDay> {
    let mut hours: BTreeMap<u32, Sum> = BTreeMap::new();
    let first = first_minute(now.at);
    let span = (moment(first), now.at);
    let stored = || now.checks_of(service).flat_map(|check| past.hours(check));
    // What is configured now says nothing of the time before anything was recorded.
    let begun = stored().map(|standing| standing.hour).min().unwrap_or_else(|| minute_of(now.at) / DAY * DAY);
    for window in &now.plan.covered(Some(service), span) {
        for (hour, ms) in hours_of(window, span).into_iter().filter(|(hour, _)| *hour >= begun) {
            hours.entry(hour).or_default().maintenance += ms;
        }
    }
    for standing in stored() {
        let sum = hours.entry(standing.hour).or_default();
        let share = (sum.maintenance as f64 / HOUR_MS as f64).min(1.0);
        let counts = standing.outside_maintenance(share);
        let bad = (sum.down + sum.degraded).max(counts.down + counts.degraded);
        sum.down = sum.down.max(counts.down);
        sum.degraded = bad.saturating_sub(sum.down);
        sum.known = sum.known.max(counts.known);
    }
    let mut days = vec![Sum::default(); DAYS as usize];
    for (hour, sum) in hours.into_iter().filter(|(hour, _)| *hour >= first) {
        let Some(day) = days.get_mut(((hour - first) / DAY) as usize) else { continue };
        day.down += sum.down;
        day.degraded += sum.degraded;
        day.known += sum.known;
        day.maintenance += sum.maintenance;
        if sum.down + sum.degraded > 0 {
            day.last_trouble = Some(hour + HOUR);
        }
    }
    let today = minute_of(now.at);
    days.into_iter().zip(0..).map(|(sum, place)| finished(sum, first + place * DAY, today, now.at)).collect()
}

fn finished(sum: Sum, begins: u32, today: u32, at: DateTime<Utc>) -> PublicDay {
    let seconds = |ms: u64| ms / 1_000;
    let (outage_s, degraded_s) = (seconds(sum.down), seconds(sum.degraded));
    let (maintenance_s, known_s) = (seconds(sum.maintenance), seconds(sum.known));
    let elapsed_s = u64::from(today.saturating_sub(begins).min(DAY)) * 60;
    let status = if outage_s >= OUTAGE_S {
        DayStatus::Outage
    } else if outage_s > 0 || degraded_s >= OUTAGE_S {
        DayStatus::Degraded
    } else if known_s == 0 {
        if maintenance_s > 0 { DayStatus::Maintenance } else { DayStatus::NoData }
    } else if (known_s + maintenance_s) * 2 < elapsed_s {
        DayStatus::Partial
    } else {
        DayStatus::Operational
    };
    let last_trouble = sum.last_trouble.map(|minute| moment(minute).min(at));
    let date = moment(begins).date_naive();
    PublicDay { date, status, outage_s, degraded_s, maintenance_s, known_s, last_trouble }
}

/// The parts of a window in each hour, in milliseconds, as far as they lie in a span.
fn hours_of(window: &TimeWindow, (from, until): (DateTime<Utc>, DateTime<Utc>)) -> Vec<(u32, u64)> {
    let (start, end) = (window.start.max(from), window.end.min(until));
    let mut parts = Vec::new();
    let mut hour = minute_of(start) - minute_of(start) % HOUR;
    while moment(hour) < end {
        let part = end.min(moment(hour + HOUR)) - start.max(moment(hour));
        parts.push((hour, u64::try_from(part.num_milliseconds()).unwrap_or(0)));
        hour += HOUR;
    }
    parts
}

/// The share of the known time in which it was not down.
pub(super) fn availability(days: &[PublicDay]) -> Option<f64> {
    let sum = |of: fn(&PublicDay) -> u64| days.iter().map(of).sum::<u64>();
    let (known, outage) = (sum(|day| day.known_s), sum(|day| day.outage_s));
    (known > 0).then(|| known.saturating_sub(outage) as f64 / known as f64)
}

/// A minute counted from 1970.
fn moment(minute: u32) -> DateTime<Utc> {
    DateTime::from_timestamp(i64::from(minute) * 60, 0).unwrap_or_default()
}
