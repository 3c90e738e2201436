//! The lease on a real store: who takes it when, and what a holder that has lost it can still write.
#![expect(clippy::unwrap_used, reason = "a test's helpers end it where they fail")]

use std::path::Path;

use chrono::{DateTime, Utc};
use opsroom::model::fact::{NewFact, RunRefused, Statement};
use opsroom::model::lease::{LeaseCandidate, LeaseView};
use opsroom::store::Store;
use opsroom::store::address::StoreAddress;
use opsroom::store::lease::HeldWrite;
use opsroom::store::place::StoreLocation;
use opsroom::text::SafeText;
use sqlx::{Connection as _, SqliteConnection};

/// What the clock of the machine shows, which must not matter.
const AT: DateTime<Utc> = DateTime::UNIX_EPOCH;

async fn open(directory: &Path) -> Store {
    let path = directory.join("opsroom.db");
    Store::open(&StoreLocation {
        at: StoreAddress::File(path),
        host: "box".to_owned(),
        state: Some(directory.join("state")),
    })
    .await
    .unwrap()
}

fn candidate(id: &str, watcher: bool, digest: &str) -> LeaseCandidate {
    let (id, who, digest) = (id.to_owned(), format!("{id}'s"), digest.to_owned());
    LeaseCandidate { id, who, watcher, digest, looks_on: false }
}

/// Lets time pass for the store: what it has noted becomes so much older.
async fn pass(directory: &Path, seconds: i64) {
    let url = format!("sqlite:{}", directory.join("opsroom.db").display());
    let mut raw = SqliteConnection::connect(&url).await.unwrap();
    for table in ["UPDATE lease SET renewed_at = renewed_at - $1", "UPDATE keep SET written_at = written_at - $1"] {
        sqlx::query(table).bind(seconds * 1_000).execute(&mut raw).await.unwrap();
    }
    raw.close().await.unwrap();
}

fn said(id: &str) -> NewFact {
    let said = Statement::RunRefused(RunRefused {
        target: "api".to_owned(),
        action: "restart".into(),
        verb: "restart".into(),
        why: SafeText::new("no"),
        plan_digest: String::new(),
    });
    let (id, who, host) = (id.to_owned(), "ana".to_owned(), "box".to_owned());
    NewFact { id, at: AT, who, host, process: 1, late: false, said }
}

async fn kinds(store: &Store) -> Vec<String> {
    let kind = |entry: &serde_json::Value| entry["kind"].as_str().unwrap().to_owned();
    store.audit_page(0, 1_000).await.unwrap().iter().map(|line| kind(&line.entry)).collect()
}

fn is_ours(view: &LeaseView) -> bool {
    matches!(view, LeaseView::Ours { .. })
}

#[tokio::test]
async fn one_holds_it_and_the_other_sees_who() {
    let at = tempfile::tempdir().unwrap();
    let (one, two) = (open(at.path()).await, open(at.path()).await);
    let (a, b) = (candidate("a", false, "d"), candidate("b", false, "d"));
    let taken = one.lease_turn(&a, AT).await.unwrap();
    assert!(is_ours(&taken));
    assert_eq!(one.lease_turn(&a, AT).await.unwrap(), taken, "renewed, it is the same holding");
    let LeaseView::Other(holder) = two.lease_turn(&b, AT).await.unwrap() else { panic!("it is free") };
    assert_eq!((&*holder.who, &*holder.host, holder.watcher), ("a's", "box", false));
    assert_eq!(kinds(&one).await, ["lease.taken"]);

    one.give_back(taken.fence().unwrap()).await.unwrap();
    let next = two.lease_turn(&b, AT).await.unwrap();
    assert!(is_ours(&next) && next.fence() > taken.fence());
    assert!(matches!(one.lease_turn(&a, AT).await.unwrap(), LeaseView::Other(_)));
}

