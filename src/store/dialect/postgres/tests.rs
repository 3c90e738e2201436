//! PostgreSQL under faults: killed, restarted, cut off, full, read-only, and answers that get lost. Each says so where
//! there is no server to try it on.
#![expect(clippy::disallowed_methods, reason = "the proxy's tasks and the server's files are the tests' own")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::DateTime;
use sqlx::{Connection as _, Executor as _, PgConnection};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::model::fact::{Fact, Statement, StoreAccepted};
use crate::store::address::StoreAddress;
use crate::store::dialect::WhichFacts;
use crate::store::fault::StoreFault;
use crate::store::place::StoreLocation;
use crate::store::{Store, StoreError};

/// `HOST:PORT` of the server, where there is one.
fn server() -> Option<String> {
    let server = std::env::var("OPSROOM_TEST_POSTGRES").ok();
    if server.is_none() {
        eprintln!("skipped: OPSROOM_TEST_POSTGRES is not set; tests/run starts a server");
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

/// What the link does.
mod link {
    /// Everything is passed on.
    pub(super) const UP: u8 = 0;
    /// Nothing is, in neither direction, and nobody is told.
    pub(super) const SILENT: u8 = 1;
    /// What carries the mark arrives; its answer does not, and the connection ends.
    pub(super) const LOSES_ANSWER: u8 = 2;
    /// What carries the mark does not arrive, and the connection ends.
    pub(super) const LOSES_QUESTION: u8 = 3;
}

const MARK: &[u8] = b"marked-words";

/// A link to the server that can fail.
struct Link {
    address: String,
    mode: Arc<AtomicU8>,
}

impl Link {
    async fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (mode, server) = (Arc::new(AtomicU8::new(link::UP)), server.to_owned());
        let shared = Arc::clone(&mode);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (mode, server) = (Arc::clone(&shared), server.clone());
                tokio::spawn(async move { pass(client, TcpStream::connect(server).await.unwrap(), &mode).await });
            }
        });
        Self { address, mode }
    }

    fn set(&self, mode: u8) {
        self.mode.store(mode, Ordering::SeqCst);
    }
}

