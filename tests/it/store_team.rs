//! A store on PostgreSQL as people meet it: named by the configuration or `--store`, shared by hosts, its password nowhere.
//! `tests/run` starts the server; without it these tests say so and pass.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test may touch files and the clock, and its helpers end it where they fail"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use opsroom::clock::Clock;
use opsroom::config::Config;
use opsroom::model::lease::LeaseView;
use opsroom::runtime::core::{ConsolePart, StartOptions};
use opsroom::runtime::headless::{Headless, LoopEnd};
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::support::shell;

const PATIENCE: Duration = Duration::from_secs(30);
const PASSWORD: &str = "hunter2/with @ all";
const CONFIG: &str = r#"
[store]
url = "postgres://postgres:{secret:db}@@SERVER@/@DATABASE@"
[secret]
db = { env = "DB_PASSWORD" }
[adapter.ours]
touch = { steps = [["/bin/sh", "-c", "echo x >> ran"]] }
wait = { steps = [["/bin/sleep", "60"]] }
[action.touch]
adapter = "ours"
do = "touch"
target = "api"
[action.wait]
adapter = "ours"
do = "wait"
target = "db"
"#;

/// A team of two on one database, each with directories of its own.
struct Team {
    at: tempfile::TempDir,
    server: String,
    database: String,
}

impl Team {
    async fn new() -> Option<Self> {
        let Ok(server) = std::env::var("OPSROOM_TEST_POSTGRES") else {
            eprintln!("skipped: OPSROOM_TEST_POSTGRES is not set; tests/run starts a server");
            return None;
        };
        let database = format!("team_{:08x}", fastrand::u32(..));
        let team = Self { at: tempfile::tempdir().unwrap(), server, database };
        team.admin(&format!("CREATE DATABASE {}", team.database)).await;
        let config = CONFIG.replace("@SERVER@", &team.server).replace("@DATABASE@", &team.database);
        std::fs::write(team.at.path().join("opsroom.toml"), config).unwrap();
        for person in ["ana", "ben"] {
            std::fs::create_dir(team.home(person)).unwrap();
        }
        Some(team)
    }

    async fn admin(&self, sql: &str) {
        self.admin_in("postgres", sql).await;
    }

    async fn admin_in(&self, database: &str, sql: &str) {
        let mut connection =
            PgConnection::connect(&format!("postgres://postgres@{}/{database}", self.server)).await.unwrap();
        connection.execute(sqlx::AssertSqlSafe(sql.to_owned())).await.unwrap();
    }

    fn home(&self, person: &str) -> PathBuf {
        self.at.path().join(person)
    }

    fn state(&self, person: &str) -> PathBuf {
        self.home(person).join("state/opsroom")
    }

    fn program(&self, person: &str, arguments: &[&str]) -> Command {
        let mut command = shell::opsroom(&self.home(person));
        command.args(arguments).current_dir(self.at.path()).env("DB_PASSWORD", PASSWORD);
        command
    }

    /// What a command prints, where it ends well.
    fn does(&self, person: &str, arguments: &[&str]) -> String {
        let output = self.program(person, arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", both(&output));
        both(&output)
    }

    fn fails(&self, person: &str, arguments: &[&str]) -> String {
        let output = self.program(person, arguments).output().unwrap();
        assert!(!output.status.success(), "{arguments:?}: {}", both(&output));
        both(&output)
    }

    /// The files of everybody that hold the password, in any form.
    fn leaks(&self) -> Vec<PathBuf> {
        let (mut open, mut leaks) = (vec![self.at.path().to_owned()], Vec::new());
        while let Some(directory) = open.pop() {
            for entry in std::fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else if String::from_utf8_lossy(&std::fs::read(&path).unwrap_or_default()).contains("hunter2") {
                    leaks.push(path);
                }
            }
        }
        leaks
    }

    async fn end(self) {
        self.admin(&format!("DROP DATABASE {} WITH (FORCE)", self.database)).await;
    }
}

fn both(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(!text.contains("hunter2"), "{text}");
    text
}

