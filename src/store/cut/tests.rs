#![expect(clippy::disallowed_methods, reason = "the store has its own clock, and a file is laid out")]

use chrono::TimeDelta;

use super::*;
use crate::model::fact::{ChangePlanned, ChangeSaid, CheckStatus, OnCallAssigned, OnCallStatement};
use crate::model::lease::{LeaseCandidate, LeaseView};
use crate::model::maintenance::ServiceChoice;
use crate::model::status::Status;
use crate::store::address::StoreAddress;
use crate::store::place::StoreLocation;
use crate::store::transfer::ExportFile;

async fn store(directory: &std::path::Path, name: &str) -> Store {
    let (path, state) = (directory.join(name), Some(directory.join("state")));
    Store::open(&StoreLocation { at: StoreAddress::File(path), host: "box".to_owned(), state }).await.unwrap()
}

fn status(check: usize, status: Status, at: DateTime<Utc>) -> Statement {
    let check = format!("c{check}").as_str().into();
    let (service, before, reason) = (None, None, None);
    Statement::CheckStatus(CheckStatus {
        check,
        service,
        status,
        before,
        since: at,
        seen: true,
        reason,
        by: None,
        fence: 1,
    })
}

async fn held(store: &Store, now: DateTime<Utc>) -> u64 {
    let me = LeaseCandidate {
        id: "me".to_owned(),
        who: "ana".to_owned(),
        digest: "d".to_owned(),
        watcher: false,
        looks_on: false,
    };
    match store.lease_turn(&me, now).await.unwrap() {
        LeaseView::Ours { fence, .. } => fence,
        other => panic!("{other:?}"),
    }
}

async fn say_many(store: &Store, now: DateTime<Utc>, many: usize) {
    let said = (0..many).map(|nth| if nth % 3 == 0 { Status::Down } else { Status::Ok }).enumerate();
    let drafts = said.map(|(nth, is)| store.new_fact(now, "ana", status(nth % 7, is, now))).collect();
    assert!(store.turns().next().await.unwrap().append(drafts).await.unwrap().is_some());
}

/// A chain of some 3,000 facts is cut after them: what is left verifies, is derived to the same things, and goes through an
/// export and back.
#[tokio::test]
async fn what_is_left_after_a_cut_verifies_and_derives_to_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path(), "one.db").await;
    let now = Utc::now();
    say_many(&store, now, 3000).await;
    let fence = held(&store, now).await;
    let before = store.all_things().await.unwrap();
    let tomorrow = now + TimeDelta::days(2);
    assert!(!store.retain_audit(Some(Duration::ZERO), "ana", tomorrow, fence + 1).await.unwrap(), "not its holder");
    assert_eq!(store.check().await.unwrap().first, 1);
    assert!(store.retain_audit(Some(Duration::ZERO), "ana", tomorrow, fence).await.unwrap());
    say_many(&store, now, 10).await;
    let checked = store.check().await.unwrap();
    assert!(checked.is_sound(), "{checked:?}");
    assert_eq!((checked.first, checked.last, checked.entries), (3002, 3012, 11));
    let after = store.all_things().await.unwrap();
    assert_eq!(before.iter().len(), after.iter().len());
    // Again there is too little to cut.
    assert!(store.retain_audit(Some(Duration::ZERO), "ana", tomorrow, fence).await.unwrap());
    assert_eq!(store.extent().await.unwrap().first, 3002);

    let file = directory.path().join("export.jsonl");
    let mut text = String::new();
    store
        .export(|line| {
            text.push_str(line);
            true
        })
        .await
        .unwrap()
        .unwrap();
    std::fs::write(&file, &text).unwrap();
    let other = self::store(directory.path(), "two.db").await;
    other.import(ExportFile::read(&file).unwrap(), "ana", now).await.unwrap();
    let checked = other.check().await.unwrap();
    assert!(checked.is_sound(), "{checked:?}");
    assert_eq!((checked.first, checked.last), (3002, 3013));
    assert_eq!(other.all_things().await.unwrap(), after);
    // An entry that was changed is found.
    std::fs::write(&file, text.replacen("\\\"who\\\":\\\"ana\\\"", "\\\"who\\\":\\\"eve\\\"", 1)).unwrap();
    let refused = ExportFile::read(&file).unwrap_err();
    assert!(refused.to_string().contains("the chain is broken here"), "{refused}");
}

/// Who is on call next month and a freeze that is to come need nobody now, and are not over.
#[tokio::test]
async fn what_lies_ahead_stays_however_long_ago_it_was_said() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path(), "one.db").await;
    let now = Utc::now();
    let days = |days: i64| now + TimeDelta::days(days);
    let assigned = |id: &str, until: i64| {
        let (id, layer, people) = (id.into(), "primary".into(), vec!["eve".into()]);
        let (from, until) = (days(until - 1), days(until));
        let said = OnCallAssigned { id, layer, people, handover: None, from, until, why: None, taken: false };
        Statement::OnCall(OnCallStatement::Assigned(said))
    };
    let freeze = |id: &str, until: i64| {
        let (from, until, services) = (days(until - 1), days(until), ServiceChoice::All);
        let (id, title, why) = (id.into(), "freeze".into(), "holidays".into());
        Statement::Change(ChangeSaid::Planned(ChangePlanned {
            id,
            title,
            why,
            services,
            from,
            until,
            notice_s: 0,
            notify: Vec::new(),
            freeze: true,
        }))
    };
    let all = [("1", -3), ("2", 30), ("3", -2)];
    let said = all.iter().flat_map(|(id, until)| [assigned(id, *until), freeze(id, *until)]);
    let drafts = said.map(|said| store.new_fact(now, "ana", said)).collect();
    assert!(store.turns().next().await.unwrap().append(drafts).await.unwrap().is_some());
    let fence = held(&store, now).await;
    for kind in [ThingKind::OnCall, ThingKind::Change] {
        let mut left = Vec::new();
        for day in [2, 2, 40] {
            assert!(store.retain_things(kind, Some(Duration::ZERO), "ana", days(day), fence).await.unwrap());
            let things = store.dialect.things(WhichThings::Latest(kind), 9).await.unwrap();
            left.push(things.iter().map(|thing| thing.key.id.clone()).collect::<Vec<_>>());
        }
        let ahead = ["3", "2"].map(str::to_owned).to_vec();
        assert_eq!(left, [ahead.clone(), ahead, Vec::new()], "{kind:?}");
    }
    assert!(store.check().await.unwrap().is_sound());
}
