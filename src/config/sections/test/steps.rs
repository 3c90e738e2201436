//! What people do in a test, and what is expected.

use std::time::Duration;

use super::{OF_SLO, Tested, WrittenAt};
use crate::config::reader::{TableReader, Text, Thing};
use crate::config::spec::{KeySpec, ValueForm, key};
use crate::lang::unit;
use crate::model::alert::Severity;
use crate::model::silence::SilenceMatch;
use crate::text::name::Name;

/// A leap year: what is played in seconds.
const LONGEST: Duration = Duration::from_hours(366 * 24);

/// The keys of `do`.
pub(super) const DO_KEYS: &[KeySpec] = &[
    key("at", ValueForm::Duration, "When, from the start"),
    key("ack", ValueForm::Name, "Acknowledge what fires of this check, metric or SLO"),
    key("silence", ValueForm::Text, "Silence what matches: NAME, slo:NAME, service:NAME, severity:NAME, text:WORDS, *"),
    key("unsilence", ValueForm::Text, "End the silence with this match"),
    key("severity", ValueForm::Severity, "With ack: only this one"),
    key("by", ValueForm::Text, "Who. Default test"),
    key("why", ValueForm::Text, "Why"),
    key("for", ValueForm::Duration, "For how long. Default with ack: as [alerts] ack_expires says"),
    key("hold", ValueForm::Flag, "With silence: do not end it early"),
];

/// The keys of `expect`.
pub(super) const EXPECT_KEYS: &[KeySpec] = &[
    key("at", ValueForm::Duration, "When, from the start"),
    key("alert", ValueForm::Name, "An alert, by its check, metric or SLO; slo:NAME is that of the SLO alone"),
    key("severity", ValueForm::Severity, "With alert: which of its severities. Default: its only one"),
    key("state", ValueForm::OneOf(&["inactive", "pending", "firing", "resolved"]), "With alert: its state"),
    key("muted", ValueForm::Text, "With alert: a part of the reason why it is muted; \"\" is unmuted"),
    key("notified", ValueForm::Name, "A channel"),
    key("count", ValueForm::Whole(0, 1_000_000), "With notified: messages that it was given until then"),
];

/// Something that a person does.
#[derive(Debug, Clone, PartialEq)]
pub struct TestAct {
    /// `at`, from the start.
    pub at: Duration,
    /// What.
    pub what: TestDo,
    /// `by`, default `test`.
    pub by: String,
    /// `why`, empty where not said.
    pub why: String,
    /// Where it is written.
    pub place: WrittenAt,
}

/// What a person does.
#[derive(Debug, Clone, PartialEq)]
pub enum TestDo {
    /// `ack`
    Acknowledge {
        /// The check, metric or SLO.
        alert: Name,
        /// Only the alert of this severity.
        severity: Option<Severity>,
        /// `for`; `None`: as `[alerts]` says.
        duration: Option<Duration>,
    },
    /// `silence`
    Silence {
        /// Which alerts.
        matching: SilenceMatch,
        /// `for`
        duration: Duration,
        /// `hold`
        hold: bool,
    },
    /// `unsilence`
    Unsilence(SilenceMatch),
}

/// Something that must be so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// `at`, from the start.
    pub at: Duration,
    /// What.
    pub what: Expected,
    /// Where it is written.
    pub place: WrittenAt,
}

/// What must be so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// An alert stands so.
    Alert(AlertExpectation),
    /// A channel was given so many messages until then.
    Notified {
        /// The channel.
        channel: Name,
        /// `count`
        count: u64,
    },
}

/// How an alert must stand; at least one of `state` and `muted`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertExpectation {
    /// The check, metric or SLO.
    pub alert: Name,
    /// Which of its alerts; `None` where it has one alone.
    pub severity: Option<Severity>,
    /// `state`
    pub state: Option<AlertStanding>,
    /// `muted`: a part of the reason; empty is unmuted.
    pub muted: Option<String>,
}

