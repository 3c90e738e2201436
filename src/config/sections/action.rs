//! `[action.NAME]`: what a key does.

use crate::config::changes::{Fact, hidden, name_of, summary};
use crate::config::spec;
use crate::config::spec::SectionSpec;
use crate::lang::unit::duration as shown;
use std::collections::BTreeMap;
use std::time::Duration;

use crate::config::reader::{TableReader, Text, Thing};
use crate::config::sections::adapter::Adapter;
use crate::config::sections::defaults::{CONFIRM, Defaults};
use crate::config::spec::{KeySpec, ValueForm, key};
use crate::config::substitute;
use crate::config::syntax;
use crate::config::verb::Verb;
use crate::lang::key::Key;
use crate::lang::nearest;
use crate::lang::unit;
use crate::model::run::Confirm;
use crate::text::name::Name;

/// An action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// Its name.
    pub name: Name,
    /// `title`, default `VERB TARGET`.
    pub title: String,
    /// The service it belongs to.
    pub service: Option<Name>,
    /// `adapter`
    pub adapter: Name,
    /// `do`: the verb.
    pub verb: Name,
    /// `target`, default the service's name, else the action's.
    pub target: String,
    /// `set`: fixed parameters.
    pub set: BTreeMap<String, String>,
    /// `key`
    pub key: Option<Key>,
    /// `confirm`, as written: production raises it by one where it is asked, not here.
    pub confirm: Confirm,
    /// `timeout`, default 120 s, and 8 h where the terminal is handed over.
    pub timeout: Duration,
    /// `grace` between TERM and KILL, default 10 s.
    pub grace: Duration,
    /// `cooldown`, default none.
    pub cooldown: Duration,
    /// `at_most = "3 per 1h"`
    pub at_most: Option<(u32, Duration)>,
    /// `verify`
    pub verify: Option<Verify>,
    /// `evidence = ["log:api", "check:api", "metric:error-rate"]`
    pub evidence: Vec<EvidenceRef>,
    /// `on_failure`: another action, offered.
    pub on_failure: Option<Name>,
}

/// How the outcome is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verify {
    /// The checks that must be ok.
    pub checks: Vec<Name>,
    /// `within`, default 120 s.
    pub within: Duration,
    /// `good`: consecutive fresh good readings of each, default 2; more where `ok_after` of a check is more.
    pub good: u32,
}

/// What is captured before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EvidenceRef {
    /// The last reading of a check.
    Check(Name),
    /// The last values of a metric.
    Metric(Name),
    /// The last records of a log.
    Log(Name),
}

/// How long a person may keep the terminal of a step: a working day, so that none is forgotten for ever.
const SESSION: Duration = Duration::from_hours(8);

/// The keys of `verify`.
pub(crate) const VERIFY_KEYS: &[KeySpec] = &[
    key("checks", ValueForm::Texts, "The checks that must be ok"),
    key("within", ValueForm::Duration, "How long they may take to be. Default 120s"),
    key(
        "good",
        ValueForm::Whole(1, 100),
        "Consecutive fresh good readings of each, or the `ok_after` of a check where that is more. Default 2",
    ),
];

/// The keys of an action.
pub(crate) const KEYS: &[KeySpec] = &[
    key("title", ValueForm::Text, "How it is shown. Default: verb and target"),
    key("service", ValueForm::Name, "The service it belongs to"),
    key("adapter", ValueForm::Name, "The adapter that runs it"),
    key("do", ValueForm::Text, "The verb: restart, rollback, …"),
    key("target", ValueForm::Text, "What it acts on. Default: the service's name, else the action's"),
    key("set", ValueForm::TextMap, "Fixed parameters"),
    key("key", ValueForm::Text, "The key that starts it; capital letters but E F G M N S T U are free by default"),
    key(
        "confirm",
        ValueForm::OneOf(&["none", "yes", "type-name", "two-person"]),
        "Default yes; production raises it by one",
    ),
    key("timeout", ValueForm::Duration, "Longest time for the whole run. Default 120s, with the terminal 8h"),
    key("grace", ValueForm::Duration, "Time between TERM and KILL. Default 10s"),
    key("cooldown", ValueForm::Duration, "Shortest time between two runs on one target. Default none"),
    key("at_most", ValueForm::Text, "Runs in a span: 3 per 1h"),
    key("verify", ValueForm::Table(VERIFY_KEYS), "How the outcome is judged"),
    key("evidence", ValueForm::Texts, "What is captured before: log:NAME, check:NAME, metric:NAME"),
    key("on_failure", ValueForm::Name, "Another action, offered when this one fails or does not help"),
];

pub(crate) const SECTION: SectionSpec = SectionSpec {
    name: "action",
    shape: spec::SectionShape::Named(KEYS),
    help: "A verb of an adapter on a target, under a key",
};

