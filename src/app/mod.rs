//! The core: [`state::State`], [`message::Message`], and [`update::update`], a pure function from the one and the other to
//! the next state and a list of effects. One module a screen; dialogs are a stack of overlays.
//!
//! *Invariant:* no I/O, no clock, no await, no terminal types. Given the same messages, the same state.

mod acknowledge;
mod calendar;
mod channel_test;
pub(crate) mod charts;
mod checklists;
pub mod commands;
pub(crate) mod contexts;
pub(crate) mod describe;
mod following;
mod history;
mod incident_lines;
pub(crate) mod incidents;
pub mod input;
pub mod keymap;
pub mod keys;
pub(crate) mod last_look;
pub mod launch;
pub mod layout;
pub mod list;
pub mod log_commands;
pub mod logs;
pub mod lookup;
pub mod message;
pub mod metrics;
pub mod mouse;
pub mod navigation;
pub mod observe;
pub mod outcome;
pub mod overlays;
pub mod panels;
pub mod reading;
pub mod recording;
pub mod reload;
pub(crate) mod replayed;
pub mod requests;
pub mod results;
pub mod row;
pub mod runbook;
pub mod runs;
pub(crate) mod saying;
pub mod screens;
pub mod service;
pub mod start;
pub mod state;
pub mod strip;
pub mod tails;
pub mod tick;
pub mod toasts;
pub mod update;
mod verifying;
mod wall;
