//! `[notify.NAME]`: a channel by which people are told of alerts.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::changes::{Fact, hidden, summary};
use crate::config::channels::{self, AddressKind, AddressUse, ChannelKind};
use crate::config::reader::{TableReader, Text};
use crate::config::spec::{self, KeySpec, SectionSpec, ValueForm, joined, key};
use crate::lang::schedule::WindowSchedule;
use crate::lang::unit::duration as shown;
use crate::model::alert::Severity;
use crate::text::name::Name;

/// A channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Its name.
    pub name: Name,
    /// What is sent to, with the settings of its kind.
    pub kind: ChannelKind,
    /// `to`: addresses of the kind that is its own, in place of those of the people on call. Empty: those.
    pub to: Vec<String>,
    /// `limits`: so many messages at most in each span, shortest span first; every one of them holds. Default: as its
    /// kind says.
    pub limits: Vec<(Duration, u32)>,
    /// `quiet`
    pub quiet: Option<QuietHours>,
    /// `prove_every`: a test message where nothing was delivered for so long; `None`: as usual, see [`PROVED_EVERY`].
    pub prove_every: Option<Duration>,
    /// `template`: a minijinja file in place of the built-in text.
    pub template: Option<PathBuf>,
    /// `timeout` for one attempt, default 10 s.
    pub timeout: Duration,
}

impl Channel {
    /// The address of a contact that it takes; `None`: it has its own, or takes none.
    pub(crate) fn address_of_contacts(&self) -> Option<AddressKind> {
        self.kind.spec().address.kind().filter(|_| self.to.is_empty())
    }

    /// Whether it reaches people one by one: it needs an address, and has none of its own.
    pub(crate) fn is_personal(&self) -> bool {
        self.to.is_empty() && self.kind.spec().address.required().is_some()
    }
}

/// When a channel is quiet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuietHours {
    /// `when`, by the console's clocks where it names no zone.
    pub when: WindowSchedule,
    /// `above`: only what is worse than this is sent then. The rest comes as one digest at the end.
    pub above: Severity,
}

/// Messages prove a channel no more often than this: they are read by people.
const LEAST_PROOF: Duration = Duration::from_hours(24);
/// After how long without a delivery a channel is tried that says nothing of it.
pub(crate) const PROVED_EVERY: Duration = Duration::from_hours(7 * 24);

const QUIET_KEYS: &[KeySpec] = &[
    key("when", ValueForm::Windows, "The quiet hours: daily 22:00-07:00"),
    key("above", ValueForm::Severity, "Only what is worse than this is sent then"),
];

const COMMON_KEYS: &[KeySpec] = &[
    key("to", ValueForm::TextsOrOne, "Addresses of its own. Default: those of the people on call"),
    key("limits", ValueForm::Limits, "Messages at most in each span; the rest is bundled. Default: by kind"),
    key("quiet", ValueForm::Table(QUIET_KEYS), "Quiet hours, which end with one digest"),
    key(
        "prove_every",
        ValueForm::Duration,
        "Send a test message if nothing was delivered for so long, at least 1d. Default 7d",
    ),
    key("template", ValueForm::Text, "A minijinja file. Default: built in"),
    key("timeout", ValueForm::Duration, "Longest time for one attempt. Default 10s"),
];

const KIND_KEYS: &[KeySpec] = &channels::keys::<{ channels::COUNT }>();
const FURTHER_KEYS: &[KeySpec] = &channels::further_keys::<{ channels::COUNT_FURTHER }>();

/// The keys of a channel.
pub(crate) const KEYS: &[KeySpec] =
    &joined::<{ KIND_KEYS.len() + COMMON_KEYS.len() + FURTHER_KEYS.len() }>(&[KIND_KEYS, COMMON_KEYS, FURTHER_KEYS]);

pub(crate) const SECTION: SectionSpec = SectionSpec {
    name: "notify",
    shape: spec::SectionShape::Named(KEYS),
    help: "Channels by which people are notified: chat, mail, SMS, pagers, webhooks, commands",
};