/// Reads an action.
pub(crate) fn read(
    table: &TableReader<'_>,
    defaults: &Defaults,
    adapters: &[Adapter],
    production: bool,
) -> Option<Action> {
    const SECOND: Duration = Duration::from_secs(1);
    let service = table.reference("service", Thing::Service);
    let adapter = required(table, "adapter").and_then(|text| table.context.refer(Thing::Adapter, &text.value, text.at));
    let verb_text = required(table, "do");
    let target = table.string("target").or_else(|| table.string("service")).unwrap_or_else(|| table.name.to_owned());
    let set = table.text_map("set");
    let confirm = table.one_of("confirm", CONFIRM).or(defaults.confirm).unwrap_or_default();
    let verify = verify(table);
    let evidence = evidence(table);
    let at_most = at_most(table);
    let on_failure = on_failure(table);
    let key = read_key(table);
    let timeout = table.positive("timeout");
    let grace = table.duration("grace").or(defaults.grace).unwrap_or(SECOND * 10);
    let cooldown = table.duration("cooldown").or(defaults.cooldown).unwrap_or(Duration::ZERO);
    let title = table.string("title");
    if table.has("target") && target.trim().is_empty() {
        table.context.error(table.place("target"), "`target` is empty", "name what the action acts on");
    }
    let (adapter, verb_text) = (adapter?, verb_text?);
    let resolved = adapters.iter().find(|known| known.name == adapter)?;
    let verb = find_verb(table, resolved, &verb_text)?;
    parameters(table, resolved, verb, &verb_text, &set);
    if verb.terminal && table.has("verify") {
        let message = format!("`{}` hands the terminal over, and there is nothing to verify", verb_text.value);
        table.context.error(table.place("verify"), message, "remove `verify`");
    }
    let usual = if verb.terminal { SESSION } else { defaults.action_timeout.unwrap_or(SECOND * 120) };
    if production && (verb.changes || verb.terminal) && confirm == Confirm::None {
        table.context.warning(
            if table.has("confirm") { table.place("confirm") } else { table.at },
            format!("action `{}` changes production without its own confirmation", table.name),
            "write confirm = \"yes\" or higher; production raises it by one grade",
        );
    }
    Some(Action {
        name: Name::from(table.name),
        title: title.unwrap_or_else(|| format!("{} {target}", verb_text.value)),
        service,
        adapter,
        verb: Name::from(verb_text.value.as_str()),
        target,
        set: set.into_iter().map(|(name, value)| (name.value, value.value)).collect(),
        key,
        confirm,
        timeout: timeout.unwrap_or(usual),
        grace,
        cooldown,
        at_most,
        verify,
        evidence,
        on_failure,
    })
}

fn required(table: &TableReader<'_>, key: &str) -> Option<Text> {
    if table.lacks(&[key]) {
        table.context.error(table.at, format!("{} has no `{key}`", table.title), format!("add {key} = \"…\""));
    }
    table.text(key)
}

/// The key of an action or a screen.
pub(super) fn read_key(table: &TableReader<'_>) -> Option<Key> {
    let text = table.text("key")?;
    match text.value.parse() {
        Ok(key) => Some(key),
        Err(error) => {
            let error: crate::lang::key::KeyError = error;
            table.context.error(text.at, error.message, error.hint);
            None
        }
    }
}

fn find_verb<'a>(table: &TableReader<'_>, adapter: &'a Adapter, written: &Text) -> Option<&'a Verb> {
    let found = adapter.verbs.get(written.value.as_str());
    if found.is_none() {
        let known = || adapter.verbs.keys().map(AsRef::as_ref);
        let hint = match nearest::nearest(&written.value, known()) {
            Some(near) => format!("{} it has {}", nearest::did_you_mean(near), nearest::listed(known())),
            None => format!("it has {}", nearest::listed(known())),
        };
        table.context.error(written.at, format!("adapter `{}` has no verb `{}`", adapter.name, written.value), hint);
    }
    found
}

/// Every `{name}` of the verb must be given by something, and everything in `set` must be used by it.
fn parameters(table: &TableReader<'_>, adapter: &Adapter, verb: &Verb, written: &Text, set: &[(Text, Text)]) {
    let context = table.context;
    let steps = verb.steps.iter().chain(verb.dry_run.iter().flatten()).flatten();
    let asked = steps.flat_map(|argument| substitute::names(argument, verb.shell));
    let chosen = verb.choices.values().flatten().flat_map(|argument| substitute::names(argument, false));
    let mut used: Vec<&str> = Vec::new();
    for (name, within_choices) in asked.map(|name| (name, false)).chain(chosen.map(|name| (name, true))) {
        let again = used.contains(&name);
        used.push(name);
        let given = matches!(name, "target" | "action" | "environment")
            || (name == "service" && table.has("service"))
            || set.iter().any(|(known, _)| known.value == name)
            || adapter.variables.contains_key(name)
            || (!within_choices && verb.choices.contains_key(name));
        if given || again {
            continue;
        }
        context.error(
            written.at,
            format!("nothing gives `{{{name}}}`, which `{}` of adapter `{}` needs", written.value, adapter.name),
            format!("add set = {{ {name} = \"…\" }} here, {name} to the adapter's variables, or choices to the verb"),
        );
    }
    for (name, value) in set {
        if value.value.contains("{secret:") {
            context.error(
                value.at,
                "a secret is in an argument, where `ps` shows it to everyone",
                "give it in the adapter's env = { NAME = \"{secret:NAME}\" }",
            );
        }
        if !used.contains(&name.value.as_str()) && !verb.choices.contains_key(&name.value) {
            let hint = nearest::suggest(nearest::nearest(&name.value, used.iter().copied()), || "remove it".to_owned());
            let message = format!("`{}` of adapter `{}` takes no `{}`", written.value, adapter.name, name.value);
            context.error(name.at, message, hint);
        }
    }
}

