//! What is put on record of a time that is over, as whoever acted then would have.
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "helpers end a test where they fail")]

use chrono::{DateTime, Utc};
use opsroom::model::fact::{NewFact, Statement};
use opsroom::model::lease::LeaseCandidate;
use opsroom::store::Store;
use opsroom::store::address::{ServerUrl, StoreAddress};
use opsroom::store::place::StoreLocation;

use super::team::Team;

/// A moment as it is written.
pub fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// What somebody said then.
pub fn fact(at: DateTime<Utc>, who: &str, said: Statement) -> NewFact {
    let id = format!("{:032x}", fastrand::u128(..));
    NewFact { id, at, who: who.to_owned(), host: "box".to_owned(), process: 1, late: false, said }
}

/// The store of a team, with the fence by which it may be written.
pub async fn held(team: &Team) -> (Store, u64) {
    let state = team.at.path().join("seed");
    let place = StoreLocation { at: at(&team.url), state: Some(state), host: "box".to_owned() };
    let store = Store::open(&place).await.unwrap();
    let candidate =
        LeaseCandidate { id: "w".into(), who: "w".into(), watcher: true, digest: "d".into(), looks_on: false };
    let fence = store.lease_turn(&candidate, Utc::now()).await.unwrap().fence().unwrap();
    (store, fence)
}

fn at(url: &str) -> StoreAddress {
    match url.strip_prefix("sqlite:") {
        Some(path) => StoreAddress::File(path.into()),
        None => StoreAddress::Server(ServerUrl::new(url).unwrap()),
    }
}
