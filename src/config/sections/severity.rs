//! `[severity.NAME]`: who is told of an alert of a severity, and by when somebody must have acted.

use std::time::Duration;

use crate::config::changes::{Fact, name_of, summary};
use crate::config::reader::{TableReader, Thing};
use crate::config::spec::{self, KeySpec, SectionSpec, ValueForm, key};
use crate::lang::nearest;
use crate::lang::schedule::MomentSchedule;
use crate::lang::unit::duration as shown;
use crate::model::alert::Severity;
use crate::text::name::Name;

/// What an alert of one severity sets in motion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeverityRule {
    /// Which of the four.
    pub severity: Severity,
    /// `aliases`: other words for it, in the order of the file. No two severities share one.
    pub aliases: Vec<String>,
    /// `notify`: the channels that are used, in the order of the file.
    pub notify: Vec<Name>,
    /// `acknowledge_within`: somebody must have acknowledged it so long after it fired.
    pub acknowledge_within: Option<Duration>,
    /// `resolve_within`: it must be over so long after it fired; no less than `acknowledge_within`.
    pub resolve_within: Option<Duration>,
    /// `update_every`: an incident of it asks for a status update this often. `None`: as `[incident]` says.
    pub update_every: Option<Duration>,
    /// `repeat`: a reminder this often until it is acknowledged. `None`: no reminders.
    pub repeat: Option<Duration>,
    /// `digest`: it is told in one message with all others at this moment, not by itself.
    pub digest: Option<MomentSchedule>,
}

/// The shortest time between reminders: a channel's limits would bundle anything more.
const LEAST_REPEAT: Duration = Duration::from_mins(1);

/// The keys of a severity.
pub(crate) const KEYS: &[KeySpec] = &[
    key("aliases", ValueForm::Texts, "Your own words for it, usable wherever a severity is written: [\"P1\"]"),
    key("notify", ValueForm::Texts, "The channels that are used"),
    key("acknowledge_within", ValueForm::Duration, "Time until somebody must have acknowledged it"),
    key("resolve_within", ValueForm::Duration, "Time until it must be over"),
    key("update_every", ValueForm::Duration, "Time between status updates of an incident. Default: as [incident] says"),
    key("repeat", ValueForm::Duration, "Time between reminders until it is acknowledged, at least 1m. Default: none"),
    key("digest", ValueForm::Moments, "Send these alerts together at this time: daily 09:00. Default: each at once"),
];

pub(crate) const SECTION: SectionSpec = SectionSpec {
    name: "severity",
    shape: spec::SectionShape::Named(KEYS),
    help: "Who is notified of critical, high, medium and low alerts, and by when somebody must act",
};

/// Reads a severity, and makes its aliases known to what is read after it.
pub(crate) fn read(table: &TableReader<'_>) -> Option<SeverityRule> {
    let context = table.context;
    let severity = Severity::named(table.name);
    if severity.is_none() {
        let words = Severity::WORST_FIRST.map(Severity::word);
        let hint = match nearest::nearest(table.name, words.into_iter()) {
            Some(near) => format!("did you mean [severity.{near}]?"),
            None => format!(
                "write [severity.critical], high, medium or low, and your own word as aliases = [\"{}\"]",
                table.name
            ),
        };
        context.error(table.at, format!("no severity named `{}`", table.name), hint);
    }
    let mut aliases = Vec::new();
    for text in table.texts("aliases") {
        if text.value.is_empty()
            || text.value.contains(|c: char| c.is_whitespace() || c == ':')
            || text.value == "default"
        {
            let message = format!("`{}` can't be an alias", text.value);
            context.error(text.at, message, "use one word without spaces and `:`, such as P1 or sev-1");
            continue;
        }
        match severity.map_or(Ok(()), |severity| context.alias(&text.value, severity)) {
            Ok(()) => aliases.push(text.value),
            Err(known) => {
                let message = format!("`{}` already means {}", text.value, known.word());
                context.error(text.at, message, "use each word once");
            }
        }
    }
    let notify = table.distinct("notify", Thing::Notify);
    let acknowledge_within = table.positive("acknowledge_within");
    let resolve_within = table.positive("resolve_within");
    if let (Some(first), Some(then)) = (acknowledge_within, resolve_within)
        && then < first
    {
        let message = format!("`resolve_within` is shorter than `acknowledge_within`, which is {}", shown(first));
        context.error(table.place("resolve_within"), message, "raise it: an alert is acknowledged before it is over");
    }
    let update_every = table.positive("update_every");
    let repeat = table.positive("repeat");
    if repeat.is_some_and(|repeat| repeat < LEAST_REPEAT) {
        context.error(table.place("repeat"), "`repeat` is too short", "allowed: 1m and longer");
    }
    let digest = table.moments("digest");
    if digest.is_some() && repeat.is_some() {
        let hint = "remove one of them: what is sent in a digest has no reminders of its own";
        context.error(table.place("repeat"), "`repeat` and `digest` exclude each other", hint);
    }
    let severity = severity?;
    let rule =
        SeverityRule { severity, aliases, notify, acknowledge_within, resolve_within, update_every, repeat, digest };
    lint(table, &rule);
    Some(rule)
}

