//! One file a section: what it holds, and how it is read.

pub mod action;
pub mod adapter;
pub mod alerts;
pub mod check;
pub mod console;
pub mod defaults;
pub mod filter;
pub mod keys;
pub mod log;
pub mod metric;
pub mod notify;
pub mod retention;
pub mod screen;
pub mod secret;
pub mod service;
pub mod severity;
pub mod source;
pub mod store;
