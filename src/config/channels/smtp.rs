//! `smtp = "smtp://HOST:587"`: mail.

use super::{AddressKind, AddressUse, ChannelKind, ChannelSettings, ChannelSpec};
use crate::config::reader::{TableReader, host_and_port};
use crate::config::spec::{KeySpec, ValueForm, key};
use crate::text::secret::Template;

const KEYS: &[KeySpec] = &[
    key("from", ValueForm::Text, "Sender's address. Default opsroom@HOST"),
    key("username", ValueForm::Text, "User at the mail server"),
    key("password", ValueForm::Text, "Password at the mail server, as a secret: {secret:NAME}"),
];

/// The kind.
pub(super) const SPEC: ChannelSpec = ChannelSpec {
    key: "smtp",
    help: "Mail server: smtp://HOST:587 (STARTTLS where it is offered) or smtps://HOST:465",
    value: ValueForm::Text,
    keys: KEYS,
    address: AddressUse::Required(AddressKind::Email),
    read: |table| read(table).map(ChannelKind::Smtp),
};

/// A mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpChannel {
    /// Its host name or address.
    pub host: String,
    /// Its port; where none is written 587, and 465 for `smtps`.
    pub port: u16,
    /// Whether the connection begins with TLS (`smtps`).
    pub implicit_tls: bool,
    /// `from`, default `opsroom@HOST`.
    pub from: String,
    /// `username` with `password`, both or none.
    pub login: Option<(String, Template)>,
}

impl ChannelSettings for SmtpChannel {
    fn templates(&self) -> Vec<&Template> {
        self.login.iter().map(|(_, password)| password).collect()
    }
}

fn read(table: &TableReader<'_>) -> Option<SmtpChannel> {
    let (username, password) = (table.string("username"), table.secret("password"));
    for (key, other) in [("username", "password"), ("password", "username")] {
        if table.has(key) && table.lacks(&[other]) {
            let message = format!("`{key}` is there without `{other}`");
            table.context.error(table.place(key), message, format!("add {other} = …, or remove `{key}`"));
        }
    }
    let from = table.text("from");
    if let Some(text) = &from
        && let Some(hint) = AddressKind::Email.fault(&text.value)
    {
        table.context.error(text.at, format!("`{}` is not a valid mail address", text.value), hint);
    }
    let template = super::url(table, "smtp", &["smtps", "smtp"])?;
    let Some((scheme, rest)) = template.0.split_once("://") else {
        let message = "`smtp` is not the place of a secret";
        table.context.error(table.place("smtp"), message, "write smtp = \"smtp://HOST:587\", username and password");
        return None;
    };
    let implicit_tls = scheme == "smtps";
    let place = rest.trim_end_matches('/');
    let whole =
        if has_port(place) { place.to_owned() } else { format!("{place}:{}", if implicit_tls { 465 } else { 587 }) };
    let Some((host, port)) = host_and_port(&whole) else {
        let message = format!("`{place}` is not a valid HOST:PORT");
        table.context.error(table.place("smtp"), message, "write smtp = \"smtp://mail.example.com:587\"");
        return None;
    };
    let from = from.map_or_else(|| format!("opsroom@{host}"), |text| text.value);
    Some(SmtpChannel { host, port, implicit_tls, from, login: username.zip(password) })
}

/// Whether a port follows the host; the colons of an address in brackets are none.
fn has_port(place: &str) -> bool {
    place.rsplit_once(']').map_or(place, |(_, rest)| rest).contains(':')
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::ChannelKind;
    use crate::config::load::load_text;

    #[test]
    fn the_port_follows_the_scheme_and_the_sender_the_host() {
        let read = |url: &str| {
            let text = format!("[notify.mail]\nsmtp = \"{url}\"\nto = \"ops@example.com\"\n");
            let loaded = load_text(Path::new("/srv/opsroom.toml"), &text);
            let config = loaded.config.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
            let ChannelKind::Smtp(smtp) = config.channels[0].kind.clone() else { panic!("a mail server") };
            (smtp.host, smtp.port, smtp.implicit_tls, smtp.from)
        };
        let mail = |port, tls| ("mail.example.com".to_owned(), port, tls, "opsroom@mail.example.com".to_owned());
        assert_eq!(read("smtp://mail.example.com"), mail(587, false));
        assert_eq!(read("smtps://mail.example.com/"), mail(465, true));
        assert_eq!(read("smtp://mail.example.com:25"), mail(25, false));
        assert_eq!(read("smtp://[::1]").1, 587);
    }
}
