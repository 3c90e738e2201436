//! The pure half of the log engine: record, ring, view, filter, fields, patterns, top values, histogram, outline.
//!
//! *Invariant:* every structure is bounded, and what it lets go of is counted. No files, no clock: records come in, and
//! views of them go out.

pub mod dialect;
pub mod fields;
pub mod filter;
pub mod format;
pub mod grouped;
pub mod histogram;
pub mod layout;
pub mod outline;
pub mod pattern;
pub mod record;
pub mod repeats;
pub mod ring;
pub mod scan;
pub mod spread;
pub mod timeline;
pub mod top;
pub mod view;
pub mod zone;
