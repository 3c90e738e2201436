//! `opsroom demo`: a built-in world on loopback that breaks by itself and is really fixed by the actions.
//!
//! The world is a pure function of seed, time and what was done to it ([`world`]). It is served over HTTP within this
//! process, its logs are real files that rotate, and its adapters are real child processes. Its store begins with five weeks of
//! history ([`past`]), which a simulation reads from memory ([`memory`]).

pub mod answers;
pub mod backup;
mod company;
pub mod control;
pub mod journal;
mod memory;
mod past;
pub mod run;
pub mod server;
pub mod simulate;
pub mod stage;
pub mod world;
