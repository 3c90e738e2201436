//! All tests from outside: of the library through what it exports, and of the program as a process. They are one
//! binary, since each binary links the whole program again.
//!
//! Under `cargo test` they share a process; what counts or kills the children of its process asks for
//! [`support::alone`].
#![expect(unreachable_pub, reason = "one binary: its modules are reached from no other crate")]

mod adapters;
mod architecture;
mod as_it_is;
mod at_a_glance;
mod away;
mod causes;
mod charts;
mod check;
mod command_logs;
mod complaints;
mod complaints_app;
mod config;
mod described;
mod desk;
mod details;
mod docker;
mod engine;
mod formats;
mod hanging;
mod header;
mod http;
mod in_terminal;
mod jq;
mod lease;
mod log_screen;
mod log_summaries;
mod log_whole;
mod logs;
mod mounts;
mod nginx;
mod old_stores;
mod postgres;
mod properties;
mod pty;
mod replay;
mod rollups;
mod run_command;
mod run_directories;
mod runbook;
mod scenarios;
mod screens;
mod screenshots;
mod selection;
mod sharing;
mod shells;
mod sources;
mod states;
mod status;
mod store_command;
mod store_faults;
mod store_import;
mod store_states;
mod store_team;
mod story_app;
mod supervisor;
mod support;
mod tailing;
mod tasks;
mod transient;
mod trust;
mod unseen;
