//! Who is here: a row for each, which goes with its process or when it says nothing more.

use super::*;
use crate::model::presence::{Presence, PresenceView};
use crate::text::SafeText;

suite!(one_is_seen_by_others_until_it_leaves, who_says_nothing_is_gone_and_its_row_goes_with_the_next_word);

fn presence(who: &str, pid: u32, screen: &str, second: i64) -> Presence {
    let since = DateTime::UNIX_EPOCH + chrono::Duration::seconds(second);
    let (who, host, screen) = (SafeText::new(who), SafeText::new("box"), SafeText::new(screen));
    Presence { who, host, pid, watcher: screen.as_str().is_empty(), screen, since, view: PresenceView::default() }
}

fn names(present: &[Presence]) -> Vec<(&str, &str)> {
    present.iter().map(|one| (one.name(), one.screen.as_str())).collect()
}

/// Lets time pass for what is kept.
async fn pass(fixture: &Fixture, seconds: i64) {
    fixture.by_hand(&format!("UPDATE keep SET written_at = written_at - {}", seconds * 1_000)).await.unwrap();
}

async fn one_is_seen_by_others_until_it_leaves(fixture: &Fixture) {
    let store = fixture.open().await;
    assert_eq!(store.present(None).await.unwrap(), []);
    store.announce_presence("box.2.b", &presence("ben (ssh from 10.0.0.5)", 2, "logs", 20)).await.unwrap();
    store.announce_presence("box.1.a", &presence("ana", 1, "overview", 10)).await.unwrap();
    assert_eq!(names(&store.present(Some("box.1.a")).await.unwrap()), [("ben", "logs")]);
    assert_eq!(names(&store.present(None).await.unwrap()), [("ana", "overview"), ("ben", "logs")]);
    store.announce_presence("box.2.b", &presence("ben", 2, "alerts", 20)).await.unwrap();
    assert_eq!(names(&store.present(Some("box.1.a")).await.unwrap()), [("ben", "alerts")]);
    let chain = chain_of(&store).await.len();
    store.withdraw_presence("box.2.b").await.unwrap();
    assert_eq!(store.present(Some("box.1.a")).await.unwrap(), []);
    assert_eq!(chain_of(&store).await.len(), chain, "none of it is a fact");
    // What is kept under other names, or says nothing that can be read, is nobody.
    store.dialect.put(Guard::Free, &[Side::Keep("present", b"{}"), Side::Keep("present.x", b"{]")]).await.unwrap();
    assert_eq!(store.present(Some("box.1.a")).await.unwrap(), []);
    let checked = store.check().await.unwrap();
    assert!(checked.is_sound(), "{checked:?}");
    store.close().await;
}

async fn who_says_nothing_is_gone_and_its_row_goes_with_the_next_word(fixture: &Fixture) {
    let store = fixture.open().await;
    store.announce_presence("box.1.a", &presence("ana", 1, "overview", 10)).await.unwrap();
    pass(fixture, 15).await;
    store.announce_presence("box.2.b", &presence("ben", 2, "logs", 20)).await.unwrap();
    assert_eq!(store.present(None).await.unwrap().len(), 2);
    pass(fixture, 10).await;
    assert_eq!(names(&store.present(None).await.unwrap()), [("ben", "logs")], "ana was killed 25 s ago");
    assert_eq!(store.dialect.kept_below("present.").await.unwrap().len(), 2);
    store.announce_presence("box.2.b", &presence("ben", 2, "logs", 20)).await.unwrap();
    assert_eq!(store.dialect.kept_below("present.").await.unwrap().len(), 1, "rows do not pile up");
    store.close().await;
}
