//! Roll-ups: what remains of readings and samples once they are over, a bucket a minute and a bucket an hour.
//!
//! A [`Bucket`] says how long each status was shown and which values were measured. A [`Sheet`] holds the buckets of all
//! series for one minute, a [`Pack`] those of one series for an hour (minutes) or a day (hours). Packs and sheets have
//! an encoding of their own: columns of small numbers, some eight bytes a minute and fifty an hour.
//!
//! Buckets are added up, in any order and in any grouping, without a change of the result.

mod bucket;
mod chart;
mod codec;
mod columns;
mod distribution;
mod history;
mod pack;
mod series_key;
mod sheet;
mod standing;

pub use bucket::{Bucket, PlannedTime};
pub use chart::{ChartQuery, ChartSpan, ChartSpans};
pub use codec::InvalidRollup;
pub use history::{HOURS_BACK, MINUTES_BACK, SeriesHistory, StoredSpan, WantedSpans};
pub use pack::{Pack, Width, pack_hour};
pub use series_key::SeriesKey;
pub use sheet::Sheet;
pub use standing::{HourStanding, StandingHistory};

#[cfg(test)]
mod tests;
