//! PostgreSQL: one database that the consoles of many hosts share. Serialised by the primary key of the sequence; no lock
//! is held over a round trip.

mod append;
mod connections;
mod migrate;
mod names;
mod side;
mod wakes;

use chrono::{DateTime, Utc};
use futures_util::future::{BoxFuture, FutureExt as _};

use self::connections::{Connections, bounded};
use self::migrate::Reader;
use self::names::Named;
use self::wakes::Wakes;
use super::{
    Answer, Appended, Batch, Cut, Dialect, FactRow, Guard, Head, KeptRow, LeaseRow, Prune, RollupRow, Side, WhichFacts,
    WhichThings,
};
use crate::model::thing::StoredThing;
use crate::store::StoreError;
use crate::store::address::ServerUrl;
use crate::store::fault::StoreFault;
use crate::store::place::Found;

/// An open database.
#[derive(Debug)]
pub(in crate::store) struct Postgres {
    connections: Connections,
    wakes: Wakes,
    named: Named,
    reader: Option<Reader>,
}

/// A database that answers, and in which nothing is written yet.
#[derive(Debug)]
pub(in crate::store) struct Reached {
    connections: Connections,
    place: String,
    /// What lies in it.
    pub found: Found,
}

impl Reached {
    /// Connects, and looks.
    ///
    /// # Errors
    /// It does not answer, or tables of another program are in the way.
    pub(in crate::store) async fn reach(url: &ServerUrl) -> Result<Self, StoreError> {
        let place = url.to_string();
        let connections = Connections::new(url).map_err(|error| opening(&place, error))?;
        let look = async {
            let mut connection = connections.take().await?;
            let found = migrate::look(&mut connection, &place).await;
            connection.done(found)
        };
        let found = bounded(look).await.map_err(|error| match opening(&place, error) {
            // Nothing else of ours is a file, but the socket where one is named.
            StoreError::Open { path, fault: StoreFault::Unreachable | StoreFault::Denied, error } => {
                let fault = if url.has_roots() { StoreFault::NoRoots } else { StoreFault::Refused };
                StoreError::Open { path, fault, error }
            }
            other => other,
        })?;
        Ok(Self { connections, place, found })
    }

    /// Brings the schema up to date; makes it where there is none.
    ///
    /// # Errors
    /// It can't be written, or a newer program made it.
    pub(in crate::store) async fn open(self) -> Result<Postgres, StoreError> {
        let Self { connections, place, found } = self;
        let migrate = async {
            let mut connection = connections.take().await?;
            let opened = migrate::migrate(&mut connection, &place).await;
            connection.done(opened)
        };
        let (id, reader) = bounded(migrate).await.map_err(|error| match opening(&place, error) {
            // Nothing is there to have rights on: what was refused is making it.
            StoreError::Open { path, fault: StoreFault::NotGranted, error } if found == Found::Empty => {
                StoreError::Open { path, fault: StoreFault::NoCreate, error }
            }
            other => other,
        })?;
        Ok(Postgres { wakes: Wakes::new(connections.options()), connections, named: Named { id, place }, reader })
    }
}

impl Postgres {
    /// The role, where it may not write.
    pub(in crate::store) const fn reader(&self) -> Option<&Reader> {
        self.reader.as_ref()
    }
}

/// What keeps the store at `place` from being opened.
fn opening(place: &str, error: StoreError) -> StoreError {
    match error {
        StoreError::Database(error) => {
            StoreError::Open { path: place.to_owned(), fault: StoreFault::from_sql(&error), error }
        }
        other => other,
    }
}

/// One call that may be made twice: where a connection that was idle turns out to be dead, it is made again over a new one.
macro_rules! call_again {
    ($store:expr, $connection:ident => $work:expr) => {
        async move {
            let call = async {
                let mut $connection = $store.connections.take().await?;
                let reused = $connection.is_reused();
                let answer = $work.await;
                match $connection.done(answer) {
                    Err(error) if reused && error.is_unanswered() => {
                        $store.connections.forget();
                        let mut $connection = $store.connections.take().await?;
                        let answer = $work.await;
                        $connection.done(answer)
                    }
                    answer => answer,
                }
            };
            bounded(call).await.map_err(|error| $store.named.error(error))
        }
        .boxed()
    };
}

