//! One poll: ask, judge, say what was seen.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::Value;

use crate::clock::Clock;
use crate::config::kinds::http::HttpRequest;
use crate::config::kinds::{Settings as _, SourceKind};
use crate::config::sections::check::Check;
use crate::lang::time::Stamp;
use crate::model::document::{PollError, Timing, number_at};
use crate::model::observation::Observation;
use crate::model::reading::{Reading, Sign};
use crate::text::SafeText;
use crate::text::secret::{Secrets, Template};

use super::exposition::{Fault, Scrape, Sum};
use super::http::{Body, Clients, Connection, Head, Prepared, Wants};
use super::jq::Evaluator;
use super::places::Places;
use super::{codes, command, metric, tcp};
use crate::sources::evaluate as judge;
use crate::sources::evaluate::Evaluation;
use crate::sources::targets as plan;
use crate::sources::targets::Watched;

/// How large an exposition may be, at the least: it is read while it streams, so that its size costs nothing.
const MAX_EXPOSITION: usize = 64 << 20;

/// How large a body may be to be parsed at once, in bytes.
const PARSED_HERE: usize = 64 << 10;

/// What polls share: connections, expressions, places.
#[derive(Debug, Clone)]
pub(crate) struct Poller {
    clock: Clock,
    secrets: Arc<Secrets>,
    clients: Arc<Clients>,
    evaluator: Arc<Evaluator>,
    places: Arc<Places>,
}

/// Which connection a poll may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    /// As the configuration says: a new one, except with `keep_alive` or where no check judges the source.
    AsConfigured,
    /// A new one: for who asks now, and for the verification of an action.
    Fresh,
}

/// What came of one poll.
#[derive(Debug)]
pub(crate) struct Polled {
    /// Readings and samples.
    pub observations: Vec<Observation>,
    /// Nothing answered: this may be our own network.
    pub unreachable: bool,
}

/// One poll with what it was made of: for a person who wants to see what came.
#[derive(Debug)]
pub(crate) struct Seen {
    /// What came of it.
    pub polled: Polled,
    /// The document, or why there is none.
    pub answer: Result<Arc<Value>, PollError>,
    /// Its moments.
    pub timing: Timing,
}

/// An answer, of whatever kind of source.
struct Answer {
    document: Arc<Value>,
    phases: Vec<(&'static str, f64)>,
    sums: Vec<Sum>,
    fault: Option<Fault>,
}

impl Poller {
    /// A poller with no connections yet.
    pub(crate) fn new(clock: Clock, secrets: Arc<Secrets>) -> Self {
        Self { clock, secrets, clients: Arc::default(), evaluator: Arc::default(), places: Arc::default() }
    }

    /// The same with other secrets.
    #[must_use]
    pub(crate) fn with_secrets(&self, secrets: Arc<Secrets>) -> Self {
        Self { secrets, ..self.clone() }
    }

    /// Polls a source that was due at `scheduled`.
    pub(crate) async fn poll(&self, watched: &Watched, scheduled: Stamp, over: Over) -> Polled {
        self.poll_seen(watched, scheduled, over).await.polled
    }

    /// As [`Poller::poll`], with the document itself.
    pub(crate) async fn poll_seen(&self, watched: &Watched, scheduled: Stamp, over: Over) -> Seen {
        watched.begun.store(false, Ordering::Relaxed);
        // The latency of the service begins when the poll has its place; what it waited until then is ours.
        let poll = async {
            watched.begun.store(true, Ordering::Relaxed);
            self.in_place(watched, scheduled, over).await
        };
        self.places.run(&watched.record, plan::is_command(&watched.source), poll).await
    }

    async fn in_place(&self, watched: &Watched, scheduled: Stamp, over: Over) -> Seen {
        let sent = self.clock.now();
        let cold = watched.may_be_cold(sent);
        let timeout = match watched.source.cold_start {
            Some(cold_start) if cold => cold_start.max(watched.source.timeout),
            _ => watched.source.timeout,
        };
        let answer = self.ask(watched, timeout, over).await;
        let timing = Timing { scheduled, sent, ended: self.clock.now() };
        watched.record.ended(matches!(answer, Err(PollError::Timeout(..))));
        let asleep = cold && looks_asleep(&answer);
        watched.ended(sent, answer.is_ok() && !asleep);
        let mut observations = Vec::with_capacity(watched.checks.len() + watched.metrics.len());
        for judged in &watched.checks {
            let mut verdict = match &answer {
                Ok(answer) => judge::judge(judged, &watched.source.kind, &answer.document, &self.evaluator).await,
                Err(error) => judge::without_answer(judged, error),
            };
            if cold {
                warm_up(&mut verdict, &timing, watched.source.timeout, asleep);
            }
            observations.push(Observation::Reading(Box::new(Reading {
                check: judged.check.name.clone(),
                timing,
                sign: verdict.sign,
                error: verdict.error,
                timed_out: matches!(answer, Err(PollError::Timeout(..))),
                components: verdict.components,
                version: verdict.version,
                fields: answer
                    .as_ref()
                    .map(|answer| asked_numbers(&judged.check, &answer.document))
                    .unwrap_or_default(),
                phases: answer.as_ref().map(|answer| answer.phases.clone()).unwrap_or_default(),
            })));
        }
        let samples = match &answer {
            Ok(answer) => {
                metric::samples(&watched.metrics, timing.ended, &answer.document, &answer.sums, &self.evaluator).await
            }
            Err(error) => metric::without_answer(&watched.metrics, timing.ended, error),
        };
        observations.extend(samples.into_iter().map(Observation::Sample));
        if let Ok(Answer { fault: Some(fault), .. }) = &answer
            && watched.is_first_warning()
        {
            let text = SafeText::new(&format!("parts of the exposition could not be read: {fault}"));
            observations.push(Observation::Warning { name: watched.label.clone(), text });
        }
        let unreachable = matches!(answer, Err(PollError::Timeout(..) | PollError::Failed(_) | PollError::Dropped(_)));
        let polled = Polled { observations, unreachable };
        Seen { polled, answer: answer.map(|answer| answer.document), timing }
    }

