//! The `postgres-dump` adapter against a real PostgreSQL: a good dump is proven, a damaged one is found out. `tests/run`
//! starts the server; without it these tests say so and pass.
#![expect(clippy::print_stderr, clippy::disallowed_methods, reason = "a skipped test says so; the files are its own")]

use std::path::Path;
use std::process::{Command, Output};

const CONFIG: &str = r#"
[adapter.dumps]
kind = "postgres-dump"
directory = "."
dumps = "@DIR@/*.sql"
tables = "orders, customers"
env = { PGHOST = "@HOST@", PGPORT = "@PORT@", PGUSER = "postgres" }

[action.verify-backup]
adapter = "dumps"
do = "backup-verify"
target = "shop"
confirm = "yes"
"#;

struct Postgres {
    host: String,
    port: String,
}

impl Postgres {
    /// The server, where there is one.
    fn there() -> Option<Self> {
        let address = std::env::var("OPSROOM_TEST_POSTGRES").ok();
        let Some((host, port)) = address.as_deref().and_then(|address| address.split_once(':')) else {
            eprintln!("skipped: OPSROOM_TEST_POSTGRES is not set; tests/run starts PostgreSQL");
            return None;
        };
        Some(Self { host: host.to_owned(), port: port.to_owned() })
    }

    fn psql(&self, database: &str, sql: &str) -> String {
        let output = self.tool("psql").args(["-qAt", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", sql]).output();
        let output = output.expect("psql starts");
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn tool(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("PGHOST", &self.host).env("PGPORT", &self.port).env("PGUSER", "postgres");
        command
    }

    /// Dumps a shop of two tables into `directory`.
    fn dump(&self, database: &str, directory: &Path) {
        self.psql("postgres", &format!("CREATE DATABASE {database}"));
        self.psql(
            database,
            "CREATE TABLE orders AS SELECT generate_series(1, 1000) AS id; CREATE TABLE customers AS SELECT 1 AS id",
        );
        let file = directory.join("shop.sql");
        let dumped = self.tool("pg_dump").args(["-d", database, "-f"]).arg(file).status().expect("pg_dump starts");
        assert!(dumped.success());
        self.psql("postgres", &format!("DROP DATABASE {database}"));
    }

    /// `opsroom run verify-backup` over the dumps in `directory`.
    fn verify(&self, directory: &Path) -> Output {
        let config = directory.join("opsroom.toml");
        let text = CONFIG
            .replace("@DIR@", &directory.display().to_string())
            .replace("@HOST@", &self.host)
            .replace("@PORT@", &self.port);
        std::fs::write(&config, text).expect("the configuration is written");
        Command::new(env!("CARGO_BIN_EXE_opsroom"))
            .arg("--config")
            .arg(&config)
            .args(["run", "verify-backup", "--yes"])
            .env("XDG_STATE_HOME", directory.join("state"))
            .output()
            .expect("the program starts")
    }

    fn scratch_databases(&self) -> String {
        self.psql("postgres", "SELECT count(*) FROM pg_database WHERE datname LIKE 'opsroom_verify%'")
    }
}

fn summary(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

// One test: both halves look at which scratch databases the server has.
#[test]
fn a_good_dump_is_proven_and_a_damaged_one_is_found_out() {
    let Some(postgres) = Postgres::there() else { return };
    let directory = tempfile::tempdir().expect("a temporary directory");
    postgres.dump(&format!("shop_{}", std::process::id()), directory.path());

    let good = postgres.verify(directory.path());
    assert_eq!(good.status.code(), Some(0), "{}", summary(&good));
    assert!(summary(&good).contains("orders: 1000 rows"), "{}", summary(&good));
    assert_eq!(postgres.scratch_databases(), "0");

    let dump = directory.path().join("shop.sql");
    let text = std::fs::read_to_string(&dump).expect("the dump is text");
    std::fs::write(&dump, &text[..text.find("COPY public.orders").expect("the dump has orders")]).expect("written");
    let damaged = postgres.verify(directory.path());
    assert_eq!(damaged.status.code(), Some(2), "{}", summary(&damaged));
    assert!(summary(&damaged).contains("NOT proven"), "{}", summary(&damaged));
    assert_eq!(postgres.scratch_databases(), "0", "the scratch database is dropped although it failed");
}
