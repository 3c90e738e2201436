//! What is known of the world: one file a kind of thing, each joining the configuration with what was observed.

pub mod alerts;
pub mod checks;
pub mod diagnostics;
pub mod logs;
pub(in crate::app) mod membership;
pub mod metrics;
pub mod runs;
pub mod services;
pub mod tails;
pub mod timeline;
pub mod toasts;
