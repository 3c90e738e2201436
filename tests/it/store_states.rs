//! What each command that reads the store says of one that is not as it should be, and with which exit code.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test may touch files, and its helpers end it where they fail"
)]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use opsroom::app::state::State;
use opsroom::clock::Clock;
use opsroom::config::load;
use opsroom::model::outcome::StoreAbsence;
use opsroom::runtime::core::{ConsolePart, StartOptions};
use opsroom::runtime::headless::{Headless, LoopEnd};
use opsroom::runtime::reload::Loader;
use opsroom::runtime::runs::RunService;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection, SqliteConnection};

use crate::support::app::config;
use crate::support::frame::{draw, text};
use crate::support::shell;

const PATIENCE: Duration = Duration::from_secs(30);
const CONFIG: &str = r#"
[adapter.ours]
touch = { steps = [["/bin/true"]] }
[action.touch]
adapter = "ours"
do = "touch"
target = "api"
"#;

/// Every command that reads the store, in the order of the columns of the tables below.
const COMMANDS: [&[&str]; 13] = [
    &["store"],
    &["store", "check"],
    &["store", "rebuild"],
    &["store", "export"],
    &["audit"],
    &["audit", "verify"],
    &["audit", "export"],
    &["runs"],
    &["runs", "--json"],
    &["runs", "--follow"],
    &["timeline"],
    &["unlock", "x", "--why", "x"],
    &["run", "touch", "--yes"],
];

struct World {
    at: tempfile::TempDir,
    /// `--store`; empty: the usual place.
    store: String,
}

impl World {
    fn new() -> Self {
        let world = Self { at: tempfile::tempdir().unwrap(), store: String::new() };
        std::fs::write(world.at.path().join("opsroom.toml"), CONFIG).unwrap();
        world
    }

    /// With a run on record.
    fn used() -> Self {
        let world = Self::new();
        assert_eq!(world.says(&["run", "touch", "--yes"]).0, 0);
        world
    }

    fn state(&self) -> PathBuf {
        self.at.path().join("state/opsroom")
    }

    fn db(&self) -> PathBuf {
        self.state().join("opsroom.db")
    }

    /// The exit code, and what stands on stderr; before it what an audit that was verified has against itself.
    fn says(&self, arguments: &[&str]) -> (i32, String) {
        let mut command = shell::opsroom(self.at.path());
        if !self.store.is_empty() {
            command.args(["--store", &self.store]);
        }
        let output = command.args(arguments).output().unwrap();
        let found = if arguments == ["audit", "verify"] { &output.stdout[..] } else { &[] };
        let said = [found, &output.stderr].concat();
        (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&said).into_owned())
    }

    /// Every command ends with its code. One that neither prints what it was asked for nor finds nothing wrong says `why`.
    fn holds(&self, what: &str, why: &str, codes: [i32; COMMANDS.len()]) {
        for (command, code) in COMMANDS.into_iter().zip(codes) {
            let (ended, said) = self.says(command);
            assert_eq!(ended, code, "{what}: {command:?}: {said}");
            if code != 0 && code != 64 {
                assert!(said.contains(why), "{what}: {command:?} says why: {said}");
                // What refuses a run says in its own sentence what to do.
                assert!(said.contains("hint: ") || command[0] == "run", "{what}: {command:?} says what to do: {said}");
            }
        }
    }

    async fn sql(&self, text: &'static str) -> SqliteConnection {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.db());
        let mut connection = options.connect().await.unwrap();
        sqlx::raw_sql(text).execute(&mut connection).await.unwrap();
        connection
    }
}

