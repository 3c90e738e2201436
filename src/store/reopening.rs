//! Opening the store again that this process has used: that one, and never a new one in its place. What is noted beside the
//! store may be gone with it, where both lie in one directory, so what this process has seen is noted again.

use super::dialect::WhichFacts;
use super::heads::ChainMark;
use super::place::{Found, StoreLocation};
use super::site::Purpose;
use super::trust::unreadable;
use super::{Store, StoreError};
use crate::model::fact::{Fact, Statement};

impl Store {
    /// Opens the store in its place as the one that `used` was; makes neither a store nor a directory.
    ///
    /// # Errors
    /// It is not there, another is, it can't be opened, or a newer program made it.
    pub(crate) async fn open_again(place: &StoreLocation, used: &Self) -> Result<Self, StoreError> {
        let site = Self::site(place).await?;
        if site.found() != Found::Ours {
            let (path, how) = (site.name().display().to_string(), site.found().describe());
            let to = used.seen().map_or(0, |mark| mark.seq);
            let evidence = format!("it was in use here (id {}, audit up to entry {to})", used.id());
            return Err(StoreError::Gone { path, how, evidence });
        }
        let store = Self::connect(place, site, Purpose::Use).await?.whole().await?;
        if let Err(error) = store.note_again(used).await {
            store.close().await;
            return Err(error);
        }
        store.remember().await;
        Ok(store)
    }

    /// Notes that `used` was seen in this place, where nothing is noted of it any more and nobody has accepted this one.
    async fn note_again(&self, used: &Self) -> Result<(), StoreError> {
        let (Some(heads), Some(seen)) = (&self.heads, used.seen()) else { return Ok(()) };
        if heads.read(used.id()).map_err(unreadable(heads))?.is_some() {
            return Ok(());
        }
        if self.id() != used.id() && self.was_accepted().await? {
            return Ok(());
        }
        heads.advance(used.id(), &self.place, used.inode(), &seen).map_err(unreadable(heads))
    }

    /// Whether a person has said on record that this store is the one to be used in its place.
    async fn was_accepted(&self) -> Result<bool, StoreError> {
        let rows = self.dialect.facts(WhichFacts::LastAbout(&format!("store:{}", self.id())), u32::MAX).await?;
        let facts = rows.iter().filter_map(|row| Fact::from_entry(&row.entry).ok());
        Ok(facts.into_iter().any(|fact| matches!(fact.said(), Statement::StoreAccepted(_))))
    }

    /// How far this process has seen its chain.
    fn seen(&self) -> Option<ChainMark> {
        self.seen.borrow().clone()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use chrono::DateTime;

    use super::*;
    use crate::store::address::StoreAddress;

    fn place(state: &Path) -> StoreLocation {
        let at = StoreAddress::File(state.join("opsroom.db"));
        StoreLocation { at, host: "box".to_owned(), state: Some(state.to_owned()) }
    }

    async fn said(store: &Store, why: &str) {
        let accepted = crate::model::fact::StoreAccepted { store: "x".to_owned(), why: why.to_owned(), doubt: None };
        store.record(DateTime::UNIX_EPOCH, "ana", Statement::StoreAccepted(accepted)).await.unwrap();
    }

    #[tokio::test]
    async fn a_store_whose_directory_is_gone_with_its_heads_is_not_made_again() {
        let at = tempfile::tempdir().unwrap();
        let state = at.path().join("state");
        let place = place(&state);
        let used = Store::open(&place).await.unwrap();
        said(&used, "one").await;
        used.checkpoint().await;
        fs::copy(state.join("opsroom.db"), at.path().join("older.db")).unwrap();
        said(&used, "two").await;
        fs::rename(&state, at.path().join("aside")).unwrap();

        let gone = Store::open_again(&place, &used).await.unwrap_err();
        assert!(matches!(gone, StoreError::Gone { .. }), "{gone}");
        assert!(!state.exists(), "neither a directory is made");
        std::os::unix::fs::symlink(at.path().join("nowhere"), &state).unwrap();
        let gone = Store::open_again(&place, &used).await.unwrap_err();
        assert!(matches!(gone, StoreError::Gone { .. }), "{gone}");
        assert!(!at.path().join("nowhere").exists(), "nor where a link leads");
        fs::remove_file(&state).unwrap();

        // Another process does not know that there was one.
        let other = Store::open(&place).await.unwrap();
        said(&other, "other").await;
        other.close().await;
        let opened = Store::open_again(&place, &used).await.unwrap();
        assert!(matches!(opened.trusted().await, Err(StoreError::Other { .. })), "it is another one");
        opened.close().await;
        let accepted = Store::accept(&place, "ana", "meant to be", DateTime::UNIX_EPOCH).await.unwrap();
        assert!(accepted.doubt.is_some());
        accepted.store.close().await;
        Store::open_again(&place, &used).await.unwrap().trusted().await.unwrap();

        // An older copy of the one that was used, without what was noted beside it.
        fs::remove_dir_all(&state).unwrap();
        fs::create_dir(&state).unwrap();
        fs::copy(at.path().join("older.db"), state.join("opsroom.db")).unwrap();
        let older = Store::open_again(&place, &used).await.unwrap();
        assert!(matches!(older.trusted().await, Err(StoreError::LostEnd { .. })), "it lost entries");
        older.close().await;

        fs::remove_dir_all(&state).unwrap();
        fs::rename(at.path().join("aside"), &state).unwrap();
        Store::open_again(&place, &used).await.unwrap().trusted().await.unwrap();
    }

    #[tokio::test]
    async fn one_that_was_accepted_where_nothing_was_left_is_used() {
        let at = tempfile::tempdir().unwrap();
        let place = place(&at.path().join("state"));
        let used = Store::open(&place).await.unwrap();
        said(&used, "one").await;
        let state = place.state.clone().unwrap();
        fs::remove_dir_all(&state).unwrap();
        let new = Store::open(&place).await.unwrap();
        let accepted =
            crate::model::fact::StoreAccepted { store: new.id().to_owned(), why: "new".to_owned(), doubt: None };
        new.record(DateTime::UNIX_EPOCH, "ana", Statement::StoreAccepted(accepted)).await.unwrap();
        new.close().await;
        Store::open_again(&place, &used).await.unwrap().trusted().await.unwrap();
    }
}
