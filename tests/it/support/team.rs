//! A team on one store: consoles without a terminal, and the commands of a shell.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test may touch files and the clock, and its helpers end it where they fail"
)]

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Output;

use opsroom::clock::Clock;
use opsroom::runtime::core::{ConsolePart, StartOptions};
use opsroom::runtime::headless::Headless;
use serde_json::Value;
use sqlx::{Connection as _, Executor as _, PgConnection};

use super::app::config;
use super::shell;

/// A team on one store.
pub struct Team {
    pub at: tempfile::TempDir,
    pub port: u16,
    pub url: String,
    pub database: Option<(String, String)>,
}

impl Team {
    pub fn sqlite() -> Self {
        let at = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", at.path().join("shared.db").display());
        Self { at, port: closed_port(), url, database: None }
    }

    pub async fn postgres() -> Option<Self> {
        let Ok(server) = std::env::var("OPSROOM_TEST_POSTGRES") else {
            eprintln!("skipped on PostgreSQL: OPSROOM_TEST_POSTGRES is not set; tests/run starts a server");
            return None;
        };
        let database = format!("alerts_{:08x}", fastrand::u32(..));
        admin(&server, &format!("CREATE DATABASE {database}")).await;
        let url = format!("postgres://postgres@{server}/{database}");
        Some(Self { at: tempfile::tempdir().unwrap(), port: closed_port(), url, database: Some((server, database)) })
    }

    pub async fn end(self) {
        if let Some((server, database)) = &self.database {
            admin(server, &format!("DROP DATABASE {database} WITH (FORCE)")).await;
        }
    }

    pub fn config(&self) -> String {
        format!(
            "[console]\nname = \"team\"\n[service.api]\n[check.api]\nservice = \"api\"\ntcp = \"127.0.0.1:{}\"\nevery = \"1s\"\n\
             timeout = \"500ms\"\nfail_after = 1\nok_after = 1\nalert = {{ critical = \"down\" }}\n\
             [severity.critical]\naliases = [\"P1\"]\nnotify = []\n",
            self.port
        )
    }

    pub fn file(&self) -> PathBuf {
        self.file_with(&self.config())
    }

    fn file_with(&self, config: &str) -> PathBuf {
        let path = self.at.path().join("opsroom.toml");
        std::fs::write(&path, config).unwrap();
        path
    }

    pub fn console(&self, who: &str) -> Headless {
        let start = StartOptions {
            clock: Clock::start(),
            config: config(&self.config()),
            loader: None,
            warnings: Vec::new(),
            store: Some(self.url.clone()),
            part: ConsolePart::ActsForAll,
            state_directory: self.at.path().join(who),
            record: None,
        };
        Headless::start(start, (80, 24))
    }

    pub fn opsroom(&self, arguments: &[&str]) -> Output {
        self.opsroom_with(&self.config(), arguments)
    }

    /// With another configuration.
    pub fn opsroom_with(&self, config: &str, arguments: &[&str]) -> Output {
        self.opsroom_as("ana", config, arguments)
    }

    /// By another person.
    pub fn opsroom_as(&self, user: &str, config: &str, arguments: &[&str]) -> Output {
        let mut command = shell::opsroom(self.at.path());
        command.args(["--config", self.file_with(config).to_str().unwrap(), "--store", &self.url]).args(arguments);
        let state = self.at.path().join(if user == "ana" { "cli" } else { user });
        command.env("USER", user).env("XDG_STATE_HOME", state).output().unwrap()
    }

    pub fn does(&self, arguments: &[&str]) -> String {
        let output = self.opsroom(arguments);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{arguments:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
        text
    }

    pub fn alerts(&self) -> Vec<Value> {
        serde_json::from_str(&self.does(&["alerts", "--history", "1h", "--json"])).unwrap()
    }

    /// How often each kind of fact about alerts is on record.
    pub fn recorded(&self, kind: &str) -> usize {
        // There is none yet before a console has made it.
        let exported = String::from_utf8_lossy(&self.opsroom(&["audit", "export"]).stdout).into_owned();
        exported.matches(&format!("\"kind\":\"{kind}\"")).count()
    }
}

pub fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

pub async fn admin(server: &str, sql: &str) {
    let mut connection = PgConnection::connect(&format!("postgres://postgres@{server}/postgres")).await.unwrap();
    connection.execute(sqlx::AssertSqlSafe(sql.to_owned())).await.unwrap();
}
