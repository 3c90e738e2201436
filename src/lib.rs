//! opsroom: a terminal operations console.
//!
//! Data flows one way: `sources` and the terminal make messages, [`app`] turns state and message into state and
//! effects, `ui` draws the state, `runtime` runs the loop and carries the effects out through `actions` and `store`.
//! A room uses rooms on the floors below it, never one above or beside it, except as `tests/it/architecture.rs` says.
//!
//! Floor 0: [`text`] makes what comes from outside safe to draw, and takes secrets out of it. [`lang`] has the small
//! languages of the configuration, with diagnostics.
//! *Invariant:* pure, total, and nothing of ours below them.
//!
//! Floor 1: [`logs`] is the pure half of the log engine. [`model`] has the domain's words and the payloads that rooms
//! exchange, which carry records; so it stands on `logs`. [`files`] finds, opens and trusts files; [`clock`] reads the time.
//! *Invariant:* no I/O but in `files` and `clock`; time arrives as data.
//!
//! Floor 2: [`process`] starts, reads and ends children. [`config`] makes one TOML file a validated `Config`. [`theme`] makes
//! roles styles.
//! *Invariant:* only `config::load` reads configurations; every child is started in `process`.
//!
//! Floor 3: [`sources`] brings data in, [`actions`] changes the outside, [`store`] remembers, [`world`] is what is known.
//! *Invariant:* they know nothing of each other, and nothing of a screen.
//!
//! Floor 4 and 5: [`app`] is the pure core; [`ui`] draws it.
//! *Invariant:* the same messages give the same state, and the same state the same cells.
//!
//! Floor 6 and 7: [`runtime`] has the only loop; [`cli`] the commands.
//! *Invariant:* whatever ends the program, the terminal is given back.

pub mod actions;
pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod files;
pub mod lang;
pub mod logs;
pub mod model;
pub mod process;
pub mod runtime;
pub mod sources;
pub mod store;
pub mod text;
pub mod theme;
pub mod ui;
pub mod world;
