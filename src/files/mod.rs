//! Files and directories that others may have made: who can change them, and reading them within bounds.
//!
//! *Invariant:* nothing here follows a link that another user could have made, waits for ever, or reads more than it
//! was allowed to.

pub mod bounded;
pub mod glob;
mod group;
pub mod made;
pub mod trust;

pub(crate) use bounded::{ReadError, Received, read};
