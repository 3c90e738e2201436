//! Recognising: which form a line has, when it was written, how bad it is, and which lines are one record.

pub(crate) mod format;
pub(crate) mod join;
pub(crate) mod level;
pub mod timestamp;
