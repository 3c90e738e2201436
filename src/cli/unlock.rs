//! `opsroom unlock`: releases the lock of a run that has ended.

use clap::Args;

use super::output::{self, exit};
use super::{Global, configuration, desk};
use crate::model::text::SafeText;
use crate::runtime::runs::RunDesk;

/// Arguments of `opsroom unlock`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The id of the run that holds the lock
    id: String,
    /// How you know that the run has ended; recorded in the audit log
    #[arg(long, value_name = "TEXT")]
    why: String,
}

/// Releases a lock and records it.
pub fn run(arguments: &Arguments, global: &Global) -> u8 {
    if arguments.why.trim().is_empty() {
        return output::fail(exit::USAGE, "--why is empty", "say how you know that the run has ended");
    }
    if let Err(code) = configuration::refuse_if_read_only(global, "nothing can be unlocked here") {
        return code;
    }
    match output::block_on(unlock(arguments, global)) {
        Ok(code) => code,
        Err(error) => output::fail(exit::SOFTWARE, &format!("can't start threads: {error}"), ""),
    }
}

async fn unlock(arguments: &Arguments, global: &Global) -> u8 {
    let (desk, _) = match desk::open_and_take_in(global).await {
        Ok(opened) => opened,
        Err(code) => return code,
    };
    let code = unlock_at(&desk, arguments).await;
    desk.close().await;
    code
}

async fn unlock_at(desk: &RunDesk, arguments: &Arguments) -> u8 {
    match desk.unlock(&arguments.id, &arguments.why).await {
        Ok(Some((lock, live))) => {
            if live {
                output::complain(&format!(
                    "warning: run {} is still running; another one may now start beside it\n",
                    lock.id
                ));
            }
            let text =
                format!("unlocked {}, which {} held on {} ({})", lock.target, lock.holder, lock.host, lock.reason);
            output::print(&format!("{}\n", SafeText::new(&text)))
        }
        Ok(None) => {
            let hint = "see `opsroom runs` for the locks; a run that ended has released its own";
            output::fail(exit::USAGE, &format!("no lock with id `{}`", arguments.id), hint)
        }
        Err(error) => desk::broken(&error),
    }
}
