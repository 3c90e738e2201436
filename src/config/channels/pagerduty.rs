//! `pagerduty = "{secret:NAME}"`: events to an integration of `PagerDuty` (Events API v2).

use super::{AddressUse, ChannelKind, ChannelSettings, ChannelSpec};
use crate::config::spec::{KeySpec, ValueForm, key};
use crate::text::secret::Template;

/// Where events go unless `url` says otherwise.
pub const API: &str = "https://events.pagerduty.com/v2/enqueue";

const KEYS: &[KeySpec] = &[key("url", ValueForm::Text, "Another address of the API: its European one, a proxy")];

/// The kind.
pub(super) const SPEC: ChannelSpec = ChannelSpec {
    key: "pagerduty",
    help: "Integration key of PagerDuty, as a secret: {secret:NAME}",
    value: ValueForm::Text,
    keys: KEYS,
    address: AddressUse::None,
    read: |table| {
        let url = super::url(table, "url", &["http", "https"]);
        let key = table.secret("pagerduty")?;
        Some(ChannelKind::PagerDuty(PagerDutyChannel { key, url: url.unwrap_or_else(|| Template(API.to_owned())) }))
    },
};

/// An integration of `PagerDuty`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PagerDutyChannel {
    /// The integration (routing) key.
    pub key: Template,
    /// `url`, default [`API`].
    pub url: Template,
}

impl ChannelSettings for PagerDutyChannel {
    fn templates(&self) -> Vec<&Template> {
        vec![&self.key, &self.url]
    }
}
