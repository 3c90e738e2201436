//! opsroom: a terminal operations console.
//!
//! Data flows one way: `sources` and the terminal make messages, [`app`] turns state and message into state and
//! effects, `ui` draws the state, `runtime` runs the loop and carries the effects out through `actions` and `store`.
//!
//! | floor | room | may use |
//! |---|---|---|
//! | 0 | [`model`] | nothing of ours |
//! | 1 | [`config`] | model |
//! | 1 | [`theme`] | model, config's diagnostics |
//! | 2 | `sources` | model, config |
//! | 2 | `actions` | model, config |
//! | 2 | `store` | model, config |
//! | 3 | [`app`] | model, config, theme (names) |
//! | 4 | [`ui`] | app (reads), model, config, theme |
//! | 5 | `runtime` | all below |
//! | 6 | `cli` | all below |
//!
//! `process` starts, reads and ends child processes for rooms 2 and 5.
//! [`clock`] is the one place that reads the time; rooms 2, 5 and 6 may hold a [`clock::Clock`]. [`files`] says whose
//! files are to be trusted and reads them within bounds, for every room that touches files.
//! `tests/architecture.rs` holds this table.

pub mod actions;
pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod files;
pub mod model;
pub mod process;
pub mod runtime;
pub mod sources;
pub mod store;
pub mod theme;
pub mod ui;
