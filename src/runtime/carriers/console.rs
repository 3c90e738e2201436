//! Effects on the console as a whole.

use std::sync::Arc;

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
            ConsoleEffect::SaveIncident(record) => {
                let config = Arc::clone(&self.state().world.config);
                self.effects.save_incident(&mut self.tasks, *record, config, self.clock);
            }
            ConsoleEffect::Save { name, text } => self.effects.save_file(&mut self.tasks, name, text),
        }
    }
}
