//! Stores that older versions wrote (`tests/stores`), read by this one: it says of them what was said then.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test may touch files, and its helpers end it where they fail"
)]

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::support::shell;

const STORES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stores");

struct Restored {
    at: tempfile::TempDir,
    said: Value,
}

impl Restored {
    async fn new(name: &str) -> Self {
        let at = tempfile::tempdir().unwrap();
        let text = |ending: &str| std::fs::read_to_string(format!("{STORES}/{name}.{ending}")).unwrap();
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(at.path().join("old.db"));
        let mut connection = options.create_if_missing(true).connect().await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(text("sql"))).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        Self { at, said: serde_json::from_str(&text("json")).unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.at.path().join("old.db")
    }

    /// What the program says, where it ends with `code`.
    fn opsroom(&self, code: i32, arguments: &[&str]) -> String {
        let ran = shell::opsroom(self.at.path()).arg("--store").arg(self.path()).args(arguments).output().unwrap();
        assert_eq!(ran.status.code(), Some(code), "{arguments:?}: {ran:?}");
        String::from_utf8(ran.stdout).unwrap()
    }

    /// The entries of its audit, as they lie in the chain of facts, in the form in which they were exported.
    fn written_before(&self) -> Value {
        let export = self.opsroom(0, &["audit", "export"]);
        let facts = export.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let mut entries: Vec<Value> = facts
            .filter(|fact| fact["entry"]["kind"] == "audit.entry")
            .map(|fact| fact["entry"]["detail"].clone())
            .collect();
        for entry in &mut entries {
            entry["entry"] = serde_json::from_str(entry["entry"].as_str().unwrap()).unwrap();
        }
        entries.sort_by_key(|entry| (entry["writer"].as_str().unwrap().to_owned(), entry["seq"].as_u64()));
        Value::Array(entries)
    }

    /// Its chains hold, with the heads they had, and the chain that goes on from them does.
    fn verifies(&self, name: &str) {
        let said = self.opsroom(0, &["audit", "verify"]);
        let (of_facts, before) = said.split_once('\n').unwrap();
        assert!(of_facts.starts_with("intact  "), "{name}: {said}");
        assert_eq!(before.replace(" (before)", ""), self.said["audit_verify"], "{name}");
    }

    /// Puts what a state directory kept of the store of schema 4 into ours, with `change` made to it.
    fn write_head(&self, change: impl Fn(&mut Value)) {
        let mut head: Value = read_json(&Path::new(STORES).join("v4.head.json"));
        head["paths"] = json!([self.path().canonicalize().unwrap()]);
        change(&mut head);
        let heads = self.at.path().join("state/opsroom/heads");
        std::fs::create_dir_all(&heads).unwrap();
        std::fs::write(heads.join(format!("{}.json", head["store"].as_str().unwrap())), head.to_string()).unwrap();
    }
}

/// The words of a list of runs but how long each took, which is in its JSON and is written in another way now.
fn words(text: &str) -> String {
    let is_number = |word: &str| word.parse::<f64>().is_ok();
    let took = |word: &str| {
        let number = word.trim_end_matches("ms").trim_end_matches('s');
        word == "s" || (is_number(number) && (number.contains('.') || number != word))
    };
    text.split_whitespace().filter(|word| !took(word)).collect::<Vec<_>>().join(" ")
}

fn read_json(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[tokio::test]
async fn runs_locks_and_audit_of_older_stores_are_read_as_they_were() {
    for name in ["v1", "v2", "v3", "v4"] {
        let store = Restored::new(name).await;
        let runs: Value = serde_json::from_str(&store.opsroom(0, &["runs", "--json"])).unwrap();
        assert_eq!(runs, store.said["runs_json"], "{name}");
        let text = words(&store.opsroom(0, &["runs"]));
        assert_eq!(text, words(store.said["runs_text"].as_str().unwrap()), "{name}");
        assert_eq!(store.written_before(), store.said["audit_export"], "{name}");
        store.verifies(name);
    }
}

#[tokio::test]
async fn what_was_seen_of_an_older_store_is_still_asked_of_it() {
    let store = Restored::new("v4").await;
    store.write_head(|_| ());
    store.verifies("v4");

    let store = Restored::new("v4").await;
    store.write_head(|head| {
        let mark = head["chains"].as_object_mut().unwrap().values_mut().next().unwrap();
        mark["seq"] = json!(mark["seq"].as_i64().unwrap() + 2);
    });
    let verified = store.opsroom(1, &["audit", "verify"]);
    assert!(verified.contains("LOST"), "{verified}");
}

/// An entry that was changed before the store was brought over is found in its own chain, and so is one that was cut off.
#[tokio::test]
async fn a_chain_that_was_broken_before_is_still_broken() {
    for (sql, words) in [
        (
            "UPDATE audit SET entry = CAST(replace(entry, 'ended', 'mended') AS BLOB) WHERE writer = 'web-1' AND seq = 9",
            "at entry 9",
        ),
        ("DELETE FROM audit WHERE writer = 'web-1' AND seq = 20", "at entry 20"),
    ] {
        let store = Restored::new("v4").await;
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(store.path());
        let mut connection = options.connect().await.unwrap();
        let sql = format!("DROP TRIGGER audit_is_never_changed; DROP TRIGGER audit_is_never_deleted; {sql}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        let verified = store.opsroom(1, &["audit", "verify"]);
        assert!(verified.contains("BROKEN  web-1 (before)  ") && verified.contains(words), "{verified}");
    }
}
