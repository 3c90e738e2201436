//! Child processes: described, started in a clean environment and a group of their own, read, bounded in time and
//! output, and ended as a group.
//!
//! Every child of ours is started here: the values to choose from, the commands of secrets, command sources, command
//! checks, commands of logs, and the steps of an action, which their supervisor reads and bounds by its own rules.
//!
//! *Invariant:* a bounded child leads a process group, and nothing of that group survives the [`ProcessGroup`] that stands for
//! it unless it was kept. What leaves the group with `setsid`, as a daemon does, is no longer ours.

mod borrower;
mod environment;
mod group;
mod invocation;
pub(crate) mod job;
pub mod table;

pub(crate) use borrower::TerminalBorrower;
pub(crate) use group::{ProcessGroup, Survivors};
pub(crate) use invocation::{Invocation, StartError};

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use futures_util::FutureExt as _;
use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::sync::Notify;

/// How long a pipe may stay open after the child has ended: a process that it left behind may hold it for ever.
pub(crate) const LINGER: Duration = Duration::from_millis(100);

/// Open files that are enough: more would be inherited by children, of which some look at every number.
const OPEN_FILES: u64 = 4096;

/// Raises our own bound on open files as far as the system lets us: shells start programs with 256 or 1,024, and a
/// poll that waits holds a socket.
pub fn raise_open_files() {
    let limits = getrlimit(Resource::Nofile);
    let wanted = limits.maximum.map_or(OPEN_FILES, |most| most.min(OPEN_FILES));
    if limits.current.is_some_and(|current| current < wanted) {
        // What the system refuses stays as it is: there are fewer places then.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..limits });
    }
}

/// How many files we may have open.
pub(crate) fn open_files() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(OPEN_FILES)
}

/// What a command may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// From its start to its end; then its group gets TERM, a second of grace, and KILL.
    pub timeout: Duration,
    /// Bytes of stdout and of stderr that are kept, each. What comes after is read and dropped.
    pub most_bytes: usize,
}

/// What a command answered.
#[derive(Debug)]
pub(crate) struct ChildOutput {
    /// How its leader ended.
    pub status: ExitStatus,
    /// The beginning of its standard output.
    pub stdout: Vec<u8>,
    /// The beginning of its standard error.
    pub stderr: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub(crate) enum ChildError {
    /// It did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// It was still running at the timeout, and was ended with its group.
    #[error("gave no answer within {} s{}", .0.as_secs_f64(), .1)]
    TimedOut(Duration, Survivors),
    /// It wrote more than is kept, where all of it is needed; it was ended with its group.
    #[error("wrote more than {} KiB and was ended{}", .0 / 1024, .1)]
    TooMuch(usize, Survivors),
    /// Its status was lost.
    #[error("ended, but its status is not known: {0}")]
    Wait(io::Error),
}

/// Runs a command to its end, within limits. It counts as ended when its own process has: `ended` is called then,
/// whoever still holds its pipes.
///
/// # Errors
/// See [`ChildError`].
pub(crate) async fn run(command: Invocation, limits: Limits, ended: impl FnOnce()) -> Result<ChildOutput, ChildError> {
    execute(command, limits, false, ended).await
}

/// As [`run`], for an answer that is of no use in part: what writes more than `most_bytes` is ended at once. What it
/// started outside of its group goes with it where it did not answer.
///
/// # Errors
/// See [`ChildError`].
pub(crate) async fn answer(command: Invocation, limits: Limits) -> Result<ChildOutput, ChildError> {
    // `setsid` leaves a group, and not its environment.
    let mark = format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..));
    let result = execute(command.env(MARK, &mark), limits, true, || ()).await;
    if matches!(result, Err(ChildError::TimedOut(..) | ChildError::TooMuch(..))) {
        kill_marked(format!("{MARK}={mark}").as_bytes()).await;
    }
    result
}

/// The variable that what was asked for an answer, and all that it starts, carries.
const MARK: &str = "OPSROOM_ANSWER";
/// How often the table of processes is looked through for those with a mark, and the pause between two looks.
const LOOKS: (u32, Duration) = (5, Duration::from_millis(20));

/// Kills every process whose environment holds `mark`. One that was being forked or replaced its program at one look is
/// there at the next.
async fn kill_marked(mark: &[u8]) {
    let is_it = |id| table::environment(id).iter().any(|variable| variable == mark);
    for _ in 0..LOOKS.0 {
        for process in table::all() {
            if is_it(process.id) {
                table::signal(process.id, &[Signal::KILL], is_it);
            }
        }
        tokio::time::sleep(LOOKS.1).await;
    }
}

