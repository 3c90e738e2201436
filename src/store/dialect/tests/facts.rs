//! The chain: facts, the things that follow from them, and what is cut off.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::TimeDelta;
use futures_util::future::join_all;

use super::*;
use crate::store::chain;

suite!(
    an_empty_store_has_an_id_and_no_facts,
    facts_make_one_chain,
    eight_writers_leave_no_gap,
    a_batch_at_an_old_head_is_not_written,
    a_batch_is_written_once,
    things_follow_the_facts,
    a_chain_that_was_cut_goes_on,
    nobody_changes_a_fact_by_hand,
    a_version_changes_when_others_write,
);

async fn an_empty_store_has_an_id_and_no_facts(fixture: &Fixture) {
    let store = fixture.open().await;
    let head = store.dialect.head().await.unwrap();
    assert_eq!((head.seq, head.hash), (0, chain::genesis()));
    assert!((Utc::now() - head.now).abs() < TimeDelta::minutes(1), "the store's clock is one");
    assert_eq!(store.id().len(), 32);
    let id = store.id().to_owned();
    store.close().await;
    assert_eq!(fixture.open().await.id(), id);
}

async fn facts_make_one_chain(fixture: &Fixture) {
    let store = fixture.open().await;
    for index in 0..20 {
        record(&store, &format!("{index} \u{0} \"quoted\" ü")).await;
    }
    let facts = chain_of(&store).await;
    assert_eq!(facts.iter().map(|fact| fact.seq).collect::<Vec<_>>(), (1..=20).collect::<Vec<_>>());
    let some = store.dialect.facts(WhichFacts::After(17), 2).await.unwrap();
    assert_eq!(some, facts[17..19]);
    let last = store.dialect.facts(WhichFacts::Last, 3).await.unwrap();
    assert_eq!(last.iter().map(|fact| fact.seq).collect::<Vec<_>>(), [20, 19, 18]);
    assert_eq!(store.dialect.facts(WhichFacts::Id(&facts[4].id), 9).await.unwrap(), facts[4..5]);
    assert_eq!(store.dialect.facts(WhichFacts::About(&facts[4].object), 3).await.unwrap().len(), 3);
    let since = facts[10].recorded_at;
    let since = store.dialect.facts(WhichFacts::Since { since, after: 10 }, 99).await.unwrap();
    assert_eq!(since, facts[10..]);
    assert!(store.dialect.size().await.unwrap() > 4096);
}

async fn eight_writers_leave_no_gap(fixture: &Fixture) {
    let stores = join_all((0..8).map(|_| fixture.open())).await;
    let write = async |store: &Store, writer: usize| {
        for index in 0..25 {
            record(store, &format!("{writer}-{index}")).await;
        }
    };
    join_all(stores.iter().enumerate().map(|(writer, store)| write(store, writer))).await;
    let facts = chain_of(&stores[0]).await;
    assert_eq!(facts.len(), 200);
    let said: BTreeSet<_> = facts.iter().map(|fact| &fact.id).collect();
    assert_eq!(said.len(), 200);
}

async fn a_batch_at_an_old_head_is_not_written(fixture: &Fixture) {
    let store = fixture.open().await;
    let old = store.dialect.head().await.unwrap();
    record(&store, "first").await;
    let mine = rows(&store, &old, &["late"]);
    let batch = Batch { facts: &mine, ..Batch::default() };
    assert_eq!(store.dialect.append(&old, batch).await.unwrap(), Appended::Clash);
    // The number is right and what it stands on is another.
    let head = store.dialect.head().await.unwrap();
    let forged = Head { hash: vec![7; 32], ..head };
    let mine = rows(&store, &forged, &["forged"]);
    let batch = Batch { facts: &mine, ..Batch::default() };
    assert_eq!(store.dialect.append(&forged, batch).await.unwrap(), Appended::Clash);
    assert_eq!(chain_of(&store).await.len(), 1);
}

