//! `http = URL`: one request, and what is asked with it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{KindRole, KindSpec, Need, Settings, SourceKind};
use crate::config::changes::{Fact, hidden};
use crate::config::reader::{TableReader, Text, template};
use crate::config::spec::{KeySpec, ValueForm, key};
use crate::lang::order::InOrder;
use crate::lang::url::after_scheme;
use crate::model::document::{DocumentShape, Within};
use crate::text::secret::Template;

/// The kind.
pub(super) const SPEC: KindSpec = KindSpec {
    key: "http",
    value: ValueForm::Text,
    roles: &[(KindRole::Source, "URL"), (KindRole::Check, "URL")],
    keys: KEYS,
    example: "http = \"…\"",
    number: "value = \".body.…\"",
    every: Duration::from_secs(15),
    timeout: Duration::from_secs(10),
    document: DOCUMENT,
    read: |table| request(table, "http").map(Arc::new).map(SourceKind::Http),
};

/// An answer over HTTP.
pub(crate) const DOCUMENT: DocumentShape = DocumentShape {
    noun: "an HTTP document",
    fields: &[
        ("status", Within::Nothing),
        ("latency_ms", Within::Nothing),
        ("timing", TIMING),
        ("headers", Within::Headers),
        ("body", Within::Anything),
        ("body_error", Within::Nothing),
        ("text", Within::Nothing),
        ("size", Within::Nothing),
        ("version", Within::Nothing),
        ("remote", Within::Nothing),
        ("tls", Within::Fields(&["days_left", "not_after", "issuer", "subject"])),
    ],
    samples: false,
};

/// What each phase of a connection took.
pub(super) const TIMING: Within = Within::Fields(&["dns", "connect", "tls", "first_byte", "total"]);

/// How it is asked over HTTP.
pub(super) const KEYS: &[KeySpec] = &[
    key("method", ValueForm::Text, "Default GET"),
    key("headers", ValueForm::TextMap, "Request headers; values may hold {secret:NAME}"),
    key("body", ValueForm::Text, "Request body; may hold {secret:NAME}"),
    key("proxy", ValueForm::Text, "Proxy URL; empty for none. Default: from the environment"),
    key(
        "ca",
        ValueForm::Text,
        "PEM file of certificates to trust beside the system's: of authorities, or of the server itself",
    ),
    key("client_cert", ValueForm::Text, "PEM file with certificate and key"),
    key("insecure", ValueForm::Flag, "Do not check certificates"),
    key("redirects", ValueForm::Whole(0, 50), "How many are followed. Default 10; 0 takes the redirect as the answer"),
    key("max_body", ValueForm::Size, "Bytes of the body that are read. Default 1MiB"),
    key(
        "keep_alive",
        ValueForm::Flag,
        "Keep the connection from poll to poll. Default: a check opens a new one for every poll, a source without checks keeps its own",
    ),
];

/// An HTTP request as configured. Texts may hold `{secret:NAME}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpRequest {
    /// The URL, `http` or `https`.
    pub url: Template,
    /// `method`, default GET.
    pub method: String,
    /// `headers`, in order.
    pub headers: Vec<(String, Template)>,
    /// `body`.
    pub body: Option<Template>,
    /// `proxy = URL`; `None` follows the environment, `Some("")` means none.
    pub proxy: Option<Template>,
    /// `ca = FILE`: PEM with certificates of authorities or of servers, trusted in addition to the system's.
    pub ca: Option<PathBuf>,
    /// `client_cert = FILE`: PEM with certificate and key.
    pub client_cert: Option<PathBuf>,
    /// `insecure = true`: certificates are not checked; shown as a warning on the screen.
    pub insecure: bool,
    /// `redirects`: at most so many are followed. Default 10; 0 takes the redirect itself as the answer.
    pub redirects: usize,
    /// `max_body`: bytes. Default 1 MiB.
    pub max_body: usize,
    /// `keep_alive`: whether polls share a connection. `None`: only where no check judges the source.
    pub keep_alive: Option<bool>,
}

impl Settings for HttpRequest {
    fn templates(&self) -> Vec<&Template> {
        let headers = self.headers.iter().map(|(_, value)| value);
        headers.chain([&self.url]).chain(&self.body).chain(&self.proxy).collect()
    }

    fn change(&self) -> Fact {
        // In which order they are sent decides nothing.
        let mut sorted = self.clone();
        sorted.headers.order_by(|(a, _), (b, _)| a.cmp(b));
        hidden("request", &sorted)
    }

    fn is_insecure(&self) -> bool {
        self.insecure
    }

    fn needs(&self) -> Vec<Need<'_>> {
        const CERTIFICATE: &[&str] = &["BEGIN CERTIFICATE", "BEGIN TRUSTED CERTIFICATE"];
        let ca = self.ca.as_deref().map(|path| Need::Pem("ca", path, &[CERTIFICATE]));
        let client = self.client_cert.as_deref();
        let client = client.map(|path| Need::Pem("client_cert", path, &[CERTIFICATE, &["PRIVATE KEY"]]));
        ca.into_iter().chain(client).collect()
    }
}

