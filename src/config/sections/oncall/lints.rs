//! What is odd about a rotation though it can be read: said by `opsroom check`.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::layers::{Layer, PRIMARY};
use super::{OnCall, People};
use crate::config::reader::{TableReader, Text};
use crate::lang::schedule::TimeWindow;
use crate::lang::tz::Tz;
use crate::model::oncall::Rotation;
use crate::text::name::Name;

/// How far is looked ahead from the first shift: clocks change within it, and every rota of a team is through.
const AHEAD: TimeDelta = TimeDelta::days(371);

/// Warns of people who stand behind themselves, and of shifts that change when clocks do.
pub(super) fn warn(table: &TableReader<'_>, primary: &Rotation, layers: &[Layer]) {
    let start = primary.from();
    let all: Vec<(&str, &Rotation)> =
        std::iter::once((PRIMARY, primary)).chain(layers.iter().map(|layer| (&*layer.name, &layer.rotation))).collect();
    let pairs = (0..all.len()).flat_map(|one| (one + 1..all.len()).map(move |other| (one, other)));
    let same = pairs.into_iter().find_map(|(one, other)| {
        let (who, at) = same_person(all[one].1, all[other].1, start)?;
        Some((who, all[one].0, all[other].0, at))
    });
    if let Some((who, one, other, at)) = same {
        let day = at.with_timezone(&primary.zone()).format("%Y-%m-%d");
        let message = format!("`{who}` is {one} and {other} at once, from {day} on");
        let hint = "give the layer an order of its own: two layers are of use when two people are called";
        table.context.warning(table.place("layer"), message, hint);
    }
    handovers(table, primary, start);
    for one in table.tables("layer") {
        // Those of the primary layer are said there.
        let layer = layers.iter().find(|layer| one.string("name").is_some_and(|name| *layer.name == *name));
        if let Some(layer) = layer.filter(|_| one.has("handover")) {
            handovers(&one, &layer.rotation, start);
        }
    }
}

/// Warns of steps of the escalation that name somebody whom no channel that is used for them reaches. A channel that reaches
/// all who read it has told them at once, and is not used again by a step. `places`: of the names, by step.
pub(super) fn unreached(table: &TableReader<'_>, people: &People<'_>, oncall: &OnCall, places: &[Vec<Text>]) {
    // Without channels nobody is to be told.
    if people.channels.is_empty() {
        return;
    }
    let in_use: BTreeSet<&Name> = people.severities.iter().flat_map(|rule| &rule.notify).collect();
    let is_reached = |name: &&Name| {
        let contact = people.contacts.iter().find(|contact| contact.id == **name);
        contact.is_none_or(|contact| contact.personal_channels(people.channels, &in_use).next().is_some())
    };
    let names_own = |name: &Name| people.contacts.iter().any(|one| one.id == *name && !one.notify.is_empty());
    let named = oncall.escalation.iter().zip(places).flat_map(|(step, places)| step.to.iter().zip(places));
    for (name, place) in named {
        if let Some(who) = oncall.meant_by(name).iter().find(|name| !is_reached(name)) {
            // What they name themselves is used in the place of the channels of a severity.
            let (which, of) = if names_own(who) {
                (format!("channel in `notify` of [contact.{who}]"), format!("[contact.{who}]"))
            } else {
                ("channel in use".to_owned(), "a severity".to_owned())
            };
            let message = format!("this step can't notify `{who}`: no {which} sends to single contacts");
            let hint = format!("add one without `to`, such as [notify.sms] or [notify.email], to `notify` of {of}");
            table.context.warning(place.at, message, hint);
        }
    }
}

/// Warns of handovers that never come, or when clocks are set.
fn handovers(table: &TableReader<'_>, rotation: &Rotation, start: DateTime<Utc>) {
    let zone = rotation.handover().zone().unwrap_or(rotation.zone());
    if rotation.people().len() < 2 {
        return;
    }
    match first_change_with_clocks(rotation, zone, start) {
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

/// The first moment at which somebody is in both of two layers.
fn same_person(one: &Rotation, other: &Rotation, start: DateTime<Utc>) -> Option<(Name, DateTime<Utc>)> {
    one.shifts(TimeWindow { start, end: start + AHEAD }).into_iter().find_map(|shift| {
        let at = shift.from.unwrap_or(start).max(start);
        let until = shift.until.unwrap_or(at + AHEAD);
        let behind = other.shifts(TimeWindow { start: at, end: until });
        let same = behind.iter().find(|behind| behind.who == shift.who)?;
        Some((shift.who, same.from.unwrap_or(at).max(at)))
    })
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
    let offset = |at: DateTime<Utc>| at.naive_utc() - at.with_timezone(&zone).naive_local();
    let is_odd = |at: DateTime<Utc>| {
        // A time that is skipped is taken for the moment at which clocks are set.
        let is_skipped = offset(at - TimeDelta::seconds(1)) > offset(at);
        zone.shows_twice(at) || is_skipped
    };
    moments.into_iter().find(|at| is_odd(*at)).map_or(HandoverLint::Fine, HandoverLint::AtClockChange)
}
