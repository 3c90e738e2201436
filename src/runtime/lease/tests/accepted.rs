//! What waits when another store is accepted in the place of the one in use.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_during_an_accept_goes_to_the_accepted_store() {
    let at = tempfile::tempdir().unwrap();
    let state = at.path().join("opsroom");
    let (mut part, store, fence) = Part::holding(&state).await;
    part.goes_on().await;
    std::fs::remove_dir_all(state.join("queue")).unwrap();
    std::fs::write(state.join("queue"), "").unwrap();
    part.say(Status::Down, fence);
    part.until("it waits in memory", |report| report.late.in_memory == 1).await;
    std::fs::remove_file(state.join("queue")).unwrap();
    store.close().await;
    for suffix in ["", "-wal", "-shm"] {
        std::fs::remove_file(state.join(format!("opsroom.db{suffix}"))).ok();
    }
    RunService::accept(None, &state, ("restored", None), Clock::start()).await.unwrap();
    part.say(Status::Ok, fence);
    part.until("both wait", |report| report.late.on_disk + report.late.in_memory == 2).await;
    let accepted = part.open(&state).await;
    assert_ne!(accepted.id(), store.id());
    part.until("nothing waits any more", has_sent_all).await;
    assert_eq!(said(&accepted).await, [(Status::Down, true), (Status::Ok, true)]);
    assert_eq!(LateQueue::of(&state, accepted.id()).others(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_store_that_is_replaced_goes_to_the_accepted_one_also_since_then() {
    let at = tempfile::tempdir().unwrap();
    let state = at.path().join("opsroom");
    let (mut part, before, _) = Part::holding(&state).await;
    part.goes_on().await;
    let left = LateQueue::of(&state, before.id());
    for suffix in ["", "-wal", "-shm"] {
        std::fs::remove_file(state.join(format!("opsroom.db{suffix}"))).ok();
    }
    RunService::accept(None, &state, ("restored", None), Clock::start()).await.unwrap().0.store.close().await;
    // By a process that has not seen it yet, and is gone by now.
    left.push(&[new_fact(Clock::start().now().utc, "ben", "box", refused("api"))]).unwrap();
    let store = part.open(&state).await;
    until("it is on record there", async || {
        store.audit_page(0, 1_000).await.unwrap().iter().any(|line| line.entry["kind"] == "run.refused")
    })
    .await;
    assert_eq!(left.len().unwrap(), 0);
}