async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let from = Instant::now();
    while !done() {
        assert!(from.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn supervisor_of(run: &Path) -> Option<String> {
    let started: serde_json::Value = serde_json::from_slice(&std::fs::read(run.join("started.json")).ok()?).ok()?;
    Some(started["pid"].to_string())
}

#[tokio::test]
async fn a_team_shares_runs_locks_and_the_audit_and_keeps_its_password() {
    let Some(team) = Team::new().await else { return };
    team.does("ana", &["run", "touch", "--yes"]);
    let runs: serde_json::Value = serde_json::from_str(&team.does("ben", &["runs", "--json"])).unwrap();
    assert_eq!((runs.as_array().unwrap().len(), &runs[0]["action"]), (1, &"touch".into()), "{runs}");
    let url = format!("postgres://postgres@{}/{}", team.server, team.database);
    let named = team.does("ben", &["--store", &url, "--config", "/dev/null", "runs"]);
    assert!(named.contains("touch"), "{named}");
    assert!(team.does("ben", &["audit", "verify"]).contains("intact"));
    assert!(team.does("ben", &["timeline"]).contains("touch"));
    assert!(!team.state("ana").join("opsroom.db").exists() && !team.state("ben").join("opsroom.db").exists());

    let id = team.does("ana", &["run", "wait", "--yes", "--detach"]);
    let id = id.lines().find(|line| line.starts_with("20")).unwrap().trim().to_owned();
    let refused = team.fails("ben", &["run", "wait", "--yes"]);
    assert!(refused.contains("db is locked by") && refused.contains(&id), "{refused}");
    let run = team.state("ana").join("runs").join(&id);
    until("the supervisor begins", || supervisor_of(&run).is_some()).await;
    let pid = supervisor_of(&run).unwrap();
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap();
    assert!(!String::from_utf8_lossy(&line).contains("postgres://"), "the URL is in no argument list");
    assert_eq!(team.leaks(), Vec::<PathBuf>::new());
    // Its supervisor dies; its steps lead a group of their own, below it.
    let killed = Command::new("pkill").args(["-9", "-s", &pid]).status().unwrap();
    assert!(killed.success());
    until("the run is lost", || team.does("ana", &["runs"]).contains("unknown")).await;
    let unlocked = team.does("ana", &["unlock", &id, "--why", "it was killed"]);
    assert!(unlocked.contains("unlocked db"), "{unlocked}");
    let intent = std::fs::read_to_string(run.join("intent.json")).unwrap();
    assert!(intent.contains(&format!("postgres://postgres@{}", team.server)), "{intent}");
    assert_eq!(team.leaks(), Vec::<PathBuf>::new());
    team.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_only_read_looks_on_and_changes_nothing() {
    let Some(team) = Team::new().await else { return };
    team.does("ana", &["run", "touch", "--yes"]);
    let role = format!("of_{}", team.database);
    team.admin(&format!("CREATE ROLE {role} LOGIN")).await;
    team.admin_in(&team.database, &format!("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")).await;
    let url = format!("postgres://{role}@{}/{}", team.server, team.database);
    let facts = || team.does("ana", &["audit", "verify"]);
    let before = facts();
    let start = StartOptions {
        clock: Clock::start(),
        config: Config::default().into(),
        loader: None,
        warnings: Vec::new(),
        store: Some(url.clone()),
        part: ConsolePart::ActsForAll,
        state_directory: team.state("ben"),
        record: None,
    };
    let mut console = Headless::start(start, (80, 24));
    let why = format!("the role `{role}` may only read the store");
    let looks_on = console.run(PATIENCE, |state| {
        let is_said = state.world.store_only_read.as_ref().is_some_and(|said| said.as_str().contains(&why));
        is_said && state.world.history.len() == 1 && state.world.lease == LeaseView::Free
    });
    assert_eq!(looks_on.await, LoopEnd::Reached);
    let refused = team.fails("ben", &["--store", &url, "run", "touch", "--yes"]);
    assert!(refused.contains(&why) && refused.contains("GRANT"), "{refused}");
    assert_eq!(facts(), before, "nothing was written");
    team.does("ana", &["run", "touch", "--yes"]);
    let end = console.run(PATIENCE, |state| state.world.history.len() == 2 && state.world.store_away.is_none()).await;
    assert_eq!(end, LoopEnd::Reached, "what others do is seen");
    console.finish().await;
    let ran = std::fs::read_to_string(team.at.path().join("ran")).unwrap();
    assert_eq!(ran.lines().count(), 2);
    let (server, database) = (team.server.clone(), team.database.clone());
    team.end().await;
    let mut admin = PgConnection::connect(&format!("postgres://postgres@{server}/postgres")).await.unwrap();
    admin.execute(sqlx::AssertSqlSafe(format!("DROP ROLE of_{database}"))).await.unwrap();
}

#[tokio::test]
async fn without_its_server_nothing_runs_and_it_is_said_why() {
    let Some(team) = Team::new().await else { return };
    team.does("ana", &["run", "touch", "--yes"]);
    team.admin(&format!("ALTER DATABASE {0} RENAME TO {0}_away", team.database)).await;
    let refused = team.fails("ana", &["run", "touch", "--yes"]);
    assert!(refused.contains("the database does not exist") && refused.contains("refused: nothing ran"), "{refused}");
    team.admin(&format!("ALTER DATABASE {0}_away RENAME TO {0}", team.database)).await;
    // Another database in its place.
    team.admin(&format!("ALTER DATABASE {0} RENAME TO {0}_old", team.database)).await;
    team.admin(&format!("CREATE DATABASE {}", team.database)).await;
    let gone = team.fails("ana", &["run", "touch", "--yes"]);
    assert!(gone.contains("is empty, but one was used there before"), "{gone}");
    assert!(gone.contains("--accept"), "{gone}");
    let ran = std::fs::read_to_string(team.at.path().join("ran")).unwrap();
    assert_eq!(ran.lines().count(), 1);
    team.admin(&format!("DROP DATABASE {}_old WITH (FORCE)", team.database)).await;
    team.end().await;
}

#[tokio::test]
async fn a_configuration_that_is_broken_does_not_lead_to_another_store() {
    let Some(team) = Team::new().await else { return };
    let path = team.at.path().join("opsroom.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{text}\n[check.x]\nevery = 5\n")).unwrap();
    let refused = team.fails("ana", &["runs"]);
    assert!(refused.contains("--store"), "{refused}");
    std::fs::write(&path, text.replace("{secret:db}", "{secret:none}")).unwrap();
    assert!(team.fails("ana", &["runs"]).contains("none"));
    std::fs::write(&path, text).unwrap();
    let unset = team.program("ana", &["runs"]).env_remove("DB_PASSWORD").output().unwrap();
    assert!(both(&unset).contains("the store's URL needs the secret `db`"), "{}", both(&unset));
    team.end().await;
}
