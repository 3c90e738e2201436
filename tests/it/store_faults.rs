//! The store under faults: its file, its log or its runs removed, replaced, emptied, full or not ours. Real files, real
//! stores, real supervisors, the real program.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test may touch files and the clock, and its helpers end it where they fail"
)]

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use opsroom::actions::follow::{RunLiveness, liveness};
use opsroom::actions::rundir::RunDir;
use opsroom::clock::Clock;
use opsroom::config::Config;
use opsroom::model::effect::StartRun;
use opsroom::model::outcome::Outcome;
use opsroom::model::run::{Plan, Run, RunState};
use opsroom::runtime::catching_up::ReadTo;
use opsroom::runtime::runs::RunService;
use opsroom::store::Store;
use opsroom::store::address::StoreAddress;
use opsroom::store::place::StoreLocation;
use opsroom::text::secret::Secrets;
use sqlx::Connection as _;
use tokio::sync::{Notify, mpsc};

use crate::support::plans;
use crate::support::shell;

const PROGRAM: &str = env!("CARGO_BIN_EXE_opsroom");
const PATIENCE: Duration = Duration::from_secs(30);
const CONFIG: &str = r#"
[adapter.ours]
touch = { steps = [["/bin/sh", "-c", "echo x >> ran"]] }
[action.touch]
adapter = "ours"
do = "touch"
target = "api"
"#;

struct World {
    at: tempfile::TempDir,
}

