//! `[oncall]`: who takes turns, who stands in, and whom it is escalated to.

mod layers;
mod lints;

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta};

pub use self::layers::{Layer, PRIMARY};
use self::layers::{Turns, contacts};
use super::contact::{Contact, lacking};
use super::notify::Channel;
use super::severity::{SeverityRule, names};
use crate::config::changes::{Fact, hidden, summary};
use crate::config::reader::{TableReader, Text, Thing};
use crate::config::spec::{self, KeySpec, SectionSpec, ValueForm, key};
use crate::lang::schedule::MomentSchedule;
use crate::lang::tz::Tz;
use crate::lang::unit::duration as shown;
use crate::model::oncall::Rotation;
use crate::text::name::Name;

/// Who is on call, and what follows where they do not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnCall {
    /// `rotation`, `handover`, `from` and `override`: the primary layer.
    pub rotation: Rotation,
    /// `layer`: those who stand behind them.
    pub layers: Vec<Layer>,
    /// `escalation`, soonest first.
    pub escalation: Vec<Escalation>,
    /// `notify`: the channels to which a handover is posted once it is accepted.
    pub notify: Vec<Name>,
}

impl OnCall {
    /// The contacts whom a name in a step of the escalation stands for: those of the layer, or the contact itself.
    pub(crate) fn meant_by<'a>(&'a self, name: &'a Name) -> &'a [Name] {
        if **name == *PRIMARY {
            return self.rotation.people();
        }
        let layer = self.layers.iter().find(|layer| layer.name == *name);
        layer.map_or(std::slice::from_ref(name), |layer| layer.rotation.people())
    }

    /// The step of the escalation that is reached so long after an alert was told first; `None`: none is.
    pub(crate) fn step_at(&self, unanswered: TimeDelta) -> Option<&Escalation> {
        let unanswered = unanswered.to_std().ok()?;
        self.escalation.iter().rfind(|step| unanswered >= step.after)
    }
}

/// One step for an alert that nobody acknowledges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalation {
    /// So long after the alert was told first.
    pub after: Duration,
    /// Who is told, instead of whoever is on call: contacts, or layers for whoever is in them then.
    pub to: Vec<Name>,
    /// `all`: each of them must acknowledge it; else one of them is enough.
    pub all: bool,
}

const ESCALATION_KEYS: &[KeySpec] = &[
    key("after", ValueForm::Duration, "How long after the first notification, if nobody acknowledged the alert"),
    key("to", ValueForm::Texts, "The contacts who are notified, or a layer: [\"backup\"]"),
    key("all", ValueForm::Flag, "Each of them must acknowledge it. Default: one of them is enough"),
];

/// The keys of `[oncall]`.
pub(crate) const KEYS: &[KeySpec] = &[
    key("rotation", ValueForm::Texts, "The contacts who take turns, in their order"),
    key("handover", ValueForm::Moments, "When shifts change. Default weekly Mon 09:00"),
    key("from", ValueForm::LocalMoment, "The day from which the first of them is on call: 2026-01-05"),
    layers::OVERRIDES,
    layers::LAYERS,
    key(
        "escalation",
        ValueForm::Tables(ESCALATION_KEYS),
        "Who is notified of alerts that nobody acknowledges, and when",
    ),
    key("notify", ValueForm::Texts, "The channels to which an accepted handover is posted. Default: none"),
];

pub(crate) const SECTION: SectionSpec = SectionSpec {
    name: "oncall",
    shape: spec::SectionShape::Single(KEYS),
    help: "Who is on call, and to whom alerts are escalated",
};

/// What a rotation is checked against.
pub(crate) struct People<'a> {
    /// `[contact.*]`
    pub contacts: &'a [Contact],
    /// `[notify.*]`
    pub channels: &'a [Channel],
    /// `[severity.*]`
    pub severities: &'a [SeverityRule],
    /// The console's own.
    pub zone: Tz,
}

/// Reads `[oncall]`, which is there.
pub(crate) fn read(table: &TableReader<'_>, people: &People<'_>) -> Option<OnCall> {
    let members = contacts(table, "rotation");
    let handover = if table.has("handover") { table.moments("handover") } else { weekly() };
    let zone = handover.as_ref().and_then(MomentSchedule::zone).unwrap_or(people.zone);
    let from = table.moment_in("from", zone);
    if members.len() > 1 && table.lacks(&["from"]) {
        let message = "[oncall] does not say from when turns are counted";
        table.context.error(
            table.place("rotation"),
            message,
            "add from = \"2026-01-05\", the first day of the first of them",
        );
    }
    if table.needed("rotation", "[\"NAME\"]") && table.is_list("rotation") && table.texts("rotation").is_empty() {
        table.context.error(table.place("rotation"), "`rotation` is empty", "name at least one contact");
    }
    let layer_names = layers::layer_names(table);
    let escalation = escalation(table, &members, &layer_names);
    reachable(table, people, &escalation);
    let turning: Vec<Name> = members.into_iter().map(|(name, _)| name).collect();
    // What is wrong with the other keys is said too.
    let is_known = handover.is_some();
    let turns = Turns {
        people: turning,
        handover: handover.or_else(weekly)?,
        from: from.unwrap_or(DateTime::UNIX_EPOCH),
        zone,
    };
    let overrides = layers::overrides(table, &layer_names, (&turns.handover, zone));
    let layers = layers::layers(table, &turns, &overrides);
    let Turns { people: turning, handover, from, zone } = turns;
    let rotation = Rotation::new(turning, handover, from, zone, layers::of_layer(&overrides, PRIMARY))?;
    if !is_known {
        return None;
    }
    lints::warn(table, &rotation, &layers);
    let (escalation, places): (_, Vec<Vec<Text>>) = escalation.into_iter().unzip();
    let oncall = OnCall { rotation, layers, escalation, notify: table.distinct("notify", Thing::Notify) };
    lints::unreached(table, people, &oncall, &places);
    Some(oncall)
}

