use std::time::Duration;

use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnectOptions;

use super::*;
use crate::store::chain;
use crate::store::fault::tests::Small;

async fn open(directory: &Path) -> Sqlite {
    let path = directory.join("opsroom.db");
    Sqlite::open(&path, path.clone()).await.unwrap()
}

fn fact(after: &Head, bytes: usize) -> FactRow {
    let entry = "x".repeat(bytes);
    let hash = chain::chained(&after.hash, entry.as_bytes());
    let (kind, object) = ("test".to_owned(), "test:1".to_owned());
    FactRow {
        seq: after.seq + 1,
        id: format!("{:x}", fastrand::u128(..)),
        recorded_at: after.now,
        kind,
        object,
        entry,
        hash,
    }
}

async fn append(store: &Sqlite, bytes: usize) -> Result<Appended, StoreError> {
    let head = store.head().await?;
    let facts = [fact(&head, bytes)];
    store.append(&head, Batch { facts: &facts, ..Batch::default() }).await
}

async fn pages(store: &Sqlite, most: &str) -> i64 {
    let text = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {most}"));
    sqlx::query_scalar(text).fetch_one(&store.pool).await.unwrap()
}

#[tokio::test]
async fn a_file_that_may_only_be_read_says_when_others_fill_a_log_beside_it() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    append(&store, 10).await.unwrap();
    let path = store.path().to_owned();
    store.close().await;
    let looking = Sqlite::open_to_read(path.clone()).await.unwrap();
    looking.version().await.unwrap();
    let other = open(directory.path()).await;
    append(&other, 10).await.unwrap();
    assert!(matches!(looking.version().await, Err(StoreError::Changed { .. })));
    let again = Sqlite::open_to_read(path).await.unwrap();
    assert_eq!(again.head().await.unwrap().seq, 2);
    other.close().await;
}

#[tokio::test]
async fn what_had_no_room_is_written_once_there_is_some() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    assert_eq!(append(&store, 10).await.unwrap(), Appended::Done);
    pages(&store, "1").await;
    for what in ["the first", "and every one after it"] {
        let error = append(&store, 1 << 20).await.unwrap_err();
        let StoreError::Database(error) = error else { panic!("{what}: {error}") };
        assert_eq!(StoreFault::from_sql(&error), StoreFault::Full, "{what}: {error}");
        let side = store.put(Guard::Free, &[Side::Keep("x", &vec![7; 1 << 20])]).await.unwrap_err();
        assert!(side.to_string().contains("the disk is full"), "{what}: {side}");
    }
    assert!(store.version().await.is_ok(), "it is read all the same");
    // Nobody else waits for a transaction that was left open.
    let options = SqliteConnectOptions::new().filename(store.path()).busy_timeout(Duration::ZERO);
    let mut other = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE; COMMIT").execute(&mut other).await.unwrap();
    other.close().await.unwrap();

    pages(&store, "100000").await;
    assert_eq!(append(&store, 1 << 20).await.unwrap(), Appended::Done);
    assert!(store.put(Guard::Free, &[Side::Keep("x", b"y")]).await.unwrap());
    assert_eq!(store.head().await.unwrap().seq, 2);
}

#[tokio::test]
async fn a_write_that_is_given_up_leaves_no_transaction_open() {
    let directory = tempfile::tempdir().unwrap();
    let (store, other) = (open(directory.path()).await, open(directory.path()).await);
    let head = store.head().await.unwrap();
    let facts = [fact(&head, 10)];
    // Dropped after each of its steps, until it gets to its end.
    for steps in 1.. {
        let mut writing = store.append(&head, Batch { facts: &facts, ..Batch::default() });
        let mut taken = 0;
        let given_up = std::future::poll_fn(|context| {
            taken += 1;
            match writing.as_mut().poll(context) {
                std::task::Poll::Pending if taken == steps => std::task::Poll::Ready(None),
                polled => polled.map(Some),
            }
        });
        if given_up.await.is_some() {
            break;
        }
        drop(writing);
        let free = tokio::time::timeout(Duration::from_secs(4), other.put(Guard::Free, &[Side::Keep("x", b"y")])).await;
        assert!(free.expect("a transaction holds the file").unwrap(), "after {steps} steps");
    }
}

