//! The `run_service` of a command: the store opened, what ended meanwhile taken in.

use std::path::{Path, PathBuf};

use super::Global;
use super::configuration::{self, ConfiguredStore};
use super::output::{self, exit};
use super::span::Refusal;
use crate::lang::store_url;
use crate::runtime::runs::{Recovered, RunService};
use crate::runtime::{paths, secrets};
use crate::store::address::StoreAddress;
use crate::store::{Store, StoreError};

/// The state directory. Where the environment names one that can't be, it is said on stderr.
///
/// # Errors
/// The exit code.
pub(crate) fn state_directory() -> Result<PathBuf, u8> {
    paths::state_directory().map_err(|distrust| output::fail(exit::UNKNOWN, &distrust.reason, &distrust.hint))
}

/// Refuses a `--store` that asks for a secret: what stands on a command line is taken as it is.
///
/// # Errors
/// The exit code.
pub(crate) fn refuse_secret(global: &Global) -> Result<(), u8> {
    let refused = store_url::refuse_secret(global.store.as_deref().unwrap_or_default());
    refused.map_err(|bad| broken(&StoreError::Url(bad)))
}

/// The URL of the store that `--store` names, else the configuration; `None`: the file in the state directory.
///
/// # Errors
/// The exit code.
pub(crate) async fn url(global: &Global) -> Result<Option<String>, u8> {
    refuse_secret(global)?;
    if let Some(url) = &global.store {
        return Ok(Some(url.clone()));
    }
    let ConfiguredStore { url: Some(url), secrets } = configuration::store(global)? else { return Ok(None) };
    let (secrets, _) = secrets::resolve(&secrets).await;
    url.resolve_url(&secrets).map(Some).map_err(|missing| broken(&StoreError::Secret(missing)))
}

/// Opens the store to write into it. Where that fails, it is said on stderr and the exit code is the error.
///
/// # Errors
/// The exit code.
async fn open(global: &Global) -> Result<RunService, u8> {
    let directory = state_directory()?;
    let opened = RunService::open(url(global).await?.as_deref(), &directory, global.clock).await;
    let run_service = opened.map_err(|error| broken(&error))?;
    warn(run_service.store()).await;
    Ok(run_service)
}

/// Opens the store to look at what it has, where there is one; makes nothing. `None`: there is none; where somebody named
/// the place and it `may_be_missing` there, that is said on stderr.
///
/// # Errors
/// The exit code, also where there is none in a place that somebody named and it may not be missing.
pub(crate) async fn look(global: &Global, may_be_missing: bool) -> Result<Option<RunService>, u8> {
    let Some(run_service) = whole(present(global, may_be_missing).await?).await? else { return Ok(None) };
    warn(run_service.store()).await;
    Ok(Some(run_service))
}

/// As [`look`], where there has to be one.
///
/// # Errors
/// The exit code, also where there is none.
pub(crate) async fn look_at_one(global: &Global) -> Result<RunService, u8> {
    one(look(global, false).await?)
}

/// It, where there is one; `None` is none in the usual place: of any other that is said before.
fn one(found: Option<RunService>) -> Result<RunService, u8> {
    if let Some(run_service) = found {
        return Ok(run_service);
    }
    let path = state_directory()?.join("opsroom.db").display().to_string();
    Err(broken(&StoreError::Missing { path }))
}

/// Opens the store to verify its audit, without a word on whether it lost anything.
///
/// # Errors
/// The exit code: whether there is nothing to verify, or the audit can't be read.
pub(crate) async fn look_to_verify(global: &Global) -> Result<RunService, u8> {
    let (directory, url) = (state_directory()?, url(global).await?);
    let opened = match RunService::open_to_look(url.as_deref(), &directory, global.clock).await {
        Ok(run_service) => run_service.store().clone().whole().await.map(|_| run_service),
        Err(error) => Err(error),
    };
    opened.map_err(|error| match error {
        StoreError::Missing { .. } => output::fail(exit::UNKNOWN, &format!("nothing to verify: {error}"), error.hint()),
        error => output::fail(exit::CRITICAL, &error.to_string(), error.hint()),
    })
}

/// Opens the store to look at it, also where an import into it is not at its end; there has to be one.
///
/// # Errors
/// The exit code, also where there is none.
pub(crate) async fn look_at_any(global: &Global) -> Result<RunService, u8> {
    one(present(global, false).await?)
}

