//! Stores of tests.

use std::path::Path;

use chrono::{DateTime, Utc};

use super::Store;
use super::address::StoreAddress;
use super::place::StoreLocation;
use crate::model::lease::LeaseCandidate;

impl Store {
    /// One in a directory of its own.
    pub(super) async fn sample(directory: &Path) -> Self {
        let at = StoreAddress::File(directory.join("opsroom.db"));
        Self::open(&StoreLocation { at, host: "box".to_owned(), state: None }).await.unwrap()
    }

    /// The fence of a console that acts for all from a moment on.
    pub(super) async fn held(&self, at: DateTime<Utc>) -> u64 {
        let (id, who, digest) = ("a".to_owned(), "ana".to_owned(), "d".to_owned());
        let me = LeaseCandidate { id, who, watcher: false, digest, looks_on: false };
        self.lease_turn(&me, at).await.unwrap().fence().unwrap()
    }
}
