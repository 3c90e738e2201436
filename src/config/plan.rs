//! From an action and a person's choices to the exact argv that will run: a pure function, so that the dialog, the
//! dry run, the audit and the supervisor all see the very same thing.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::Config;
use super::sections::action::Action;
use super::sections::adapter::Adapter;
use super::sections::console::ConsoleConfig;
use super::substitute::{self, ReferenceFault};
use super::verb::Verb;
use crate::model::run::{Confirm, Plan};
use crate::text::redact::Literals;

/// Why there is no plan. Each is a sentence with the way out.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum PlanError {
    /// The action names an adapter that the configuration does not have.
    #[error("no adapter named `{0}`: add an [adapter.{0}] section")]
    UnknownAdapter(String),
    /// The adapter can't do it.
    #[error("adapter `{adapter}` has no verb `{verb}`; it has {known}")]
    UnknownVerb {
        adapter: String,
        /// What was asked for.
        verb: String,
        /// What there is.
        known: String,
    },
    /// A dry run was asked for where none is declared. Running it for real instead, or doing nothing and calling it
    /// a success, would both be lies.
    #[error("`{verb}` of adapter `{adapter}` declares no dry run; nothing ran")]
    NoDryRun { adapter: String, verb: String },
    /// `{name}` stands for nothing.
    #[error(
        "unresolved variable `{{{name}}}` in `{argument}`: choose it with --set {name}=VALUE, or give it in the action's `set` or the adapter's section"
    )]
    Unresolved {
        /// The variable.
        name: String,
        /// Where it stands.
        argument: String,
    },
    /// A parameter that nothing uses: most likely a typing error.
    #[error("`{verb}` takes no parameter `{name}`; it takes {known}")]
    UnknownParameter {
        /// What was given.
        name: String,
        verb: String,
        /// What there is.
        known: String,
    },
    /// A value that must not reach a command line.
    #[error("the value of `{name}` {why}")]
    BadValue {
        /// Of which variable.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Arguments are seen by every user of the machine.
    #[error("secret `{0}` is in an argument, where `ps` shows it to everyone; pass it in the adapter's `env`")]
    SecretInArgument(String),
    /// The value of a secret, written out.
    #[error(
        "{place} holds the value of secret `{secret}`, which would be shown and recorded; give it in the adapter's env = {{ NAME = \"{{secret:{secret}}}\" }}; nothing ran"
    )]
    SecretWritten {
        /// Which.
        secret: String,
        /// Where it stands.
        place: &'static str,
    },
    /// A step that can't be run.
    #[error("a step of `{verb}` of adapter `{adapter}` {why}")]
    BadStep {
        adapter: String,
        verb: String,
        /// What is wrong with it.
        why: String,
    },
}

/// Computes what `action` would run with the parameters that a person chose.
///
/// # Errors
/// Everything that [`PlanError`] names; nothing is ever guessed, left out or split.
pub(crate) fn plan(
    config: &Config,
    action: &Action,
    parameters: &BTreeMap<String, String>,
    dry_run: bool,
) -> Result<Plan, PlanError> {
    let (adapter, verb) = verb_of(config, action)?;
    check_parameters(action, adapter, verb, parameters)?;
    let templates = if dry_run {
        verb.dry_run
            .as_ref()
            .ok_or_else(|| PlanError::NoDryRun { adapter: adapter.name.to_string(), verb: action.verb.to_string() })?
    } else {
        &verb.steps
    };
    let values = values(&config.console, action, adapter, parameters);
    let steps = templates
        .iter()
        .map(|step| expand(step, verb.shell, &values, adapter, action))
        .collect::<Result<Vec<_>, _>>()?;
    if steps.is_empty() {
        return Err(bad_step(adapter, action, "is missing: there is nothing to run".to_owned()));
    }
    Ok(Plan {
        action: action.name.clone(),
        verb: action.verb.clone(),
        adapter: adapter.name.clone(),
        service: action.service.clone(),
        target: action.target.clone(),
        environment: config.console.environment.clone(),
        host: "local".to_owned(),
        directory: adapter.directory.clone(),
        steps,
        env: adapter.env.iter().map(|(name, value)| (name.clone(), value.0.clone())).collect(),
        parameters: parameters.clone(),
        timeout: action.timeout,
        grace: action.grace,
        changing: verb.changes && !dry_run,
        dry_run,
        terminal: verb.terminal && !dry_run,
    })
}

