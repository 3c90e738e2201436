#![expect(clippy::disallowed_methods, reason = "a queue that can't be made is laid out")]

mod accepted;
mod away;
mod way;

use std::path::Path;
use std::sync::Arc;

use sqlx::Connection as _;
use tokio::sync::mpsc::Receiver;

use super::*;
use crate::config::load::load_text;
use crate::model::alert::Severity;
use crate::model::engine::{ENGINE_VERSION, KeptSince, KeptStreak};
use crate::model::fact::{AlertAcknowledged, CheckStatus, Fact, RunRefused};
use crate::model::status::Status;
use crate::runtime::runs::RunService;
use crate::store::acting::last_seen;
use crate::store::engine_body;
use crate::store::engine_copy::EngineCopy;
use crate::text::SafeText;

/// Far beyond what any wait takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// The check of which an engine knows. Another one is what is said of.
const KEPT: &str = "web";

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

    /// One that holds the lease of the store in this state directory, with that and its fence.
    async fn holding(directory: &Path) -> (Self, Store, u64) {
        let mut part = Self::start(directory, "");
        let store = part.open(directory).await;
        let fence = part.until("it takes the lease", is_ours).await.view.fence().unwrap();
        (part, store, fence)
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

    /// What it knows of what the engine of before kept, and how long nobody has seen more. What was said of checks is left out.
    async fn engine(&mut self) -> (EngineState, Duration) {
        let (mut engine, unseen) = self.whole_engine().await;
        engine.checks.retain(|(check, _)| &**check == KEPT);
        (engine, unseen)
    }

    /// The same, with what was said of checks.
    async fn whole_engine(&mut self) -> (EngineState, Duration) {
        let found = async {
            loop {
                if let Some(Outcome::Engine { engine, unseen }) = self.outcomes.recv().await {
                    return (*engine, unseen);
                }
            }
        };
        tokio::time::timeout(PATIENCE, found).await.expect("what an engine knew")
    }

    /// The store goes away, and it goes on.
    async fn goes_on(&mut self) -> LeaseReport {
        self.close();
        self.until("it goes on", is_away).await
    }

    /// What the engine knows by now; `mark` tells it from others.
    fn keep(&self, mark: u32) {
        self.lease.execute(HolderEffect::KeepEngine(Arc::new(engine(mark))));
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
    EngineState { version: ENGINE_VERSION, checks: vec![(KEPT.into(), streak)], ..EngineState::default() }
}

fn is_away(report: &LeaseReport) -> bool {
    matches!(report.view, LeaseView::Away { .. })
}

fn is_ours(report: &LeaseReport) -> bool {
    matches!(report.view, LeaseView::Ours { .. })
}

fn has_sent_all(report: &LeaseReport) -> bool {
    is_ours(report) && report.late == LateFigures::default()
}

/// An attempt at this target that was refused.
fn refused(target: &str) -> Statement {
    let (action, verb, why) = ("restart".into(), "restart".into(), SafeText::new("the store is away"));
    Statement::RunRefused(RunRefused { target: target.to_owned(), action, verb, why, plan_digest: String::new() })
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
    let is_it = |copy: EngineCopy| *copy.engine == engine(mark);
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
    let (holder, store, _) = Part::holding(&state).await;
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
async fn who_takes_the_lease_knows_for_how_long_nobody_had_it() {
    let at = tempfile::tempdir().unwrap();
    let state = at.path().join("opsroom");
    let (mut holder, store, _) = Part::holding(&state).await;
    holder.keep(1);
    until("the store keeps it", async || store.kept_engine().await.unwrap().is_some()).await;
    holder.tasks.end(PATIENCE).await;
    store.close().await;
    let url = format!("sqlite:{}", state.join("opsroom.db").display());
    let mut raw = sqlx::SqliteConnection::connect(&url).await.unwrap();
    for table in ["UPDATE lease SET renewed_at = renewed_at - $1", "UPDATE keep SET written_at = written_at - $1"] {
        sqlx::query(table).bind(7_200_000_i64).execute(&mut raw).await.unwrap();
    }
    raw.close().await.unwrap();
    let mut next = Part::start(&state, "");
    next.open(&state).await;
    let (known, unseen) = next.engine().await;
    assert_eq!(known, engine(1));
    assert!(unseen >= Duration::from_hours(2), "{unseen:?}");
}
