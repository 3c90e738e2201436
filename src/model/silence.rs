//! Which alerts a silence is about, what it would mute, and when it is over by itself.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::alert::Severity;
use super::thing::{AlertRecord, SilenceRecord};
use crate::lang::order::InOrder;
use crate::text::name::Name;

/// How far back a preview looks.
pub(crate) const PREVIEWED: TimeDelta = TimeDelta::days(7);

/// The forms of a match, for people.
pub(crate) const FORMS: &str = "an alert (api, api:critical), slo:NAME, service:NAME, severity:NAME, text:WORDS, or *";

/// Which alerts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SilenceMatch {
    /// `*`: all.
    Every,
    /// `NAME`, `NAME:SEVERITY`: those of a check or metric, of one severity or of any.
    Alert(Name, Option<Severity>),
    /// `slo:NAME`, `slo:NAME:SEVERITY`: those of an objective, and not of a check or metric of its name.
    Slo(Name, Option<Severity>),
    /// `service:NAME`: those of a service.
    Service(Name),
    /// `severity:NAME`: those of a severity.
    Severity(Severity),
    /// `text:WORDS`: those whose name, service, condition or value has all of these words, in lower case.
    Text(Vec<String>),
}

/// What of an alert a match looks at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MatchInput<'a> {
    /// The check or metric.
    pub alert: &'a str,
    /// Whether it is an objective.
    pub of_slo: bool,
    /// How bad.
    pub severity: Severity,
    /// Its service.
    pub service: Option<&'a str>,
    /// The condition as written.
    pub condition: &'a str,
    /// What was seen.
    pub value: &'a str,
}

impl<'a> From<&'a AlertRecord> for MatchInput<'a> {
    fn from(record: &'a AlertRecord) -> Self {
        Self {
            alert: &record.alert,
            of_slo: record.rule.starts_with("slo:"),
            severity: record.severity,
            service: record.service.as_deref(),
            condition: &record.condition,
            value: record.value.as_str(),
        }
    }
}

impl SilenceMatch {
    /// From what is stored, in the form of [`SilenceMatch::written`].
    ///
    /// # Errors
    /// As [`SilenceMatch::parse`].
    pub(crate) fn stored(text: &str) -> Result<Self, String> {
        Self::parse(text, Severity::named)
    }

    /// From what a person wrote; `named` knows the words for a severity, with the aliases of a configuration.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(crate) fn parse(text: &str, named: impl Fn(&str) -> Option<Severity>) -> Result<Self, String> {
        let severity = |word: &str| named(word).ok_or_else(|| format!("no severity named `{word}`"));
        let text = text.trim();
        let (kind, rest) = text.split_once(':').map_or((text, None), |(kind, rest)| (kind, Some(rest.trim())));
        match (kind, rest) {
            ("", _) | (_, Some("")) => Err(format!("`{text}` matches nothing")),
            ("*", None) => Ok(Self::Every),
            ("slo", Some(rest)) => {
                let (name, word) = rest.split_once(':').map_or((rest, None), |(name, word)| (name, Some(word)));
                Ok(Self::Slo(name.trim().into(), word.map(|word| severity(word.trim())).transpose()?))
            }
            ("service", Some(name)) => Ok(Self::Service(name.into())),
            ("severity", Some(name)) => severity(name).map(Self::Severity),
            ("text", Some(words)) => Ok(Self::Text(words.split_whitespace().map(str::to_lowercase).collect())),
            (name, None) if name.contains(char::is_whitespace) => Err(format!("`{name}` is not the name of an alert")),
            (name, None) => Ok(Self::Alert(name.into(), None)),
            (name, Some(rest)) => Ok(Self::Alert(name.into(), Some(severity(rest)?))),
        }
    }

    /// As it is stored and shown: severities by their own word, which every console knows.
    pub(crate) fn written(&self) -> String {
        match self {
            Self::Every => "*".to_owned(),
            Self::Alert(name, None) => name.to_string(),
            Self::Alert(name, Some(severity)) => format!("{name}:{}", severity.word()),
            Self::Slo(name, None) => format!("slo:{name}"),
            Self::Slo(name, Some(severity)) => format!("slo:{name}:{}", severity.word()),
            Self::Service(name) => format!("service:{name}"),
            Self::Severity(severity) => format!("severity:{}", severity.word()),
            Self::Text(words) => format!("text:{}", words.join(" ")),
        }
    }

    /// Whether it is about an alert.
    pub(crate) fn matches(&self, alert: MatchInput<'_>) -> bool {
        match self {
            Self::Every => true,
            Self::Alert(name, severity) | Self::Slo(name, severity) => {
                let is_kind = alert.of_slo || !matches!(self, Self::Slo(..));
                is_kind && **name == *alert.alert && severity.is_none_or(|severity| severity == alert.severity)
            }
            Self::Service(name) => alert.service == Some(&**name),
            Self::Severity(severity) => *severity == alert.severity,
            Self::Text(words) => {
                let parts = [alert.alert, alert.service.unwrap_or_default(), alert.condition, alert.value];
                let text = parts.join(" ").to_lowercase();
                words.iter().all(|word| text.contains(&**word))
            }
        }
    }
}