/// One call over one connection: `$work` with the connection, and what became of it.
macro_rules! call {
    ($store:expr, $connection:ident => $work:expr) => {
        async move {
            let call = async {
                let mut $connection = $store.connections.take().await?;
                let answer = $work.await;
                $connection.done(answer)
            };
            bounded(call).await.map_err(|error| $store.named.error(error))
        }
        .boxed()
    };
}

impl Dialect for Postgres {
    fn id(&self) -> &str {
        &self.named.id
    }

    fn head(&self) -> BoxFuture<'_, Result<Head, StoreError>> {
        call_again!(self, connection => side::head(&mut connection, &self.named))
    }

    fn append<'a>(&'a self, after: &'a Head, batch: Batch<'a>) -> BoxFuture<'a, Result<Appended, StoreError>> {
        call!(self, connection => append::append(&mut connection, &self.named, after, batch))
    }

    fn facts<'a>(&'a self, which: WhichFacts<'a>, most: u32) -> BoxFuture<'a, Result<Vec<FactRow>, StoreError>> {
        call_again!(self, connection => side::facts(&mut connection, which, most))
    }

    fn things<'a>(&'a self, which: WhichThings<'a>, most: u32) -> BoxFuture<'a, Result<Vec<StoredThing>, StoreError>> {
        call_again!(self, connection => side::things(&mut connection, which, most))
    }

    fn cut(&self) -> BoxFuture<'_, Result<Option<Cut>, StoreError>> {
        call_again!(self, connection => side::cut(&mut connection))
    }

    fn lease(&self) -> Answer<'_, (Option<LeaseRow>, DateTime<Utc>)> {
        call_again!(self, connection => side::lease(&mut connection))
    }

    fn renew<'a>(&'a self, fence: u64, holder: &'a str, digest: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        call_again!(self, connection => side::renew(&mut connection, &self.named, fence, (holder, digest)))
    }

    fn put<'a>(&'a self, guard: Guard<'a>, rows: &'a [Side<'a>]) -> BoxFuture<'a, Result<bool, StoreError>> {
        call_again!(self, connection => append::put(&mut connection, &self.named, guard, rows))
    }

    fn rollups<'a>(
        &'a self,
        tier: &'a str,
        series: &'a str,
        from: i64,
        until: i64,
        most: u32,
    ) -> BoxFuture<'a, Result<Vec<RollupRow>, StoreError>> {
        call_again!(self, connection => side::rollups(&mut connection, tier, series, from..until, most))
    }

    fn next_series<'a>(
        &'a self,
        tier: &'a str,
        after: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Option<String>, StoreError>> {
        call_again!(self, connection => side::next_series(&mut connection, tier, after))
    }

    fn kept<'a>(&'a self, name: &'a str) -> Answer<'a, Option<(Vec<u8>, DateTime<Utc>)>> {
        call_again!(self, connection => side::kept(&mut connection, name))
    }

    fn kept_below<'a>(&'a self, prefix: &'a str) -> Answer<'a, Vec<KeptRow>> {
        call_again!(self, connection => side::kept_below(&mut connection, prefix))
    }

    fn prune<'a>(&'a self, what: Prune<'a>, most: u32) -> BoxFuture<'a, Result<u64, StoreError>> {
        call_again!(self, connection => side::prune(&mut connection, what, most))
    }

    fn size(&self) -> BoxFuture<'_, Result<u64, StoreError>> {
        call_again!(self, connection => side::size(&mut connection))
    }

    fn woken(&self) -> BoxFuture<'_, ()> {
        self.wakes.next().boxed()
    }

    fn version(&self) -> BoxFuture<'_, Result<i64, StoreError>> {
        call_again!(self, connection => side::version(&mut connection, &self.named))
    }

    fn checkpoint(&self) -> BoxFuture<'_, ()> {
        // The server's own affair.
        std::future::ready(()).boxed()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        async {
            self.wakes.close().await;
            self.connections.close().await;
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests;