async fn execute(
    command: Invocation,
    limits: Limits,
    whole: bool,
    ended: impl FnOnce(),
) -> Result<ChildOutput, ChildError> {
    let mut group = command.start()?;
    let (stdout, stderr) = group.pipes();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let over = Notify::new();
    let mut too_much = false;
    let in_time = {
        let reading = async {
            let full = whole.then_some(&over);
            tokio::join!(
                read(stdout, &mut out, limits.most_bytes, full),
                read(stderr, &mut err, limits.most_bytes, None)
            )
        };
        tokio::pin!(reading);
        let mut is_read = false;
        let work = async {
            tokio::select! {
                () = group.ended() => {}
                () = over.notified() => too_much = true,
                // Both pipes are closed: the end is near.
                _ = &mut reading => {
                    is_read = true;
                    group.ended().await;
                }
            }
        };
        let in_time = tokio::time::timeout(limits.timeout, work).await.is_ok();
        if in_time {
            ended();
            if !is_read && !too_much {
                let _ = tokio::time::timeout(LINGER, &mut reading).await;
            }
        }
        in_time
    };
    if !in_time {
        return Err(ChildError::TimedOut(limits.timeout, group.end().await));
    }
    // What came in the moment before its end is too much as well.
    if too_much || over.notified().now_or_never().is_some() {
        return Err(ChildError::TooMuch(limits.most_bytes, group.end().await));
    }
    let status = group.reap().await.map_err(ChildError::Wait)?;
    Ok(ChildOutput { status, stdout: out, stderr: err })
}