async fn pass(mut client: TcpStream, mut server: TcpStream, mode: &AtomicU8) {
    let (mut asked, mut answered) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut marked = false;
    loop {
        let (from_client, length) = tokio::select! {
            read = client.read(&mut asked) => (true, read.unwrap_or(0)),
            read = server.read(&mut answered) => (false, read.unwrap_or(0)),
        };
        if length == 0 {
            return;
        }
        match mode.load(Ordering::SeqCst) {
            link::SILENT => std::future::pending().await,
            lost @ (link::LOSES_ANSWER | link::LOSES_QUESTION) => {
                marked |= from_client && asked[..length].windows(MARK.len()).any(|part| part == MARK);
                if marked && (lost == link::LOSES_QUESTION || !from_client) {
                    mode.store(link::UP, Ordering::SeqCst);
                    return;
                }
            }
            _ => {}
        }
        let passed = if from_client {
            server.write_all(&asked[..length]).await
        } else {
            client.write_all(&answered[..length]).await
        };
        if passed.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_done_once() {
    let Some(server) = server() else { return };
    let (database, link) = (Database::new(&server).await, Link::to(&server).await);
    let store = open(&database.url_over(&link.address)).await.unwrap();
    record(&store, "first").await.unwrap();
    for mode in [link::LOSES_ANSWER, link::LOSES_QUESTION] {
        link.set(mode);
        record(&store, "marked-words").await.unwrap();
        assert_eq!(link.mode.load(Ordering::SeqCst), link::UP, "it was lost once");
    }
    // Another writes right after the batch whose answer is lost.
    let other = open(&database.url()).await.unwrap();
    link.set(link::LOSES_ANSWER);
    let next = async {
        while said(&other).await.len() < 4 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        record(&other, "another").await.unwrap();
    };
    let (done, ()) = tokio::join!(record(&store, "marked-words too"), next);
    done.unwrap();
    assert_eq!(said(&store).await, ["first", "marked-words", "marked-words", "marked-words too", "another"]);
    database.end().await;
}

#[tokio::test]
async fn a_link_that_drops_everything_is_noticed_and_comes_back() {
    let Some(server) = server() else { return };
    let (database, link) = (Database::new(&server).await, Link::to(&server).await);
    let store = open(&database.url_over(&link.address)).await.unwrap();
    record(&store, "before").await.unwrap();
    link.set(link::SILENT);
    let begin = Instant::now();
    let error = store.version().await.unwrap_err();
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    assert!(error.is_away() && error.to_string().contains("the server does not answer"), "{error}");
    link.set(link::UP);
    record(&store, "after").await.unwrap();
    assert_eq!(said(&store).await, ["before", "after"]);
    database.end().await;
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

/// What `error` says, in the words of a person.
fn words(error: &StoreError) -> (String, String, bool) {
    assert!(!error.to_string().contains("hunter2") && !format!("{error:?}").contains("hunter2"));
    (error.to_string(), error.hint().to_owned(), error.is_away())
}

#[tokio::test]
async fn a_read_only_server_refuses_writes_and_still_answers() {
    let Some(server) = server() else { return };
    let database = Database::new(&server).await;
    let store = open(&database.url()).await.unwrap();
    record(&store, "before").await.unwrap();
    database.admin("ALTER DATABASE DB SET default_transaction_read_only = on").await;
    database.cut_sessions().await;
    let (said_so, hint, away) = words(&record(&store, "no").await.unwrap_err());
    assert!(said_so.contains("the server is read-only") && hint.contains("primary") && away, "{said_so}");
    assert_eq!(said(&open(&database.url()).await.unwrap()).await, ["before"]);
    database.admin("ALTER DATABASE DB RESET default_transaction_read_only").await;
    database.cut_sessions().await;
    record(&store, "after").await.unwrap();
    database.end().await;
}

#[tokio::test]
async fn what_keeps_a_store_from_being_opened_is_said_in_plain_words() {
    let Some(server) = server() else { return };
    let database = Database::new(&server).await;
    let expect = async |url: &str, text: &str, hint: &str| {
        let error = open(url).await.unwrap_err();
        let (said, hinted, away) = words(&error);
        assert!(said.contains(text) && hinted.contains(hint) && away, "{said}; {hinted}");
    };
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    expect(&database.url_over(&free.to_string()), "no server accepts connections there", "listen_addresses").await;
    expect("postgres://ana@nowhere.invalid/ops", "the host name can't be resolved", "DNS").await;
    expect(&format!("postgres://postgres@{server}/no_such"), "the database does not exist", "createdb").await;
    expect(&format!("postgres://nobody_here@{server}/postgres"), "the server rejected the login", "pg_hba").await;
    expect(&format!("{}?sslmode=require", database.url()), "TLS", "sslmode").await;
    database.admin("ALTER DATABASE DB ALLOW_CONNECTIONS false").await;
    expect(&database.url(), "the database accepts no connections", "ALLOW_CONNECTIONS").await;
    database.admin("ALTER DATABASE DB ALLOW_CONNECTIONS true").await;
    database.admin("ALTER ROLE of_DB NOLOGIN").await;
    expect(&database.url(), "the server rejected the login", "may log in").await;
    database.admin("ALTER ROLE of_DB LOGIN").await;
    let other = Database::new(&server).await;
    let foreign = format!("postgres://of_{}@{server}/{}", other.name, database.name);
    expect(&foreign, "the role has no permission", "owner").await;
    database.admin("ALTER DATABASE DB CONNECTION LIMIT 1").await;
    let first = open(&database.url()).await.unwrap();
    record(&first, "x").await.unwrap();
    expect(&database.url(), "the server has no free connections", "max_connections").await;
    first.close().await;
    other.end().await;
    database.end().await;
}

#[test]
fn the_states_of_the_server_have_their_words() {
    let state = |code: &str| StoreFault::of_state(code);
    assert_eq!([state("53100"), state("53200")], [StoreFault::ServerFull, StoreFault::Memory]);
    assert_eq!([state("57P01"), state("57P03")], [StoreFault::Stopping; 2]);
    assert_eq!([state("08006"), state("57P05")], [StoreFault::Cut; 2]);
    assert_eq!([state("57014"), state("55P03")], [StoreFault::Slow, StoreFault::Blocked]);
    assert_eq!([state("28P01"), state("28000")], [StoreFault::Password, StoreFault::Login]);
    assert_eq!([state("55000"), state("22012")], [StoreFault::Closed, StoreFault::Server]);
    // No hint for a file stands beside what a server says.
    for code in [
        "08006", "22012", "25006", "28000", "28P01", "3D000", "3F000", "40001", "42501", "42601", "53000", "53100",
        "53200", "53300", "53400", "54000", "55000", "55006", "55P03", "57014", "57P01", "57P03", "57P04", "57P05",
        "58030", "58P01", "XX000", "XX001",
    ] {
        let hint = state(code).hint();
        assert!(
            !["--store FILE", "sqlite3", "fuser", "its directory"].iter().any(|word| hint.contains(word)),
            "{code}"
        );
    }
}

#[tokio::test]
async fn what_the_server_says_otherwise_is_quoted_without_its_source() {
    let Some(server) = server() else { return };
    let mut connection = PgConnection::connect(&format!("postgres://postgres@{server}/postgres")).await.unwrap();
    let error = StoreError::Database(connection.execute("SELECT 1 / 0").await.unwrap_err());
    let (said, hint, away) = words(&error);
    assert_eq!(said, "the store failed: the server says `division by zero` (SQLSTATE 22012)");
    assert!(hint.contains("server's log") && !away, "{hint}");
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

/// A server of its own, that can be killed.
struct Cluster {
    directory: tempfile::TempDir,
    bin: PathBuf,
    port: u16,
}

impl Cluster {
    fn start() -> Option<Self> {
        server()?;
        let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let bin = versions.map(|version| version.path().join("bin")).find(|bin| bin.join("initdb").exists());
        let Some(bin) = bin else {
            eprintln!("skipped: no initdb below /usr/lib/postgresql");
            return None;
        };
        let directory = tempfile::tempdir().unwrap();
        if rustix::process::getuid().is_root() {
            let owned = Command::new("chown").arg("postgres").arg(directory.path()).status().unwrap();
            assert!(owned.success());
        }
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let cluster = Self { directory, bin, port };
        let data = cluster.data();
        assert!(cluster.run("initdb", &["-D", &data, "-A", "trust", "-U", "postgres", "--no-sync"]));
        cluster.up();
        Some(cluster)
    }

    fn data(&self) -> String {
        self.directory.path().join("data").display().to_string()
    }

    /// As a user who may: the server refuses to run as root.
    fn run(&self, program: &str, arguments: &[&str]) -> bool {
        let program = self.bin.join(program);
        let mut command = if rustix::process::getuid().is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.args(arguments).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().unwrap().success()
    }

    fn up(&self) {
        let (data, directory) = (self.data(), self.directory.path().display());
        let options = format!("-p {} -k {directory} -c listen_addresses=127.0.0.1", self.port);
        let log = format!("{directory}/log");
        let until = Instant::now() + Duration::from_mins(1);
        // What was killed may still hold its memory.
        while !self.run("pg_ctl", &["-D", &data, "-w", "-l", &log, "-o", &options, "start"]) {
            assert!(Instant::now() < until, "{}", std::fs::read_to_string(&log).unwrap_or_default());
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn restart(&self) {
        assert!(self.run("pg_ctl", &["-D", &self.data(), "-w", "-m", "fast", "stop"]));
        self.up();
    }

    fn kill(&self) {
        let pid = std::fs::read_to_string(format!("{}/postmaster.pid", self.data())).unwrap();
        let pid = pid.lines().next().unwrap().to_owned();
        assert!(Command::new("kill").args(["-9", &pid]).status().unwrap().success());
        self.up();
    }

    fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.run("pg_ctl", &["-D", &self.data(), "-m", "immediate", "stop"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_the_server_is_restarted_or_killed() {
    let Some(cluster) = Cluster::start() else { return };
    let (url, over) = (cluster.url(), Arc::new(AtomicBool::new(false)));
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let mut writers = Vec::new();
    for writer in 0..4 {
        let store = open(&url).await.unwrap();
        let (over, acknowledged) = (Arc::clone(&over), Arc::clone(&acknowledged));
        writers.push(tokio::spawn(async move {
            let mut failed = 0;
            for index in 0.. {
                if over.load(Ordering::SeqCst) {
                    break;
                }
                let why = format!("{writer}-{index}");
                match record(&store, &why).await {
                    Ok(()) => acknowledged.lock().unwrap().push(why),
                    Err(error) => {
                        assert!(error.is_away(), "{error}");
                        failed += 1;
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                }
            }
            failed
        }));
    }
    let cluster = Arc::new(cluster);
    for round in 0..6 {
        let written = acknowledged.lock().unwrap().len();
        let until = Instant::now() + Duration::from_secs(30);
        while acknowledged.lock().unwrap().len() < written + 20 {
            assert!(Instant::now() < until, "the writers go on after round {round}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let cluster = Arc::clone(&cluster);
        let fault = move || if round % 2 == 0 { cluster.kill() } else { cluster.restart() };
        tokio::task::spawn_blocking(fault).await.unwrap();
    }
    over.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.await.unwrap();
    }
    let mut said = said(&open(&url).await.unwrap()).await;
    said.sort();
    let all = said.len();
    said.dedup();
    assert_eq!(said.len(), all, "what was tried again is there once");
    let acknowledged = acknowledged.lock().unwrap();
    assert!(acknowledged.iter().all(|why| said.binary_search(why).is_ok()), "nothing acknowledged is lost");
}
