//! The supervisor as a process: what it runs, stops, bounds and leaves behind.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test may touch files and the clock, and its helpers end it where they fail"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use opsroom::actions::follow::{Follower, RunLiveness, is_alive};
use opsroom::actions::handover::{Handover, Task};
use opsroom::actions::intent::RunIntent;
use opsroom::actions::launch::PreparedRun;
use opsroom::actions::rundir::{End, RunDir, StepOutcome};
use opsroom::model::run::{Cancelled, Plan};

const PROGRAM: &str = env!("CARGO_BIN_EXE_opsroom");
/// Longer than anything here takes on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(30);

fn plan(directory: &Path, steps: &[&[&str]]) -> Plan {
    Plan {
        action: "test".into(),
        verb: "restart".into(),
        adapter: "script".into(),
        service: None,
        target: "thing".to_owned(),
        environment: String::new(),
        host: "local".to_owned(),
        directory: directory.to_owned(),
        steps: steps.iter().map(|step| step.iter().map(|word| (*word).to_owned()).collect()).collect(),
        env: BTreeMap::new(),
        parameters: BTreeMap::new(),
        timeout: Duration::from_secs(20),
        grace: Duration::from_millis(300),
        changing: true,
        dry_run: false,
        terminal: false,
    }
}

fn shell(directory: &Path, script: &str) -> Plan {
    plan(directory, &[&["/bin/sh", "-c", script]])
}

struct Started {
    dir: RunDir,
    child: tokio::process::Child,
}

/// What a test hands over.
#[derive(Default)]
struct Given {
    env: BTreeMap<String, String>,
    secrets: BTreeMap<Arc<str>, String>,
}

async fn start(at: &Path, plan: Plan, given: Given) -> Started {
    // Unlike any other: what escapes its group is found again by the id in its environment.
    let id = format!("r-{}", at.file_name().unwrap().to_str().unwrap());
    let prepared = PreparedRun::new(&at.join("runs"), &id).unwrap();
    let intent = RunIntent {
        id: id.into(),
        preview: opsroom::model::preview::Preview::default(),
        digest: plan.digest(),
        plan,
        fence: 7,
        attempt: 2,
        who: "me".to_owned(),
        reason: None,
        at: "2026-11-21T02:41:05Z".parse().unwrap(),
        boot: None,
        verify: None,
        store: None,
    };
    prepared.write_intent(&intent).unwrap();
    let handover = Handover {
        task: Task::Run,
        run: intent.id,
        digest: intent.digest,
        env: given.env,
        places: BTreeMap::new(),
        masked: given.secrets.values().cloned().collect(),
        secrets: given.secrets,
        checks: Vec::new(),
        sources: Vec::new(),
        store: None,
    };
    let (dir, child) = prepared.launch(Path::new(PROGRAM), &handover).await.unwrap();
    Started { dir, child }
}

struct Seen {
    end: End,
    lines: Vec<String>,
    omitted: u64,
}

