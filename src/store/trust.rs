//! Whether the store is the one that was used here before, with all that was seen in it; and the way out where a person
//! knows that it is another one.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::{Row as _, SqliteConnection};

use super::audit::{AuditEntry, hex};
use super::heads::{ChainHead, ChainMark, Heads};
use super::place::{self, Found, StoreLocation};
use super::{Store, StoreError};

/// A store that was accepted.
#[derive(Debug)]
pub(crate) struct Accepted {
    /// It.
    pub store: Store,
    /// What was wrong with it before; `None`: nothing.
    pub doubt: Option<String>,
}

impl Store {
    /// Whether it is the store that was used here before, and every head that was seen lies in its chains.
    ///
    /// # Errors
    /// It is not; or that can't be known.
    pub(crate) async fn trusted(&self) -> Result<(), StoreError> {
        let mut connection = self.pool.acquire().await?;
        self.is_still_there(&mut connection).await?;
        self.is_trusted(&mut connection).await
    }

    pub(super) async fn is_trusted(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        match self.all_doubts(connection).await?.into_iter().next() {
            Some(doubt) => Err(doubt),
            None => Ok(()),
        }
    }

    /// Everything that speaks against it.
    ///
    /// # Errors
    /// That can't be known.
    pub(crate) async fn doubts(&self) -> Result<Vec<StoreError>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        self.is_still_there(&mut connection).await?;
        self.all_doubts(&mut connection).await
    }

    async fn all_doubts(&self, connection: &mut SqliteConnection) -> Result<Vec<StoreError>, StoreError> {
        let Some(heads) = &self.opened.heads else { return Ok(Vec::new()) };
        let mut doubts = Vec::new();
        let path = &self.opened.path;
        let known = known_at(heads, path)?;
        if let Some(other) = known.iter().find(|head| head.store != self.opened.id) {
            let (id, known) = (self.opened.id.clone(), other.store.clone());
            doubts.push(StoreError::Other { path: path.display().to_string(), id, known });
        }
        let head = heads.read(&self.opened.id).map_err(unreadable(heads))?;
        for (writer, mark) in head.map(|head| head.chains).unwrap_or_default() {
            doubts.extend(doubt(connection, writer, &mark).await?);
        }
        Ok(doubts)
    }

    /// Notes where the chains are, where nothing speaks against it: what is seen now is missed when it is gone.
    pub(super) async fn remember(&self) {
        let seen = async {
            let mut connection = self.pool.acquire().await?;
            self.is_trusted(&mut connection).await?;
            marks(&mut connection).await
        };
        match seen.await {
            Ok(marks) if marks.is_empty() => {}
            Ok(marks) => self.advance(marks).await,
            Err(error) => tracing::warn!(%error, "the head of the audit is not noted"),
        }
    }

    /// Moves the known heads forwards. What was committed stays so where that fails.
    pub(super) async fn advance(&self, marks: BTreeMap<String, ChainMark>) {
        let opened = std::sync::Arc::clone(&self.opened);
        let written = tokio::task::spawn_blocking(move || match &opened.heads {
            Some(heads) => heads.advance(&opened.id, &opened.path, &marks),
            None => Ok(()),
        });
        if let Ok(Err(error)) = written.await {
            tracing::warn!(%error, "the head of the audit could not be noted");
        }
    }

    /// Takes what lies in the place for the store from now on, on record: a store that was restored on purpose, or a new
    /// one where it is gone.
    ///
    /// # Errors
    /// It can't be opened or written, or is no store of ours.
    pub(crate) async fn accept(
        place: &StoreLocation,
        who: &str,
        why: &str,
        now: DateTime<Utc>,
    ) -> Result<Accepted, StoreError> {
        let path = place::canonical(&place.path);
        let mut gone = None;
        if place::look(&path).await? != Found::Ours {
            gone = Some("a new store in place of one that was gone".to_owned());
        }
        let store = Self::connect(place, path).await?;
        let mut tx = store.begin_writing().await?;
        let doubts = match store.all_doubts(&mut tx).await {
            Err(error @ StoreError::Heads { .. }) => vec![error],
            doubts => doubts?,
        };
        let doubts: Vec<String> = gone.into_iter().chain(doubts.iter().map(ToString::to_string)).collect();
        if doubts.is_empty() {
            drop(tx);
            return Ok(Accepted { store, doubt: None });
        }
        let doubt = Some(doubts.join("; "));
        let detail = json!({ "why": why, "doubt": doubt });
        let (kind, object) = ("store.accepted", store.opened.id.as_str());
        tx.append(AuditEntry { at: now, who, kind, object, plan_digest: None, detail: &detail }).await?;
        let marks = marks(&mut tx).await?;
        tx.commit().await?;
        if let Some(heads) = &store.opened.heads {
            let accepted = heads.accept(&store.opened.id, &store.opened.path, marks);
            accepted.map_err(unreadable(heads))?;
        }
        Ok(Accepted { store, doubt })
    }
}

/// What is known of the stores that were seen at `path`.
pub(super) fn known_at(heads: &Heads, path: &Path) -> Result<Vec<ChainHead>, StoreError> {
    heads.at(path).map_err(unreadable(heads))
}

fn unreadable(heads: &Heads) -> impl FnOnce(std::io::Error) -> StoreError {
    let path = heads.directory().display().to_string();
    |error| StoreError::Heads { path, error }
}

/// What speaks against a chain of which `mark` was seen.
async fn doubt(
    connection: &mut SqliteConnection,
    writer: String,
    mark: &ChainMark,
) -> Result<Option<StoreError>, StoreError> {
    let row = sqlx::query(
        "SELECT max(seq), (SELECT hash FROM audit WHERE writer = $1 AND seq = $2) FROM audit WHERE writer = $1",
    )
    .bind(&writer)
    .bind(mark.seq)
    .fetch_one(connection)
    .await?;
    let last = row.try_get::<Option<i64>, _>(0)?.unwrap_or(0);
    Ok(match row.try_get::<Option<Vec<u8>>, _>(1)? {
        Some(hash) if hex(&hash) == mark.hash => None,
        Some(_) => Some(StoreError::Forked { writer, seq: mark.seq }),
        None => Some(StoreError::LostEnd { writer, from: (last + 1).min(mark.seq), to: mark.seq }),
    })
}

/// Where each chain is now.
async fn marks(connection: &mut SqliteConnection) -> Result<BTreeMap<String, ChainMark>, StoreError> {
    let rows = sqlx::query("SELECT writer, max(seq), hash FROM audit GROUP BY writer").fetch_all(connection).await?;
    let mark = |row: &sqlx::sqlite::SqliteRow| {
        let hash: Vec<u8> = row.try_get(2)?;
        Ok((row.try_get(0)?, ChainMark { seq: row.try_get(1)?, hash: hex(&hash) }))
    };
    rows.iter().map(mark).collect()
}
