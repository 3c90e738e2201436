//! The way to the holder: what finds it full, and how often the store is looked at for what comes along it.

use super::*;

/// A part in the lease that is told this often of a refusal before it begins.
fn told_before(directory: &Path, times: usize) -> Part {
    let (sender, outcomes) = mpsc::channel(64);
    let (stores, observed) = watch::channel(StoreState::Closed(SafeText::new("gone")));
    let lease = LeaseTask::new(Clock::start(), &config(""), sender);
    for _ in 0..times {
        lease.late_recorder().record(refused("a"));
    }
    let mut tasks = Tasks::new(mpsc::channel(1).0);
    lease.start(&mut tasks, &observed, directory, Some(StoreAddress::File(directory.join("opsroom.db"))));
    Part { lease, tasks, stores, outcomes }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_finds_no_room_on_its_way_to_the_holder_is_said_and_counted() {
    let at = tempfile::tempdir().unwrap();
    let mut part = told_before(&at.path().join("opsroom"), COMMANDS + 2);
    let said = tokio::time::timeout(PATIENCE, part.outcomes.recv()).await.unwrap();
    assert!(matches!(said, Some(Outcome::Failed(_))), "{said:?}");
    part.until("it is counted", |report| report.late.dropped == 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_is_looked_at_once_for_all_that_waits() {
    let at = tempfile::tempdir().unwrap();
    let state = at.path().join("opsroom");
    let (mut holder, _, _) = Part::holding(&state).await;
    holder.goes_on().await;
    let mut part = told_before(&state, 40);
    let first = part.until("it waits", |report| report.late.on_disk > 0).await;
    assert_eq!(first.late.on_disk, 40, "no turn between them");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_starts_without_the_store_is_told_of_acknowledgements_that_wait() {
    let at = tempfile::tempdir().unwrap();
    let state = at.path().join("opsroom");
    let (mut killed, _store, _) = Part::holding(&state).await;
    killed.goes_on().await;
    let (id, alert, why, until) = ("f".into(), "api".into(), SafeText::new("on it"), DateTime::UNIX_EPOCH);
    let said = AlertAcknowledged {
        id,
        alert,
        severity: Severity::Critical,
        why,
        until,
        link: None,
        together: false,
        taken_by: None,
    };
    let waiting = new_fact(DateTime::UNIX_EPOCH, "ana", "box", Statement::AlertAcknowledged(said));
    assert!(killed.lease.late_recorder().queue(vec![waiting.clone()]).await);
    killed.tasks.end(Duration::ZERO).await;

    let mut next = Part::start(&state, "");
    next.close();
    let found = async {
        loop {
            if let Some(Outcome::QueuedBefore(drafts)) = next.outcomes.recv().await {
                return drafts;
            }
        }
    };
    let found = tokio::time::timeout(PATIENCE, found).await.expect("what waits");
    assert_eq!(found.iter().map(|draft| &draft.id).collect::<Vec<_>>(), [&waiting.id]);
}