#[derive(Debug)]
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl World {
    fn new() -> Self {
        let world = Self { at: tempfile::tempdir().unwrap() };
        std::fs::write(world.path("opsroom.toml"), CONFIG).unwrap();
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.at.path().join(name)
    }

    /// The state directory, the same for desks and for commands.
    fn state(&self) -> PathBuf {
        self.path("state/opsroom")
    }

    fn db(&self) -> PathBuf {
        self.state().join("opsroom.db")
    }

    async fn run_service(&self) -> RunService {
        RunService::open(None, &self.state(), Clock::start()).await.unwrap().with_program(PROGRAM)
    }

    fn command(&self, arguments: &[&str]) -> Ran {
        Self::ran_as(&self.program(arguments).output().unwrap())
    }

    fn program(&self, arguments: &[&str]) -> Command {
        let mut command = shell::opsroom(self.at.path());
        command.args(arguments);
        command
    }

    fn ran_as(output: &Output) -> Ran {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Ran { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// Takes a directory of the state directory away and removes it. In one step: who works in it would make files in it while
    /// they go one after the other.
    fn clear_away(&self, directory: &Path) {
        let aside = self.path("aside");
        std::fs::rename(directory, &aside).unwrap();
        std::fs::remove_dir_all(&aside).unwrap();
    }

    /// How often the action ran.
    fn ran(&self) -> usize {
        std::fs::read_to_string(self.path("ran")).map_or(0, |text| text.lines().count())
    }

    fn start(&self, script: &str) -> StartRun {
        let plan = Plan {
            action: "touch".into(),
            verb: "touch".into(),
            service: None,
            environment: String::new(),
            ..plans::plan(self.at.path(), script)
        };
        StartRun { reason: None, ..plans::confirmed(plan) }
    }
}

async fn begin(run_service: &RunService, start: &StartRun) -> Result<Run, String> {
    let begun = run_service.begin(start, &Config::default(), &Secrets::default()).await;
    begun.map_err(|why| why.as_str().to_owned())
}

async fn to_end(run_service: &RunService, run: Run) -> Run {
    let (out, _) = mpsc::channel(1);
    run_service.attach(run, &out).await
}

async fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let from = Instant::now();
    while !done() {
        assert!(from.elapsed() < PATIENCE, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn kill(pid: i64) {
    assert!(Command::new("kill").args(["-KILL", &pid.to_string()]).status().unwrap().success());
}

/// A run of which supervisor and steps were killed.
async fn killed(world: &World, run_service: &RunService) -> Run {
    let begun = begin(run_service, &world.start("echo $$ > pid; exec sleep 60")).await.unwrap();
    wait_for("its step", || std::fs::read_to_string(world.path("pid")).is_ok_and(|pid| pid.ends_with('\n'))).await;
    let started = std::fs::read(begun.output_path.join("started.json")).unwrap();
    let started: serde_json::Value = serde_json::from_slice(&started).unwrap();
    kill(started["pid"].as_i64().unwrap());
    kill(std::fs::read_to_string(world.path("pid")).unwrap().trim().parse().unwrap());
    let dir = RunDir::new(&begun.output_path);
    wait_for("its death", || !opsroom::actions::follow::is_alive(&dir)).await;
    begun
}

#[tokio::test]
async fn a_run_directory_that_is_cleared_away_never_says_that_nothing_ran() {
    for first in ["started.json", "alive", "intent.json"] {
        let world = World::new();
        let run_service = world.run_service().await;
        let begun = killed(&world, &run_service).await;
        let dir = RunDir::new(&begun.output_path);
        let mut files: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort_by_key(|path| !path.ends_with(first));
        assert!(files[0].ends_with(first));
        for file in files {
            std::fs::remove_file(&file).unwrap();
            assert_eq!(liveness(&dir).unwrap(), RunLiveness::Lost(None), "without {}", file.display());
        }
        std::fs::remove_dir_all(world.state().join("runs")).unwrap();
        let taken = run_service.take_in().await.unwrap();
        assert_eq!(taken.settled[0].state, RunState::Unknown);
        assert_eq!(run_service.store().locks().await.unwrap().len(), 1, "its lock is kept");
        let why = begin(&run_service, &world.start("echo x >> ran")).await.unwrap_err();
        assert!(why.contains("is locked by") && world.ran() == 0, "{why}");
    }
}

#[tokio::test]
async fn a_directory_that_goes_while_its_run_lives_leaves_it_unknown_and_locked() {
    let world = World::new();
    let run_service = world.run_service().await;
    let begun = begin(&run_service, &world.start("while ! [ -e go ]; do sleep 0.05; done")).await.unwrap();
    wait_for("its start", || begun.output_path.join("started.json").exists()).await;
    world.clear_away(&world.state().join("runs"));
    let lost = to_end(&run_service, begun).await;
    assert_eq!(lost.state, RunState::Unknown);
    let why = begin(&run_service, &world.start("echo x >> ran")).await.unwrap_err();
    assert!(why.contains("is locked by") && world.ran() == 0, "{why}");

    // Nobody says that the supervisor died, or that nothing of it is left.
    let note = lost.note.as_ref().unwrap().as_str();
    assert!(note.contains("directory was removed") && note.contains("while its supervisor (pid "), "{note}");
    let shown = world.command(&["runs", &lost.id]);
    assert!(shown.code == 3 && shown.out.contains(", its supervisor, since "), "{shown:?}");
    let refused = world.command(&["runs", &lost.id, "--verify"]);
    assert!(refused.code == 3, "{refused:?}");
    std::fs::write(world.path("go"), "").unwrap();
    let from = Instant::now();
    while run_service.run(&lost.id).await.unwrap().unwrap().state != RunState::Ended {
        assert!(from.elapsed() < PATIENCE, "the end that its supervisor saw is stored");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn nothing_is_begun_beside_a_run_that_no_store_knows_any_more() {
    let world = World::new();
    let run_service = world.run_service().await;
    let begun = begin(&run_service, &world.start("while ! [ -e go ]; do sleep 0.05; done")).await.unwrap();
    wait_for("its start", || begun.output_path.join("started.json").exists()).await;
    world.clear_away(&world.state());

    let fresh = world.run_service().await;
    let why = begin(&fresh, &world.start("echo x >> ran")).await.unwrap_err();
    let named = format!("run {} (its supervisor has pid ", begun.id);
    assert!(why.contains(&named) && why.contains("kill ") && world.ran() == 0, "{why}");
    let refused = world.command(&["audit", "verify", "--accept", "--why", "x"]);
    assert!(refused.code == 2 && refused.err.contains(&*begun.id), "{refused:?}");

    std::fs::write(world.path("go"), "").unwrap();
    let from = Instant::now();
    while let Err(why) = begin(&fresh, &world.start("echo x >> ran")).await {
        assert!(from.elapsed() < PATIENCE && why.contains(&named), "{why}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    wait_for("the second run", || world.ran() == 1).await;
}

#[tokio::test]
async fn what_is_wrong_with_the_store_is_said_before_a_run_that_it_does_not_know() {
    let world = World::new();
    assert_eq!(world.command(&["run", "touch", "--yes"]).code, 0);
    std::fs::copy(world.db(), world.path("backup")).unwrap();
    let run_service = world.run_service().await;
    let begun = begin(&run_service, &world.start("while ! [ -e go ]; do sleep 0.05; done")).await.unwrap();
    wait_for("its start", || begun.output_path.join("started.json").exists()).await;
    run_service.close().await;
    std::fs::copy(world.path("backup"), world.db()).unwrap();
    let why = begin(&world.run_service().await, &world.start("echo x >> ran")).await.unwrap_err();
    assert!(why.contains("lost the end of its audit") && why.contains("--accept"), "{why}");
    std::fs::write(world.path("go"), "").unwrap();
}

#[tokio::test]
async fn a_run_that_is_over_does_not_keep_the_way_out_shut() {
    let world = World::new();
    let run_service = world.run_service().await;
    let begun = begin(&run_service, &world.start("while ! [ -e go ]; do sleep 0.05; done")).await.unwrap();
    wait_for("its start", || begun.output_path.join("started.json").exists()).await;
    drop(run_service);
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", world.db().display()));
    }
    let accept = ["audit", "verify", "--accept", "--why", "the disk was lost"];
    let refused = world.command(&accept);
    assert!(refused.code == 2 && refused.err.contains("still running"), "{refused:?}");
    // Its supervisor waits for the store that is gone, which may be for ever.
    std::fs::write(world.path("go"), "").unwrap();
    wait_for("its end", || begun.output_path.join("closing.json").exists()).await;
    let accepted = world.command(&accept);
    assert!(accepted.code == 0 && accepted.err.contains("accepted"), "{accepted:?}");
    let ran = world.command(&["run", "touch", "--yes"]);
    assert!(ran.code == 0 && world.ran() == 1, "{ran:?}");
}

#[tokio::test]
async fn a_refusal_says_apart_why_and_what_to_do() {
    let world = World::new();
    let run = ["run", "touch", "--yes"];
    assert_eq!(world.command(&run).code, 0);
    std::fs::copy(world.db(), world.path("backup")).unwrap();
    let run_service = world.run_service().await;
    let begun = begin(&run_service, &world.start("while ! [ -e go ]; do sleep 0.05; done")).await.unwrap();
    wait_for("its start", || begun.output_path.join("started.json").exists()).await;
    let refused = |why: &str, hint: &str| {
        let Ran { code, err, .. } = world.command(&run);
        let line = |start: &str| err.lines().find_map(|line| line.strip_prefix(start)).unwrap_or_default();
        let (said, hinted) = (line("error: refused: "), line("hint: "));
        assert!(code == 2 && said.contains(why) && hinted.contains(hint) && !said.contains(hint), "{err}");
    };
    refused("api is locked by", &format!("if that run has ended: opsroom unlock {} --why TEXT", begun.id));
    // The store as it was before that run: it knows nothing of it.
    run_service.close().await;
    std::fs::copy(world.path("backup"), world.db()).unwrap();
    refused("lost the end of its audit", "opsroom audit verify --accept");
    std::fs::remove_dir_all(world.state().join("heads")).unwrap();
    refused("is still running, though the store does not know it", "wait for its end, or stop it with kill ");
    assert_eq!(world.ran(), 1);
    std::fs::write(world.path("go"), "").unwrap();
}

/// What may happen to the store of a console that runs.
fn replace(world: &World, how: &str) {
    let db = world.db();
    match how {
        "removed" => std::fs::remove_file(&db).unwrap(),
        "moved away" => std::fs::rename(&db, world.path("away.db")).unwrap(),
        "another moved there" => std::fs::rename(world.path("other.db"), &db).unwrap(),
        "another copied over it" => drop(std::fs::copy(world.path("other.db"), &db).unwrap()),
        "emptied" => std::fs::write(&db, "").unwrap(),
        "overwritten with text" => std::fs::write(&db, "not a database ".repeat(1000)).unwrap(),
        "an older copy of itself over it" => drop(std::fs::copy(world.path("older.db"), &db).unwrap()),
        "its log removed" => std::fs::remove_file(world.state().join("opsroom.db-wal")).unwrap(),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn nothing_is_begun_in_a_store_that_is_not_the_one_that_was_opened() {
    for how in [
        "removed",
        "moved away",
        "another moved there",
        "another copied over it",
        "emptied",
        "overwritten with text",
        "an older copy of itself over it",
        "its log removed",
    ] {
        let world = World::new();
        // A store with its own content, and a copy of ours from before its last run.
        let other = Store::open(&StoreLocation {
            at: StoreAddress::File(world.path("other.db")),
            host: "h".to_owned(),
            state: None,
        })
        .await
        .unwrap();
        other.close().await;
        let run_service = world.run_service().await;
        let first = begin(&run_service, &world.start("true")).await.unwrap();
        to_end(&run_service, first).await;
        run_service.store().checkpoint().await;
        std::fs::copy(world.db(), world.path("older.db")).unwrap();
        let second = begin(&run_service, &world.start("true")).await.unwrap();
        to_end(&run_service, second).await;
        run_service.store().checkpoint().await;

        replace(&world, how);
        let before = std::fs::read(world.db()).ok();
        let why = begin(&run_service, &world.start("echo x >> ran")).await.unwrap_err();
        assert!(why.contains("without a record nothing is changed"), "{how}: {why}");
        assert!(why.contains("was removed or replaced") || why.contains("lost the end of its audit"), "{how}: {why}");
        assert_eq!(world.ran(), 0, "{how}");
        if !how.contains("older copy") {
            assert_eq!(std::fs::read(world.db()).ok(), before, "{how}: what lies there is not written to");
        }
        run_service.close().await;
        if !how.contains("older copy") {
            assert_eq!(std::fs::read(world.db()).ok(), before, "{how}: nor when it is closed");
        }
        // And the next one sees it as well.
        if how != "its log removed" {
            let refused = world.command(&["run", "touch", "--yes"]);
            assert!(
                matches!(refused.code, 2 | 3) && refused.err.contains("hint: ") || refused.err.contains("--accept"),
                "{how}: {refused:?}"
            );
            assert_eq!(world.ran(), 0, "{how}");
        }
    }
}

#[tokio::test]
async fn a_supervisor_runs_nothing_where_the_record_is_gone() {
    for (script, words) in [
        ("mv state/opsroom/opsroom.db away", "was removed or replaced"),
        ("cp other.db state/opsroom/opsroom.db", "the record of this run is gone"),
        ("sqlite", "its lock is not held"),
    ] {
        let world = World::new();
        let other = Store::open(&StoreLocation {
            at: StoreAddress::File(world.path("other.db")),
            host: "h".to_owned(),
            state: None,
        })
        .await
        .unwrap();
        other.close().await;
        let wrapper = world.path("wrapper");
        let root = world.at.path().display();
        let go = if script == "sqlite" { "while ! [ -e go ]; do sleep 0.05; done" } else { script };
        std::fs::write(&wrapper, format!("#!/bin/sh\n(cd {root}; {go})\nexec '{PROGRAM}' \"$@\"\n")).unwrap();
        std::fs::set_permissions(&wrapper, std::fs::Permissions::from_mode(0o755)).unwrap();
        let run_service = world.run_service().await.with_program(&wrapper);
        let begun = begin(&run_service, &world.start("echo x >> ran")).await.unwrap();
        if script == "sqlite" {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(world.db());
            let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
            sqlx::raw_sql("DELETE FROM thing WHERE kind = 'lock'").execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
            std::fs::write(world.path("go"), "").unwrap();
        }
        wait_for("the outcome", || begun.output_path.join("closing.json").exists()).await;
        let closing = RunDir::new(&begun.output_path).read_closing().unwrap().unwrap();
        assert_eq!(closing.state, RunState::Refused);
        let note = closing.note.unwrap();
        assert!(note.as_str().contains(words) && note.as_str().ends_with("nothing ran"), "{script}: {note}");
        assert_eq!(world.ran(), 0);
        // It tries to store that until it can; here it never can.
        wait_for("its end", || std::fs::remove_dir_all(&begun.output_path).is_ok()).await;
    }
}

#[test]
fn what_a_command_wrote_is_in_the_one_file() {
    let world = World::new();
    assert_eq!(world.command(&["run", "touch", "--yes"]).code, 0);
    for command in [&["runs"][..], &["audit"], &["audit", "verify"], &["unlock", "x", "--why", "x"]] {
        world.command(command);
        let log = std::fs::metadata(world.state().join("opsroom.db-wal")).map_or(0, |log| log.len());
        assert_eq!(log, 0, "after {command:?}");
    }
    let copy = World::new();
    std::fs::create_dir_all(copy.state()).unwrap();
    std::fs::copy(world.db(), copy.db()).unwrap();
    assert!(copy.command(&["runs"]).out.contains("touch"));
}

#[test]
fn the_head_of_the_audit_is_kept_and_its_loss_is_told() {
    let world = World::new();
    assert_eq!(world.command(&["run", "touch", "--yes"]).code, 0);
    std::fs::copy(world.db(), world.path("backup.db")).unwrap();
    assert_eq!(world.command(&["run", "touch", "--yes"]).code, 0);
    let verified = world.command(&["audit", "verify"]);
    assert!(verified.code == 0 && verified.out.contains("4 entries"), "{verified:?}");
    let heads: Vec<_> = std::fs::read_dir(world.state().join("heads")).unwrap().map(|entry| entry.unwrap()).collect();
    assert!(heads.iter().all(|head| head.metadata().unwrap().mode().trailing_zeros() >= 6));

    std::fs::copy(world.path("backup.db"), world.db()).unwrap();
    let verified = world.command(&["audit", "verify"]);
    assert_eq!(verified.code, 1, "{verified:?}");
    assert!(verified.out.contains("entries 3 to 4 are missing"), "{verified:?}");
    assert!(verified.err.contains("opsroom audit verify --accept --why TEXT"), "{verified:?}");
    let refused = world.command(&["run", "touch", "--yes"]);
    assert!(refused.code == 2 && refused.err.contains("entries 3 to 4 are missing"), "{refused:?}");
    assert!(refused.err.contains("--accept"), "{refused:?}");
    assert_eq!(world.ran(), 2);
    // What is missing is not written over by what is refused.
    assert_eq!(world.command(&["run", "touch", "--yes"]).code, 2);
    let verified = world.command(&["audit", "verify"]);
    assert!(verified.code == 1 && verified.out.contains("entries 3 to 4 are missing"), "{verified:?}");

    assert_eq!(world.command(&["audit", "verify", "--accept"]).code, 64);
    assert_eq!(world.command(&["audit", "verify", "--accept", "--why", "x", "--read-only"]).code, 64);
    let accepted = world.command(&["audit", "verify", "--accept", "--why", "restored from the backup"]);
    assert!(accepted.code == 0 && accepted.err.contains("accepted and recorded; before that: "), "{accepted:?}");
    let audit = world.command(&["audit"]);
    assert!(audit.out.contains("store.accepted") && audit.out.contains("why=restored from the backup"), "{audit:?}");
    assert_eq!(world.command(&["run", "touch", "--yes"]).code, 0);
    assert_eq!(world.command(&["audit", "verify"]).code, 0);
}

#[test]
fn what_is_no_store_is_refused_and_not_touched() {
    let before = |world: &World| assert_eq!(world.command(&["run", "touch", "--yes"]).code, 0);
    let empty = |world: &World| std::fs::write(world.db(), "").unwrap();
    let clear = |world: &World| {
        for name in ["opsroom.db", "opsroom.db-wal", "opsroom.db-shm"] {
            std::fs::remove_file(world.state().join(name)).ok();
        }
    };
    for (what, words) in [
        ("empty", "is empty"),
        ("missing", "is missing"),
        ("missing, runs alone", "a run in"),
        ("text", "a file of another kind"),
        ("directory", "a directory"),
        ("fifo", "a FIFO"),
        ("device", "a device"),
        ("another program's", "the database of another program (tables: customer, schema_version)"),
        ("another program's, with a log", "the database of another program"),
    ] {
        let world = World::new();
        before(&world);
        clear(&world);
        match what {
            "empty" => empty(&world),
            "missing" => {}
            "missing, runs alone" => std::fs::remove_dir_all(world.state().join("heads")).unwrap(),
            "text" => std::fs::write(world.db(), "x".repeat(5000)).unwrap(),
            "directory" => std::fs::create_dir(world.db()).unwrap(),
            "fifo" => assert!(Command::new("mkfifo").arg(world.db()).status().unwrap().success()),
            "device" => std::os::unix::fs::symlink("/dev/null", world.db()).unwrap(),
            other => foreign(&world.db(), other.ends_with("log")),
        }
        let content = || {
            std::fs::metadata(world.db())
                .ok()
                .filter(std::fs::Metadata::is_file)
                .map(|_| std::fs::read(world.db()).unwrap())
        };
        let (bytes, files) = (content(), names(&world.state()));
        for arguments in [&["run", "touch", "--yes"][..], &["runs"], &["audit", "verify"]] {
            let refused = world.command(arguments);
            assert!(refused.code >= 2, "{what}: {arguments:?}: {refused:?}");
            assert!(
                refused.err.contains(words) && refused.err.contains("hint: "),
                "{what}: {arguments:?}: {refused:?}"
            );
        }
        assert_eq!(world.ran(), 1, "{what}");
        assert_eq!(content(), bytes, "{what}: it was written to");
        assert_eq!(names(&world.state()), files, "{what}: a file was made beside it");

        let accepted = world.command(&["audit", "verify", "--accept", "--why", "lost"]);
        if words.starts_with("is ") || what.starts_with("missing") {
            assert_eq!(accepted.code, 0, "{what}: {accepted:?}");
            assert_eq!(world.command(&["run", "touch", "--yes"]).code, 0, "{what}");
        } else {
            assert!(accepted.code >= 2, "{what}: what is not ours is never accepted: {accepted:?}");
            assert_eq!(content(), bytes, "{what}");
        }
    }
}

fn names(directory: &Path) -> Vec<PathBuf> {
    let mut names: Vec<_> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    names
}

/// The database of another program, which happens to have a table of a name that we use too.
fn foreign(path: &Path, with_log: bool) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).create_if_missing(true);
        let options = if with_log { options.journal_mode(sqlx::sqlite::SqliteJournalMode::Wal) } else { options };
        let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::raw_sql("CREATE TABLE customer (name TEXT); CREATE TABLE schema_version (version INTEGER)")
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    });
}

/// A small file system of its own; `None` where none can be mounted.
struct Small(PathBuf);

impl Small {
    fn mount(at: PathBuf) -> Option<Self> {
        std::fs::create_dir_all(&at).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=400k,mode=700", "none"]).arg(&at).output();
        if mounted.is_ok_and(|mounted| mounted.status.success()) {
            return Some(Self(at));
        }
        eprintln!("skipped: no tmpfs can be mounted here");
        None
    }

    fn fill(&self) {
        use std::io::Write as _;
        let mut file = std::fs::File::create(self.0.join("ballast")).unwrap();
        while file.write_all(&[7; 1024]).is_ok() {}
    }

    fn free(&self) {
        std::fs::remove_file(self.0.join("ballast")).unwrap();
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(&self.0).status().ok();
    }
}

#[tokio::test]
async fn a_full_disk_is_said_so_and_the_store_is_taken_up_again() {
    let world = World::new();
    let Some(small) = Small::mount(world.path("small")) else { return };
    let db = small.0.join("opsroom.db");
    let url = db.display().to_string();
    let run_service = RunService::open(Some(&url), &world.state(), Clock::start()).await.unwrap().with_program(PROGRAM);
    let ended = begin(&run_service, &world.start("true")).await.unwrap();
    to_end(&run_service, ended).await;
    small.fill();
    let why = begin(&run_service, &world.start("echo x >> ran")).await.unwrap_err();
    assert!(why.contains("the disk is full") && why.contains("free some space"), "{why}");
    run_service.close().await;
    // Without a log beside it, and without room for one.
    let refused = world.command(&["--store", &url, "run", "touch", "--yes"]);
    assert!(refused.err.contains("the disk is full") && refused.err.contains("free some space"), "{refused:?}");
    assert_eq!(world.ran(), 0);
    small.free();
    let ran = world.command(&["--store", &url, "run", "touch", "--yes"]);
    assert!(ran.code == 0 && world.ran() == 1, "{ran:?}");
    // Its supervisor may hold the file for another moment.
    let read_only =
        || Command::new("mount").args(["-o", "remount,ro"]).arg(&small.0).output().unwrap().status.success();
    wait_for("the mount to be read-only", read_only).await;
    let refused = world.command(&["--store", &url, "run", "touch", "--yes"]);
    let plain = refused.err.contains("is read-only\nhint: mount its file system writable");
    assert!(plain && !refused.err.contains("os error") && world.ran() == 1, "{refused:?}");
}

/// Stops a run on a disk that is full, with or without the room that is kept for its end.
async fn stopped_on_a_full_disk(has_reserve: bool, holds: impl Fn(&Ran) -> bool) {
    let world = World::new();
    let Some(small) = Small::mount(world.state()) else { return };
    let waits = CONFIG.replace("echo x >> ran", "echo x >> ran; while ! [ -e go ]; do sleep 0.05; done");
    std::fs::write(world.path("opsroom.toml"), waits).unwrap();
    let mut run = world.program(&["run", "touch", "--yes"]);
    let mut child = run.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for("its step", || world.ran() == 1).await;
    if !has_reserve {
        let run = std::fs::read_dir(world.state().join("runs")).unwrap().next().unwrap().unwrap();
        std::fs::remove_file(run.path().join("reserve")).unwrap();
    }
    small.fill();
    wait_for("its end", || {
        // The first says that it continues, the second stops it, a later one leaves it.
        assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
        std::thread::sleep(Duration::from_millis(200));
        child.try_wait().unwrap().is_some()
    })
    .await;
    let left = World::ran_as(&child.wait_with_output().unwrap());
    assert!(holds(&left), "{left:?}");
    small.free();
    wait_for("its record", || world.command(&["runs", "--json"]).out.contains("\"cancelled\"")).await;
}

#[tokio::test]
async fn a_stopped_run_whose_end_finds_no_room_can_be_left() {
    stopped_on_a_full_disk(false, |left| left.code == 3 && left.err.contains("no process of it is left running")).await;
}

#[tokio::test]
async fn the_end_of_a_run_has_room_on_a_disk_that_is_full() {
    stopped_on_a_full_disk(true, |left| left.code == 2 && left.out.contains(": cancelled")).await;
}

#[test]
fn a_limit_on_the_size_of_files_is_an_error_and_ends_no_process() {
    let world = World::new();
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "ulimit -f 4; exec \"$0\" silence '*' --why test --for 1h", PROGRAM]);
    command.current_dir(world.at.path()).env_remove("OPSROOM_CONFIG").stdin(Stdio::null());
    command.env("HOME", world.at.path()).env("XDG_STATE_HOME", world.path("state"));
    let said = World::ran_as(&command.output().unwrap());
    assert!(said.code > 0 && said.err.contains("error: the store"), "{said:?}");
}

#[tokio::test]
async fn each_fault_has_words_and_a_hint() {
    let world = World::new();
    assert_eq!(world.command(&["run", "touch", "--yes"]).code, 0);
    // Damaged beyond its header.
    let mut bytes = std::fs::read(world.db()).unwrap();
    let sound = bytes.clone();
    bytes[100..].fill(0xa5);
    std::fs::write(world.db(), &bytes).unwrap();
    let damaged = world.command(&["runs"]);
    assert!(damaged.code == 3 && damaged.err.contains("its content is damaged"), "{damaged:?}");
    assert!(damaged.err.contains("hint: restore it from a backup"), "{damaged:?}");
    std::fs::write(world.db(), &sound).unwrap();
    // Held by another program.
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(world.db());
    let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql("BEGIN EXCLUSIVE").execute(&mut connection).await.unwrap();
    let locked = world.command(&["run", "touch", "--yes"]);
    assert!(locked.code == 2 && locked.err.contains("another program has locked it"), "{locked:?}");
    connection.close().await.unwrap();
    // A path that can't be.
    let missing = world.command(&["--store", "/proc/nowhere/opsroom.db", "runs"]);
    assert!(missing.code == 3 && missing.err.contains("hint: "), "{missing:?}");
    // A file system that can't be written.
    let Some(small) = Small::mount(world.path("small")) else { return };
    std::fs::copy(world.db(), small.0.join("opsroom.db")).unwrap();
    let remount = Command::new("mount").args(["-o", "remount,ro"]).arg(&small.0).status().unwrap();
    assert!(remount.success());
    let url = small.0.join("opsroom.db").display().to_string();
    let refused = world.command(&["--store", &url, "run", "touch", "--yes"]);
    assert!(refused.err.to_lowercase().contains("read-only") && refused.err.contains("hint: "), "{refused:?}");
    assert_eq!(world.ran(), 1);
}

#[tokio::test]
async fn a_store_is_not_called_damaged_while_its_disk_is_full() {
    use std::os::unix::fs::FileExt as _;
    let world = World::new();
    assert_eq!(world.command(&["run", "touch", "--yes"]).code, 0);
    let Some(small) = Small::mount(world.path("small")) else { return };
    let db = small.0.join("opsroom.db");
    std::fs::copy(world.db(), &db).unwrap();
    small.fill();
    // As half of what was to be written leaves it.
    let length = std::fs::metadata(&db).unwrap().len();
    let file = std::fs::File::options().write(true).open(&db).unwrap();
    file.write_all_at(&vec![0xa5; usize::try_from(length).unwrap() - 100], 100).unwrap();
    let url = db.display().to_string();
    let full = world.command(&["--store", &url, "runs"]);
    assert!(full.err.contains("the disk is full") && full.err.contains("free some space"), "{full:?}");
    assert!(!full.err.contains("damaged") && !full.err.contains("recover"), "{full:?}");
    small.free();
    let damaged = world.command(&["--store", &url, "runs"]);
    assert!(damaged.err.contains("its content is damaged"), "{damaged:?}");
}

#[tokio::test]
async fn whoever_watches_is_told_that_the_known_heads_cant_be_read() {
    let world = World::new();
    let run_service = world.run_service().await;
    let (out, mut outcomes) = mpsc::channel(16);
    let wake = Notify::new();
    let mut read = ReadTo::default();
    let watching = run_service.watch(&mut read, &wake, &out);
    let breaking = async {
        let Some(Outcome::Runs { .. }) = outcomes.recv().await else { panic!("no runs") };
        let ended = begin(&run_service, &world.start("true")).await.unwrap();
        to_end(&run_service, ended).await;
        let heads = world.state().join("heads");
        let files = std::fs::read_dir(&heads).unwrap().map(|entry| entry.unwrap().path());
        let head = files.into_iter().find(|path| path.extension().is_some_and(|end| end == "json")).unwrap();
        std::fs::write(&head, "{").unwrap();
        let refused = begin(&run_service, &world.start("true")).await.unwrap_err();
        assert!(refused.contains(&head.display().to_string()) && refused.contains("--accept"), "{refused}");
        while outcomes.recv().await.is_some() {}
    };
    let error = tokio::select! {
        away = watching => away.error,
        () = breaking => panic!("nothing more is told"),
        () = tokio::time::sleep(PATIENCE) => panic!("it still watches"),
    };
    let said = error.to_string();
    assert!(said.contains("can't be read") && said.contains("/heads/") && said.contains(".json"), "{said}");
}

#[tokio::test]
async fn whoever_watches_returns_when_the_store_goes() {
    let world = World::new();
    let run_service = world.run_service().await;
    let (out, mut outcomes) = mpsc::channel(16);
    let wake = Notify::new();
    let watching = async {
        let error = run_service.watch(&mut ReadTo::default(), &wake, &out).await.error;
        assert!(error.to_string().contains("was removed or replaced"), "{error}");
    };
    let removing = async {
        let Some(Outcome::Runs { .. }) = outcomes.recv().await else { panic!("no runs") };
        std::fs::rename(world.db(), world.path("away.db")).unwrap();
        while outcomes.recv().await.is_some() {}
    };
    tokio::select! {
        () = watching => {}
        () = removing => {}
        () = tokio::time::sleep(PATIENCE) => panic!("it still watches"),
    }
}

/// State, end state, verdict, exit code, signal; what it is now, whether its lock is kept.
type Case = (&'static str, Option<&'static str>, &'static str, Option<i64>, Option<i64>, RunState, bool);

/// A store of the first schema, with a run of each state that it knew.
#[tokio::test]
async fn every_state_of_the_first_schema_is_carried_over() {
    let world = World::new();
    std::fs::create_dir_all(world.state()).unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(world.db()).create_if_missing(true);
    let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    let first = include_str!("../../src/store/schema/001.sql");
    sqlx::raw_sql(first).execute(&mut connection).await.unwrap();
    sqlx::raw_sql(
        "CREATE TABLE schema_version (version INTEGER NOT NULL) STRICT; INSERT INTO schema_version VALUES (1)",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    // state, end_state, verdict, exit code, signal; what it is now, whether its lock is kept.
    let cases: &[Case] = &[
        ("starting", None, "none", None, None, RunState::Running, true),
        ("running", None, "none", None, None, RunState::Running, true),
        ("stopping", None, "none", None, None, RunState::Running, true),
        ("outcome_unknown", None, "none", None, None, RunState::Unknown, true),
        ("verifying", Some("ended"), "none", Some(0), None, RunState::Inconclusive, false),
        ("verifying", None, "none", Some(0), None, RunState::Inconclusive, false),
        ("verifying", Some("timed_out"), "none", None, Some(9), RunState::TimedOut, false),
        ("verifying", Some("cancelled"), "none", None, Some(15), RunState::Cancelled, false),
        ("verifying", Some("ended"), "none", Some(3), None, RunState::Failed, false),
        ("verifying", Some("ended"), "none", None, Some(11), RunState::Killed, false),
        ("ended", None, "none", Some(0), None, RunState::Ended, false),
        ("ended", None, "verified", Some(0), None, RunState::Verified, false),
        ("ended", None, "not_recovered", Some(0), None, RunState::NotRecovered, false),
        ("ended", None, "regressed", Some(0), None, RunState::Regressed, false),
        ("ended", None, "inconclusive", Some(0), None, RunState::Inconclusive, false),
        ("ended", None, "verified", Some(1), None, RunState::Failed, false),
        ("ended", None, "none", None, Some(9), RunState::Killed, false),
        ("ended", None, "none", None, None, RunState::Failed, false),
        ("timed_out", None, "none", None, Some(15), RunState::TimedOut, false),
        ("cancelled", None, "none", None, Some(15), RunState::Cancelled, false),
        ("refused", None, "none", None, None, RunState::Refused, false),
    ];
    let plan = serde_json::to_string(&world.start("true").plan).unwrap();
    for (number, (state, end, verdict, code, signal, ..)) in cases.iter().enumerate() {
        let id = format!("run-{number:02}");
        sqlx::query(
            "INSERT INTO run (id, action, verb, target, who, host, plan_digest, plan, changing, started_at, ended_at,
             state, end_state, verdict, exit_code, signal, output_path)
             VALUES ($1, 'touch', 'touch', $1, 'ada', 'h', 'd', $2, 1, $3, $4, $5, $6, $7, $8, $9, '/nowhere')",
        )
        .bind(&id)
        .bind(&plan)
        .bind(i64::try_from(number).unwrap())
        .bind(code.or(*signal).map(|_| 1000 + i64::try_from(number).unwrap()))
        .bind(state)
        .bind(end)
        .bind(verdict)
        .bind(code)
        .bind(signal)
        .execute(&mut connection)
        .await
        .unwrap();
        if !matches!(*state, "ended" | "timed_out" | "cancelled" | "refused") {
            sqlx::query("INSERT INTO lock VALUES ($1, $1, 1, 'ada', 'h', 'touch', 0)")
                .bind(&id)
                .execute(&mut connection)
                .await
                .unwrap();
        }
    }
    connection.close().await.unwrap();

    let store = Store::open(&StoreLocation {
        at: StoreAddress::File(world.db()),
        host: "h".to_owned(),
        state: Some(world.state()),
    })
    .await
    .unwrap();
    let locks: Vec<String> = store.locks().await.unwrap().iter().map(|lock| lock.id.to_string()).collect();
    for (number, case) in cases.iter().enumerate() {
        let id = format!("run-{number:02}");
        let run = store.run(&id).await.unwrap().unwrap();
        assert_eq!((run.state, locks.contains(&id)), (case.5, case.6), "{case:?}");
        assert_eq!(run.verdict, run.state.verdict(), "{case:?}");
        assert_eq!(run.started_at.timestamp_millis(), i64::try_from(number).unwrap());
    }
    assert_eq!(store.id().len(), 32);
    store.close().await;
}
