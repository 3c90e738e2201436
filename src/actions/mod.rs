//! Everything that changes the world, and how it is held in bounds: the run directory, the supervisor process,
//! following its output, the choices that an adapter offers, clipboard and saved files.
//!
//! *Invariant:* what changes the world runs under the supervisor (`opsroom __run DIR`), never as a child of the
//! console, so that neither a lost link nor a killed console can stop it half-way. Nothing of a secret's value is
//! ever in an argv or in a file.

pub mod choices;
pub mod files;
pub mod follow;
pub mod handover;
pub mod intent;
pub mod launch;
pub mod left;
pub(crate) mod notify;
pub(crate) mod publish;
mod reserve;
pub mod rundir;
pub mod save;
pub mod supervisor;
