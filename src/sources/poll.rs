//! One poll: ask, judge, say what was seen.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use serde_json::Value;

use super::evaluate::{Evaluation, evaluate, without_answer};
use super::http::Clients;
use super::jq::Evaluator;
use super::kinds::simulated::SimulatedTime;
use super::kinds::{Answer, Ask};
use super::masks::Masks;
use super::metric;
use super::places::Places;
use super::targets::Watched;
use crate::clock::Clock;
use crate::config::sections::check::Check;
use crate::lang::time::Stamp;
use crate::model::document::{PollError, Timing, number_at};
use crate::model::observation::Observation;
use crate::model::reading::{Reading, Sign};
use crate::text::SafeText;
use crate::text::secret::Secrets;

pub(crate) use super::kinds::Over;

/// What polls share: connections, expressions, places.
#[derive(Debug, Clone)]
pub(crate) struct Poller {
    clock: Clock,
    /// What takes the place of the clock in a simulation.
    simulated: Option<SimulatedTime>,
    secrets: Arc<Secrets>,
    masks: Masks,
    clients: Arc<Clients>,
    evaluator: Arc<Evaluator>,
    places: Arc<Places>,
}

/// What came of one poll.
#[derive(Debug)]
pub(crate) struct Polled {
    /// Readings and samples, without secrets.
    pub observations: Vec<Observation>,
    /// Nothing answered: this may be our own network.
    pub unreachable: bool,
}

/// One poll with what it was made of: for a person who wants to see what came.
#[derive(Debug)]
pub(crate) struct InspectedPoll {
    /// What came of it.
    pub polled: Polled,
    /// The document as it came, or why there is none. It may hold secrets.
    pub answer: Result<Arc<Value>, PollError>,
    /// Its moments.
    pub timing: Timing,
}

/// Whether a poll may have woken a service up.
#[derive(Debug, Clone, Copy)]
struct Waking {
    /// The service may have been asleep.
    cold: bool,
    /// It still seems to be.
    asleep: bool,
}

impl Poller {
    /// A poller with no connections yet.
    pub(crate) fn new(clock: Clock, secrets: Arc<Secrets>) -> Self {
        let (clients, evaluator, places) = Default::default();
        let masks = Masks::fixed(Arc::clone(&secrets));
        Self { clock, simulated: None, secrets, masks, clients, evaluator, places }
    }

    /// A poller of simulated sources, at the time of the simulation.
    pub(crate) fn simulated(time: SimulatedTime) -> Self {
        Self { simulated: Some(time), ..Self::new(Clock::start(), Arc::default()) }
    }

    fn now(&self) -> Stamp {
        self.simulated.as_ref().map_or_else(|| self.clock.now(), SimulatedTime::now)
    }

    /// The same with other secrets.
    #[must_use]
    pub(crate) fn with_secrets(&self, secrets: Arc<Secrets>) -> Self {
        Self { secrets, ..self.clone() }
    }

    /// The same, with what it saw masked so. Else it is masked with the secrets that polls are made with.
    #[must_use]
    pub(crate) fn masking(self, masks: Masks) -> Self {
        Self { masks, ..self }
    }

    /// What masks what it saw.
    pub(crate) const fn masks(&self) -> &Masks {
        &self.masks
    }

    /// Polls a source that was due at `scheduled`.
    pub(crate) async fn poll(&self, watched: &Watched, scheduled: Stamp, over: Over) -> Polled {
        self.poll_seen(watched, scheduled, over).await.polled
    }

    /// As [`Poller::poll`], with the document itself.
    pub(crate) async fn poll_seen(&self, watched: &Watched, scheduled: Stamp, over: Over) -> InspectedPoll {
        watched.begun.store(false, Ordering::Relaxed);
        // The latency of the service begins when the poll has its place; what it waited until then is ours.
        let poll = async {
            watched.begun.store(true, Ordering::Relaxed);
            // On the heap from here: thousands may wait for a place at once, and what asks takes four kilobytes.
            Box::pin(self.in_place(watched, scheduled, over)).await
        };
        let mut seen = self.places.run(&watched.record, watched.kind.pool(), poll).await;
        seen.polled.observations = self.masks.mask(seen.polled.observations).await;
        seen
    }

