//! The small languages that a configuration is written in: jq expressions, conditions, selectors, regexes, units, keys,
//! names; the moments that they speak of; and diagnostics with their positions.
//!
//! *Invariant:* parsing is pure and total: any text gives a value or a diagnosis that says what was expected.

pub mod condition;
pub mod diagnostic;
pub mod expression;
pub mod key;
pub(crate) mod left_out;
pub mod nearest;
pub(crate) mod order;
pub mod pattern;
pub mod schedule;
pub mod selector;
pub mod store_url;
pub mod time;
pub mod tz;
pub mod unit;
pub(crate) mod url;
