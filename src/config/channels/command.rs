//! `command = […]`: a program that gets each message as JSON on its standard input.

use super::{AddressUse, ChannelKind, ChannelSettings, ChannelSpec};
use crate::config::kinds::command::{self, CommandLine};
use crate::config::spec::ValueForm;
use crate::text::secret::Template;

/// The kind.
pub(super) const SPEC: ChannelSpec = ChannelSpec {
    key: "command",
    help: "Program and arguments; each message is JSON on its standard input",
    value: ValueForm::Command,
    keys: command::KEYS,
    address: AddressUse::None,
    read: |table| {
        let line = command::command_line(table, "command")?;
        Some(ChannelKind::Command(CommandChannel { line }))
    },
};

/// A program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandChannel {
    /// How it is run; exit code 0 is accepted.
    pub line: CommandLine,
}

impl ChannelSettings for CommandChannel {
    fn templates(&self) -> Vec<&Template> {
        self.line.env.iter().map(|(_, value)| value).collect()
    }
}
