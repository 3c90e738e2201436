//! `[alerts]`: how long what concerns alerts lasts.

use std::time::Duration;

use crate::config::changes::{Fact, summary};
use crate::config::reader::TableReader;
use crate::config::spec::{self, KeySpec, SectionSpec, ValueForm, key};
use crate::lang::unit::duration as shown;
use crate::model::alert::times::SpanBounds;
use crate::model::alert::{RESOLVED_SHOWN, Severity};

/// After how long an acknowledgement of what is not critical ends.
const ACK_EXPIRES: Duration = Duration::from_hours(4);

/// How long what concerns alerts lasts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alerting {
    /// `resolved_for`: how long a resolved alert is still shown. Default 15 min.
    pub resolved_for: Duration,
    /// `ack_expires`: when an acknowledgement runs out, for each of the four severities, worst first. Default 30 min for
    /// critical, 4 h for the others.
    pub ack_expires: [(Severity, Duration); 4],
    /// `quiet_ends_silence`: a silence ends early once all that it matches has been quiet for so long. Default 1 h.
    pub quiet_ends_silence: Duration,
}

impl Default for Alerting {
    fn default() -> Self {
        let expires = |severity| match severity {
            Severity::Critical => Duration::from_mins(30),
            _ => ACK_EXPIRES,
        };
        Self {
            resolved_for: RESOLVED_SHOWN,
            ack_expires: Severity::WORST_FIRST.map(|severity| (severity, expires(severity))),
            quiet_ends_silence: Duration::from_hours(1),
        }
    }
}

impl Alerting {
    /// After how long an acknowledgement of an alert of a severity ends, where a person does not say otherwise.
    pub(crate) fn ack_expires(&self, severity: Severity) -> Duration {
        let found = self.ack_expires.iter().find(|(known, _)| *known == severity);
        found.map_or(ACK_EXPIRES, |(_, expires)| *expires)
    }
}

/// The keys of `[alerts]`.
pub(crate) const KEYS: &[KeySpec] = &[
    key("resolved_for", ValueForm::Duration, "How long resolved alerts are still shown. Default 15m"),
    key(
        "ack_expires",
        ValueForm::DurationsBySeverity,
        "When an acknowledgement expires, by severity. Default { critical = \"30m\", default = \"4h\" }",
    ),
    key("quiet_ends_silence", ValueForm::Duration, "A silence ends after this long without an alert. Default 1h"),
];

pub(crate) const SECTION: SectionSpec = SectionSpec {
    name: "alerts",
    shape: spec::SectionShape::Single(KEYS),
    help: "How long acknowledgements, silences and resolved alerts last",
};

/// Reads `[alerts]`. A `default` is for every severity that is not named.
pub(crate) fn read(table: &TableReader<'_>) -> Alerting {
    let default = Alerting::default();
    let (named, others) = table.by_severity("ack_expires", SpanBounds::ACKNOWLEDGED);
    let ack_expires = default.ack_expires.map(|(severity, built_in)| {
        let own = named.iter().find(|(known, _)| *known == severity).map(|(_, expires)| *expires);
        (severity, own.or(others).unwrap_or(built_in))
    });
    Alerting {
        resolved_for: table.positive("resolved_for").unwrap_or(default.resolved_for),
        ack_expires,
        quiet_ends_silence: table.positive("quiet_ends_silence").unwrap_or(default.quiet_ends_silence),
    }
}

/// What a change is said by.
pub(crate) fn facts(alerting: &Alerting) -> Vec<Fact> {
    let expires = alerting.ack_expires.map(|(severity, expires)| format!("{} {}", severity.word(), shown(expires)));
    vec![
        summary("resolved_for", shown(alerting.resolved_for)),
        summary("ack_expires", expires.join(", ")),
        summary("quiet_ends_silence", shown(alerting.quiet_ends_silence)),
    ]
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::load::load_text;

    fn expires(text: &str) -> Vec<u64> {
        let loaded = load_text(Path::new("/srv/opsroom.toml"), text);
        let config = loaded.config.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
        config.alerting.ack_expires.iter().map(|(_, expires)| expires.as_secs() / 60).collect()
    }

    #[test]
    fn what_is_not_named_expires_by_the_default_that_is_written_else_by_ours() {
        assert_eq!(expires(""), [30, 240, 240, 240]);
        assert_eq!(expires("[alerts]\nack_expires = { high = \"1h\" }\n"), [30, 60, 240, 240]);
        assert_eq!(expires("[alerts]\nack_expires = { high = \"1h\", default = \"2h\" }\n"), [120, 60, 120, 120]);
        let alias = "[severity.critical]\naliases = [\"P1\"]\nnotify = [\"desk\"]\n[notify.desk]\nterminal = \"bell\"\n[alerts]\nack_expires = { P1 = \"5m\" }\n";
        assert_eq!(expires(alias), [5, 240, 240, 240]);
    }
}
