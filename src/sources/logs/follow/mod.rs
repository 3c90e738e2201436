//! Following: files as they grow, rotate and vanish, and commands as they speak, end and are started again.

pub(crate) mod advance;
pub(crate) mod between;
pub(crate) mod command;
pub mod container;
pub(crate) mod file;
pub(crate) mod files;
pub(crate) mod open;
pub(crate) mod permission;
pub(crate) mod progress;
pub(crate) mod reader;
pub(crate) mod reading;
pub mod refuse;
pub(crate) mod replay;
pub mod start;
pub(crate) mod trace;
pub(crate) mod watch;
