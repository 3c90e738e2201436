//! `[contact.NAME]`: a person, and how they are reached.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::notify::Channel;
use super::severity::names;
use crate::config::changes::{Fact, hidden, summary};
use crate::config::channels::AddressKind;
use crate::config::reader::{TableReader, Thing};
use crate::config::spec::{self, KeySpec, SectionSpec, ValueForm, key};
use crate::text::name::Name;
use crate::text::secret::Template;

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// The name by which the file refers to them.
    pub id: Name,
    /// `name`, as it is shown. Default: the name by which the file refers to them.
    pub name: String,
    /// Their addresses, each of another kind, in the order of [`AddressKind::ALL`]; may name secrets.
    pub addresses: Vec<(AddressKind, Template)>,
    /// `login`: the names by which they log in on the hosts of opsroom. Default: the name by which the file refers to them.
    pub logins: Vec<Name>,
    /// `notify`: the channels by which they are told. Empty: those of the severity.
    pub notify: Vec<Name>,
    /// `verified`: the day on which they last confirmed a test message.
    pub verified: Option<NaiveDate>,
}

impl Contact {
    /// The channels that reach them alone, of those that they name, else of those of a severity.
    pub(crate) fn personal_channels<'a>(
        &'a self,
        channels: &'a [Channel],
        of_severity: &'a BTreeSet<&Name>,
    ) -> impl Iterator<Item = &'a Channel> {
        let is_used = |name: &Name| {
            if self.notify.is_empty() { of_severity.contains(name) } else { self.notify.contains(name) }
        };
        channels.iter().filter(move |channel| channel.is_personal() && is_used(&channel.name))
    }

    /// Their address of a kind.
    pub fn address(&self, kind: AddressKind) -> Option<&Template> {
        self.addresses.iter().find(|(known, _)| *known == kind).map(|(_, address)| address)
    }
}

/// The keys of a contact.
pub(crate) const KEYS: &[KeySpec] = &[
    key("name", ValueForm::Text, "How they are shown. Default: as in [contact.NAME]"),
    key("phone", ValueForm::Text, "Telephone number with its country, for SMS and calls; may be {secret:NAME}"),
    key("email", ValueForm::Text, "Mail address"),
    key("slack", ValueForm::Text, "Member ID in Slack, for mentions"),
    key("ntfy", ValueForm::Text, "Their own topic of ntfy"),
    key("login", ValueForm::TextsOrOne, "Their login name, or several. Default: as in [contact.NAME]"),
    key("notify", ValueForm::Texts, "The channels by which they are notified. Default: those of the severity"),
    key("verified", ValueForm::LocalMoment, "The day on which they last confirmed a test message: 2026-03-02"),
];

pub(crate) const SECTION: SectionSpec =
    SectionSpec { name: "contact", shape: spec::SectionShape::Named(KEYS), help: "People, and how they are reached" };

/// Reads a contact.
pub(crate) fn read(table: &TableReader<'_>, channels: &[Channel]) -> Contact {
    let mut addresses = Vec::new();
    for kind in AddressKind::ALL {
        let Some(text) = table.text(kind.key()) else { continue };
        if let Some(hint) = kind.fault(&text.value) {
            table.context.error(text.at, format!("`{}` is not a valid {}", text.value, kind.noun()), hint);
        } else if let Some(address) = table.template(kind.key()) {
            addresses.push((kind, address));
        }
    }
    let contact = Contact {
        id: Name::from(table.name),
        name: table.string("name").unwrap_or_else(|| table.name.to_owned()),
        addresses,
        logins: logins(table),
        notify: table.distinct("notify", Thing::Notify),
        verified: verified(table),
    };
    for channel in channels.iter().filter(|channel| contact.notify.contains(&channel.name)) {
        if let Some(kind) = lacking(&contact, channel).filter(|kind| !table.has(kind.key())) {
            let message = format!("{} has no `{}`, which notify `{}` needs", table.title, kind.key(), channel.name);
            table.context.error(table.place("notify"), message, format!("add {} = \"…\"", kind.key()));
        }
    }
    contact
}

fn logins(table: &TableReader<'_>) -> Vec<Name> {
    let written: Vec<Name> = table.texts_or_one("login").into_iter().map(|text| Name::from(text.value)).collect();
    if written.is_empty() { vec![Name::from(table.name)] } else { written }
}

fn verified(table: &TableReader<'_>) -> Option<NaiveDate> {
    let text = table.text("verified")?;
    let found = NaiveDate::parse_from_str(&text.value, "%Y-%m-%d").ok();
    if found.is_none() {
        let message = format!("`{}` is not a valid date", text.value);
        table.context.error(text.at, message, "write verified = \"2026-03-02\"");
    }
    found
}

/// The kind of address that a channel needs and the contact does not have.
pub(super) fn lacking(contact: &Contact, channel: &Channel) -> Option<AddressKind> {
    let needed = channel.kind.spec().address.required().filter(|_| channel.is_personal())?;
    contact.address(needed).is_none().then_some(needed)
}

/// What a change is said by.
pub(crate) fn facts(contact: &Contact) -> Vec<Fact> {
    vec![
        summary("name", &contact.name),
        // Private.
        hidden("addresses", &contact.addresses),
        summary("login", names(&contact.logins)),
        summary("notify", names(&contact.notify)),
        summary("verified", contact.verified.map_or_else(String::new, |day| day.to_string())),
    ]
}