async fn until_end(dir: &RunDir) -> Seen {
    let mut follower = Follower::new(dir.clone());
    let mut lines = Vec::new();
    let from = Instant::now();
    loop {
        let (new, liveness) = follower.look().unwrap();
        lines.extend(new.into_iter().map(|line| line.text.as_str().to_owned()));
        match liveness {
            RunLiveness::Over { end, .. } => return Seen { end: *end.unwrap(), lines, omitted: follower.omitted() },
            RunLiveness::Running => assert!(from.elapsed() < PATIENCE, "still running after {PATIENCE:?}: {lines:?}"),
            other => panic!("{other:?}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn run(plan: impl FnOnce(&Path) -> Plan) -> Seen {
    let at = tempfile::tempdir().unwrap();
    let mut started = start(at.path(), plan(at.path()), Given::default()).await;
    let seen = until_end(&started.dir).await;
    assert!(started.child.wait().await.unwrap().success());
    seen
}

async fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let from = Instant::now();
    while !done() {
        assert!(from.elapsed() < PATIENCE, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn read(path: PathBuf) -> Option<String> {
    std::fs::read_to_string(path).ok().filter(|text| text.ends_with('\n'))
}

/// Whether a process runs (a zombie does not).
fn runs(pid: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()))
        .is_ok_and(|stat| !stat.rsplit_once(')').unwrap().1.trim_start().starts_with('Z'))
}

#[tokio::test]
async fn steps_run_in_order_and_their_output_is_kept() {
    let seen =
        run(|at| plan(at, &[&["echo", "one  two"], &["/bin/sh", "-c", "echo err >&2; pwd; echo \"$1\"", "x", "a b"]]))
            .await;
    assert!(seen.end.is_success(), "{:?}", seen.end);
    assert!(seen.lines.contains(&"one  two".to_owned()) && seen.lines.contains(&"a b".to_owned()), "{:?}", seen.lines);
    assert_eq!(seen.end.step, 2);
    assert!(seen.end.message.as_str().is_empty() && seen.end.survivors.is_empty());
}

#[tokio::test]
async fn what_the_steps_prove_goes_into_the_outcome_of_those_that_went_well() {
    let proving = "echo 'proven: users 10 of 10'; echo dropped; echo 'proven: dump 3 h old'";
    let seen = run(|at| shell(at, proving)).await;
    assert_eq!(seen.end.message.as_str(), "proven: users 10 of 10, dump 3 h old");
    let seen = run(|at| shell(at, &format!("{proving}; echo 'no space left' >&2; exit 1"))).await;
    assert_eq!(seen.end.message.as_str(), "no space left");
}

#[tokio::test]
async fn each_kind_of_failure_says_what_it_is() {
    let seen = run(|at| plan(at, &[&["false"], &["touch", "never"]])).await;
    assert_eq!((seen.end.how, seen.end.exit_code, seen.end.step), (StepOutcome::Exited, Some(1), 1));
    assert_eq!(seen.end.message.as_str(), "step 1 of 2: no error output from `false`; 1 more not run");

    let seen = run(|at| shell(at, "echo first >&2; echo busy >&2; echo; exit 3")).await;
    assert_eq!((seen.end.exit_code, seen.end.message.as_str()), (Some(3), "busy"));
    assert!(seen.lines.contains(&"`/bin/sh` exited with code 3".to_owned()), "{:?}", seen.lines);

    let seen = run(|at| plan(at, &[&["opsroom-no-such-program"]])).await;
    assert_eq!(seen.end.how, StepOutcome::NotStarted);
    assert!(seen.end.message.as_str().contains("`opsroom-no-such-program` was not found"), "{}", seen.end.message);

    let seen = run(|at| plan(&at.join("missing"), &[&["true"]])).await;
    assert!(seen.end.message.as_str().contains("directory") && seen.end.message.as_str().contains("does not exist"));

    let seen = run(|at| shell(at, "kill -SEGV $$")).await;
    assert_eq!((seen.end.how, seen.end.signal), (StepOutcome::Signalled, Some(11)));
    assert_eq!(seen.end.message.as_str(), "killed by signal 11 (SEGV)");

    let seen = run(|at| Plan { timeout: Duration::from_millis(200), ..shell(at, "sleep 60") }).await;
    assert_eq!(seen.end.how, StepOutcome::TimedOut);
    assert!(seen.end.message.as_str().starts_with("timed out after 0.2 s"), "{}", seen.end.message);
}

#[tokio::test]
async fn the_grandchild_dies_at_the_timeout_even_if_it_ignores_term() {
    let at = tempfile::tempdir().unwrap();
    let script = "trap '' TERM; (trap '' TERM; echo $$ > parent; sh -c 'trap \"\" TERM; echo $$ > grandchild; while :; do sleep 1; done') & wait";
    let started =
        start(at.path(), Plan { timeout: Duration::from_secs(1), ..shell(at.path(), script) }, Given::default()).await;
    let seen = until_end(&started.dir).await;
    assert_eq!(seen.end.how, StepOutcome::TimedOut);
    assert_eq!(seen.end.signal, Some(9), "{:?}", seen.end);
    let grandchild = read(at.path().join("grandchild")).unwrap();
    assert!(!runs(&grandchild));
    assert!(seen.end.survivors.is_empty());
}

#[tokio::test]
async fn cancelling_ends_the_whole_group() {
    let at = tempfile::tempdir().unwrap();
    let script = "sh -c 'echo $$ > grandchild; sleep 60; true' & wait";
    let started = start(at.path(), shell(at.path(), script), Given::default()).await;
    wait_for("the grandchild", || read(at.path().join("grandchild")).is_some()).await;
    let grandchild = read(at.path().join("grandchild")).unwrap();
    assert!(runs(&grandchild));
    let who = Cancelled { who: "ada".to_owned(), at: "2026-11-21T02:41:09Z".parse().unwrap() };
    started.dir.ask_to_cancel(&who).unwrap();
    let seen = until_end(&started.dir).await;
    assert_eq!((seen.end.how, seen.end.cancelled), (StepOutcome::Cancelled, Some(who)));
    let stop = started.dir.read_stop().unwrap().unwrap();
    assert!(!stop.killed);
    assert!(!runs(&grandchild));
}

#[tokio::test]
async fn a_process_that_leaves_the_group_is_reported_and_holds_nothing_up() {
    let at = tempfile::tempdir().unwrap();
    let script =
        "setsid sh -c 'echo $$ > escaped; exec sleep 60' & while ! [ -s escaped ]; do sleep 0.05; done; echo done";
    let from = Instant::now();
    let started = start(at.path(), shell(at.path(), script), Given::default()).await;
    let seen = until_end(&started.dir).await;
    assert!(from.elapsed() < Duration::from_secs(15), "the daemon that holds the pipe was waited for");
    let escaped = read(at.path().join("escaped")).unwrap();
    assert!(seen.end.is_success());
    assert_eq!(seen.end.survivors.iter().map(|one| one.pid.to_string()).collect::<Vec<_>>(), [escaped.trim()]);
    assert!(seen.end.message.as_str().contains("still running"), "{}", seen.end.message);
    let pid = rustix::process::Pid::from_raw(escaped.trim().parse().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

#[tokio::test]
async fn children_have_no_terminal_no_stdin_and_a_clean_environment() {
    let at = tempfile::tempdir().unwrap();
    let script = "cat; (: < /dev/tty) 2>/dev/null && echo tty; env | sort; ls -l /proc/self/fd | sed -n 's/.* \\([0-9]* -> .*\\)/fd \\1/p'";
    let handover = Given { env: [("DECLARED".to_owned(), "yes".to_owned())].into(), ..Given::default() };
    let started = start(at.path(), shell(at.path(), script), handover).await;
    let seen = until_end(&started.dir).await;
    let has = |line: &str| seen.lines.iter().any(|other| other == line);
    assert!(!has("tty"), "{:?}", seen.lines);
    for line in [
        "DECLARED=yes",
        "LC_ALL=C.UTF-8",
        "OPSROOM_FENCE=7",
        "OPSROOM_ATTEMPT=2",
        "OPSROOM_ACTION=test",
        "OPSROOM_DRY_RUN=0",
    ] {
        assert!(has(line), "{line} is not in {:?}", seen.lines);
    }
    assert!(!seen.lines.iter().any(|line| line.starts_with("CARGO")), "{:?}", seen.lines);
    // The lock on `alive` must not live on in a daemon that a step starts.
    assert!(!seen.lines.iter().any(|line| line.contains("alive")), "{:?}", seen.lines);
}

#[tokio::test]
async fn secrets_reach_the_child_and_no_file() {
    let at = tempfile::tempdir().unwrap();
    let secret = "s3cr3t-Value/42";
    let handover = Given {
        env: [("TOKEN".to_owned(), format!("Bearer {secret}"))].into(),
        secrets: [("token".into(), secret.to_owned())].into(),
    };
    let script = "echo \"got ${#TOKEN} $TOKEN\"; echo $TOKEN >&2; printf '%s' \"$TOKEN\" | wc -c";
    let started = start(at.path(), shell(at.path(), script), handover).await;
    let seen = until_end(&started.dir).await;
    assert!(seen.lines.iter().any(|line| line == "22"), "{:?}", seen.lines);
    for entry in std::fs::read_dir(started.dir.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        assert!(memchr::memmem::find(&bytes, secret.as_bytes()).is_none(), "{} holds the secret", path.display());
    }
}

#[tokio::test]
async fn a_flood_of_output_is_read_to_its_end_and_bounded_on_the_disk() {
    let at = tempfile::tempdir().unwrap();
    let started = start(at.path(), shell(at.path(), "seq 1 2000000; echo last"), Given::default()).await;
    let seen = until_end(&started.dir).await;
    assert!(seen.end.is_success(), "{:?}", seen.end);
    assert_eq!(seen.end.lines, 2_000_001);
    assert_eq!(seen.lines.first().unwrap(), "1");
    assert_eq!(seen.lines.last().unwrap(), "last");
    assert_eq!(seen.lines.len() as u64 + seen.omitted, seen.end.lines);
    let size = |path: PathBuf| path.metadata().unwrap().len();
    assert!(size(started.dir.out()) + size(started.dir.tail()) < 9 << 20);
}

#[tokio::test]
async fn it_survives_hangup_and_says_when_it_is_lost() {
    let at = tempfile::tempdir().unwrap();
    let mut started = start(
        at.path(),
        shell(at.path(), "echo up; while ! [ -e go ]; do sleep 0.05; done; echo gone on"),
        Given::default(),
    )
    .await;
    wait_for("the start", || started.dir.started().exists()).await;
    let supervisor = rustix::process::Pid::from_raw(started.child.id().unwrap().cast_signed()).unwrap();
    assert_eq!(rustix::process::getsid(Some(supervisor)).unwrap(), supervisor, "it must leave our session");
    rustix::process::kill_process(supervisor, rustix::process::Signal::HUP).unwrap();
    std::fs::write(at.path().join("go"), "").unwrap();
    let seen = until_end(&started.dir).await;
    assert!(seen.end.is_success());
    assert_eq!(seen.lines.last().unwrap(), "gone on");
    started.child.wait().await.unwrap();
    assert!(!is_alive(&started.dir));

    let at = tempfile::tempdir().unwrap();
    let mut started = start(at.path(), shell(at.path(), "echo $$ > pid; exec sleep 60"), Given::default()).await;
    wait_for("the child", || read(at.path().join("pid")).is_some()).await;
    assert!(is_alive(&started.dir));
    started.child.kill().await.unwrap();
    assert_eq!(Follower::new(started.dir.clone()).look().unwrap().1, RunLiveness::Lost(None));
    let child = read(at.path().join("pid")).unwrap().trim().parse().unwrap();
    rustix::process::kill_process(rustix::process::Pid::from_raw(child).unwrap(), rustix::process::Signal::KILL)
        .unwrap();
}

#[tokio::test]
async fn what_was_prepared_and_never_launched_never_started() {
    let at = tempfile::tempdir().unwrap();
    let prepared = PreparedRun::new(at.path(), "r1").unwrap();
    let dir = prepared.dir().clone();
    assert_eq!(Follower::new(dir.clone()).look().unwrap().1, RunLiveness::Running);
    assert!(PreparedRun::new(at.path(), "r1").is_err());
    drop(prepared);
    assert_eq!(Follower::new(dir).look().unwrap().1, RunLiveness::NeverStarted);
}
