//! Secrets on their way to what an adapter runs: filled into its declared environment at the last moment.

use std::collections::{BTreeMap, BTreeSet};

use crate::actions::choices::choices;
use crate::actions::handover::{Handover, Task};
use crate::config::Config;
use crate::config::plan;
use crate::config::sections::check::Check;
use crate::config::sections::secret::SecretSource;
use crate::config::sections::source::Source;
use crate::model::choice::ChoiceList;
use crate::model::run::Plan;
use crate::model::verification::Terms;
use crate::text::SafeText;
use crate::text::name::Name;
use crate::text::redact::{Literals, Redactor};
use crate::text::secret::{Secrets, Template};

/// The values that a person may choose from for an action, asked of its adapter.
///
/// # Errors
/// In words: there is no such action, a secret is missing, or the adapter gave none.
pub(crate) async fn fetch_choices(
    config: &Config,
    action: &Name,
    secrets: &Secrets,
) -> Result<BTreeMap<String, ChoiceList>, SafeText> {
    let found = config.actions.iter().find(|known| known.name == *action);
    let found = found.ok_or_else(|| SafeText::new(&format!("no action named `{action}`")))?;
    let wrong = |error: plan::PlanError| SafeText::new(&error.to_string());
    let adapter = config.adapters.iter().find(|known| known.name == found.adapter);
    let adapter = adapter.ok_or_else(|| wrong(plan::PlanError::UnknownAdapter(found.adapter.to_string())))?;
    let redactor = Redactor::from(secrets);
    let env = resolved(adapter.env.iter().map(|(name, value)| (name, value.clone())), secrets)?;
    let mut all = BTreeMap::new();
    let literals = Literals::from(secrets);
    for (parameter, argv) in plan::choices(config, found).map_err(wrong)? {
        for word in &argv {
            plan::refuse_literal("the command of its choices", word, &literals).map_err(wrong)?;
        }
        let values = choices(&argv, &adapter.directory, &env, &redactor).await?;
        all.insert(parameter, values);
    }
    Ok(all)
}

/// What the supervisor gets through its stdin: the declared environment with its secrets, every secret, and the checks
/// that `terms` look at with their sources. The run has no id yet.
///
/// # Errors
/// A secret that is asked for is not known.
pub(crate) fn handover(
    plan: &Plan,
    terms: Option<&Terms>,
    config: &Config,
    secrets: &Secrets,
) -> Result<Handover, SafeText> {
    let watched: BTreeSet<&Name> = terms.into_iter().flat_map(Terms::watched).collect();
    let checks: Vec<Check> = config.checks.iter().filter(|check| watched.contains(&check.name)).cloned().collect();
    let asked: BTreeSet<&Name> = checks.iter().map(|check| &check.source).collect();
    let sources: Vec<Source> = config.sources.iter().filter(|source| asked.contains(&source.name)).cloned().collect();
    let used: BTreeSet<&str> = sources.iter().flat_map(Source::secrets).collect();
    let again = |(name, place): &(&Name, &SecretSource)| {
        used.contains(name.as_ref()) && matches!(place, SecretSource::File(_) | SecretSource::Command(_))
    };
    Ok(Handover {
        places: config.secrets.iter().filter(again).map(|(name, place)| (name.clone(), place.clone())).collect(),
        task: Task::Run,
        run: Name::from(""),
        store: None,
        digest: plan.digest(),
        env: resolved(plan.env.iter().map(|(name, value)| (name, Template(value.clone()))), secrets)?,
        secrets: secrets.iter().map(|(name, value)| (name.clone(), value.to_owned())).collect(),
        masked: secrets.registered().map(str::to_owned).collect(),
        sources,
        checks,
    })
}

fn resolved<'a>(
    env: impl Iterator<Item = (&'a String, Template)>,
    secrets: &Secrets,
) -> Result<BTreeMap<String, String>, SafeText> {
    env.map(|(name, value)| match value.resolve(secrets) {
        Ok(value) => Ok((name.clone(), value)),
        Err(missing) => {
            Err(SafeText::new(&format!("secret `{missing}`, which {name} needs, has no value; nothing ran")))
        }
    })
    .collect()
}