/// What a silence would have muted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct SilencePreview {
    /// What it matches of what fires now, worst first.
    pub now: Vec<(Severity, PreviewedAlert)>,
    /// How often what it matches fired within [`PREVIEWED`].
    pub past: BTreeMap<PreviewedAlert, usize>,
}

/// An alert that a silence would mute, of all its severities: a check, a metric and an objective may share a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PreviewedAlert {
    /// The check, metric or objective.
    pub name: Name,
    /// What it is with its name: `slo:api`.
    pub subject: Name,
}

impl From<&AlertRecord> for PreviewedAlert {
    fn from(record: &AlertRecord) -> Self {
        let subject = record.rule.split_once('/').map_or(&*record.rule, |(subject, _)| subject);
        Self { name: record.alert.clone(), subject: subject.into() }
    }
}

impl SilencePreview {
    /// Of these firings.
    pub(crate) fn new<'a>(
        matching: &SilenceMatch,
        firings: impl Iterator<Item = &'a AlertRecord>,
        now: DateTime<Utc>,
    ) -> Self {
        let mut preview = Self::default();
        for record in firings.filter(|record| matching.matches((*record).into())) {
            if record.is_firing() {
                preview.now.push((record.severity, record.into()));
            }
            if record.fired_at >= now - PREVIEWED {
                *preview.past.entry(record.into()).or_default() += 1;
            }
        }
        preview.now.order_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
        preview
    }

    /// `matches 2 alerts that fire now: critical api, high web`; `title` says how an alert is called, by what it is and its name.
    pub(crate) fn now_in_words<'a>(&'a self, title: impl Fn(&'a str, &'a str) -> Cow<'a, str>) -> String {
        let named =
            self.now.iter().map(|(severity, one)| format!("{} {}", severity.word(), title(&one.subject, &one.name)));
        let named: Vec<String> = named.collect();
        match named.len() {
            0 => "matches nothing that fires now".to_owned(),
            1 => format!("matches 1 alert that fires now: {}", named[0]),
            n => format!("matches {n} alerts that fire now: {}", named.join(", ")),
        }
    }

    /// `in the last 7 days it would have muted 5: api 4×, web 1×`; `title` says how an alert is called, by what it is and its name.
    pub(crate) fn past_in_words<'a>(&'a self, title: impl Fn(&'a str, &'a str) -> Cow<'a, str>) -> String {
        let all: usize = self.past.values().sum();
        let named: Vec<String> =
            self.past.iter().map(|(one, times)| format!("{} {times}×", title(&one.subject, &one.name))).collect();
        match all {
            0 => "in the last 7 days it would have muted nothing".to_owned(),
            n => format!("in the last 7 days it would have muted {n}: {}", named.join(", ")),
        }
    }
}

/// Since when a silence mutes nothing any more: something that it matches has fired since it began, and nothing that it
/// matches does. `None`: it is still needed, or was asked to hold.
pub(crate) fn quiet_since<'a>(
    silence: &SilenceRecord,
    matching: &SilenceMatch,
    firings: impl Iterator<Item = &'a AlertRecord>,
) -> Option<DateTime<Utc>> {
    if silence.hold {
        return None;
    }
    let fired = firings.filter(|record| matching.matches((*record).into()));
    let mut last = None;
    for record in fired.filter(|record| record.resolved_at.is_none_or(|at| at > silence.at)) {
        last = last.max(Some(record.resolved_at?));
    }
    last
}

