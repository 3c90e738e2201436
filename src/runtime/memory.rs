//! What this process takes of the machine.

/// Resident memory in bytes, where the system keeps it under `/proc`.
#[expect(clippy::disallowed_methods, reason = "a file of the kernel's, which never waits for a disk")]
pub(super) fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}
