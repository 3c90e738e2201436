//! The `run_service`: what may begin, what is recorded, what the next `run_service` takes in. Real stores, real supervisors.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test may touch files and the clock, and its helpers end it where they fail"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use opsroom::clock::Clock;
use opsroom::config::Config;
use opsroom::config::load::load_text;
use opsroom::model::effect::StartRun;
use opsroom::model::outcome::Outcome;
use opsroom::model::run::{ChecksAfter, Run, RunState, Stopping, Verdict};
use opsroom::model::status::Status;
use opsroom::model::verification::Terms;
use opsroom::runtime::runs::RunService;
use opsroom::runtime::stopping::Recorded;
use opsroom::text::secret::Secrets;
use tokio::sync::mpsc;

use crate::support::plans;

const PROGRAM: &str = env!("CARGO_BIN_EXE_opsroom");
const PATIENCE: Duration = Duration::from_secs(30);

struct World {
    at: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        Self { at: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.at.path().join(name)
    }

    async fn run_service(&self) -> RunService {
        RunService::open(None, &self.path("state"), Clock::start()).await.unwrap().with_program(PROGRAM)
    }

    fn start(&self, script: &str) -> StartRun {
        plans::confirmed(plans::plan(self.at.path(), script))
    }
}

fn confirmed(start: StartRun) -> StartRun {
    StartRun { digest: start.plan.digest(), ..start }
}

async fn run(run_service: &RunService, start: &StartRun) -> Result<Run, String> {
    run_with(run_service, start, &Secrets::default()).await
}

async fn run_with(run_service: &RunService, start: &StartRun, secrets: &Secrets) -> Result<Run, String> {
    let begun = run_service.begin(start, &Config::default(), secrets).await.map_err(|why| why.as_str().to_owned())?;
    Ok(attach_to_end(run_service, begun).await)
}

async fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let from = Instant::now();
    while !done() {
        assert!(from.elapsed() < PATIENCE, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn attach_to_end(run_service: &RunService, run: Run) -> Run {
    // Nobody listens: it is watched all the same.
    let (out, _) = mpsc::channel(1);
    run_service.attach(run, &out).await
}

#[tokio::test]
async fn a_run_is_recorded_from_intent_to_end() {
    let world = World::new();
    let run_service = world.run_service().await;
    let ended = run(&run_service, &world.start("echo fence $OPSROOM_FENCE attempt $OPSROOM_ATTEMPT")).await.unwrap();
    assert_eq!((ended.state, ended.exit_code, ended.verdict), (RunState::Ended, Some(0), Verdict::None));
    assert!(ended.ended_at.unwrap() >= ended.started_at);
    let (lines, _) = opsroom::runtime::runs::output(&ended).unwrap();
    assert_eq!(lines[0].text.as_str(), "fence 1 attempt 1");
    let again = run(&run_service, &world.start("echo fence $OPSROOM_FENCE; exit 3")).await.unwrap();
    assert_eq!((again.state, again.exit_code), (RunState::Failed, Some(3)));
    let (lines, _) = opsroom::runtime::runs::output(&again).unwrap();
    assert_eq!(lines[0].text.as_str(), "fence 2");

    let (runs, locks) = run_service.load().await.unwrap();
    assert_eq!(runs.iter().map(|run| run.id.clone()).collect::<Vec<_>>(), [again.id.clone(), ended.id.clone()]);
    assert!(locks.is_empty());
    let kinds: Vec<String> = run_service
        .store()
        .audit_page(0, 100)
        .await
        .unwrap()
        .into_iter()
        .map(|line| format!("{} {}", line.entry["kind"].as_str().unwrap(), line.entry["object"].as_str().unwrap()))
        .collect();
    let id = |run: &Run, kind: &str| format!("{kind} run:{}", run.id);
    assert_eq!(
        kinds,
        [id(&ended, "run.intent"), id(&ended, "run.end"), id(&again, "run.intent"), id(&again, "run.end")]
    );
    let chains = run_service.store().verify_audit().await.unwrap();
    assert_eq!((chains.len(), chains[0].entries, chains[0].broken.clone()), (1, 4, None));
}

#[tokio::test]
async fn a_plan_that_was_not_confirmed_is_refused() {
    let world = World::new();
    let run_service = world.run_service().await;
    let mut start = world.start("touch ran");
    start.plan.steps[0][2].push_str("; touch more");
    let why = run(&run_service, &start).await.unwrap_err();
    assert!(why.contains("not the one that was confirmed"), "{why}");
    assert!(!world.path("ran").exists());
    assert_eq!(run_service.store().audit_page(0, 9).await.unwrap()[0].entry["kind"], "run.refused");
}

#[tokio::test]
async fn cooldown_and_at_most_count_attempts_of_a_verb_on_a_target() {
    let world = World::new();
    let run_service = world.run_service().await;
    let start = StartRun { cooldown: Duration::from_mins(10), ..world.start("exit 1") };
    run(&run_service, &start).await.unwrap();
    let why = run(&run_service, &start).await.unwrap_err();
    assert!(why.starts_with("cooldown: the last restart of api was"), "{why}");

    let mut other = world.start("true");
    other.plan.target = "db".to_owned();
    other.cooldown = Duration::from_mins(10);
    run(&run_service, &confirmed(other)).await.unwrap();

    let limited = StartRun { at_most: Some((2, Duration::from_hours(1))), ..world.start("true") };
    run(&run_service, &limited).await.unwrap();
    let why = run(&run_service, &limited).await.unwrap_err();
    assert!(why.starts_with("limit reached: 2 attempts to restart api within 1h"), "{why}");

    // Another verb, and what changes nothing, are not held up.
    let mut rollback = StartRun { cooldown: Duration::from_mins(10), ..world.start("true") };
    rollback.plan.verb = "rollback".into();
    run(&run_service, &confirmed(rollback)).await.unwrap();
    let mut look = StartRun { cooldown: Duration::from_mins(10), ..world.start("true") };
    look.plan.changing = false;
    run(&run_service, &confirmed(look)).await.unwrap();
}

#[tokio::test]
async fn one_run_a_target_at_a_time_over_two_consoles() {
    let world = World::new();
    let (one, other) = (world.run_service().await, world.run_service().await);
    let held = one
        .begin(&world.start("while ! [ -e go ]; do sleep 0.05; done"), &Config::default(), &Secrets::default())
        .await
        .unwrap();
    let why = run(&other, &world.start("touch ran")).await.unwrap_err();
    assert!(why.contains("api is locked by") && why.contains(&*held.id), "{why}");
    assert!(!world.path("ran").exists());
    std::fs::write(world.path("go"), "").unwrap();
    // Nobody takes the end in; the next one that finds the lock in its way does.
    wait_for("the result", || held.output_path.join("result.json").exists()).await;
    wait_for("the supervisor's end", || {
        !opsroom::actions::follow::is_alive(&opsroom::actions::rundir::RunDir::new(&held.output_path))
    })
    .await;
    run(&other, &world.start("touch ran")).await.unwrap();
    assert!(world.path("ran").exists());
    assert_eq!(one.store().run(&held.id).await.unwrap().unwrap().state, RunState::Ended);
}

#[tokio::test]
async fn racing_consoles_make_exactly_one_run() {
    let world = World::new();
    let mut desks = Vec::new();
    for _ in 0..8 {
        desks.push(world.run_service().await);
    }
    let begun = futures_util::future::join_all(desks.iter().map(|run_service| async {
        run_service
            .begin(&world.start("while ! [ -e go ]; do sleep 0.05; done"), &Config::default(), &Secrets::default())
            .await
    }))
    .await;
    let winners: Vec<Run> = begun.into_iter().filter_map(Result::ok).collect();
    assert_eq!(winners.len(), 1);
    std::fs::write(world.path("go"), "").unwrap();
    attach_to_end(&desks[0], winners[0].clone()).await;
    // The refused ones left no directory behind.
    assert_eq!(std::fs::read_dir(world.path("state/runs")).unwrap().count(), 1);
}

/// A service that answers 200 to what bears the contents of the file `accepted`, and 401 to everything else.
fn guarded(world: &World) -> String {
    use std::io::{BufRead as _, BufReader, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, accepted) = (listener.local_addr().unwrap(), world.path("accepted"));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let lines = BufReader::new(&stream).lines().map_while(Result::ok);
            let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            let token = std::fs::read_to_string(&accepted).unwrap_or_default();
            let fits = head.iter().any(|line| line.ends_with(&format!("Bearer {}", token.trim())));
            let status = if fits { "200 OK" } else { "401 Unauthorized" };
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _ = (&stream).write_all(answer.as_bytes());
        }
    });
    format!("http://{address}/")
}