/// Refuses a plan in which the value of a secret stands in clear: it would be shown, recorded and, in an argument, be seen
/// by every user of the machine.
///
/// # Errors
/// Which secret, and where.
pub(crate) fn refuse_literals(plan: &Plan, literals: &Literals) -> Result<(), PlanError> {
    let directory = plan.directory.to_string_lossy();
    let steps = plan.steps.iter().flatten().map(|text| ("a step", text.as_str()));
    let chosen = plan.parameters.values().map(|text| ("a parameter", text.as_str()));
    let env = plan.env.values().map(|text| ("the environment", text.as_str()));
    let rest = [("the target", plan.target.as_str()), ("the directory", &directory)];
    for (place, text) in chosen.chain(steps).chain(env).chain(rest) {
        refuse_literal(place, text, literals)?;
    }
    Ok(())
}

/// Refuses one text in which the value of a secret stands in clear.
///
/// # Errors
/// Which secret it is.
pub(crate) fn refuse_literal(place: &'static str, text: &str, literals: &Literals) -> Result<(), PlanError> {
    literals
        .find(text)
        .map_or(Ok(()), |(secret, _)| Err(PlanError::SecretWritten { secret: secret.to_string(), place }))
}

/// The argv that prints the values of each parameter of `action`, ready to run.
///
/// # Errors
/// As [`plan`]: an unknown adapter or verb, an unresolved variable.
pub(crate) fn choices(config: &Config, action: &Action) -> Result<BTreeMap<String, Vec<String>>, PlanError> {
    let (adapter, verb) = verb_of(config, action)?;
    let nothing_chosen = BTreeMap::new();
    let values = values(&config.console, action, adapter, &nothing_chosen);
    verb.choices
        .iter()
        .filter(|(name, _)| !action.set.contains_key(*name))
        .map(|(name, argv)| Ok((name.clone(), expand(argv, false, &values, adapter, action)?)))
        .collect()
}

/// The names of the parameters that a person has to choose before `action` can run, sorted.
///
/// # Errors
/// An unknown adapter or verb.
pub(crate) fn open_parameters(config: &Config, action: &Action) -> Result<Vec<String>, PlanError> {
    let (adapter, verb) = verb_of(config, action)?;
    Ok(open(action, adapter, verb).into_iter().collect())
}

/// Whether `action` can be tried without doing it.
pub(crate) fn has_dry_run(config: &Config, action: &Action) -> bool {
    verb_of(config, action).is_ok_and(|(_, verb)| verb.dry_run.is_some())
}

/// What a person must do before it runs: as the action says, one grade higher in production. What changes nothing
/// (`status`, `logs`, a dry run) asks for no more than a deliberate setting in the action says.
pub(crate) fn effective_confirm(console: &ConsoleConfig, action: &Action, guarded: bool) -> Confirm {
    match (guarded, action.confirm) {
        (true, written) if console.is_production() => written.raised(),
        (false, Confirm::Yes) => Confirm::None,
        (_, written) => written,
    }
}

fn verb_of<'a>(config: &'a Config, action: &Action) -> Result<(&'a Adapter, &'a Verb), PlanError> {
    let adapter = config
        .adapters
        .iter()
        .find(|adapter| adapter.name == action.adapter)
        .ok_or_else(|| PlanError::UnknownAdapter(action.adapter.to_string()))?;
    let verb = adapter.verbs.get(&action.verb).ok_or_else(|| PlanError::UnknownVerb {
        adapter: adapter.name.to_string(),
        verb: action.verb.to_string(),
        known: list(adapter.verbs.keys().map(AsRef::as_ref)),
    })?;
    Ok((adapter, verb))
}

/// A value, and whether a person typed it (the configuration's own values may begin with `-`).
struct Value<'a> {
    text: &'a str,
    typed: bool,
}

