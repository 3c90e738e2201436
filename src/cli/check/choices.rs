//! What a configuration may say and a person may not have meant. It is no fault, so only `opsroom check` mentions it.

use std::collections::HashMap;

use crate::config::Config;
use crate::config::commands::{self, COMMANDS, CommandInfo};
use crate::config::load::locate::Locator;
use crate::lang::diagnostic::{Diagnostic, DiagnosticLevel};
use crate::model::run::Confirm;

/// Looks at everything that is a choice.
pub(super) fn look(config: &Config, locator: &Locator) -> Vec<Diagnostic> {
    let choices = Choices { config, locator };
    let mut found = choices.lost_keys();
    found.extend(choices.shared_titles());
    found.extend(choices.unconfirmed());
    found
}

struct Choices<'a> {
    config: &'a Config,
    locator: &'a Locator,
}

impl Choices<'_> {
    fn warning(&self, path: &[&str], message: String, hint: String) -> Diagnostic {
        self.locator.diagnostic(path, DiagnosticLevel::Warning, message, hint)
    }

    /// Commands whose key `[keys]` gives to another or to nobody, unless it gives them one as well.
    fn lost_keys(&self) -> Vec<Diagnostic> {
        let bindings = &self.config.keys.bindings;
        let mut found = Vec::new();
        for (key, name) in bindings {
            let taker = commands::find(name);
            let loses = |other: &&CommandInfo| {
                taker.is_none_or(|taker| other.name != taker.name && other.context.overlaps(taker.context))
                    && other.default_keys().any(|default| default == *key)
                    && !bindings.iter().any(|(_, bound)| bound == other.name)
            };
            let without: Vec<String> = COMMANDS.iter().filter(loses).map(|other| format!("`{}`", other.name)).collect();
            if without.is_empty() {
                continue;
            }
            let without = without.join(", ");
            let other = taker.map_or_else(String::new, |_| format!(", or `{name}` a free one"));
            found.push(self.warning(
                &["keys", &key.to_string()],
                format!("key `{key}` no longer means {without}"),
                format!("give {without} another key in [keys]{other}: `opsroom config keys` lists the keys"),
            ));
        }
        found
    }

    /// Actions with one title: which of them a list or a dialog means can't be seen.
    fn shared_titles(&self) -> Vec<Diagnostic> {
        let mut known: HashMap<&str, &str> = HashMap::new();
        let mut found = Vec::new();
        for action in &self.config.actions {
            if let Some(first) = known.insert(&action.title, &action.name) {
                found.push(self.warning(
                    &["action", &action.name, "title"],
                    format!("action `{}` has the title of action `{first}`: {}", action.name, action.title),
                    "give one of them a `title` of its own".to_owned(),
                ));
            }
        }
        found
    }

    /// Actions that change something and start at one key. In production that is a warning of the file.
    fn unconfirmed(&self) -> Vec<Diagnostic> {
        if self.config.console.is_production() {
            return Vec::new();
        }
        let changes = |adapter: &str, verb: &str| {
            let adapter = self.config.adapters.iter().find(|known| *known.name == *adapter);
            adapter.and_then(|adapter| adapter.verbs.get(verb)).is_some_and(|verb| verb.changes)
        };
        let unconfirmed = self.config.actions.iter().filter(|action| action.confirm == Confirm::None);
        unconfirmed
            .filter(|action| changes(&action.adapter, &action.verb))
            .map(|action| {
                let message = format!("`{}` runs at once, without a confirmation", action.verb);
                self.warning(
                    &["action", &action.name, "confirm"],
                    message,
                    "write confirm = \"yes\" or higher".to_owned(),
                )
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::load::load_text;

    fn found(text: &str) -> Vec<String> {
        let config = load_text(Path::new("ops.toml"), text).config.unwrap();
        let found = look(&config, &Locator::of_text("ops.toml", text));
        found.iter().map(|problem| format!("{}:{} {}", problem.line, problem.column, problem.message)).collect()
    }

    #[test]
    fn a_key_that_is_taken_from_a_command_is_mentioned() {
        let text = "[keys]\nx = \"poll\"\nj = \"poll\"\n\"+\" = \"freeze\"\nd = \"zoom\"\nf9 = \"dry-run\"\n\"ctrl-l\" = \"redraw\"\nf8 = \"poll\"\n";
        assert_eq!(
            found(text),
            [
                "2:5 key `x` no longer means `act`, `cancel`, `step-fail`",
                "3:5 key `j` no longer means `down`",
                "4:7 key `+` no longer means `only-this`, `more-context`, `longer-range`, `incident-automatic`",
                "5:5 key `d` no longer means `describe`, `step-defer`",
            ]
        );
    }

    #[test]
    fn a_command_whose_key_is_unbound_is_mentioned() {
        let text = "[keys]\nq = \"none\"\nx = \"none\"\nz = \"none\"\nf9 = \"zoom\"\nf8 = \"none\"\n";
        assert_eq!(
            found(text),
            ["2:5 key `q` no longer means `quit`", "3:5 key `x` no longer means `act`, `cancel`, `step-fail`"]
        );
        let config = load_text(Path::new("ops.toml"), text).config.unwrap();
        let hint = look(&config, &Locator::of_text("ops.toml", text))[0].hint.clone().unwrap();
        assert_eq!(hint, "give `quit` another key in [keys]: `opsroom config keys` lists the keys");
    }

    #[test]
    fn one_title_twice_and_no_confirmation_are_mentioned() {
        let text = "[adapter.ours]\nrestart = { steps = [[\"./ctl\"]] }\nlook = { steps = [[\"./ctl\"]], changes = false }\n\
                    [action.a]\nadapter = \"ours\"\ndo = \"restart\"\ntarget = \"api\"\n\
                    [action.b]\nadapter = \"ours\"\ndo = \"restart\"\ntarget = \"api\"\nconfirm = \"none\"\n\
                    [action.c]\nadapter = \"ours\"\ndo = \"look\"\nconfirm = \"none\"\n";
        assert_eq!(
            found(text),
            [
                "8:9 action `b` has the title of action `a`: restart api (ours, api)",
                "12:11 `restart` runs at once, without a confirmation",
            ]
        );
    }
}
