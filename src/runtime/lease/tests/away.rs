//! While the store is away: who goes on, who succeeds, and what comes on record afterwards.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn the_last_holder_goes_on_while_the_store_is_away() {
    let at = tempfile::tempdir().unwrap();
    let state = at.path().join("opsroom");
    let (mut part, store, fence) = Part::holding(&state).await;
    part.say(Status::Down, fence);
    until_said(&store, &[(Status::Down, false)]).await;

    let away = part.goes_on().await;
    assert_eq!(away.view.fence(), Some(fence));
    part.say(Status::Ok, fence);
    part.say(Status::Degraded, fence);
    part.until("both wait on disk", |report| report.late.on_disk == 2).await;
    let mut stranger = Part::start(&state, "");
    stranger.close();
    stranger.say(Status::Ok, fence);

    let store = part.open(&state).await;
    part.until("nothing waits any more", has_sent_all).await;
    part.say(Status::Down, fence);
    let all = [(Status::Down, false), (Status::Ok, true), (Status::Degraded, true), (Status::Down, false)];
    until_said(&store, &all).await;
    stranger.tasks.end(PATIENCE).await;
    part.tasks.end(PATIENCE).await;
    assert_eq!(said(&store).await, all, "who never held it has nothing to say");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_holder_left_on_disk_is_sent_by_the_next() {
    let at = tempfile::tempdir().unwrap();
    let state = at.path().join("opsroom");
    let (mut killed, _, fence) = Part::holding(&state).await;
    killed.goes_on().await;
    killed.say(Status::Down, fence);
    killed.until("it waits on disk", |report| report.late.on_disk == 1).await;
    killed.tasks.end(Duration::ZERO).await;

    let next = Part::start(&state, "");
    let store = next.open(&state).await;
    until_said(&store, &[(Status::Down, true)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_engine_knew_survives_a_kill_while_the_store_is_away() {
    let at = tempfile::tempdir().unwrap();
    let state = at.path().join("opsroom");
    let (mut killed, store, _) = Part::holding(&state).await;
    killed.keep(1);
    until("the store keeps it", async || store.kept_engine().await.unwrap().is_some()).await;
    assert_eq!(EngineCopy::read(&state, store.id()), None, "the store knows it");
    killed.goes_on().await;
    killed.keep(2);
    until_copied(&state, store.id(), 2).await;
    killed.tasks.end(Duration::ZERO).await;

    // The next one knows it before the store is back, and does not begin to act.
    let mut next = Part::start(&state, "");
    next.close();
    assert_eq!(next.engine().await.0, engine(2));
    let next_store = next.open(&state).await;
    next.until("it takes the lease once the last one has expired", is_ours).await;
    next.keep(3);
    until("the store knows more", async || EngineCopy::read(&state, store.id()).is_none()).await;
    let kept = next_store.kept_engine().await.unwrap().unwrap();
    assert_eq!(engine_body::unpacked::<EngineState>(&kept.body).unwrap(), engine(3));
    // Nothing older was told meanwhile, nor the same again.
    next.tasks.end(PATIENCE).await;
    while let Ok(outcome) = next.outcomes.try_recv() {
        assert!(!matches!(outcome, Outcome::Engine { .. }), "{outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_queued_last_holds_over_an_engine_that_is_older_or_missing() {
    for has_copy in [true, false] {
        let at = tempfile::tempdir().unwrap();
        let state = at.path().join("opsroom");
        let (mut killed, store, fence) = Part::holding(&state).await;
        killed.goes_on().await;
        if has_copy {
            killed.keep(1);
            until_copied(&state, store.id(), 1).await;
        }
        killed.say(Status::Degraded, fence);
        killed.say(Status::Ok, fence);
        killed.until("both wait on disk", |report| report.late.on_disk == 2).await;
        killed.tasks.end(Duration::ZERO).await;
        let stands = |(engine, unseen): (EngineState, Duration)| {
            assert!(unseen < PATIENCE, "it was queued a moment ago: {unseen:?}");
            engine.checks.iter().map(|(check, kept)| (check.to_string(), kept.shown)).collect::<Vec<_>>()
        };
        let mut due = vec![("api".to_owned(), Status::Ok)];
        if has_copy {
            due.insert(0, (KEPT.to_owned(), Status::Down));
        }
        let mut next = Part::start(&state, "");
        next.close();
        assert_eq!(stands(next.whole_engine().await), due, "while it is away; a copy: {has_copy}");
        next.tasks.end(Duration::ZERO).await;
        let mut back = Part::start(&state, "");
        back.open(&state).await;
        assert_eq!(stands(back.whole_engine().await), due, "once it is back; a copy: {has_copy}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_queued_before_another_one_acted_holds_no_more() {
    let at = tempfile::tempdir().unwrap();
    let state = at.path().join("opsroom");
    let (mut killed, store, fence) = Part::holding(&state).await;
    killed.goes_on().await;
    killed.say(Status::Ok, fence);
    killed.until("it waits on disk", |report| report.late.on_disk == 1).await;
    killed.tasks.end(Duration::ZERO).await;
    // On another host, where the store was there all along.
    store.give_back(fence).await.unwrap();
    let (id, who, digest) = ("other".to_owned(), "ben".to_owned(), config("").digest());
    let other = LeaseCandidate { id, who, watcher: false, digest, looks_on: false };
    let newer = store.lease_turn(&other, Clock::start().now().utc).await.unwrap().fence().unwrap();
    store.keep_engine(newer, &serde_json::to_vec(&engine(5)).unwrap()).await.unwrap();
    let mut back = Part::start(&state, "");
    back.open(&state).await;
    assert_eq!(back.whole_engine().await.0, engine(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_starts_while_the_store_is_away_goes_on_for_who_was_killed() {
    let at = tempfile::tempdir().unwrap();
    let state = at.path().join("opsroom");
    let (mut killed, store, fence) = Part::holding(&state).await;
    killed.goes_on().await;
    killed.keep(1);
    until_copied(&state, store.id(), 1).await;
    killed.tasks.end(Duration::ZERO).await;

    // Twice: what the first of them keeps is what the second knows.
    for (mark, status) in [(2, Status::Down), (3, Status::Ok)] {
        let mut next = Part::start(&state, "");
        next.close();
        assert_eq!(next.engine().await.0, engine(mark - 1));
        assert_eq!(next.until("it goes on", is_away).await.view.fence(), Some(fence));
        let mut second = Part::start(&state, "");
        second.close();
        assert_eq!(second.engine().await.0, engine(mark - 1), "it knows what fires");
        second.say(Status::Degraded, fence);
        second.keep(99);
        next.say(status, fence);
        next.keep(mark);
        until_copied(&state, store.id(), mark).await;
        second.tasks.end(PATIENCE).await;
        next.tasks.end(Duration::ZERO).await;
    }
    let back = Part::start(&state, "");
    let store = back.open(&state).await;
    until_said(&store, &[(Status::Down, true), (Status::Ok, true)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_after_the_lease_changed_hands_is_newer_than_an_older_copy() {
    let at = tempfile::tempdir().unwrap();
    let state = at.path().join("opsroom");
    let (mut killed, store, fence) = Part::holding(&state).await;
    killed.say(Status::Ok, fence);
    until_said(&store, &[(Status::Ok, false)]).await;
    killed.goes_on().await;
    killed.keep(1);
    until_copied(&state, store.id(), 1).await;
    killed.tasks.end(Duration::ZERO).await;

    // It is killed before its own engine is kept: the copy of before stays.
    let mut newer = Part::start(&state, "");
    let store = newer.open(&state).await;
    let newer_fence =
        newer.until("it takes the lease once the last one has expired", is_ours).await.view.fence().unwrap();
    newer.say(Status::Degraded, newer_fence);
    until_said(&store, &[(Status::Ok, false), (Status::Degraded, false)]).await;
    newer.tasks.end(Duration::ZERO).await;
    assert_eq!(EngineCopy::read(&state, store.id()).map(|copy| copy.fence), Some(fence));

    let mut stand_in = Part::start(&state, "");
    stand_in.close();
    let fence = stand_in.until("it goes on", is_away).await.view.fence().unwrap();
    assert!(fence >= newer_fence, "{fence} is older than {newer_fence}");
    stand_in.say(Status::Ok, fence);
    stand_in.until("it waits on disk", |report| report.late.on_disk == 1).await;
    stand_in.tasks.end(Duration::ZERO).await;
    let back = Part::start(&state, "");
    let store = back.open(&state).await;
    until_said(&store, &[(Status::Ok, false), (Status::Degraded, false), (Status::Ok, true)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_starts_while_the_store_is_away_knows_when_it_answered_last() {
    let at = tempfile::tempdir().unwrap();
    let state = at.path().join("opsroom");
    let address = StoreAddress::File(state.join("opsroom.db"));
    let (mut killed, store, _) = Part::holding(&state).await;
    assert_eq!(last_seen(&state, &address), None, "it is here");
    killed.goes_on().await;
    killed.keep(1);
    until_copied(&state, store.id(), 1).await;
    let seen = last_seen(&state, &address);
    assert!(seen.is_some());
    killed.tasks.end(Duration::ZERO).await;
    // It did not see the store itself.
    let mut next = Part::start(&state, "");
    next.close();
    next.until("it goes on", is_away).await;
    next.keep(2);
    until_copied(&state, store.id(), 2).await;
    assert_eq!(last_seen(&state, &address), seen);
    next.tasks.end(Duration::ZERO).await;
    // The store came and went without them.
    let head = state.join("heads").join(format!("{}.json", store.id()));
    let later = std::time::SystemTime::now() + Duration::from_mins(1);
    std::fs::File::options().append(true).open(&head).unwrap().set_modified(later).unwrap();
    assert_eq!(last_seen(&state, &address), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_starts_while_the_store_is_away_knows_it_by_its_place() {
    let at = tempfile::tempdir().unwrap();
    let state = at.path().join("opsroom");
    let mut killed = Part::start(&state, "");
    let store = killed.open(&state).await;
    let before = killed.until("it takes the lease", is_ours).await.view.fence().unwrap();
    killed.say(Status::Down, before);
    killed.keep(1);
    until_said(&store, &[(Status::Down, false)]).await;
    until("the store keeps what it knew", async || store.kept_engine().await.unwrap().is_some()).await;
    killed.tasks.end(Duration::ZERO).await;
    assert_eq!(EngineCopy::read(&state, store.id()), None, "it left nothing beside the queue");

    let mut next = Part::start(&state, "");
    next.close();
    let fence = next.until("it goes on", is_away).await.view.fence().unwrap();
    assert!(fence >= before);
    next.say(Status::Down, fence);
    next.say(Status::Ok, fence);
    next.keep(2);
    next.until("both wait on disk", |report| report.late.on_disk == 2).await;
    until("it keeps a copy", async || EngineCopy::read(&state, store.id()).is_some()).await;
    let mut reader = Part::start(&state, "[console]\nread_only = true\n");
    reader.close();
    assert_eq!(reader.engine().await.0, engine(2));
    let store = next.open(&state).await;
    // What was on record already stands once, and the thing goes on from what was said late.
    until_said(&store, &[(Status::Down, false), (Status::Ok, true)]).await;
    assert_eq!(next.engine().await.0, engine(1), "what the store knew comes before what was seen since");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_store_knows_outlives_who_began_without_it() {
    let at = tempfile::tempdir().unwrap();
    let state = at.path().join("opsroom");
    let (mut killed, store, _) = Part::holding(&state).await;
    killed.keep(1);
    until("the store keeps what it knew", async || store.kept_engine().await.unwrap().is_some()).await;
    killed.tasks.end(Duration::ZERO).await;
    // Two of them, each killed.
    for mark in [2, 3] {
        let mut next = Part::start(&state, "");
        next.close();
        if mark > 2 {
            assert_eq!(next.engine().await.0, engine(mark - 1));
        }
        next.until("it goes on", is_away).await;
        next.keep(mark);
        until_copied(&state, store.id(), mark).await;
        next.tasks.end(Duration::ZERO).await;
    }
    let mut last = Part::start(&state, "");
    let store = last.open(&state).await;
    assert_eq!([last.engine().await.0, last.engine().await.0], [engine(3), engine(1)]);
    last.until("it takes the lease once the last one has expired", is_ours).await;
    let kept = store.kept_engine().await.unwrap().unwrap();
    assert_eq!(engine_body::unpacked::<EngineState>(&kept.body).unwrap(), engine(1));
    assert!(EngineCopy::read(&state, store.id()).is_some(), "both stay until one engine knows what both knew");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_the_right_to_act_gets_it_when_the_other_dies() {
    let at = tempfile::tempdir().unwrap();
    let state = at.path().join("opsroom");
    let mut first = Part::start(&state, "");
    let mut beside = Part::start(&state, "");
    let store = first.open(&state).await;
    first.until("it takes the lease", is_ours).await;
    beside.open(&state).await;
    beside.until("it waits", |report| matches!(report.view, LeaseView::Other(_))).await;
    beside.close();
    let mut started = Part::start(&state, "");
    started.close();
    // It acts, though it has not seen yet that the store is away.
    beside.until("it does not begin", |report| report.view == LeaseView::Unknown).await;
    first.goes_on().await;
    first.keep(1);
    until("it keeps a copy", async || EngineCopy::read(&state, store.id()).is_some()).await;
    started.tasks.end(PATIENCE).await;
    while let Ok(outcome) = started.outcomes.try_recv() {
        assert!(!matches!(&outcome, Outcome::Lease(report) if is_away(report)), "{outcome:?}");
    }
    first.tasks.end(Duration::ZERO).await;
    assert_eq!(beside.engine().await.0, engine(1));
    beside.until("it takes over", is_away).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_disk_has_no_room_for_waits_in_memory() {
    let at = tempfile::tempdir().unwrap();
    let state = at.path().join("opsroom");
    let (mut part, _, fence) = Part::holding(&state).await;
    part.goes_on().await;
    // No queue can be made there.
    std::fs::remove_dir_all(state.join("queue")).unwrap();
    std::fs::write(state.join("queue"), "").unwrap();
    part.say(Status::Down, fence);
    part.say(Status::Ok, fence);
    let held = LateFigures { in_memory: 2, ..LateFigures::default() };
    part.until("both wait", |report| report.late == held && report.unqueued.is_some()).await;
    std::fs::remove_file(state.join("queue")).unwrap();
    let queued = LateFigures { on_disk: 2, ..LateFigures::default() };
    part.until("it is tried again", |report| report.late == queued && report.unqueued.is_none()).await;
    let store = part.open(&state).await;
    part.until("nothing waits any more", has_sent_all).await;
    assert_eq!(said(&store).await, [(Status::Down, true), (Status::Ok, true)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_without_the_store_is_on_record_once_that_is_back_whoever_acts() {
    let at = tempfile::tempdir().unwrap();
    let state = at.path().join("opsroom");
    let (mut holder, _, _) = Part::holding(&state).await;
    let mut beside = Part::start(&state, "");
    beside.open(&state).await;
    beside.until("it looks on", |report| matches!(report.view, LeaseView::Other(_))).await;
    holder.goes_on().await;
    beside.close();
    // One that has never seen it.
    let mut later = Part::start(&state, "");
    later.close();
    for (target, part) in [("a", &mut holder), ("b", &mut beside), ("c", &mut later)] {
        part.lease.late_recorder().record(refused(target));
        part.until("it waits", |report| report.late.on_disk > 0).await;
    }
    let on_record = async |store: &Store| {
        let page = store.audit_page(0, 1_000).await.unwrap();
        let facts = page.iter().map(|line| Fact::from_entry(&line.entry.to_string()).unwrap().draft);
        let refused = facts.filter_map(|draft| match draft.said {
            Statement::RunRefused(refused) => Some((refused.target, draft.late)),
            _ => None,
        });
        refused.collect::<Vec<_>>()
    };
    let store = later.open(&state).await;
    let all = ["a", "b", "c"].map(|target| (target.to_owned(), true));
    until("all of it is on record", async || on_record(&store).await == all).await;
    for part in [&mut holder, &mut beside] {
        part.open(&state).await;
        part.until("nothing waits any more", |report| report.late == LateFigures::default()).await;
    }
    assert_eq!(on_record(&store).await, all, "once");
}