#[tokio::test]
async fn a_holder_that_lost_it_writes_nothing() {
    let at = tempfile::tempdir().unwrap();
    let (one, two) = (open(at.path()).await, open(at.path()).await);
    let (a, b) = (candidate("a", false, "d"), candidate("b", false, "d"));
    let old = one.lease_turn(&a, AT).await.unwrap().fence().unwrap();
    assert_eq!(one.append_held(old, vec![said("1"), said("2")]).await.unwrap(), HeldWrite::Done);
    pass(at.path(), 14).await;
    assert!(!is_ours(&two.lease_turn(&b, AT).await.unwrap()), "not before it expires");
    pass(at.path(), 1).await;
    let new = two.lease_turn(&b, AT).await.unwrap().fence().unwrap();
    // For a moment both believe that they hold it.
    assert_eq!(one.append_held(old, vec![said("3")]).await.unwrap(), HeldWrite::Lost);
    assert_eq!(two.append_held(new, vec![said("4")]).await.unwrap(), HeldWrite::Done);
    assert!(matches!(one.lease_turn(&a, AT).await.unwrap(), LeaseView::Other(_)), "it notices");
    one.give_back(old).await.unwrap();
    assert!(is_ours(&two.lease_turn(&b, AT).await.unwrap()), "it gives back only its own");
    assert_eq!(kinds(&one).await, ["lease.taken", "run.refused", "run.refused", "lease.taken", "run.refused"]);
}

#[tokio::test]
async fn many_that_want_it_at_once_are_served_one() {
    let at = tempfile::tempdir().unwrap();
    open(at.path()).await.close().await;
    let directory = at.path();
    let turn = |n: usize| async move {
        let store = open(directory).await;
        store.lease_turn(&candidate(&n.to_string(), false, "d"), AT).await.unwrap()
    };
    let turns = futures_util::future::join_all((0..8).map(turn)).await;
    assert_eq!(turns.iter().filter(|view| is_ours(view)).count(), 1);
    assert_eq!(kinds(&open(at.path()).await).await, ["lease.taken"]);
}

#[tokio::test]
async fn a_console_yields_to_a_watcher() {
    let at = tempfile::tempdir().unwrap();
    let (one, two) = (open(at.path()).await, open(at.path()).await);
    let (console, watcher) = (candidate("a", false, "d"), candidate("w", true, "d"));
    assert!(is_ours(&one.lease_turn(&console, AT).await.unwrap()));
    assert!(matches!(two.lease_turn(&watcher, AT).await.unwrap(), LeaseView::Other(_)), "it waits");
    assert_eq!(one.lease_turn(&console, AT).await.unwrap(), LeaseView::Free, "given back at the next renewal");
    assert!(!is_ours(&one.lease_turn(&console, AT).await.unwrap()), "and left to the watcher");
    assert!(is_ours(&two.lease_turn(&watcher, AT).await.unwrap()));
    assert!(matches!(one.lease_turn(&console, AT).await.unwrap(), LeaseView::Other(holder) if holder.watcher));
    // A watcher that is gone is not waited for.
    pass(at.path(), 15).await;
    assert!(is_ours(&one.lease_turn(&console, AT).await.unwrap()));
}

#[tokio::test]
async fn a_console_of_another_configuration_waits_for_a_minute() {
    let at = tempfile::tempdir().unwrap();
    let (one, two) = (open(at.path()).await, open(at.path()).await);
    let (a, b) = (candidate("a", false, "d"), candidate("b", false, "x"));
    let fence = one.lease_turn(&a, AT).await.unwrap().fence().unwrap();
    assert!(matches!(two.lease_turn(&b, AT).await.unwrap(), LeaseView::OtherConfiguration(Some(_))));
    one.give_back(fence).await.unwrap();
    assert_eq!(two.lease_turn(&b, AT).await.unwrap(), LeaseView::OtherConfiguration(None));
    // A holder sets the digest at its own reload.
    let reloaded = candidate("a", false, "x");
    assert!(is_ours(&one.lease_turn(&a, AT).await.unwrap()));
    let fence = one.lease_turn(&reloaded, AT).await.unwrap().fence().unwrap();
    one.give_back(fence).await.unwrap();
    assert!(is_ours(&two.lease_turn(&b, AT).await.unwrap()));
    pass(at.path(), 59).await;
    assert_eq!(one.lease_turn(&a, AT).await.unwrap(), LeaseView::OtherConfiguration(None));
    pass(at.path(), 1).await;
    assert!(is_ours(&one.lease_turn(&a, AT).await.unwrap()), "nobody has renewed for a minute");
}

#[tokio::test]
async fn who_looks_on_takes_nothing() {
    let at = tempfile::tempdir().unwrap();
    let store = open(at.path()).await;
    let reader = LeaseCandidate { looks_on: true, ..candidate("r", false, "d") };
    assert_eq!(store.lease_turn(&reader, AT).await.unwrap(), LeaseView::Free);
    assert!(is_ours(&store.lease_turn(&candidate("a", false, "d"), AT).await.unwrap()));
    assert!(matches!(store.lease_turn(&reader, AT).await.unwrap(), LeaseView::Other(_)));
}