#[test]
fn what_names_something_that_is_not_there_makes_no_store_to_say_so() {
    let people = "[service.api]\n[contact.ana]\n[oncall]\nrotation = [\"ana\"]\n";
    let mut world = World::new();
    std::fs::write(world.at.path().join("opsroom.toml"), format!("{CONFIG}{people}")).unwrap();
    let named = world.at.path().join("named.db");
    for store in [String::new(), named.display().to_string()] {
        world.store = store;
        for command in [
            &["ack", "api", "--why", "x"][..],
            &["silence", "service:apo", "--why", "x", "--for", "1h"],
            &["unsilence", "x"],
            &["maintenance", "add", "apo", "--why", "x", "--for", "1h"],
            &["maintenance", "end", "x"],
            &["change", "add", "x", "apo", "--why", "x", "--from", "now", "--for", "1h"],
            &["change", "approve", "x"],
            &["change", "call-off", "x", "--why", "x"],
            &["incident", "open", "x", "--service", "apo"],
            &["incident", "open", "--alert", "api"],
            &["incident", "note", "x"],
            &["incident", "resolve", "7"],
            &["incident", "role", "lead"],
            &["oncall", "take", "--as", "an"],
            &["oncall", "end", "x"],
            &["oncall", "confirm", "AAAA-AAAA"],
            &["handover", "--accept"],
            &["handover", "--withdraw"],
            &["slo", "include", "x"],
            &["unlock", "x", "--why", "x"],
            &["baseline", "compare", "x"],
            &["run", "tuch", "--yes"],
            &["checklist", "x"],
        ] {
            let (code, said) = world.says(command);
            assert!(code != 0 && said.contains("error: ") && said.contains("hint: "), "{command:?}: {code} {said}");
            assert!(!world.db().exists() && !named.exists(), "{command:?} made a store: {said}");
        }
    }
}

#[test]
fn where_no_store_was_made_none_is_made_to_look_at_it() {
    let codes = [3, 3, 3, 3, 0, 3, 3, 0, 0, 64, 0, 64];
    let world = World::new();
    for (command, code) in COMMANDS.into_iter().zip(codes) {
        let (ended, said) = world.says(command);
        assert_eq!(ended, code, "{command:?}: {said}");
        assert!(code != 3 || said.contains("no store at ") && said.contains("hint: "), "{command:?}: {said}");
        assert!(!world.state().exists(), "{command:?} made something");
    }
    assert_eq!(world.says(&["snapshot", "overview"]).0, 0);
    assert!(!world.state().exists(), "a look at the screen made something");
    let (_, said) = world.says(&["audit", "verify"]);
    assert!(said.starts_with("error: nothing to verify: no store at "), "{said}");
    // In a place that somebody named it may be named wrongly: that is said.
    let world = World { store: world.at.path().join("other.db").display().to_string(), ..world };
    for (command, code) in COMMANDS.into_iter().zip(codes) {
        let (ended, said) = world.says(command);
        assert_eq!(ended, code, "{command:?}: {said}");
        assert!(said.contains("no store at ") && said.contains("hint: "), "{command:?}: {said}");
        assert!(!world.state().exists() && !world.at.path().join("other.db").exists(), "{command:?} made something");
    }
    // Of no other place is anything said, and of this one once.
    let of_others: [&[&str]; 4] =
        [&["handover", "--print"], &["handover", "--show"], &["report", "daily"], &["baseline", "compare", "x"]];
    for command in COMMANDS.into_iter().take(12).chain(of_others) {
        let (_, said) = world.says(command);
        let named = format!("no store at {}", world.store);
        assert_eq!((said.matches("no store at ").count(), said.matches(&named).count()), (1, 1), "{command:?}: {said}");
    }
}

#[test]
fn a_store_that_is_gone_or_another_file_is_no_empty_one() {
    let unusable = [3, 3, 3, 3, 3, 2, 3, 3, 3, 3, 3, 3, 2];
    let world = World::used();
    std::fs::remove_file(world.db()).unwrap();
    world.holds("gone", "is missing, but one was used there before", unusable);
    std::fs::write(world.db(), "").unwrap();
    world.holds("empty", "is empty, but one was used there before", unusable);
    std::fs::write(world.db(), "x".repeat(5_000)).unwrap();
    world.holds("garbage", "a file of another kind, not a store of opsroom", unusable);
    std::fs::remove_file(world.db()).unwrap();
    let world = World { store: "postgres://postgres@127.0.0.1:1/x".to_owned(), ..world };
    world.holds("no server", "no server accepts connections there", unusable);
}