/// A severity that reaches nobody though it says by when somebody must act.
fn lint(table: &TableReader<'_>, rule: &SeverityRule) {
    let empty = table.is_list("notify") && table.texts("notify").is_empty();
    if empty || table.lacks(&["notify"]) {
        let at = if empty { table.place("notify") } else { table.at };
        let message = format!("severity `{}` notifies nobody", rule.severity.word());
        table.context.warning(at, message, "add notify = [\"CHANNEL\"], a channel of [notify]");
    }
}

/// What a change is said by.
pub(crate) fn facts(rule: &SeverityRule) -> Vec<Fact> {
    let optional = |duration: Option<_>| duration.map_or_else(String::new, shown);
    vec![
        summary("aliases", rule.aliases.join(", ")),
        summary("notify", names(&rule.notify)),
        summary("acknowledge_within", optional(rule.acknowledge_within)),
        summary("resolve_within", optional(rule.resolve_within)),
        summary("update_every", optional(rule.update_every)),
        summary("repeat", optional(rule.repeat)),
        summary("digest", rule.digest.as_ref().map_or("", MomentSchedule::written)),
    ]
}

/// Names in one line.
pub(super) fn names(names: &[Name]) -> String {
    names.iter().map(|name| name_of(Some(name))).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Severity;
    use crate::config::load::load_text;

    #[test]
    fn an_alias_means_its_severity_wherever_one_is_written() {
        let text = "[check.a]\ntcp = \"x.example:1\"\nalert = { P3 = \"down\", P1 = \"down for 5m\" }\n[severity.medium]\naliases = [\"P3\"]\nnotify = [\"desk\"]\n[severity.critical]\naliases = [\"P0\", \"P1\"]\nnotify = [\"desk\"]\n[notify.desk]\nterminal = \"bell\"\nquiet = { when = \"daily 22:00-07:00\", above = \"P3\" }\n";
        let loaded = load_text(Path::new("/srv/opsroom.toml"), text);
        assert_eq!(loaded.diagnostics, []);
        let config = loaded.config.unwrap();
        let alerts: Vec<Severity> = config.checks[0].alerts.iter().map(|(severity, _)| *severity).collect();
        assert_eq!(alerts, [Severity::Critical, Severity::Medium]);
        assert_eq!(config.channels[0].quiet.as_ref().unwrap().above, Severity::Medium);
        let order: Vec<Severity> = config.severities.iter().map(|rule| rule.severity).collect();
        assert_eq!(order, [Severity::Critical, Severity::Medium], "worst first");
        assert_eq!(config.severity_named("P0"), Some(Severity::Critical));
        assert_eq!(config.severity_named("low"), Some(Severity::Low));
        assert_eq!(config.severity_named("P2"), None);
    }
}
