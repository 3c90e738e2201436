//! What a notification says: groups of alerts by service, and its one plain form. Channels make their own payload of it.

mod bulletin;
mod handover;
mod incident;
mod notice;
#[cfg(test)]
pub(crate) mod samples;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

pub(crate) use self::bulletin::Bulletin;
pub use self::handover::HandoverNotice;
pub use self::incident::IncidentNotice;
pub use self::notice::MaintenanceNotice;
use super::alert::Severity;
use crate::text::SafeText;
use crate::text::name::Name;

/// Alerts of one group that the plain form lists; of the others it says the number.
const LISTED: usize = 20;

/// Who gets a message: a channel, and the person where the channel has no addresses of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Recipient {
    /// The channel of `[notify]`.
    pub channel: Name,
    /// The contact.
    pub contact: Option<Name>,
}

impl Recipient {
    /// Its id, unique in a configuration: `sms/ana`, or `chat` where nobody is named. Names hold no `/`.
    pub fn id(&self) -> String {
        match &self.contact {
            Some(contact) => format!("{}/{contact}", self.channel),
            None => self.channel.to_string(),
        }
    }

    /// From its id.
    pub fn from_id(id: &str) -> Self {
        match id.split_once('/') {
            Some((channel, contact)) => Self { channel: channel.into(), contact: Some(contact.into()) },
            None => Self { channel: id.into(), contact: None },
        }
    }
}

/// Why an alert is in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum News {
    /// It fires.
    New,
    /// It fires, and something milder of the same check or metric was announced before.
    Worse,
    /// It still fires, and nobody has acknowledged it.
    Reminder,
    /// It has not been acknowledged in time.
    Due,
    /// It still fires, and what a person muted it by is over.
    Unmuted,
    /// It is over.
    Resolved,
}

impl News {
    /// The word for people.
    pub const fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Worse => "worse",
            Self::Reminder => "reminder",
            Self::Due => "not acknowledged in time",
            Self::Unmuted => "still firing",
            Self::Resolved => "resolved",
        }
    }
}

/// One alert of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Which firing.
    pub id: Name,
    /// The check, metric or SLO.
    pub alert: Name,
    /// How it is named to people where something of another kind has its name: `api (SLO)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called: Option<String>,
    /// How bad.
    pub severity: Severity,
    /// Why it is here.
    pub news: News,
    /// What was seen: `12.4 %`, `DOWN connection refused`; why it is over, where that was not seen.
    pub value: SafeText,
    /// The condition as it is written.
    pub condition: String,
    /// When it began to fire.
    pub fired_at: DateTime<Utc>,
    /// When it was over.
    pub resolved_at: Option<DateTime<Utc>>,
    /// What held it back until now: `silence by ana ended: deploying`.
    pub after: Option<SafeText>,
    /// The link by which the receiver acknowledges it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledge: Option<String>,
}

impl Entry {
    /// How it is named to people.
    pub(crate) fn called(&self) -> &str {
        self.called.as_deref().unwrap_or(&self.alert)
    }

    /// The order in a message: what fires before what is over, worst first, oldest first.
    fn rank(&self) -> (bool, std::cmp::Reverse<Severity>, DateTime<Utc>, &Name) {
        (self.news == News::Resolved, std::cmp::Reverse(self.severity), self.fired_at, &self.id)
    }

    /// `CRITICAL api: DOWN connection refused (condition: down for 2m), new, since 2026-03-02 10:00 UTC`.
    pub fn line(&self) -> String {
        let head =
            if self.news == News::Resolved { "RESOLVED".to_owned() } else { self.severity.word().to_uppercase() };
        let times = match self.resolved_at.filter(|_| self.news == News::Resolved) {
            Some(at) => format!("{} to {}", time(self.fired_at), time(at)),
            None => format!("{}, since {}", self.news.word(), time(self.fired_at)),
        };
        let after = self.after.as_ref().map_or_else(String::new, |after| format!(" [{after}]"));
        flat(&format!("{head} {}: {} (condition: {}), {times}{after}", self.called(), self.value, self.condition))
    }
}

/// An alert that a receiver takes to be firing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announced {
    /// Which firing.
    pub id: Name,
    /// How bad.
    pub severity: Severity,
    /// When it was said first.
    pub told_at: DateTime<Utc>,
    /// When it was said last, where that was not the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again_at: Option<DateTime<Utc>>,
    /// Whether it was said that nobody acknowledged it in time.
    pub is_due: bool,
}