#[tokio::test]
async fn a_store_of_a_newer_version_is_left_alone() {
    let world = World::used();
    world.sql("UPDATE schema_version SET version = 99 WHERE version = 1").await.close().await.unwrap();
    let files = || std::fs::read_dir(world.state()).unwrap().count();
    let before = files();
    let unusable = [3, 3, 3, 3, 3, 2, 3, 3, 3, 3, 3, 3, 2];
    for (command, code) in COMMANDS.into_iter().zip(unusable) {
        let (ended, said) = world.says(command);
        assert!(
            ended == code && said.contains("made by a newer opsroom") && said.contains("hint: upgrade opsroom"),
            "{command:?}: {ended}: {said}"
        );
        assert_eq!(files(), before, "{command:?} left something beside it");
    }
}

#[test]
fn what_is_printed_of_a_store_that_has_lost_entries_is_a_warning() {
    let world = World::used();
    let backup = std::fs::read(world.db()).unwrap();
    assert_eq!(world.says(&["run", "touch", "--yes"]).0, 0);
    std::fs::write(world.db(), backup).unwrap();
    let codes = [1, 2, 2, 1, 1, 1, 1, 1, 1, 64, 1, 64, 2];
    world.holds("lost entries", "the store has lost the end of its audit: entries 3 to 4 are missing", codes);
    // Who is told of an alert hangs on what is on record of who is on call.
    let with_check = format!("{CONFIG}[check.api]\ntcp = \"127.0.0.1:9\"\n");
    std::fs::write(world.at.path().join("opsroom.toml"), with_check).unwrap();
    for siblings in [&["alerts"][..], &["alerts", "route", "api"], &["notify"]] {
        let (ended, said) = world.says(siblings);
        assert!(
            ended == 1 && said.contains("the store has lost the end of its audit"),
            "{siblings:?}: {ended}: {said}"
        );
    }
}

#[tokio::test]
async fn a_store_that_another_program_holds_says_so() {
    let world = World::used();
    let holder = world.sql("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").await;
    // Each waits for it for a while: beside each other.
    std::thread::scope(|scope| {
        let commands = COMMANDS.into_iter().zip([3, 3, 3, 3, 3, 2, 3, 3, 3, 3, 3, 3, 2]);
        let asked: Vec<_> =
            commands.map(|(command, code)| (command, code, scope.spawn(|| world.says(command)))).collect();
        for (command, code, said) in asked {
            let (ended, said) = said.join().unwrap();
            assert!(ended == code && said.contains("another program has locked it"), "{command:?}: {ended}: {said}");
        }
    });
    holder.close().await.unwrap();
}

