//! Effects on the console as a whole.

use crate::model::effect::ConsoleEffect;
use crate::runtime::core::Core;
use crate::runtime::reload;

impl Core {
    pub(super) fn console(&mut self, effect: ConsoleEffect) {
        match effect {
            ConsoleEffect::Quit => self.left = true,
            ConsoleEffect::Reload => match &self.loader {
                Some(loader) => reload::now(&mut self.tasks, loader, self.reload_sender.clone()),
                None => self.effects.fail("this console has no configuration file to reload"),
            },
            ConsoleEffect::ReadRunbook { request, path, section } => {
                self.effects.read_runbook(&mut self.tasks, request, path, section);
            }
            ConsoleEffect::Save { name, text } => self.effects.save_file(&mut self.tasks, name, text),
        }
    }
}
