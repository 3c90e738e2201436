//! A source that is not there: its answers are data, and so is the time that they take. All else (turns, judging,
//! counting, redaction) is the poller's, so that a simulation shows what a console would.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{self, BoxFuture};
use serde_json::{Value, json};

use super::{Answer, Ask, Kind, Readers, open};
use crate::config::kinds::SourceKind;
use crate::config::sections::check::Check;
use crate::lang::time::Stamp;
use crate::model::document::PollError;
use crate::model::reading::Sign;
use crate::sources::exposition::Scrape;
use crate::sources::health::Health;
use crate::sources::http::BodySink as _;

/// The longest simulated page, in bytes.
const MAX_PAGE: usize = 1 << 20;

/// The time of a simulation: it stands still except while something answers.
#[derive(Debug, Clone)]
pub(crate) struct SimulatedTime(Arc<Mutex<Stamp>>);

impl SimulatedTime {
    /// Begins at `now`.
    pub(crate) fn new(now: Stamp) -> Self {
        Self(Arc::new(Mutex::new(now)))
    }

    /// This moment.
    pub(crate) fn now(&self) -> Stamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It is `now`, which may be earlier than before: sources answer side by side.
    pub(crate) fn set(&self, now: Stamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}

/// What a source answers.
pub trait Script: Debug + Send + Sync {
    /// The answer to a poll that is sent at this moment.
    fn answer(&self, sent: Stamp) -> Scripted;
}

/// One answer, as data.
#[derive(Debug)]
pub struct Scripted {
    /// How long it takes.
    pub takes: Duration,
    /// The page, or why there is none.
    pub page: Result<SimulatedPage, PollError>,
}

/// What would have come over HTTP.
#[derive(Debug)]
pub struct SimulatedPage {
    /// The status code.
    pub status: u16,
    /// The body, as text.
    pub body: String,
    /// The address that answered.
    pub remote: &'static str,
}

/// A simulated source, judged as the kind that it stands for.
#[derive(Debug)]
pub(crate) struct Simulated {
    kind: Box<dyn Kind>,
    /// Whether its pages are read by selectors.
    samples: bool,
    script: Box<dyn Script>,
    time: SimulatedTime,
}

impl Simulated {
    /// Stands for a source of `kind`.
    pub(crate) fn new(kind: &SourceKind, readers: Readers, script: Box<dyn Script>, time: SimulatedTime) -> Self {
        Self { kind: open(kind, readers), samples: kind.document().samples, script, time }
    }

    fn answer(&self, ask: Ask<'_>) -> Result<Answer, PollError> {
        let sent = self.time.now();
        let Scripted { takes, page } = self.script.answer(sent);
        self.time.set(sent.plus(takes));
        let page = page?;
        if !self.samples {
            return Ok(Answer::plain(document(&page, takes)));
        }
        let mut scrape = Scrape::new(ask.selectors, MAX_PAGE);
        (&mut scrape).write(page.body.as_bytes());
        let (document, sums, fault) = scrape.finish(takes.as_secs_f64() * 1000.0)?;
        Ok(Answer { sums, fault, ..Answer::plain(document) })
    }
}

fn document(page: &SimulatedPage, takes: Duration) -> Value {
    let body: Value = serde_json::from_str(&page.body).unwrap_or_default();
    json!({"status": page.status, "latency_ms": takes.as_millis() as u64, "headers": {}, "body": body,
        "text": page.body, "size": page.body.len(), "version": "HTTP/1.1", "remote": page.remote})
}

impl Kind for Simulated {
    fn fetch<'a>(&'a self, ask: Ask<'a>) -> BoxFuture<'a, Result<Answer, PollError>> {
        future::ready(self.answer(ask)).boxed()
    }

    fn health(&self, document: &Value) -> Option<Health> {
        self.kind.health(document)
    }

    fn judge(&self, check: &Check, document: &Value, health: Option<&Health>) -> (Sign, Option<String>) {
        self.kind.judge(check, document, health)
    }

    fn looks_asleep(&self, document: &Value) -> bool {
        self.kind.looks_asleep(document)
    }

    fn summary(&self, document: &Value) -> String {
        self.kind.summary(document)
    }
}
