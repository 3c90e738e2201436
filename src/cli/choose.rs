//! The values of an action's parameters in the shell: what there is, what runs now, and what was before it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::output::{self, exit};
use super::run::refuse;
use crate::config::Config;
use crate::config::plan::{self, PlanError};
use crate::config::sections::action::Action;
use crate::lang::nearest::{listed, nearest, suggest};
use crate::model::choice::{Choice, ChoiceList, before_running};
use crate::runtime::handover::fetch_choices;
use crate::text::SafeText;
use crate::text::secret::Secrets;

/// Values that are listed where none was given.
const LISTED: usize = 20;

/// Why the parameters are not those of a run. Everything was said on stderr.
#[derive(Debug)]
pub(crate) struct Unchosen {
    /// The exit code.
    pub code: u8,
    /// What goes on record; `None`: nothing was chosen that could be refused.
    pub why: Option<SafeText>,
}

impl Unchosen {
    fn refused(code: u8, why: &str) -> Self {
        Self { code, why: Some(SafeText::new(why)) }
    }

    const fn usage(code: u8) -> Self {
        Self { code, why: None }
    }
}

/// Checks that parameters for which the adapter offers values have one of them, and not the one that runs. By parameter what
/// runs now and gives way to the value.
///
/// # Errors
/// See [`Unchosen`].
pub(crate) async fn check(
    config: &Config,
    action: &Action,
    parameters: &BTreeMap<String, String>,
    secrets: &Secrets,
) -> Result<BTreeMap<String, SafeText>, Unchosen> {
    let unplanned = |error: PlanError| Unchosen::usage(refuse(&error));
    let open = plan::open_parameters(config, action).map_err(unplanned)?;
    let offered = plan::choices(config, action).map_err(unplanned)?;
    if !offered.keys().any(|name| open.contains(name)) {
        return Ok(BTreeMap::new());
    }
    let choices = fetch_choices(config, &action.name, secrets).await;
    let choices = choices.map_err(|why| {
        let why = format!("no values to choose from: {why}");
        let code = output::fail(exit::CRITICAL, &format!("{why}; nothing ran"), "use --set to name the value");
        Unchosen::refused(code, &why)
    })?;
    choices.iter().try_for_each(|(name, list)| one(action, name, list, parameters.get(name)))?;
    let replaced = |(name, list): (&String, &ChoiceList)| {
        let running = list.replaced_by(parameters.get(name)?)?;
        Some((name.clone(), running.clone()))
    };
    Ok(choices.iter().filter_map(replaced).collect())
}

fn one(action: &Action, name: &str, list: &ChoiceList, chosen: Option<&String>) -> Result<(), Unchosen> {
    let choices = list.values.as_slice();
    let before = before_running(choices).map(|at| &choices[at]);
    let free = || choices.iter().filter(|choice| !choice.running).map(|choice| choice.value.as_str());
    let Some(chosen) = chosen else {
        let hint = match before {
            Some(before) => format!("choose with --set {name}=VALUE; the one before what runs is {}", before.value),
            None => format!("choose with --set {name}=VALUE: {}", listed(free())),
        };
        let code = output::fail(exit::USAGE, &format!("{} needs a {name}", action.name), "");
        output::eprint_error(&table(choices, before));
        output::eprint_error(&left_out(list));
        output::eprint_error(&format!("hint: {hint}\n"));
        return Err(Unchosen::usage(code));
    };
    match choices.iter().find(|choice| choice.value.as_str() == chosen) {
        Some(choice) if choice.running => {
            let hint = match before {
                Some(before) => format!("use --set {name}={}, the one before it", before.value),
                None => format!("choose another: {}", listed(free())),
            };
            let why = format!("{name} `{chosen}` is what runs now");
            let code = output::fail(exit::CRITICAL, &format!("refused: {why}, nothing ran"), &hint);
            Err(Unchosen::refused(code, &why))
        }
        Some(_) => Ok(()),
        None => {
            let hint = suggest(nearest(chosen, free()), || format!("choose one of {}", listed(free())));
            let why = format!("the adapter offers no {name} `{chosen}`");
            let code = output::fail(exit::USAGE, &why, &hint);
            output::eprint_error(&left_out(list));
            Err(Unchosen::refused(code, &why))
        }
    }
}

/// What the adapter printed and is not offered, as a line; empty where there is nothing.
fn left_out(list: &ChoiceList) -> String {
    list.left_out().map_or_else(String::new, |words| format!("note: {words}\n"))
}

/// Every value a line, with what is known of it.
fn table(choices: &[Choice], before: Option<&Choice>) -> String {
    let width = choices.iter().take(LISTED).map(|choice| choice.value.as_str().chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for choice in choices.iter().take(LISTED) {
        let mut line = format!("  {:width$}", choice.value);
        if choice.running {
            line.push_str("  runs now");
        } else if before == Some(choice) {
            line.push_str("  the one before");
        }
        let by = choice.by.as_ref().map(|by| format!("by {by}"));
        let more = [choice.at.as_ref().map(ToString::to_string), by, choice.title.as_ref().map(ToString::to_string)];
        for more in more.into_iter().flatten() {
            let _ = write!(line, "  {more}");
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    if choices.len() > LISTED {
        let _ = writeln!(text, "  … and {} more", choices.len() - LISTED);
    }
    text
}
