//! Themes: TOML files to roles to styles.
//!
//! A theme names colours in a palette and gives them to *roles* (`status.down`, `log.match`). A role takes what it does
//! not say itself from the role that its name is an extension of, attribute by attribute: `log.match.current` from
//! `log.match`, that from `log`. A theme may inherit another. Normal text is never given a colour: it is the
//! terminal's own, so that it can be read on light and dark without asking.
//!
//! *Invariant:* a theme is never a failure. What can't be understood is left out and becomes a warning; every role
//! always has a style. No files are read here: the text of a person's own theme is handed in.

mod catalogue;
pub mod color;
pub mod depth;
mod file;
pub mod glyphs;
pub mod role;
mod styles;

pub use catalogue::{Catalogue, DEFAULT_THEME};
pub use depth::ColorDepth;
pub use glyphs::{GlyphSet, Glyphs};
pub use role::Role;
pub use styles::{Canvas, Styles};
