//! Stores that older versions wrote (`tests/stores`), read by this one: it says of them what was said then.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test may touch files, and its helpers end it where they fail"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use sqlx::{ConnectOptions as _, Connection as _};

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
        let ran = Command::new(env!("CARGO_BIN_EXE_opsroom"))
            .arg("--store")
            .arg(self.path())
            .args(arguments)
            .current_dir(self.at.path())
            .env_remove("OPSROOM_CONFIG")
            .env("HOME", self.at.path())
            .env("XDG_STATE_HOME", self.at.path().join("state"))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert_eq!(ran.status.code(), Some(code), "{arguments:?}: {ran:?}");
        String::from_utf8(ran.stdout).unwrap()
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

fn read_json(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[tokio::test]
async fn runs_locks_and_audit_of_older_stores_are_read_as_they_were() {
    for name in ["v1", "v2", "v3", "v4"] {
        let store = Restored::new(name).await;
        let runs: Value = serde_json::from_str(&store.opsroom(0, &["runs", "--json"])).unwrap();
        assert_eq!(runs, store.said["runs_json"], "{name}");
        assert_eq!(store.opsroom(0, &["runs"]), store.said["runs_text"], "{name}");
        let export = store.opsroom(0, &["audit", "export"]);
        let export: Vec<Value> = export.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(Value::Array(export), store.said["audit_export"], "{name}");
        assert_eq!(store.opsroom(0, &["audit", "verify"]), store.said["audit_verify"], "{name}");
    }
}

#[tokio::test]
async fn what_was_seen_of_an_older_store_is_still_asked_of_it() {
    let store = Restored::new("v4").await;
    store.write_head(|_| ());
    assert_eq!(store.opsroom(0, &["audit", "verify"]), store.said["audit_verify"]);

    let store = Restored::new("v4").await;
    store.write_head(|head| {
        let mark = head["chains"].as_object_mut().unwrap().values_mut().next().unwrap();
        mark["seq"] = json!(mark["seq"].as_i64().unwrap() + 2);
    });
    let verified = store.opsroom(1, &["audit", "verify"]);
    assert!(verified.contains("LOST"), "{verified}");
}
