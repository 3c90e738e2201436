//! One file a section: what it holds, and how it is read.

pub mod action;
pub mod adapter;
pub mod alerts;
pub mod check;
pub mod console;
pub mod defaults;
pub mod filter;
pub mod keys;
pub mod log;
pub mod metric;
pub mod screen;
pub mod secret;
pub mod service;
pub mod source;

use super::spec::{SectionShape, SectionSpec};

/// `include = [...]`: what it names is merged before anything is read.
const INCLUDE: SectionSpec = SectionSpec {
    name: "include",
    shape: SectionShape::List,
    thing: None,
    help: "Further files, as globs; their sections are merged into this file's",
    read: |_, _| {},
    changes: |_, _, _| {},
};

/// Every section of this version, in the order in which they are read: what a section refers to by more than a name
/// stands before it.
pub(crate) const SECTIONS: &[SectionSpec] = &[
    INCLUDE,
    console::SECTION,
    defaults::SECTION,
    service::SECTION,
    source::SECTION,
    check::SECTION,
    metric::SECTION,
    log::SECTION,
    adapter::SECTION,
    action::SECTION,
    screen::SECTION,
    filter::SECTION,
    keys::SECTION,
    secret::SECTION,
];
