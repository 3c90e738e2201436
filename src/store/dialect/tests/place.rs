//! What is found in a place, and whether it is the store that was there before.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use futures_util::future::join_all;

use super::runs::{begin, run};
use super::*;
use crate::model::lease::LeaseCandidate;
use crate::store::runs::BeginError;

suite!(
    a_newer_schema_is_refused,
    a_schema_that_becomes_newer_is_noticed,
    what_another_program_made_is_left_alone,
    two_that_open_an_empty_place_make_one_store,
    a_store_that_lost_its_end_is_not_written_on,
    another_store_in_the_place_is_not_the_one_before,
);

async fn a_newer_schema_is_refused(fixture: &Fixture) {
    fixture.open().await.close().await;
    fixture.by_hand("INSERT INTO schema_version VALUES (99)").await.unwrap();
    let error = fixture.try_open().await.unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 99, .. }), "{error}");
}

async fn a_schema_that_becomes_newer_is_noticed(fixture: &Fixture) {
    let store = fixture.open().await;
    record(&store, "one").await;
    fixture.by_hand("INSERT INTO schema_version VALUES (99)").await.unwrap();
    let watched = store.version().await.unwrap_err();
    assert!(watched.is_away(), "{watched}");
    let written = store.record(Utc::now(), "ana", said("two")).await.unwrap_err();
    for error in [watched, written] {
        assert!(matches!(error, StoreError::Newer { found: 99, .. }), "{error}");
        assert!(error.explained().contains("made by a newer opsroom") && error.hint().contains("upgrade"), "{error}");
    }
}

async fn what_another_program_made_is_left_alone(fixture: &Fixture) {
    fixture.by_hand("CREATE TABLE fact (x integer)").await.unwrap();
    let error = fixture.try_open().await.unwrap_err();
    assert!(matches!(error, StoreError::NotAStore { .. }), "{error}");
    assert!(fixture.by_hand("INSERT INTO store VALUES (1)").await.is_err(), "nothing was made");
}

async fn two_that_open_an_empty_place_make_one_store(fixture: &Fixture) {
    let stores = join_all((0..4).map(|_| fixture.open())).await;
    let ids: BTreeSet<_> = stores.iter().map(Store::id).collect();
    assert_eq!(ids.len(), 1);
}

async fn a_store_that_lost_its_end_is_not_written_on(fixture: &Fixture) {
    let store = fixture.open().await;
    let me = LeaseCandidate {
        id: "h.1.x".to_owned(),
        who: "ana".to_owned(),
        watcher: false,
        digest: String::new(),
        looks_on: false,
    };
    let fence = store.lease_turn(&me, Utc::now()).await.unwrap().fence().unwrap();
    for index in 0..3 {
        record(&store, &index.to_string()).await;
    }
    // Failed over to a standby that was behind, and written on there by another.
    let triggers = match &fixture.at {
        StoreAddress::File(_) => "DROP TRIGGER fact_is_never_deleted; DELETE FROM fact WHERE seq > 1",
        StoreAddress::Server(_) => "ALTER TABLE fact DISABLE TRIGGER USER; DELETE FROM fact WHERE seq > 1",
    };
    fixture.by_hand(triggers).await.unwrap();
    let doubt = store.trusted().await.unwrap_err();
    assert!(matches!(doubt, StoreError::LostEnd { from: 2, to: 4, .. }), "{doubt}");
    tokio::time::timeout(Duration::from_secs(10), store.doubted()).await.expect("who watches it is told");
    // Its holder stops: what it has to say must not hide what is missing.
    let said = || drafts(&store, &["x"]);
    let renewed = store.lease_turn(&me, Utc::now()).await.unwrap_err();
    let held = store.append_held(fence, said()).await.unwrap_err();
    let late = store.append_late(&said()).await.unwrap_err();
    for doubt in [renewed, held, late] {
        assert!(matches!(doubt, StoreError::LostEnd { from: 2, to: 4, .. }), "{doubt}");
    }
    assert_eq!(store.dialect.head().await.unwrap().seq, 1, "nothing was written");
    let why = begin(&store, &run("a", TimeDelta::zero()), 0, None).await.unwrap_err();
    assert!(matches!(why, BeginError::Store(StoreError::LostEnd { .. })), "{why}");
    for index in 0..3 {
        record(&fixture.try_open().await.unwrap(), &format!("of another {index}")).await;
    }
    let again = fixture.open().await;
    let doubt = again.trusted().await.unwrap_err();
    assert!(matches!(doubt, StoreError::Forked { seq: 4, .. }), "{doubt}");
    let why = begin(&again, &run("a", TimeDelta::zero()), 0, None).await.unwrap_err();
    assert!(matches!(why, BeginError::Store(StoreError::Forked { .. })), "{why}");
    let doubts = again.doubts().await.unwrap();
    assert_eq!(doubts.len(), 1, "it stays said");
}

async fn another_store_in_the_place_is_not_the_one_before(fixture: &Fixture) {
    let store = fixture.open().await;
    record(&store, "one").await;
    fixture.by_hand("UPDATE store SET id = 'another'").await.unwrap();
    if fixture.database.is_some() {
        let head = store.dialect.head().await.unwrap_err();
        assert!(matches!(head, StoreError::Other { .. }), "{head}");
        assert!(store.version().await.unwrap_err().is_away());
        assert!(store.dialect.put(Guard::Free, &[Side::Keep("engine", b"x")]).await.is_err());
    }
    let again = fixture.open().await;
    let doubt = again.trusted().await.unwrap_err();
    assert!(matches!(&doubt, StoreError::Other { id, .. } if id == "another"), "{doubt}");
}

#[tokio::test]
async fn what_is_no_store_in_the_place_of_one_is_not_offered_to_be_accepted() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("opsroom.db");
    let at = StoreAddress::File(path.clone());
    let store = Store::open(&StoreLocation { at, host: "box".to_owned(), state: None }).await.unwrap();
    std::fs::remove_file(&path).unwrap();
    let error = store.version().await.unwrap_err();
    let error = store.at_its_place(error).await;
    assert!(matches!(error, StoreError::Replaced { .. }), "a person may put another one there: {error}");
    std::fs::write(&path, "x".repeat(5_000)).unwrap();
    let error = store.version().await.unwrap_err();
    let error = store.at_its_place(error).await.explained();
    assert!(error.contains("not a store of opsroom") && !error.contains("--accept"), "{error}");
}
