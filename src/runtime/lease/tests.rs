#![expect(clippy::disallowed_methods, reason = "a queue that can't be made is laid out")]

use std::path::Path;

use tokio::sync::mpsc::Receiver;

use super::*;
use crate::config::load::load_text;
use crate::model::engine::{ENGINE_VERSION, KeptSince, KeptStreak};
use crate::model::fact::{CheckStatus, Fact};
use crate::model::status::Status;
use crate::runtime::runs::RunService;
use crate::store::engine_copy::EngineCopy;

/// Far beyond what any wait takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A console's part in the lease, and the store that comes and goes.
struct Part {
    lease: LeaseTask,
    tasks: Tasks,
    stores: watch::Sender<StoreState>,
    outcomes: Receiver<Outcome>,
}

fn config(text: &str) -> Arc<Config> {
    Arc::new(load_text(Path::new("/etc/ops.toml"), text).config.unwrap())
}

impl Part {
    fn start(directory: &Path, text: &str) -> Self {
        Self::start_by(Clock::start(), directory, text)
    }

    fn start_by(clock: Clock, directory: &Path, text: &str) -> Self {
        let (sender, outcomes) = mpsc::channel(64);
        let (stores, observed) = watch::channel(StoreState::Opening);
        let lease = LeaseTask::new(clock, &config(text), sender);
        let mut tasks = Tasks::new(mpsc::channel(1).0);
        lease.start(&mut tasks, &observed, directory, Some(StoreAddress::File(directory.join("opsroom.db"))));
        Self { lease, tasks, stores, outcomes }
    }

    async fn open(&self, directory: &Path) -> Store {
        let run_service = RunService::open(None, directory, Clock::start()).await.unwrap();
        let store = run_service.store().clone();
        self.stores.send_replace(StoreState::Open(Box::new(run_service)));
        store
    }

    fn close(&self) {
        self.stores.send_replace(StoreState::Closed(SafeText::new("gone")));
    }

    /// The next report that is as wanted.
    async fn until(&mut self, what: &str, wanted: impl Fn(&LeaseReport) -> bool) -> LeaseReport {
        let mut last = None;
        let found = async {
            loop {
                match self.outcomes.recv().await {
                    Some(Outcome::Lease(report)) if wanted(&report) => return Some(*report),
                    Some(Outcome::Lease(report)) => last = Some(report),
                    Some(_) => {}
                    None => return None,
                }
            }
        };
        let found = tokio::time::timeout(PATIENCE, found).await;
        found.ok().flatten().unwrap_or_else(|| panic!("{what}: {last:?}"))
    }

    /// What it knows of the engine of before, and how long nobody has seen more.
    async fn engine(&mut self) -> (EngineState, Duration) {
        let found = async {
            loop {
                if let Some(Outcome::Engine { engine, unseen }) = self.outcomes.recv().await {
                    return (*engine, unseen);
                }
            }
        };
        tokio::time::timeout(PATIENCE, found).await.expect("what an engine knew")
    }

    /// What the engine knows by now; `mark` tells it from others.
    fn keep(&self, mark: u32) {
        self.lease.execute(HolderEffect::KeepEngine(Box::new(engine(mark))));
    }

    fn say(&self, status: Status, fence: u64) {
        self.say_of(Clock::start().now().utc, status, fence);
    }

    fn say_of(&self, since: DateTime<Utc>, status: Status, fence: u64) {
        let (check, service, before, reason) = ("api".into(), None, None, None);
        let said = CheckStatus { check, service, status, before, since, seen: true, reason, by: None, fence };
        self.lease.execute(HolderEffect::Append(vec![Statement::CheckStatus(said)]));
    }
}

fn engine(mark: u32) -> EngineState {
    let since = KeptSince(DateTime::UNIX_EPOCH, true);
    let flaps = String::new();
    let (shown, settled, good, answered, alike, flapping) = (Status::Down, None, 0, 0, None, false);
    let streak = KeptStreak { shown, since, settled, bad: mark, good, answered, alike, flaps, flapping };
    EngineState { version: ENGINE_VERSION, checks: vec![("api".into(), streak)], alerts: Vec::new() }
}

fn is_ours(report: &LeaseReport) -> bool {
    matches!(report.view, LeaseView::Ours { .. })
}

/// What is on record of the check: each status, and whether it came late.
async fn said(store: &Store) -> Vec<(Status, bool)> {
    let page = store.audit_page(0, 1_000).await.unwrap();
    let facts = page.iter().map(|line| Fact::from_entry(&line.entry.to_string()).unwrap());
    let status = |fact: Fact| match fact.draft.said {
        Statement::CheckStatus(said) => Some((said.status, fact.draft.late)),
        _ => None,
    };
    facts.filter_map(status).collect()
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let holds = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, holds).await.unwrap_or_else(|_| panic!("{what}"));
}

/// A copy of what the engine knew lies beside the queue.
async fn until_copied(state: &Path, store: &str, mark: u32) {
    let is_it = |copy: EngineCopy| copy.engine == engine(mark);
    until("it keeps a copy", async || EngineCopy::read(state, store).is_some_and(is_it)).await;
}

