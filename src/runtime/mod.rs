//! The only loop: terminal guard, signals, input, frames, supervised tasks, and the runner of effects.
//!
//! [`lifecycle::run`] takes messages in, gives them to `update`, carries the effects out and draws when something shown
//! has changed. Everything slow happens in tasks that [`tasks::Tasks`] watches.
//!
//! *Invariant:* one writer to the terminal, one owner of the state; whatever ends the loop, the terminal is given back.

pub mod accepting;
mod ack_links;
mod acknowledging;
pub mod answers;
mod attaching;
mod borrower;
mod carriers;
pub mod catching_up;
pub(crate) mod checklist_command;
pub mod clipboard;
pub mod core;
pub mod core_dumps;
pub mod effects;
pub mod encode;
pub mod feeds;
pub mod foreground;
pub mod frames;
pub mod handover;
pub mod headless;
mod heartbeats;
pub mod held;
mod history;
pub mod identity;
pub(crate) mod incidents;
pub mod input;
pub mod keys;
mod lease;
pub mod lifecycle;
pub mod line;
pub mod logging;
mod looked;
mod memory;
pub(crate) mod notifying;
mod opening;
pub mod pager;
pub mod painter;
pub mod panics;
pub mod paths;
mod presence;
pub mod recording;
pub mod reload;
pub(crate) mod replay;
mod retention;
pub(crate) mod runbook;
pub mod runs;
mod saving;
pub mod secrets;
pub(crate) mod service_manager;
pub mod shape_history;
pub mod signals;
pub(crate) mod statuspage;
pub mod stopping;
pub mod strays;
pub mod tasks;
pub mod terminal;
pub(crate) mod test_pages;
pub mod tty;
pub mod unlocking;
pub(crate) mod watcher;
pub mod watching;
pub mod writer;
