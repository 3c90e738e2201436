//! One suite for every dialect. PostgreSQL is a real server, `OPSROOM_TEST_POSTGRES=HOST:PORT` with the role `postgres`, which
//! `tests/run` starts; without it these tests say so and pass.
#![expect(clippy::disallowed_methods, reason = "what is put on record by hand needs the time")]

use std::path::Path;

use chrono::Utc;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, Executor as _, PgConnection, SqliteConnection};

use super::*;
use crate::model::fact::{NewFact, Statement, StoreAccepted};
use crate::model::thing::Things;
use crate::store::Store;
use crate::store::address::StoreAddress;
use crate::store::place::StoreLocation;
use crate::store::writing::rows_of;

/// A place for a store, of its own for each test.
struct Fixture {
    at: StoreAddress,
    /// What is gone when the test is over: a directory, or a database.
    directory: tempfile::TempDir,
    database: Option<(String, String)>,
}

impl Fixture {
    fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { at: StoreAddress::File(directory.path().join("opsroom.db")), directory, database: None }
    }

    async fn postgres(name: &str) -> Option<Self> {
        let Ok(server) = std::env::var("OPSROOM_TEST_POSTGRES") else {
            eprintln!("skipped on PostgreSQL: OPSROOM_TEST_POSTGRES is not set; tests/run starts a server");
            return None;
        };
        let database = format!("suite_{name}_{:08x}", fastrand::u32(..));
        let admin = format!("postgres://postgres@{server}/postgres");
        let mut connection = PgConnection::connect(&admin).await.unwrap();
        connection.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {database}"))).await.unwrap();
        let url = format!("postgres://postgres@{server}/{database}");
        let at = StoreAddress::locate(Some(&url), Path::new("/nowhere")).unwrap();
        Some(Self { at, directory: tempfile::tempdir().unwrap(), database: Some((admin, database)) })
    }

    /// With heads.
    async fn open(&self) -> Store {
        let state = Some(self.directory.path().join("state"));
        Store::open(&StoreLocation { at: self.at.clone(), host: "h".to_owned(), state }).await.unwrap()
    }

    async fn try_open(&self) -> Result<Store, StoreError> {
        Store::open(&StoreLocation { at: self.at.clone(), host: "h".to_owned(), state: None }).await
    }

    /// Does by hand what no program of ours does.
    async fn by_hand(&self, sql: &str) -> Result<(), sqlx::Error> {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        match &self.at {
            StoreAddress::File(path) => {
                let file = SqliteConnectOptions::new().filename(path).create_if_missing(true);
                let mut file = SqliteConnection::connect_with(&file).await?;
                sqlx::raw_sql(sql).execute(&mut file).await.map(drop)
            }
            StoreAddress::Server(url) => {
                let mut server = PgConnection::connect(url.expose()).await?;
                sqlx::raw_sql(sql).execute(&mut server).await.map(drop)
            }
        }
    }

    async fn end(self) {
        let Some((admin, database)) = self.database else { return };
        let mut connection = PgConnection::connect(&admin).await.unwrap();
        let drop = format!("DROP DATABASE {database} WITH (FORCE)");
        connection.execute(sqlx::AssertSqlSafe(drop)).await.unwrap();
    }
}

/// Each of these runs on every dialect.
macro_rules! suite {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                let fixture = super::Fixture::sqlite();
                super::$name(&fixture).await;
                fixture.end().await;
            })*
        }
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                let Some(fixture) = super::Fixture::postgres(stringify!($name)).await else { return };
                super::$name(&fixture).await;
                fixture.end().await;
            })*
        }
    };
}

mod beside;
mod facts;
mod oncall;
mod place;
mod presence;
mod runs;

fn said(why: &str) -> Statement {
    Statement::StoreAccepted(StoreAccepted { store: "x".to_owned(), why: why.to_owned(), doubt: None })
}

async fn record(store: &Store, why: &str) {
    store.record(Utc::now(), "ana", said(why)).await.unwrap();
}

fn drafts(store: &Store, whys: &[&str]) -> Vec<NewFact> {
    whys.iter().map(|why| store.new_fact(Utc::now(), "ana", said(why))).collect()
}

fn rows(store: &Store, head: &Head, whys: &[&str]) -> Vec<FactRow> {
    rows_of(head, drafts(store, whys), Things::default()).unwrap().0
}

/// Every fact, and whether the chain holds.
async fn chain_of(store: &Store) -> Vec<FactRow> {
    let facts = store.dialect.facts(WhichFacts::After(0), u32::MAX).await.unwrap();
    for chain in store.verify_audit().await.unwrap() {
        assert_eq!(chain.broken, None);
        assert_eq!(chain.entries, facts.len() as u64);
    }
    facts
}
