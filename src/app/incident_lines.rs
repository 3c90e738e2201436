//! The timeline of the incident that is shown, built once for a frame.

use std::sync::{Arc, OnceLock};

use crate::model::thing::IncidentRecord;
use crate::text::name::Name;
use crate::world::World;
use crate::world::incidents::lines::IncidentLine;

/// The timeline of one incident, by its id. A frame asks for it several times, and what happened around an incident is looked
/// for in all that happened: it is built once, and given up with every message, which may change it.
#[derive(Debug, Clone, Default)]
pub(crate) struct BuiltLines(OnceLock<(Name, Arc<[IncidentLine]>)>);

impl BuiltLines {
    /// What it was built from may have changed.
    pub(in crate::app) fn forget(&mut self) {
        self.0.take();
    }

    /// The lines of an incident, oldest first.
    pub(in crate::app) fn of(&self, world: &World, record: &IncidentRecord) -> Arc<[IncidentLine]> {
        let build = || (record.id.clone(), world.incident_lines(record).into());
        let (id, lines) = self.0.get_or_init(build);
        if *id == record.id { Arc::clone(lines) } else { build().1 }
    }
}
