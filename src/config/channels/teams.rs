//! `teams = "{secret:NAME}"`: a card to a workflow of Microsoft Teams.

use super::{AddressUse, ChannelKind, ChannelSettings, ChannelSpec};
use crate::config::spec::ValueForm;
use crate::text::secret::Template;

/// The kind.
pub(super) const SPEC: ChannelSpec = ChannelSpec {
    key: "teams",
    help: "Webhook of a Teams workflow, as a secret: {secret:NAME}",
    value: ValueForm::Text,
    keys: &[],
    address: AddressUse::None,
    read: |table| table.secret("teams").map(|url| ChannelKind::Teams(TeamsChannel { url })),
};

/// A workflow of Teams that posts what it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamsChannel {
    /// Its address, which is a secret: whoever knows it can post.
    pub url: Template,
}

impl ChannelSettings for TeamsChannel {
    fn templates(&self) -> Vec<&Template> {
        vec![&self.url]
    }
}
