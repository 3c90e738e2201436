//! What lies beside the chain: the lease, roll-ups, what is kept by name.

use chrono::TimeDelta;

use super::*;

suite!(
    a_lease_changes_hands_only_as_it_was_found,
    a_renewal_in_between_keeps_a_lease,
    only_the_holder_of_the_fence_writes_beside_the_chain,
    rollups_come_in_their_order_and_replace_each_other,
    what_is_kept_is_read_back,
);

fn lease(holder: &str, fence: u64) -> LeaseRow {
    LeaseRow {
        holder: holder.to_owned(),
        host: "h".to_owned(),
        watcher: fence.is_multiple_of(2),
        fence,
        digest: "d".to_owned(),
        renewed_at: DateTime::UNIX_EPOCH,
    }
}

/// Takes the lease from the holder that was found.
async fn take(store: &Store, found: Option<&LeaseRow>, new: &LeaseRow) -> Appended {
    let head = store.dialect.head().await.unwrap();
    let facts = rows(store, &head, &["taken"]);
    let taking = LeaseTaking { found, new };
    store.dialect.append(&head, Batch { facts: &facts, taking: Some(&taking), ..Batch::default() }).await.unwrap()
}

async fn a_lease_changes_hands_only_as_it_was_found(fixture: &Fixture) {
    let store = fixture.open().await;
    let (nobody, now) = store.dialect.lease().await.unwrap();
    assert_eq!(nobody, None);
    assert_eq!(take(&store, Some(&lease("x", 9)), &lease("a", 1)).await, Appended::Clash);
    assert_eq!(take(&store, None, &lease("a", 1)).await, Appended::Done);
    let found = store.dialect.lease().await.unwrap().0.unwrap();
    assert!(found.renewed_at >= now, "the store's clock says when");
    assert_eq!(LeaseRow { renewed_at: DateTime::UNIX_EPOCH, ..found.clone() }, lease("a", 1));
    assert_eq!(take(&store, None, &lease("b", 2)).await, Appended::Clash);
    assert_eq!(take(&store, Some(&LeaseRow { fence: 7, ..found.clone() }), &lease("b", 2)).await, Appended::Clash);
    assert_eq!(take(&store, Some(&found), &lease("b", 2)).await, Appended::Done);
    assert_eq!(store.dialect.lease().await.unwrap().0.unwrap().holder, "b");
    // One after the other at the same moment: one of them.
    let found = store.dialect.lease().await.unwrap().0.unwrap();
    let (c, d) = (lease("c", 3), lease("d", 3));
    let both = tokio::join!(take(&store, Some(&found), &c), take(&store, Some(&found), &d));
    assert!(matches!(both, (Appended::Done, Appended::Clash) | (Appended::Clash, Appended::Done)), "{both:?}");
    assert_eq!(chain_of(&store).await.len(), 3);
}

async fn a_renewal_in_between_keeps_a_lease(fixture: &Fixture) {
    let store = fixture.open().await;
    take(&store, None, &lease("a", 1)).await;
    let found = store.dialect.lease().await.unwrap().0.unwrap();
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert!(store.dialect.renew(1, "a", "e").await.unwrap());
    let renewed = store.dialect.lease().await.unwrap().0.unwrap();
    assert!(renewed.renewed_at > found.renewed_at && renewed.digest == "e");
    assert_eq!(take(&store, Some(&found), &lease("b", 2)).await, Appended::Clash);
    assert!(!store.dialect.renew(2, "a", "e").await.unwrap(), "another fence");
    assert!(store.dialect.renew(1, "", "e").await.unwrap(), "given back");
    assert!(!store.dialect.renew(1, "a", "e").await.unwrap(), "what was given back is taken by a fact only");
}

fn rollup(series: &str, start: i64, data: &[u8]) -> RollupRow {
    RollupRow { tier: "minute".to_owned(), series: series.to_owned(), start, data: data.to_owned() }
}

