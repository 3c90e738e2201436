//! Logs: followed files and commands, made into records off the loop.
//!
//! All files are read by one thread of our own: reading a file blocks, and a thread that sleeps costs nothing. It
//! hands over one batch a log and tick through the bounded channel; when the loop is busy it waits, and what it has
//! not read stays on the disk.
//!
//! *Invariant:* no byte sequence in a log makes anything here panic, block for ever or grow without bound, and what
//! is not shown is counted.

pub mod count;
pub mod decode;
pub mod follow;
pub mod history;
pub mod pipeline;
pub mod recognise;
pub mod scan;

pub(crate) use crate::sources::logs::follow::files::MAX_FILES;
pub use crate::sources::logs::follow::reader::{Resume, run};

#[cfg(test)]
mod tests;
