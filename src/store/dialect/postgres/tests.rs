//! PostgreSQL under faults: killed, restarted, cut off, full, read-only, and answers that get lost. Each says so where
//! there is no server to try it on.
#![expect(clippy::disallowed_methods, reason = "the proxy's tasks and the server's files are the tests' own")]

use std::path::Path;

use chrono::DateTime;
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::model::fact::{Fact, Statement, StoreAccepted};
use crate::store::address::StoreAddress;
use crate::store::dialect::WhichFacts;
use crate::store::place::StoreLocation;
use crate::store::{Store, StoreError};

mod cluster;
mod link;
mod refusals;

/// Says why something is not tried.
fn skip(why: &str) {
    eprintln!("skipped: {why}");
}

/// `HOST:PORT` of the server, where there is one.
fn server() -> Option<String> {
    let server = std::env::var("OPSROOM_TEST_POSTGRES").ok();
    if server.is_none() {
        skip("OPSROOM_TEST_POSTGRES is not set; tests/run starts a server");
    }
    server
}

async fn sql(url: &str, sql: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    for statement in sql.split(';') {
        connection.execute(sqlx::AssertSqlSafe(statement.to_owned())).await.unwrap();
    }
}

/// A database of its own on the server, with a role `of_NAME` that owns it.
struct Database {
    server: String,
    name: String,
}

impl Database {
    async fn new(server: &str) -> Self {
        let name = format!("faults_{:08x}", fastrand::u32(..));
        let (one, two) = (format!("CREATE ROLE of_{name} LOGIN"), format!("CREATE DATABASE {name} OWNER of_{name}"));
        sql(&format!("postgres://postgres@{server}/postgres"), &format!("{one};{two}")).await;
        Self { server: server.to_owned(), name }
    }

    /// As its owner.
    fn url(&self) -> String {
        self.url_over(&self.server)
    }

    fn url_over(&self, server: &str) -> String {
        format!("postgres://of_{0}:hunter2@{server}/{0}", self.name)
    }

    async fn admin(&self, text: &str) {
        let text = text.replace("DB", &self.name);
        sql(&format!("postgres://postgres@{}/postgres", self.server), &text).await;
    }

    async fn cut_sessions(&self) {
        self.admin("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'DB'").await;
    }

    async fn end(self) {
        self.admin("DROP DATABASE DB WITH (FORCE);DROP ROLE of_DB").await;
    }
}

async fn open(url: &str) -> Result<Store, StoreError> {
    let at = StoreAddress::locate(Some(url), Path::new("/nowhere"))?;
    Store::open(&StoreLocation { at, host: "h".to_owned(), state: None }).await
}

async fn record(store: &Store, why: &str) -> Result<(), StoreError> {
    let said = StoreAccepted { store: String::new(), why: why.to_owned(), doubt: None };
    store.record(DateTime::UNIX_EPOCH, "ana", Statement::StoreAccepted(said)).await
}

/// What was said, in its order, in a chain that holds.
async fn said(store: &Store) -> Vec<String> {
    assert!(store.verify_audit().await.unwrap().iter().all(|chain| chain.broken.is_none()));
    let facts = store.dialect.facts(WhichFacts::After(0), u32::MAX).await.unwrap();
    let why = |entry: &str| match Fact::from_entry(entry).unwrap().draft.said {
        Statement::StoreAccepted(accepted) => accepted.why,
        other => panic!("{other:?}"),
    };
    facts.iter().map(|fact| why(&fact.entry)).collect()
}

#[tokio::test]
async fn sessions_that_the_server_ends_are_made_again() {
    let Some(server) = server() else { return };
    let database = Database::new(&server).await;
    let store = open(&database.url()).await.unwrap();
    record(&store, "before").await.unwrap();
    database.cut_sessions().await;
    record(&store, "after").await.unwrap();
    assert_eq!(said(&store).await, ["before", "after"]);
    database.end().await;
}

#[tokio::test]
async fn what_others_have_in_the_database_stays_beside_it() {
    let Some(server) = server() else { return };
    let database = Database::new(&server).await;
    let theirs =
        "CREATE TABLE orders (x integer);INSERT INTO orders VALUES (1);CREATE SCHEMA app AUTHORIZATION CURRENT_USER";
    sql(&database.url(), &format!("{theirs};CREATE TABLE app.store (x integer)")).await;
    let store = open(&database.url()).await.unwrap();
    record(&store, "x").await.unwrap();
    let before = open(&format!("{}?options=-csearch_path%3Dapp", database.url())).await.unwrap_err();
    assert!(matches!(before, StoreError::NotAStore { .. }), "{before}");
    assert_eq!(said(&store).await, ["x"]);
    database.end().await;
}