    async fn in_place(&self, watched: &Watched, scheduled: Stamp, over: Over) -> InspectedPoll {
        let sent = self.now();
        let cold = watched.may_be_cold(sent);
        let timeout = match watched.source.cold_start {
            Some(cold_start) if cold => cold_start.max(watched.source.timeout),
            _ => watched.source.timeout,
        };
        let ask = Ask {
            clients: &self.clients,
            secrets: &self.secrets,
            clock: self.clock,
            timeout,
            over,
            selectors: watched.selectors(),
        };
        let answer = watched.kind.fetch(ask).await;
        let timing = Timing { scheduled, sent, ended: self.now() };
        watched.record.ended(matches!(answer, Err(PollError::Timeout(..))));
        let asleep = cold
            && match &answer {
                Ok(answer) => watched.kind.looks_asleep(&answer.document),
                // A name that is unknown, a connection that is refused, a certificate: they say nothing of sleep.
                Err(error) => matches!(error, PollError::Dropped(_)),
            };
        watched.ended(sent, answer.is_ok() && !asleep);
        let observations = self.observe(watched, &answer, timing, Waking { cold, asleep }).await;
        let unreachable = matches!(answer, Err(PollError::Timeout(..) | PollError::Failed(_) | PollError::Dropped(_)));
        let polled = Polled { observations, unreachable };
        InspectedPoll { polled, answer: answer.map(|answer| answer.document), timing }
    }

    /// Every reading and sample of an answer.
    async fn observe(
        &self,
        watched: &Watched,
        answer: &Result<Answer, PollError>,
        timing: Timing,
        waking: Waking,
    ) -> Vec<Observation> {
        let mut observations = Vec::with_capacity(watched.checks.len() + watched.metrics.len());
        for check in &watched.checks {
            let mut verdict = match answer {
                Ok(answer) => evaluate(check, &*watched.kind, &answer.document, &self.evaluator).await,
                Err(error) => without_answer(check, error),
            };
            if waking.cold {
                warm_up(&mut verdict, &timing, watched.source.timeout, waking.asleep);
            }
            observations.push(Observation::Reading(Box::new(Reading {
                check: check.name.clone(),
                timing,
                sign: verdict.sign,
                error: verdict.error,
                answered: answer.is_ok(),
                components: verdict.components,
                version: verdict.version,
                fields: answer.as_ref().map(|answer| asked_numbers(check, &answer.document)).unwrap_or_default(),
                phases: answer.as_ref().map(|answer| answer.phases.clone()).unwrap_or_default(),
            })));
        }
        let samples = match answer {
            Ok(answer) => {
                metric::samples(&watched.metrics, timing.ended, &answer.document, &answer.sums, &self.evaluator).await
            }
            Err(error) => metric::without_answer(&watched.metrics, timing.ended, error),
        };
        observations.extend(samples.into_iter().map(Observation::Sample));
        observations.extend(peer_changes(watched, answer));
        if let Ok(Answer { fault: Some(fault), .. }) = answer
            && watched.is_first_warning()
        {
            let text = SafeText::new(&format!("parts of the exposition could not be read: {fault}"));
            observations.push(Observation::Warning { name: watched.label.clone(), text });
        }
        observations
    }
}

/// Who answered the first of the checks, where that is another one than before.
fn peer_changes(watched: &Watched, answer: &Result<Answer, PollError>) -> Vec<Observation> {
    let (Ok(answer), Some(check)) = (answer, watched.checks.first()) else { return Vec::new() };
    let changes = watched.peer.lock().unwrap_or_else(PoisonError::into_inner).look(&answer.document);
    let said = |(part, before, after)| Observation::PeerChanged { check: check.name.clone(), part, before, after };
    changes.into_iter().map(said).collect()
}

/// A first answer that is slow, or an edge that says "not yet", is a cold start and no outage. A service that is not
/// awake when its time is over is judged as any other.
fn warm_up(verdict: &mut Evaluation, timing: &Timing, usual: Duration, asleep: bool) {
    let slow = timing.latency() > usual;
    if asleep && verdict.sign == Sign::Bad {
        verdict.sign = Sign::Cold;
    } else if slow && matches!(verdict.sign, Sign::Good | Sign::Degraded) {
        verdict.sign = Sign::Cold;
        verdict.error = Some(SafeText::new(&format!("woke up in {:.1} s", timing.latency().as_secs_f64())));
    }
}

/// The numbers of a document that the alert conditions of a check compare.
fn asked_numbers(check: &Check, document: &Value) -> BTreeMap<String, f64> {
    let fields = check.alerts.iter().filter_map(|(_, condition)| condition.field());
    fields.filter_map(|field| number_at(document, field).map(|number| (field.to_owned(), number))).collect()
}
