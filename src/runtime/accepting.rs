//! Which store a `run_service` works at, and the way out where it is not the one that was used before.

use std::io;
use std::path::Path;
use std::time::Duration;

use super::identity::Identity;
use super::runs::RunService;
use crate::clock::Clock;
use crate::files::made;
use crate::store::address::StoreAddress;
use crate::store::place::StoreLocation;
use crate::store::trust::Accepted;
use crate::store::{Store, StoreError};

impl RunService {
    /// Opens the store to look at it; makes nothing. See [`Store::look`].
    ///
    /// # Errors
    /// As there.
    pub(crate) async fn open_to_look(
        store: Option<&str>,
        state_directory: &Path,
        clock: Clock,
    ) -> Result<Self, StoreError> {
        let (place, identity) = made_place(store, state_directory)?;
        let store = Store::look(&place).await?;
        Ok(Self::over(store, place, identity, state_directory, clock))
    }

    /// Opens the store where it was made before; makes nothing. See [`Store::open_made`].
    ///
    /// # Errors
    /// As there.
    pub(crate) async fn open_made(
        store: Option<&str>,
        state_directory: &Path,
        clock: Clock,
    ) -> Result<Self, StoreError> {
        let (place, identity) = made_place(store, state_directory)?;
        let store = Store::open_made(&place).await?;
        Ok(Self::over(store, place, identity, state_directory, clock))
    }

    /// Opens the store again that `used` worked at; makes nothing. See [`Store::open_again`].
    ///
    /// # Errors
    /// As there.
    pub(super) async fn open_again(
        store: Option<&str>,
        state_directory: &Path,
        clock: Clock,
        used: &Self,
    ) -> Result<Self, StoreError> {
        let (place, identity) = made_place(store, state_directory)?;
        let store = Store::open_again(&place, used.store()).await?;
        Ok(Self::over(store, place, identity, state_directory, clock))
    }

    /// Opens the store to import into it, or makes one. See [`Store::open_for_import`].
    ///
    /// # Errors
    /// As there.
    pub(crate) async fn open_for_import(
        store: Option<&str>,
        state_directory: &Path,
        clock: Clock,
    ) -> Result<Self, StoreError> {
        let identity = Identity::present();
        made::own_directory(state_directory).map_err(StoreError::Untrusted)?;
        let place = place(store, state_directory, &identity)?;
        let store = Store::open_for_import(&place).await?;
        Ok(Self::over(store, place, identity, state_directory, clock))
    }

    /// Takes what lies where the store should be for the store from now on, on record, and puts into it what directories here
    /// tell of runs that it does not know. `kept` is how long runs are kept; `None`: for ever.
    ///
    /// # Errors
    /// It can't be opened or written, or is no store of ours.
    pub(crate) async fn accept(
        store: Option<&str>,
        state_directory: &Path,
        (why, kept): (&str, Option<Duration>),
        clock: Clock,
    ) -> Result<(Accepted, Vec<String>), StoreError> {
        let identity = Identity::present();
        made::own_directory(state_directory).map_err(StoreError::Untrusted)?;
        let place = place(store, state_directory, &identity)?;
        let accepted = Store::accept(&place, &identity.who, why, clock.now().utc).await?;
        if accepted.doubt.is_none() {
            return Ok((accepted, Vec::new()));
        }
        let run_service = Self::over(accepted.store.clone(), place, identity, state_directory, clock);
        let restored = run_service.restore_runs(kept).await?;
        Ok((accepted, restored))
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

/// The same, and who asks, for whoever makes nothing: the state directory is looked at only where it is there.
fn made_place(store: Option<&str>, state_directory: &Path) -> Result<(StoreLocation, Identity), StoreError> {
    let identity = Identity::present();
    // Nor is a directory made where a link leads that has lost its target.
    let is_missing = matches!(state_directory.metadata(), Err(error) if error.kind() == io::ErrorKind::NotFound);
    if !is_missing {
        made::own_directory(state_directory).map_err(StoreError::Untrusted)?;
    }
    Ok((place(store, state_directory, &identity)?, identity))
}
