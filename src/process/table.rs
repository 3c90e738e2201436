//! The processes of this machine, as the system lists them: who is in which group and session, what a process was
//! started as, and signals that can't reach a stranger.

use std::time::Duration;

use rustix::process::{Pid, Signal};

/// One process that runs; zombies do not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Its process id.
    pub id: i32,
    /// Who started it, or took it over since; 0 where that is outside of our container.
    pub parent: i32,
    /// The group that it belongs to.
    pub group: i32,
    /// The session that it belongs to; 0 where the system does not say.
    pub session: i32,
    /// Its name, as the system gives it.
    pub name: String,
    /// When it was started, since the machine was; `None` where the system does not say.
    pub began: Option<Duration>,
}

/// Ticks of `/proc/PID/stat` in a second: fixed for programs since Linux 2.6.
#[cfg(target_os = "linux")]
const TICKS: u64 = 100;

/// Every process.
#[cfg(target_os = "linux")]
pub(crate) fn all() -> Vec<Listed> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter_map(one).collect()
}

/// One process; `None` where it does not run.
#[cfg(target_os = "linux")]
pub(crate) fn one(id: i32) -> Option<Listed> {
    let stat = read(id, "stat")?;
    let stat = String::from_utf8_lossy(&stat);
    // `PID (NAME) STATE PPID PGRP SESSION …`, the 22nd is the start; the name may hold anything, also parentheses.
    let (head, tail) = stat.rsplit_once(')')?;
    let name = head.split_once('(')?.1.to_owned();
    let fields: Vec<&str> = tail.split_ascii_whitespace().collect();
    if matches!(*fields.first()?, "Z" | "X") {
        return None;
    }
    let number = |at: usize| fields.get(at)?.parse::<i32>().ok();
    let (parent, group, session) = (number(1)?, number(2)?, number(3)?);
    let ticks: Option<u64> = fields.get(19).and_then(|ticks| ticks.parse().ok());
    let began = ticks.map(|ticks| Duration::from_millis(ticks.saturating_mul(1000 / TICKS)));
    Some(Listed { id, parent, group, session, name, began })
}

/// The words that a process was started with; empty where that may not be read.
#[cfg(target_os = "linux")]
pub(crate) fn arguments(id: i32) -> Vec<String> {
    zero_separated(&read(id, "cmdline").unwrap_or_default())
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect()
}

/// The environment that a process was started with, as `NAME=VALUE`; empty where that may not be read.
#[cfg(target_os = "linux")]
pub(crate) fn environment(id: i32) -> Vec<Vec<u8>> {
    zero_separated(&read(id, "environ").unwrap_or_default()).map(<[u8]>::to_vec).collect()
}

#[cfg(target_os = "linux")]
fn zero_separated(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.strip_suffix(b"\0").unwrap_or(bytes).split(|byte| *byte == 0).filter(|word| !word.is_empty())
}

/// At most a few megabytes: the kernel bounds them to what a process can be started with.
#[cfg(target_os = "linux")]
fn read(id: i32, what: &str) -> Option<Vec<u8>> {
    use std::io::Read as _;
    let file = std::fs::OpenOptions::new().read(true).open(format!("/proc/{id}/{what}")).ok()?;
    let mut bytes = Vec::new();
    file.take(4 << 20).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Every process.
#[cfg(not(target_os = "linux"))]
pub(crate) fn all() -> Vec<Listed> {
    let listed = std::process::Command::new("ps").args(["-A", "-o", "pid=,ppid=,pgid=,stat=,comm="]).output();
    let Ok(listed) = listed else { return Vec::new() };
    let read = |line: &str| {
        let mut fields = line.split_ascii_whitespace();
        let mut number = || fields.next()?.parse::<i32>().ok();
        let (id, parent, group) = (number()?, number()?, number()?);
        let state = fields.next()?;
        let name = fields.collect::<Vec<_>>().join(" ");
        (!state.starts_with('Z')).then_some(Listed { id, parent, group, session: 0, name, began: None })
    };
    String::from_utf8_lossy(&listed.stdout).lines().filter_map(read).collect()
}

/// One process; `None` where it does not run.
#[cfg(not(target_os = "linux"))]
pub(crate) fn one(id: i32) -> Option<Listed> {
    all().into_iter().find(|listed| listed.id == id)
}

/// The words that a process was started with, as far as `ps` tells them apart.
#[cfg(not(target_os = "linux"))]
pub(crate) fn arguments(id: i32) -> Vec<String> {
    let listed = std::process::Command::new("ps").args(["-o", "command=", "-p", &id.to_string()]).output();
    let text = listed.map(|listed| String::from_utf8_lossy(&listed.stdout).into_owned()).unwrap_or_default();
    text.split_ascii_whitespace().map(str::to_owned).collect()
}

/// Nothing: only `/proc` tells.
#[cfg(not(target_os = "linux"))]
pub(crate) fn environment(_id: i32) -> Vec<Vec<u8>> {
    Vec::new()
}

/// Sends `signal` to the process `id` where `is_it` still says so once the process is held: its number may pass to a
/// stranger at any moment before. False where it is gone, is another, or may not be signalled.
#[cfg(target_os = "linux")]
pub(crate) fn signal(id: i32, signals: &[Signal], is_it: impl Fn(i32) -> bool) -> bool {
    use rustix::process::{PidfdFlags, pidfd_open, pidfd_send_signal};
    let Some(pid) = Some(id).filter(|id| *id > 1).and_then(Pid::from_raw) else { return false };
    let Ok(held) = pidfd_open(pid, PidfdFlags::empty()) else { return false };
    is_it(id) && signals.iter().all(|signal| pidfd_send_signal(&held, *signal).is_ok())
}

/// Sends `signal` to the process `id` where `is_it` says so. False where it is gone, is another, or may not be signalled.
#[cfg(not(target_os = "linux"))]
pub(crate) fn signal(id: i32, signals: &[Signal], is_it: impl Fn(i32) -> bool) -> bool {
    let Some(pid) = Some(id).filter(|id| *id > 1).and_then(Pid::from_raw) else { return false };
    is_it(id) && signals.iter().all(|signal| rustix::process::kill_process(pid, *signal).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_seen_as_it_was_started_and_only_the_right_one_is_signalled() {
        let mut child = std::process::Command::new("sleep").arg("300").env("TABLE_MARK", "a b").spawn().unwrap();
        let id = i32::try_from(child.id()).unwrap();
        let listed = all().into_iter().find(|listed| listed.id == id).unwrap();
        assert_eq!(Some(&listed), one(id).as_ref());
        if cfg!(target_os = "linux") {
            // Until it has become `sleep` it is still a copy of us.
            for _ in 0..500 {
                if arguments(id) == ["sleep", "300"] {
                    break;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            assert_eq!(arguments(id), ["sleep", "300"]);
            assert!(environment(id).contains(&b"TABLE_MARK=a b".to_vec()));
            assert!(one(id).unwrap().began.is_some());
        }
        assert!(!signal(id, &[Signal::KILL], |_| false));
        assert_eq!(child.try_wait().unwrap(), None);
        assert!(signal(id, &[Signal::TERM, Signal::CONT], |_| true));
        child.wait().unwrap();
        assert_eq!(one(id), None);
        assert!(!signal(1, &[Signal::CONT], |_| true) && !signal(-1, &[Signal::CONT], |_| true));
    }
}
