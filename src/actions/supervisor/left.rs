//! What a run leaves behind: processes that still run when its steps are over.

use crate::actions::rundir::Survivor;
use crate::process::table::{self, Listed};
use crate::text::SafeText;

/// Processes anywhere that carry `mark` (`NAME=VALUE`) in their environment: those that left the group with `setsid`
/// show themselves this way. Only where `/proc` tells.
pub(crate) fn marked(mark: &str) -> Vec<Listed> {
    let carries = |process: &Listed| table::environment(process.id).iter().any(|one| one == mark.as_bytes());
    table::all().into_iter().filter(carries).collect()
}

/// A process as the end of a run names it.
#[expect(clippy::needless_pass_by_value, reason = "it is given to `map`")]
pub(crate) fn survivor(process: Listed) -> Survivor {
    Survivor { pid: process.id, name: SafeText::new(&process.name) }
}
