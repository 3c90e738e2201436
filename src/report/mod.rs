//! What is known, as text and JSON for a shell: a pure function of the world.
//!
//! *Invariant:* no I/O, no clock and no judgement of its own: it says what the world says.

pub(crate) mod changes;
pub(crate) mod evidence;
pub mod lines;
pub mod status;
pub(crate) mod statuspage;
pub(crate) mod telemetry;