async fn a_batch_is_written_once(fixture: &Fixture) {
    let store = fixture.open().await;
    let head = store.dialect.head().await.unwrap();
    let draft = drafts(&store, &["once"]);
    let first = rows_of(&head, draft.clone(), Things::default()).unwrap().0;
    let batch = Batch { facts: &first, ..Batch::default() };
    assert_eq!(store.dialect.append(&head, batch).await.unwrap(), Appended::Done);
    assert_eq!(store.dialect.append(&head, batch).await.unwrap(), Appended::Clash);
    let head = store.dialect.head().await.unwrap();
    let again = rows_of(&head, draft.clone(), Things::default()).unwrap().0;
    let batch = Batch { facts: &again, ..Batch::default() };
    assert_eq!(store.dialect.append(&head, batch).await.unwrap(), Appended::Known);
    // The same through the door that everybody uses.
    let mut turns = store.turns();
    assert!(turns.next().await.unwrap().append(draft).await.unwrap().is_some());
    assert_eq!(chain_of(&store).await.len(), 1);
}

async fn things_follow_the_facts(fixture: &Fixture) {
    let store = fixture.open().await;
    let thing = |id: &str, open, group: &str, seq| StoredThing {
        key: ThingKey::new(ThingKind::Run, id),
        open,
        group: group.to_owned(),
        state: serde_json::json!({ "id": id, "seq": seq }),
        seq,
    };
    let write = async |things: &[StoredThing], all_things| {
        let head = store.dialect.head().await.unwrap();
        let facts = rows(&store, &head, &["x"]);
        let batch = Batch { facts: &facts, things, all_things, ..Batch::default() };
        assert_eq!(store.dialect.append(&head, batch).await.unwrap(), Appended::Done);
    };
    let ids = async |which: WhichThings<'_>, most| {
        let things = store.dialect.things(which, most).await.unwrap();
        things.into_iter().map(|thing| thing.key.id).collect::<Vec<_>>()
    };
    write(&[thing("B", true, "g", 2), thing("a", true, "g", 1), thing("c", false, "g", 3)], false).await;
    assert_eq!(ids(WhichThings::Open(ThingKind::Run), 9).await, ["a", "B"]);
    assert_eq!(ids(WhichThings::Group(ThingKind::Run, "g"), 2).await, ["c", "a"], "by bytes, newest first");
    assert_eq!(ids(WhichThings::Latest(ThingKind::Run), 9).await, ["c", "a", "B"]);
    assert_eq!(ids(WhichThings::Open(ThingKind::Lock), 9).await, [""; 0]);
    write(&[thing("a", false, "h", 4)], false).await;
    let keys = ["a", "B", "z"].map(|id| ThingKey::new(ThingKind::Run, id));
    let mut found = store.dialect.things(WhichThings::Keys(&keys), 9).await.unwrap();
    found.sort_by(|a, b| a.key.cmp(&b.key));
    assert_eq!(found, [thing("B", true, "g", 2), thing("a", false, "h", 4)]);
    write(&[thing("a", true, "h", 5), thing("d", true, "h", 5)], true).await;
    assert_eq!(ids(WhichThings::Latest(ThingKind::Run), 9).await, ["d", "a"], "those are all there are");
    assert_eq!(store.dialect.prune(Prune::Things(ThingKind::Run, 9), 9).await.unwrap(), 0, "what is open stays");
    write(&[thing("a", false, "h", 6), thing("d", false, "h", 7)], false).await;
    assert_eq!(store.dialect.prune(Prune::Things(ThingKind::Run, 6), 9).await.unwrap(), 1);
    assert_eq!(ids(WhichThings::Latest(ThingKind::Run), 9).await, ["d"]);
}

