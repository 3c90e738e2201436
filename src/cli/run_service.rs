//! The `run_service` of a command: the store opened, what ended meanwhile taken in.

use std::path::PathBuf;

use super::Global;
use super::configuration::{self, ConfiguredStore};
use super::output::{self, exit};
use crate::runtime::runs::{Recovered, RunService};
use crate::runtime::{paths, secrets};
use crate::store::StoreError;

/// The state directory. Where the environment names one that can't be, it is said on stderr.
///
/// # Errors
/// The exit code.
pub(crate) fn state_directory() -> Result<PathBuf, u8> {
    paths::state_directory().map_err(|distrust| output::fail(exit::UNKNOWN, &distrust.reason, &distrust.hint))
}

/// The URL of the store that `--store` names, else the configuration; `None`: the file in the state directory.
///
/// # Errors
/// The exit code.
pub(crate) async fn url(global: &Global) -> Result<Option<String>, u8> {
    if let Some(url) = &global.store {
        return Ok(Some(url.clone()));
    }
    let ConfiguredStore { url: Some(url), secrets } = configuration::store(global)? else { return Ok(None) };
    let (secrets, _) = secrets::resolve(&secrets).await;
    url.resolve_url(&secrets).map(Some).map_err(|missing| broken(&StoreError::Secret(missing)))
}

/// Opens the store. Where that fails, it is said on stderr and the exit code is the error.
///
/// # Errors
/// The exit code.
pub(crate) async fn open(global: &Global) -> Result<RunService, u8> {
    let run_service = open_unquestioned(global).await?;
    if let Err(doubt) = run_service.store().trusted().await {
        output::eprint_error(&format!("warning: {doubt}; changing actions are refused\nhint: {}\n", doubt.hint()));
    }
    Ok(run_service)
}

/// Opens the store without a word on whether it is complete.
///
/// # Errors
/// The exit code.
pub(crate) async fn open_unquestioned(global: &Global) -> Result<RunService, u8> {
    let directory = state_directory()?;
    RunService::open(url(global).await?.as_deref(), &directory, global.clock).await.map_err(|error| broken(&error))
}

/// Whether there is anything to open; see [`RunService::is_begun`].
///
/// # Errors
/// The exit code.
pub(crate) async fn is_begun(global: &Global) -> Result<bool, u8> {
    RunService::is_begun(url(global).await?.as_deref(), &state_directory()?).map_err(|error| broken(&error))
}

/// Opens the store and takes in what ended while no console was open.
///
/// # Errors
/// The exit code.
pub(crate) async fn open_and_take_in(global: &Global) -> Result<(RunService, Recovered), u8> {
    let run_service = open(global).await?;
    let taken = run_service.take_in().await.map_err(|error| broken(&error))?;
    Ok((run_service, taken))
}

/// Says what is wrong with the store.
pub(crate) fn broken(error: &StoreError) -> u8 {
    output::fail(exit::UNKNOWN, &error.to_string(), error.hint())
}
