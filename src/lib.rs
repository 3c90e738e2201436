//! opsroom: a terminal operations console.
//!
//! Data flows one way: [`sources`] and the terminal make messages, [`app`] turns state and message into state and
//! effects, [`ui`] draws the state, [`runtime`] runs the loop and carries the effects out through [`actions`] and
//! [`store`]. A room uses rooms on the floors below it, never one above or beside it, except as
//! `tests/it/architecture.rs` says.
//!
//! # Floor 0
//!
//! [`text`] makes text from outside safe to draw, and takes secrets out of it.
//! *Invariant:* what holds a `SafeText` has no control character and no known secret.
//!
//! [`lang`] has the small languages of a configuration (jq expression, condition, selector, unit, key, time), and
//! diagnostics with their places.
//! *Invariant:* pure and total: any text gives a value or an error with its place.
//!
//! # Floor 1
//!
//! [`logs`] is the pure half of the log engine: record, ring, view, filter, fields, patterns, histogram.
//! *Invariant:* bounded: what is dropped is counted.
//!
//! [`model`] has the domain's words, and the payloads that rooms exchange: observation, effect, outcome.
//! *Invariant:* no I/O and no clock; time arrives as data.
//!
//! [`files`] finds, opens, bounds and trusts files; [`clock`] reads the time.
//! *Invariant:* the only clock; no file is followed where others could have put it.
//!
//! # Floor 2
//!
//! [`process`] starts children in a group and an environment of their own, bounds and ends them.
//! *Invariant:* every child of ours is started here.
//!
//! [`config`] makes one TOML file a validated `Config`. Sections (`SECTIONS`), kinds of sources (`KINDS`), panels
//! (`PANELS`) and the built-in screens and adapters are lists of data.
//! *Invariant:* only `config::load` reads configurations; what was parsed is kept parsed.
//!
//! [`theme`] makes roles styles.
//! *Invariant:* a broken theme is noted and never stops the console.
//!
//! # Floor 3
//!
//! [`world`] is what is known: checks, metrics, services, logs, alerts, runs, timeline, evidence.
//! *Invariant:* a pure fold over observations and ticks that knows no screen; a reading touches what depends on it alone.
//!
//! [`sources`] brings data in: the scheduler, `kinds` (a file a kind), the log engine's other half.
//! *Invariant:* what leaves it is parsed, judged, masked, sanitised and bounded.
//!
//! [`actions`] changes the outside: plans run under a supervisor of their own.
//! *Invariant:* nothing runs that was not planned, shown and recorded.
//!
//! [`store`] remembers runs, locks and the audit.
//! *Invariant:* the audit is a chain; a store that is not the one it was is not written to.
//!
//! # Floors 4 and 5
//!
//! [`report`] is the world as text and JSON, for a shell.
//! *Invariant:* no I/O and no judgement of its own: it says what the world says.
//!
//! [`app`] is the pure core: `update(&mut State, Message) -> Vec<Effect>`, with `panels` and `overlays` a file each.
//! *Invariant:* the same messages give the same state.
//!
//! [`ui`] draws it: `panels`, `overlays`, `widgets`.
//! *Invariant:* read-only; the same state gives the same cells.
//!
//! # Floors 6 and 7
//!
//! [`runtime`] has the only loop, the terminal, and a carrier for each kind of effect.
//! *Invariant:* whatever ends the program, the terminal is given back; nothing but a message changes the state.
//!
//! [`listen`] serves `/metrics` and `/health` of a watcher over HTTP.
//! *Invariant:* a request changes nothing, and is bounded in size and time.
//!
//! [`cli`] has the commands, a file each, and the demo.
//! *Invariant:* nothing but the asked-for output goes to stdout.

pub mod actions;
pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod files;
pub mod lang;
pub(crate) mod listen;
pub mod logs;
pub mod model;
pub mod process;
pub mod report;
pub mod runtime;
pub mod sources;
pub mod store;
pub mod text;
pub mod theme;
pub mod ui;
pub mod world;
