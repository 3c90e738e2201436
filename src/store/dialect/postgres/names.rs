//! What the statements share: the store's clock, and how the store is told from another.

use crate::store::StoreError;

/// The server's clock, in milliseconds since 1970.
pub(super) const NOW: &str = "floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

/// The store that was opened.
#[derive(Debug, Clone)]
pub(super) struct Named {
    /// Its id.
    pub id: String,
    /// Where it is, without password.
    pub place: String,
}

impl Named {
    /// Whether the id that was found is that of the store that was opened.
    ///
    /// # Errors
    /// It is another, or none is there any more.
    pub(super) fn check(&self, found: Option<String>) -> Result<(), StoreError> {
        match found {
            Some(id) if id == self.id => Ok(()),
            Some(id) => Err(StoreError::Other { path: self.place.clone(), id, known: self.id.clone() }),
            None => Err(StoreError::Replaced { path: self.place.clone() }),
        }
    }

    /// An error of the server, where it says that the tables are gone.
    pub(super) fn error(&self, error: StoreError) -> StoreError {
        match &error {
            StoreError::Database(sqlx::Error::Database(database)) if database.code().as_deref() == Some("42P01") => {
                StoreError::Replaced { path: self.place.clone() }
            }
            _ => error,
        }
    }
}
