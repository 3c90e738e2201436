//! The kinds of notification channels as the configuration knows them: the keys of each, which addresses it takes, how
//! many messages it may carry, and how it is read.
//!
//! A new kind is a file here and its line in `channels!` below.

pub mod address;
pub mod command;
pub mod discord;
pub mod ntfy;
pub mod opsgenie;
pub mod pagerduty;
pub mod slack;
pub mod smtp;
pub mod teams;
pub mod terminal;
pub mod twilio;
pub mod webhook;

use std::collections::BTreeSet;
use std::time::Duration;

pub use self::address::{AddressKind, AddressUse};
use super::reader::{TableReader, Text, quoted};
use super::spec::{KeySpec, ValueForm, each_once, key};
use crate::text::secret::Template;

/// One kind, as data.
#[derive(Debug, Clone, Copy)]
pub struct ChannelSpec {
    /// The key that says that a channel is of this kind: `slack = "…"`.
    pub key: &'static str,
    /// A few words about it.
    pub help: &'static str,
    /// What its value may be.
    pub(crate) value: ValueForm,
    /// The further keys of this kind. Kinds may share them.
    pub(crate) keys: &'static [KeySpec],
    /// The addresses of people that it takes.
    pub address: AddressUse,
    /// Reads the kind's own keys; notes what is wrong with them.
    pub(crate) read: fn(&TableReader<'_>) -> Option<ChannelKind>,
}

/// What is written under a kind.
pub(crate) trait ChannelSettings {
    /// Every text in which secrets may be named.
    fn templates(&self) -> Vec<&Template>;

    /// So many messages in each span, shortest span first, unless the configuration says otherwise.
    fn limits(&self) -> &'static [(Duration, u32)] {
        CHAT_LIMITS
    }
}

/// Chat, mail and webhooks: a burst is bundled after five.
pub(crate) const CHAT_LIMITS: &[(Duration, u32)] = &[(Duration::from_secs(5), 5), (Duration::from_hours(1), 60)];

