//! The process group of a step: signalling it, and seeing who is left.

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use crate::actions::rundir::Survivor;
use crate::model::text::SafeText;

/// The group of one step, named by its leader. The leader is not reaped before the last signal was sent, so that the
/// number can't have passed to a stranger.
#[derive(Debug, Clone, Copy)]
pub struct Group(Pid);

impl Group {
    /// The group led by the child `id`. `None` for 0 and 1, which would mean ourselves and everybody.
    pub fn of(id: u32) -> Option<Self> {
        let raw = i32::try_from(id).ok().filter(|raw| *raw > 1)?;
        Pid::from_raw(raw).map(Self)
    }

    /// Sends `signal` to every member. A group that is gone is no error.
    pub fn signal(self, signal: Signal) {
        let _ = kill_process_group(self.0, signal);
    }

    /// Whether the leader has ended; it is left to be reaped.
    pub fn leader_ended(self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        // An error means that there is nothing to wait for any more.
        !matches!(waitid(WaitId::Pid(self.0), options), Ok(None))
    }

    /// The members that still run (zombies do not).
    pub fn members(self) -> Vec<Survivor> {
        let group = self.0.as_raw_nonzero().get();
        processes().into_iter().filter(|process| process.group == group).map(Process::into_survivor).collect()
    }
}

/// Processes anywhere that carry `mark` (`NAME=VALUE`) in their environment: those that left the group with `setsid`
/// show themselves this way. Only where `/proc` tells.
pub fn marked(mark: &str) -> Vec<Survivor> {
    let carries = |process: &Process| {
        let environment = super::super::files::read_bounded(format!("/proc/{}/environ", process.id).as_ref(), 4 << 20);
        environment.ok().flatten().is_some_and(|bytes| bytes.split(|byte| *byte == 0).any(|one| one == mark.as_bytes()))
    };
    processes().into_iter().filter(carries).map(Process::into_survivor).collect()
}

struct Process {
    id: i32,
    group: i32,
    name: String,
}

impl Process {
    fn into_survivor(self) -> Survivor {
        Survivor { pid: self.id, name: SafeText::new(&self.name) }
    }
}

#[cfg(target_os = "linux")]
fn processes() -> Vec<Process> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let read = |id: i32| {
        let stat = super::super::files::read_bounded(format!("/proc/{id}/stat").as_ref(), 4096).ok()??;
        let stat = String::from_utf8_lossy(&stat);
        // `PID (NAME) STATE PPID PGRP …`; the name may hold anything, also parentheses.
        let (head, tail) = stat.rsplit_once(')')?;
        let mut fields = tail.split_ascii_whitespace();
        let state = fields.next()?;
        let group = fields.nth(1)?.parse().ok()?;
        let name = head.split_once('(')?.1.to_owned();
        (!matches!(state, "Z" | "X")).then_some(Process { id, group, name })
    };
    entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter_map(read).collect()
}

#[cfg(not(target_os = "linux"))]
fn processes() -> Vec<Process> {
    let listed = std::process::Command::new("ps").args(["-A", "-o", "pid=,pgid=,stat=,comm="]).output();
    let Ok(listed) = listed else { return Vec::new() };
    let read = |line: &str| {
        let mut fields = line.split_ascii_whitespace();
        let id = fields.next()?.parse().ok()?;
        let group = fields.next()?.parse().ok()?;
        let state = fields.next()?;
        (!state.starts_with('Z')).then(|| Process { id, group, name: fields.collect::<Vec<_>>().join(" ") })
    };
    String::from_utf8_lossy(&listed.stdout).lines().filter_map(read).collect()
}
