//! `webhook = URL`: each message as JSON to an address of one's own.

use super::{AddressUse, ChannelKind, ChannelSettings, ChannelSpec};
use crate::config::reader::{TableReader, template};
use crate::config::spec::{KeySpec, ValueForm, key};
use crate::text::secret::Template;

const KEYS: &[KeySpec] = &[key("headers", ValueForm::TextMap, "Headers; values may hold {secret:NAME}")];

/// The kind.
pub(super) const SPEC: ChannelSpec = ChannelSpec {
    key: "webhook",
    help: "An address that gets each message as JSON; may hold {secret:NAME}",
    value: ValueForm::Text,
    keys: KEYS,
    address: AddressUse::None,
    read: |table| {
        let headers = headers(table);
        let url = super::url(table, "webhook", &["http", "https"])?;
        Some(ChannelKind::Webhook(WebhookChannel { url, headers }))
    },
};

/// An address of one's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookChannel {
    /// Where each message is posted to.
    pub url: Template,
    /// `headers`, in the order of the file.
    pub headers: Vec<(String, Template)>,
}

impl ChannelSettings for WebhookChannel {
    fn templates(&self) -> Vec<&Template> {
        std::iter::once(&self.url).chain(self.headers.iter().map(|(_, value)| value)).collect()
    }
}

fn headers(table: &TableReader<'_>) -> Vec<(String, Template)> {
    let mut found = Vec::new();
    for (name, value) in table.text_map("headers") {
        let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if name.value.is_empty() || !name.value.chars().all(is_token) {
            let message = format!("`{}` is not a valid header name", name.value);
            table.context.error(name.at, message, "use letters, digits and `-`");
        } else if value.value.contains(['\r', '\n', '\0']) {
            let message = format!("the header `{}` has a line break in it", name.value);
            table.context.error(value.at, message, "write it in one line");
        } else {
            crate::config::kinds::http::inline_token(table, &name.value, &value);
            found.push((name.value, template(table.context, &value)));
        }
    }
    found
}