/// Whether a silence is over though its time is not: it has muted nothing for `quiet`.
pub(crate) fn is_quiet<'a>(
    silence: &SilenceRecord,
    matching: &SilenceMatch,
    firings: impl Iterator<Item = &'a AlertRecord>,
    quiet: Duration,
    now: DateTime<Utc>,
) -> bool {
    let since = quiet_since(silence, matching, firings);
    since.is_some_and(|at| (now - at).to_std().is_ok_and(|elapsed| elapsed >= quiet))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fact::AlertFired;
    use crate::text::SafeText;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    fn firing(alert: &str, from: i64, to: Option<i64>) -> AlertRecord {
        let record = AlertRecord::new(&AlertFired {
            id: alert.into(),
            alert: alert.into(),
            rule: alert.into(),
            severity: Severity::High,
            service: Some("shop".into()),
            condition: "> 10%".to_owned(),
            value: SafeText::new("12 % Disk full"),
            ..AlertFired::sample(at(from))
        });
        AlertRecord { resolved_at: to.map(at), ..record }
    }

    #[test]
    fn every_form_of_a_match() {
        let record = firing("errors", 0, None);
        for (text, matches) in [
            ("*", true),
            ("errors", true),
            ("error", false),
            ("errors:high", true),
            ("errors:critical", false),
            ("slo:errors", false),
            ("service:shop", true),
            ("service:api", false),
            ("severity:high", true),
            ("severity:low", false),
            ("text:disk FULL", true),
            ("text:full shop", true),
            ("text:disk empty", false),
        ] {
            let parsed = SilenceMatch::stored(text).unwrap();
            assert_eq!(parsed.matches((&record).into()), matches, "{text}");
            assert_eq!(SilenceMatch::stored(&parsed.written()), Ok(parsed), "{text}");
        }
        for text in ["", "  ", "service:", "severity:awful", "errors:awful", "disk full"] {
            assert!(SilenceMatch::stored(text).is_err(), "{text}");
        }
        let own = |word: &str| (word == "P1").then_some(Severity::Critical);
        for (text, written) in [("severity:P1", "severity:critical"), ("errors:P1", "errors:critical")] {
            assert_eq!(SilenceMatch::parse(text, own).unwrap().written(), written);
            assert_eq!(SilenceMatch::stored(text), Err("no severity named `P1`".to_owned()));
        }
    }

    #[test]
    fn a_preview_names_what_fires_and_counts_a_week() {
        let named = |subject: &str, name: &str| {
            Cow::Owned(if subject == "slo:a" { format!("{name} (SLO)") } else { name.to_owned() })
        };
        let all = [firing("a", -20_000, Some(-19_000)), firing("a", -100, Some(-50)), firing("b", -10, None)];
        let preview = SilencePreview::new(&SilenceMatch::Every, all.iter(), at(0));
        assert_eq!(preview.now_in_words(named), "matches 1 alert that fires now: high b");
        assert_eq!(preview.past_in_words(named), "in the last 7 days it would have muted 2: a 1×, b 1×");
        let slo = AlertRecord { rule: "slo:a/high/0".into(), ..firing("a", -10, None) };
        let both = SilencePreview::new(&SilenceMatch::Every, [firing("a", -10, None), slo].iter(), at(0));
        assert_eq!(both.now_in_words(named), "matches 2 alerts that fire now: high a, high a (SLO)");
        assert_eq!(both.past_in_words(named), "in the last 7 days it would have muted 2: a 1×, a (SLO) 1×");
        // `slo:a` is the objective alone, where a check has its name too.
        let (check, slo) =
            (firing("a", -10, None), AlertRecord { rule: "slo:a/high/0".into(), ..firing("a", -10, None) });
        for (text, of_check, of_slo) in [
            ("a", true, true),
            ("slo:a", false, true),
            ("slo:a:high", false, true),
            ("slo:a:low", false, false),
            ("slo:b", false, false),
        ] {
            let matching = SilenceMatch::stored(text).unwrap();
            assert_eq!(matching.written(), text);
            let found = [&check, &slo].map(|record| matching.matches(record.into()));
            assert_eq!(found, [of_check, of_slo], "{text}");
        }
        assert!(SilenceMatch::stored("slo:").is_err() && SilenceMatch::stored("slo:a:hi").is_err());
        let none = SilencePreview::new(&SilenceMatch::Service("x".into()), all.iter(), at(0));
        assert_eq!((none.now.len(), none.past.len()), (0, 0));
    }

    #[test]
    fn a_silence_is_over_an_hour_after_the_last_of_what_it_matched() {
        let hour = Duration::from_hours(1);
        let silence = SilenceRecord {
            id: "s".into(),
            matching: "*".to_owned(),
            by: SafeText::new("ana"),
            why: SafeText::new("x"),
            at: at(0),
            until: at(10_000),
            hold: false,
            ended: None,
        };
        let quiet = |all: &[AlertRecord], hold, now| {
            let silence = SilenceRecord { hold, ..silence.clone() };
            is_quiet(&silence, &SilenceMatch::Every, all.iter(), hour, at(now))
        };
        assert!(!quiet(&[], false, 900), "nothing has fired");
        assert!(!quiet(&[firing("a", -20, Some(-10))], false, 900), "that was before");
        let over = [firing("a", 10, Some(20)), firing("b", 5, Some(30))];
        assert!(!quiet(&over, false, 89) && quiet(&over, false, 90) && !quiet(&over, true, 90));
        assert!(quiet(&[firing("a", -20, Some(10))], false, 70), "it fired when the silence began");
        assert!(!quiet(&[firing("a", 10, Some(20)), firing("b", 15, None)], false, 900), "one still fires");
        assert!(silence.is_active(at(9_999)) && !silence.is_active(at(10_000)), "its end is exclusive");
    }
}