#[tokio::test]
async fn a_secret_that_is_rotated_by_the_action_does_not_make_it_a_failure() {
    for from in ["{ file = \"token\" }", "{ command = [\"cat\", \"TOKEN\"] }"] {
        let world = World::new();
        let run_service = world.run_service().await;
        let from = from.replace("TOKEN", &world.path("token").display().to_string());
        let text = format!(
            "[secret]\ntoken = {from}\n[check.api]\nhttp = \"{}\"\nevery = \"1s\"\ntimeout = \"900ms\"\nheaders = {{              Authorization = \"Bearer {{secret:token}}\" }}\n",
            guarded(&world)
        );
        for file in ["token", "accepted"] {
            std::fs::write(world.path(file), "first-value\n").unwrap();
        }
        let config = load_text(&world.path("opsroom.toml"), &text).config.unwrap();
        let (secrets, _) = opsroom::runtime::secrets::resolve(&config.secrets).await;
        let before = BTreeMap::from([("api".into(), Status::Ok)]);
        let terms = Terms {
            checks: vec!["api".into()],
            good: 2,
            ok_after: BTreeMap::new(),
            within: Duration::from_secs(20),
            before,
        };
        let rotated = async |script: &str, within: u64| {
            let terms = Terms { within: Duration::from_secs(within), ..terms.clone() };
            let start = StartRun { verify: Some(terms), ..world.start(script) };
            let begun = run_service.begin(&start, &config, &secrets).await.unwrap();
            attach_to_end(&run_service, begun).await
        };
        std::fs::write(world.path("next"), "second-value\n").unwrap();
        let run = rotated("cp next token; cp next accepted", 20).await;
        assert_eq!(run.state, RunState::Verified, "{from}: {run:?}");
        search(&run.output_path, &mut |path, bytes| {
            assert!(memchr::memmem::find(bytes, b"second-value").is_none(), "{}", path.display());
        });
        // One that is refused though it is the newest is a failure of the service.
        let run = rotated("echo third-value >accepted", 3).await;
        assert_eq!(run.state, RunState::Regressed, "{from}: {run:?}");
    }
}

