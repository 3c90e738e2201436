//! Who is told of an alert: the channels of its severity, each with its own addresses or with the people on call.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use crate::config::Config;
use crate::config::sections::contact::Contact;
use crate::config::sections::notify::Channel;
use crate::config::sections::oncall::{Escalation, PRIMARY};
use crate::model::alert::Severity;
use crate::model::message::{Notification, Recipient};
use crate::model::thing::Acknowledgement;
use crate::text::name::Name;
use crate::text::secret::Template;
use crate::world::duty::DutyPlan;

/// Routes at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Routes<'a> {
    config: &'a Config,
    /// With what people said; `None`: as configured.
    duty: Option<&'a DutyPlan>,
    on_call: Option<&'a Name>,
    now: DateTime<Utc>,
}

impl<'a> Routes<'a> {
    /// As they are at a moment by the configuration alone.
    pub(crate) fn new(config: &'a Config, now: DateTime<Utc>) -> Self {
        Self::by(config, None, now)
    }

    /// As they are at a moment with what people said of who is on call.
    pub(crate) fn by(config: &'a Config, duty: Option<&'a DutyPlan>, now: DateTime<Utc>) -> Self {
        let routes = Self { config, duty, on_call: None, now };
        Self { on_call: routes.in_layer(PRIMARY), ..routes }
    }

    /// For a message that was made when this contact was on call.
    pub(crate) fn for_message(config: &'a Config, message: &'a Notification, now: DateTime<Utc>) -> Self {
        let routes = Self::new(config, now);
        Self { on_call: message.on_call.as_ref().or(routes.on_call), ..routes }
    }

    /// Who is on call.
    pub(super) fn on_call(&self) -> Option<&'a Name> {
        self.on_call
    }

    /// Who is in a layer.
    fn in_layer(&self, layer: &str) -> Option<&'a Name> {
        if let Some(duty) = self.duty {
            return duty.who(layer, self.now);
        }
        let oncall = self.config.oncall.as_ref()?;
        let behind = oncall.layers.iter().find(|known| *known.name == *layer).map(|known| &known.rotation);
        let rotation = if layer == PRIMARY { Some(&oncall.rotation) } else { behind };
        rotation.map(|rotation| rotation.who(self.now))
    }

    /// Who is told of an alert of a severity that is not acknowledged for so long since it was told first; `None`: it is, or
    /// nobody was told yet.
    pub(crate) fn of(&self, severity: Severity, unanswered: Option<TimeDelta>) -> BTreeSet<Recipient> {
        let Some(rule) = self.config.severities.iter().find(|rule| rule.severity == severity) else {
            return BTreeSet::new();
        };
        let used = |names: &'a [Name]| {
            let channels = self.config.channels.iter();
            channels.filter(move |channel| names.contains(&channel.name))
        };
        let shared = used(&rule.notify).filter(|channel| !channel.is_personal());
        let mut found: BTreeSet<Recipient> =
            shared.map(|channel| Recipient { channel: channel.name.clone(), contact: None }).collect();
        for contact in self.people(unanswered) {
            let own: &'a [Name] = if contact.notify.is_empty() { &rule.notify } else { &contact.notify };
            let reaches = |channel: &&Channel| {
                let needed = channel.kind.spec().address.required();
                channel.is_personal() && needed.is_some_and(|kind| contact.address(kind).is_some())
            };
            let personal = used(own).filter(reaches);
            found.extend(
                personal.map(|channel| Recipient { channel: channel.name.clone(), contact: Some(contact.id.clone()) }),
            );
        }
        found
    }

    /// The people who are told: whoever is on call, or those of the last step of the escalation that is reached.
    fn people(&self, unanswered: Option<TimeDelta>) -> Vec<&'a Contact> {
        let Some(oncall) = self.config.oncall.as_ref() else { return Vec::new() };
        let names: Vec<&Name> = match unanswered.and_then(|since| oncall.step_at(since)) {
            None => self.on_call.into_iter().collect(),
            Some(step) => self.told_by(step),
        };
        names.into_iter().filter_map(|name| self.contact(name)).collect()
    }

    /// After how long the last step of the escalation comes that is reached.
    pub(super) fn step_after(&self, unanswered: TimeDelta) -> Option<TimeDelta> {
        let step = self.config.oncall.as_ref()?.step_at(unanswered)?;
        TimeDelta::from_std(step.after).ok()
    }

    /// Those whom a step of the escalation tells, each once.
    pub(in crate::world) fn told_by(&self, step: &'a Escalation) -> Vec<&'a Name> {
        let mut told: Vec<&Name> = Vec::new();
        for name in step.to.iter().map(|name| self.in_layer(name).unwrap_or(name)) {
            if !told.contains(&name) {
                told.push(name);
            }
        }
        told
    }

    /// Those who must acknowledge an alert too, which was told first at a moment: where the step that was reached when it was
    /// acknowledged last asks all of its people, those of them who have not.
    pub(crate) fn still_asked(&self, known: &Acknowledgement, told_at: DateTime<Utc>) -> Vec<&'a Name> {
        let step = self.config.oncall.as_ref().and_then(|oncall| oncall.step_at(known.at - told_at));
        let Some(step) = step.filter(|step| step.all) else { return Vec::new() };
        self.told_by(step).into_iter().filter(|name| !self.has_acknowledged(name, known)).collect()
    }

    /// Whether a contact is at an alert.
    pub(super) fn has_acknowledged(&self, who: &Name, known: &Acknowledgement) -> bool {
        known.people().any(|login| match self.contact(who) {
            Some(contact) => contact.logins.iter().any(|own| **own == *login.as_str()),
            None => **who == *login.as_str(),
        })
    }

    fn contact(&self, name: &Name) -> Option<&'a Contact> {
        self.config.contacts.iter().find(|contact| contact.id == *name)
    }

    /// The addresses that a message to a target goes to, or mentions; may name secrets.
    pub(crate) fn addresses(&self, target: &Recipient) -> Vec<Template> {
        let Some(channel) = self.config.channel(&target.channel) else {
            return Vec::new();
        };
        if !channel.to.is_empty() {
            return channel.to.iter().map(|to| Template(to.clone())).collect();
        }
        let who = target.contact.as_ref().or(self.on_call);
        let contact = who.and_then(|name| self.contact(name));
        contact
            .zip(channel.address_of_contacts())
            .and_then(|(contact, kind)| contact.address(kind))
            .cloned()
            .into_iter()
            .collect()
    }

    /// Every target of a channel at that moment: itself, or the person on call.
    pub(crate) fn targets(&self, channel: &Channel) -> Vec<Recipient> {
        let target = |contact: Option<&Name>| Recipient { channel: channel.name.clone(), contact: contact.cloned() };
        if channel.is_personal() {
            self.on_call.into_iter().map(|who| target(Some(who))).collect()
        } else {
            vec![target(None)]
        }
    }
}
