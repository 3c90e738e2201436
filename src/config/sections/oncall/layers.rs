//! The layers of `[oncall]`: who is called first, and who stands behind them.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::config::reader::{TableReader, Text, Thing};
use crate::config::spec::{KeySpec, ValueForm, key};
use crate::lang::schedule::{MomentSchedule, TimeWindow};
use crate::lang::tz::Tz;
use crate::model::oncall::{Override, Rotation};
use crate::text::name::Name;

/// The layer that `[oncall]` itself is.
pub const PRIMARY: &str = "primary";

/// A layer behind the primary one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// `name`: by which an escalation refers to it.
    pub name: Name,
    /// Who is in it when.
    pub rotation: Rotation,
}

const OVERRIDE_KEYS: &[KeySpec] = &[
    key("who", ValueForm::Name, "The contact who stands in"),
    key("rotation", ValueForm::Texts, "Instead of `who`: the contacts who take turns then"),
    key("handover", ValueForm::Moments, "When the shifts of `rotation` change. Default: as in [oncall]"),
    key("from", ValueForm::LocalMoment, "When it begins: 2026-03-02T09:00"),
    key("to", ValueForm::LocalMoment, "When it ends"),
    key("layer", ValueForm::Name, "The layer. Default primary"),
];

const LAYER_KEYS: &[KeySpec] = &[
    key("name", ValueForm::Name, "Its name, such as backup: escalation steps may name it"),
    key("rotation", ValueForm::Texts, "The contacts, in their order. Default: whoever was primary in the shift before"),
    key("handover", ValueForm::Moments, "When shifts change. Default: as in [oncall]"),
    key("from", ValueForm::LocalMoment, "The day from which turns are counted. Default: as in [oncall]"),
];

/// The key for those who stand in.
pub(super) const OVERRIDES: KeySpec =
    key("override", ValueForm::Tables(OVERRIDE_KEYS), "Who stands in, and when; a list of people takes turns");
/// The key for the layers behind the primary one.
pub(super) const LAYERS: KeySpec =
    key("layer", ValueForm::Tables(LAYER_KEYS), "Those who stand behind the primary rotation, such as a backup");

/// How the primary rotation counts its turns.
#[derive(Debug, Clone)]
pub(super) struct Turns {
    pub people: Vec<Name>,
    pub handover: MomentSchedule,
    pub from: DateTime<Utc>,
    pub zone: Tz,
}

/// The contacts of a list, each with its place.
pub(super) fn contacts(table: &TableReader<'_>, key: &str) -> Vec<(Name, Text)> {
    let found = table.texts(key).into_iter();
    found.filter_map(|text| Some((table.context.refer(Thing::Contact, &text.value, text.at)?, text))).collect()
}

/// The names of the layers that are written, before they are read.
pub(super) fn layer_names(table: &TableReader<'_>) -> Vec<Name> {
    let mut names = vec![Name::from(PRIMARY)];
    names.extend(table.tables("layer").iter().filter_map(|one| one.string("name")).map(Name::from));
    names.dedup();
    names
}

/// Those who stand in, each with its layer.
pub(super) fn overrides(
    table: &TableReader<'_>,
    layers: &[Name],
    turns: (&MomentSchedule, Tz),
) -> Vec<(Name, Override)> {
    let mut found: Vec<(Name, Override)> = Vec::new();
    for one in table.tables("override") {
        let Some((layer, read)) = override_of(&one, layers, turns) else { continue };
        let overlaps = |(other_layer, other): &&(Name, Override)| {
            let (other, window) = (other.window, read.window);
            *other_layer == layer && other.start < window.end && window.start < other.end
        };
        if let Some((_, other)) = found.iter().find(overlaps) {
            let message = format!("this override overlaps the one of `{}` before it", other.people()[0]);
            let hint = "end one where the other starts; until then the later one holds";
            one.context.warning(one.place("from"), message, hint);
        }
        found.push((layer, read));
    }
    found
}

fn override_of(
    one: &TableReader<'_>,
    layers: &[Name],
    (handover, zone): (&MomentSchedule, Tz),
) -> Option<(Name, Override)> {
    let in_turns = one.has("rotation");
    let who = || one.needed("who", "\"CONTACT\"").then(|| one.reference("who", Thing::Contact)).flatten();
    let who = if in_turns { None } else { who() };
    let people = contacts(one, "rotation").into_iter().map(|(name, _)| name).collect();
    let own = one.moments("handover");
    let start = one.needed("from", "\"2026-03-02T09:00\"").then(|| one.moment_in("from", zone)).flatten();
    let end = one.needed("to", "\"2026-03-04T09:00\"").then(|| one.moment_in("to", zone)).flatten();
    let layer = layer_of(one, layers);
    let (start, end) = (start?, end?);
    let window = TimeWindow { start, end };
    if window.start >= window.end {
        one.context.error(one.place("to"), "the override ends before it starts", "write a `to` after `from`");
        return None;
    }
    let read = if in_turns {
        Override::in_turns(people, own.unwrap_or_else(|| handover.clone()), window)
    } else {
        who.map(|who| Override::by(who, window))
    };
    Some((layer?, read?))
}

/// The layer that a table names, or the primary one.
fn layer_of(table: &TableReader<'_>, layers: &[Name]) -> Option<Name> {
    let Some(text) = table.text("layer") else { return Some(Name::from(PRIMARY)) };
    let found = layers.iter().find(|name| ***name == *text.value).cloned();
    if found.is_none() {
        let message = format!("no layer named `{}`", text.value);
        table.context.error(text.at, message, format!("use one of: {}", layers.join(", ")));
    }
    found
}

/// The layers behind the primary one.
pub(super) fn layers(table: &TableReader<'_>, primary: &Turns, overrides: &[(Name, Override)]) -> Vec<Layer> {
    let (mut found, mut seen) = (Vec::new(), BTreeSet::from([Name::from(PRIMARY)]));
    for one in table.tables("layer") {
        let name = one.needed("name", "\"backup\"").then(|| one.string("name")).flatten().map(Name::from);
        let Some(name) = name else { continue };
        if !seen.insert(name.clone()) {
            one.context.error(one.place("name"), format!("there is a layer `{name}` already"), "give it another name");
            continue;
        }
        let mut people: Vec<Name> = contacts(&one, "rotation").into_iter().map(|(name, _)| name).collect();
        if !one.has("rotation") {
            // Whoever was called first in the shift before knows what is going on.
            people.clone_from(&primary.people);
            people.rotate_right(1);
        } else if one.is_list("rotation") && one.texts("rotation").is_empty() {
            one.context.error(one.place("rotation"), "`rotation` is empty", "name at least one contact");
        }
        let handover = one.moments("handover").unwrap_or_else(|| primary.handover.clone());
        let zone = handover.zone().unwrap_or(primary.zone);
        let from = one.moment_in("from", zone).unwrap_or(primary.from);
        let own = of_layer(overrides, &name);
        found.extend(Rotation::new(people, handover, from, zone, own).map(|rotation| Layer { name, rotation }));
    }
    found
}

/// Those who stand in for a layer.
pub(super) fn of_layer(overrides: &[(Name, Override)], layer: &str) -> Vec<Override> {
    overrides.iter().filter(|(name, _)| **name == *layer).map(|(_, one)| one.clone()).collect()
}
