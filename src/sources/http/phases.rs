//! Where a request is: so that a timeout can say what it waited for, and a slow answer which part was slow.
//!
//! The HTTP client has no such hooks, but it lets us bring our own resolver and wrap its connector. Both find the
//! request that they work for in a task-local value, because they run within that request's own task.

use std::future::Future;
use std::net::ToSocketAddrs;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tower_layer::Layer;
use tower_service::Service;

use crate::clock::Clock;

tokio::task_local! {
    static CURRENT: Arc<Phases>;
}

const SENDING: u8 = 0;
const RESOLVING: u8 = 1;
const CONNECTING: u8 = 2;
const WAITING: u8 = 3;
const READING: u8 = 4;

/// The phases of one request. Times are in microseconds; zero is "did not happen".
#[derive(Debug)]
pub(super) struct Phases {
    clock: Clock,
    phase: AtomicU8,
    dns: AtomicU64,
    connect: AtomicU64,
}

impl Phases {
    pub(super) fn new(clock: Clock) -> Arc<Self> {
        Arc::new(Self { clock, phase: AtomicU8::new(SENDING), dns: AtomicU64::new(0), connect: AtomicU64::new(0) })
    }

    /// Runs a request under these phases.
    pub(super) async fn within<F: Future>(self: &Arc<Self>, request: F) -> F::Output {
        CURRENT.scope(Arc::clone(self), request).await
    }

    /// The answer's head has come.
    pub(super) fn reading(&self) {
        self.phase.store(READING, Ordering::Relaxed);
    }

    /// What is being waited for, in words that follow "no answer within 5s".
    pub(super) fn words(&self) -> &'static str {
        match self.phase.load(Ordering::Relaxed) {
            RESOLVING => "while looking up the name",
            CONNECTING => "while connecting",
            READING => "while reading the body",
            _ => "after the request was sent",
        }
    }

    /// Milliseconds of name resolution and of connecting (with TLS, where there is), where these happened.
    pub(super) fn milliseconds(&self) -> (Option<f64>, Option<f64>) {
        let read = |cell: &AtomicU64| match cell.load(Ordering::Relaxed) {
            0 => None,
            micros => Some(micros as f64 / 1000.0),
        };
        let (dns, connect) = (read(&self.dns), read(&self.connect));
        (dns, connect.map(|connect| (connect - dns.unwrap_or(0.0)).max(0.0)))
    }

    fn add(cell: &AtomicU64, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
        cell.fetch_add(micros, Ordering::Relaxed);
    }
}

/// The system's resolver, timed.
pub(super) struct SystemResolver;

/// A name that could not be resolved: found again in the error's chain to say so in words.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub(super) struct ResolveError {
    pub(super) host: String,
    pub(super) reason: String,
}

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let phases = CURRENT.try_with(Arc::clone).ok();
        let host = name.as_str().to_owned();
        Box::pin(async move {
            let started = phases.as_ref().map(|phases| {
                phases.phase.store(RESOLVING, Ordering::Relaxed);
                phases.clock.now()
            });
            let asked = host.clone();
            // `getaddrinfo` blocks; it can't be cancelled and ends on its own.
            let found =
                tokio::task::spawn_blocking(move || (asked.as_str(), 0).to_socket_addrs().map(Vec::from_iter)).await;
            if let (Some(phases), Some(started)) = (phases, started) {
                Phases::add(&phases.dns, phases.clock.now().since(started));
                phases.phase.store(CONNECTING, Ordering::Relaxed);
            }
            let reason = match found {
                Ok(Ok(addresses)) if !addresses.is_empty() => return Ok(Box::new(addresses.into_iter()) as Addrs),
                Ok(Ok(_)) => "no address".to_owned(),
                Ok(Err(error)) => error.to_string(),
                Err(error) => error.to_string(),
            };
            Err(ResolveError { host, reason }.into())
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
            let started = phases.clock.now();
            let connected = connecting.await;
            Phases::add(&phases.connect, phases.clock.now().since(started));
            phases.phase.store(WAITING, Ordering::Relaxed);
            connected
        })
    }
}
