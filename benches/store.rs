//! What a commit costs on each dialect: one fact after the other, by one writer. Prints figures; judges nothing.
//!
//! `cargo bench --bench store`; with `OPSROOM_TEST_POSTGRES=HOST:PORT` on a server too.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "figures for a person")]
#![expect(clippy::disallowed_methods, reason = "a stopwatch")]

use std::path::Path;
use std::time::{Duration, Instant};

use chrono::DateTime;
use opsroom::model::fact::{NewFact, RunRefused, Statement};
use opsroom::model::lease::LeaseCandidate;
use opsroom::store::Store;
use opsroom::store::address::{ServerUrl, StoreAddress};
use opsroom::store::lease::HeldWrite;
use opsroom::store::place::StoreLocation;
use opsroom::text::SafeText;
use sqlx::{Connection as _, Executor as _, PgConnection};

const COMMITS: usize = 1_000;

fn said(index: usize) -> NewFact {
    let said = Statement::RunRefused(RunRefused {
        target: "api".to_owned(),
        action: "restart".into(),
        verb: "restart".into(),
        why: SafeText::new("a reason of a usual length, as one is given at night"),
        plan_digest: "0".repeat(64),
    });
    let (id, who, host) = (format!("{index:032x}"), "ana".to_owned(), "box".to_owned());
    NewFact { id, at: DateTime::UNIX_EPOCH, who, host, process: 1, late: false, said }
}

async fn commits(name: &str, at: StoreAddress, state: &Path) {
    let place = StoreLocation { at, host: "box".to_owned(), state: Some(state.to_owned()) };
    let store = Store::open(&place).await.unwrap();
    let (id, who, digest) = ("bench".to_owned(), "ana".to_owned(), String::new());
    let me = LeaseCandidate { id, who, watcher: false, digest, looks_on: false };
    let mut took = Vec::with_capacity(COMMITS);
    let mut fence = None;
    for index in 0..COMMITS {
        if index % 100 == 0 {
            fence = store.lease_turn(&me, DateTime::UNIX_EPOCH).await.unwrap().fence();
        }
        let fact = said(index);
        let begin = Instant::now();
        let written = store.append_held(fence.unwrap(), vec![fact]).await.unwrap();
        took.push(begin.elapsed());
        assert!(matches!(written, HeldWrite::Done));
    }
    took.sort();
    let at = |part: usize| took[COMMITS * part / 100].as_secs_f64() * 1e3;
    let all: Duration = took.iter().sum();
    let each = all.as_secs_f64() * 1e3 / COMMITS as f64;
    println!("{name:<12} a fact's commit: mean {each:.2} ms, p50 {:.2}, p95 {:.2}, p99 {:.2}", at(50), at(95), at(99));
    store.close().await;
}

#[tokio::main]
async fn main() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("state");
    commits("SQLite", StoreAddress::File(directory.path().join("opsroom.db")), &state).await;
    let Ok(server) = std::env::var("OPSROOM_TEST_POSTGRES") else { return };
    let admin = format!("postgres://postgres@{server}/postgres");
    let mut connection = PgConnection::connect(&admin).await.unwrap();
    connection.execute("DROP DATABASE IF EXISTS opsroom_bench WITH (FORCE)").await.unwrap();
    connection.execute("CREATE DATABASE opsroom_bench").await.unwrap();
    let url = ServerUrl::new(&format!("postgres://postgres@{server}/opsroom_bench")).unwrap();
    commits("PostgreSQL", StoreAddress::Server(url), &state).await;
    connection.execute("DROP DATABASE opsroom_bench WITH (FORCE)").await.unwrap();
}