/// The alerts of one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertGroup {
    /// The service; `None`: of what belongs to none.
    pub service: Option<Name>,
    /// As it is shown.
    pub title: String,
    /// By which receivers know that messages are about one thing.
    pub key: String,
    /// The alerts, worst first; see [`AlertGroup::sort`].
    pub entries: Vec<Entry>,
    /// How many alerts of it the receiver takes to be firing then, those included that are no news.
    pub firing: usize,
    /// The alerts of it that the receiver takes to be firing once it has this message.
    pub announced: Vec<Announced>,
    /// Whether nothing of it was announced before.
    pub is_first: bool,
    /// Where to look up what to do.
    pub runbook: Option<String>,
    /// Further links, each with its name.
    pub links: Vec<(String, String)>,
}

impl AlertGroup {
    /// Puts its alerts into their order.
    pub(crate) fn sort(&mut self) {
        self.entries.sort_by(|one, other| one.rank().cmp(&other.rank()));
    }

    /// The worst that is news and not over.
    pub fn worst(&self) -> Option<Severity> {
        self.entries.iter().filter(|entry| entry.news != News::Resolved).map(|entry| entry.severity).max()
    }

    /// The worst that the receiver takes to be firing then, news or not.
    pub fn worst_firing(&self) -> Option<Severity> {
        self.announced.iter().map(|known| known.severity).max()
    }

    /// Whether nothing of it fires any more.
    pub const fn is_over(&self) -> bool {
        self.firing == 0
    }

    /// First those of which nothing was announced, then the worst.
    fn rank(&self) -> (bool, std::cmp::Reverse<Option<Severity>>, &str) {
        let is_first = self.is_first && self.worst().is_some();
        (!is_first, std::cmp::Reverse(self.worst()), &self.title)
    }
}

/// What a receiver takes to be firing of one group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupState {
    /// The key of the group.
    pub key: String,
    /// The alerts; none: all of it is over.
    pub firing: Vec<Announced>,
}

/// What kind of message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// What is news.
    #[default]
    Alerts,
    /// What quiet hours or a digest held back.
    Digest,
    /// Maintenance is planned.
    Maintenance,
    /// A status update of an incident, or something of it is due.
    Incident,
    /// A handover was accepted.
    Handover,
    /// A person, or `prove_every`, asks whether the channel delivers.
    Test,
}

/// One message to one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// Unique for ever; receivers that take it drop a second one.
    pub id: Name,
    /// Who gets it.
    pub target: Recipient,
    /// What kind.
    pub kind: MessageKind,
    /// The name of the console.
    pub console: String,
    /// Its environment.
    pub environment: Option<String>,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// The contact who is on call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_call: Option<Name>,
    /// The groups, most pressing first; see [`Notification::sort`]. Empty for a test, and where maintenance is announced.
    pub groups: Vec<AlertGroup>,
    /// The windows of maintenance that it announces, the earliest first.
    pub notices: Vec<MaintenanceNotice>,
    /// What it says of incidents, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub updates: Vec<IncidentNotice>,
    /// The handovers that it posts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub handovers: Vec<HandoverNotice>,
    /// Of a test: the code by which whoever reads it confirms that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm: Option<String>,
}

impl Notification {
    /// Puts groups and alerts into their order.
    pub(crate) fn sort(&mut self) {
        for group in &mut self.groups {
            group.sort();
        }
        self.groups.sort_by(|one, other| one.rank().cmp(&other.rank()));
    }

