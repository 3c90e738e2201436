//! Runs that begin, one at a time and not too often.

use chrono::TimeDelta;
use futures_util::future::join_all;

use super::*;
use crate::model::preview::Preview;
use crate::model::run::{ChecksAfter, Closing, Plan, Run, RunState, Verdict};
use crate::store::runs::{Begin, BeginError, Begun};

suite!(
    one_of_many_begins,
    cooldown_and_at_most_are_held,
    a_verdict_is_said_once_by_whoever_finds_it,
    a_run_of_another_store_takes_no_lock,
);

pub(super) fn run(id: &str, ago: TimeDelta) -> Run {
    Run {
        id: id.into(),
        action: "restart".into(),
        verb: "restart".into(),
        dry_run: false,
        service: None,
        target: "api".to_owned(),
        who: "ana".to_owned(),
        reason: None,
        host: "h".to_owned(),
        plan_digest: String::new(),
        started_at: Utc::now() - ago,
        boot: None,
        ended_at: None,
        duration_ms: None,
        outcome_ms: None,
        state: RunState::Running,
        verdict: Verdict::None,
        checks: None,
        exit_code: None,
        signal: None,
        output_path: "/runs".into(),
        note: None,
    }
}

fn plan() -> Plan {
    Plan {
        action: "restart".into(),
        verb: "restart".into(),
        adapter: "ours".into(),
        service: None,
        target: "api".to_owned(),
        environment: String::new(),
        host: "local".to_owned(),
        directory: "/".into(),
        steps: vec![vec!["true".to_owned()]],
        env: std::collections::BTreeMap::new(),
        parameters: std::collections::BTreeMap::new(),
        timeout: Duration::from_secs(1),
        grace: Duration::from_secs(1),
        changing: true,
        dry_run: false,
        terminal: false,
    }
}

/// Begins a run; the fence of its lock, or why not.
pub(super) async fn begin(
    store: &Store,
    run: &Run,
    cooldown: u64,
    at_most: Option<(u32, Duration)>,
) -> Result<u64, BeginError> {
    let (plan, preview) = (plan(), Preview::default());
    let begin = Begin { run, plan: &plan, preview: &preview, cooldown: Duration::from_secs(cooldown), at_most };
    store.begin(begin).await.map(|begun| begun.fence)
}

async fn one_of_many_begins(fixture: &Fixture) {
    let stores = join_all((0..6).map(|_| fixture.open())).await;
    let runs: Vec<Run> = (0..6).map(|index| run(&format!("r{index}"), TimeDelta::zero())).collect();
    let begun = join_all(stores.iter().zip(&runs).map(|(store, run)| begin(store, run, 0, None))).await;
    assert_eq!(begun.iter().filter(|begun| begun.is_ok()).count(), 1);
    assert!(begun.iter().filter_map(|begun| begun.as_ref().err()).all(|why| matches!(why, BeginError::Locked(_))));
    let locks = stores[0].locks().await.unwrap();
    assert_eq!((locks.len(), locks[0].fence), (1, 1));
    assert_eq!(stores[1].open_runs("h").await.unwrap().len(), 1);
    let unlocked = stores[2].unlock(&locks[0].id, "ben", "it is over", &[], Utc::now()).await.unwrap();
    assert_eq!(unlocked.unwrap().holder, "ana");
    assert_eq!(begin(&stores[3], &run("r9", TimeDelta::zero()), 0, None).await.unwrap(), 2, "the fence grows");
    assert_eq!(chain_of(&stores[0]).await.len(), 3);
}

async fn cooldown_and_at_most_are_held(fixture: &Fixture) {
    let store = fixture.open().await;
    let free = async |id: &str| drop(store.unlock(id, "ben", "over", &[], Utc::now()).await.unwrap().unwrap());
    begin(&store, &run("a", TimeDelta::seconds(50)), 0, None).await.unwrap();
    free("a").await;
    let why = begin(&store, &run("b", TimeDelta::zero()), 60, None).await.unwrap_err();
    assert!(matches!(why, BeginError::Cooldown { .. }), "{why}");
    begin(&store, &run("b", TimeDelta::zero()), 40, None).await.unwrap();
    free("b").await;
    let twice = Some((2, Duration::from_hours(1)));
    let why = begin(&store, &run("c", TimeDelta::zero()), 0, twice).await.unwrap_err();
    assert!(matches!(why, BeginError::TooOften { count: 2, .. }), "{why}");
    begin(&store, &run("c", TimeDelta::zero()), 0, Some((2, Duration::from_secs(30)))).await.unwrap();
}

/// Nobody knows how its steps ended, so that the verdict on its checks leaves its outcome unknown: its supervisor and every
/// console that watches it find it.
async fn a_verdict_is_said_once_by_whoever_finds_it(fixture: &Fixture) {
    let stores = join_all((0..4).map(|_| fixture.open())).await;
    let one = &stores[0];
    begin(one, &run("a", TimeDelta::zero()), 0, None).await.unwrap();
    let verdict = |checks| Closing { at: Utc::now(), state: RunState::Unknown, checks, note: None, took: None };
    one.lose("a", None, "killed", "ana", Utc::now()).await.unwrap();
    one.reopen("a", "ana", Utc::now()).await.unwrap();
    let good = verdict(Some(ChecksAfter::Good));
    let closed = join_all(stores.iter().map(|store| store.close_run("a", None, &good, None, "ana"))).await;
    assert!(closed.iter().all(|closed| closed.as_ref().is_ok_and(|run| run.checks == good.checks)), "{closed:?}");
    assert_eq!(chain_of(one).await.len(), 4, "intent, lost, reopened, and one verdict");
    one.close_run("a", None, &verdict(Some(ChecksAfter::Bad)), None, "ana").await.unwrap();
    assert_eq!(chain_of(one).await.len(), 5, "what is not known yet is said");
}

async fn a_run_of_another_store_takes_no_lock(fixture: &Fixture) {
    let store = fixture.open().await;
    begin(&store, &run("here", TimeDelta::zero()), 0, None).await.unwrap();
    let (other, plan, preview) = (run("there", TimeDelta::seconds(50)), plan(), Preview::default());
    let whole = Begin { run: &other, plan: &plan, preview: &preview, cooldown: Duration::ZERO, at_most: None };
    let (state, checks) = (RunState::Verified, Some(ChecksAfter::Good));
    let closing = Closing { at: Utc::now(), state, checks, note: None, took: None };
    for is_new in [true, false] {
        let recorded = store.record_whole(whole, Begun { fence: 7, attempt: 1 }, None, &closing).await.unwrap();
        assert_eq!(recorded, is_new);
    }
    assert_eq!(store.run("there").await.unwrap().unwrap().state, RunState::Verified);
    let chain = chain_of(&store).await;
    assert_eq!(chain.len(), 3, "its intent and its verdict, once");
    assert!(chain[1..].iter().all(|fact| fact.entry.contains("\"late\":true")));
    let locks = store.locks().await.unwrap();
    assert_eq!((locks.len(), &*locks[0].id, locks[0].fence), (1, "here", 1), "its target is another one's by now");
    store.unlock("here", "ben", "over", &[], Utc::now()).await.unwrap().unwrap();
    let why = begin(&store, &run("next", TimeDelta::zero()), 60, None).await.unwrap_err();
    assert!(matches!(why, BeginError::Cooldown { .. }), "it counts as an attempt: {why}");
    let fence = begin(&store, &run("next", TimeDelta::zero()), 0, None).await.unwrap();
    assert_eq!(fence, 8, "no fence is given twice");
}
