//! How each kind of source is polled: one object a source, made when the configuration is read, and again when a secret
//! that it is asked with changes.
//!
//! A new kind is a file here and its line in [`open`].

mod command;
mod exposition;
mod heartbeat;
mod http;
pub mod simulated;
mod tcp;

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::Value;

use super::exposition::{LineFault, Sum};
use super::health::Health;
use super::http::{Clients, Wants};
use crate::clock::Clock;
use crate::config::kinds::SourceKind;
use crate::config::sections::check::Check;
use crate::lang::selector::Selector;
use crate::model::document::PollError;
use crate::model::reading::Sign;
use crate::text::secret::Secrets;

/// One source, and how it is asked.
pub(crate) trait Kind: Debug + Send + Sync {
    /// Where its polls wait for their turn.
    fn pool(&self) -> Pool {
        Pool::Network
    }

    /// Asks it once, within the time of `ask`.
    fn fetch<'a>(&'a self, ask: Ask<'a>) -> BoxFuture<'a, Result<Answer, PollError>>;

    /// What the document says of the service's health, if it is in a known form.
    fn health(&self, _document: &Value) -> Option<Health> {
        None
    }

    /// What an answer means for a check without `expect`, and why it is not good.
    fn judge(&self, _check: &Check, _document: &Value, _health: Option<&Health>) -> (Sign, Option<String>) {
        (Sign::Good, None)
    }

    /// Whether the answer is that of something in front of a service that is still waking up.
    fn looks_asleep(&self, _document: &Value) -> bool {
        false
    }

    /// What came, in a few words: `HTTP 200, 412 B`.
    fn summary(&self, document: &Value) -> String;
}

/// What bounds how many polls run at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pool {
    /// Sockets.
    Network,
    /// Processes.
    Process,
}

/// Which connection a poll may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    /// As the configuration says: a new one, except with `keep_alive` or where no check judges the source.
    AsConfigured,
    /// A new one: for who asks now, and for the verification of an action.
    Fresh,
}

/// What a kind may use for one poll.
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    /// Connections, shared by all sources.
    pub clients: &'a Clients,
    /// What `{secret:NAME}` stands for.
    pub secrets: &'a Secrets,
    pub clock: Clock,
    /// Longest time for the whole poll.
    pub timeout: Duration,
    /// Which connection is used.
    pub over: Over,
    /// What is read of an exposition, in the order of the sums that are wanted.
    pub selectors: Vec<&'a Selector>,
}

/// What reads the documents of a source.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Readers {
    /// The parts of an HTTP answer that a program names.
    pub wants: Wants,
    /// Whether a check judges it.
    pub judged: bool,
}

/// An answer, of whatever kind of source.
#[derive(Debug)]
pub(crate) struct Answer {
    /// What programs read.
    pub document: Arc<Value>,
    /// What each phase took, in milliseconds.
    pub phases: Vec<(&'static str, f64)>,
    /// What the selectors added up.
    pub sums: Vec<Sum>,
    /// What of an exposition could not be read.
    pub fault: Option<LineFault>,
}

impl Answer {
    /// An answer that is a document and nothing else.
    fn plain(document: Value) -> Self {
        Self { document: Arc::new(document), phases: Vec::new(), sums: Vec::new(), fault: None }
    }
}

/// The object that polls a source.
pub(crate) fn open(kind: &SourceKind, readers: Readers) -> Box<dyn Kind> {
    match kind {
        SourceKind::Http(request) => Box::new(http::Http::new(request, readers)),
        SourceKind::Exposition(request) => Box::new(exposition::Exposition::new(request, readers)),
        SourceKind::Tcp(target) => Box::new(tcp::Tcp::new(target)),
        SourceKind::Heartbeat(expected) => Box::new(heartbeat::Heartbeat::new(expected)),
        SourceKind::Command(line) => Box::new(command::Command::new(line)),
    }
}

/// A number of a document; 0 where it has none.
fn number(document: &Value, field: &str) -> f64 {
    document.get(field).and_then(Value::as_f64).unwrap_or_default()
}
