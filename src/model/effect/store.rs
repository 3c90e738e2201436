//! What is asked of the store.

use chrono::{DateTime, Utc};

use crate::model::fact::{IncidentSaid, Statement};
use crate::model::rollup::ChartQuery;
use crate::text::name::Name;

/// Something to be read from the durable memory, or put there by a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreEffect {
    /// Read past runs and locks.
    LoadRuns,
    /// Read at which status these checks settled last.
    ReadStatuses(Vec<Name>),
    /// Read which alerts fire, and which did lately.
    ReadAlerts,
    /// Read what charts show of the stored past.
    ReadCharts(Vec<ChartQuery>),
    /// Read what charts mark, since a moment.
    ReadMarks(DateTime<Utc>),
    /// Put on record what a person says of alerts. Acknowledgements wait on disk while the store is away.
    SayOfAlerts(Vec<Statement>),
    /// Put on record what a person says of one incident, together. What has no id is of the one that is opened with it.
    /// Entries and status updates wait on disk while the store is away.
    SayOfIncident(Vec<IncidentSaid>),
}
