//! What is known, as text and JSON for a shell: a pure function of the world, and of what the store has of the past.
//!
//! *Invariant:* no I/O, no clock and no judgement of its own: it says what the world says.

pub(crate) mod ack_page;
pub(crate) mod baseline;
pub(crate) mod changes;
pub(crate) mod evidence;
pub(crate) mod handover;
pub(crate) mod ical;
pub(crate) mod incident;
pub mod lines;
mod markdown;
pub(crate) mod period;
pub(crate) mod periodic;
mod spans;
pub mod status;
pub(crate) mod statuspage;
pub(crate) mod telemetry;
