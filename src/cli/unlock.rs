//! `opsroom unlock`: takes a lock away from a run that is known to be over.

use clap::Args;

use super::output::{self, exit};
use super::{Global, desk};
use crate::model::text::SafeText;

/// Arguments of `opsroom unlock`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The lock's id, which is the id of its run
    id: String,
    /// Why it is known to be over; goes on record
    #[arg(long, value_name = "TEXT")]
    why: String,
}

/// Takes a lock away, on record.
pub fn run(arguments: &Arguments, global: &Global) -> u8 {
    if arguments.why.trim().is_empty() {
        return output::fail(exit::USAGE, "--why is empty", "say how it is known that the run is over");
    }
    if global.read_only {
        return output::fail(exit::USAGE, "read-only: nothing can be unlocked here", "leave --read-only out");
    }
    match output::block_on(unlock(arguments, global)) {
        Ok(code) => code,
        Err(error) => output::fail(exit::SOFTWARE, &format!("the system gives no threads: {error}"), ""),
    }
}

async fn unlock(arguments: &Arguments, global: &Global) -> u8 {
    let (desk, _) = match desk::open_and_take_in(global).await {
        Ok(opened) => opened,
        Err(code) => return code,
    };
    match desk.unlock(&arguments.id, &arguments.why).await {
        Ok(Some((lock, live))) => {
            if live {
                output::complain(&format!("warning: run {} still goes on; another may now begin beside it\n", lock.id));
            }
            let text =
                format!("unlocked {}, which {} held on {} ({})", lock.target, lock.holder, lock.host, lock.reason);
            output::print(&format!("{}\n", SafeText::new(&text)))
        }
        Ok(None) => {
            let hint = "`opsroom runs` shows the locks first; a run that ended has given its own back";
            output::fail(exit::USAGE, &format!("there is no lock {}", arguments.id), hint)
        }
        Err(error) => desk::broken(&error),
    }
}
