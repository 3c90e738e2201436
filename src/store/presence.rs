//! Who is here: a row for each console and watcher, kept beside the chain and renewed as long as it lives.

use chrono::{DateTime, Utc};

use super::dialect::{Guard, Side};
use super::{Store, StoreError};
use crate::lang::order::InOrder;
use crate::model::lease::LeaseHolder;
use crate::model::presence::{Presence, is_gone};

/// Rows are kept by this and the id of the process.
const PREFIX: &str = "present.";

/// A row: the name by which it is kept, and what it says where that can be read.
type Row = (String, Option<Presence>, DateTime<Utc>);

impl Store {
    /// Says that a process is here, and removes what those left who are gone. Returns who else is here, as [`Store::present`].
    ///
    /// # Errors
    /// The store can't be read or written.
    pub(crate) async fn announce_presence(&self, id: &str, presence: &Presence) -> Result<Vec<Presence>, StoreError> {
        let body = serde_json::to_vec(presence).map_err(|error| StoreError::Content(error.to_string()))?;
        let (rows, now) = self.presence_rows().await?;
        let name = format!("{PREFIX}{id}");
        let gone = rows.iter().filter(|(row, _, at)| is_gone(*at, now) && *row != name);
        let mut sides: Vec<Side<'_>> = gone.map(|(row, ..)| Side::Forget(row)).collect();
        sides.push(Side::Keep(&name, &body));
        self.dialect.put(Guard::Free, &sides).await?;
        Ok(others(rows, now, Some(id)))
    }

    /// A process is here no more.
    ///
    /// # Errors
    /// The store can't be written.
    pub(crate) async fn withdraw_presence(&self, id: &str) -> Result<(), StoreError> {
        self.dialect.put(Guard::Free, &[Side::Forget(&format!("{PREFIX}{id}"))]).await.map(drop)
    }

    /// Who is here but the process `me`: those that began first come first.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn present(&self, me: Option<&str>) -> Result<Vec<Presence>, StoreError> {
        let (rows, now) = self.presence_rows().await?;
        Ok(others(rows, now, me))
    }

    /// Who holds the lease; `None` where nobody does.
    ///
    /// # Errors
    /// The store can't be read.
    pub(crate) async fn lease_holder(&self) -> Result<Option<LeaseHolder>, StoreError> {
        let (lease, now) = self.dialect.lease().await?;
        self.holder(lease, now).await
    }

    /// The store's clock.
    ///
    /// # Errors
    /// The store can't be read.
    pub(crate) async fn now(&self) -> Result<DateTime<Utc>, StoreError> {
        self.dialect.lease().await.map(|(_, now)| now)
    }

    async fn presence_rows(&self) -> Result<(Vec<Row>, DateTime<Utc>), StoreError> {
        let rows = self.dialect.kept_below(PREFIX).await?;
        let read = |body: &[u8]| serde_json::from_slice::<Presence>(body).ok().map(Presence::bounded);
        let rows = rows.into_iter().map(|(name, body, at)| (name, read(&body), at)).collect();
        Ok((rows, self.now().await?))
    }
}

/// Who is here by these rows but the process `me`.
fn others(rows: Vec<Row>, now: DateTime<Utc>, me: Option<&str>) -> Vec<Presence> {
    let own = me.map(|id| format!("{PREFIX}{id}"));
    let others = rows.into_iter().filter(|(name, _, at)| !is_gone(*at, now) && Some(name) != own.as_ref());
    let mut present: Vec<Presence> = others.filter_map(|(_, presence, _)| presence).collect();
    present.order_by_key(|one| (one.since, one.pid));
    present
}
