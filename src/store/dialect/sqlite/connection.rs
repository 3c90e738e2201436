//! The one connection to the file, and its transactions.

use std::path::Path;
use std::time::Duration;

use futures_util::future::FutureExt as _;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Sqlite, SqliteConnection, SqlitePool};
use tokio::time::{Instant, sleep};

use crate::store::dialect::BUSY;
use crate::store::fault::StoreFault;

/// So long a new file may be locked by another that makes it too.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Opens the file; makes it where there is none.
pub(super) async fn connect(path: &Path) -> Result<SqlitePool, sqlx::Error> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY)
        .foreign_keys(true);
    let pool = one().after_release(|connection, _| {
        async {
            settle(connection).await;
            Ok(true)
        }
        .boxed()
    });
    let from = Instant::now();
    loop {
        match pool.clone().connect_with(options.clone()).await {
            // Of two that make a file at once one is refused, without the wait that was asked for.
            Err(error) if StoreFault::from_sql(&error) == StoreFault::Locked && from.elapsed() < AT_ONCE => {
                sleep(Duration::from_millis(10)).await;
            }
            connected => return connected,
        }
    }
}

/// A second connection, which nobody uses. A question that is cut off may take the first with it, and the log goes with the
/// last: the one that is made next would look like that of another file.
pub(super) async fn keep_log(path: &Path) -> Result<SqlitePool, sqlx::Error> {
    let keeper =
        one().connect_with(SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(BUSY)).await?;
    // It has the log only once it has read something.
    sqlx::raw_sql("SELECT count(*) FROM sqlite_schema").execute(&keeper).await?;
    Ok(keeper)
}

/// Opens a file that may only be read; `frozen`: as it is now, without the log that others may write beside it.
pub(super) async fn look(path: &Path, frozen: bool) -> Result<SqlitePool, sqlx::Error> {
    let options = SqliteConnectOptions::new().filename(path).read_only(true).immutable(frozen).busy_timeout(BUSY);
    one().connect_with(options).await
}

/// One connection: SQLite has one writer anyway, and what is read here is small. It is kept, so that its log is.
fn one() -> SqlitePoolOptions {
    SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None)
}

/// Begins a transaction that may write, which ends with [`commit`] or with the connection's return. Its rights are taken
/// from the beginning: what was read is still so when it is written.
pub(super) async fn begin(pool: &SqlitePool) -> Result<PoolConnection<Sqlite>, sqlx::Error> {
    let mut connection = pool.acquire().await?;
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut *connection).await?;
    Ok(connection)
}

/// Ends a transaction with what was written.
pub(super) async fn commit(mut connection: PoolConnection<Sqlite>) -> Result<(), sqlx::Error> {
    sqlx::raw_sql("COMMIT").execute(&mut *connection).await.map(drop)
}

/// Ends the transaction that a connection may come back with, whatever became of it. The driver's own transactions would not
/// do: SQLite ends one by itself where it can't go on, as on a full disk, and the driver then counts it for ever and begins
/// none any more.
async fn settle(connection: &mut SqliteConnection) {
    // Refused where none is open.
    sqlx::raw_sql("ROLLBACK").execute(connection).await.ok();
}
