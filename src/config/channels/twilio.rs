//! `twilio = { account, token, from }`: SMS, or calls that read the message out.

use std::time::Duration;

use super::{AddressKind, AddressUse, ChannelKind, ChannelSettings, ChannelSpec};
use crate::config::reader::TableReader;
use crate::config::spec::{KeySpec, ValueForm, key};
use crate::text::secret::Template;

/// Where messages go unless `url` says otherwise.
pub const API: &str = "https://api.twilio.com";

const MINUTE: Duration = Duration::from_mins(1);

/// SMS: a telephone that never stops is switched off.
const SMS_LIMITS: &[(Duration, u32)] =
    &[(MINUTE, 1), (Duration::from_mins(15), 5), (Duration::from_hours(1), 11), (Duration::from_hours(3), 21)];

/// Calls.
const VOICE_LIMITS: &[(Duration, u32)] =
    &[(Duration::from_mins(15), 3), (Duration::from_hours(1), 7), (Duration::from_hours(3), 15)];

const KEYS: &[KeySpec] = &[
    key("account", ValueForm::Text, "Account SID: AC…"),
    key("token", ValueForm::Text, "Auth token, as a secret: {secret:NAME}"),
    key("from", ValueForm::Text, "Sender's number, with its country: +15550100"),
    key("voice", ValueForm::Flag, "Call and read the message out, instead of an SMS. Default false"),
    key("url", ValueForm::Text, "Another address of the API"),
];

/// The kind.
pub(super) const SPEC: ChannelSpec = ChannelSpec {
    key: "twilio",
    help: "SMS or calls by Twilio: { account, token, from }",
    value: ValueForm::Table(KEYS),
    keys: &[],
    address: AddressUse::Required(AddressKind::Phone),
    read: |table| read(table).map(ChannelKind::Twilio),
};

/// An account of Twilio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TwilioChannel {
    /// `account`; may name a secret.
    pub account: Template,
    /// `token`
    pub token: Template,
    /// `from`, with its country; may name a secret.
    pub from: Template,
    /// `voice`
    pub voice: bool,
    /// `url`, default [`API`].
    pub url: Template,
}

impl ChannelSettings for TwilioChannel {
    fn templates(&self) -> Vec<&Template> {
        vec![&self.account, &self.token, &self.from, &self.url]
    }

    fn limits(&self) -> &'static [(Duration, u32)] {
        if self.voice { VOICE_LIMITS } else { SMS_LIMITS }
    }
}

fn read(table: &TableReader<'_>) -> Option<TwilioChannel> {
    let inner = table.table("twilio")?;
    let account = inner.needed("account", "\"AC…\"").then(|| inner.template("account")).flatten();
    let token = inner.needed("token", "\"{secret:NAME}\"").then(|| inner.secret("token")).flatten();
    let from = inner.needed("from", "\"+15550100\"").then(|| from(&inner)).flatten();
    let voice = inner.flag("voice").unwrap_or(false);
    let url = super::url(&inner, "url", &["http", "https"]).unwrap_or_else(|| Template(API.to_owned()));
    Some(TwilioChannel { account: account?, token: token?, from: from?, voice, url })
}

fn from(table: &TableReader<'_>) -> Option<Template> {
    let text = table.text("from")?;
    if let Some(hint) = AddressKind::Phone.fault(&text.value) {
        table.context.error(text.at, format!("`{}` is not a valid telephone number", text.value), hint);
        return None;
    }
    table.template("from")
}
