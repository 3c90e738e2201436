//! One suite for every dialect. PostgreSQL is a real server, `OPSROOM_TEST_POSTGRES=HOST:PORT` with the role `postgres`, which
//! `tests/run` starts; without it these tests say so and pass.
#![expect(clippy::disallowed_methods, reason = "what is put on record by hand needs the time")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use futures_util::future::join_all;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, Executor as _, PgConnection, SqliteConnection};

use super::*;
use crate::model::fact::{NewFact, Statement, StoreAccepted};
use crate::model::lease::LeaseCandidate;
use crate::model::preview::Preview;
use crate::model::run::{Plan, Run, RunState, Verdict};
use crate::model::thing::Things;
use crate::store::address::StoreAddress;
use crate::store::place::StoreLocation;
use crate::store::runs::{Begin, BeginError};
use crate::store::writing::rows_of;
use crate::store::{Store, chain};

/// A place for a store, of its own for each test.
struct Fixture {
    at: StoreAddress,
    /// What is gone when the test is over: a directory, or a database.
    directory: tempfile::TempDir,
    database: Option<(String, String)>,
}

impl Fixture {
    fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { at: StoreAddress::File(directory.path().join("opsroom.db")), directory, database: None }
    }

    async fn postgres(name: &str) -> Option<Self> {
        let Ok(server) = std::env::var("OPSROOM_TEST_POSTGRES") else {
            eprintln!("skipped on PostgreSQL: OPSROOM_TEST_POSTGRES is not set; tests/run starts a server");
            return None;
        };
        let database = format!("suite_{name}_{:08x}", fastrand::u32(..));
        let admin = format!("postgres://postgres@{server}/postgres");
        let mut connection = PgConnection::connect(&admin).await.unwrap();
        connection.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {database}"))).await.unwrap();
        let url = format!("postgres://postgres@{server}/{database}");
        let at = StoreAddress::locate(Some(&url), Path::new("/nowhere")).unwrap();
        Some(Self { at, directory: tempfile::tempdir().unwrap(), database: Some((admin, database)) })
    }

    /// With heads.
    async fn open(&self) -> Store {
        let state = Some(self.directory.path().join("state"));
        Store::open(&StoreLocation { at: self.at.clone(), host: "h".to_owned(), state }).await.unwrap()
    }

    async fn try_open(&self) -> Result<Store, StoreError> {
        Store::open(&StoreLocation { at: self.at.clone(), host: "h".to_owned(), state: None }).await
    }

    /// Does by hand what no program of ours does.
    async fn by_hand(&self, sql: &str) -> Result<(), sqlx::Error> {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        match &self.at {
            StoreAddress::File(path) => {
                let file = SqliteConnectOptions::new().filename(path).create_if_missing(true);
                let mut file = SqliteConnection::connect_with(&file).await?;
                sqlx::raw_sql(sql).execute(&mut file).await.map(drop)
            }
            StoreAddress::Server(url) => {
                let mut server = PgConnection::connect(url.expose()).await?;
                sqlx::raw_sql(sql).execute(&mut server).await.map(drop)
            }
        }
    }

    async fn end(self) {
        let Some((admin, database)) = self.database else { return };
        let mut connection = PgConnection::connect(&admin).await.unwrap();
        let drop = format!("DROP DATABASE {database} WITH (FORCE)");
        connection.execute(sqlx::AssertSqlSafe(drop)).await.unwrap();
    }
}

/// Each of these runs on every dialect.
macro_rules! suite {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                let fixture = super::Fixture::sqlite();
                super::$name(&fixture).await;
                fixture.end().await;
            })*
        }
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                let Some(fixture) = super::Fixture::postgres(stringify!($name)).await else { return };
                super::$name(&fixture).await;
                fixture.end().await;
            })*
        }
    };
}

suite!(
    an_empty_store_has_an_id_and_no_facts,
    facts_make_one_chain,
    eight_writers_leave_no_gap,
    a_batch_at_an_old_head_is_not_written,
    a_batch_is_written_once,
    things_follow_the_facts,
    a_lease_changes_hands_only_as_it_was_found,
    a_renewal_in_between_keeps_a_lease,
    only_the_holder_of_the_fence_writes_beside_the_chain,
    rollups_come_in_their_order_and_replace_each_other,
    what_is_kept_is_read_back,
    a_chain_that_was_cut_goes_on,
    nobody_changes_a_fact_by_hand,
    a_newer_schema_is_refused,
    what_another_program_made_is_left_alone,
    two_that_open_an_empty_place_make_one_store,
    one_of_many_begins,
    cooldown_and_at_most_are_held,
    a_store_that_lost_its_end_is_not_written_on,
    another_store_in_the_place_is_not_the_one_before,
    a_version_changes_when_others_write,
);

fn said(why: &str) -> Statement {
    Statement::StoreAccepted(StoreAccepted { store: "x".to_owned(), why: why.to_owned(), doubt: None })
}

async fn record(store: &Store, why: &str) {
    store.record(Utc::now(), "ana", said(why)).await.unwrap();
}

fn drafts(store: &Store, whys: &[&str]) -> Vec<NewFact> {
    whys.iter().map(|why| store.new_fact(Utc::now(), "ana", said(why))).collect()
}

fn rows(store: &Store, head: &Head, whys: &[&str]) -> Vec<FactRow> {
    rows_of(head, drafts(store, whys), Things::default()).unwrap().0
}

/// Every fact, and whether the chain holds.
async fn chain_of(store: &Store) -> Vec<FactRow> {
    let facts = store.dialect.facts(WhichFacts::After(0), u32::MAX).await.unwrap();
    for chain in store.verify_audit().await.unwrap() {
        assert_eq!(chain.broken, None);
        assert_eq!(chain.entries, facts.len() as u64);
    }
    facts
}

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

async fn a_newer_schema_is_refused(fixture: &Fixture) {
    fixture.open().await.close().await;
    fixture.by_hand("INSERT INTO schema_version VALUES (99)").await.unwrap();
    let error = fixture.try_open().await.unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 99, .. }), "{error}");
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

fn run(id: &str, ago: TimeDelta) -> Run {
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
    }
}

/// Begins a run; the fence of its lock, or why not.
async fn begin(store: &Store, run: &Run, cooldown: u64, at_most: Option<(u32, Duration)>) -> Result<u64, BeginError> {
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
