//! What the store has of a period, read for a report or a baseline.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::rollup::{SeriesKey, StoredSpan, WantedSpans};
use crate::model::thing::{IncidentRecord, StoredThing};
use crate::report::period::Period;
use crate::report::periodic::ReportFacts;
use crate::store::{Store, StoreError};

/// How often series are read again because an hour was packed meanwhile; that takes seconds once an hour.
pub(crate) const TRIES: u32 = 5;
/// Incidents that are looked at: the latest of all there are.
const INCIDENTS: u32 = 1_000;
/// How far a clock of another host may be ahead of the store's before what it wrote is missed.
const AHEAD: TimeDelta = TimeDelta::hours(1);

/// The facts since the beginning of the period before, and the runs that they are about.
///
/// # Errors
/// The store can't be read.
pub(crate) async fn facts(store: &Store, period: &Period) -> Result<ReportFacts, StoreError> {
    let from: DateTime<Utc> = period.before().unwrap_or(*period).from();
    let past = store.history(from - AHEAD).await?;
    let things = store.incidents(INCIDENTS).await?;
    let incidents: Vec<IncidentRecord> = things.iter().filter_map(StoredThing::read).collect();
    let unread_incidents = things.len() - incidents.len();
    Ok(ReportFacts { facts: past.facts, runs: past.runs.into_values().collect(), incidents, unread_incidents })
}

/// Reads series one after the other, divided at the `edges` and at their own. False: an hour was packed
/// meanwhile, and all of it is to be read again.
///
/// # Errors
/// The store can't be read.
pub(crate) async fn each(
    store: &Store,
    (edges, until): (&[u32], u32),
    wanted: &[WantedSpans],
    mut take_in: impl FnMut(&SeriesKey, &[StoredSpan]),
) -> Result<bool, StoreError> {
    let mut reader = store.read_spans(until, edges, wanted).await?;
    for one in wanted {
        let spans = reader.spans(one).await?;
        take_in(&one.series, &spans);
    }
    reader.is_whole().await
}
