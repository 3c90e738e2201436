//! Secrets on their way to what an adapter runs: filled into its declared environment at the last moment.

use std::collections::BTreeMap;

use crate::actions::choices::choices;
use crate::actions::rundir::Handover;
use crate::config::Config;
use crate::config::plan;
use crate::model::message::Outcome;
use crate::model::name::Name;
use crate::model::redact::Redactor;
use crate::model::run::Plan;
use crate::model::secret::{Secrets, Template};
use crate::model::text::SafeText;

/// The values that a person may choose from for an action, asked of its adapter.
pub async fn fetch_choices(config: &Config, action: &Name, secrets: &Secrets) -> Outcome {
    let fetched = async {
        let found = config.actions.iter().find(|known| known.name == *action);
        let found = found.ok_or_else(|| SafeText::new(&format!("no action named `{action}`")))?;
        let wrong = |error: plan::PlanError| SafeText::new(&error.to_string());
        let adapter = config.adapters.iter().find(|known| known.name == found.adapter);
        let adapter = adapter.ok_or_else(|| wrong(plan::PlanError::UnknownAdapter(found.adapter.to_string())))?;
        let redactor = Redactor::from(secrets);
        let env = resolved(adapter.env.iter().map(|(name, value)| (name, value.clone())), secrets)?;
        let mut all = BTreeMap::new();
        for (parameter, argv) in plan::choices(config, found).map_err(wrong)? {
            let values = choices(&argv, &adapter.directory, &env, &redactor).await?;
            all.insert(parameter, values);
        }
        Ok(all)
    };
    Outcome::Choices { action: action.clone(), choices: fetched.await }
}

/// What the supervisor gets through its stdin: the declared environment with its secrets, and every secret, for the
/// redactor.
///
/// # Errors
/// A secret that is asked for is not known.
pub fn handover(plan: &Plan, secrets: &Secrets) -> Result<Handover, SafeText> {
    Ok(Handover {
        env: resolved(plan.env.iter().map(|(name, value)| (name, Template(value.clone()))), secrets)?,
        secrets: secrets.iter().map(|(name, value)| (name.to_string(), value.to_owned())).collect(),
    })
}

fn resolved<'a>(
    env: impl Iterator<Item = (&'a String, Template)>,
    secrets: &Secrets,
) -> Result<BTreeMap<String, String>, SafeText> {
    env.map(|(name, value)| match value.resolve(secrets) {
        Ok(value) => Ok((name.clone(), value)),
        Err(missing) => {
            Err(SafeText::new(&format!("secret `{missing}`, which {name} needs, has no value; nothing was run")))
        }
    })
    .collect()
}