async fn only_the_holder_of_the_fence_writes_beside_the_chain(fixture: &Fixture) {
    let store = fixture.open().await;
    let row = rollup("a", 0, b"1");
    let rows = [Side::Rollup(&row), Side::Keep("engine", b"state")];
    assert!(!store.dialect.put(Guard::Fence(1), &rows).await.unwrap(), "nobody holds it");
    take(&store, None, &lease("a", 1)).await;
    assert!(store.dialect.put(Guard::Fence(1), &rows).await.unwrap());
    let found = store.dialect.lease().await.unwrap().0.unwrap();
    take(&store, Some(&found), &lease("b", 2)).await;
    let late = rollup("a", 0, b"late");
    assert!(!store.dialect.put(Guard::Fence(1), &[Side::Rollup(&late), Side::Keep("engine", b"late")]).await.unwrap());
    assert_eq!(store.dialect.rollups("minute", "a", 0, 9, 99).await.unwrap(), [row]);
    assert_eq!(store.dialect.kept("engine").await.unwrap().unwrap().0, b"state");
    assert!(
        store.dialect.put(Guard::Free, &[Side::Keep("watcher.waiting", b"w")]).await.unwrap(),
        "what needs no fence"
    );
}

async fn rollups_come_in_their_order_and_replace_each_other(fixture: &Fixture) {
    let store = fixture.open().await;
    let put = async |rows: &[Side<'_>]| assert!(store.dialect.put(Guard::Free, rows).await.unwrap());
    let all = [rollup("b", 20, b"x"), rollup("b", -10, b"y"), rollup("B", 5, b"z"), rollup("b", 10, b"w")];
    put(&all.each_ref().map(Side::Rollup)).await;
    let starts = async |from, until| {
        let rows = store.dialect.rollups("minute", "b", from, until, 99).await.unwrap();
        rows.into_iter().map(|row| (row.start, row.data)).collect::<Vec<_>>()
    };
    assert_eq!(starts(-10, 20).await, [(-10, b"y".to_vec()), (10, b"w".to_vec())]);
    // In one piece: what comes later counts.
    let (one, two) = (rollup("b", 10, b"1"), rollup("b", 10, b"2"));
    put(&[Side::Rollup(&one), Side::Rollup(&two), Side::RemoveRollup(&all[1])]).await;
    assert_eq!(starts(-99, 99).await, [(10, b"2".to_vec()), (20, b"x".to_vec())]);
    put(&[Side::RemoveRollup(&one), Side::Rollup(&one)]).await;
    assert_eq!(starts(10, 11).await, [(10, b"1".to_vec())]);
    let next = async |after| store.dialect.next_series("minute", after).await.unwrap();
    assert_eq!(next(None).await.as_deref(), Some("B"), "by bytes");
    assert_eq!(next(Some("B")).await.as_deref(), Some("b"));
    assert_eq!(next(Some("b")).await, None);
    assert_eq!(store.dialect.next_series("hour", None).await.unwrap(), None);
    let prune = Prune::Rollups { tier: "minute", series: "b", before: 20 };
    assert_eq!(store.dialect.prune(prune, 5).await.unwrap(), 1);
    assert_eq!(starts(-99, 99).await, [(20, b"x".to_vec())]);
}

async fn what_is_kept_is_read_back(fixture: &Fixture) {
    let store = fixture.open().await;
    assert_eq!(store.dialect.kept("engine").await.unwrap(), None);
    let bytes: Vec<u8> = (0..=255).collect();
    store.dialect.put(Guard::Free, &[Side::Keep("engine", b"old"), Side::Keep("engine", &bytes)]).await.unwrap();
    let (kept, at) = store.dialect.kept("engine").await.unwrap().unwrap();
    assert_eq!(kept, bytes);
    assert!((store.dialect.lease().await.unwrap().1 - at).abs() < TimeDelta::minutes(1));
}
