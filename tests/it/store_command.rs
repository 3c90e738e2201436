//! `opsroom store`: a whole store checked, rebuilt, exported and imported by the real program.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test may touch files, and its helpers end it where they fail"
)]

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;
use sqlx::{ConnectOptions as _, Connection as _};

use crate::support::shell;

struct Place(tempfile::TempDir);

impl Place {
    /// A store that a version of before had written.
    async fn with_runs() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stores/v4.sql")).unwrap();
        place.sql("old.db", &text).await;
        place.says(0, "old.db", &["runs"]);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    async fn sql(&self, name: &str, text: &str) {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.path(name)).create_if_missing(true);
        let mut connection = options.connect().await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(text.to_owned())).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    fn opsroom(&self, store: &str, arguments: &[&str]) -> Output {
        self.opsroom_at(&self.path(store), arguments)
    }

    fn opsroom_at(&self, store: &Path, arguments: &[&str]) -> Output {
        shell::opsroom(self.0.path()).arg("--store").arg(store).args(arguments).output().unwrap()
    }

    /// What it says, where it ends with `code`.
    fn says(&self, code: i32, store: &str, arguments: &[&str]) -> String {
        let ran = self.opsroom(store, arguments);
        assert_eq!(ran.status.code(), Some(code), "{arguments:?}: {ran:?}");
        String::from_utf8(ran.stdout).unwrap()
    }

    fn fails(&self, code: i32, store: &str, arguments: &[&str]) -> String {
        let ran = self.opsroom(store, arguments);
        assert_eq!((ran.status.code(), ran.stdout.as_slice()), (Some(code), &b""[..]), "{arguments:?}: {ran:?}");
        String::from_utf8(ran.stderr).unwrap()
    }

    fn checked(&self, code: i32, store: &str) -> Value {
        serde_json::from_str(&self.says(code, store, &["store", "check", "--json"])).unwrap()
    }

    /// Exports a store into a file.
    fn export(&self, store: &str) -> PathBuf {
        let file = self.path(&format!("{store}.jsonl"));
        std::fs::write(&file, self.says(0, store, &["store", "export"])).unwrap();
        file
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn a_store_goes_through_an_export_without_loss() {
    let place = Place::with_runs().await;
    let file = place.export("old.db");
    place.says(0, "new.db", &["store", "import", text(&file)]);
    for what in [&["runs", "--json"][..], &["audit", "verify"]] {
        let (old, new) = (place.says(0, "old.db", what), place.says(0, "new.db", what));
        if what[0] == "runs" {
            assert_eq!(old, new);
        } else {
            // The chains of before; that of the store has one entry more.
            assert_eq!(old.lines().skip(1).collect::<Vec<_>>(), new.lines().skip(1).collect::<Vec<_>>());
        }
    }
    let (old, new) = (place.export("old.db"), place.export("new.db"));
    let facts = |path| {
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().filter(|line| line.starts_with("{\"fact\"")).map(str::to_owned).collect::<Vec<_>>()
    };
    let (old, new) = (facts(old), facts(new));
    assert!(!old.is_empty() && new.len() == old.len() + 1 && new.starts_with(&old));
    assert!(new.last().unwrap().contains("store.imported"));
    assert_eq!(place.checked(0, "new.db")["differing"], serde_json::json!([]));
    // A second time it holds something already.
    let refused = place.fails(2, "new.db", &["store", "import", text(&file)]);
    assert!(refused.contains("the store is not empty"), "{refused}");
}

#[tokio::test]
async fn a_file_that_is_not_sound_changes_nothing() {
    let place = Place::with_runs().await;
    let file = place.export("old.db");
    let whole = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let without = |at: usize| [&lines[..at], &lines[at + 1..]].concat().join("\n");
    let changed = [
        (without(0), "line 1: not an exported store"),
        (without(3), "line 4: the chain is broken here"),
        (without(lines.len() - 1), "the file ends too early"),
        (format!("{whole}{}\n", lines[1]), "nothing may follow the last line"),
        (whole.replacen("\\\"kind\\\":\\\"run", "\\\"kind\\\":\\\"ran", 1), "the chain is broken here"),
        (whole.replacen("\"form\":1", "\"form\":2", 1), "line 1: written by a newer version"),
        (String::new(), "line 1: not an exported store"),
        ("\u{0}\u{1b}[2J".to_owned(), "line 1: not"),
    ];
    for (text_of, due) in changed {
        let odd = place.path("odd.jsonl");
        std::fs::write(&odd, text_of).unwrap();
        let said = place.fails(2, "new.db", &["store", "import", text(&odd)]);
        assert!(said.contains(due), "{due}: {said}");
        assert!(!place.path("new.db").exists(), "{due}: a store was made");
    }
    for (path, due) in
        [("nowhere", "no such file"), (".", "not a file"), ("/dev/null", "not a file"), ("-", "not a file")]
    {
        let said = place.fails(64, "new.db", &["store", "import", path]);
        assert!(said.contains(due), "{path}: {said}");
        assert!(!said.contains("export it again"), "{path}: {said}");
    }
}

#[tokio::test]
async fn things_that_differ_are_found_and_derived_again() {
    let place = Place::with_runs().await;
    let runs = place.says(0, "old.db", &["runs", "--json"]);
    let spoil =
        "UPDATE thing SET state = '{}' WHERE kind = 'run' AND id = (SELECT min(id) FROM thing WHERE kind = 'run');
                 DELETE FROM thing WHERE kind = 'run' AND id = (SELECT max(id) FROM thing WHERE kind = 'run');
                 INSERT INTO thing (kind, id, open, grp, state, seq) VALUES ('lock', 'nobody', 1, '', '{}', 2);
                 INSERT INTO thing (kind, id, open, grp, state, seq) VALUES ('moon', 'm', 1, '', '{}', 2);";
    place.sql("old.db", spoil).await;
    let listed: Vec<Value> = serde_json::from_str(&runs).unwrap();
    let spoiled = listed.iter().filter_map(|run| run["id"].as_str()).min().unwrap();
    for arguments in [&["runs"][..], &["runs", "--json"], &["runs", spoiled]] {
        let ran = place.opsroom("old.db", arguments);
        let said = String::from_utf8_lossy(&ran.stderr);
        let names_it = said.contains(spoiled) && said.contains("opsroom store check");
        assert!(ran.status.code() == Some(3) && names_it, "{arguments:?}: {said}");
    }
    let checked = place.checked(2, "old.db");
    assert_eq!(checked["differing"].as_array().unwrap().len(), 3, "{checked}");
    assert!(checked["differing"].to_string().contains("lock:nobody"));
    place.says(0, "old.db", &["store", "rebuild"]);
    assert_eq!(place.checked(0, "old.db")["differing"], serde_json::json!([]));
    assert_eq!(place.says(0, "old.db", &["runs", "--json"]), runs);
    assert!(place.says(0, "old.db", &["store", "rebuild"]).contains("nothing was changed"));
    // Things of a kind that this version does not know are not its to judge.
    place.sql("old.db", "UPDATE thing SET open = 0 WHERE kind = 'moon' AND id = 'm'").await;
}

#[tokio::test]
async fn nothing_is_rebuilt_from_a_broken_chain() {
    let place = Place::with_runs().await;
    let spoil =
        "DROP TRIGGER fact_is_never_changed; UPDATE fact SET entry = replace(entry, 'run', 'ran') WHERE seq = 3;";
    place.sql("old.db", spoil).await;
    let checked = place.checked(2, "old.db");
    assert!(checked["broken"].to_string().contains("entry 3"), "{checked}");
    let said = place.fails(2, "old.db", &["store", "rebuild"]);
    assert!(said.contains("nothing was changed"), "{said}");
    // Read-only stops what changes, and nothing else.
    let said = place.fails(64, "old.db", &["--read-only", "store", "rebuild"]);
    assert!(said.contains("read-only"), "{said}");
    place.says(0, "old.db", &["--read-only", "store"]);
}

#[test]
fn a_secret_is_filled_in_only_in_the_configuration() {
    let place = Place(tempfile::tempdir().unwrap());
    for what in [&["store"][..], &["runs"], &["audit", "verify"]] {
        let refused = place.opsroom_at(Path::new("postgres://ana:{secret:db}@db.example/ops"), what);
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success() && refused.stdout.is_empty(), "{what:?}: {said}");
        assert!(said.contains("`{secret:NAME}` is filled in only in `[store] url`"), "{what:?}: {said}");
        assert!(said.contains("hint: ") && said.contains("PGPASSWORD or ~/.pgpass"), "{what:?}: {said}");
    }
}
