//! Names of configured things.

use std::sync::Arc;

/// The name of a configured thing (`api` in `[check.api]`): cheap to clone, ordered, comparable with `&str`
/// through [`AsRef`]. Config accepts `[A-Za-z0-9_.-]`, 1 to 64 characters, so a name is always safe to draw.
pub type Name = Arc<str>;
