//! Pages per shift: how often people were called, against what a person can bear.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveTime, Timelike, Utc};
use serde::Serialize;

use super::firings::FiringLog;
use super::scope::{ReportScope, When};
use crate::config::sections::oncall::PRIMARY;
use crate::lang::tz::Tz;
use crate::report::markdown::MarkdownText;
use crate::report::spans::CountsBefore;
use crate::text::count::counted;
use crate::text::name::Name;
use crate::world::duty::DutyPlan;

/// More pages than this in twelve hours are too many.
const BEARABLE: usize = 2;
/// A shift begins at these hours.
const SHIFTS: [u32; 2] = [8, 20];

/// How often people were called. A page is a message that told of a critical or high alert for the first time.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PageLoad {
    pub pages: usize,
    pub pages_before: usize,
    /// Shifts of twelve hours, from 08:00 and from 20:00, with any page.
    pub shifts_paged: usize,
    /// Shifts with more than two pages.
    pub shifts_overloaded: usize,
    /// The shift with the most pages.
    pub busiest: Option<BusiestShift>,
    /// Pages by who was on call, with overrides and shifts that were taken.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub on_call: BTreeMap<Name, usize>,
}

/// A shift and its pages.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct BusiestShift {
    /// The day on which it began, by the console's zone.
    pub day: NaiveDate,
    pub from: NaiveTime,
    pub pages: usize,
}

impl PageLoad {
    /// `None` where nothing is sent to anybody.
    pub(super) fn new(scope: &ReportScope<'_>, log: &FiringLog<'_>, duty: &DutyPlan) -> Option<Self> {
        if !log.has_messages {
            return None;
        }
        let of = |when| log.pages.iter().filter(move |at| scope.when(**at) == Some(when));
        let mut shifts: BTreeMap<(NaiveDate, u32), usize> = BTreeMap::new();
        let mut on_call: BTreeMap<Name, usize> = BTreeMap::new();
        for at in of(When::Now) {
            *shifts.entry(shift_of(*at, scope.period.zone())).or_default() += 1;
            if let Some(who) = duty.who(PRIMARY, *at) {
                *on_call.entry(who.clone()).or_default() += 1;
            }
        }
        // The first of those with the most.
        let busiest = shifts.iter().rev().max_by_key(|(_, pages)| **pages);
        let busiest = busiest.and_then(|((day, hour), pages)| {
            Some(BusiestShift { day: *day, from: NaiveTime::from_hms_opt(*hour, 0, 0)?, pages: *pages })
        });
        Some(Self {
            pages: of(When::Now).count(),
            pages_before: of(When::Before).count(),
            shifts_paged: shifts.len(),
            shifts_overloaded: shifts.values().filter(|pages| **pages > BEARABLE).count(),
            busiest,
            on_call,
        })
    }
}

/// The shift in which a moment lies: the day on which it began, and its hour.
fn shift_of(at: DateTime<Utc>, zone: Tz) -> (NaiveDate, u32) {
    let local = at.with_timezone(&zone);
    let (day, [morning, evening]) = (local.date_naive(), SHIFTS);
    match local.hour() {
        hour if hour < morning => (day.pred_opt().unwrap_or(day), evening),
        hour if hour < evening => (day, morning),
        _ => (day, evening),
    }
}

pub(super) fn write(load: Option<&PageLoad>, before: CountsBefore, out: &mut MarkdownText) {
    let Some(load) = load else { return };
    out.heading(2, "Pages");
    let mut notes = vec![counted(load.pages, "page") + &before.beside(load.pages_before)];
    if let Some(busiest) = &load.busiest {
        let (paged, from) = (counted(load.shifts_paged, "shift"), busiest.from.format("%H:%M"));
        notes.push(format!("{paged} with pages; the busiest, {} from {from}, had {}", busiest.day, busiest.pages));
        notes.push(format!("{} with more than {BEARABLE} pages in 12 hours", counted(load.shifts_overloaded, "shift")));
    }
    if !load.on_call.is_empty() {
        let people: Vec<_> = load.on_call.iter().map(|(who, pages)| format!("{who} {pages}")).collect();
        notes.push(format!("On call: {}", people.join(", ")));
    }
    out.list(&notes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_night_shift_belongs_to_the_day_on_which_it_began() {
        let zone = Tz::named("Europe/Berlin");
        let shift = |at: &str| {
            let (day, hour) = shift_of(at.parse().unwrap(), zone);
            format!("{day} {hour}")
        };
        assert_eq!(shift("2026-11-02T06:59:00Z"), "2026-11-01 20");
        assert_eq!(shift("2026-11-02T07:00:00Z"), "2026-11-02 8");
        assert_eq!(shift("2026-11-02T19:00:00Z"), "2026-11-02 20");
        assert_eq!(shift("2026-11-02T23:30:00Z"), "2026-11-02 20");
    }
}