fn values<'a>(
    console: &'a ConsoleConfig,
    action: &'a Action,
    adapter: &'a Adapter,
    parameters: &'a BTreeMap<String, String>,
) -> BTreeMap<&'a str, Value<'a>> {
    let mut values = BTreeMap::new();
    values.insert("action", Value { text: &action.name, typed: false });
    values.insert("environment", Value { text: &console.environment, typed: false });
    if let Some(service) = &action.service {
        values.insert("service", Value { text: service, typed: false });
    }
    let written = adapter.variables.iter().chain(&action.set);
    values.extend(written.map(|(name, text)| (name.as_str(), Value { text, typed: false })));
    values.extend(parameters.iter().map(|(name, text)| (name.as_str(), Value { text, typed: true })));
    values.insert("target", Value { text: &action.target, typed: false });
    values
}

/// Names that a person may give: those with `choices`, and those which the steps use and nothing else defines.
fn open(action: &Action, adapter: &Adapter, verb: &Verb) -> BTreeSet<String> {
    let fixed = |name: &str| {
        action.set.contains_key(name)
            || matches!(name, "target" | "action" | "environment")
            || (name == "service" && action.service.is_some())
    };
    let mut open: BTreeSet<String> = verb.choices.keys().filter(|name| !fixed(name)).cloned().collect();
    let argvs = verb.steps.iter().chain(verb.dry_run.iter().flatten());
    for name in argvs.flatten().flat_map(|argument| substitute::names(argument, verb.shell)) {
        if !fixed(name) && !adapter.variables.contains_key(name) {
            open.insert(name.to_owned());
        }
    }
    open
}

fn check_parameters(
    action: &Action,
    adapter: &Adapter,
    verb: &Verb,
    parameters: &BTreeMap<String, String>,
) -> Result<(), PlanError> {
    let open = open(action, adapter, verb);
    match parameters.keys().find(|name| !open.contains(*name)) {
        None => Ok(()),
        Some(name) => Err(PlanError::UnknownParameter {
            name: name.clone(),
            verb: action.verb.to_string(),
            known: list(open.iter().map(String::as_str)),
        }),
    }
}

fn expand(
    step: &[String],
    shell: bool,
    values: &BTreeMap<&str, Value<'_>>,
    adapter: &Adapter,
    action: &Action,
) -> Result<Vec<String>, PlanError> {
    let lookup = |name: &str| -> Result<String, ReferenceFault> {
        let value = values.get(name).ok_or(ReferenceFault::Unknown)?;
        if value.text.contains('\0') {
            return Err(ReferenceFault::Bad("holds a NUL character"));
        }
        if value.typed && value.text.is_empty() {
            return Err(ReferenceFault::Bad("is empty"));
        }
        if value.typed && value.text.starts_with('-') {
            return Err(ReferenceFault::Bad(
                "begins with `-` and could be read as an option; write it into the action's `set` if it is meant",
            ));
        }
        Ok(value.text.to_owned())
    };
    let fault = |(name, fault): (String, ReferenceFault), argument: &str| match fault {
        ReferenceFault::Unknown => PlanError::Unresolved { name, argument: argument.to_owned() },
        ReferenceFault::Secret => PlanError::SecretInArgument(name),
        ReferenceFault::Bad(why) => PlanError::BadValue { name, why },
        ReferenceFault::Quoted => bad_step(
            adapter,
            action,
            format!("has `{{{name}}}` inside single quotes, where a shell fills in nothing: use double quotes or none"),
        ),
    };
    if !shell {
        let argv = step
            .iter()
            .map(|argument| substitute::argument(argument, lookup).map_err(|found| fault(found, argument)))
            .collect::<Result<Vec<_>, _>>()?;
        return match argv.first() {
            None => Err(bad_step(adapter, action, "is empty".to_owned())),
            Some(program) if program.is_empty() => Err(bad_step(adapter, action, "has no program".to_owned())),
            Some(_) => Ok(argv),
        };
    }
    let [script] = step else {
        return Err(bad_step(
            adapter,
            action,
            format!("is a shell script and must be one text, but has {} parts", step.len()),
        ));
    };
    let (script, words) = substitute::script(script, lookup).map_err(|found| fault(found, script))?;
    // `sh -c SCRIPT NAME WORDS…`: the script is constant, values arrive as positional parameters.
    let head = ["/bin/sh".to_owned(), "-c".to_owned(), script, "opsroom".to_owned()];
    Ok(head.into_iter().chain(words).collect())
}