/// How it is asked over HTTP, by the URL under `kind`.
pub(super) fn request(table: &TableReader<'_>, kind: &str) -> Option<HttpRequest> {
    let url = table.text(kind)?;
    let good = check_url(table, &url);
    inline_credentials(table, &url);
    let headers = headers(table);
    let request = HttpRequest {
        url: template(table.context, &url),
        method: method(table),
        headers,
        body: table.template("body"),
        proxy: table.template("proxy"),
        ca: table.path("ca"),
        client_cert: table.path("client_cert"),
        insecure: table.flag("insecure").unwrap_or(false),
        redirects: table.whole("redirects").map_or(10, |number| number as usize),
        max_body: max_body(table),
        keep_alive: table.flag("keep_alive"),
    };
    good.then_some(request)
}

fn max_body(table: &TableReader<'_>) -> usize {
    const MOST: u64 = 256 << 20;
    let size = table.size("max_body").unwrap_or(1 << 20);
    if size == 0 || size > MOST {
        table.context.error(table.place("max_body"), "`max_body` is out of bounds", "allowed: 1 byte to 256MiB");
    }
    size.min(MOST) as usize
}

fn check_url(table: &TableReader<'_>, url: &Text) -> bool {
    let text = url.value.as_str();
    if text.starts_with("{secret:") {
        return true;
    }
    let rest = after_scheme(text);
    let host = rest.map(authority);
    let problem = match host {
        None => Some(("is not an http or https URL", "write http://HOST/PATH or https://HOST/PATH")),
        Some("") => Some(("has no host", "write http://HOST/PATH or https://HOST/PATH")),
        Some(_) if text.contains(char::is_whitespace) => Some(("has a space in it", "write %20 for a space in a URL")),
        Some(host) => {
            let bare = host.rsplit('@').next().unwrap_or(host);
            let port = bare.rsplit_once(':').filter(|(before, _)| !before.contains(':') || before.ends_with(']'));
            let bad = port
                .is_some_and(|(_, port)| !port.is_empty() && !port.starts_with('{') && port.parse::<u16>().is_err());
            bad.then_some(("has an invalid port", "a port is a number from 1 to 65535"))
        }
    };
    if let Some((what, hint)) = problem {
        table.context.error(url.at, format!("`{text}` {what}"), hint);
    }
    problem.is_none()
}

/// User, host and port of a URL without its scheme. A file may name thousands, so that bytes are looked at and not characters.
fn authority(rest: &str) -> &str {
    let end = rest.bytes().position(|byte| matches!(byte, b'/' | b'?' | b'#'));
    &rest[..end.unwrap_or(rest.len())]
}

fn method(table: &TableReader<'_>) -> String {
    let Some(text) = table.text("method") else { return "GET".to_owned() };
    if text.value.is_empty() || !text.value.chars().all(|c| c.is_ascii_alphabetic() || c == '-') {
        table.context.error(
            text.at,
            format!("`{}` is not a valid HTTP method", text.value),
            "write GET, HEAD, POST, …",
        );
    }
    text.value.to_ascii_uppercase()
}

fn headers(table: &TableReader<'_>) -> Vec<(String, Template)> {
    let mut found = Vec::new();
    for (name, value) in table.text_map("headers") {
        let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if name.value.is_empty() || !name.value.chars().all(token) {
            let message = format!("`{}` is not a valid header name", name.value);
            table.context.error(name.at, message, "use letters, digits and dashes, without a colon");
        }
        if value.value.chars().any(char::is_control) {
            table.context.error(value.at, "a header value holds a control character", "write it on one line");
        }
        inline_token(table, &name.value, &value);
        found.push((name.value, template(table.context, &value)));
    }
    found
}

/// Warns of a value that looks like a secret under a name that looks like one.
pub(in crate::config) fn inline_token(table: &TableReader<'_>, name: &str, value: &Text) {
    const NAMES: [&str; 8] = ["authorization", "token", "secret", "password", "passwd", "api-key", "api_key", "cookie"];
    let lower = name.to_ascii_lowercase();
    if value.value.len() < 4 || value.value.contains("{secret:") || !NAMES.iter().any(|word| lower.contains(word)) {
        return;
    }
    table.context.warning(
        value.at,
        format!("`{name}` looks like a secret written into the file"),
        "define it under [secret] and write {secret:NAME} here, so that it is redacted everywhere",
    );
}

fn inline_credentials(table: &TableReader<'_>, url: &Text) {
    let authority = url.value.split_once("://").map(|(_, rest)| authority(rest));
    let Some((user, _)) = authority.and_then(|authority| authority.rsplit_once('@')) else { return };
    if user.contains(':') && !user.contains("{secret:") {
        table.context.warning(
            url.at,
            "the URL holds a password written into the file",
            "define it under [secret] and write {secret:NAME} in its place, so that it is redacted everywhere",
        );
    }
}
