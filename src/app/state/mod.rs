//! The whole state: the only input of the view. What lies over the screen is part of it, so the interface of overlays is
//! here too; the overlays themselves are in the module of their name, above.

pub mod console;
pub mod overlay;
pub mod overlays;

use std::sync::Arc;

use crate::config::Config;
use crate::lang::time::Stamp;
use crate::model::effect::RequestId;
use crate::text::SafeText;
use crate::world::World;

use super::requests::AwaitedAnswer;

use console::Console;

/// What is known, and what this person looks at. Mutated by `update` alone; the view reads it.
#[derive(Debug, Clone)]
pub struct State {
    /// What is known.
    pub world: World,
    /// What this person looks at.
    pub console: Console,
}

impl State {
    /// A state of which nothing is known yet.
    pub fn new(config: Arc<Config>, now: Stamp, size: (u16, u16)) -> Self {
        let world = World::new(config, now);
        let console = Console::new(&world, size);
        Self { world, console }
    }

    /// Whether that names who sits here, by any of their names.
    pub(crate) fn is_me(&self, who: &SafeText) -> bool {
        let login = self.console.last_look.login.as_ref();
        login.is_some_and(|login| self.world.config.is_same_person(login.as_str(), who.as_str()))
    }

    /// Names a request that begins now.
    pub(in crate::app) fn next_request(&mut self) -> RequestId {
        self.console.requests.begin()
    }

    /// Names a request that begins now and is answered.
    pub(in crate::app) fn request(&mut self, asked: AwaitedAnswer) -> RequestId {
        let request = self.next_request();
        self.console.requests.expect(request, asked, self.world.now);
        request
    }

    /// Something visible changed by itself. While the screen is frozen or nobody looks, that causes no frame.
    pub(in crate::app) fn changed(&mut self) {
        if self.console.frozen.is_none() && self.console.focused {
            self.console.revision += 1;
        }
    }

    /// The moment that the screen shows: while it is held still that at which it stopped.
    pub(crate) fn shown_now(&self) -> Stamp {
        self.seen().now
    }

    /// What the screen shows of the world: while it is held still what was known then, so that no key mixes two moments.
    pub fn seen(&self) -> &World {
        self.console.frozen.as_deref().unwrap_or(&self.world)
    }

    /// Part of an answer is there, of a filter or a search over what is held: drawn though the screen is held still.
    pub(in crate::app) fn answer(&mut self) {
        if self.console.frozen.is_some() {
            self.console.revision += 1;
            self.console.answered += 1;
        } else {
            self.changed();
        }
    }

    /// A person did something: drawn in any case.
    pub(in crate::app) fn touched(&mut self) {
        self.console.revision += 1;
    }
}
