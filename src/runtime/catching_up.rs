//! Catching up with the store by sequence: what every console writes reaches this one, once and in its order.

use chrono::TimeDelta;
use tokio::sync::mpsc;

use super::effects::Tools;
use super::runs::RunService;
use crate::model::effect::RequestId;
use crate::model::fact::{Fact, NewFact};
use crate::model::outcome::Outcome;
use crate::model::thing::ThingKind;
use crate::store::StoreError;
use crate::store::history::{ChainPlace, FactPage};
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::timeline::MAX_ENTRIES;

/// How far back a console that starts looks for what happened.
const LATELY: TimeDelta = TimeDelta::hours(24);

/// How far the store was read. Kept while it is away, so that it is read on where that ended.
#[derive(Debug, Default)]
pub struct ReadTo {
    /// The id of the store.
    store: String,
    place: Option<ChainPlace>,
    /// Whether what was read is not in the store any more, and the locks that were held then are to be seen to.
    pub went_back: bool,
    /// The intents of runs that held a lock when it was read last.
    pub held: Vec<NewFact>,
}

/// What was read.
pub(super) struct News {
    /// What is to be told.
    outcome: Outcome,
    /// Up to where it was read.
    end: ChainPlace,
    /// Whether runs or locks are others than before.
    pub moves_runs: bool,
    /// Whether there may be more.
    pub is_full: bool,
}

impl ReadTo {
    /// The next facts; at first, and where the store is another than the one that was read, those of lately. `None`: there
    /// are none.
    pub(super) async fn next(&mut self, run_service: &RunService) -> Result<Option<News>, StoreError> {
        let store = run_service.store();
        if self.store != store.id() {
            self.went_back |= self.place.take().is_some();
            store.id().clone_into(&mut self.store);
        }
        if let Some(place) = &self.place
            && let Some(page) = store.facts_after(place).await?
        {
            let moves_runs = page.facts.iter().any(moves_runs);
            let FactPage { facts, end, is_full } = page;
            let is_news = end != *place;
            if is_news {
                store.has_seen(&end).await?;
            }
            return Ok(is_news.then_some(News { outcome: Outcome::Facts(facts), end, moves_runs, is_full }));
        }
        if let Some(place) = &self.place {
            // What was cut off is not lost.
            self.went_back |= !store.has_cut(place).await?;
        }
        let most = u32::try_from(MAX_ENTRIES).unwrap_or(u32::MAX);
        let page = store.lately(run_service.now() - LATELY, most).await?;
        store.has_seen(&page.end).await?;
        let outcome = Outcome::Remembered { lately: page.facts, head: page.end.seq };
        Ok(Some(News { outcome, end: page.end, moves_runs: true, is_full: false }))
    }

    /// Tells what was read, and reads on behind it. Waits while the console has much to take in.
    pub(super) async fn tell(&mut self, news: News, out: &mpsc::Sender<Outcome>) {
        out.send(news.outcome).await.ok();
        self.place = Some(news.end);
    }
}

fn moves_runs(fact: &Fact) -> bool {
    fact.said().touches().iter().any(|key| matches!(key.kind, ThingKind::Run | ThingKind::Lock))
}

impl Tools {
    /// Reads at which status these checks settled last.
    pub(super) async fn statuses(self, request: RequestId, checks: Vec<Name>) {
        let things = match self.run_service().await {
            Ok(run_service) => run_service.store().statuses(&checks).await.map_err(|error| error.explained()),
            Err(why) => Err(why.to_string()),
        };
        self.answer(match things {
            Ok(things) => Outcome::Statuses { request, checks, things },
            Err(why) => Outcome::RequestFailed { request, why: SafeText::new(&why) },
        })
        .await;
    }

    /// Reads which alerts fire, and which did lately.
    pub(super) async fn alerts(self, request: RequestId) {
        let things = match self.run_service().await {
            Ok(run_service) => run_service.store().alerts(run_service.now()).await.map_err(|error| error.explained()),
            Err(why) => Err(why.to_string()),
        };
        self.answer(match things {
            Ok(things) => Outcome::Alerts { request, things },
            Err(why) => Outcome::RequestFailed { request, why: SafeText::new(&why) },
        })
        .await;
    }

    /// Reads past runs and locks.
    pub(super) async fn load(self, request: RequestId) {
        let loaded = match self.run_service().await {
            Ok(run_service) => run_service.load().await.map_err(|error| SafeText::new(&error.to_string())),
            Err(why) => Err(why),
        };
        self.answer(match loaded {
            Ok((runs, locks)) => Outcome::RunsLoaded { request, runs, locks },
            Err(why) => Outcome::RequestFailed { request, why },
        })
        .await;
    }
}
