//! `opsroom config adapters [NAME]`: what there is to act with, and exactly what each verb runs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::output::{self, exit};
use super::{Global, configuration};
use crate::config::Config;
use crate::config::adapters::built_in;
use crate::config::verb::Verb;
use crate::lang::nearest::{listed, nearest, suggest};
use crate::model::preview::{PreviewRow, RowKind, step};
use crate::model::shell;
use crate::text::SafeText;
use crate::text::name::Name;

/// The arguments.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// An adapter of the configuration, or a built-in kind
    name: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// One adapter, built in or configured.
#[derive(Debug, Serialize)]
struct Listed {
    name: String,
    /// The built-in kind that it is made from; `custom` for one with verbs of its own alone.
    kind: String,
    configured: bool,
    description: String,
    /// Where its steps run; that of a built-in kind is given by the configuration.
    directory: Option<String>,
    /// Names of what its steps get in their environment; never values.
    env: Vec<String>,
    required: Vec<String>,
    variables: BTreeMap<String, String>,
    verbs: BTreeMap<Name, Shown>,
}

/// A verb.
#[derive(Debug, Serialize)]
struct Shown {
    changes: bool,
    shell: bool,
    /// What it takes beside the target: names that neither the adapter nor its variables give.
    parameters: Vec<String>,
    steps: Vec<Vec<String>>,
    dry_run: Option<Vec<Vec<String>>>,
    choices: BTreeMap<String, Vec<String>>,
}

impl Shown {
    fn from_verb(verb: &Verb, variables: &BTreeMap<String, String>, required: &[String]) -> Self {
        let used = verb.used().map(str::to_owned);
        let fixed = ["target", "action", "environment", "service"];
        let mut parameters: Vec<String> = used.chain(verb.choices.keys().cloned()).collect();
        parameters.retain(|name| {
            !fixed.contains(&name.as_str()) && !variables.contains_key(name) && !required.contains(name)
        });
        parameters.sort();
        parameters.dedup();
        Self {
            changes: verb.changes,
            shell: verb.shell,
            parameters,
            steps: verb.steps.clone(),
            dry_run: verb.dry_run.clone(),
            choices: verb.choices.clone(),
        }
    }
}

/// Prints what was asked for.
pub(crate) fn run(arguments: &Arguments, global: &Global) -> u8 {
    let config = match configuration::if_any(global, "the built-in adapters", "its adapters are left out") {
        Ok(config) => config,
        Err(code) => return code,
    };
    let all = all(config.as_ref());
    let Some(name) = &arguments.name else {
        if arguments.json {
            return output::print_json(&json(&all));
        }
        return output::print(&all.iter().map(summary).collect::<Vec<_>>().join("\n"));
    };
    // A configured one hides the kind of its name, as it does for actions.
    match all.iter().find(|adapter| adapter.name == *name) {
        Some(adapter) if arguments.json => output::print_json(&json(adapter)),
        Some(adapter) => output::print(&whole(adapter)),
        None => {
            let names = || all.iter().map(|adapter| adapter.name.as_str());
            let hint = suggest(nearest(name, names()), || format!("adapters: {}", listed(names())));
            output::fail(exit::USAGE, &format!("no adapter named `{name}`"), &hint)
        }
    }
}

/// Configured adapters first.
fn all(config: Option<&Config>) -> Vec<Listed> {
    let configured = config.into_iter().flat_map(|config| &config.adapters).map(|adapter| Listed {
        name: adapter.name.to_string(),
        kind: adapter.kind.clone(),
        configured: true,
        description: String::new(),
        directory: Some(adapter.directory.display().to_string()),
        env: adapter.env.keys().cloned().collect(),
        required: Vec::new(),
        variables: adapter.variables.clone(),
        verbs: shown(&adapter.verbs, &adapter.variables, &[]),
    });
    let built_in = built_in().iter().map(|adapter| Listed {
        name: adapter.kind.to_owned(),
        kind: adapter.kind.to_owned(),
        configured: false,
        description: adapter.description.clone(),
        directory: None,
        env: Vec::new(),
        required: adapter.required.clone(),
        variables: adapter.variables.clone(),
        verbs: shown(&adapter.verbs, &adapter.variables, &adapter.required),
    });
    configured.chain(built_in).collect()
}

fn shown(
    verbs: &BTreeMap<Name, Verb>,
    variables: &BTreeMap<String, String>,
    required: &[String],
) -> BTreeMap<Name, Shown> {
    verbs.iter().map(|(name, verb)| (name.clone(), Shown::from_verb(verb, variables, required))).collect()
}

fn json(value: &impl Serialize) -> String {
    // Texts, flags and maps with text keys can always be written as JSON.
    format!("{}\n", serde_json::to_string_pretty(value).unwrap_or_default())
}

/// What it is and what it can do, without the steps.
fn summary(adapter: &Listed) -> String {
    let verbs: Vec<String> = adapter
        .verbs
        .iter()
        .map(|(name, verb)| if verb.dry_run.is_some() { format!("{name} (dry run)") } else { name.to_string() })
        .collect();
    format!("{}  verbs: {}\n{}", head(adapter), verbs.join(", "), variables(adapter))
}

