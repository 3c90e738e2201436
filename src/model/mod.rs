//! The domain: statuses, readings, series, log records, conditions, alerts, plans, redaction, and the
//! payloads that the other rooms exchange.
//!
//! *Invariant:* everything here is plain data and pure functions. No clock, no files, no network, no
//! terminal; time arrives as a [`crate::lang::time::Stamp`].

pub(crate) mod ack_link;
pub mod alert;
pub mod availability;
pub mod baseline;
pub mod burn;
pub(crate) mod calendar;
pub mod cause;
pub mod checklist;
pub mod choice;
pub mod document;
pub mod effect;
pub mod engine;
pub mod fact;
pub mod flapping;
pub mod governor;
pub mod incident;
pub mod latency;
pub mod lease;
pub mod ledger;
pub mod maintenance;
pub mod message;
pub mod observation;
pub mod oncall;
pub mod outcome;
pub mod presence;
pub mod preview;
pub mod rate;
pub mod reading;
pub mod rollup;
pub mod run;
pub mod series;
pub mod shell;
pub mod silence;
pub mod since;
pub mod slo;
pub mod status;
pub mod streak;
pub(crate) mod test_page;
pub mod thing;
pub mod verification;
