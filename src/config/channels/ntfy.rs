//! `ntfy = "https://ntfy.sh/TOPIC"`: a push message to whoever subscribes to a topic.

use super::{AddressKind, AddressUse, ChannelKind, ChannelSettings, ChannelSpec};
use crate::config::spec::{KeySpec, ValueForm, key};
use crate::text::secret::Template;

const KEYS: &[KeySpec] = &[key("token", ValueForm::Text, "Access token of ntfy, as a secret: {secret:NAME}")];

/// The kind.
pub(super) const SPEC: ChannelSpec = ChannelSpec {
    key: "ntfy",
    help: "A topic of ntfy: https://ntfy.sh/TOPIC; may hold {secret:NAME}",
    value: ValueForm::Text,
    keys: KEYS,
    address: AddressUse::Optional(AddressKind::Ntfy),
    read: |table| {
        let token = table.secret("token");
        let url = super::url(table, "ntfy", &["http", "https"])?;
        Some(ChannelKind::Ntfy(NtfyChannel { url, token }))
    },
};

/// A topic of ntfy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NtfyChannel {
    /// The topic with its server.
    pub url: Template,
    /// `token`
    pub token: Option<Template>,
}

impl ChannelSettings for NtfyChannel {
    fn templates(&self) -> Vec<&Template> {
        std::iter::once(&self.url).chain(&self.token).collect()
    }
}