#[tokio::test]
async fn a_store_on_a_server_that_is_lost_or_may_only_be_read_says_so() {
    let Ok(server) = std::env::var("OPSROOM_TEST_POSTGRES") else {
        eprintln!("skipped: OPSROOM_TEST_POSTGRES is not set; tests/run starts a server");
        return;
    };
    let name = format!("states_{:08x}", fastrand::u32(..));
    let admin = |database: String, text: String| {
        let url = format!("postgres://postgres@{server}/{database}");
        async move {
            let mut connection = PgConnection::connect(&url).await.unwrap();
            connection.execute(sqlx::AssertSqlSafe(text)).await.unwrap();
        }
    };
    admin("postgres".to_owned(), format!("CREATE DATABASE {name}")).await;
    let world = World { store: format!("postgres://postgres@{server}/{name}"), ..World::new() };
    for (command, code) in COMMANDS.into_iter().zip([3, 3, 3, 3, 0, 3, 3, 0, 0, 64, 0, 64]) {
        let (ended, said) = world.says(command);
        assert!(ended == code && said.contains("no store at "), "none: {command:?}: {ended}: {said}");
    }
    assert_eq!(world.says(&["run", "touch", "--yes"]).0, 0);
    let reader = format!(
        "CREATE ROLE {name} LOGIN; GRANT USAGE ON SCHEMA public TO {name}; \
         GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}"
    );
    admin(name.clone(), reader).await;
    let looker = World { store: format!("postgres://{name}@{server}/{name}"), ..World::new() };
    looker.holds("read-only", "may only read the store", [0, 0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 64, 2]);
    admin(name.clone(), "DROP SCHEMA public CASCADE; CREATE SCHEMA public".to_owned()).await;
    let unusable = [3, 3, 3, 3, 3, 2, 3, 3, 3, 3, 3, 3, 2];
    world.holds("lost", "but one was used there before", unusable);
    admin("postgres".to_owned(), format!("DROP DATABASE {name} WITH (FORCE)")).await;
    world.holds("no database", "the database does not exist", unusable);
    admin("postgres".to_owned(), format!("DROP ROLE {name}")).await;
}

fn is_missing(state: &State) -> bool {
    state.world.store_away.as_ref().is_some_and(|away| away.how == StoreAbsence::NotMade)
}

#[tokio::test]
async fn a_console_that_only_looks_on_makes_no_store() {
    let at = tempfile::tempdir().unwrap();
    let state_directory = at.path().join("state");
    let start = StartOptions {
        clock: Clock::start(),
        config: config("[console]\nread_only = true\n"),
        loader: None,
        warnings: Vec::new(),
        store: None,
        part: ConsolePart::ActsForAll,
        state_directory: state_directory.clone(),
        record: None,
    };
    let mut console = Headless::start(start, (80, 24));
    assert_eq!(console.run(PATIENCE, is_missing).await, LoopEnd::Reached);
    let frame = text(&draw(console.state(), 80, 24));
    assert!(frame.contains("NO STORE YET") && !frame.contains("away"), "{frame}");
    assert!(!state_directory.exists());
    RunService::open(None, &state_directory, Clock::start()).await.unwrap().close().await;
    let is_there = |state: &State| state.world.store_away.is_none();
    assert_eq!(console.run(PATIENCE, is_there).await, LoopEnd::Reached, "one that another makes is seen");
    console.finish().await;
}

#[tokio::test]
async fn a_console_that_looks_on_no_more_makes_the_store_that_is_missing() {
    let at = tempfile::tempdir().unwrap();
    let (file, state_directory) = (at.path().join("opsroom.toml"), at.path().join("state"));
    std::fs::write(&file, "[console]\nread_only = true\n").unwrap();
    let path = file.clone();
    let start = StartOptions {
        clock: Clock::start(),
        loader: Some(Loader::new(&file, move || load::load_again(&path).accepted())),
        config: Arc::new(load::load(&file).config.unwrap()),
        warnings: Vec::new(),
        store: None,
        part: ConsolePart::ActsForAll,
        state_directory: state_directory.clone(),
        record: None,
    };
    let mut console = Headless::start(start, (80, 24));
    assert_eq!(console.run(PATIENCE, is_missing).await, LoopEnd::Reached);
    std::fs::write(&file, "[console]\nread_only = false\n").unwrap();
    let acts = |state: &State| state.world.store_away.is_none() && state.world.lease.fence().is_some();
    assert_eq!(console.run(PATIENCE, acts).await, LoopEnd::Reached, "it makes it, and acts");
    assert!(state_directory.join("opsroom.db").exists());
    console.finish().await;
}

