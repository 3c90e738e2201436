//! Which store a `run_service` works at, and the way out where it is not the one that was used before.

use std::path::Path;

use super::identity::Identity;
use super::runs::RunService;
use crate::clock::Clock;
use crate::files::made;
use crate::store::address::StoreAddress;
use crate::store::place::StoreLocation;
use crate::store::trust::Accepted;
use crate::store::{Store, StoreError};

impl RunService {
    /// Whether anything was ever kept: a store, or a state directory. What only reads need not make one to find it empty.
    ///
    /// # Errors
    /// `--store` names none.
    pub(crate) fn is_begun(store: Option<&str>, state_directory: &Path) -> Result<bool, StoreError> {
        let place = place(store, state_directory, &Identity::present())?;
        // A place that somebody names is looked at, and refused where others could change what is in it.
        Ok(store.is_some() || place.at.name().exists() || state_directory.symlink_metadata().is_ok())
    }

    /// Takes what lies where the store should be for the store from now on, on record.
    ///
    /// # Errors
    /// It can't be opened or written, or is no store of ours.
    pub(crate) async fn accept(
        store: Option<&str>,
        state_directory: &Path,
        why: &str,
        clock: Clock,
    ) -> Result<Accepted, StoreError> {
        let identity = Identity::present();
        made::own_directory(state_directory).map_err(StoreError::Untrusted)?;
        let place = place(store, state_directory, &identity)?;
        Store::accept(&place, &identity.who, why, clock.now().utc).await
    }
}

/// Where the store is that `--store` names.
pub(super) fn place(
    store: Option<&str>,
    state_directory: &Path,
    identity: &Identity,
) -> Result<StoreLocation, StoreError> {
    let at = StoreAddress::locate(store, state_directory)?;
    // The supervisor works in another directory.
    let state = std::path::absolute(state_directory).unwrap_or_else(|_| state_directory.to_owned());
    Ok(StoreLocation { at, host: identity.host.clone(), state: Some(state) })
}
