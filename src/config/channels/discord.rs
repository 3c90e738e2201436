//! `discord = "{secret:NAME}"`: a message to a webhook of Discord.

use super::{AddressUse, ChannelKind, ChannelSettings, ChannelSpec};
use crate::config::spec::ValueForm;
use crate::text::secret::Template;

/// The kind.
pub(super) const SPEC: ChannelSpec = ChannelSpec {
    key: "discord",
    help: "Webhook of a Discord channel, as a secret: {secret:NAME}",
    value: ValueForm::Text,
    keys: &[],
    address: AddressUse::None,
    read: |table| table.secret("discord").map(|url| ChannelKind::Discord(DiscordChannel { url })),
};

/// A channel of Discord.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscordChannel {
    /// Its address, which is a secret: whoever knows it can post.
    pub url: Template,
}

impl ChannelSettings for DiscordChannel {
    fn templates(&self) -> Vec<&Template> {
        vec![&self.url]
    }
}
