//! Objectives: availability weighted by time, error budgets, and how fast they burn.
//!
//! A reading holds until the next one, and for two intervals at most. Time of which nothing is known, time in maintenance
//! windows and what a person excluded leave the denominator, so an objective without data is never shown as met. [`SloMeter`] adds up
//! readings in constant time, [`SloFigures`] says what they amount to, and [`RunsFigures`] does the same for objectives
//! about how long runs take.

mod excluded;
mod figures;
mod meter;
mod runs;
mod sliding;
mod tally;

pub(crate) use figures::ENOUGH;
pub use figures::{BURN_WINDOWS, SloFigures};
pub(crate) use meter::SloMeter;
pub use runs::RunsFigures;
pub use tally::SloTally;

#[cfg(test)]
mod tests;