    /// Its alerts, in the order of the groups.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.groups.iter().flat_map(|group| &group.entries)
    }

    /// The links in it by which alerts are acknowledged, the most pressing first, each with its alert.
    pub(crate) fn acknowledge_links(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries().filter_map(|entry| Some((entry.called(), entry.acknowledge.as_deref()?)))
    }

    /// What the receiver takes to be firing once it has it.
    pub(crate) fn states(&self) -> Vec<GroupState> {
        let state = |group: &AlertGroup| GroupState { key: group.key.clone(), firing: group.announced.clone() };
        self.groups.iter().map(state).collect()
    }

    /// The worst of what is news and not over; `None`: all is over, or it is a test.
    pub fn worst(&self) -> Option<Severity> {
        self.groups.iter().filter_map(AlertGroup::worst).max()
    }

    /// Whether a service of which nothing was announced is in it.
    pub fn has_first(&self) -> bool {
        self.groups.iter().any(|group| group.is_first && group.worst().is_some())
    }

    /// The windows that it announces, each with its first moment.
    pub(crate) fn announced(&self) -> BTreeMap<Name, DateTime<Utc>> {
        // Of one that was called off nothing is left to be said.
        let until = |notice: &MaintenanceNotice| if notice.is_called_off { self.at } else { notice.from };
        let windows = self.notices.iter().map(|notice| (notice.id.clone(), until(notice)));
        // What was posted is looked at for an hour.
        let posted = self.updates.iter().map(|update| &update.id).chain(self.handovers.iter().map(|one| &one.id));
        windows.chain(posted.map(|id| (id.clone(), self.at + TimeDelta::days(1)))).collect()
    }

    fn origin(&self) -> String {
        match &self.environment {
            Some(environment) => format!("[{} {environment}]", self.console),
            None => format!("[{}]", self.console),
        }
    }

    /// One line: `[shop production] 3 firing, 1 resolved: CRITICAL api: DOWN …`.
    pub fn summary(&self) -> String {
        let origin = self.origin();
        if self.kind == MessageKind::Test {
            let ask = match &self.confirm {
                Some(code) => format!("confirm it with `opsroom oncall confirm {code}`"),
                None => "no action needed".to_owned(),
            };
            return flat(&format!("{origin} TEST: a test message for {}, {ask}", self.target.id()));
        }
        if let Some(line) = incident::summary(&self.updates) {
            return flat(&format!("{origin} {line}"));
        }
        if let Some(last) = self.handovers.last() {
            return flat(&format!("{origin} {}", last.line()));
        }
        if let Some(first) = self.notices.first() {
            let more = self.notices.len() - 1;
            let more = if more == 0 { String::new() } else { format!(", {more} more") };
            let planned = if first.is_called_off { "" } else { "planned " };
            return flat(&format!("{origin} {planned}{}{more}", first.line()));
        }
        let over = self.entries().filter(|entry| entry.news == News::Resolved).count();
        let news = self.entries().count() - over;
        let counts = match (news, over) {
            (news, 0) => format!("{news} firing"),
            (0, over) => format!("{over} resolved"),
            (news, over) => format!("{news} firing, {over} resolved"),
        };
        let services = match self.groups.len() {
            0 | 1 => String::new(),
            more => format!(" in {more} services"),
        };
        let digest = if self.kind == MessageKind::Digest { "digest: " } else { "" };
        let first = self.entries().next().map(|entry| {
            let head = if entry.news == News::Resolved { "resolved" } else { entry.severity.word() };
            format!(": {} {}: {}", head.to_uppercase(), entry.called(), entry.value)
        });
        flat(&format!("{origin} {digest}{counts}{services}{}", first.unwrap_or_default()))
    }

    /// The whole text: the summary, then each group with its alerts, runbook and links. Lines end with `\n`.
    pub fn plain(&self) -> String {
        let mut lines = vec![self.summary()];
        if !self.notices.is_empty() {
            lines.push(String::new());
            lines.extend(self.notices.iter().map(|notice| format!("- {}", notice.line())));
            if self.notices.iter().all(MaintenanceNotice::mutes) {
                lines.push("Alerts of these services are muted in that time.".to_owned());
            }
        }
        lines.extend(self.updates.iter().flat_map(IncidentNotice::paragraph));
        lines.extend(self.handovers.iter().flat_map(HandoverNotice::paragraph));
        for group in &self.groups {
            lines.push(String::new());
            lines.push(flat(&format!("{} ({} firing)", group.title, group.firing)));
            for entry in group.entries.iter().take(LISTED) {
                lines.push(format!("- {}", entry.line()));
                lines.extend(entry.acknowledge.iter().map(|link| flat(&format!("  acknowledge: {link}"))));
            }
            if let Some(more) = group.entries.len().checked_sub(LISTED).filter(|more| *more > 0) {
                lines.push(format!("- {more} more"));
            }
            lines.extend(group.runbook.iter().map(|runbook| flat(&format!("runbook: {runbook}"))));
            lines.extend(group.links.iter().map(|(name, link)| flat(&format!("{name}: {link}"))));
        }
        lines.push(String::new());
        lines.join("\n")
    }
}

/// How an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryFailure {
    /// What happened, without secrets.
    pub why: SafeText,
    /// Whether the same will happen again until somebody changes something.
    pub is_permanent: bool,
    /// How long the receiver asks to be left alone, in seconds.
    pub retry_after_s: Option<u32>,
}

impl DeliveryFailure {
    /// It may pass by itself.
    pub(crate) fn transient(why: impl AsRef<str>) -> Self {
        Self { why: SafeText::new(why.as_ref()), is_permanent: false, retry_after_s: None }
    }

    /// Somebody has to change something.
    pub(crate) fn permanent(why: impl AsRef<str>) -> Self {
        Self { is_permanent: true, ..Self::transient(why) }
    }
}

