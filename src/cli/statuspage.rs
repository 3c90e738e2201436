//! `opsroom statuspage`: the page for the public, once, from what is on record.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::alerts::StoredAlerts;
use super::output::{self, exit};
use super::{Global, configuration, run_service};
use crate::actions::publish::{FileReaders, publish};
use crate::config::Config;
use crate::model::thing::{CheckRecord, StoredThing};
use crate::report::statuspage::{PublicNow, PublicPage, PublicPast, PublicState};
use crate::runtime::runs::RunService;
use crate::runtime::secrets;
use crate::runtime::statuspage::read_past;
use crate::store::StoreError;
use crate::store::incidents::LATEST;
use crate::text::name::Name;
use crate::text::redact::Redactor;
use crate::world::maintenance::MaintenancePlan;

/// Arguments of `opsroom statuspage`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Write index.html, feed.xml and status.json into this directory
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    out: PathBuf,
}

/// Writes the page.
pub(crate) fn run(arguments: &Arguments, global: &Global) -> u8 {
    let config = match configuration::find(global) {
        Ok(found) => found.config,
        Err(code) => return code,
    };
    if config.statuspage.is_none() {
        let hint = "add [statuspage] with `directory` and `services`: what the public may see";
        return output::fail(exit::CONFIG, "the configuration has no [statuspage]", hint);
    }
    output::carry_out(write(&arguments.out, global, config))
}

async fn write(out: &Path, global: &Global, config: Arc<Config>) -> u8 {
    let (secrets, missing) = secrets::resolve(&config.secrets).await;
    for (name, why) in missing {
        output::eprint_error(&format!("warning: secret `{name}`: {why}\n"));
    }
    let services = config.statuspage.as_ref().map_or(0, |page| page.services.len());
    let plan = Arc::new(MaintenancePlan::new(&config, []));
    let at = global.clock.now().utc;
    let services = vec![PublicState::UNKNOWN; services];
    let mut now = PublicNow { at, config, plan, services, incidents: Vec::new() };
    let mut past = PublicPast::default();
    let code = match run_service::look(global, true).await {
        Ok(None) => {
            warn("nothing is on record");
            exit::OK
        }
        Err(code) => return code,
        Ok(Some(opened)) => {
            let code = match read(&mut now, &mut past, &opened).await {
                Ok(()) => exit::OK,
                Err(error) => {
                    opened.close().await;
                    return run_service::broken(&error);
                }
            };
            run_service::close_read(&opened, code).await
        }
    };
    let written = match PublicPage::new(&now, &past, &Redactor::from(&secrets)) {
        Some(page) => page.files(),
        None => return exit::CONFIG,
    };
    let files = match written {
        Ok(files) => files,
        Err(why) => return output::fail(exit::SOFTWARE, &format!("the status page can't be made: {why}"), ""),
    };
    if let Err(error) = publish(out, FileReaders::Everybody, &files) {
        let hint = "name a directory that you may write to";
        return output::fail(exit::SOFTWARE, &format!("the status page can't be written: {error}"), hint);
    }
    let printed = output::print(&format!("status page written to {}\n", out.join("index.html").display()));
    code.max(printed)
}

fn warn(why: &str) {
    output::eprint_error(&format!(
        "warning: {why}: every service is shown as unknown\nhint: run `opsroom watch`, which records statuses\n"
    ));
}

/// Takes in what the store has.
async fn read(now: &mut PublicNow, past: &mut PublicPast, opened: &RunService) -> Result<(), StoreError> {
    let store = opened.store();
    now.plan = Arc::new(StoredAlerts::read(opened).await?.maintenance_plan(&now.config));
    let incidents = store.incidents(LATEST).await?;
    now.incidents = incidents.iter().rev().filter_map(StoredThing::read).collect();
    read_past(store, now, past).await?;
    // What was so when somebody last looked says nothing of now.
    if store.lease_holder().await?.is_none() {
        warn("no watcher or console records statuses now");
        return Ok(());
    }
    let names = now.page().map_or_else(Vec::new, |page| page.services.clone());
    let mut services = Vec::with_capacity(names.len());
    for service in &names {
        let checks: Vec<Name> = now.checks_of(service).cloned().collect();
        services.push(worst(&checks, &store.statuses(&checks).await?));
    }
    now.services = services;
    Ok(())
}

/// The worst of the checks of a service; unknown where one of them never settled and no other is in trouble.
fn worst(checks: &[Name], stored: &[StoredThing]) -> PublicState {
    let records = stored.iter().filter_map(StoredThing::read::<CheckRecord>);
    let known = records.filter_map(|record| PublicState::settled(record.status, record.seen.then_some(record.since)));
    let mut known: Vec<PublicState> = known.collect();
    if known.len() < checks.len() || known.is_empty() {
        known.push(PublicState::UNKNOWN);
    }
    let worst = known.iter().map(|state| state.status).max();
    // It turned when the first of its worst checks did.
    let same = known.into_iter().filter(|state| Some(state.status) == worst);
    same.min_by_key(|state| (state.since.is_none(), state.since)).unwrap_or(PublicState::UNKNOWN)
}
