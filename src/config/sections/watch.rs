//! `[watch]`: where a watcher listens, and how it is reached from outside.

use std::net::SocketAddr;

use crate::config::changes::{Fact, hidden, summary};
use crate::config::reader::TableReader;
use crate::config::spec::{self, KeySpec, SectionSpec, ValueForm, key};
use crate::lang::url::after_scheme;
use crate::text::secret::Template;

/// What a watcher serves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WatchConfig {
    /// `listen`: where /metrics and /health are served. `None`: nowhere, but for `--listen`.
    pub listen: Option<SocketAddr>,
    /// `token`: what a client must show. *Invariant:* there is one wherever others than this machine can connect.
    pub token: Option<Template>,
    /// `public_url`, without a slash at its end: what links in messages begin with. `None`: messages have no links.
    pub public_url: Option<String>,
}

/// The keys of `[watch]`.
pub(crate) const KEYS: &[KeySpec] = &[
    key(
        "listen",
        ValueForm::Text,
        "Address for /metrics and /health, such as 127.0.0.1:9475. Default: only what `--listen` says",
    ),
    key("token", ValueForm::Text, "What a client must show, as a secret: {secret:NAME}. Needed beyond loopback"),
    key("public_url", ValueForm::Text, "How it is reached from outside: messages have acknowledge links then"),
];

pub(crate) const SECTION: SectionSpec = SectionSpec {
    name: "watch",
    shape: spec::SectionShape::Single(KEYS),
    help: "Where `opsroom watch` listens, and how people reach it",
};

/// Reads `[watch]`.
pub(crate) fn read(table: &TableReader<'_>) -> WatchConfig {
    let token = table.secret("token");
    let listen = listen(table);
    if let Some(message) = listen.filter(|_| table.lacks(&["token"])).and_then(without_token) {
        table.context.error(table.place("listen"), message, "add token = \"{secret:NAME}\", or listen on 127.0.0.1");
    }
    WatchConfig { listen, token, public_url: public_url(table) }
}

/// What is wrong with serving there without a token; `None`: only this machine can connect.
pub(crate) fn without_token(address: SocketAddr) -> Option<String> {
    (!address.ip().is_loopback()).then(|| format!("`{address}` is reachable from other machines and needs a token"))
}

fn listen(table: &TableReader<'_>) -> Option<SocketAddr> {
    let text = table.text("listen")?;
    let found = text.value.parse().ok();
    if found.is_none() {
        let message = format!("`{}` is not a valid ADDRESS:PORT", text.value);
        table.context.error(text.at, message, "write listen = \"127.0.0.1:9475\" or \"[::1]:9475\"");
    }
    found
}

fn public_url(table: &TableReader<'_>) -> Option<String> {
    let text = table.text("public_url")?;
    let rest = after_scheme(&text.value);
    let host = rest.map(|rest| rest.split('/').next().unwrap_or_default());
    let is_good = host.is_some_and(|host| !host.is_empty()) && !text.value.contains(['?', '#', '@', ' ', '{']);
    if !is_good {
        let message = "`public_url` is not a valid address";
        table.context.error(text.at, message, "write public_url = \"https://ops.example.com\"");
        return None;
    }
    let is_local =
        host.is_some_and(|host| host.starts_with("127.") || host.starts_with("localhost") || host.starts_with("[::1]"));
    if text.value.starts_with("http://") && !is_local {
        let message = "acknowledge links are sent over unencrypted HTTP";
        table.context.warning(text.at, message, "use https://, with a proxy that terminates TLS before the watcher");
    }
    Some(text.value.trim_end_matches('/').to_owned())
}

/// What a change is said by.
pub(crate) fn facts(watch: &WatchConfig) -> Vec<Fact> {
    vec![
        summary("listen", watch.listen.map(|listen| listen.to_string()).unwrap_or_default()),
        hidden("token", &watch.token),
        summary("public_url", watch.public_url.as_deref().unwrap_or_default()),
    ]
}
