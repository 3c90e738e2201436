//! `[keys]`: key to command.

use crate::config::commands;
use crate::config::reader::{KeyValue, ReadContext, text_of};
use crate::config::spec;
use crate::config::spec::SectionSpec;
use crate::lang::key::Key;
use crate::lang::nearest;

/// The person's own key bindings, over the built-in ones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Keys {
    /// Key and the name of the command (`redraw`, `quit`, …; `opsroom config keys` lists them), in the order of the file.
    /// `none` unbinds a key.
    pub bindings: Vec<(Key, String)>,
}

pub(crate) const SECTION: SectionSpec =
    SectionSpec { name: "keys", shape: spec::SectionShape::Texts, help: "Keys and the commands that they run" };

/// Reads one entry of `[keys]`.
pub(crate) fn read(context: &ReadContext<'_>, entry: &KeyValue<'_>) -> Option<(Key, String)> {
    let key = match entry.key.parse::<Key>() {
        Ok(key) => Some(key),
        Err(error) => {
            context.error(entry.key_at, error.message, error.hint);
            None
        }
    };
    let Some(command) = text_of(entry) else {
        context.error(entry.at, "a key is bound to the name of a command", "`opsroom config keys` lists them");
        return None;
    };
    if command.value != commands::UNBOUND && commands::find(&command.value).is_none() {
        let names = commands::COMMANDS.iter().map(|command| command.name);
        let hint = nearest::suggest(nearest::nearest(&command.value, names), || {
            "`opsroom config keys` lists the commands; `none` unbinds a key".to_owned()
        });
        context.error(command.at, format!("no command named `{}`", command.value), hint);
        return None;
    }
    Some((key?, command.value))
}
