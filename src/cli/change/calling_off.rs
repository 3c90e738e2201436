//! Calling a change or a freeze off, before it begins or while it goes on.

use chrono::{DateTime, Utc};

use super::{ChangeLine, coming};
use crate::cli::alerts::{put, say};
use crate::cli::output::{self, exit};
use crate::cli::span::Refusal;
use crate::cli::{Global, run_service};
use crate::config::Config;
use crate::lang::nearest::listed;
use crate::model::fact::{ChangeSaid, Statement};
use crate::model::thing::ChangeRecord;
use crate::runtime::runs::RunService;
use crate::text::SafeText;

/// Calls one off, and says so.
pub(super) async fn call_off(id: &str, why: &str, json: bool, config: &Config, global: &Global) -> u8 {
    let unknown = Some(not_standing(id, &[], config, global.clock.now().utc));
    let work = async |run_service: &RunService| call_off_at(run_service, id, why, json, config).await;
    run_service::changing_known(global, unknown, work).await
}

async fn call_off_at(run_service: &RunService, id: &str, why: &str, json: bool, config: &Config) -> u8 {
    let now = run_service.now();
    let changes = match coming(run_service, now).await {
        Ok(changes) => changes,
        Err(code) => return code,
    };
    let Some(change) = changes.iter().find(|change| *change.id == *id) else {
        let (problem, hint) = not_standing(id, &changes, config, now);
        return output::fail(exit::USAGE, &problem, &hint);
    };
    let called_off = change.calling_off(SafeText::new(why));
    let said = Statement::Change(ChangeSaid::CalledOff(called_off));
    if !json {
        return say(run_service, now, vec![said], &format!("{} `{}` called off\n", change.word(), change.title)).await;
    }
    // It is not listed any more: printed is what does not take place.
    match put(run_service, now, vec![said]).await {
        Ok(()) => {
            let line = ChangeLine { state: "called_off", ..ChangeLine::new(change, now) };
            output::print_as_json("the change", &[line])
        }
        Err(code) => code,
    }
}

/// That no change or freeze of that id can be called off, and which can.
fn not_standing(id: &str, changes: &[ChangeRecord], config: &Config, now: DateTime<Utc>) -> Refusal {
    let hint = if config.freezes_around(now).any(|freeze| *freeze.id == *id) {
        "it is part of the configuration: edit its [freeze] section".to_owned()
    } else if changes.is_empty() {
        "no changes or freezes are active or planned".to_owned()
    } else {
        format!("active and planned: {}", listed(changes.iter().map(|change| &*change.id)))
    };
    (format!("no change or freeze with id `{id}` can be called off"), hint)
}