/// What lies in the place of a store that is open.
fn lie(path: &Path, bytes: &[u8]) {
    use std::io::Write as _;
    let mut file = std::fs::OpenOptions::new().write(true).truncate(true).open(path).unwrap();
    file.write_all(bytes).unwrap();
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "what lies in the place is compared")]
async fn a_file_that_was_written_over_where_it_lies_is_noticed_and_left_alone() {
    let elsewhere = tempfile::tempdir().unwrap();
    let other = open(elsewhere.path()).await;
    append(&other, 10).await.unwrap();
    let (other_id, other_path) = (other.id().to_owned(), other.path().to_owned());
    other.close().await;
    let cases = [
        ("emptied", Vec::new()),
        ("another store", std::fs::read(&other_path).unwrap()),
        ("no database", vec![b'x'; 9_000]),
    ];
    for (what, bytes) in cases {
        for is_in_file in [false, true] {
            let directory = tempfile::tempdir().unwrap();
            let store = open(directory.path()).await;
            append(&store, 10).await.unwrap();
            if is_in_file {
                store.checkpoint().await;
                store.version().await.unwrap();
                append(&store, 10).await.unwrap();
            }
            let path = store.path().to_owned();
            store.version().await.unwrap();
            lie(&path, &bytes);
            for error in [store.version().await.unwrap_err(), append(&store, 10).await.unwrap_err()] {
                assert!(matches!(error, StoreError::Replaced { .. }), "{what}, in the file {is_in_file}: {error}");
            }
            store.close().await;
            assert!(std::fs::read(&path).unwrap() == bytes, "{what}, in the file {is_in_file}: something was written");
            if what == "another store" {
                assert_eq!(open(directory.path()).await.id(), other_id, "it is what it was");
            }
        }
    }
}

#[tokio::test]
async fn what_the_log_brings_into_the_file_is_no_other_file() {
    let directory = tempfile::tempdir().unwrap();
    let (store, other) = (open(directory.path()).await, open(directory.path()).await);
    for round in 0..4 {
        append(&store, 200_000).await.unwrap();
        let writer = if round % 2 == 0 { &store } else { &other };
        writer.checkpoint().await;
        store.version().await.unwrap();
        other.version().await.unwrap();
    }
    other.close().await;
    assert_eq!(store.head().await.unwrap().seq, 4);
}

/// What SQLite says of the file without its log.
async fn alone(store: &Sqlite) -> Result<i64, sqlx::Error> {
    let options = SqliteConnectOptions::new().filename(store.path()).read_only(true).immutable(true);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    let found = sqlx::query_scalar("SELECT count(*) FROM fact").fetch_one(&mut connection).await;
    connection.close().await?;
    found
}

#[tokio::test]
async fn a_file_that_had_no_room_for_all_of_its_log_is_neither_damaged_nor_another() {
    // Without the right to mount there is nothing to look at.
    let Some(small) = Small::mount() else { return };
    let store = open(small.path()).await;
    store.checkpoint().await;
    append(&store, 150_000).await.unwrap();
    let ballast = small.fill();
    store.checkpoint().await;
    // Also once there is some room again: the log is brought into the file only with the next occasion.
    for room in [0, 64 << 10] {
        ballast.set_len(ballast.metadata().unwrap().len() - room).unwrap();
        let error = alone(&store).await.expect_err("all of the log is in the file");
        assert_eq!(StoreFault::from_sql(&error), StoreFault::Damaged, "{error}");
        store.version().await.unwrap();
        let other = Sqlite::look(store.path(), store.path().to_owned()).await.unwrap();
        assert_eq!(other.head().await.unwrap().seq, 1, "with {room} bytes of room");
    }
    append(&store, 10).await.unwrap();
    ballast.set_len(0).unwrap();
    store.checkpoint().await;
    assert_eq!(alone(&store).await.unwrap(), 2);
}

#[tokio::test]
async fn only_what_says_so_is_another_file() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    let options = SqliteConnectOptions::new().filename(store.path());
    let mut hand = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql("ALTER TABLE store RENAME COLUMN id TO name").execute(&mut hand).await.unwrap();
    let error = store.version().await.unwrap_err();
    assert!(error.to_string().contains("no such column: id"), "{error}");
    sqlx::raw_sql("ALTER TABLE store RENAME COLUMN name TO id").execute(&mut hand).await.unwrap();
    store.version().await.expect("it goes on");
    sqlx::raw_sql("DROP TABLE store").execute(&mut hand).await.unwrap();
    let error = store.version().await.unwrap_err();
    assert!(matches!(error, StoreError::Replaced { .. }), "{error}");
}

#[tokio::test]
async fn a_file_that_cant_be_looked_at_is_not_called_removed() {
    let at = tempfile::tempdir().unwrap();
    let (directory, aside) = (at.path().join("store"), at.path().join("aside"));
    std::fs::create_dir(&directory).unwrap();
    let store = open(&directory).await;
    std::fs::rename(&directory, &aside).unwrap();
    std::os::unix::fs::symlink(&directory, &directory).unwrap();
    let error = store.version().await.unwrap_err();
    assert!(matches!(error, StoreError::File { .. }), "{error}");
    std::fs::remove_file(&directory).unwrap();
    let error = store.version().await.unwrap_err();
    assert!(matches!(error, StoreError::Replaced { .. }), "{error}");
    std::fs::rename(&aside, &directory).unwrap();
    store.version().await.unwrap();
}
