//! What is odd about a rotation though it can be read: said by `opsroom check`.

use chrono::{DateTime, TimeDelta, Timelike as _, Utc};

use super::layers::Layer;
use crate::config::reader::TableReader;
use crate::lang::schedule::TimeWindow;
use crate::lang::tz::Tz;
use crate::model::oncall::Rotation;
use crate::text::name::Name;

/// How far is looked ahead from the first shift: clocks change within it, and every rota of a team is through.
const AHEAD: TimeDelta = TimeDelta::days(371);

/// Warns of people who stand behind themselves, and of shifts that change when clocks do.
pub(super) fn warn(table: &TableReader<'_>, primary: &Rotation, layers: &[Layer]) {
    let start = primary.from();
    if let Some((layer, who, at)) = same_person(primary, layers, start) {
        let day = at.with_timezone(&primary.zone()).format("%Y-%m-%d");
        let message = format!("`{who}` is primary and {layer} at once, from {day} on");
        let hint = "give the layer an order of its own: two layers are of use when two people are called";
        table.context.warning(table.place("layer"), message, hint);
    }
    let zone = primary.handover().zone().unwrap_or(primary.zone());
    if primary.people().len() < 2 {
        return;
    }
    match first_change_with_clocks(primary, zone, start) {
        HandoverLint::Never => {
            let hint = "write a `handover` that comes again, such as weekly Mon 09:00";
            table.context.warning(table.place("handover"), "this handover never comes: the shift never ends", hint);
        }
        HandoverLint::AtClockChange(at) => {
            let day = at.with_timezone(&zone).format("%Y-%m-%d");
            let message = format!("on {day} clocks in {zone} skip or repeat the time of this handover");
            table.context.warning(table.place("handover"), message, "hand over at another time, such as 09:00");
        }
        HandoverLint::Fine => {}
    }
}

/// The first moment at which somebody is in the primary layer and in another one.
fn same_person(primary: &Rotation, layers: &[Layer], start: DateTime<Utc>) -> Option<(Name, Name, DateTime<Utc>)> {
    let shifts = primary.shifts(TimeWindow { start, end: start + AHEAD });
    for shift in shifts {
        let at = shift.from.unwrap_or(start).max(start);
        for Layer { name, rotation } in layers {
            let until = shift.until.unwrap_or(at + AHEAD);
            let behind = rotation.shifts(TimeWindow { start: at, end: until });
            if let Some(same) = behind.iter().find(|behind| behind.who == shift.who) {
                return Some((name.clone(), shift.who, same.from.unwrap_or(at).max(at)));
            }
        }
    }
    None
}

/// What is odd about the moments at which shifts change.
enum HandoverLint {
    Fine,
    /// There is no such moment.
    Never,
    /// Clocks are set at this one.
    AtClockChange(DateTime<Utc>),
}

fn first_change_with_clocks(primary: &Rotation, zone: Tz, start: DateTime<Utc>) -> HandoverLint {
    let handover = primary.handover();
    let Some(first) = handover.next(start, zone) else { return HandoverLint::Never };
    let moments = std::iter::successors(Some(first), |at| handover.next(*at, zone));
    // What comes by the hour meets the change of the clocks always, and harms nobody.
    let moments: Vec<DateTime<Utc>> = moments.take_while(|at| *at < start + AHEAD).take(2 * 371).collect();
    if moments.len() > 371 {
        return HandoverLint::Fine;
    }
    let clock = |at: DateTime<Utc>| {
        let local = at.with_timezone(&zone);
        (local.date_naive(), local.hour(), local.minute())
    };
    let offset = |at: DateTime<Utc>| at.naive_utc() - at.with_timezone(&zone).naive_local();
    let is_odd = |at: DateTime<Utc>| {
        let is_repeated = clock(at) == clock(at + TimeDelta::hours(1));
        // A time that is skipped is taken for the moment at which clocks are set.
        let is_skipped = offset(at - TimeDelta::seconds(1)) > offset(at);
        is_repeated || is_skipped
    };
    moments.into_iter().find(|at| is_odd(*at)).map_or(HandoverLint::Fine, HandoverLint::AtClockChange)
}
