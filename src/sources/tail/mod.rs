//! Logs: followed files and commands, made into records off the loop.
//!
//! All files are read by one thread of our own: reading a file blocks, and a thread that sleeps costs nothing. It
//! hands over one batch a log and tick through the bounded channel; when the loop is busy it waits, and what it has
//! not read stays on the disk.
//!
//! *Invariant:* no byte sequence in a log makes anything here panic, block for ever or grow without bound, and what
//! is not shown is counted.

mod advance;
pub mod archive;
mod between;
mod command;
pub mod container;
pub mod counts;
pub mod decode;
pub mod encoding;
mod file;
mod files;
mod format;
pub mod history;
mod join;
mod level;
pub mod once;
mod open;
pub mod past;
mod permission;
pub mod pipeline;
mod progress;
mod reader;
mod reading;
pub mod refuse;
mod replay;
pub mod scan;
pub mod start;
pub mod timestamp;
mod trace;
mod watch;

pub use files::MAX_FILES;
pub use reader::{Resume, run};

#[cfg(test)]
mod tests;
