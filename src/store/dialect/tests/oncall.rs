//! Who is on call by what people said, and handovers.

use super::*;
use crate::model::fact::{
    ContactPaged, ContactVerified, HandoverAccepted, HandoverOffered, HandoverWithdrawn, OnCallAssigned, OnCallEnded,
    OnCallStatement,
};
use crate::model::test_page;
use crate::model::thing::{AssignmentRecord, ContactRecord, HandoverRecord, StoredThing, ThingKind};
use crate::store::new_fact;
use crate::store::oncall::OnCallRefusal;
use crate::store::saying::RecordRefusal;

suite!(
    what_people_say_of_who_is_on_call_is_found_and_said_once,
    a_handover_is_accepted_by_one_person_only,
    a_test_page_is_confirmed_once_and_while_its_code_holds,
);

fn at(second: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + chrono::Duration::seconds(second)
}

async fn say(store: &Store, who: &str, second: i64, said: OnCallStatement) -> Option<RecordRefusal> {
    let draft = new_fact(at(second), who, "h", Statement::OnCall(said));
    store.say(&[draft]).await.unwrap().err()
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
    assert_eq!(
        say(&store, "ana", 1, ended.clone()).await,
        Some(RecordRefusal::OnCall(OnCallRefusal::NotAssigned("o1".into())))
    );
    assert_eq!(say(&store, "ana (ssh)", 2, assigned.clone()).await, None);
    assert_eq!(
        say(&store, "ben", 3, assigned).await,
        Some(RecordRefusal::OnCall(OnCallRefusal::Taken("o1".to_owned())))
    );
    let record: AssignmentRecord = things(&store, ThingKind::OnCall).await[0].read().unwrap();
    assert_eq!((record.by.as_str(), record.at, record.end()), ("ana", at(2), at(900_000)));
    assert_eq!(say(&store, "ben", 200, ended.clone()).await, None);
    assert_eq!(
        say(&store, "ben", 300, ended).await,
        Some(RecordRefusal::OnCall(OnCallRefusal::NotAssigned("o1".into())))
    );
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
            text: vec!["# Handover".into(), "watch the disk".into()].into(),
        })
    };
    let accepted = |who: &str| {
        let (id, who) = ("h1".into(), who.into());
        OnCallStatement::Accepted(HandoverAccepted { id, who, moved: vec!["api".into()], reopened: vec![] })
    };
    assert_eq!(say(&store, "ana", 900, offered("h1")).await, None);
    assert!(things(&store, ThingKind::Handover).await[0].open);
    let (one, other) = tokio::join!(say(&store, "ben", 950, accepted("ben")), say(&store, "eve", 950, accepted("eve")));
    let refusals: Vec<RecordRefusal> = one.into_iter().chain(other).collect();
    assert_eq!(refusals, [RecordRefusal::OnCall(OnCallRefusal::NotOffered("h1".into()))]);
    let thing = things(&store, ThingKind::Handover).await.remove(0);
    let record: HandoverRecord = thing.read().unwrap();
    assert!(!thing.open && record.accepted.is_some() && record.said.text.len() == 2, "{record:?}");
    let withdrawn = OnCallStatement::Withdrawn(HandoverWithdrawn { id: "h1".into() });
    assert_eq!(
        say(&store, "ana", 960, withdrawn).await,
        Some(RecordRefusal::OnCall(OnCallRefusal::NotOffered("h1".into())))
    );
    assert_eq!(store.compare().await.unwrap().differing, Vec::<String>::new());
    store.close().await;
}

async fn a_test_page_is_confirmed_once_and_while_its_code_holds(fixture: &Fixture) {
    let store = fixture.open().await;
    let paged = |id: &str, code: &str| {
        OnCallStatement::Paged(ContactPaged {
            id: id.into(),
            contact: "ana".into(),
            channel: "sms".into(),
            mark: test_page::mark(id, code),
            until: at(1_000),
        })
    };
    let verified = |page: &str| {
        let (contact, page, channel) = ("ana".into(), page.into(), "sms".into());
        OnCallStatement::Verified(ContactVerified { contact, page, channel })
    };
    let refused = Some(RecordRefusal::OnCall(OnCallRefusal::NoPage("ana".into())));
    assert_eq!(say(&store, "ana", 1, verified("t1")).await, refused);
    for (page, code) in [("t1", "AAAA-2222"), ("t2", "BBBB-3333")] {
        assert_eq!(say(&store, "ben", 2, paged(page, code)).await, None);
    }
    let record: ContactRecord = things(&store, ThingKind::Contact).await[0].read().unwrap();
    let page = |code: &str, second| record.page(code, at(second)).map(|page| page.id.to_string());
    assert_eq!((page("aaaa2222", 5), page("AAAA-3333", 5)), (Some("t1".to_owned()), None));
    assert_eq!(page("aaaa2222", 1_000), None, "its time is over");
    assert_eq!(say(&store, "ana.k (ssh)", 60, verified("t1")).await, None);
    assert_eq!(say(&store, "ana.k", 61, verified("t1")).await, refused, "once");
    assert_eq!(say(&store, "ana.k", 1_000, verified("t2")).await, refused, "too late");
    let record: ContactRecord = things(&store, ThingKind::Contact).await[0].read().unwrap();
    let known = record.verified.unwrap();
    assert_eq!((known.by.as_str(), known.sent_at, known.at), ("ana.k", at(2), at(60)));
    assert_eq!(record.pages.len(), 1);
    assert_eq!(store.compare().await.unwrap().differing, Vec::<String>::new());
    store.close().await;
}