fn verify(table: &TableReader<'_>) -> Option<Verify> {
    let inner = table.table("verify")?;
    let checks = inner.references("checks", Thing::Check);
    let empty = inner.is_list("checks") && inner.texts("checks").is_empty();
    if empty || inner.lacks(&["checks"]) {
        inner.context.error(
            inner.at,
            "`verify` names no checks",
            "write verify = { checks = [\"NAME\"], within = \"60s\" }",
        );
    }
    Some(Verify {
        checks,
        within: inner.positive("within").unwrap_or(Duration::from_mins(2)),
        good: inner.whole("good").map_or(2, |number| number as u32),
    })
}

fn evidence(table: &TableReader<'_>) -> Vec<EvidenceRef> {
    let context = table.context;
    let mut found = Vec::new();
    for text in table.texts("evidence") {
        let one = match text.value.split_once(':') {
            Some(("check", name)) => context.refer(Thing::Check, name, text.at).map(EvidenceRef::Check),
            Some(("metric", name)) => context.refer(Thing::Metric, name, text.at).map(EvidenceRef::Metric),
            Some(("log", name)) => context.refer(Thing::Log, name, text.at).map(EvidenceRef::Log),
            _ => {
                let message = format!("`{}` is not valid evidence", text.value);
                context.error(text.at, message, "write log:NAME, check:NAME or metric:NAME");
                None
            }
        };
        found.extend(one);
    }
    found
}

/// What is wrong with a limit that is not like `3 per 1h`.
fn bad_limit(text: &str) -> (String, String) {
    const HINT: &str = "write at_most = \"3 per 1h\"";
    let whole = (format!("`{text}` is not a valid limit"), HINT.to_owned());
    let Some((count, span)) = text.split_once(" per ") else { return whole };
    let (count, span) = (count.trim(), span.trim());
    if count.parse::<u32>().is_ok_and(|count| count == 0) {
        return (format!("`{text}` allows no run at all"), HINT.to_owned());
    }
    if count.parse::<u32>().is_err() {
        return (format!("`{count}` is not a whole number"), HINT.to_owned());
    }
    match (unit::respelled(span), unit::parse_duration(span)) {
        (Some(unit), _) => {
            (format!("`{span}` in `{text}` has no number"), format!("write at_most = \"{count} per 1{unit}\""))
        }
        (None, Err(error)) => (error.message, error.hint),
        (None, Ok(_)) => whole,
    }
}

/// `3 per 1h`
fn at_most(table: &TableReader<'_>) -> Option<(u32, Duration)> {
    let text = table.text("at_most")?;
    let parts = text.value.split_once(" per ").and_then(|(count, span)| {
        let count = count.trim().parse::<u32>().ok().filter(|count| *count > 0)?;
        let span = syntax::duration(span.trim()).ok().filter(|span| !span.is_zero())?;
        Some((count, span))
    });
    if parts.is_none() {
        let (message, hint) = bad_limit(&text.value);
        table.context.error(text.at, message, hint);
    }
    parts
}

fn on_failure(table: &TableReader<'_>) -> Option<Name> {
    let name = table.reference("on_failure", Thing::Action)?;
    if name.as_ref() == table.name {
        table.context.error(
            table.place("on_failure"),
            format!("{} names itself in `on_failure`", table.title),
            "name another action, such as a rollback",
        );
        return None;
    }
    Some(name)
}

/// What a change is said by.
pub(crate) fn facts(action: &Action) -> Vec<Fact> {
    vec![
        summary("title", &action.title),
        summary("service", name_of(action.service.as_ref())),
        summary("adapter", &action.adapter),
        summary("do", &action.verb),
        summary("target", &action.target),
        hidden("set", &action.set),
        summary("key", action.key.map_or_else(String::new, |key| key.to_string())),
        summary("confirm", format!("{:?}", action.confirm).to_lowercase()),
        summary("timeout", shown(action.timeout)),
        summary("grace", shown(action.grace)),
        summary("cooldown", shown(action.cooldown)),
        hidden("at_most", &action.at_most),
        hidden("verify", &action.verify),
        hidden("evidence", &action.evidence),
        summary("on_failure", name_of(action.on_failure.as_ref())),
    ]
}