/// Makes the list of kinds and the enum of their settings out of one line a kind.
macro_rules! channels {
    ($($(#[$doc:meta])* $variant:ident($settings:ty) = $spec:path;)*) => {
        /// What is sent to, with the settings of its kind.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum ChannelKind {
            $($(#[$doc])* $variant($settings),)*
        }

        /// Every kind, in the order in which they are listed.
        pub const CHANNELS: &[&ChannelSpec] = &[$(&$spec,)*];

        impl ChannelKind {
            /// The description of its kind.
            pub const fn spec(&self) -> &'static ChannelSpec {
                match self {
                    $(Self::$variant(_) => &$spec,)*
                }
            }

            fn settings(&self) -> &dyn ChannelSettings {
                match self {
                    $(Self::$variant(settings) => settings,)*
                }
            }
        }
    };
}

channels! {
    /// `slack = "{secret:NAME}"`: an incoming webhook.
    Slack(slack::SlackChannel) = slack::SPEC;
    /// `webhook = URL`: JSON to an address of one's own.
    Webhook(webhook::WebhookChannel) = webhook::SPEC;
    /// `pagerduty = "{secret:NAME}"`: events to an integration.
    PagerDuty(pagerduty::PagerDutyChannel) = pagerduty::SPEC;
    /// `smtp = "smtp://HOST:587"`
    Smtp(smtp::SmtpChannel) = smtp::SPEC;
    /// `twilio = { account, token, from }`: SMS, or calls.
    Twilio(twilio::TwilioChannel) = twilio::SPEC;
    /// `opsgenie = "{secret:NAME}"`
    Opsgenie(opsgenie::OpsgenieChannel) = opsgenie::SPEC;
    /// `ntfy = "https://ntfy.sh/TOPIC"`
    Ntfy(ntfy::NtfyChannel) = ntfy::SPEC;
    /// `discord = "{secret:NAME}"`: a webhook.
    Discord(discord::DiscordChannel) = discord::SPEC;
    /// `teams = "{secret:NAME}"`: a workflow's webhook.
    Teams(teams::TeamsChannel) = teams::SPEC;
    /// `command = […]`: the message as JSON on its standard input.
    Command(command::CommandChannel) = command::SPEC;
    /// `terminal = ["bell", "osc9"]`: the terminal of whoever has the console open.
    Terminal(terminal::TerminalChannel) = terminal::SPEC;
}

impl ChannelKind {
    /// The names of the secrets that it is used with.
    pub fn secrets(&self) -> BTreeSet<&str> {
        self.settings().templates().into_iter().flat_map(Template::secrets).collect()
    }

    /// So many messages in each span, shortest span first, unless the configuration says otherwise.
    pub fn limits(&self) -> Vec<(Duration, u32)> {
        self.settings().limits().to_vec()
    }
}

/// How many kinds there are.
pub(super) const COUNT: usize = CHANNELS.len();

/// How many further keys the kinds have together.
pub(super) const COUNT_FURTHER: usize = each_once::<0>(&further()).1;

/// The keys that choose the kind; `N` is [`COUNT`].
pub(super) const fn keys<const N: usize>() -> [KeySpec; N] {
    let mut all = [key("", ValueForm::Text, ""); N];
    let mut index = 0;
    while index < N {
        all[index] = key(CHANNELS[index].key, CHANNELS[index].value, CHANNELS[index].help);
        index += 1;
    }
    all
}

/// The further keys, each once; `N` is [`COUNT_FURTHER`].
pub(super) const fn further_keys<const N: usize>() -> [KeySpec; N] {
    each_once(&further()).0
}

/// The further keys of every kind.
const fn further() -> [&'static [KeySpec]; COUNT] {
    let mut all: [&'static [KeySpec]; COUNT] = [&[]; COUNT];
    let mut index = 0;
    while index < COUNT {
        all[index] = CHANNELS[index].keys;
        index += 1;
    }
    all
}

/// The kind of this key, which is one of them.
pub(super) fn spec(key: &str) -> &'static ChannelSpec {
    CHANNELS.iter().find(|spec| spec.key == key).unwrap_or(&CHANNELS[0])
}

/// The one key that says the kind; notes the problem where there is none, or more than one.
pub(super) fn only_one(table: &TableReader<'_>) -> Option<&'static str> {
    let kinds = CHANNELS.iter().map(|spec| spec.key);
    let missing = || Some(("does not say where it sends".to_owned(), format!("add one of {}", quoted(kinds.clone()))));
    table.only_one(kinds.clone(), missing, || "keep one of them: a channel is of one kind".to_owned())
}

/// What is sent to; notes the keys that go with another kind.
pub(super) fn read(table: &TableReader<'_>, spec: &ChannelSpec) -> Option<ChannelKind> {
    let is_own = |name: &str| spec.keys.iter().any(|own| own.name == name);
    let mut seen = BTreeSet::new();
    for other in CHANNELS {
        for further in other.keys.iter().filter(|further| table.has(further.name) && !is_own(further.name)) {
            if seen.insert(further.name) {
                table.out_of_place(further.name, &format!("`{}`", other.key));
            }
        }
    }
    (spec.read)(table)
}

/// An address that begins with one of these schemes and names a host; notes the problem where it does not.
pub(super) fn url(table: &TableReader<'_>, key: &str, schemes: &[&str]) -> Option<Template> {
    let text = table.text(key)?;
    let rest = schemes.iter().find_map(|scheme| text.value.strip_prefix(scheme)?.strip_prefix("://"));
    let host = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    // A secret may be all of it, or its host.
    let is_secret = text.value.starts_with("{secret:") || host.is_some_and(|host| host.contains("{secret:"));
    if !is_secret && host.is_none_or(str::is_empty) {
        let message = format!("`{key}` is not a valid address");
        let rest = if key == "smtp" { "HOST:587" } else { "HOST/…" };
        table.context.error(
            text.at,
            message,
            format!("write {key} = \"{}://{rest}\"", schemes.last().unwrap_or(&"https")),
        );
        return None;
    }
    if let Some((user, _)) = host.and_then(|host| host.split_once('@')) {
        credentials(table, key, &text, user);
        return None;
    }
    Some(super::reader::template(table.context, &text))
}

/// Notes what stands in an address before the host: it would be shown with it.
fn credentials(table: &TableReader<'_>, key: &str, text: &Text, user: &str) {
    let what = if user.contains(':') { "a password" } else { "a user" };
    let hint = match key {
        "smtp" => "write username = \"…\" and password = \"{secret:NAME}\"",
        _ => "give it in a header or a token: \"{secret:NAME}\"",
    };
    table.context.error(text.at, format!("`{key}` has {what} in its address"), hint);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_kinds_have_one_key_and_no_key_is_a_kind_too() {
        let kinds: BTreeSet<&str> = CHANNELS.iter().map(|spec| spec.key).collect();
        assert_eq!(kinds.len(), CHANNELS.len());
        for spec in CHANNELS {
            assert!(spec.keys.iter().all(|key| !kinds.contains(key.name)), "{}", spec.key);
        }
    }
}
