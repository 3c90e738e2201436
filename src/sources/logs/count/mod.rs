//! Metrics over records: how many, how often, which share, how slow, within a sliding window.
//!
//! Each log has a part of each metric that counts it, so that a metric over several logs is one number and a log that
//! goes takes nothing with it that belongs to others. What is written while we follow is counted as it comes; what was
//! there before is counted aside and put in as a whole, and until then there is no number.

mod backfill;
mod board;
mod measured;
mod once;
mod part;
mod quantiles;
mod tally;
mod window;

pub(crate) use backfill::{Backfill, Uncounted, backfiller};
pub(crate) use board::Board;
pub(crate) use measured::CountedAs;
pub(crate) use once::count_once;
pub(crate) use part::{CountReach, LogCounter};

#[cfg(test)]
mod tests;
