//! Processes of a run that outlive its supervisor: found by the run's mark in their environment and by the session in
//! which the supervisor began, named without secrets, and stopped where a person asks for it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use rustix::process::{Pid, Signal, getpid, kill_process_group};

use super::rundir::RunDir;
use super::supervisor::left_behind;
use crate::lang::time::Moment;
use crate::model::run::{LeftProcess, Plan};
use crate::process::table::{self, Listed};
use crate::text::SafeText;
use crate::text::redact::Redactor;
use crate::text::secret::Template;

/// Whether this system shows them at all.
pub(crate) const VISIBLE: bool = cfg!(target_os = "linux");

/// The supervisor of the run in `dir`, by what it was started as.
pub(crate) fn supervisor(dir: &RunDir) -> Option<i32> {
    table::all().into_iter().map(|process| process.id).find(|id| is_supervisor(*id, dir))
}

/// The supervisors of runs in directories of `runs`, each with the id of its run, also where its directory is gone.
pub(crate) fn supervisors(runs: &Path) -> Vec<(String, i32)> {
    let found = table::all().into_iter().filter_map(|process| Some((supervised(process.id)?, process.id)));
    let ours = found.filter(|(dir, _)| dir.parent() == Some(runs));
    ours.filter_map(|(dir, pid)| Some((dir.file_name()?.to_string_lossy().into_owned(), pid))).collect()
}

/// Whether the process `id` is the supervisor of the run in `dir`.
pub(crate) fn is_supervisor(id: i32, dir: &RunDir) -> bool {
    supervised(id).is_some_and(|path| path == dir.path())
}

/// The directory of the run of which the process `id` is the supervisor: `opsroom __run DIR`.
fn supervised(id: i32) -> Option<PathBuf> {
    let mut words = table::arguments(id).into_iter().skip(1);
    words.next().filter(|word| word == "__run").and_then(|_| words.next()).map(PathBuf::from)
}

/// The processes of the run `id` but its supervisor.
pub(crate) fn processes(id: &str, dir: &RunDir, now: Moment) -> Vec<Listed> {
    let mut found = left_behind(id);
    // What changed its user shows no environment, and still is of the session that the supervisor made.
    let session = dir
        .read_started()
        .ok()
        .flatten()
        .filter(|started| started.at.boot.zip(now.boot).is_some_and(|(then, now)| now.since(then).is_some()));
    if let Some(started) = session {
        let began = started.at.boot.map_or(0, |boot| boot.ms);
        let ours = |process: &Listed| {
            // Ticks are coarser than the clock.
            let later = process.began.is_some_and(|at| at.as_millis() + 50 >= u128::from(began));
            process.session == started.pid && process.id != started.pid && later
        };
        let known: Vec<i32> = found.iter().map(|process| process.id).collect();
        found.extend(table::all().into_iter().filter(ours).filter(|process| !known.contains(&process.id)));
    }
    found.retain(|process| process.id != own() && !is_supervisor(process.id, dir));
    found
}

/// The processes of the run `id`, its supervisor first, as a person may see them.
pub(crate) fn named(id: &str, dir: &RunDir, now: Moment) -> Vec<LeftProcess> {
    let supervisor = supervisor(dir).and_then(table::one).map(|process| LeftProcess {
        pid: process.id,
        command: SafeText::new("its supervisor"),
        since: since(&process, now),
    });
    let found = processes(id, dir, now);
    let plan = if found.is_empty() { None } else { dir.read_intent().ok().map(|intent| intent.plan) };
    let others = found.into_iter().map(|process| name(&process, plan.as_ref(), now));
    supervisor.into_iter().chain(others).collect()
}

fn name(process: &Listed, plan: Option<&Plan>, now: Moment) -> LeftProcess {
    let secrets = secrets(&table::environment(process.id), plan);
    let words = table::arguments(process.id);
    let line = if words.is_empty() { process.name.clone() } else { words.join(" ") };
    LeftProcess {
        pid: process.id,
        command: Redactor::new(secrets.iter().map(String::as_str)).clean(line.as_bytes()),
        since: since(process, now),
    }
}

fn since(process: &Listed, now: Moment) -> Option<DateTime<Utc>> {
    let uptime = now.boot.map(|boot| Duration::from_millis(boot.ms));
    let age = uptime.zip(process.began).map(|(now, began)| now.saturating_sub(began));
    age.and_then(|age| chrono::Duration::from_std(age).ok()).map(|age| now.utc - age)
}

/// The values of secrets in the environment of a process: what the plan fills in for `{secret:NAME}`. Without the plan,
/// every value that may be one.
fn secrets(environment: &[Vec<u8>], plan: Option<&Plan>) -> Vec<String> {
    let pairs = environment.iter().filter_map(|pair| std::str::from_utf8(pair).ok()?.split_once('='));
    let Some(plan) = plan else {
        return pairs.filter(|(name, _)| !name.starts_with("OPSROOM_")).map(|(_, value)| value.to_owned()).collect();
    };
    let filled = pairs.filter_map(|(name, value)| Some((Template(plan.env.get(name)?.clone()), value)));
    filled
        .filter(|(template, _)| !template.secrets().is_empty())
        .flat_map(|(template, value)| parts(&template, value))
        .collect()
}

/// What stands in `value` for the secrets of its template, and all of it.
fn parts(template: &Template, value: &str) -> Vec<String> {
    let mut parts = vec![value.to_owned()];
    let (mut rest, mut written) = (value, template.0.as_str());
    while let Some(start) = written.find("{secret:") {
        let Some(after) = rest.strip_prefix(&written[..start]) else { break };
        let Some(end) = written[start..].find('}') else { break };
        written = &written[start + end + 1..];
        let literal = written.find("{secret:").map_or(written, |next| &written[..next]);
        let until = if literal.is_empty() { Some(after.len()) } else { after.find(literal) };
        let Some(until) = until else { break };
        parts.push(after[..until].to_owned());
        rest = &after[until..];
    }
    parts
}

/// Sends `signals` to processes of a run, with the groups that they lead. Returns how many were reached.
pub(crate) fn signal(found: &[Listed], signals: &[Signal]) -> usize {
    let ours = table::one(own()).map_or(0, |process| process.group);
    let leads = |process: &Listed| process.id == process.group && process.group != ours;
    let led: BTreeSet<i32> = found.iter().filter(|process| leads(process)).map(|process| process.group).collect();
    let reached = |process: &&Listed| {
        let same = |id| table::one(id).is_some_and(|now| now.began == process.began);
        if leads(process) {
            // What it started and what lost the mark is in its group.
            same(process.id) && signal_group(process.group, signals)
        } else if led.contains(&process.group) {
            same(process.id)
        } else {
            table::signal(process.id, signals, same)
        }
    };
    found.iter().filter(reached).count()
}

fn signal_group(group: i32, signals: &[Signal]) -> bool {
    let group = Pid::from_raw(group).filter(|_| group > 1);
    group.is_some_and(|group| signals.iter().all(|signal| kill_process_group(group, *signal).is_ok()))
}

fn own() -> i32 {
    getpid().as_raw_nonzero().get()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_template_was_filled_with_is_found() {
        let parts = |template: &str, value: &str| parts(&Template(template.to_owned()), value);
        assert_eq!(parts("{secret:a}", "hunter2"), ["hunter2", "hunter2"]);
        assert_eq!(parts("Bearer {secret:a}", "Bearer hunter2"), ["Bearer hunter2", "hunter2"]);
        assert_eq!(parts("{secret:a}:{secret:b}!", "ada:hunter2!"), ["ada:hunter2!", "ada", "hunter2"]);
    }
}