/// Keeps the beginning and reads to the end, so that a command that prints a lot is not blocked.
/// `full` is told when more has come than is kept; nothing is read from then on.
async fn read(pipe: Option<impl AsyncRead + Unpin>, kept: &mut Vec<u8>, most: usize, full: Option<&Notify>) {
    let Some(mut pipe) = pipe else { return };
    let mut buffer = vec![0; 8192];
    while let Ok(size @ 1..) = pipe.read(&mut buffer).await {
        let room = most.saturating_sub(kept.len());
        kept.extend_from_slice(&buffer[..size.min(room)]);
        if let Some(full) = full.filter(|_| size > room) {
            full.notify_one();
            // The pipe stays open: a program that is told that nobody reads would end as if it had answered.
            return std::future::pending().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use super::*;

    const LONG: Duration = Duration::from_mins(5);

    /// How often to look.
    const LOOK: Duration = Duration::from_millis(20);

    fn shell(script: &str) -> Invocation {
        Invocation::shell(script)
    }

    /// Whether any process is left in the group of that number; a zombie that nobody waits for yet is none.
    fn is_alive(group: i32) -> bool {
        let listed = std::process::Command::new("ps").args(["-A", "-o", "pgid=,stat="]).output().unwrap();
        String::from_utf8_lossy(&listed.stdout).lines().any(|line| {
            let mut fields = line.split_ascii_whitespace();
            fields.next() == Some(&group.to_string()) && fields.next().is_some_and(|state| !state.starts_with('Z'))
        })
    }

    async fn dies(group: i32) -> bool {
        for _ in 0..200 {
            if !is_alive(group) {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        false
    }

    fn group_of(output: &[u8]) -> i32 {
        String::from_utf8_lossy(output).lines().next().unwrap().trim().parse().unwrap()
    }

    fn within(timeout: Duration) -> Limits {
        Limits { timeout, most_bytes: 1 << 20 }
    }

    #[tokio::test]
    async fn a_grandchild_that_keeps_the_pipes_open_costs_nothing_and_does_not_survive() {
        for script in [
            "echo $$; sleep 300 & echo answer",
            "echo $$; (trap '' TERM HUP; sleep 300) & echo answer",
            "echo $$; nohup sleep 300 2>/dev/null & echo answer",
            "echo $$; sleep 300 & sleep 300 & echo answer",
        ] {
            // The bound is far from the 300 s of the grandchild: an answer at all shows that nobody waited for it.
            let answer = tokio::time::timeout(Duration::from_secs(30), run(shell(script), within(LONG), || ())).await;
            let output = answer.expect("an answer at once").unwrap();
            assert!(output.status.success() && output.stdout.ends_with(b"\nanswer\n"), "{script}: {output:?}");
            assert!(dies(group_of(&output.stdout)).await, "{script}");
        }
    }

    #[tokio::test]
    async fn at_its_timeout_a_group_is_ended_as_a_whole() {
        let place = tempfile::tempdir().unwrap();
        for (name, script) in [
            ("plain", "sleep 300"),
            ("child", "sleep 300 & wait"),
            ("deaf", "trap '' TERM; (trap '' TERM; sleep 300) & while :; do sleep 300; done"),
            ("flood", "yes & wait"),
            ("stopped", "kill -STOP $$"),
        ] {
            let at = place.path().join(name);
            let script = format!("echo $$ > '{}'; {script}", at.display());
            let limits = Limits { timeout: Duration::from_millis(500), most_bytes: 100 };
            let answer = tokio::time::timeout(Duration::from_secs(30), run(shell(&script), limits, || ())).await;
            assert!(matches!(answer, Ok(Err(ChildError::TimedOut(..)))), "{name}: {answer:?}");
            let group = tokio::fs::read(&at).await.unwrap();
            assert!(dies(group_of(&group)).await, "{name}");
        }
    }

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_is_killed() {
        let place = tempfile::tempdir().unwrap();
        let at = place.path().join("group");
        let script = format!("sleep 300 & echo $$ > '{0}.new'; mv '{0}.new' '{0}'; wait", at.display());
        {
            let running = run(shell(&script), within(LONG), || ());
            tokio::pin!(running);
            while !at.exists() {
                tokio::select! {
                    _ = &mut running => panic!("it ended"),
                    () = tokio::time::sleep(LOOK) => {}
                }
            }
        }
        assert!(dies(group_of(&tokio::fs::read(&at).await.unwrap())).await);
    }

    #[tokio::test]
    async fn output_is_kept_from_its_beginning_and_bounded() {
        let limits = Limits { timeout: LONG, most_bytes: 10 };
        let output = run(shell("yes | head -c 1000000; echo no >&2"), limits, || ()).await.unwrap();
        assert_eq!((output.stdout.as_slice(), output.stderr.as_slice()), (&b"y\ny\ny\ny\ny\n"[..], &b"no\n"[..]));
        let output = run(shell("head -c 1000000 /dev/zero"), within(LONG), || ()).await.unwrap();
        assert_eq!(output.stdout.len(), 1_000_000, "all that was written before the end");
    }

    #[tokio::test]
    async fn an_answer_without_end_is_cut_and_what_left_the_group_goes_too() {
        let place = tempfile::tempdir().unwrap();
        for (name, script) in [("flood", "yes"), ("deaf", "trap '' PIPE TERM; yes"), ("silent", "sleep 300")] {
            let at = place.path().join(name);
            let script =
                format!("setsid sh -c 'echo $$ > {0}.new; mv {0}.new {0}; sleep 300' & {script}", at.display());
            let timeout = if name == "silent" { Duration::from_secs(2) } else { LONG };
            let answer = answer(shell(&script), Limits { timeout, most_bytes: 1000 });
            let answer = tokio::time::timeout(Duration::from_secs(30), answer).await.expect("an end in time");
            match name {
                "silent" => assert!(matches!(answer, Err(ChildError::TimedOut(..))), "{name}: {answer:?}"),
                _ => assert!(matches!(answer, Err(ChildError::TooMuch(1000, _))), "{name}: {answer:?}"),
            }
            // Where it was not there yet, it had no time to leave.
            if let Ok(group) = tokio::fs::read(&at).await {
                assert!(dies(group_of(&group)).await, "{name}");
            }
        }
        let output = answer(shell("setsid sleep 1 & echo hunter22"), within(LONG)).await.unwrap();
        assert_eq!(output.stdout, b"hunter22\n");
    }

    #[tokio::test]
    async fn how_it_ended_is_known() {
        let mut called = false;
        let output = run(shell("exit 3"), within(LONG), || called = true).await.unwrap();
        assert_eq!((output.status.code(), called), (Some(3), true));
        let output = run(shell("kill -9 $$"), within(LONG), || ()).await.unwrap();
        assert_eq!(output.status.signal(), Some(9));
        let error = run(Invocation::new("/no/such/program"), within(LONG), || ()).await.unwrap_err();
        assert!(matches!(error, ChildError::Start(StartError::System { .. })), "{error}");
    }
}