fn head(adapter: &Listed) -> String {
    let what = match (adapter.configured, adapter.kind.as_str()) {
        (false, _) => adapter.description.clone(),
        (true, "custom") => "configured, with verbs of its own".to_owned(),
        (true, kind) => format!("configured, of kind {kind}"),
    };
    let mut text = format!("{}\n  {}\n", SafeText::new(&adapter.name), SafeText::new(&what));
    if let Some(directory) = &adapter.directory {
        let _ = writeln!(text, "  directory: {}", SafeText::new(directory));
    }
    if !adapter.env.is_empty() {
        let _ = writeln!(text, "  env: {} (values are not shown)", adapter.env.join(", "));
    }
    text
}

fn variables(adapter: &Listed) -> String {
    let mut text = String::new();
    if !adapter.required.is_empty() {
        let _ = writeln!(text, "  needs: {}", adapter.required.join(", "));
    }
    if !adapter.variables.is_empty() {
        let known: Vec<String> =
            adapter.variables.iter().map(|(name, value)| format!("{name} = {}", shell::quote(value))).collect();
        let _ = writeln!(text, "  variables: {}", SafeText::new(&known.join(", ")));
    }
    text
}

/// Everything, with the steps as they are quoted in a preview.
fn whole(adapter: &Listed) -> String {
    let mut text = format!("{}{}", head(adapter), variables(adapter));
    for (name, verb) in &adapter.verbs {
        let changes = if verb.changes { "" } else { " (changes nothing)" };
        let _ = writeln!(text, "\n{}{changes}", SafeText::new(name));
        if !verb.parameters.is_empty() {
            let _ = writeln!(text, "  takes      {}", verb.parameters.join(", "));
        }
        for (at, argv) in verb.steps.iter().enumerate() {
            rows(&mut text, &step(&format!("step {}", at + 1), &run_as(argv, verb.shell)));
        }
        match &verb.dry_run {
            Some(steps) => steps.iter().for_each(|argv| rows(&mut text, &step("dry run", &run_as(argv, verb.shell)))),
            None if verb.changes => text.push_str("  dry run    none\n"),
            None => {}
        }
        for (parameter, argv) in &verb.choices {
            rows(&mut text, &step(&format!("{parameter} from"), argv));
        }
    }
    text
}

/// The argv of a step before its values are filled in.
fn run_as(argv: &[String], is_script: bool) -> Vec<String> {
    let head = if is_script { &["/bin/sh", "-c"][..] } else { &[] };
    head.iter().map(|word| (*word).to_owned()).chain(argv.iter().cloned()).collect()
}

fn rows(text: &mut String, rows: &[PreviewRow]) {
    for row in rows {
        let _ = match row.kind {
            RowKind::Fact | RowKind::Command => writeln!(text, "  {:<10} {}", row.label, row.text),
            RowKind::Script => writeln!(text, "  {:>10} │ {}", row.label, row.text),
        };
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::load;

    #[test]
    fn every_built_in_adapter_is_listed_and_shown_with_its_steps() {
        let all = all(None);
        let text: String = all.iter().map(summary).collect();
        assert!(text.contains("compose\n  Docker Compose v2") && text.contains("restart (dry run)"), "{text}");
        assert!(text.contains("needs: dumps, tables"), "{text}");
        for adapter in &all {
            let text = whole(adapter);
            for (name, verb) in &adapter.verbs {
                assert!(text.contains(&format!("\n{name}")), "{text}");
                let rows = verb.steps.iter().flat_map(|argv| step("", &run_as(argv, verb.shell)));
                rows.for_each(|row| assert!(text.contains(row.text.as_str()), "{}: {text}", row.text));
            }
        }
        let kubernetes = whole(all.iter().find(|adapter| adapter.name == "kubernetes").unwrap());
        for part in [
            "  step 2     kubectl --context={context} --namespace={namespace} rollout status {target} --timeout={wait}\n",
            "  takes      version\n",
            "  version from sh -c <",
            "  dry run    none\n",
            "           2 │ list=$(kubectl \"$1\" \"$2\" rollout history \"$3\")",
        ] {
            assert!(kubernetes.contains(part), "{part} is not in {kubernetes}");
        }
    }

    #[test]
    fn a_configured_adapter_is_shown_with_what_it_overrides_and_without_values() {
        let text = "[secret]\nt = { env = 'T' }\n[adapter.stack]\nkind = 'compose'\nenv = { TOKEN = '{secret:t}' }\n\
                    restart = { steps = [['./ctl', 'restart now', '{target}', '{how}']], choices = { how = ['echo', 'a b'] } }\n";
        let loaded = load::load_text(Path::new("/srv/opsroom.toml"), text);
        let all = all(loaded.config.as_ref());
        assert_eq!(all[0].name, "stack");
        let shown = whole(&all[0]);
        for part in [
            "stack\n  configured, of kind compose\n  directory: /srv\n  env: TOKEN (values are not shown)\n",
            "\nrestart\n  takes      how\n  step 1     ./ctl 'restart now' {target} {how}\n",
            "  how from   echo 'a b'\n",
        ] {
            assert!(shown.contains(part), "{part} is not in {shown}");
        }
        assert!(!shown.contains("secret:"), "{shown}");
        let json: serde_json::Value = serde_json::from_str(&json(&all[0])).unwrap();
        assert_eq!(json["verbs"]["restart"]["steps"][0][1], "restart now");
        assert_eq!(json["env"], serde_json::json!(["TOKEN"]));
    }
}
