//! The desk: what may begin, what is recorded, what the next desk takes in. Real stores, real supervisors.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test may touch files and the clock, and its helpers end it where they fail"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use opsroom::clock::Clock;
use opsroom::model::message::{Outcome, StartRun};
use opsroom::model::preview::Preview;
use opsroom::model::run::{Plan, Run, RunState, Verdict};
use opsroom::model::secret::Secrets;
use opsroom::runtime::runs::RunDesk;
use tokio::sync::mpsc;

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

    async fn desk(&self) -> RunDesk {
        RunDesk::open(None, &self.path("state"), Clock::start()).await.unwrap().with_program(PROGRAM)
    }

    fn start(&self, script: &str) -> StartRun {
        confirmed(StartRun {
            plan: Plan {
                action: "restart-api".into(),
                verb: "restart".into(),
                adapter: "ours".into(),
                service: Some("api".into()),
                target: "api".to_owned(),
                environment: "staging".to_owned(),
                host: "local".to_owned(),
                directory: self.at.path().to_owned(),
                steps: vec![["/bin/sh", "-c", script].map(str::to_owned).to_vec()],
                env: BTreeMap::new(),
                parameters: BTreeMap::new(),
                timeout: Duration::from_secs(20),
                grace: Duration::from_millis(500),
                changing: true,
                dry_run: false,
            },
            digest: String::new(),
            reason: Some("it hangs".to_owned()),
            evidence: "{}".to_owned(),
            cooldown: Duration::ZERO,
            at_most: None,
            preview: Preview::default(),
            verify_within: None,
        })
    }
}

fn confirmed(start: StartRun) -> StartRun {
    StartRun { digest: start.plan.digest(), ..start }
}

async fn run(desk: &RunDesk, start: &StartRun) -> Result<Run, String> {
    run_with(desk, start, &Secrets::default()).await
}

async fn run_with(desk: &RunDesk, start: &StartRun, secrets: &Secrets) -> Result<Run, String> {
    let (out, mut outcomes) = mpsc::channel(64);
    desk.start(start, secrets, &out).await;
    drop(out);
    let mut last = Err("nothing came of it".to_owned());
    while let Some(outcome) = outcomes.recv().await {
        match outcome {
            Outcome::Run(run) => last = Ok(*run),
            Outcome::RunRefused { why, .. } => last = Err(why.as_str().to_owned()),
            other => panic!("{other:?}"),
        }
    }
    last
}

async fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let from = Instant::now();
    while !done() {
        assert!(from.elapsed() < PATIENCE, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn attach_to_end(desk: &RunDesk, run: Run) -> Run {
    let (out, mut outcomes) = mpsc::channel(64);
    desk.attach(run, &out).await;
    drop(out);
    let mut last = None;
    while let Some(Outcome::Run(run)) = outcomes.recv().await {
        last = Some(*run);
    }
    last.unwrap()
}

#[tokio::test]
async fn a_run_is_recorded_from_intent_to_end() {
    let world = World::new();
    let desk = world.desk().await;
    let ended = run(&desk, &world.start("echo fence $OPSROOM_FENCE attempt $OPSROOM_ATTEMPT")).await.unwrap();
    assert_eq!((ended.state, ended.exit_code, ended.verdict), (RunState::Ended, Some(0), Verdict::None));
    assert!(ended.ended_at.unwrap() >= ended.started_at);
    let (lines, _) = opsroom::runtime::runs::output(&ended).unwrap();
    assert_eq!(lines[0].text.as_str(), "fence 1 attempt 1");
    let again = run(&desk, &world.start("echo fence $OPSROOM_FENCE; exit 3")).await.unwrap();
    assert_eq!((again.state, again.exit_code), (RunState::Ended, Some(3)));
    let (lines, _) = opsroom::runtime::runs::output(&again).unwrap();
    assert_eq!(lines[0].text.as_str(), "fence 2");

    let Outcome::Runs { runs, locks } = desk.load().await else { panic!() };
    assert_eq!(runs.iter().map(|run| run.id.clone()).collect::<Vec<_>>(), [again.id.clone(), ended.id.clone()]);
    assert!(locks.is_empty());
    let kinds: Vec<String> = desk
        .store()
        .audit_page(None, 100)
        .await
        .unwrap()
        .into_iter()
        .map(|line| format!("{} {}", line.entry["kind"].as_str().unwrap(), line.entry["object"].as_str().unwrap()))
        .collect();
    let id = |run: &Run, kind: &str| format!("{kind} {}", run.id);
    assert_eq!(
        kinds,
        [id(&ended, "run.intent"), id(&ended, "run.end"), id(&again, "run.intent"), id(&again, "run.end")]
    );
    let chains = desk.store().verify_audit().await.unwrap();
    assert_eq!((chains.len(), chains[0].entries, chains[0].broken.clone()), (1, 4, None));
}

#[tokio::test]
async fn a_plan_that_was_not_confirmed_is_refused() {
    let world = World::new();
    let desk = world.desk().await;
    let mut start = world.start("touch ran");
    start.plan.steps[0][2].push_str("; touch more");
    let why = run(&desk, &start).await.unwrap_err();
    assert!(why.contains("not the one that was confirmed"), "{why}");
    assert!(!world.path("ran").exists());
    assert_eq!(desk.store().audit_page(None, 9).await.unwrap()[0].entry["kind"], "run.refused");
}

#[tokio::test]
async fn cooldown_and_at_most_count_attempts_of_a_verb_on_a_target() {
    let world = World::new();
    let desk = world.desk().await;
    let start = StartRun { cooldown: Duration::from_mins(10), ..world.start("exit 1") };
    run(&desk, &start).await.unwrap();
    let why = run(&desk, &start).await.unwrap_err();
    assert!(why.starts_with("cooldown: the last restart of api was"), "{why}");

    let mut other = world.start("true");
    other.plan.target = "db".to_owned();
    other.cooldown = Duration::from_mins(10);
    run(&desk, &confirmed(other)).await.unwrap();

    let limited = StartRun { at_most: Some((2, Duration::from_hours(1))), ..world.start("true") };
    run(&desk, &limited).await.unwrap();
    let why = run(&desk, &limited).await.unwrap_err();
    assert!(why.starts_with("2 attempts to restart api within 3600 s"), "{why}");

    // Another verb, and what changes nothing, are not held up.
    let mut rollback = StartRun { cooldown: Duration::from_mins(10), ..world.start("true") };
    rollback.plan.verb = "rollback".into();
    run(&desk, &confirmed(rollback)).await.unwrap();
    let mut look = StartRun { cooldown: Duration::from_mins(10), ..world.start("true") };
    look.plan.changing = false;
    run(&desk, &confirmed(look)).await.unwrap();
}

#[tokio::test]
async fn one_run_a_target_at_a_time_over_two_consoles() {
    let world = World::new();
    let (one, other) = (world.desk().await, world.desk().await);
    let held = one.begin(&world.start("while ! [ -e go ]; do sleep 0.05; done"), &Secrets::default()).await.unwrap();
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
        desks.push(world.desk().await);
    }
    let begun = futures_util::future::join_all(desks.iter().map(|desk| async {
        desk.begin(&world.start("while ! [ -e go ]; do sleep 0.05; done"), &Secrets::default()).await
    }))
    .await;
    let winners: Vec<Run> = begun.into_iter().filter_map(Result::ok).collect();
    assert_eq!(winners.len(), 1);
    std::fs::write(world.path("go"), "").unwrap();
    attach_to_end(&desks[0], winners[0].clone()).await;
    // The refused ones left no directory behind.
    assert_eq!(std::fs::read_dir(world.path("state/runs")).unwrap().count(), 1);
}

#[tokio::test]
async fn the_lock_is_kept_until_the_verdict() {
    let world = World::new();
    let desk = world.desk().await;
    let start = StartRun { verify_within: Some(Duration::from_mins(1)), ..world.start("exit 4") };
    let ended = run(&desk, &start).await.unwrap();
    assert_eq!((ended.state, ended.exit_code), (RunState::Verifying, Some(4)));
    assert!(run(&desk, &world.start("true")).await.unwrap_err().contains("is locked by"));
    let note = "api is still down".into();
    let judged = desk.record_verdict(&ended.id, Verdict::NotRecovered, Some(&note)).await.unwrap();
    assert_eq!((judged.state, judged.verdict), (RunState::Ended, Verdict::NotRecovered));
    assert!(judged.note.unwrap().as_str().ends_with("; api is still down"));
    // The first verdict stands.
    let second = desk.record_verdict(&ended.id, Verdict::Verified, None).await.unwrap();
    assert_eq!(second.verdict, Verdict::NotRecovered);
    run(&desk, &world.start("true")).await.unwrap();
}

#[tokio::test]
async fn a_verification_that_nobody_finishes_does_not_hold_the_lock_for_ever() {
    let world = World::new();
    let desk = world.desk().await;
    let start = StartRun { verify_within: Some(Duration::ZERO), ..world.start("true") };
    let ended = run(&desk, &start).await.unwrap();
    let later = ended.ended_at.unwrap() + chrono::Duration::seconds(61);
    let closed = desk.store().close_unverified("me", later).await.unwrap();
    assert_eq!((closed[0].state, closed[0].verdict), (RunState::Ended, Verdict::Inconclusive));
    assert!(desk.store().locks().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_live_run_is_attached_and_cancelled_by_the_next_console() {
    let world = World::new();
    let begun = world.desk().await.begin(&world.start("echo up; sleep 60"), &Secrets::default()).await.unwrap();
    let next = world.desk().await;
    let taken = next.take_in().await.unwrap();
    assert!(taken.settled.is_empty());
    assert_eq!(taken.live.len(), 1);
    wait_for("output", || !opsroom::runtime::runs::output(&begun).unwrap().0.is_empty()).await;
    next.cancel(&begun.id).await.unwrap();
    let ended = attach_to_end(&next, taken.live[0].clone()).await;
    assert_eq!(ended.state, RunState::Cancelled);
    let (lines, _) = opsroom::runtime::runs::output(&ended).unwrap();
    assert_eq!(lines[0].text.as_str(), "up");
    assert!(next.store().locks().await.unwrap().is_empty());
}

#[tokio::test]
async fn output_is_followed_from_its_first_line_while_it_comes() {
    let world = World::new();
    let desk = world.desk().await;
    let script = "for i in 1 2 3; do echo $i; done; while ! [ -e go ]; do sleep 0.05; done; echo last >&2";
    let begun = desk.begin(&world.start(script), &Secrets::default()).await.unwrap();
    let (out, mut outcomes) = mpsc::channel(64);
    let follow = desk.follow(&begun.id, &out);
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
    let ((), texts) = tokio::join!(follow, read);
    assert_eq!(texts[2], (2, false, "3".to_owned()));
    assert_eq!(texts[3], (3, true, "last".to_owned()));
    attach_to_end(&desk, begun).await;
}

#[tokio::test]
async fn a_dead_supervisor_leaves_an_unknown_outcome_and_its_lock() {
    let world = World::new();
    let desk = world.desk().await;
    let begun = desk.begin(&world.start("echo $$ > pid; exec sleep 60"), &Secrets::default()).await.unwrap();
    wait_for("the child", || std::fs::read_to_string(world.path("pid")).is_ok_and(|pid| pid.ends_with('\n'))).await;
    let started: serde_json::Value =
        serde_json::from_slice(&std::fs::read(begun.output_path.join("started.json")).unwrap()).unwrap();
    kill(i32::try_from(started["pid"].as_i64().unwrap()).unwrap());
    let ended = attach_to_end(&desk, begun).await;
    assert_eq!(ended.state, RunState::OutcomeUnknown);
    assert!(run(&desk, &world.start("true")).await.unwrap_err().contains("opsroom unlock"));
    let (lock, live) = desk.unlock(&ended.id, "looked: it is up").await.unwrap().unwrap();
    assert_eq!((lock.target.as_str(), live), ("api", false));
    assert!(desk.unlock(&ended.id, "again").await.unwrap().is_none());
    run(&desk, &world.start("true")).await.unwrap();
    kill(std::fs::read_to_string(world.path("pid")).unwrap().trim().parse().unwrap());
}

fn kill(pid: i32) {
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

#[tokio::test]
async fn a_supervisor_that_can_not_start_leaves_nothing_locked() {
    let world = World::new();
    let desk = world.desk().await.with_program(world.path("no-such-program"));
    let why = run(&desk, &world.start("true")).await.unwrap_err();
    assert!(why.contains("supervisor could not be started"), "{why}");
    assert!(desk.store().locks().await.unwrap().is_empty());

    // One that dies before its first step: nothing ran, and that is known.
    let desk = world.desk().await.with_program("/bin/false");
    let ended = run(&desk, &world.start("touch ran")).await;
    let settled = match ended {
        Ok(run) => run,
        Err(_) => desk.store().runs(1).await.unwrap().remove(0),
    };
    assert_eq!(settled.state, RunState::Refused);
    assert!(!world.path("ran").exists());
    assert!(desk.store().locks().await.unwrap().is_empty());
}

#[tokio::test]
async fn no_secret_is_in_any_file() {
    let world = World::new();
    let desk = world.desk().await;
    let secret = "hunter2-hunter2";
    let mut secrets = Secrets::default();
    secrets.insert("token".into(), secret.to_owned());
    let mut start = world.start("echo $TOKEN; echo ${#TOKEN}; cat /proc/$$/cmdline | tr '\\0' ' '");
    start.plan.env.insert("TOKEN".to_owned(), "{secret:token}".to_owned());
    start.reason = Some(format!("rotated to {secret}"));
    start.evidence = format!("{{\"log\": \"login with {secret}\"}}");
    let ended = run_with(&desk, &confirmed(start), &secrets).await.unwrap();
    let (lines, _) = opsroom::runtime::runs::output(&ended).unwrap();
    assert_eq!(lines[1].text.as_str(), "15", "{lines:?}");
    desk.store().close().await;
    let mut files = 0;
    search(&world.path("state"), &mut |path, bytes| {
        files += 1;
        assert!(memchr::memmem::find(bytes, secret.as_bytes()).is_none(), "{} holds the secret", path.display());
    });
    assert!(files > 5);

    let mut start = world.start("true");
    start.plan.env.insert("TOKEN".to_owned(), "{secret:other}".to_owned());
    let why = run_with(&world.desk().await, &confirmed(start), &secrets).await.unwrap_err();
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
    let desk = world.desk().await;
    run(&desk, &world.start("true")).await.unwrap();
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
    let desk = world.desk().await;
    sabotage(&world, "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'disk full'); END").await;
    let why = run(&desk, &world.start("touch ran")).await.unwrap_err();
    assert!(why.contains("without a record nothing is changed"), "{why}");
    assert!(!world.path("ran").exists());
    assert!(desk.store().locks().await.unwrap().is_empty());
    assert!(desk.store().runs(9).await.unwrap().is_empty());
    let mut look = world.start("touch looked");
    look.plan.changing = false;
    run(&desk, &confirmed(look)).await.unwrap();
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
        ("UPDATE audit SET entry = CAST(replace(entry, 'it hangs', 'it sings') AS BLOB) WHERE seq = 3", 3),
        ("DELETE FROM audit WHERE seq = 2", 2),
        ("UPDATE audit SET seq = seq + 100 WHERE seq = 4", 4),
        ("UPDATE audit SET hash = zeroblob(32) WHERE seq = 1", 1),
    ] {
        let world = World::new();
        let desk = world.desk().await;
        for _ in 0..3 {
            run(&desk, &world.start("true")).await.unwrap();
        }
        assert!(desk.store().verify_audit().await.unwrap()[0].broken.is_none());
        let refused = sqlx_refuses(&world, sql).await;
        assert!(refused.contains("append-only"), "{refused}");
        sabotage(&world, &format!("DROP TRIGGER audit_is_never_changed; DROP TRIGGER audit_is_never_deleted; {sql}"))
            .await;
        let chain = desk.store().verify_audit().await.unwrap().remove(0);
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
    world.desk().await.store().close().await;
    sabotage(&world, "INSERT INTO schema_version VALUES (99)").await;
    let error = RunDesk::open(None, &world.path("state"), Clock::start()).await.unwrap_err();
    assert!(error.to_string().contains("use the newer opsroom"), "{error}");
    let error = RunDesk::open(Some("postgres://db/ops"), &world.path("state"), Clock::start()).await.unwrap_err();
    assert!(error.to_string().contains("no store of this version"), "{error}");
}
