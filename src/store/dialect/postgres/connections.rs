//! Connections to the server: few, made when they are asked for, each call bounded. One whose call was cut short is never
//! used again.

use std::io;
use std::ops::{Deref, DerefMut};
use std::str::FromStr as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout};

use crate::store::StoreError;
use crate::store::address::ServerUrl;
use crate::store::fault::StoreFault;

/// Calls that are under way at once; others wait.
const MOST: usize = 3;
/// How long a new connection may take, TLS and login included.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a call may take, with the wait for its connection. A link that drops packets is noticed by it.
const CALL: Duration = Duration::from_secs(8);
/// How long a connection that was idle may take to answer; after that it counts as cut.
const PING: Duration = Duration::from_secs(2);
/// A connection that was idle for longer is asked whether it still answers: the server may have been restarted.
const FRESH: Duration = Duration::from_secs(1);
/// How long the server may take to hear that we leave.
const GOODBYE: Duration = Duration::from_millis(300);

/// What every session is told first. The timeouts are the server's half of the bounds above; what is committed is synced,
/// whatever the role or the database prefer.
const SETUP: &str =
    "SET statement_timeout = '6s'; SET lock_timeout = '3s'; SET idle_in_transaction_session_timeout = '10s';
    SET default_transaction_isolation = 'read committed'; SET tcp_keepalives_idle = 15; SET tcp_keepalives_interval = 5;
    SET tcp_keepalives_count = 3;
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

/// Connections to one database.
#[derive(Debug)]
pub(super) struct Connections {
    options: PgConnectOptions,
    idle: Mutex<Vec<Idle>>,
    permits: Semaphore,
}

#[derive(Debug)]
struct Idle {
    connection: PgConnection,
    since: Instant,
}

/// A connection that one call uses. Dropped before [`Taken::done`], it is closed: an answer may still be on its way.
pub(super) struct Taken<'a> {
    connection: PgConnection,
    from: &'a Connections,
    /// It was idle before: the server may have ended it since.
    reused: bool,
    _permit: SemaphorePermit<'a>,
}

impl Connections {
    /// To the database that `url` names; none is made yet.
    ///
    /// # Errors
    /// The URL makes no sense.
    pub(super) fn new(url: &ServerUrl) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(url.expose())?.application_name("opsroom").disable_statement_logging();
        Ok(Self { options, idle: Mutex::default(), permits: Semaphore::new(MOST) })
    }

    /// How they are made.
    pub(super) const fn options(&self) -> &PgConnectOptions {
        &self.options
    }

    /// One that answers.
    pub(super) async fn take(&self) -> Result<Taken<'_>, StoreError> {
        let permit = self.permits.acquire().await.map_err(|_| sqlx::Error::PoolClosed)?;
        let last = self.idle().pop();
        if let Some(Idle { mut connection, since }) = last {
            if since.elapsed() < FRESH || matches!(timeout(PING, connection.ping()).await, Ok(Ok(()))) {
                return Ok(Taken { connection, from: self, reused: true, _permit: permit });
            }
            // The others were idle for longer.
            self.idle().clear();
        }
        Ok(Taken { connection: connect(&self.options).await?, from: self, reused: false, _permit: permit })
    }

    /// Drops those that are idle: one of them turned out to be dead.
    pub(super) fn forget(&self) {
        self.idle().clear();
    }

    /// Closes those that are idle; none is made any more.
    pub(super) async fn close(&self) {
        self.permits.close();
        let idle = std::mem::take(&mut *self.idle());
        let goodbyes = idle.into_iter().map(|idle| timeout(GOODBYE, idle.connection.close()));
        futures_util::future::join_all(goodbyes).await;
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken<'_> {
    /// Whether it was idle before.
    pub(super) const fn is_reused(&self) -> bool {
        self.reused
    }

    /// Gives the connection back, where what it answered lets it be used again.
    pub(super) fn done<T>(self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        let usable = match &answer {
            Err(StoreError::Database(error @ sqlx::Error::Database(_))) => {
                !matches!(StoreFault::from_sql(error), StoreFault::Cut | StoreFault::Stopping)
            }
            Err(StoreError::Database(error)) => matches!(error, sqlx::Error::RowNotFound),
            _ => true,
        };
        if usable {
            self.from.idle().push(Idle { connection: self.connection, since: Instant::now() });
        }
        answer
    }
}

impl Deref for Taken<'_> {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for Taken<'_> {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}

/// A call that ends in bounded time, whatever became of the link.
pub(super) async fn bounded<T>(call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    timeout(CALL, call).await.unwrap_or_else(|_| Err(timed_out().into()))
}

async fn connect(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    let connected = async {
        let mut connection = PgConnection::connect_with(options).await?;
        sqlx::raw_sql(SETUP).execute(&mut connection).await?;
        Ok(connection)
    };
    timeout(CONNECT, connected).await.unwrap_or_else(|_| Err(timed_out()))
}

fn timed_out() -> sqlx::Error {
    sqlx::Error::Io(io::ErrorKind::TimedOut.into())
}