fn bad_step(adapter: &Adapter, action: &Action, why: String) -> PlanError {
    PlanError::BadStep { adapter: adapter.name.to_string(), verb: action.verb.to_string(), why }
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use super::*;
    use crate::text::secret::Template;

    fn argv(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    fn config(verb: Verb) -> Config {
        let adapter = Adapter {
            name: "ours".into(),
            kind: "custom".to_owned(),
            directory: PathBuf::from("/srv"),
            env: BTreeMap::from([("TOKEN".to_owned(), Template("{secret:token}".to_owned()))]),
            variables: BTreeMap::from([("project".to_owned(), "-p main".to_owned())]),
            verbs: BTreeMap::from([("rollback".into(), verb)]),
        };
        let action = Action {
            name: "rollback-api".into(),
            title: "roll back api".to_owned(),
            service: Some("api".into()),
            adapter: "ours".into(),
            verb: "rollback".into(),
            target: "api".to_owned(),
            set: BTreeMap::new(),
            key: None,
            confirm: Confirm::Yes,
            timeout: Duration::from_mins(1),
            grace: Duration::from_secs(10),
            cooldown: Duration::ZERO,
            at_most: None,
            verify: None,
            evidence: Vec::new(),
            on_failure: None,
        };
        Config { adapters: vec![adapter], actions: vec![action], ..Config::default() }
    }

    fn rollback() -> Verb {
        Verb {
            steps: vec![argv(&["./ctl", "rollback", "{target}", "{version}", "{project}"])],
            choices: BTreeMap::from([("version".to_owned(), argv(&["./ctl", "releases", "{target}"]))]),
            changes: true,
            ..Verb::default()
        }
    }

    fn chosen(version: &str) -> BTreeMap<String, String> {
        BTreeMap::from([("version".to_owned(), version.to_owned())])
    }

    #[test]
    fn substitution_keeps_arguments_whole() {
        let config = config(rollback());
        let plan = plan(&config, &config.actions[0], &chosen("v1 --force"), false).unwrap();
        assert_eq!(plan.steps, [argv(&["./ctl", "rollback", "api", "v1 --force", "-p main"])]);
        assert_eq!(plan.env["TOKEN"], "{secret:token}");
        assert!(plan.changing);
        assert_eq!(choices(&config, &config.actions[0]).unwrap()["version"], argv(&["./ctl", "releases", "api"]));
        assert_eq!(open_parameters(&config, &config.actions[0]).unwrap(), ["version"]);
    }

    #[test]
    fn what_must_not_run_is_refused_by_name() {
        let config = config(rollback());
        let action = &config.actions[0];
        let refused = |parameters: &BTreeMap<String, String>, dry_run| {
            plan(&config, action, parameters, dry_run).unwrap_err().to_string()
        };
        assert!(refused(&BTreeMap::new(), false).starts_with("unresolved variable `{version}`"));
        assert!(refused(&chosen("-rf"), false).contains("begins with `-`"));
        assert!(refused(&chosen("a\0b"), false).contains("NUL"));
        assert!(refused(&chosen(""), false).contains("is empty"));
        assert!(refused(&chosen("v1"), true).contains("declares no dry run"));
        let mut wrong = chosen("v1");
        wrong.insert("verison".to_owned(), "v1".to_owned());
        assert!(refused(&wrong, false).contains("takes no parameter `verison`; it takes `version`"));
        wrong.clear();
        wrong.insert("project".to_owned(), "other".to_owned());
        assert!(refused(&wrong, false).contains("takes no parameter `project`"));
    }

    #[test]
    fn secrets_never_reach_arguments() {
        let verb = Verb { steps: vec![argv(&["curl", "-H{secret:token}"])], ..Verb::default() };
        let config = config(verb);
        let refused = plan(&config, &config.actions[0], &BTreeMap::new(), false);
        assert_eq!(refused, Err(PlanError::SecretInArgument("token".to_owned())));
    }

    #[test]
    fn a_dry_run_changes_nothing_and_has_its_own_steps() {
        let verb = Verb { dry_run: Some(vec![argv(&["./ctl", "--check", "{version}"])]), ..rollback() };
        let config = config(verb);
        let action = &config.actions[0];
        let dry = plan(&config, action, &chosen("v1"), true).unwrap();
        assert_eq!(dry.steps, [argv(&["./ctl", "--check", "v1"])]);
        assert!(dry.dry_run && !dry.changing && has_dry_run(&config, action));
        let real = plan(&config, action, &chosen("v1"), false).unwrap();
        assert_ne!(dry.digest(), real.digest());
    }

    #[test]
    fn the_digest_changes_with_anything_that_matters() {
        let config = config(rollback());
        let make = |version: &str| plan(&config, &config.actions[0], &chosen(version), false).unwrap();
        assert_eq!(make("v1").digest(), make("v1").digest());
        assert_ne!(make("v1").digest(), make("v2").digest());
        assert_ne!(make("v1").digest(), Plan { timeout: Duration::from_secs(61), ..make("v1") }.digest());
        assert_eq!(make("v1").digest().len(), 64);
    }

    #[test]
    fn shell_steps_get_their_values_as_words() {
        let verb = Verb {
            steps: vec![argv(&["git checkout {version} && ./up"])],
            shell: true,
            changes: true,
            ..Verb::default()
        };
        let config = config(verb);
        let plan = plan(&config, &config.actions[0], &chosen("a; rm -rf /"), false).unwrap();
        assert_eq!(plan.steps[0], argv(&["/bin/sh", "-c", "git checkout \"${1}\" && ./up", "opsroom", "a; rm -rf /"]));
    }

    #[test]
    fn production_raises_what_changes_the_world() {
        let mut config = config(rollback());
        let action = config.actions[0].clone();
        assert_eq!(effective_confirm(&config.console, &action, true), Confirm::Yes);
        assert_eq!(effective_confirm(&config.console, &action, false), Confirm::None);
        config.console.environment = "production".to_owned();
        assert_eq!(effective_confirm(&config.console, &action, true), Confirm::TypeName);
        assert_eq!(effective_confirm(&config.console, &action, false), Confirm::None);
        let deliberate = Action { confirm: Confirm::TypeName, ..action };
        assert_eq!(effective_confirm(&config.console, &deliberate, false), Confirm::TypeName);
    }

    #[test]
    fn a_verb_with_the_terminal_is_confirmed_though_it_changes_nothing_by_itself() {
        let config = config(Verb { terminal: true, changes: false, ..rollback() });
        let action = &config.actions[0];
        let chosen = BTreeMap::from([("version".to_owned(), "v1".to_owned())]);
        let plan = plan(&config, action, &chosen, false).unwrap();
        assert!(plan.terminal && !plan.changing && plan.is_guarded());
        assert_eq!(effective_confirm(&config.console, action, plan.is_guarded()), Confirm::Yes);
        let written = serde_json::to_value(&plan).unwrap();
        assert_eq!(written["terminal"], true, "it is part of what is confirmed");
        let without = Plan { terminal: false, ..plan };
        assert!(serde_json::to_value(&without).unwrap().get("terminal").is_none(), "digests stay as they were");
    }

    #[test]
    fn the_built_in_shells_are_planned_like_any_step() {
        for (kind, step) in [
            ("docker", "docker exec --interactive --tty api sh"),
            ("compose", "docker compose exec api sh"),
            ("compose-v1", "docker-compose exec api sh"),
            ("git-compose", "docker compose exec api sh"),
            ("kubernetes", "kubectl --context= --namespace=default exec --stdin --tty api -- sh"),
            ("systemd", "sh -c exec \"${SHELL:-sh}\""),
        ] {
            let text = format!(
                "[adapter.a]\nkind = \"{kind}\"\n[action.look]\nadapter = \"a\"\ndo = \"shell\"\ntarget = \"api\"\n"
            );
            let loaded = crate::config::load::load_text(std::path::Path::new("shell.toml"), &text);
            let config = loaded.config.unwrap();
            let plan = plan(&config, &config.actions[0], &BTreeMap::new(), false).unwrap();
            assert!(plan.terminal && plan.timeout == Duration::from_hours(8), "{kind}");
            assert_eq!(plan.steps[0].join(" "), step, "{kind}");
        }
    }
}
