//! What several modules of tests share.

pub mod alone;
pub mod app;
pub mod following;
pub mod frame;
pub mod month;
pub mod plans;
pub mod properties;
pub mod pty;
pub mod recorded;
pub mod room;
pub mod scenario;
pub mod seed;
pub mod server;
pub mod service;
pub mod shared;
pub mod shell;
pub mod team;
pub mod watcher;
pub mod world;