/// A check that is good while the file `up` is there, polled by the supervisor alone.
fn watched(world: &World, within: Duration, before: &[(&str, Status)]) -> (Config, Terms) {
    let text = format!(
        "[check.api]\ncommand = [\"sh\", \"-c\", \"echo . >>{0}/looks; test -e {0}/up || exit 2\"]\nevery = \"1s\"\ntimeout = \"900ms\"\n",
        world.at.path().display()
    );
    let loaded = load_text(&world.path("opsroom.toml"), &text);
    let before = before.iter().map(|(name, status)| (Arc::from(*name), *status)).collect();
    (loaded.config.unwrap(), Terms { checks: vec!["api".into()], good: 2, ok_after: BTreeMap::new(), within, before })
}

async fn verified(world: &World, run_service: &RunService, script: &str, within: u64, before: Status) -> Run {
    let (config, terms) = watched(world, Duration::from_secs(within), &[("api", before)]);
    let start = StartRun { verify: Some(terms), ..world.start(script) };
    let begun = run_service.begin(&start, &config, &Secrets::default()).await.unwrap();
    attach_to_end(run_service, begun).await
}

#[tokio::test]
async fn a_verdict_needs_exit_0_and_the_checks() {
    let world = World::new();
    let run_service = world.run_service().await;
    let seen = |run: &Run| (run.state, run.verdict, run.checks, run.exit_code);

    let run = verified(&world, &run_service, "touch up", 20, Status::Down).await;
    assert_eq!(seen(&run), (RunState::Verified, Verdict::Verified, Some(ChecksAfter::Good), Some(0)), "{run:?}");
    // Two looks, a second apart, after the steps.
    let (steps, outcome) = (run.duration_ms.unwrap(), run.outcome_ms.unwrap());
    assert!(outcome >= steps + 900, "{steps} ms for the steps, {outcome} ms to the outcome");
    assert_eq!(run_service.run(&run.id).await.unwrap().unwrap().outcome_ms, Some(outcome));

    let run = verified(&world, &run_service, "exit 1", 20, Status::Ok).await;
    assert_eq!(seen(&run), (RunState::Failed, Verdict::None, Some(ChecksAfter::Good), Some(1)), "{run:?}");
    assert_eq!(run.outcome(), "failed: exit 1 (checks are good)");

    let run = verified(&world, &run_service, "rm up", 3, Status::Ok).await;
    assert_eq!(seen(&run), (RunState::Regressed, Verdict::Regressed, Some(ChecksAfter::Regressed), Some(0)));
    assert_eq!(run.note.unwrap().as_str(), "healthy before, failing now: api");

    let run = verified(&world, &run_service, "true", 3, Status::Down).await;
    assert_eq!(seen(&run), (RunState::NotRecovered, Verdict::NotRecovered, Some(ChecksAfter::Bad), Some(0)));

    let run = verified(&world, &run_service, "exit 4", 3, Status::Down).await;
    assert_eq!(seen(&run), (RunState::Failed, Verdict::None, Some(ChecksAfter::Bad), Some(4)));
    assert!(run_service.store().locks().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_could_not_start_ends_at_once() {
    for (program, mode) in [("no-such-program", None), ("not-executable", Some(0o644))] {
        let world = World::new();
        let run_service = world.run_service().await;
        std::fs::write(world.path("up"), "").unwrap();
        let (config, terms) = watched(&world, Duration::from_mins(1), &[]);
        let mut start = StartRun { verify: Some(terms), ..world.start("") };
        let path = world.path(program);
        if mode.is_some() {
            std::fs::write(&path, "#!/bin/sh\n").unwrap();
        }
        start.plan.steps = vec![vec![path.display().to_string()]];
        let begun = run_service.begin(&confirmed(start), &config, &Secrets::default()).await.unwrap();
        let ended = attach_to_end(&run_service, begun).await;
        assert_eq!((ended.state, ended.checks, ended.exit_code), (RunState::Failed, None, None), "{ended:?}");
        assert!(!world.path("looks").exists(), "nothing was polled for what never started");
        assert!(run_service.store().locks().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn the_supervisor_verifies_without_anybody_and_releases_the_lock() {
    let world = World::new();
    let run_service = world.run_service().await;
    let (config, terms) = watched(&world, Duration::from_secs(20), &[]);
    let start = StartRun { verify: Some(terms), ..world.start("touch up") };
    let begun = run_service.begin(&start, &config, &Secrets::default()).await.unwrap();
    // Nobody attaches. While it is verified, everybody who looks sees that, and the lock is held.
    let mut states = Vec::new();
    let from = Instant::now();
    loop {
        let (run, row) = (
            run_service.run(&begun.id).await.unwrap().unwrap(),
            run_service.store().run(&begun.id).await.unwrap().unwrap(),
        );
        if states.last() != Some(&run.state) {
            states.push(run.state);
        }
        if !row.state.is_open() {
            break;
        }
        assert!(from.elapsed() < PATIENCE, "{run:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(run_service.run(&begun.id).await.unwrap().unwrap().state, RunState::Verified);
    assert!(states.contains(&RunState::Verifying), "{states:?}");
    assert!(run_service.store().locks().await.unwrap().is_empty());
    let kinds: Vec<_> = run_service.store().audit_page(0, 9).await.unwrap();
    let kinds: Vec<_> = kinds.iter().map(|one| one.entry["kind"].as_str().unwrap().to_owned()).collect();
    for kind in ["run.intent", "run.end", "run.verdict"] {
        assert!(kinds.iter().any(|one| one == kind), "{kind} is not in {kinds:?}");
    }
}

#[tokio::test]
async fn a_supervisor_killed_while_it_verifies_is_followed_by_another_on_demand() {
    let world = World::new();
    let run_service = world.run_service().await;
    let (config, terms) = watched(&world, Duration::from_mins(1), &[]);
    let start = StartRun { verify: Some(terms), ..world.start("true") };
    let begun = run_service.begin(&start, &config, &Secrets::default()).await.unwrap();
    wait_for("a look at the check", || world.path("looks").exists()).await;
    kill(supervisor(&begun));
    let lost = attach_to_end(&run_service, begun).await;
    assert_eq!((lost.state, lost.exit_code), (RunState::Unknown, Some(0)), "{lost:?}");
    assert!(lost.can_be_verified_now());
    assert_eq!(run_service.store().locks().await.unwrap().len(), 1, "its lock is kept");

    std::fs::write(world.path("up"), "").unwrap();
    let again = run_service.verify_now(&lost.id, &config, &Secrets::default()).await.unwrap();
    assert_eq!(again.state, RunState::Verifying);
    let closed = attach_to_end(&run_service, again).await;
    assert_eq!((closed.state, closed.checks), (RunState::Verified, Some(ChecksAfter::Good)), "{closed:?}");
    assert!(run_service.store().locks().await.unwrap().is_empty());
    let why = run_service.verify_now(&lost.id, &config, &Secrets::default()).await.unwrap_err();
    assert!(why.as_str().contains("it is verified"), "{why}");
}

#[tokio::test]
async fn checks_do_not_make_a_verdict_of_an_exit_code_that_nobody_knows() {
    let world = World::new();
    let run_service = world.run_service().await;
    let (config, terms) = watched(&world, Duration::from_secs(20), &[]);
    let start = StartRun { verify: Some(terms), ..world.start("touch up; echo $$ > pid; exec sleep 60") };
    let begun = run_service.begin(&start, &config, &Secrets::default()).await.unwrap();
    wait_for("the child", || std::fs::read_to_string(world.path("pid")).is_ok_and(|pid| pid.ends_with('\n'))).await;
    kill(supervisor(&begun));
    let lost = attach_to_end(&run_service, begun).await;
    assert_eq!(lost.state, RunState::Unknown);
    let why = run_service.verify_now(&lost.id, &config, &Secrets::default()).await.unwrap_err();
    assert!(why.as_str().contains("its processes still run"), "{why}");
    kill(std::fs::read_to_string(world.path("pid")).unwrap().trim().parse().unwrap());
    let again = loop {
        match run_service.verify_now(&lost.id, &config, &Secrets::default()).await {
            Ok(run) => break run,
            // The killed process may take a moment to be gone.
            Err(why) => assert!(why.as_str().contains("still run"), "{why}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let closed = attach_to_end(&run_service, again).await;
    assert_eq!(closed.outcome(), "outcome unknown (checks are good)");
    assert!(!closed.can_be_verified_now() && run_service.store().locks().await.unwrap().is_empty());
}

fn supervisor(run: &Run) -> i32 {
    let started: serde_json::Value =
        serde_json::from_slice(&std::fs::read(run.output_path.join("started.json")).unwrap()).unwrap();
    i32::try_from(started["pid"].as_i64().unwrap()).unwrap()
}

/// A supervisor whose stdin is cut, empty or another's refuses the run, on record, and releases its lock.
#[tokio::test]
async fn a_handover_that_is_not_whole_is_refused_and_recorded() {
    for (script, words) in [
        ("exec \"$PROGRAM\" \"$@\" </dev/null", "the handover is empty"),
        ("head -c 40 | exec \"$PROGRAM\" \"$@\"", "the handover was cut short: 40 of"),
        ("head -c 200 | exec \"$PROGRAM\" \"$@\"", "the handover was cut short: 200 of"),
        ("sed 's/TOKEN/TOKEM/' | exec \"$PROGRAM\" \"$@\"", "does not match its SHA-256"),
        ("(cat; echo) | exec \"$PROGRAM\" \"$@\"", "does not match its SHA-256"),
    ] {
        let world = World::new();
        let wrapper = world.path("wrapper");
        std::fs::write(&wrapper, format!("#!/bin/sh\nPROGRAM='{PROGRAM}'\n{script}\n")).unwrap();
        std::fs::set_permissions(&wrapper, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let run_service = world.run_service().await.with_program(&wrapper);
        let mut start = world.start("touch ran");
        start.plan.env.insert("TOKEN".to_owned(), "t0ken".to_owned());
        let begun = run_service.begin(&confirmed(start), &Config::default(), &Secrets::default()).await.unwrap();
        let ended = attach_to_end(&run_service, begun).await;
        assert_eq!(ended.state, RunState::Refused, "{script}: {ended:?}");
        assert!(ended.note.as_ref().unwrap().as_str().contains(words), "{script}: {ended:?}");
        assert!(!world.path("ran").exists());
        assert!(run_service.store().locks().await.unwrap().is_empty());
        let last = run_service.store().audit_page(0, 9).await.unwrap().into_iter().last().unwrap();
        assert_eq!(last.entry["detail"]["state"], "refused", "{:?}", last.entry);
        // What was refused is no attempt.
        let run_service = run_service.with_program(PROGRAM);
        let next = StartRun { cooldown: Duration::from_mins(10), ..world.start("true") };
        run(&run_service, &next).await.unwrap();
    }
}

/// The store is locked by somebody else while the run ends: the outcome is shown, and stored when that is over.
#[tokio::test]
async fn the_outcome_is_stored_once_the_store_is_back() {
    let world = World::new();
    let run_service = world.run_service().await;
    let start = world.start("while ! [ -e go ]; do sleep 0.05; done");
    let begun = run_service.begin(&start, &Config::default(), &Secrets::default()).await.unwrap();
    sabotage(&world, "CREATE TRIGGER full BEFORE INSERT ON fact BEGIN SELECT RAISE(ABORT, 'disk full'); END").await;
    std::fs::write(world.path("go"), "").unwrap();
    wait_for("the outcome", || begun.output_path.join("closing.json").exists()).await;
    assert_eq!(run_service.run(&begun.id).await.unwrap().unwrap().state, RunState::Ended);
    assert!(run_service.store().run(&begun.id).await.unwrap().unwrap().state.is_open());
    assert_eq!(run_service.store().locks().await.unwrap().len(), 1);
    sabotage(&world, "DROP TRIGGER full").await;
    let from = Instant::now();
    while run_service.store().run(&begun.id).await.unwrap().unwrap().state.is_open() {
        assert!(from.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(run_service.store().locks().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_live_run_is_attached_and_cancelled_by_the_next_console() {
    let world = World::new();
    let begun = world
        .run_service()
        .await
        .begin(&world.start("echo up; sleep 60"), &Config::default(), &Secrets::default())
        .await
        .unwrap();
    let next = world.run_service().await;
    let taken = next.take_in().await.unwrap();
    assert!(taken.settled.is_empty());
    assert_eq!(taken.live.len(), 1);
    wait_for("output", || !opsroom::runtime::runs::output(&begun).unwrap().0.is_empty()).await;
    next.stop(&begun, drop).await.unwrap();
    let ended = attach_to_end(&next, taken.live[0].clone()).await;
    assert_eq!(ended.state, RunState::Cancelled);
    let (lines, _) = opsroom::runtime::runs::output(&ended).unwrap();
    assert_eq!(lines[0].text.as_str(), "up");
    assert!(next.store().locks().await.unwrap().is_empty());
}

/// Stops a run whose step takes TERM for itself, and says what was said meanwhile.
async fn stopped(run_service: &RunService, run: &Run) -> (Recorded, Vec<Stopping>) {
    let mut said = Vec::new();
    let recorded = tokio::time::timeout(PATIENCE, run_service.stop(run, |stopping| said.push(stopping))).await;
    (recorded.expect("in time").unwrap(), said)
}

async fn begun(world: &World, run_service: &RunService, script: &str) -> Run {
    let script = format!("echo $$ > pid; {script}");
    let begun = run_service.begin(&world.start(&script), &Config::default(), &Secrets::default()).await.unwrap();
    wait_for("the step", || std::fs::read_to_string(world.path("pid")).is_ok_and(|pid| pid.ends_with('\n'))).await;
    begun
}

async fn entries(run_service: &RunService, kind: &str) -> usize {
    run_service.store().audit_page(0, 1000).await.unwrap().iter().filter(|line| line.entry["kind"] == kind).count()
}

#[tokio::test]
async fn a_run_is_stopped_while_the_store_is_locked_and_that_is_recorded_afterwards() {
    use sqlx::Connection as _;
    let world = World::new();
    let run_service = world.run_service().await;
    let begun = begun(&world, &run_service, "exec sleep 60").await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(world.path("state/opsroom.db"));
    let mut other = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql("BEGIN EXCLUSIVE").execute(&mut other).await.unwrap();
    let (recorded, said) = stopped(&run_service, &begun).await;
    assert_eq!((recorded, said), (Recorded::BySupervisor, vec![Stopping::Asked]));
    wait_for("the outcome", || begun.output_path.join("result.json").exists()).await;
    // Nobody has got to the store by then.
    assert!(run_service.store().run(&begun.id).await.unwrap().unwrap().state.is_open());
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    assert_eq!(attach_to_end(&run_service, begun).await.state, RunState::Cancelled);
    assert_eq!((entries(&run_service, "run.cancel").await, entries(&run_service, "run.end").await), (1, 1));
}

#[tokio::test]
async fn a_run_is_stopped_where_no_file_can_be_written_or_is_answered() {
    let world = World::new();
    let run_service = world.run_service().await;
    // The file can't be made while the directory is elsewhere.
    let first = begun(&world, &run_service, "exec sleep 60").await;
    let (pid, aside) = (supervisor(&first), world.path("aside"));
    std::fs::rename(&first.output_path, &aside).unwrap();
    let (recorded, said) = stopped(&run_service, &first).await;
    std::fs::rename(&aside, &first.output_path).unwrap();
    assert_eq!(said, [Stopping::Signalled { pid }]);
    run_service.record_stop(&first, &recorded).await.unwrap();
    assert_eq!(attach_to_end(&run_service, first).await.state, RunState::Cancelled);
    assert_eq!(entries(&run_service, "run.cancel").await, 1);

    // The directory is gone altogether.
    std::fs::remove_file(world.path("pid")).unwrap();
    let second = begun(&world, &run_service, "exec sleep 60").await;
    let (pid, step) = (supervisor(&second), std::fs::read_to_string(world.path("pid")).unwrap());
    std::fs::remove_dir_all(&second.output_path).unwrap();
    let (_, said) = stopped(&run_service, &second).await;
    assert_eq!(said, [Stopping::Signalled { pid }]);
    wait_for("the end of the step", || !Path::new(&format!("/proc/{}/stat", step.trim())).exists()).await;
}

#[tokio::test]
async fn a_supervisor_that_is_held_still_goes_on_to_stop_its_run() {
    let world = World::new();
    let run_service = world.run_service().await;
    let begun = begun(&world, &run_service, "exec sleep 60").await;
    let pid = rustix::process::Pid::from_raw(supervisor(&begun)).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    let (_, said) = stopped(&run_service, &begun).await;
    assert_eq!(said, [Stopping::Asked, Stopping::Signalled { pid: supervisor(&begun) }]);
    assert_eq!(attach_to_end(&run_service, begun).await.state, RunState::Cancelled);
    assert_eq!(entries(&run_service, "run.cancel").await, 1);
}

#[tokio::test]
async fn what_a_dead_supervisor_left_behind_is_named_and_stopped() {
    let world = World::new();
    let run_service = world.run_service().await;
    // A program that puts it into its own arguments, which we never do.
    let inner = "trap \"\" TERM; echo $$ > pid; while :; do sleep 60; done";
    let mut start = world.start(&format!("exec /bin/sh -c '{inner}' sh \"$TOKEN\""));
    start.plan.env.insert("TOKEN".to_owned(), "{secret:token}".to_owned());
    let mut secrets = Secrets::default();
    secrets.insert("token".into(), "hunter2hunter2".to_owned());
    let begun = run_service.begin(&confirmed(start), &Config::default(), &secrets).await.unwrap();
    wait_for("the step", || std::fs::read_to_string(world.path("pid")).is_ok_and(|pid| pid.ends_with('\n'))).await;
    let step: i32 = std::fs::read_to_string(world.path("pid")).unwrap().trim().parse().unwrap();
    kill(supervisor(&begun));
    let lost = attach_to_end(&run_service, begun).await;
    assert_eq!(lost.state, RunState::Unknown);
    let left = run_service.left(&lost).await;
    let shell = left.iter().find(|process| process.pid == step).expect("the shell of the step");
    assert!(shell.command.as_str().starts_with("/bin/sh -c trap") && shell.since.is_some(), "{shell:?}");
    assert!(shell.command.as_str().ends_with("***") && !shell.command.as_str().contains("hunter2"), "{shell:?}");

    let (recorded, said) = stopped(&run_service, &lost).await;
    let kill_in = Duration::from_millis(500);
    assert_eq!(said, [Stopping::Terminated { kill_in }, Stopping::Killed]);
    assert!(matches!(recorded, Recorded::ByUs(_)));
    assert!(run_service.left(&lost).await.is_empty());
}

#[tokio::test]
async fn of_a_run_on_another_host_it_is_said_that_nothing_can_be_seen() {
    let world = World::new();
    let run_service = world.run_service().await;
    let begun = begun(&world, &run_service, "exec sleep 60").await;
    kill(supervisor(&begun));
    let lost = attach_to_end(&run_service, begun).await;
    assert_eq!(run_service.left(&lost).await.len(), 1);
    sabotage(
        &world,
        "UPDATE thing SET state = json_set(state, iif(kind = 'run', '$.host', '$.held.host'), 'elsewhere')",
    )
    .await;
    let lost = run_service.run(&lost.id).await.unwrap().unwrap();
    let held = run_service.held(&lost.id).await.unwrap().unwrap();
    let unseen = held.unseen.clone().expect("a word");
    assert!(unseen.contains("elsewhere") && held.against().is_empty(), "{held:?}");
    assert_eq!(run_service.signs(&lost).await.unseen.unwrap().as_str(), unseen);
    assert!(run_service.stop(&lost, drop).await.unwrap_err().as_str().contains("is on elsewhere"));
    kill(std::fs::read_to_string(world.path("pid")).unwrap().trim().parse().unwrap());
}

#[tokio::test]
async fn a_clock_that_is_set_lengthens_no_cooldown_and_shortens_none() {
    let hours = chrono::TimeDelta::hours;
    let world = World::new();
    let state = world.path("state");
    let clock = Clock::start();
    let start = StartRun { cooldown: Duration::from_mins(10), ..world.start("true") };
    let run_service = async |clock| RunService::open(None, &state, clock).await.unwrap().with_program(PROGRAM);
    run(&run_service(clock).await, &start).await.unwrap();
    for set in [-3, 3] {
        let refused = run(&run_service(clock.set_by(hours(set))).await, &start).await.unwrap_err();
        let wait = refused.split("wait ").nth(1).unwrap().replace(' ', "");
        let wait = opsroom::lang::unit::parse_duration(&wait).unwrap().as_secs();
        assert!((1..=600).contains(&wait), "{set} h: {refused}");
    }
    // The machine was started again with a clock that is behind: the attempt counts as made when it is first seen.
    let rebooted = clock.rebooted().set_by(hours(-3));
    let refused = run(&run_service(rebooted).await, &start).await.unwrap_err();
    assert!(refused.ends_with("was 0s ago; wait 10m"), "{refused}");
    let short = StartRun { cooldown: Duration::from_millis(200), ..start.clone() };
    let from = Instant::now();
    while let Err(why) = run(&run_service(rebooted).await, &short).await {
        assert!(from.elapsed() < PATIENCE, "{why}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let limited = StartRun { at_most: Some((2, Duration::from_mins(10))), ..world.start("true") };
    let refused = run(&run_service(rebooted.set_by(hours(6))).await, &limited).await.unwrap_err();
    assert!(refused.starts_with("limit reached: 2 attempts"), "{refused}");
}

#[tokio::test]
async fn a_span_is_measured_by_a_clock_that_nobody_sets() {
    let world = World::new();
    let clock = Clock::start().set_by(chrono::TimeDelta::hours(3));
    let run_service = RunService::open(None, &world.path("state"), clock).await.unwrap().with_program(PROGRAM);
    // Begun by a clock that is ahead, ended by the supervisor's, which is right: as if it was set back meanwhile.
    let ended = run(&run_service, &world.start("sleep 0.3")).await.unwrap();
    assert!(ended.ended_at.unwrap() < ended.started_at);
    assert!((300..30_000).contains(&ended.duration_ms.unwrap()), "{ended:?}");
    assert_eq!(run_service.run(&ended.id).await.unwrap().unwrap().duration_ms, ended.duration_ms);
    let again = run_service.begin(&world.start("sleep 60"), &Config::default(), &Secrets::default()).await.unwrap();
    assert!(again.duration(Clock::start().moment()).unwrap() < PATIENCE);
    run_service.stop(&again, drop).await.unwrap();
    attach_to_end(&run_service, again).await;
}

#[tokio::test]
async fn output_is_followed_from_its_first_line_while_it_comes() {
    let world = World::new();
    let run_service = world.run_service().await;
    let script = "for i in 1 2 3; do echo $i; done; while ! [ -e go ]; do sleep 0.05; done; echo last >&2";
    let begun = run_service.begin(&world.start(script), &Config::default(), &Secrets::default()).await.unwrap();
    let (out, mut outcomes) = mpsc::channel(64);
    let follow = run_service.follow(&begun.id, &out);
    let read = async {
        let mut texts = Vec::new();
        while let Some(outcome) = outcomes.recv().await {
            let Outcome::RunOutput { lines, omitted: 0, .. } = outcome else { panic!("{outcome:?}") };
            texts.extend(lines.into_iter().map(|line| (line.index, line.stderr, line.text.as_str().to_owned())));
            if texts.len() == 3 {
                std::fs::write(world.path("go"), "").unwrap();
            }
            if texts.len() == 4 {
                return texts;
            }
        }
        texts
    };
    let (followed, texts) = tokio::join!(follow, read);
    followed.unwrap();
    assert_eq!(texts[2], (2, false, "3".to_owned()));
    assert_eq!(texts[3], (3, true, "last".to_owned()));
    attach_to_end(&run_service, begun).await;
}

#[tokio::test]
async fn a_dead_supervisor_leaves_an_unknown_outcome_and_its_lock() {
    let world = World::new();
    let run_service = world.run_service().await;
    let begun = run_service
        .begin(&world.start("echo $$ > pid; exec sleep 60"), &Config::default(), &Secrets::default())
        .await
        .unwrap();
    wait_for("the child", || std::fs::read_to_string(world.path("pid")).is_ok_and(|pid| pid.ends_with('\n'))).await;
    kill(supervisor(&begun));
    let ended = attach_to_end(&run_service, begun).await;
    assert_eq!(ended.state, RunState::Unknown);
    assert!(run(&run_service, &world.start("true")).await.unwrap_err().contains("opsroom unlock"));
    let held = run_service.held(&ended.id).await.unwrap().unwrap();
    assert!(held.against()[0].contains("sleep 60") && held.against().len() == 1, "{held:?}");
    let lock = run_service.unlock(&ended.id, "looked: it is up", &held.against()).await.unwrap().unwrap();
    assert_eq!(lock.target.as_str(), "api");
    assert!(run_service.unlock(&ended.id, "again", &[]).await.unwrap().is_none());
    run(&run_service, &world.start("true")).await.unwrap();
    kill(std::fs::read_to_string(world.path("pid")).unwrap().trim().parse().unwrap());
}

fn kill(pid: i32) {
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

#[tokio::test]
async fn a_supervisor_that_can_not_start_leaves_nothing_locked() {
    let world = World::new();
    let run_service = world.run_service().await.with_program(world.path("no-such-program"));
    let why = run(&run_service, &world.start("true")).await.unwrap_err();
    assert!(why.contains("supervisor could not be started"), "{why}");
    let on_record = run_service.store().audit_page(0, 99).await.unwrap();
    let told =
        on_record.iter().filter(|line| line.entry.to_string().contains("supervisor could not be started")).count();
    assert_eq!(told, 1, "it is on record once: {on_record:?}");
    assert!(run_service.store().locks().await.unwrap().is_empty());

    // One that dies before its first step: nothing ran, and that is known.
    let run_service = world.run_service().await.with_program("/bin/false");
    let ended = run(&run_service, &world.start("touch ran")).await;
    let settled = match ended {
        Ok(run) => run,
        Err(_) => run_service.store().runs(1).await.unwrap().remove(0),
    };
    assert_eq!(settled.state, RunState::Refused);
    assert!(!world.path("ran").exists());
    assert!(run_service.store().locks().await.unwrap().is_empty());
}

#[tokio::test]
async fn no_secret_is_in_any_file() {
    let world = World::new();
    let run_service = world.run_service().await;
    let secret = "hunter2-hunter2";
    let mut secrets = Secrets::default();
    secrets.insert("token".into(), secret.to_owned());
    let mut start = world.start("echo $TOKEN; echo ${#TOKEN}; cat /proc/$$/cmdline | tr '\\0' ' '");
    start.plan.env.insert("TOKEN".to_owned(), "{secret:token}".to_owned());
    start.reason = Some(format!("rotated to {secret}"));
    start.evidence = format!("{{\"log\": \"login with {secret}\"}}");
    let ended = run_with(&run_service, &confirmed(start), &secrets).await.unwrap();
    let (lines, _) = opsroom::runtime::runs::output(&ended).unwrap();
    assert_eq!(lines[1].text.as_str(), "15", "{lines:?}");
    run_service.store().close().await;
    let mut files = 0;
    search(&world.path("state"), &mut |path, bytes| {
        files += 1;
        assert!(memchr::memmem::find(bytes, secret.as_bytes()).is_none(), "{} holds the secret", path.display());
    });
    assert!(files > 5);

    let mut start = world.start("true");
    start.plan.env.insert("TOKEN".to_owned(), "{secret:other}".to_owned());
    let why = run_with(&world.run_service().await, &confirmed(start), &secrets).await.unwrap_err();
    assert!(why.contains("secret `other`"), "{why}");
}

fn search(directory: &Path, see: &mut impl FnMut(&Path, &[u8])) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            search(&path, see);
        } else {
            see(&path, &std::fs::read(&path).unwrap());
        }
    }
}

#[tokio::test]
async fn what_the_store_makes_is_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    let run_service = world.run_service().await;
    run(&run_service, &world.start("true")).await.unwrap();
    let mode = |path: PathBuf| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(world.path("state")), 0o700);
    assert_eq!(mode(world.path("state/opsroom.db")), 0o600);
    assert_eq!(mode(world.path("state/runs")), 0o700);
    search(&world.path("state"), &mut |path, _| {
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o077, 0, "{}", path.display());
    });
}

#[tokio::test]
async fn without_a_writable_audit_nothing_is_changed() {
    let world = World::new();
    let run_service = world.run_service().await;
    sabotage(&world, "CREATE TRIGGER full BEFORE INSERT ON fact BEGIN SELECT RAISE(ABORT, 'disk full'); END").await;
    let why = run(&run_service, &world.start("touch ran")).await.unwrap_err();
    assert!(why.contains("without a record nothing is changed"), "{why}");
    assert!(!world.path("ran").exists());
    assert!(run_service.store().locks().await.unwrap().is_empty());
    assert!(run_service.store().runs(9).await.unwrap().is_empty());
    let mut look = world.start("touch looked");
    look.plan.changing = false;
    run(&run_service, &confirmed(look)).await.unwrap();
    assert!(world.path("looked").exists());
}

async fn sabotage(world: &World, sql: &str) {
    use sqlx::Connection as _;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(world.path("state/opsroom.db"));
    let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_broken_chain_is_found_where_it_breaks() {
    for (sql, at) in [
        ("UPDATE fact SET entry = replace(entry, 'it hangs', 'it sings') WHERE seq = 3", 3),
        ("DELETE FROM fact WHERE seq = 2", 2),
        ("UPDATE fact SET seq = seq + 100 WHERE seq = 4", 4),
        ("UPDATE fact SET hash = zeroblob(32) WHERE seq = 1", 1),
    ] {
        let world = World::new();
        let run_service = world.run_service().await;
        for _ in 0..3 {
            run(&run_service, &world.start("true")).await.unwrap();
        }
        assert!(run_service.store().verify_audit().await.unwrap()[0].broken.is_none());
        let refused = sqlx_refuses(&world, sql).await;
        assert!(refused.contains("append-only"), "{refused}");
        sabotage(&world, &format!("DROP TRIGGER fact_is_never_changed; DROP TRIGGER fact_is_never_deleted; {sql}"))
            .await;
        let chain = run_service.store().verify_audit().await.unwrap().remove(0);
        assert_eq!(chain.broken.as_ref().map(|broken| broken.0), Some(at), "{sql}: {chain:?}");
        assert_eq!(chain.entries, at.cast_unsigned() - 1);
    }
}

async fn sqlx_refuses(world: &World, sql: &str) -> String {
    use sqlx::Connection as _;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(world.path("state/opsroom.db"));
    let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_store_of_a_newer_program_is_left_alone() {
    let world = World::new();
    world.run_service().await.store().close().await;
    sabotage(&world, "INSERT INTO schema_version VALUES (99)").await;
    let error = RunService::open(None, &world.path("state"), Clock::start()).await.unwrap_err();
    assert!(error.to_string().contains("made by a newer opsroom"), "{error}");
    let error = RunService::open(Some("mysql://db/ops"), &world.path("state"), Clock::start()).await.unwrap_err();
    assert!(error.to_string().contains("is not a supported store"), "{error}");
}
