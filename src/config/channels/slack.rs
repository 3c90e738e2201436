//! `slack = "{secret:NAME}"`: a message to an incoming webhook of Slack.

use super::{AddressUse, ChannelKind, ChannelSettings, ChannelSpec};
use crate::config::spec::ValueForm;
use crate::text::secret::Template;

/// The kind.
pub(super) const SPEC: ChannelSpec = ChannelSpec {
    key: "slack",
    help: "Incoming webhook of Slack, as a secret: {secret:NAME}",
    value: ValueForm::Text,
    keys: &[],
    address: AddressUse::Optional(super::AddressKind::Slack),
    read: |table| table.secret("slack").map(|url| ChannelKind::Slack(SlackChannel { url })),
};

/// A channel of Slack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlackChannel {
    /// Its address, which is a secret: whoever knows it can post.
    pub url: Template,
}

impl ChannelSettings for SlackChannel {
    fn templates(&self) -> Vec<&Template> {
        vec![&self.url]
    }
}
