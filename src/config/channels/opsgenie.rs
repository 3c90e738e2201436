//! `opsgenie = "{secret:NAME}"`: alerts to Opsgenie.

use super::{AddressUse, ChannelKind, ChannelSettings, ChannelSpec};
use crate::config::spec::{KeySpec, ValueForm, key};
use crate::text::secret::Template;

/// Where events go unless `url` says otherwise.
pub const API: &str = "https://api.opsgenie.com/v2/alerts";

const KEYS: &[KeySpec] = &[key("url", ValueForm::Text, "Another address of the API: its European one, a proxy")];

/// The kind.
pub(super) const SPEC: ChannelSpec = ChannelSpec {
    key: "opsgenie",
    help: "API key of Opsgenie, as a secret: {secret:NAME}",
    value: ValueForm::Text,
    keys: KEYS,
    address: AddressUse::None,
    read: |table| {
        let url = super::url(table, "url", &["http", "https"]);
        let key = table.secret("opsgenie")?;
        Some(ChannelKind::Opsgenie(OpsgenieChannel { key, url: url.unwrap_or_else(|| Template(API.to_owned())) }))
    },
};

/// An integration of Opsgenie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpsgenieChannel {
    /// The key of the API.
    pub key: Template,
    /// `url`, default [`API`].
    pub url: Template,
}

impl ChannelSettings for OpsgenieChannel {
    fn templates(&self) -> Vec<&Template> {
        vec![&self.key, &self.url]
    }
}
