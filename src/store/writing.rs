//! A transaction that writes: into the file that was opened and no other, and the head of its chain noted afterwards.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use sqlx::{Sqlite, SqliteConnection, Transaction};

use super::audit::{self, AuditEntry};
use super::heads::ChainMark;
use super::{Store, StoreError};

/// A transaction that holds the right to write from its beginning, so that what it reads can't change under it.
pub(super) struct Writing<'a> {
    store: &'a Store,
    tx: Transaction<'static, Sqlite>,
    /// How far our chain is with what this adds; `None` where nothing was added, or the chain was doubtful before.
    reached: Option<ChainMark>,
}

impl Store {
    pub(super) async fn begin_writing(&self) -> Result<Writing<'_>, StoreError> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        self.is_still_there(&mut tx).await?;
        Ok(Writing { store: self, tx, reached: None })
    }
}

impl Writing<'_> {
    /// Puts something on record.
    pub(super) async fn append(&mut self, entry: AuditEntry<'_>) -> Result<(), StoreError> {
        // A head that is not in the chain stays, so that the loss is still told.
        let sound = self.store.is_trusted(&mut self.tx).await.is_ok();
        let mark = audit::append(&mut self.tx, &self.store.writer, entry).await?;
        self.reached = sound.then_some(mark);
        Ok(())
    }

    pub(super) async fn commit(self) -> Result<(), StoreError> {
        self.tx.commit().await?;
        if let Some(mark) = self.reached {
            self.store.advance(BTreeMap::from([(self.store.writer.clone(), mark)])).await;
        }
        Ok(())
    }
}

impl Deref for Writing<'_> {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.tx
    }
}

impl DerefMut for Writing<'_> {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.tx
    }
}
