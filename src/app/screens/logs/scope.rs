//! Which of the logs the logs screen shows.

use crate::logs::filter::{Filter, write};
use crate::text::name::Name;
use crate::world::World;
use crate::world::ids::LogId;

/// Which logs are shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum LogScope {
    /// All, merged.
    #[default]
    All,
    /// One alone.
    Log(Name),
    /// Those of a service, and of logs that belong to none the records that name it.
    Service(Name),
}

impl LogScope {
    /// The logs that are merged.
    pub(in crate::app) fn sources(&self, world: &World) -> Vec<LogId> {
        match self {
            Self::All => world.logs.ids().collect(),
            Self::Log(name) => world.logs.ids().filter(|id| world.logs[*id].name == *name).collect(),
            Self::Service(name) => world.service(name).map(|service| service.logs.to_vec()).unwrap_or_default(),
        }
    }

    /// What a record must pass beside the filter of the person.
    pub(in crate::app) fn filter(&self, world: &World) -> Filter {
        let Self::Service(name) = self else { return Filter::everything() };
        let Some(service) = world.service(name) else { return Filter::everything() };
        let Some(name) = service.configured() else { return Filter::everything() };
        let is_shared = |id: &LogId| world.logs.get(*id).is_some_and(|log| log.service.is_none());
        if !service.logs.iter().any(is_shared) {
            return Filter::everything();
        }
        // A name of the configuration in quotes is always a term.
        Filter::parse(&write::field_is("service", name, false)).unwrap_or_default()
    }

    /// Whether what it names is still there.
    pub(in crate::app) fn is_there(&self, world: &World) -> bool {
        match self {
            Self::All => true,
            Self::Log(name) => world.log(name).is_some(),
            Self::Service(name) => world.service(name).is_some(),
        }
    }
}