/// At most so many characters, with `…` where something was cut off.
pub fn truncated(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// In one line: a line break in what was seen must not begin a line, or a header, of its own.
fn flat(text: &str) -> String {
    text.replace(|c: char| c.is_control() || c == '\u{2028}' || c == '\u{2029}', " ")
}

/// Receivers are in other zones than the console.
fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::samples::*;
    use super::*;
    use crate::model::maintenance::ServiceChoice;
    use crate::model::maintenance::WindowKind;

    #[test]
    fn first_alerts_of_a_service_stand_ahead_then_the_worst_and_what_is_over_last() {
        use Severity::{Critical, High, Low};
        let mut known = group("known", vec![entry("k", Critical, News::Reminder)]);
        known.is_first = false;
        let web = vec![entry("old", Low, News::Resolved), entry("b", Low, News::New), entry("a", High, News::Worse)];
        let mut over = group("over", vec![entry("o", Critical, News::Resolved)]);
        over.is_first = false;
        let message = message(vec![over, known, group("web", web)]);
        let order: Vec<&str> = message.entries().map(|entry| &*entry.alert).collect();
        assert_eq!(order, ["a", "b", "old", "k", "o"]);
        assert_eq!(message.worst(), Some(Critical));
        assert!(message.has_first());
    }

    #[test]
    fn the_plain_text_says_what_where_since_when_and_what_to_do() {
        let mut one = entry("api", Severity::Critical, News::New);
        one.after = Some("silence by ana ended: deploying".into());
        let message = message(vec![group("web", vec![one, entry("db", Severity::High, News::Resolved)])]);
        let want = "[shop production] 1 firing, 1 resolved: CRITICAL api: DOWN connection refused\n\n\
            WEB (1 firing)\n\
            - CRITICAL api: DOWN connection refused (condition: down for 2m), new, since 2026-02-25 06:13 UTC [silence by ana ended: deploying]\n\
            - RESOLVED db: DOWN connection refused (condition: down for 2m), 2026-02-25 06:13 UTC to 2026-02-25 06:23 UTC\n\
            runbook: docs/RUNBOOK.md#api\n\
            sentry: https://sentry.example/1\n";
        assert_eq!(message.plain(), want);
    }

    #[test]
    fn no_line_break_of_what_was_seen_begins_a_line() {
        let mut one = entry("api", Severity::Critical, News::New);
        one.value = SafeText::new("500\nBcc: x@example.com\r\u{2028}more");
        let message = message(vec![group("web", vec![one])]);
        assert!(!message.summary().contains(['\n', '\r', '\u{2028}']));
        assert!(message.plain().lines().all(|line| !line.starts_with("Bcc")));
    }

    #[test]
    fn a_storm_stays_readable_and_says_how_much_more_there_is() {
        let many = (0..300).map(|number| entry(&format!("c{number:03}"), Severity::High, News::New)).collect();
        let plain = message(vec![group("web", many)]).plain();
        assert_eq!(plain.lines().count(), 1 + 2 + LISTED + 1 + 2);
        assert!(plain.contains("300 firing") && plain.contains("- 280 more"), "{plain}");
        assert_eq!(truncated("naïve…", 6), "naïve…");
        assert_eq!(truncated("naïveté", 6), "naïve…");
    }

    #[test]
    fn maintenance_is_announced_with_its_times_in_utc() {
        let notice = |title: &str, services| MaintenanceNotice {
            kind: WindowKind::Maintenance,
            id: "m".into(),
            title: title.to_owned(),
            services,
            from: at(3_600),
            until: at(10_800),
            why: Some("new\ndisks".into()),
            is_called_off: false,
        };
        let mut message = message(Vec::new());
        message.kind = MessageKind::Maintenance;
        message.notices = vec![notice("weekly", ServiceChoice::All)];
        let want = "[shop production] planned maintenance weekly of all services, 2026-02-25 07:13 UTC to 2026-02-25 09:13 UTC: new⏎disks";
        assert_eq!(message.summary(), want);
        message.notices.push(notice("db", ServiceChoice::These(vec!["db".into()])));
        assert!(message.summary().ends_with(", 1 more"), "{}", message.summary());
        let plain = message.plain();
        assert!(plain.contains("- maintenance db of db, ") && plain.contains("are muted"), "{plain}");
        assert_eq!(message.worst(), None);
        message.notices[1].kind = WindowKind::Change;
        let plain = message.plain();
        assert!(plain.contains("- change db of db, ") && !plain.contains("are muted"), "{plain}");
    }

    #[test]
    fn a_test_says_that_it_is_one() {
        let test = message(Vec::new());
        assert_eq!(test.summary(), "[shop production] TEST: a test message for chat, no action needed");
        let asks = Notification { confirm: Some("K7QM-3F2X".to_owned()), ..test.clone() };
        assert!(asks.plain().ends_with("for chat, confirm it with `opsroom oncall confirm K7QM-3F2X`\n"));
        assert_eq!(test.worst(), None);
        let target = Recipient { channel: "sms".into(), contact: Some("ana".into()) };
        assert_eq!(Recipient::from_id(&target.id()), target);
        assert_eq!(Recipient::from_id("sms"), Recipient { channel: "sms".into(), contact: None });
    }
}