    async fn ask(&self, watched: &Watched, timeout: Duration, over: Over) -> Result<Answer, PollError> {
        match &watched.source.kind {
            SourceKind::Http(request) => {
                const ACCEPT: &str = "application/json, text/plain;q=0.9, */*;q=0.8";
                let prepared = self.prepared(watched, request, ACCEPT)?;
                let mut body = Body::up_to(request.max_body);
                let connection = connection(watched, request, over);
                let head = prepared.send(&self.clients, connection, self.clock, timeout, &mut body).await?;
                self.doubt_secrets(head.status, request);
                let phases = head.phases.clone();
                let document = document(head, body, watched.wants).await;
                Ok(Answer { document: Arc::new(document), phases, sums: Vec::new(), fault: None })
            }
            SourceKind::Exposition(request) => self.scrape(watched, request, timeout, over).await,
            SourceKind::Command(line) => {
                let document = command::run(line, timeout, &self.secrets, self.clock).await?;
                Ok(plain(document))
            }
            SourceKind::Tcp(target) => {
                let connected = tcp::connect(&target.host, target.port, timeout, self.clock).await?;
                Ok(Answer { phases: connected.phases(), ..plain(connected.document()) })
            }
        }
    }

    /// A request that is refused may have been made with secrets that were rotated since.
    fn doubt_secrets(&self, status: u16, request: &HttpRequest) {
        if matches!(status, 401 | 403 | 407) {
            self.secrets.report_refused(request.templates().into_iter().flat_map(Template::secrets));
        }
    }

    /// The request of a source, made ready once.
    fn prepared<'a>(
        &self,
        watched: &'a Watched,
        request: &HttpRequest,
        accept: &'static str,
    ) -> Result<&'a Prepared, PollError> {
        let make = || Prepared::new(request, &self.secrets, accept, watched.wants.tls);
        watched.prepared.get_or_init(make).as_ref().map_err(Clone::clone)
    }

    async fn scrape(
        &self,
        watched: &Watched,
        request: &HttpRequest,
        timeout: Duration,
        over: Over,
    ) -> Result<Answer, PollError> {
        const ACCEPT: &str =
            "application/openmetrics-text;version=1.0.0;q=0.9,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        let prepared = self.prepared(watched, request, ACCEPT)?;
        let mut scrape = Scrape::new(watched.selectors(), request.max_body.max(MAX_EXPOSITION));
        let connection = connection(watched, request, over);
        let head = prepared.send(&self.clients, connection, self.clock, timeout, &mut scrape).await?;
        self.doubt_secrets(head.status, request);
        if !(200..300).contains(&head.status) {
            return Err(PollError::Failed(SafeText::new(&codes::words(head.status.into()))));
        }
        if let Some(why) = &head.undecoded {
            return Err(PollError::Unreadable(SafeText::new(why)));
        }
        let (document, sums, fault) = scrape.finish(head.total_ms())?;
        Ok(Answer { document: Arc::new(document), phases: head.phases, sums, fault })
    }
}

/// A large body is parsed elsewhere: the other polls share this thread, and their latencies would show it.
async fn document(head: Head, body: Body, wants: Wants) -> Value {
    if body.len() <= PARSED_HERE {
        return head.document(&body, wants);
    }
    tokio::task::spawn_blocking(move || head.document(&body, wants)).await.unwrap_or_default()
}

fn plain(document: Value) -> Answer {
    Answer { document: Arc::new(document), phases: Vec::new(), sums: Vec::new(), fault: None }
}

/// A source that nothing judges may keep its connection: nobody takes its answers for the health of a service.
fn connection(watched: &Watched, request: &HttpRequest, over: Over) -> Connection {
    let keep = request.keep_alive.unwrap_or(watched.checks.is_empty());
    if keep && over == Over::AsConfigured { Connection::Kept } else { Connection::Fresh }
}

/// What the proxy in front of a sleeping service answers while that wakes up: 502 to 504 without a word of the service
/// itself, or a connection that is broken off. A name that is unknown, a connection that is refused, a certificate and any
/// other code say nothing of sleep: they fail as ever.
fn looks_asleep(answer: &Result<Answer, PollError>) -> bool {
    match answer {
        Ok(Answer { document, .. }) => {
            matches!(document.get("status").and_then(Value::as_u64), Some(502..=504))
                && codes::health(document).is_none()
        }
        Err(error) => matches!(error, PollError::Dropped(_)),
    }
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
