//! `http = URL`: the answer as a document, judged by its code and its health body.

use std::sync::{Arc, OnceLock};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::{Answer, Ask, Kind, Over, Readers, number};
use crate::config::kinds::Settings as _;
use crate::config::kinds::http::HttpRequest;
use crate::config::sections::check::Check;
use crate::lang::unit;
use crate::model::document::PollError;
use crate::model::reading::Sign;
use crate::sources::health::Health;
use crate::sources::http::{AnswerHead, Body, BodySink, Connection, PreparedRequest, Wants, codes};
use crate::text::secret::Template;

const ACCEPT: &str = "application/json, text/plain;q=0.9, */*;q=0.8";
/// How large a body may be to be parsed at once, in bytes.
const PARSED_HERE: usize = 64 << 10;

/// A source over HTTP.
#[derive(Debug)]
pub(super) struct Http(Requester);

impl Http {
    /// Asked with this request.
    pub(super) fn new(request: &Arc<HttpRequest>, readers: Readers) -> Self {
        Self(Requester::new(request, readers, ACCEPT))
    }

    async fn poll(&self, ask: Ask<'_>) -> Result<Answer, PollError> {
        let mut body = Body::up_to(self.0.request.max_body);
        let head = self.0.send(&ask, &mut body).await?;
        let phases = head.phases.clone();
        let document = document(head, body, self.0.readers.wants).await;
        Ok(Answer { phases, ..Answer::plain(document) })
    }
}

impl Kind for Http {
    fn fetch<'a>(&'a self, ask: Ask<'a>) -> BoxFuture<'a, Result<Answer, PollError>> {
        self.poll(ask).boxed()
    }

    fn health(&self, document: &Value) -> Option<Health> {
        codes::health(document)
    }

    fn judge(&self, _check: &Check, document: &Value, health: Option<&Health>) -> (Sign, Option<String>) {
        codes::judge(document, health)
    }

    /// What the proxy in front of a sleeping service answers while that wakes up: 502 to 504 without a word of the
    /// service itself.
    fn looks_asleep(&self, document: &Value) -> bool {
        matches!(document.get("status").and_then(Value::as_u64), Some(502..=504)) && codes::health(document).is_none()
    }

    fn summary(&self, document: &Value) -> String {
        format!("HTTP {}, {}", number(document, "status"), unit::quantity(number(document, "size"), "B"))
    }
}

/// A large body is parsed elsewhere: the other polls share this thread, and their latencies would show it.
async fn document(head: AnswerHead, body: Body, wants: Wants) -> Value {
    if body.len() <= PARSED_HERE {
        return head.document(&body, wants);
    }
    tokio::task::spawn_blocking(move || head.document(&body, wants)).await.unwrap_or_default()
}

/// A request that is made ready once, for every kind that asks over HTTP.
#[derive(Debug)]
pub(super) struct Requester {
    pub(super) request: Arc<HttpRequest>,
    readers: Readers,
    accept: &'static str,
    prepared: OnceLock<Result<PreparedRequest, PollError>>,
}

impl Requester {
    /// A request that was not sent yet; `accept` is the `Accept` header if the configuration has none.
    pub(super) fn new(request: &Arc<HttpRequest>, readers: Readers, accept: &'static str) -> Self {
        Self { request: Arc::clone(request), readers, accept, prepared: OnceLock::new() }
    }

    /// Sends it and reads the answer into `sink`.
    pub(super) async fn send(&self, ask: &Ask<'_>, sink: impl BodySink) -> Result<AnswerHead, PollError> {
        let make = || PreparedRequest::new(&self.request, ask.secrets, self.accept, self.readers.wants.tls);
        let prepared = self.prepared.get_or_init(make).as_ref().map_err(Clone::clone)?;
        let head = prepared.send(ask.clients, self.connection(ask.over), ask.clock, ask.timeout, sink).await?;
        // A request that is refused may have been made with secrets that were rotated since.
        if matches!(head.status, 401 | 403 | 407) {
            ask.secrets.report_refused(self.request.templates().into_iter().flat_map(Template::secrets));
        }
        Ok(head)
    }

    /// A source that nothing judges may keep its connection: nobody takes its answers for the health of a service.
    fn connection(&self, over: Over) -> Connection {
        let keep = self.request.keep_alive.unwrap_or(!self.readers.judged);
        if keep && over == Over::AsConfigured { Connection::Kept } else { Connection::Fresh }
    }
}
