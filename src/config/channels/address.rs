//! Addresses of people: what each kind of channel takes.

use crate::lang::url::after_scheme;

/// What an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AddressKind {
    /// A telephone number with its country: `+15550100`.
    Phone,
    /// A mail address.
    Email,
    /// A member of a Slack workspace, who is mentioned: `U02ABCDEF`.
    Slack,
    /// A topic of ntfy, with its address: `https://ntfy.sh/TOPIC`.
    Ntfy,
}

impl AddressKind {
    /// All, in the order in which a contact lists them.
    pub const ALL: [Self; 4] = [Self::Phone, Self::Email, Self::Slack, Self::Ntfy];

    /// The key of a contact under which it stands.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Email => "email",
            Self::Slack => "slack",
            Self::Ntfy => "ntfy",
        }
    }

    /// In words.
    pub(crate) const fn noun(self) -> &'static str {
        match self {
            Self::Phone => "telephone number",
            Self::Email => "mail address",
            Self::Slack => "Slack member ID",
            Self::Ntfy => "ntfy address",
        }
    }

    /// What to write in place of a text that is none; `None` where it is one.
    pub(crate) fn fault(self, text: &str) -> Option<&'static str> {
        let is_secret = text.starts_with("{secret:") && text.ends_with('}');
        match self {
            _ if is_secret => None,
            Self::Phone => {
                let digits = text.strip_prefix('+').unwrap_or_default();
                let good = (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
                (!good).then_some("write it with its country and without spaces: +15550100")
            }
            Self::Email => {
                let visible = |c: char| !c.is_whitespace() && !c.is_control() && !"<>,;".contains(c);
                let good = text.split_once('@').is_some_and(|(user, host)| {
                    !user.is_empty() && !host.is_empty() && !host.contains('@') && text.chars().all(visible)
                });
                (!good).then_some("write it without a name: ana@example.com")
            }
            Self::Slack => {
                let good = text.len() >= 2
                    && text.starts_with(['U', 'W', 'S', 'C', 'G'])
                    && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
                (!good).then_some("copy the member ID from the profile in Slack: U02ABCDEF")
            }
            Self::Ntfy => {
                let rest = after_scheme(text);
                let good = rest
                    .and_then(|rest| rest.split_once('/'))
                    .is_some_and(|(host, topic)| !host.is_empty() && !topic.is_empty() && !topic.contains('/'));
                (!good).then_some("write it with its server: https://ntfy.sh/TOPIC")
            }
        }
    }
}

/// Which addresses of people a channel takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressUse {
    /// None: what it sends to is all in its settings.
    None,
    /// It sends to its own place, and adds these where they are known.
    Optional(AddressKind),
    /// It can't send without one.
    Required(AddressKind),
}

impl AddressUse {
    /// The kind of address that it takes.
    pub const fn kind(self) -> Option<AddressKind> {
        match self {
            Self::None => None,
            Self::Optional(kind) | Self::Required(kind) => Some(kind),
        }
    }

    /// The kind of address without which it can't send.
    pub const fn required(self) -> Option<AddressKind> {
        match self {
            Self::None | Self::Optional(_) => None,
            Self::Required(kind) => Some(kind),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::AddressKind;

    #[test]
    fn addresses_are_told_from_what_only_looks_like_them() {
        let good = [
            (AddressKind::Phone, "+15550100"),
            (AddressKind::Phone, "{secret:ana-phone}"),
            (AddressKind::Email, "ana+ops@example.com"),
            (AddressKind::Email, "root@localhost"),
            (AddressKind::Slack, "U02ABCDEF"),
            (AddressKind::Ntfy, "https://ntfy.sh/ops-7"),
        ];
        for (kind, text) in good {
            assert_eq!(kind.fault(text), None, "{text}");
        }
        let bad = [
            (AddressKind::Phone, "15550100"),
            (AddressKind::Phone, "+1 555 0100"),
            (AddressKind::Phone, "+123"),
            (AddressKind::Email, "ana"),
            (AddressKind::Email, "Ana <ana@example.com>"),
            (AddressKind::Email, "a@b@c"),
            (AddressKind::Email, "a@b\r\nBcc: c@d"),
            (AddressKind::Slack, "@ana"),
            (AddressKind::Ntfy, "ops-7"),
            (AddressKind::Ntfy, "https://ntfy.sh/"),
        ];
        for (kind, text) in bad {
            assert!(kind.fault(text).is_some(), "{text}");
        }
    }
}
