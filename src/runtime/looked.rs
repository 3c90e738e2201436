//! When this person last looked at a store, kept in their own state directory: to look is no decision, so it is no fact, and
//! what two people on one store have seen differs.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};

use crate::actions::files;
use crate::model::fact::login_of;
use crate::model::outcome::{Missed, Outcome};
use crate::model::thing::{IncidentRecord, StoredThing};
use crate::store::history::PastFacts;
use crate::store::incidents::LATEST;
use crate::store::{Store, StoreError};
use crate::text::SafeText;

/// The file, beside `runs`.
const FILE: &str = "looked.json";
/// Bytes of it that are read.
const MOST_BYTES: u64 = 64 << 10;
/// Stores that are remembered; of more, those looked at last.
const MOST_STORES: usize = 100;
/// The furthest that is looked back.
const LONGEST: TimeDelta = TimeDelta::days(14);

type Looked = BTreeMap<String, DateTime<Utc>>;

fn read(state: &Path) -> Looked {
    let bytes = files::read_bounded(&state.join(FILE), MOST_BYTES).ok().flatten();
    bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

/// Notes that a store was looked at.
pub(super) fn note(state: &Path, store: &str, at: DateTime<Utc>) {
    let mut looked = read(state);
    looked.insert(store.to_owned(), at);
    while looked.len() > MOST_STORES
        && let Some(oldest) = looked.iter().min_by_key(|(_, at)| **at).map(|(store, _)| store.clone())
    {
        looked.remove(&oldest);
    }
    let written = serde_json::to_vec(&looked).map_err(std::io::Error::other);
    if let Err(error) = written.and_then(|bytes| files::write_whole(&state.join(FILE), &bytes)) {
        tracing::warn!(%error, "when this store was looked at is not noted");
    }
}

/// What was put on record since this person last looked. Of one who never did, no facts.
///
/// # Errors
/// The store can't be read.
pub(super) async fn since(state: &Path, store: &Store, who: &str, now: DateTime<Utc>) -> Result<Outcome, StoreError> {
    let at = read(state).get(store.id()).copied();
    let login = SafeText::new(login_of(who));
    let since = at.map(|at| at.clamp(now - LONGEST, now));
    let Some(from) = since else {
        let (facts, runs) = (Vec::new(), BTreeMap::new());
        let (troubled, incidents) = (BTreeMap::new(), Vec::new());
        return Ok(Outcome::Looked(Box::new(Missed { login, since, facts, runs, troubled, incidents })));
    };
    let PastFacts { facts, runs } = store.history(from).await?;
    let mut incidents: Vec<IncidentRecord> =
        store.incidents(LATEST).await?.iter().filter_map(StoredThing::read).collect();
    let is_of_then = |at: DateTime<Utc>| at >= from;
    incidents.retain(|one| one.is_open() || is_of_then(one.opened_at) || one.ended_at().is_some_and(is_of_then));
    let troubled = store.troubled().await?;
    Ok(Outcome::Looked(Box::new(Missed { login, since, facts, runs, troubled, incidents })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_store_has_its_own_moment_and_the_oldest_are_forgotten() {
        let state = tempfile::tempdir().unwrap();
        let at = |second| DateTime::from_timestamp(second, 0).unwrap();
        assert!(read(state.path()).is_empty());
        for second in 0..MOST_STORES.cast_signed() as i64 + 2 {
            note(state.path(), &format!("store{second}"), at(second));
        }
        note(state.path(), "store5", at(900));
        let looked = read(state.path());
        assert_eq!(looked.len(), MOST_STORES);
        assert_eq!(looked.get("store1"), None);
        assert_eq!(looked.get("store5"), Some(&at(900)));
    }
}