fn weekly() -> Option<MomentSchedule> {
    MomentSchedule::parse("weekly Mon 09:00").ok()
}

/// The steps, each with the places of its contacts.
fn escalation(table: &TableReader<'_>, members: &[(Name, Text)], layers: &[Name]) -> Vec<(Escalation, Vec<Text>)> {
    let mut found: Vec<(Escalation, Vec<Text>)> = Vec::new();
    for one in table.tables("escalation") {
        let after = one.needed("after", "\"5m\"").then(|| one.positive("after")).flatten();
        let to = if one.needed("to", "[\"CONTACT\"]") { told(&one, layers) } else { Vec::new() };
        if one.is_list("to") && one.texts("to").is_empty() {
            one.context.error(one.place("to"), "this step tells nobody", "name a contact: to = [\"NAME\"]");
        }
        let all = one.flag("all").unwrap_or(false);
        let (Some(after), false) = (after, to.is_empty()) else { continue };
        if let Some((before, _)) = found.last().filter(|(before, _)| before.after >= after) {
            let message = format!("this step comes no later than the one before it, after {}", shown(before.after));
            one.context.error(one.place("after"), message, "write the steps in their order, each later than the last");
        }
        let (names, places): (Vec<Name>, Vec<Text>) = to.into_iter().unzip();
        let told: BTreeSet<&Name> = match found.last() {
            Some((before, _)) => before.to.iter().collect(),
            None => members.iter().map(|(name, _)| name).collect(),
        };
        let same = told.len() == 1 && names.iter().all(|name| told.contains(name))
            || found.last().is_some_and(|(before, _)| before.to == names && before.all == all);
        if same {
            let message = "this step notifies nobody who was not notified before";
            one.context.warning(one.place("to"), message, "name somebody else, or remove the step");
        }
        found.push((Escalation { after, to: names, all }, places));
    }
    found
}

/// Those whom a step tells: contacts and layers, each with its place.
fn told(table: &TableReader<'_>, layers: &[Name]) -> Vec<(Name, Text)> {
    let found = table.texts("to").into_iter().filter_map(|text| {
        let layer = layers.iter().find(|layer| ***layer == *text.value).cloned();
        let name = layer.or_else(|| table.context.refer(Thing::Contact, &text.value, text.at))?;
        Some((name, text))
    });
    found.collect()
}

/// Warns, at the place where they are named, of people whom a channel that is used for them can't reach.
fn reachable(table: &TableReader<'_>, people: &People<'_>, escalation: &[(Escalation, Vec<Text>)]) {
    let in_use: BTreeSet<&Name> = people.severities.iter().flat_map(|rule| &rule.notify).collect();
    let named = ["rotation"].into_iter().flat_map(|key| table.texts(key));
    let named = named.chain(escalation.iter().flat_map(|(_, places)| places.iter().cloned()));
    let mut seen = BTreeSet::new();
    for text in named {
        let Some(contact) = people.contacts.iter().find(|contact| *contact.id == *text.value) else { continue };
        // A contact with channels of its own was checked against them.
        if !contact.notify.is_empty() || !seen.insert(text.value.clone()) {
            continue;
        }
        let used = people.channels.iter().filter(|channel| in_use.contains(&channel.name));
        for (channel, kind) in used.filter_map(|channel| Some((channel, lacking(contact, channel)?))) {
            let message = format!("`{}` has no `{}`, which notify `{}` needs", text.value, kind.key(), channel.name);
            let hint = format!("add {} = \"…\" to [contact.{}]", kind.key(), text.value);
            table.context.warning(text.at, message, hint);
        }
    }
}

/// What a change is said by.
pub(crate) fn facts(oncall: &OnCall) -> Vec<Fact> {
    let rotation = &oncall.rotation;
    vec![
        summary("rotation", names(rotation.people())),
        summary("handover", rotation.handover().written()),
        summary("from", rotation.from().to_rfc3339()),
        summary("zone", rotation.zone()),
        hidden("override", &rotation.overrides()),
        hidden("layer", &oncall.layers),
        hidden("escalation", &oncall.escalation),
        summary("notify", names(&oncall.notify)),
    ]
}