/// Reads a channel.
pub(crate) fn read(table: &TableReader<'_>) -> Option<Channel> {
    let key = channels::only_one(table);
    let spec = key.map(channels::spec);
    let quiet = quiet(table);
    let limits = table.limits("limits");
    let prove_every = table.positive("prove_every");
    if prove_every.is_some_and(|every| every < LEAST_PROOF) {
        table.context.error(table.place("prove_every"), "`prove_every` is too short", "allowed: 1d and longer");
    }
    let template = table.path("template");
    let timeout = table.positive("timeout").unwrap_or(Duration::from_secs(10));
    let spec = spec?;
    let to = addresses(table, spec.address);
    let kind = channels::read(table, spec)?;
    let limits = limits.unwrap_or_else(|| kind.limits());
    Some(Channel { name: Name::from(table.name), kind, to, limits, quiet, prove_every, template, timeout })
}

fn addresses(table: &TableReader<'_>, address: AddressUse) -> Vec<String> {
    let somebody = |section: &str| table.context.names.get(section).is_some_and(|names| !names.is_empty());
    if address.required().is_some() && table.lacks(&["to"]) && !somebody("oncall") {
        let message = format!("{} has no `to`, and nobody is on call", table.title);
        table.context.error(table.at, message, "add to = [\"…\"], or an [oncall] section");
    }
    let Some(kind) = address.kind() else {
        if table.has("to") {
            let message = format!("{} takes no addresses: where it sends is all in its kind", table.title);
            table.context.error(table.place("to"), message, "remove `to`");
        }
        return Vec::new();
    };
    let mut found: Vec<String> = Vec::new();
    let written: Vec<Text> = table.texts_or_one("to");
    if table.is_list("to") && written.is_empty() {
        table.context.error(table.place("to"), "`to` is empty", "remove it to reach whoever is on call");
    }
    for text in written {
        if let Some(hint) = kind.fault(&text.value) {
            table.context.error(text.at, format!("`{}` is not a valid {}", text.value, kind.noun()), hint);
        } else if found.contains(&text.value) {
            table.repeated("to", &text);
        } else {
            found.push(text.value);
        }
    }
    found
}

fn quiet(table: &TableReader<'_>) -> Option<QuietHours> {
    let inner = table.table("quiet")?;
    let when = inner.needed("when", "\"daily 22:00-07:00\"").then(|| inner.windows("when")).flatten();
    let above = inner.needed("above", "\"high\"").then(|| inner.severity("above")).flatten();
    Some(QuietHours { when: when?, above: above? })
}

/// What a change is said by.
pub(crate) fn facts(channel: &Channel) -> Vec<Fact> {
    let limits: Vec<String> =
        channel.limits.iter().map(|(span, count)| format!("{count} per {}", shown(*span))).collect();
    let quiet = channel.quiet.as_ref();
    vec![
        summary("kind", channel.kind.spec().key),
        // Addresses in it may hold secrets.
        hidden(channel.kind.spec().key, &channel.kind),
        summary("to", channel.to.join(", ")),
        summary("limits", limits.join(", ")),
        summary(
            "quiet",
            quiet.map_or_else(String::new, |quiet| format!("{} above {}", quiet.when.written(), quiet.above.word())),
        ),
        summary("prove_every", channel.prove_every.map_or_else(String::new, shown)),
        hidden("template", &channel.template),
        summary("timeout", shown(channel.timeout)),
    ]
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::load::load_text;

    #[test]
    fn the_limits_of_a_kind_hold_where_none_are_written() {
        let text = "[secret]\ns = { env = \"S\" }\n[notify.sms]\ntwilio = { account = \"AC1\", token = \"{secret:s}\", from = \"+15550100\" }\nto = \"+15550101\"\n[notify.call]\ntwilio = { account = \"AC1\", token = \"{secret:s}\", from = \"+15550100\", voice = true }\nto = \"+15550101\"\n[notify.chat]\nslack = \"{secret:s}\"\n[notify.own]\nslack = \"{secret:s}\"\nlimits = { \"1h\" = 3, \"10s\" = 1 }\n";
        let loaded = load_text(Path::new("/srv/opsroom.toml"), text);
        let config = loaded.config.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
        let limits = |name: &str| -> Vec<(u64, u32)> {
            let channel = config.channels.iter().find(|channel| &*channel.name == name).unwrap();
            channel.limits.iter().map(|(span, count)| (span.as_secs(), *count)).collect()
        };
        assert_eq!(limits("sms"), [(60, 1), (900, 5), (3_600, 11), (10_800, 21)]);
        assert_eq!(limits("call"), [(900, 3), (3_600, 7), (10_800, 15)]);
        assert_eq!(limits("chat"), [(5, 5), (3_600, 60)]);
        assert_eq!(limits("own"), [(10, 1), (3_600, 3)]);
    }
}