/// A state of an alert, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertStanding {
    /// Its condition does not hold, and did not lately.
    Inactive,
    /// Its condition holds, not yet for long enough.
    Pending,
    /// It fires.
    Firing,
    /// It is over, and shown.
    Resolved,
}

/// Reads `do`.
pub(super) fn acts(table: &TableReader<'_>, known: &Tested<'_>) -> Vec<TestAct> {
    let read = |one: &TableReader<'_>| {
        let at = moment(one);
        let what = act(one, known);
        Some(TestAct {
            at: at?,
            what: what?,
            by: one.string("by").unwrap_or_else(|| "test".to_owned()),
            why: one.string("why").unwrap_or_default(),
            place: WrittenAt::of(one),
        })
    };
    table.tables("do").iter().filter_map(read).collect()
}

/// `at`, within the longest test.
fn moment(table: &TableReader<'_>) -> Option<Duration> {
    let at = table.needed("at", "\"5m\"").then(|| table.duration("at")).flatten()?;
    if at > LONGEST {
        let message = format!("`at` is {} after the start of the test", unit::duration(at));
        table.context.error(table.place("at"), message, format!("use {} at most", unit::duration(LONGEST)));
        return None;
    }
    Some(at)
}

fn act(table: &TableReader<'_>, known: &Tested<'_>) -> Option<TestDo> {
    match only_one(table, &["ack", "silence", "unsilence"])? {
        "ack" => {
            out_of_place(table, &["hold"], "silence");
            let text = table.text("ack")?;
            let severity = table.severity("severity");
            let alert = alert(table, &text, severity, known)?;
            Some(TestDo::Acknowledge { alert, severity, duration: table.positive("for") })
        }
        "silence" => {
            out_of_place(table, &["severity"], "ack");
            let duration = table.needed("for", "\"2h\"").then(|| table.positive("for")).flatten();
            let matching = matching(table, "silence", known);
            Some(TestDo::Silence {
                matching: matching?,
                duration: duration?,
                hold: table.flag("hold").unwrap_or(false),
            })
        }
        _ => {
            out_of_place(table, &["severity"], "ack");
            out_of_place(table, &["hold", "for"], "silence");
            matching(table, "unsilence", known).map(TestDo::Unsilence)
        }
    }
}

/// Reads `expect`.
pub(super) fn expectations(table: &TableReader<'_>, known: &Tested<'_>) -> Vec<Expectation> {
    let read = |one: &TableReader<'_>| {
        let at = moment(one);
        let what = expected(one, known);
        Some(Expectation { at: at?, what: what?, place: WrittenAt::of(one) })
    };
    table.tables("expect").iter().filter_map(read).collect()
}

fn expected(table: &TableReader<'_>, known: &Tested<'_>) -> Option<Expected> {
    const STATES: &[(&str, AlertStanding)] = &[
        ("inactive", AlertStanding::Inactive),
        ("pending", AlertStanding::Pending),
        ("firing", AlertStanding::Firing),
        ("resolved", AlertStanding::Resolved),
    ];
    if only_one(table, &["alert", "notified"])? == "notified" {
        out_of_place(table, &["severity", "state", "muted"], "alert");
        let channel = table.reference("notified", Thing::Notify);
        let count = table.needed("count", "1").then(|| table.whole("count")).flatten();
        return Some(Expected::Notified { channel: channel?, count: count? });
    }
    out_of_place(table, &["count"], "notified");
    let text = table.text("alert")?;
    let severity = table.severity("severity");
    let alert = alert(table, &text, severity, known);
    let (state, muted) = (table.one_of("state", STATES), table.string("muted"));
    if table.lacks(&["state", "muted"]) {
        let hint = "add state = \"firing\", or muted = \"\"";
        table.context.error(table.at, format!("{} does not say how the alert stands", table.title), hint);
        return None;
    }
    Some(Expected::Alert(AlertExpectation { alert: alert?, severity, state, muted }))
}

