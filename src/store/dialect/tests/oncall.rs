//! Who is on call by what people said, and handovers.

use super::*;
use crate::model::fact::{
    HandoverAccepted, HandoverOffered, HandoverWithdrawn, OnCallAssigned, OnCallEnded, OnCallStatement,
};
use crate::model::thing::{AssignmentRecord, HandoverRecord, StoredThing, ThingKind};
use crate::store::new_fact;
use crate::store::oncall::OnCallRefusal;

suite!(what_people_say_of_who_is_on_call_is_found_and_said_once, a_handover_is_accepted_by_one_person_only);

fn at(second: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + chrono::Duration::seconds(second)
}

async fn say(store: &Store, who: &str, second: i64, said: OnCallStatement) -> Option<OnCallRefusal> {
    let draft = new_fact(at(second), who, "h", Statement::OnCall(said));
    store.say_of_oncall(&[draft]).await.unwrap()
}

async fn things(store: &Store, kind: ThingKind) -> Vec<StoredThing> {
    store.alerts(at(0)).await.unwrap().into_iter().filter(|thing| thing.key.kind == kind).collect()
}

async fn what_people_say_of_who_is_on_call_is_found_and_said_once(fixture: &Fixture) {
    let store = fixture.open().await;
    let assigned = OnCallStatement::Assigned(OnCallAssigned {
        id: "o1".into(),
        layer: "primary".into(),
        people: vec!["ana".into(), "ben".into()],
        handover: Some("daily 09:00".to_owned()),
        from: at(100),
        until: at(900_000),
        why: None,
        taken: false,
    });
    let ended = OnCallStatement::Ended(OnCallEnded { id: "o1".into(), layer: "primary".into() });
    assert_eq!(say(&store, "ana", 1, ended.clone()).await, Some(OnCallRefusal::NotAssigned("o1".into())));
    assert_eq!(say(&store, "ana (ssh)", 2, assigned.clone()).await, None);
    assert_eq!(say(&store, "ben", 3, assigned).await, Some(OnCallRefusal::Taken("o1".to_owned())));
    let record: AssignmentRecord = things(&store, ThingKind::OnCall).await[0].read().unwrap();
    assert_eq!((record.by.as_str(), record.at, record.end()), ("ana", at(2), at(900_000)));
    assert_eq!(say(&store, "ben", 200, ended.clone()).await, None);
    assert_eq!(say(&store, "ben", 300, ended).await, Some(OnCallRefusal::NotAssigned("o1".into())));
    let record: AssignmentRecord = things(&store, ThingKind::OnCall).await[0].read().unwrap();
    assert_eq!(record.end(), at(200));
    assert_eq!(store.compare().await.unwrap().differing, Vec::<String>::new());
    store.close().await;
}

async fn a_handover_is_accepted_by_one_person_only(fixture: &Fixture) {
    let store = fixture.open().await;
    let offered = |id: &str| {
        OnCallStatement::Offered(HandoverOffered {
            id: id.into(),
            layer: "primary".into(),
            who: "ana".into(),
            to: Some("ben".into()),
            from: at(0),
            until: at(1_000),
            next_until: at(2_000),
            text: vec!["# Handover".into(), "watch the disk".into()],
        })
    };
    let accepted = |who: &str| {
        let (id, who) = ("h1".into(), who.into());
        OnCallStatement::Accepted(HandoverAccepted { id, who, moved: vec!["api".into()], reopened: vec![] })
    };
    assert_eq!(say(&store, "ana", 900, offered("h1")).await, None);
    assert!(things(&store, ThingKind::Handover).await[0].open);
    let (one, other) = tokio::join!(say(&store, "ben", 950, accepted("ben")), say(&store, "eve", 950, accepted("eve")));
    let refusals: Vec<OnCallRefusal> = one.into_iter().chain(other).collect();
    assert_eq!(refusals, [OnCallRefusal::NotOffered("h1".into())]);
    let thing = things(&store, ThingKind::Handover).await.remove(0);
    let record: HandoverRecord = thing.read().unwrap();
    assert!(!thing.open && record.accepted.is_some() && record.said.text.len() == 2, "{record:?}");
    let withdrawn = OnCallStatement::Withdrawn(HandoverWithdrawn { id: "h1".into() });
    assert_eq!(say(&store, "ana", 960, withdrawn).await, Some(OnCallRefusal::NotOffered("h1".into())));
    assert_eq!(store.compare().await.unwrap().differing, Vec::<String>::new());
    store.close().await;
}