async fn until_said(store: &Store, wanted: &[(Status, bool)]) {
    let holds = async {
        while said(store).await != wanted {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    if tokio::time::timeout(PATIENCE, holds).await.is_err() {
        assert_eq!(said(store).await, wanted);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_holder_goes_on_while_the_store_is_away() {
    let at = tempfile::tempdir().unwrap();
    let state = at.path().join("opsroom");
    let mut part = Part::start(&state, "");
    let store = part.open(&state).await;
    let fence = part.until("it takes the lease", is_ours).await.view.fence().unwrap();
    part.say(Status::Down, fence);
    until_said(&store, &[(Status::Down, false)]).await;

    part.close();
    let away = part.until("it goes on", |report| matches!(report.view, LeaseView::Away { .. })).await;
    assert_eq!(away.view.fence(), Some(fence));
    part.say(Status::Ok, fence);
    part.say(Status::Degraded, fence);
    part.until("both wait on disk", |report| report.late.on_disk == 2).await;
    let mut stranger = Part::start(&state, "");
    stranger.close();
    stranger.say(Status::Ok, fence);

    let store = part.open(&state).await;
    part.until("nothing waits any more", |report| is_ours(report) && report.late == LateFigures::default()).await;
    part.say(Status::Down, fence);
    let all = [(Status::Down, false), (Status::Ok, true), (Status::Degraded, true), (Status::Down, false)];
    until_said(&store, &all).await;
    stranger.tasks.end(PATIENCE).await;
    part.tasks.end(PATIENCE).await;
    assert_eq!(said(&store).await, all, "who never held it has nothing to say");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_long_before_the_lease_is_late() {
    let at = tempfile::tempdir().unwrap();
    let state = at.path().join("opsroom");
    let mut part = Part::start(&state, "");
    let store = part.open(&state).await;
    let view = part.until("it takes the lease", is_ours).await.view;
    let (LeaseView::Ours { since, .. }, Some(fence)) = (&view, view.fence()) else { panic!("{view:?}") };
    part.say_of(*since - TimeDelta::hours(1), Status::Down, fence);
    part.say_of(*since - TimeDelta::seconds(20), Status::Ok, fence);
    until_said(&store, &[(Status::Down, true), (Status::Ok, false)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_under_the_lease_is_not_late_by_a_clock_that_is_slow() {
    let at = tempfile::tempdir().unwrap();
    let state = at.path().join("opsroom");
    let clock = Clock::start().set_by(-TimeDelta::minutes(10));
    let mut part = Part::start_by(clock, &state, "");
    let store = part.open(&state).await;
    let fence = part.until("it takes the lease", is_ours).await.view.fence().unwrap();
    part.say_of(clock.now().utc - TimeDelta::hours(1), Status::Down, fence);
    part.say_of(clock.now().utc, Status::Ok, fence);
    until_said(&store, &[(Status::Down, true), (Status::Ok, false)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_holder_left_on_disk_is_sent_by_the_next() {
    let at = tempfile::tempdir().unwrap();
    let state = at.path().join("opsroom");
    let mut killed = Part::start(&state, "");
    killed.open(&state).await;
    let fence = killed.until("it takes the lease", is_ours).await.view.fence().unwrap();
    killed.close();
    killed.until("it goes on", |report| matches!(report.view, LeaseView::Away { .. })).await;
    killed.say(Status::Down, fence);
    killed.until("it waits on disk", |report| report.late.on_disk == 1).await;
    killed.tasks.end(Duration::ZERO).await;

    let next = Part::start(&state, "");
    let store = next.open(&state).await;
    until_said(&store, &[(Status::Down, true)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_gives_it_back_and_who_only_reads_never_takes_it() {
    let at = tempfile::tempdir().unwrap();
    let state = at.path().join("opsroom");
    let mut reader = Part::start(&state, "[console]\nread_only = true\n");
    reader.open(&state).await;
    reader.until("nobody holds it", |report| report.view == LeaseView::Free).await;
    let (mut one, mut two) = (Part::start(&state, ""), Part::start(&state, ""));
    one.open(&state).await;
    let first = one.until("it takes the lease", is_ours).await;
    two.open(&state).await;
    two.until("it waits", |report| matches!(report.view, LeaseView::Other(_))).await;
    one.tasks.end(PATIENCE).await;
    let second = two.until("it takes over without waiting for the lease to expire", is_ours).await;
    assert!(second.view.fence() > first.view.fence());
    // A reload that makes it a reader.
    two.lease.configured(&config("[console]\nread_only = true\n"), true);
    two.until("it gives it back", |report| report.view == LeaseView::Free).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_only_reads_knows_what_the_engine_of_the_holder_knows() {
    let at = tempfile::tempdir().unwrap();
    let state = at.path().join("opsroom");
    let mut holder = Part::start(&state, "");
    let store = holder.open(&state).await;
    holder.until("it takes the lease", is_ours).await;
    holder.keep(1);
    until("the store keeps it", async || store.kept_engine().await.unwrap().is_some()).await;
    let mut reader = Part::start(&state, "[console]\nread_only = true\n");
    reader.open(&state).await;
    assert_eq!(reader.engine().await.0, engine(1));
    // Later it sees for itself.
    holder.keep(2);
    reader.until("it looks on", |report| matches!(report.view, LeaseView::Other(_))).await;
    assert!(reader.outcomes.try_recv().is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_engine_knew_survives_a_kill_while_the_store_is_away() {
    let at = tempfile::tempdir().unwrap();
    let state = at.path().join("opsroom");
    let mut killed = Part::start(&state, "");
    let store = killed.open(&state).await;
    killed.until("it takes the lease", is_ours).await;
    killed.keep(1);
    until("the store keeps it", async || store.kept_engine().await.unwrap().is_some()).await;
    assert_eq!(EngineCopy::read(&state, store.id()), None, "the store knows it");
    killed.close();
    killed.until("it goes on", |report| matches!(report.view, LeaseView::Away { .. })).await;
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
    assert_eq!(serde_json::from_slice::<EngineState>(&kept.body).unwrap(), engine(3));
    // Nothing older was told meanwhile, nor the same again.
    next.tasks.end(PATIENCE).await;
    while let Ok(outcome) = next.outcomes.try_recv() {
        assert!(!matches!(outcome, Outcome::Engine { .. }), "{outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_starts_while_the_store_is_away_goes_on_for_who_was_killed() {
    let at = tempfile::tempdir().unwrap();
    let state = at.path().join("opsroom");
    let is_away = |report: &LeaseReport| matches!(report.view, LeaseView::Away { .. });
    let mut killed = Part::start(&state, "");
    let store = killed.open(&state).await;
    let fence = killed.until("it takes the lease", is_ours).await.view.fence().unwrap();
    killed.close();
    killed.until("it goes on", is_away).await;
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

    let is_away = |report: &LeaseReport| matches!(report.view, LeaseView::Away { .. });
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
    let mut killed = Part::start(&state, "");
    let store = killed.open(&state).await;
    killed.until("it takes the lease", is_ours).await;
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
        next.until("it goes on", |report| matches!(report.view, LeaseView::Away { .. })).await;
        next.keep(mark);
        until_copied(&state, store.id(), mark).await;
        next.tasks.end(Duration::ZERO).await;
    }
    let mut last = Part::start(&state, "");
    let store = last.open(&state).await;
    assert_eq!([last.engine().await.0, last.engine().await.0], [engine(3), engine(1)]);
    last.until("it takes the lease once the last one has expired", is_ours).await;
    let kept = store.kept_engine().await.unwrap().unwrap();
    assert_eq!(serde_json::from_slice::<EngineState>(&kept.body).unwrap(), engine(1));
    assert!(EngineCopy::read(&state, store.id()).is_some(), "both stay until one engine knows what both knew");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_during_an_accept_goes_to_the_accepted_store() {
    let at = tempfile::tempdir().unwrap();
    let state = at.path().join("opsroom");
    let mut part = Part::start(&state, "");
    let store = part.open(&state).await;
    let fence = part.until("it takes the lease", is_ours).await.view.fence().unwrap();
    part.close();
    part.until("it goes on", |report| matches!(report.view, LeaseView::Away { .. })).await;
    std::fs::remove_dir_all(state.join("queue")).unwrap();
    std::fs::write(state.join("queue"), "").unwrap();
    part.say(Status::Down, fence);
    part.until("it waits in memory", |report| report.late.in_memory == 1).await;
    std::fs::remove_file(state.join("queue")).unwrap();
    store.close().await;
    for suffix in ["", "-wal", "-shm"] {
        std::fs::remove_file(state.join(format!("opsroom.db{suffix}"))).ok();
    }
    RunService::accept(None, &state, "restored", Clock::start()).await.unwrap();
    part.say(Status::Ok, fence);
    part.until("both wait", |report| report.late.on_disk + report.late.in_memory == 2).await;
    let accepted = part.open(&state).await;
    assert_ne!(accepted.id(), store.id());
    part.until("nothing waits any more", |report| is_ours(report) && report.late == LateFigures::default()).await;
    assert_eq!(said(&accepted).await, [(Status::Down, true), (Status::Ok, true)]);
    assert_eq!(LateQueue::of(&state, accepted.id()).others(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_the_right_to_act_gets_it_when_the_other_dies() {
    let at = tempfile::tempdir().unwrap();
    let state = at.path().join("opsroom");
    let is_away = |report: &LeaseReport| matches!(report.view, LeaseView::Away { .. });
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
    first.close();
    first.until("it goes on", is_away).await;
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
    let mut part = Part::start(&state, "");
    part.open(&state).await;
    let fence = part.until("it takes the lease", is_ours).await.view.fence().unwrap();
    part.close();
    part.until("it goes on", |report| matches!(report.view, LeaseView::Away { .. })).await;
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
    part.until("nothing waits any more", |report| is_ours(report) && report.late == LateFigures::default()).await;
    assert_eq!(said(&store).await, [(Status::Down, true), (Status::Ok, true)]);
}
