//! What the terminal of this console signalled.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::governor::SendLog;
use crate::text::name::Name;

/// The firings that each channel signalled, and when it did.
#[derive(Debug, Clone, Default)]
pub(super) struct Signalled {
    pub channels: BTreeMap<Name, (BTreeSet<Name>, SendLog)>,
}
