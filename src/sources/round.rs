//! Polling everything once, outside the scheduler: for `opsroom status` and for the verification of actions.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use crate::model::observation::Observation;
use crate::text::name::Name;
use crate::text::secret::Secrets;

use super::masks::Masks;
use super::poll::{Over, Poller};
use super::polls;
use super::targets::{Watched, poll_targets};
use super::{Latest, SourceContext};
use crate::sources::logs::count::count_once;

/// How long an answer waits for secrets that its source does not need: they may be in it all the same.
const PATIENCE: Duration = Duration::from_secs(2);

/// Sources that are polled in rounds, every time over new connections. Counters and warmth are kept from one round to
/// the next.
#[derive(Debug)]
pub struct Round {
    context: SourceContext,
    poller: Poller,
    watched: Vec<Watched>,
    names: Vec<Name>,
    secrets: Option<Latest>,
}

impl Round {
    /// The sources of what is named (checks, sources or metrics; none means all).
    pub fn new(context: &SourceContext, names: &[Name]) -> Self {
        let mut watched = poll_targets(&context.config);
        watched.retain(|watched| names.is_empty() || names.iter().any(|name| watched.is_called(name)));
        let poller = Poller::new(context.clock, Arc::clone(&context.secrets));
        Self { context: context.clone(), poller, watched, names: names.to_vec(), secrets: None }
    }

    /// The same with secrets that are still being fetched: each source waits for its own alone.
    #[must_use]
    pub(crate) fn with_secrets(self, secrets: Latest) -> Self {
        let masks = Masks::new(secrets.clone()).patient(PATIENCE);
        Self { poller: self.poller.masking(masks), secrets: Some(secrets), ..self }
    }

    /// Asks every source once, many at the same time, and gives what was seen, in the order of the configuration, and
    /// after it what was counted in logs; nothing where the context is cancelled meanwhile.
    pub async fn poll(&self) -> Vec<Observation> {
        let counted = count_once(&self.context, &self.names);
        self.unless_cancelled(async {
            let (mut polled, counted) = tokio::join!(self.sources(), counted);
            polled.extend(self.poller.masks().mask(counted).await);
            polled
        })
        .await
    }

    /// Whether our own network is reachable; `None` where no `self_check` says how to tell. Without it the answers of a
    /// round say nothing of the services.
    pub(crate) async fn link(&self) -> Option<Observation> {
        let target = self.context.config.console.self_check.as_ref()?;
        let result = polls::self_check(target, self.context.clock).await;
        self.poller.masks().mask(vec![polls::connectivity(&result)]).await.pop()
    }

    async fn sources(&self) -> Vec<Observation> {
        // All at once: the poller has places for so many as there may be.
        join_all(self.watched.iter().map(|watched| self.one(watched))).await.concat()
    }

    async fn unless_cancelled(&self, work: impl Future<Output = Vec<Observation>>) -> Vec<Observation> {
        tokio::select! {
            () = self.context.cancel.cancelled() => Vec::new(),
            observations = work => observations,
        }
    }

    async fn one(&self, watched: &Watched) -> Vec<Observation> {
        let poller = match &self.secrets {
            Some(latest) => self.poller.with_secrets(settled(latest.clone(), &watched.secrets()).await),
            None => self.poller.clone(),
        };
        poller.poll(watched, self.context.clock.now(), Over::Fresh).await.observations
    }
}

/// The secrets, when those that are named are here or can't be had.
pub(crate) async fn settled(mut latest: Latest, names: &[&str]) -> Arc<Secrets> {
    let settles = |secrets: &Option<Arc<Secrets>>| {
        secrets.as_ref().is_some_and(|secrets| !names.iter().any(|name| secrets.is_pending(name)))
    };
    let settled = latest.wait_for(settles).await.ok().and_then(|secrets| secrets.clone());
    // Where whoever fetches them is gone, nothing comes any more: what is known is all.
    settled.or_else(|| latest.borrow().clone()).unwrap_or_default()
}

/// Asks what is named (checks, sources or metrics; none means all) once. Logs are not counted, which may take
/// long. Nothing goes to `context.out`.
pub async fn poll_once(context: &SourceContext, names: &[Name]) -> Vec<Observation> {
    let round = Round::new(context, names);
    round.unless_cancelled(round.sources()).await
}
