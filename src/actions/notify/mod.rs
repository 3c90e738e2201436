//! Channels: how a message is given to each kind of receiver, one file a kind.
//!
//! *Invariant:* a delivery ends within its bounds whatever the receiver does, and nothing that comes back from it, nor an
//! address, nor a secret, is in what is said of a failure unless it was sanitised and redacted.

mod client;
mod command;
mod discord;
mod ntfy;
mod opsgenie;
mod pagerduty;
mod slack;
mod smtp;
mod teams;
mod template;
mod terminal;
mod twilio;
mod webhook;

use futures_util::future::BoxFuture;

pub(crate) use self::client::NotifyClient;
use crate::config::channels::ChannelKind;
use crate::config::sections::notify::Channel;
use crate::model::alert::Severity;
use crate::model::message::{DeliveryFailure, Notification};
use crate::text::redact::Redactor;
use crate::text::secret::{Secrets, Template};

/// What came of an attempt.
pub(crate) type Delivered = Result<(), DeliveryFailure>;

/// One message to be delivered.
pub(crate) struct Delivery<'a> {
    /// Where to.
    pub channel: &'a Channel,
    /// What.
    pub message: &'a Notification,
    /// The addresses of people, of the kind that the channel takes; secrets are still named in them.
    pub to: &'a [Template],
    /// Values of secrets.
    pub secrets: &'a Secrets,
}

/// A delivery with all that its sender needs.
struct Order<'a> {
    delivery: &'a Delivery<'a>,
    client: &'a NotifyClient,
    redactor: Redactor,
    /// The message in words: by the channel's template, or built in.
    text: String,
    /// Whether `text` is by the template.
    is_own_text: bool,
}

impl Order<'_> {
    fn message(&self) -> &Notification {
        self.delivery.message
    }

    /// A text of the configuration with its secrets.
    fn resolve(&self, template: &Template) -> Result<String, DeliveryFailure> {
        template.resolve(self.delivery.secrets).map_err(|name| no_secret(&name))
    }

    /// The same of an address.
    fn resolve_url(&self, template: &Template) -> Result<String, DeliveryFailure> {
        template.resolve_url(self.delivery.secrets).map_err(|name| no_secret(&name))
    }

    /// The addresses of people.
    fn to(&self) -> Result<Vec<String>, DeliveryFailure> {
        self.delivery.to.iter().map(|address| self.resolve(address)).collect()
    }

    /// The same where nothing can be sent without one.
    fn needed_to(&self) -> Result<Vec<String>, DeliveryFailure> {
        let to = self.to()?;
        if to.is_empty() { Err(DeliveryFailure::permanent("no address to send to")) } else { Ok(to) }
    }
}

fn no_secret(name: &str) -> DeliveryFailure {
    // It may still be fetched.
    DeliveryFailure::transient(format!("the secret `{name}` has no value"))
}

/// What every kind does.
trait Sender: Sync {
    /// Gives the message to the receiver.
    fn send<'a>(&'a self, order: &'a Order<'a>) -> BoxFuture<'a, Delivered>;
}

fn sender(kind: &ChannelKind) -> &dyn Sender {
    match kind {
        ChannelKind::Slack(channel) => channel,
        ChannelKind::Webhook(channel) => channel,
        ChannelKind::PagerDuty(channel) => channel,
        ChannelKind::Smtp(channel) => channel,
        ChannelKind::Twilio(channel) => channel,
        ChannelKind::Opsgenie(channel) => channel,
        ChannelKind::Ntfy(channel) => channel,
        ChannelKind::Discord(channel) => channel,
        ChannelKind::Teams(channel) => channel,
        ChannelKind::Command(channel) => channel,
        ChannelKind::Terminal(channel) => channel,
    }
}

/// Delivers a message. Returns once the receiver has accepted it, or when that has failed for now.
///
/// # Errors
/// What happened, and whether it may pass by itself.
pub(crate) async fn deliver(client: &NotifyClient, delivery: &Delivery<'_>) -> Delivered {
    let redactor = Redactor::from(delivery.secrets);
    let (text, is_own_text) = template::text(delivery.channel.template.as_deref(), delivery.message);
    let text = redacted(&redactor, &text, delivery.message);
    let order = Order { delivery, client, redactor, text, is_own_text };
    sender(&delivery.channel.kind).send(&order).await
}

/// A text without secrets, but with the links that its receiver is to follow: everywhere else they are secrets too.
fn redacted(redactor: &Redactor, text: &str, message: &Notification) -> String {
    let (mut out, mut rest) = (String::new(), text);
    let next = |rest: &str| {
        let found = message.acknowledge_links().filter_map(|(_, link)| Some((rest.find(link)?, link.len())));
        found.min()
    };
    while let Some((at, length)) = next(rest) {
        out.push_str(&redactor.redact(&rest[..at]));
        out.push_str(&rest[at..at + length]);
        rest = &rest[at + length..];
    }
    out.push_str(&redactor.redact(rest));
    out
}

/// The worst of a message, from 1 (critical) to 4 (low); a test is low, and so is what is over.
const fn grade(worst: Option<Severity>) -> u8 {
    match worst {
        Some(Severity::Critical) => 1,
        Some(Severity::High) => 2,
        Some(Severity::Medium) => 3,
        Some(Severity::Low) | None => 4,
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the tests lay out files, and read what receivers were given")]
mod tests;
