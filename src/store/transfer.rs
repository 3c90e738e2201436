//! A whole store as JSON lines, and back: facts to the letter with their hashes, the checkpoint, roll-ups, and what is kept
//! by name. Things are not written: they are derived.
//!
//! The first line says what it is and where the chain begins, the last one what was written, so that a file that was cut
//! short is known.

mod export;
mod import;
mod line;

pub(crate) use self::import::ImportError;
