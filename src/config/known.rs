//! Whether what a person names in a silence is there: one that matches nothing would mute nothing, without a word.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::Config;
use crate::lang::nearest;
use crate::model::alert::{NETWORK, Severity};
use crate::model::silence::SilenceMatch;
use crate::model::thing::{AlertRecord, ChangeRecord};

/// A name that nothing has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnknownName {
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub hint: String,
}

impl Config {
    /// The freezes of the configuration as changes of the calendar: of each the one that runs, and the next one.
    pub(crate) fn freezes_around(&self, now: DateTime<Utc>) -> impl Iterator<Item = ChangeRecord> {
        self.freezes.iter().flat_map(move |freeze| freeze.around(now, self.console.timezone))
    }

    /// What a match names that neither the configuration has nor an alert on record; `None`: it is known, or names nothing.
    pub(crate) fn unknown_name<'a>(
        &'a self,
        matching: &SilenceMatch,
        recorded: impl Iterator<Item = &'a AlertRecord> + Clone,
    ) -> Option<UnknownName> {
        let (kind, name, known): (_, _, BTreeSet<&str>) = match matching {
            SilenceMatch::Every | SilenceMatch::Severity(_) | SilenceMatch::Text(_) => return None,
            SilenceMatch::Alert(name, _) => {
                let known = self.alert_names().chain(recorded.clone().map(|record| &*record.alert));
                ("check, metric or SLO", name, known.chain([NETWORK]).collect())
            }
            SilenceMatch::Slo(name, _) => {
                let of_slo = |record: &&AlertRecord| record.rule.starts_with("slo:");
                let recorded = recorded.clone().filter(of_slo).map(|record| &*record.alert);
                ("SLO", name, self.slos.iter().map(|slo| &*slo.name).chain(recorded).collect())
            }
            SilenceMatch::Service(name) => {
                let services = self.services.iter().map(|service| &*service.name);
                (
                    "service",
                    name,
                    services.chain(recorded.clone().filter_map(|record| record.service.as_deref())).collect(),
                )
            }
        };
        if let SilenceMatch::Alert(name, Some(severity)) = matching
            && let Some(unknown) = self.unknown_severity(name, *severity, recorded)
        {
            return Some(unknown);
        }
        (!known.contains(&**name)).then(|| UnknownName {
            problem: format!("no {kind} named `{name}`"),
            hint: self.silenced_instead(name).unwrap_or_else(|| nearest::hint_of(name, known.iter().copied())),
        })
    }

    /// A severity that no alert of a check or metric has, by the configuration and on record; `None`: one has it. An objective has
    /// alerts of its own rules.
    fn unknown_severity<'a>(
        &'a self,
        name: &str,
        severity: Severity,
        recorded: impl Iterator<Item = &'a AlertRecord>,
    ) -> Option<UnknownName> {
        let checks = self.checks.iter().filter(|check| *check.name == *name).map(|check| &check.alerts);
        let metrics = self.metrics.iter().filter(|metric| *metric.name == *name).map(|metric| &metric.alerts);
        let alerts: Vec<_> = checks.chain(metrics).collect();
        if alerts.is_empty() || self.slos.iter().any(|slo| *slo.name == *name) {
            return None;
        }
        let configured = alerts.into_iter().flatten().map(|(severity, _)| *severity);
        let recorded = recorded.filter(|record| *record.alert == *name).map(|record| record.severity);
        let has: BTreeSet<Severity> = configured.chain(recorded).collect();
        let words: Vec<&str> = has.iter().rev().map(|severity| severity.word()).collect();
        (!has.contains(&severity)).then(|| UnknownName {
            problem: format!("`{name}` has no {} alert", severity.word()),
            hint: if words.is_empty() {
                "it has no alerts".to_owned()
            } else {
                format!("it has: {}", words.join(", "))
            },
        })
    }

    /// The names by which alerts are known: those of checks, metrics and objectives.
    pub(crate) fn alert_names(&self) -> impl Iterator<Item = &str> + Clone {
        let checks = self.checks.iter().map(|check| &*check.name);
        let metrics = self.metrics.iter().map(|metric| &*metric.name);
        checks.chain(metrics).chain(self.slos.iter().map(|slo| &*slo.name))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::load::load_text;

    #[test]
    fn what_is_named_must_be_there() {
        let text =
            "[service.shop]\n[check.api]\ntcp = \"x.example:1\"\nservice = \"shop\"\nalert = { critical = \"down\" }\n";
        let config = load_text(Path::new("/srv/opsroom.toml"), text).config.unwrap();
        let hint = |text: &str| {
            let matching = SilenceMatch::parse(text, |word| config.severity_named(word)).unwrap();
            config.unknown_name(&matching, std::iter::empty()).map(|unknown| unknown.hint)
        };
        for known in ["api", "api:critical", "network", "service:shop", "severity:low", "text:nothing like it", "*"] {
            assert_eq!(hint(known), None, "{known}");
        }
        assert_eq!(hint("api:low").unwrap(), "it has: critical");
        assert_eq!(hint("apo:low").unwrap(), "did you mean `api`?");
        assert_eq!(hint("apo").unwrap(), "did you mean `api`?");
        assert_eq!(hint("slo:api").unwrap(), "none is configured");
        assert_eq!(hint("service:shp").unwrap(), "did you mean `shop`?");
        assert_eq!(hint("service:warehouse").unwrap(), "known: shop");
        let row = "[service.shop]\n[check.site]\ntcp = \"x.example:1\"\n";
        let config = load_text(Path::new("/srv/opsroom.toml"), row).config.unwrap();
        for text in ["opsroom", "service:opsroom"] {
            let matching = SilenceMatch::parse(text, |word| config.severity_named(word)).unwrap();
            let unknown = config.unknown_name(&matching, std::iter::empty()).unwrap();
            assert!(unknown.hint.contains("silence them by name (site)"), "{unknown:?}");
        }
    }
}
