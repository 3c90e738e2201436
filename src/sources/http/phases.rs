//! Where a request is: so that a timeout can say what it waited for, and a slow answer which part was slow.
//!
//! The HTTP client has no such hooks, but it lets us bring our own resolver and wrap its connector. Both find the
//! request that they work for in a task-local value, because they run within that request's own task.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tower_layer::Layer;
use tower_service::Service;

use crate::clock::Clock;
use crate::lang::time::Stamp;
use crate::model::document::PollError;
use crate::sources::resolver::{self, Failure};
use crate::text::SafeText;

tokio::task_local! {
    static CURRENT: Arc<Phases>;
}

const SENDING: u8 = 0;
const RESOLVING: u8 = 1;
const CONNECTING: u8 = 2;
const SHAKING_HANDS: u8 = 3;
const WAITING: u8 = 4;
const READING: u8 = 5;
const QUEUED: u8 = 6;

/// The phases of one request. Times are in microseconds; zero is "did not happen".
#[derive(Debug)]
pub(super) struct Phases {
    clock: Clock,
    began: Stamp,
    phase: AtomicU8,
    dns: AtomicU64,
    connect: AtomicU64,
    tls: AtomicU64,
    /// When the handshake of the connection that is being made began, since `began`.
    tls_began: AtomicU64,
    connections: AtomicU32,
}

impl Phases {
    pub(super) fn new(clock: Clock) -> Arc<Self> {
        Arc::new(Self {
            clock,
            began: clock.now(),
            phase: AtomicU8::new(SENDING),
            dns: AtomicU64::new(0),
            connect: AtomicU64::new(0),
            tls: AtomicU64::new(0),
            tls_began: AtomicU64::new(0),
            connections: AtomicU32::new(0),
        })
    }

    /// Runs a request under these phases.
    pub(super) async fn within<F: Future>(self: &Arc<Self>, request: F) -> F::Output {
        CURRENT.scope(Arc::clone(self), request).await
    }

    /// The answer's head has come.
    pub(super) fn reading(&self) {
        self.phase.store(READING, Ordering::Relaxed);
    }

    /// What it means that the time is over: what was waited for follows "no answer within 5s".
    pub(super) fn timed_out(&self, timeout: Duration) -> PollError {
        let words = match self.phase.load(Ordering::Relaxed) {
            QUEUED => return PollError::Ours(SafeText::new(&resolver::system().busy())),
            RESOLVING => format!("while looking up the name: {}", resolver::system().silent()).into(),
            CONNECTING => "while connecting".into(),
            SHAKING_HANDS => "during the TLS handshake".into(),
            READING => "while reading the body".into(),
            _ => "after the request was sent".into(),
        };
        PollError::Timeout(timeout, words)
    }

    /// How many connections were made so far. A request that made none went over one that was kept.
    pub(super) fn connections(&self) -> u32 {
        self.connections.load(Ordering::Relaxed)
    }

    /// Milliseconds of `dns`, `connect` and `tls`, as far as they happened.
    pub(super) fn milliseconds(&self) -> impl Iterator<Item = (&'static str, f64)> {
        let read = |cell: &AtomicU64| cell.load(Ordering::Relaxed);
        // What is measured of connecting includes the look-up of the name.
        let connect = read(&self.connect).saturating_sub(read(&self.dns)).max(u64::from(read(&self.connect) > 0));
        [("dns", read(&self.dns)), ("connect", connect), ("tls", read(&self.tls))]
            .into_iter()
            .filter(|(_, micros)| *micros > 0)
            .map(|(name, micros)| (name, micros as f64 / 1000.0))
    }

    fn micros_since_began(&self) -> u64 {
        micros(self.clock.now().since(self.began))
    }

    fn add(cell: &AtomicU64, took: Duration) {
        cell.fetch_add(micros(took), Ordering::Relaxed);
    }
}

/// At least one: zero is "did not happen".
fn micros(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1)
}

/// The connection of the current request is there, and its TLS handshake begins.
pub(super) fn tls_begins() {
    let _ = CURRENT.try_with(|phases| {
        phases.tls_began.store(phases.micros_since_began(), Ordering::Relaxed);
        phases.phase.store(SHAKING_HANDS, Ordering::Relaxed);
    });
}

/// The resolver of this process, timed.
pub(super) struct TimedResolver;

/// A name that could not be resolved: found again in the error's chain to say so in words.
#[derive(Debug, thiserror::Error)]
#[error("the name {host} could not be looked up")]
pub(super) struct ResolveError {
    pub(super) host: String,
    pub(super) failure: Failure,
}

impl Resolve for TimedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let phases = CURRENT.try_with(Arc::clone).ok();
        let host = name.as_str().to_owned();
        Box::pin(async move {
            let enter = |phase| {
                if let Some(phases) = &phases {
                    phases.phase.store(phase, Ordering::Relaxed);
                }
            };
            let started = phases.as_ref().map(|phases| phases.clock.now());
            enter(QUEUED);
            let found = resolver::system().lookup(&host, || enter(RESOLVING)).await;
            enter(CONNECTING);
            if let (Some(phases), Some(started)) = (&phases, started) {
                Phases::add(&phases.dns, phases.clock.now().since(started));
            }
            match found {
                Ok(addresses) => Ok(Box::new(addresses.into_iter()) as Addrs),
                Err(failure) => Err(ResolveError { host, failure }.into()),
            }
        })
    }
}

/// Times the connector.
#[derive(Clone)]
pub(super) struct TimeConnections;

impl<S> Layer<S> for TimeConnections {
    type Service = TimedConnector<S>;

    fn layer(&self, inner: S) -> TimedConnector<S> {
        TimedConnector(inner)
    }
}

/// A connector that says when it began and ended.
#[derive(Clone)]
pub(super) struct TimedConnector<S>(S);

impl<S, Request> Service<Request> for TimedConnector<S>
where
    S: Service<Request>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let phases = CURRENT.try_with(Arc::clone).ok();
        let connecting = self.0.call(request);
        Box::pin(async move {
            let Some(phases) = phases else { return connecting.await };
            phases.phase.store(CONNECTING, Ordering::Relaxed);
            phases.tls_began.store(0, Ordering::Relaxed);
            let started = phases.clock.now();
            let connected = connecting.await;
            let mut took = phases.clock.now().since(started);
            let tls_began = phases.tls_began.load(Ordering::Relaxed);
            if tls_began > 0 {
                let tls = Duration::from_micros(phases.micros_since_began().saturating_sub(tls_began)).min(took);
                Phases::add(&phases.tls, tls);
                took -= tls;
            }
            Phases::add(&phases.connect, took);
            phases.connections.fetch_add(1, Ordering::Relaxed);
            phases.phase.store(WAITING, Ordering::Relaxed);
            connected
        })
    }
}
