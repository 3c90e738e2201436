//! `opsroom unlock`: releases the lock of a run that has ended.

use clap::Args;

use super::output::{self, exit};
use super::{Global, configuration};
use crate::cli::run_service;
use crate::config::titles::locked_for;
use crate::runtime::runs::RunService;
use crate::runtime::unlocking::Held;
use crate::text::SafeText;

/// Arguments of `opsroom unlock`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The id of the run that holds the lock
    id: String,
    /// How you know that the run has ended; recorded in the audit log
    #[arg(long, value_name = "TEXT")]
    why: String,
    /// Release it although processes of the run are still there; recorded with their names
    #[arg(long)]
    force: bool,
}

/// Releases a lock and records it.
pub(crate) fn run(arguments: &Arguments, global: &Global) -> u8 {
    if arguments.why.trim().is_empty() {
        return output::fail(exit::USAGE, "--why is empty", "say how you know that the run has ended");
    }
    if let Err(code) = configuration::refuse_if_read_only(global, "nothing can be unlocked here") {
        return code;
    }
    output::carry_out(unlock(arguments, global))
}

async fn unlock(arguments: &Arguments, global: &Global) -> u8 {
    // None is made to say that no lock is in it.
    let (run_service, _) = match run_service::look_and_take_in(global).await {
        Ok(Some(opened)) => opened,
        Ok(None) => return no_lock(&arguments.id),
        Err(code) => return code,
    };
    let code = unlock_at(&run_service, arguments, global).await;
    run_service.close().await;
    code
}

async fn unlock_at(run_service: &RunService, arguments: &Arguments, global: &Global) -> u8 {
    let held = match run_service.held(&arguments.id).await {
        Ok(Some(held)) => held,
        Ok(None) => return no_lock(&arguments.id),
        Err(error) => return run_service::broken(&error),
    };
    let against = held.against();
    if !against.is_empty() && !arguments.force {
        return refuse(&held, &against);
    }
    if let Some(unseen) = held.unseen.as_ref().filter(|_| !held.hidden) {
        output::eprint_error(&format!("warning: {}\n", SafeText::new(unseen)));
    }
    match run_service.unlock(&arguments.id, &arguments.why, &against).await {
        Ok(Some(lock)) => {
            let reason = locked_for(&configuration::for_titles(global).actions, &lock);
            let text = format!("unlocked {}, which {} held on {} ({reason})", lock.target, lock.holder, lock.host);
            for one in &against {
                output::eprint_error(&format!("warning: still there: {one}\n"));
            }
            output::print(&format!("{}\n", SafeText::new(&text)))
        }
        Ok(None) => no_lock(&arguments.id),
        Err(error) => run_service::broken(&error),
    }
}

fn no_lock(id: &str) -> u8 {
    let hint = "see `opsroom runs` for the locks; a run that ended has released its own";
    output::fail(exit::USAGE, &format!("no lock with id `{id}`"), hint)
}

/// Says what still works under the lock, and what to do.
fn refuse(held: &Held, against: &[String]) -> u8 {
    let (id, target) = (&held.lock.id, &held.lock.target);
    let problem = format!("{target} stays locked, run {id} is not over: {}", against.join("; "));
    let stop = if held.supervisor.is_some() {
        format!("follow it with opsroom runs {id} --follow")
    } else if held.left.is_empty() {
        "ask that user, or root, to look".to_owned()
    } else {
        let pids: Vec<String> = held.left.iter().map(|process| process.pid.to_string()).collect();
        format!("wait for them, or stop them with kill {}", pids.join(" "))
    };
    let hint = format!("{stop}; to release it all the same: opsroom unlock {id} --force --why TEXT");
    output::fail(exit::CRITICAL, &problem, &hint)
}
