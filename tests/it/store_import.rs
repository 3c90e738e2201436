//! An import that is killed at any moment leaves a store that everybody refuses until the same import is at its end; on SQLite
//! and on a real PostgreSQL (`tests/run` starts one; without it that half says so and passes).
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test may touch files and say that it is skipped, and its helpers end it where they fail"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sqlx::Connection as _;

use crate::support::shell;

/// Entries of an export: so many that their import takes a while.
const ENTRIES: u64 = 12_000;
/// How long anything may take.
const BOUND: Duration = Duration::from_mins(1);

/// A store to import into, and a state directory.
struct World {
    directory: tempfile::TempDir,
    store: String,
}

impl World {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = format!("sqlite:{}", directory.path().join("new.db").display());
        Self { directory, store }
    }

    /// With an empty database, where there is a server.
    async fn on_a_server(name: &str) -> Option<Self> {
        let Ok(server) = std::env::var("OPSROOM_TEST_POSTGRES") else {
            eprintln!("skipped on PostgreSQL: OPSROOM_TEST_POSTGRES is not set; tests/run starts a server");
            return None;
        };
        let admin = format!("postgres://postgres@{server}/postgres");
        let mut connection = sqlx::PgConnection::connect(&admin).await.unwrap();
        for statement in [format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"), format!("CREATE DATABASE {name}")] {
            sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
        }
        Some(Self { directory: tempfile::tempdir().unwrap(), store: format!("postgres://postgres@{server}/{name}") })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = shell::opsroom(self.directory.path());
        command.args(["--store", &self.store]).args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let Output { status, stdout, stderr } = self.command(arguments).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (status.code().unwrap(), text(stdout), text(stderr))
    }

    fn begin(&self, file: &Path) -> Child {
        let mut command = self.command(&["store", "import", file.to_str().unwrap()]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// The entry that the import has reached; `None`: none is unfinished.
    fn reached(&self) -> Option<u64> {
        let (_, stdout, _) = self.run(&["store", "--json"]);
        let summary: Value = serde_json::from_str(&stdout).ok()?;
        summary["importing"]["reached"].as_u64()
    }

    /// Begins an import and kills it once it has gone beyond an entry. False: it came to its end before.
    fn kill_beyond(&self, file: &Path, entry: Option<u64>) -> bool {
        let mut import = self.begin(file);
        let begun = Instant::now();
        loop {
            if import.try_wait().unwrap().is_some() {
                return false;
            }
            if self.reached() > entry {
                import.kill().unwrap();
                import.wait().unwrap();
                return self.reached().is_some();
            }
            assert!(begun.elapsed() < BOUND, "the import gets no further");
        }
    }
}

/// An exported store of entries that a newer version wrote: what they say is kept, whatever it is.
fn export(at: &Path, id: &str, entries: u64) -> PathBuf {
    let mut hash = vec![0; 32];
    let mut text = format!("{}\n", json!({"store": {"form": 1, "id": id, "cut": null}}));
    for seq in 1..=entries {
        let time = "2026-11-21T02:41:00Z";
        let entry = json!({
            "seq": seq, "id": format!("{id}-{seq}"), "at": time, "recorded_at": time, "who": "ana", "host": "h",
            "process": 7, "kind": "test.note", "object": format!("note:{seq}"), "v": 1, "detail": {"text": "x".repeat(400)},
        });
        let entry = entry.to_string();
        let sum = Sha256::new().chain_update(&hash).chain_update((entry.len() as u64).to_le_bytes());
        hash = sum.chain_update(&entry).finalize().to_vec();
        let _ = writeln!(text, "{}", json!({"fact": {"entry": entry, "hash": hex(&hash)}}));
    }
    let _ = writeln!(
        text,
        "{}",
        json!({"end": {"seq": entries, "hash": hex(&hash), "facts": entries, "rollups": 0, "kept": 0}})
    );
    std::fs::write(at, text).unwrap();
    at.to_owned()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn facts(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.starts_with("{\"fact\"")).collect()
}

fn a_killed_import_is_no_store(world: &World) {
    let file = export(&world.path("export.jsonl"), "aaaa", ENTRIES);
    let other = export(&world.path("other.jsonl"), "bbbb", 3);
    let mut killed = 0;
    while killed < 4 && world.kill_beyond(&file, world.reached()) {
        killed += 1;
        for (command, code) in
            [(&["timeline"][..], 3), (&["runs"], 3), (&["audit", "verify"], 2), (&["store", "export"], 3)]
        {
            let (ended, stdout, stderr) = world.run(command);
            assert_eq!((ended, stdout.as_str()), (code, ""), "{command:?}: {stderr}");
            assert!(stderr.contains("is incomplete: the import of store aaaa"), "{stderr}");
            assert!(stderr.contains("hint: wait for its end, or run the same"), "{stderr}");
        }
        let (ended, stdout, _) = world.run(&["store", "check"]);
        assert!(ended == 2 && stdout.contains("INCOMPLETE  the import of store aaaa has reached entry"), "{stdout}");
        let (ended, _, stderr) = world.run(&["store", "import", other.to_str().unwrap()]);
        assert!(ended == 2 && stderr.contains("the import of another export is not finished there"), "{stderr}");
    }
    assert!(killed > 0, "it was never killed in between");
    let (ended, stdout, stderr) = world.run(&["store", "import", file.to_str().unwrap()]);
    assert_eq!(ended, 0, "{stderr}");
    assert!(stdout.contains(&format!("imported {},000 entries", ENTRIES / 1_000)), "{stdout}");
    assert!(stdout.contains(&format!("entry {} was added", ENTRIES + 1)), "{stdout}");
    let (ended, stdout, _) = world.run(&["store", "check"]);
    assert!(ended == 0 && !stdout.contains("INCOMPLETE"), "{stdout}");
    let (_, stdout, _) = world.run(&["store", "export"]);
    let (came, went) = (facts(&stdout), std::fs::read_to_string(&file).unwrap());
    assert!(came.starts_with(&facts(&went)) && came.len() == facts(&went).len() + 1);
    // Whole, it takes no second one.
    let (ended, _, stderr) = world.run(&["store", "import", file.to_str().unwrap()]);
    assert!(ended == 2 && stderr.contains("the store is not empty"), "{stderr}");
}

fn two_imports_do_not_mix(world: &World) {
    let file = export(&world.path("export.jsonl"), "aaaa", ENTRIES);
    let mut first = world.begin(&file);
    let begun = Instant::now();
    while world.reached().is_none() {
        assert!(begun.elapsed() < BOUND && first.try_wait().unwrap().is_none(), "the import does not begin");
    }
    // Held where it is, so that it does not come to its end before the second has read the file.
    let process = Pid::from_child(&first);
    kill_process(process, Signal::STOP).unwrap();
    let (ended, stdout, stderr) = world.run(&["store", "import", file.to_str().unwrap()]);
    kill_process(process, Signal::CONT).unwrap();
    assert_eq!((ended, stdout.as_str()), (2, ""), "{stderr}");
    assert!(stderr.contains("another import into this store is on the way"), "{stderr}");
    assert_eq!(first.wait().unwrap().code(), Some(0));
    assert_eq!(world.run(&["store", "check"]).0, 0);
}

#[test]
fn a_killed_import_into_a_file_is_no_store() {
    a_killed_import_is_no_store(&World::new());
}

#[tokio::test]
async fn a_killed_import_into_a_server_is_no_store() {
    let Some(world) = World::on_a_server("b_import_killed").await else { return };
    a_killed_import_is_no_store(&world);
}

#[test]
fn two_imports_into_a_file_do_not_mix() {
    two_imports_do_not_mix(&World::new());
}

#[tokio::test]
async fn two_imports_into_a_server_do_not_mix() {
    let Some(world) = World::on_a_server("b_import_twice").await else { return };
    two_imports_do_not_mix(&world);
}

/// Readings of checks without an entry are somebody's too.
#[tokio::test]
async fn a_store_with_readings_alone_is_not_empty() {
    let world = World::new();
    let import = |id: &str, entries| {
        let file = export(&world.path(&format!("{id}.jsonl")), id, entries);
        world.run(&["store", "import", file.to_str().unwrap()])
    };
    assert_eq!(import("aaaa", 0).0, 0);
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(world.path("new.db"));
    let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    let alone = "DROP TRIGGER fact_is_never_deleted; DELETE FROM fact;
                 INSERT INTO rollup (tier, series, start, data) VALUES ('minute', 'check:site', 0, x'00');";
    sqlx::raw_sql(alone).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    std::fs::remove_dir_all(world.path("state")).unwrap();
    let (ended, _, stderr) = import("bbbb", 3);
    assert!(ended == 2 && stderr.contains("it has readings of checks"), "{stderr}");
}