/// The alert of a check, metric or SLO; notes one that does not exist.
fn alert(table: &TableReader<'_>, text: &Text, severity: Option<Severity>, known: &Tested<'_>) -> Option<Name> {
    let context = table.context;
    let name = text.value.as_str();
    if let Some(slo) = name.strip_prefix(OF_SLO) {
        return context.refer(Thing::Slo, slo, text.at).map(|_| Name::from(name));
    }
    if !context.knows(Thing::Check, name) && !context.knows(Thing::Metric, name) {
        return context.refer(if context.knows(Thing::Slo, name) { Thing::Slo } else { Thing::Check }, name, text.at);
    }
    let of_checks = known.checks.iter().filter(|check| &*check.name == name).flat_map(|check| &check.alerts);
    let of_metrics = known.metrics.iter().filter(|metric| &*metric.name == name).flat_map(|metric| &metric.alerts);
    let severities: Vec<Severity> = of_checks.chain(of_metrics).map(|(severity, _)| *severity).collect();
    let at = if table.has("severity") { table.place("severity") } else { text.at };
    let words = || severities.iter().map(|severity| severity.word()).collect::<Vec<_>>().join(", ");
    match severity {
        // What did not read has its own problem.
        _ if context.knows(Thing::Slo, name) => {}
        _ if severities.is_empty() => {
            let hint = "add alert = { critical = \"down for 2m\" } to it";
            context.error(text.at, format!("`{name}` has no alert"), hint);
            return None;
        }
        Some(severity) if !severities.contains(&severity) => {
            let message = format!("`{name}` has no {} alert", severity.word());
            context.error(at, message, format!("it has {}", words()));
            return None;
        }
        None if severities.len() > 1 && table.has_any("alert") && table.lacks(&["severity"]) => {
            let message = format!("`{name}` has several alerts");
            context.error(text.at, message, format!("add severity = …: it has {}", words()));
            return None;
        }
        _ => {}
    }
    Some(Name::from(name))
}

/// `api`, `api:critical`, `slo:api`, `service:api`, `severity:high`, `text:disk full`, `*`.
fn matching(table: &TableReader<'_>, key: &str, known: &Tested<'_>) -> Option<SilenceMatch> {
    let context = table.context;
    let text = table.text(key)?;
    match text.value.trim().split_once(':') {
        None if text.value.trim() == "*" => Some(SilenceMatch::Every),
        None => alert(table, &text, None, known).map(|name| SilenceMatch::Alert(name, None)),
        Some(("slo", rest)) => {
            let (name, word) = rest.split_once(':').map_or((rest, None), |(name, word)| (name, Some(word)));
            let severity = match word {
                Some(word) => Some(context.severity(word, text.at)?),
                None => None,
            };
            context.refer(Thing::Slo, name, text.at).map(|name| SilenceMatch::Slo(name, severity))
        }
        Some(("service", name)) => context.refer(Thing::Service, name, text.at).map(SilenceMatch::Service),
        Some(("severity", name)) => context.severity(name, text.at).map(SilenceMatch::Severity),
        Some(("text", words)) => {
            let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
            if words.is_empty() {
                context.error(text.at, "`text:` is followed by no words", "write text:WORDS, or * for all");
            }
            (!words.is_empty()).then_some(SilenceMatch::Text(words))
        }
        Some((name, severity)) => {
            let severity = context.severity(severity, text.at)?;
            let name = Text { value: name.to_owned(), at: text.at };
            alert(table, &name, Some(severity), known).map(|name| SilenceMatch::Alert(name, Some(severity)))
        }
    }
}

/// The one key of these that is there; notes the problem where there is none, or more than one.
fn only_one(table: &TableReader<'_>, keys: &[&'static str]) -> Option<&'static str> {
    let list = keys.join(", ");
    let missing = || Some((format!("has none of {list}"), format!("add one of {list}")));
    table.only_one(keys.iter().copied(), missing, || "write them as two steps".to_owned())
}

fn out_of_place(table: &TableReader<'_>, keys: &[&str], with: &str) {
    for key in keys {
        table.out_of_place(key, &format!("`{with}`"));
    }
}