#[tokio::test]
async fn a_store_that_goes_with_its_directory_is_not_made_again() {
    let at = tempfile::tempdir().unwrap();
    let (state_directory, aside) = (at.path().join("state"), at.path().join("aside"));
    let start = StartOptions {
        clock: Clock::start(),
        config: config("[console]\nname = \"one\"\n"),
        loader: None,
        warnings: Vec::new(),
        store: None,
        part: ConsolePart::ActsForAll,
        state_directory: state_directory.clone(),
        record: None,
    };
    let mut console = Headless::start(start, (80, 24));
    let holds = |state: &State| state.world.store_away.is_none() && state.world.lease.fence().is_some();
    assert_eq!(console.run(PATIENCE, holds).await, LoopEnd::Reached);
    std::fs::rename(&state_directory, &aside).unwrap();
    let why = |state: &State| state.world.store_away.as_ref().map(|away| away.why.to_string()).unwrap_or_default();
    assert_eq!(console.run(PATIENCE, |state| why(state).contains("is missing")).await, LoopEnd::Reached);
    // However often it is tried.
    assert_eq!(console.run(Duration::from_secs(5), holds).await, LoopEnd::TimedOut, "{}", why(console.state()));
    assert!(!state_directory.join("opsroom.db").exists());
    // A turn that finds the directory made again says it by what is kept in there.
    let is_said = |state: &State| why(state).contains("it was in use here");
    assert_eq!(console.run(PATIENCE, is_said).await, LoopEnd::Reached, "{}", why(console.state()));
    // What waits for the store is kept in the state directory, which is made again for that at any moment.
    while std::fs::rename(&aside, &state_directory).is_err() {
        std::fs::remove_dir_all(&state_directory).ok();
    }
    assert_eq!(console.run(PATIENCE, holds).await, LoopEnd::Reached, "the same store is used again");
    console.finish().await;
}

#[tokio::test]
async fn a_store_that_is_made_where_the_directory_is_gone_under_a_console_is_said_to_be_another_and_its_run_is_kept() {
    let world = World::new();
    let start = StartOptions {
        clock: Clock::start(),
        config: config(&format!("[console]\nname = \"one\"\n{CONFIG}")),
        loader: None,
        warnings: Vec::new(),
        store: None,
        part: ConsolePart::ActsForAll,
        state_directory: world.state(),
        record: None,
    };
    let mut console = Headless::start(start, (120, 40));
    let holds = |state: &State| state.world.store_away.is_none() && state.world.lease.fence().is_some();
    assert_eq!(console.run(PATIENCE, holds).await, LoopEnd::Reached);
    // What waits for the store may be written there at any moment.
    while std::fs::remove_dir_all(world.state()).is_err() {}
    // Whoever runs something in a shell can't know that there was a store.
    let (ended, said) = world.says(&["run", "touch", "--yes", "--detach"]);
    assert_eq!(ended, 0, "{said}");
    let how = |state: &State| state.world.store_away.as_ref().map(|away| away.how);
    let is_replaced = |state: &State| how(state) == Some(StoreAbsence::Replaced);
    assert_eq!(console.run(PATIENCE, is_replaced).await, LoopEnd::Reached, "{:?}", how(console.state()));
    let frame = text(&draw(console.state(), 120, 40));
    assert!(frame.contains("STORE REPLACED since "), "{frame}");
    let (ended, said) = world.says(&["run", "touch", "--yes"]);
    assert!(ended == 2 && said.contains("is not the store that was used there before"), "{said}");
    assert!(said.contains("hint: "), "{said}");
    let accept = ["audit", "verify", "--accept", "--why", "the directory was removed"];
    let from = std::time::Instant::now();
    loop {
        let (ended, said) = world.says(&accept);
        if ended == 0 {
            break;
        }
        assert!(said.contains("still running") && from.elapsed() < PATIENCE, "{said}");
    }
    let knows_the_run = |state: &State| {
        let ran = |run: &opsroom::model::run::Run| !run.state.is_open() && &*run.action == "touch";
        state.world.store_away.is_none() && state.world.locks.is_empty() && state.world.history.iter().any(ran)
    };
    assert_eq!(console.run(PATIENCE, knows_the_run).await, LoopEnd::Reached, "the run of the shell is on record");
    console.finish().await;
}
