//! Secrets stand in our memory: no crash may write it to a disk.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Keeps this process from leaving a core dump and, on Linux, its memory from being read by the person's other programs.
/// A child process is as dumpable as any other once it runs its own program; it inherits the limit, which it may raise.
pub(crate) fn forbid() {
    let limit = Rlimit { current: Some(0), maximum: getrlimit(Resource::Core).maximum };
    let limited = setrlimit(Resource::Core, limit);
    #[cfg(target_os = "linux")]
    let limited = limited.and({
        // Where dumps are given to a program (`core_pattern` with `|`), the limit alone does not stop them.
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        set_dumpable_behavior(DumpableBehavior::NotDumpable)
    });
    if let Err(error) = limited {
        tracing::warn!(%error, "core dumps can't be forbidden");
    }
}