/// The store that is there. `None`: there is none, and nobody named another place, or that `may_be_missing`: then it is said
/// on stderr.
async fn present(global: &Global, may_be_missing: bool) -> Result<Option<RunService>, u8> {
    let (directory, url) = (state_directory()?, url(global).await?);
    match RunService::open_to_look(url.as_deref(), &directory, global.clock).await {
        Ok(run_service) => Ok(Some(run_service)),
        Err(StoreError::Missing { .. }) if url.is_none() => Ok(None),
        // Not made yet, or named wrongly: nothing is on record there either way.
        Err(error @ StoreError::Missing { .. }) if may_be_missing && can_be_made(url.as_deref(), &directory) => {
            output::eprint_error(&format!("warning: {error}\nhint: {}\n", error.hint()));
            Ok(None)
        }
        Err(error) => Err(broken(&error)),
    }
}

/// Whether a store can begin in a place that somebody named: a server's database, or a file in a directory that is there.
fn can_be_made(url: Option<&str>, state_directory: &Path) -> bool {
    match StoreAddress::locate(url, state_directory) {
        Ok(StoreAddress::File(path)) => path.parent().is_none_or(|at| at.as_os_str().is_empty() || at.is_dir()),
        Ok(StoreAddress::Server(_)) => true,
        Err(_) => false,
    }
}

/// It, where no import into it is unfinished.
async fn whole(run_service: Option<RunService>) -> Result<Option<RunService>, u8> {
    let Some(run_service) = run_service else { return Ok(None) };
    match run_service.store().clone().whole().await {
        Ok(_) => Ok(Some(run_service)),
        Err(error) => Err(broken(&error)),
    }
}

/// Looks at the store, and takes in what ended while no console was open, where the store may be written.
///
/// # Errors
/// As [`look`].
pub(crate) async fn look_and_take_in(global: &Global) -> Result<Option<(RunService, Recovered)>, u8> {
    let Some(run_service) = look(global, true).await? else { return Ok(None) };
    if run_service.store().is_read_only() {
        return Ok(Some((run_service, Recovered::default())));
    }
    match run_service.take_in().await {
        Ok(taken) => Ok(Some((run_service, taken))),
        Err(error) if error.is_of_rights() => Ok(Some((run_service, Recovered::default()))),
        Err(error) => Err(broken(&error)),
    }
}

/// Says what speaks against the store.
pub(crate) async fn warn(store: &Store) {
    if let Err(doubt) = store.trusted().await {
        output::eprint_error(&format!("warning: {doubt}; changing actions are refused\nhint: {}\n", doubt.hint()));
    }
}

/// Closes a store that was read, and returns the exit code: what was printed of one that something speaks against may not
/// be all.
pub(crate) async fn close_read(run_service: &RunService, code: u8) -> u8 {
    let store = run_service.store();
    let is_partial = store.is_partial();
    if is_partial {
        let hint = "`opsroom store check` lists them";
        output::eprint_error(&format!("warning: some roll-ups can't be read and were left out\nhint: {hint}\n"));
    }
    let is_whole = store.trusted().await.is_ok() && !is_partial;
    run_service.close().await;
    if is_whole { code } else { code.max(exit::WARNING) }
}

/// Opens the store to import into it, and makes one where there is none.
///
/// # Errors
/// The exit code.
pub(crate) async fn open_for_import(global: &Global) -> Result<RunService, u8> {
    let (directory, url) = (state_directory()?, url(global).await?);
    RunService::open_for_import(url.as_deref(), &directory, global.clock).await.map_err(|error| broken(&error))
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

/// Opens the store to change what it says, does that, and closes it. Where it can't be opened, that is said on stderr and the
/// exit code is the error.
pub(crate) async fn changing(global: &Global, work: impl AsyncFnOnce(&RunService) -> u8) -> u8 {
    let (run_service, _) = match open_and_take_in(global).await {
        Ok(opened) => opened,
        Err(code) => return code,
    };
    let code = work(&run_service).await;
    run_service.close().await;
    code
}

/// As [`changing`], for a command that names what has to be there already. `unknown` is what is said where nothing is on record,
/// and then no store is made; `None`: the configuration has it.
pub(super) async fn changing_known(
    global: &Global,
    unknown: Option<Refusal>,
    work: impl AsyncFnOnce(&RunService) -> u8,
) -> u8 {
    let Some((problem, hint)) = unknown else { return changing(global, work).await };
    let (run_service, _) = match look_and_take_in(global).await {
        Ok(Some(opened)) => opened,
        Ok(None) => return output::fail(exit::USAGE, &problem, &hint),
        Err(code) => return code,
    };
    let code = work(&run_service).await;
    run_service.close().await;
    code
}

/// Says what is wrong with the store.
pub(crate) fn broken(error: &StoreError) -> u8 {
    output::fail(exit::UNKNOWN, &error.to_string(), error.hint())
}
