//! The domain: statuses, readings, series, log records, conditions, alerts, plans, redaction, and the
//! payloads that the other rooms exchange.
//!
//! *Invariant:* everything here is plain data and pure functions. No clock, no files, no network, no
//! terminal; time arrives as a [`time::Stamp`].

pub mod alert;
pub mod availability;
pub mod cause;
pub mod choice;
pub mod condition;
pub mod dialect;
pub mod document;
pub mod environment;
pub mod expression;
pub mod fields;
pub mod filter;
pub mod flapping;
pub mod format;
pub mod histogram;
pub mod judge;
pub mod latency;
pub mod layout;
pub mod message;
pub mod name;
pub mod outline;
pub mod pattern;
pub mod preview;
pub mod rate;
pub mod reading;
pub mod record;
pub mod redact;
pub mod ring;
pub mod run;
pub mod scan;
pub mod secret;
pub mod selector;
pub mod series;
pub mod shell;
pub mod since;
pub mod spread;
pub mod status;
pub mod text;
pub mod time;
pub mod timeline;
pub mod top;
pub mod unit;
pub mod verification;
pub mod view;
pub mod zone;