async fn a_chain_that_was_cut_goes_on(fixture: &Fixture) {
    let store = fixture.open().await;
    for index in 0..10 {
        record(&store, &index.to_string()).await;
    }
    assert_eq!(store.dialect.cut().await.unwrap(), None);
    assert_eq!(store.dialect.prune(Prune::Facts, 99).await.unwrap(), 0, "nothing before a cut");
    let sixth = store.dialect.facts(WhichFacts::After(5), 1).await.unwrap().pop().unwrap();
    let cut = Cut { seq: 6, hash: sixth.hash.clone(), things: b"things".to_vec() };
    let head = store.dialect.head().await.unwrap();
    let facts = rows(&store, &head, &["cut"]);
    let batch = Batch { facts: &facts, cut: Some(&cut), ..Batch::default() };
    assert_eq!(store.dialect.append(&head, batch).await.unwrap(), Appended::Done);
    assert_eq!(store.dialect.cut().await.unwrap(), Some(cut));
    assert_eq!(store.dialect.prune(Prune::Facts, 4).await.unwrap(), 4, "in slices");
    assert_eq!(store.dialect.prune(Prune::Facts, 4).await.unwrap(), 2);
    let left = store.dialect.facts(WhichFacts::After(0), 99).await.unwrap();
    assert_eq!(left.iter().map(|fact| fact.seq).collect::<Vec<_>>(), [7, 8, 9, 10, 11]);
    // Everything may go, and the head stays where it was.
    let head = store.dialect.head().await.unwrap();
    let all = Cut { seq: head.seq + 1, hash: Vec::new(), things: Vec::new() };
    let facts = rows(&store, &head, &["all"]);
    let all = Cut { hash: facts[0].hash.clone(), ..all };
    let batch = Batch { facts: &facts, cut: Some(&all), ..Batch::default() };
    assert_eq!(store.dialect.append(&head, batch).await.unwrap(), Appended::Done);
    assert_eq!(store.dialect.prune(Prune::Facts, 99).await.unwrap(), 6);
    let after = store.dialect.head().await.unwrap();
    assert_eq!((after.seq, &after.hash), (12, &all.hash));
    record(&store, "on").await;
    let next = store.dialect.facts(WhichFacts::Last, 1).await.unwrap().pop().unwrap();
    assert_eq!((next.seq, next.hash), (13, chain::chained(&all.hash, next.entry.as_bytes())));
}

async fn nobody_changes_a_fact_by_hand(fixture: &Fixture) {
    let store = fixture.open().await;
    record(&store, "one").await;
    for sql in ["UPDATE fact SET kind = 'x'", "DELETE FROM fact"] {
        let error = fixture.by_hand(sql).await.unwrap_err().to_string();
        assert!(error.contains("append-only"), "{error}");
    }
    assert_eq!(chain_of(&store).await.len(), 1);
}

async fn a_version_changes_when_others_write(fixture: &Fixture) {
    let (mine, other) = (fixture.open().await, fixture.open().await);
    let before = mine.version().await.unwrap();
    assert_eq!(mine.version().await.unwrap(), before);
    record(&other, "x").await;
    assert_ne!(mine.version().await.unwrap(), before);
}

#[tokio::test]
async fn writers_wake_those_who_listen() {
    let Some(fixture) = Fixture::postgres("wake").await else { return };
    let (mine, other) = (Arc::new(fixture.open().await), fixture.open().await);
    let woken = async |store: &Store| tokio::time::timeout(Duration::from_secs(10), store.woken()).await.unwrap();
    // The first says that it listens now, and may have missed something.
    woken(&mine).await;
    let ((), ()) = tokio::join!(woken(&mine), record(&other, "x"));
    // The connection of the listener is lost: it makes another, and says so.
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()";
    let ((), ended) = tokio::join!(woken(&mine), fixture.by_hand(end));
    ended.unwrap();
    let ((), ()) = tokio::join!(woken(&mine), record(&other, "y"));
    fixture.end().await;
}

/// Several write at once, and the connection of who listens is lost again and again: by the sequence nothing is skipped, in
/// whatever order the commits come.
#[tokio::test]
async fn catching_up_by_the_sequence_skips_nothing_though_the_listener_is_killed() {
    const WRITERS: usize = 4;
    const EACH: usize = 8;
    let Some(fixture) = Fixture::postgres("catch_up").await else { return };
    let mut writers = Vec::with_capacity(WRITERS);
    for _ in 0..WRITERS {
        writers.push(fixture.open().await);
    }
    let reader = Arc::new(fixture.open().await);
    let appended = writers.iter().enumerate().map(|(writer, store)| async move {
        for index in 0..EACH {
            record(store, &format!("{writer}/{index}")).await;
        }
    });
    let kills = async {
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()";
        for _ in 0..3 {
            fixture.by_hand(end).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    let reads = async {
        let mut seen = Vec::new();
        while seen.len() < WRITERS * EACH {
            let after = seen.last().copied().unwrap_or_default();
            let new = reader.dialect.facts(WhichFacts::After(after), 3).await.unwrap();
            if new.is_empty() {
                tokio::time::timeout(Duration::from_secs(20), reader.woken()).await.expect("a wake-up");
            }
            seen.extend(new.iter().map(|fact| fact.seq));
        }
        seen
    };
    let (seen, (), _) = tokio::join!(reads, kills, join_all(appended));
    assert!(seen.windows(2).all(|pair| pair[1] == pair[0] + 1), "no gap: {seen:?}");
    fixture.end().await;
}
