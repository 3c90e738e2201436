//! HTTP: one bounded request, with redirects of our own.
//!
//! The client's own redirects would carry configured headers (`X-Api-Key`, `Project-Access-Token`) to any host that
//! the answer names; it only knows to strip the standard ones. So each hop is a request of ours, and the configured
//! headers end at the first change of host.

mod certificate;
mod client;
mod phases;
mod words;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::tls::TlsInfo;
use reqwest::{Method, Response, StatusCode, Url};
use serde_json::{Map, Value, json};

use crate::clock::Clock;
use crate::config::sections::source::HttpRequest;
use crate::model::document::PollError;
use crate::model::secret::{Secrets, Template};
use crate::model::text::SafeText;

use certificate::Certificate;
use client::Route;
use phases::Phases;

pub use client::Clients;
pub(crate) use words::{io_words, resolve_words};

/// What is taken from an answer beside status and body; each costs something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wants {
    /// The headers, as `headers`.
    pub headers: bool,
    /// The body as text, as `text`, also where it is JSON.
    pub text: bool,
    /// The certificate, as `tls`.
    pub tls: bool,
}

/// Takes the body piece by piece.
pub trait Sink: Send {
    /// The next piece. `false` ends the reading: the body is larger than it may be.
    fn take(&mut self, piece: &[u8]) -> bool;
}

impl Sink for &mut Body {
    fn take(&mut self, piece: &[u8]) -> bool {
        let room = self.limit.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&piece[..piece.len().min(room)]);
        piece.len() <= room
    }
}

/// A body kept whole, up to its limit.
#[derive(Debug, Default)]
pub struct Body {
    bytes: Vec<u8>,
    limit: usize,
}

impl Body {
    /// An empty body that may grow to `limit` bytes.
    pub fn up_to(limit: usize) -> Self {
        Self { bytes: Vec::new(), limit }
    }

    /// How many bytes have come.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing has come.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

/// A request with its texts resolved, ready to be sent again and again.
#[derive(Debug)]
pub struct Prepared {
    url: Url,
    method: Method,
    headers: HeaderMap,
    body: Option<String>,
    request: HttpRequest,
    plain: Route,
    tls: Route,
}

/// The head of an answer and its moments.
#[derive(Debug)]
pub struct Head {
    /// The status code.
    pub status: u16,
    /// HTTP/1.1, HTTP/2.0.
    version: String,
    headers: HeaderMap,
    remote: Option<String>,
    /// The server's certificate, in DER form.
    certificate: Option<Vec<u8>>,
    /// When the answer was whole.
    ended: DateTime<Utc>,
    /// Milliseconds: `dns`, `connect`, `first_byte`, `total`, as far as they happened.
    pub phases: Vec<(&'static str, f64)>,
}

pub(crate) fn resolve(template: &Template, secrets: &Secrets) -> Result<String, PollError> {
    template
        .resolve(secrets)
        .map_err(|name| ours(&format!("the secret {name} has no value: look at [secret] in the configuration")))
}

fn ours(text: &str) -> PollError {
    PollError::Ours(SafeText::new(text))
}

fn failed(text: &str) -> PollError {
    PollError::Failed(SafeText::new(text))
}

impl Prepared {
    /// Fills in the secrets and checks what can be checked before anything is sent. `accept` is the `Accept` header
    /// where the configuration has none.
    ///
    /// # Errors
    /// A secret without a value, or a URL, method or header that can't be sent.
    pub fn new(request: &HttpRequest, secrets: &Secrets, accept: &'static str) -> Result<Self, PollError> {
        // The URL may hold secrets, so that the words name the written form.
        let url = Url::parse(&resolve(&request.url, secrets)?)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or_else(|| ours(&format!("{} is not an http or https URL", request.url.0)))?;
        let method = Method::from_bytes(request.method.to_ascii_uppercase().as_bytes())
            .map_err(|_| ours(&format!("{} is not an HTTP method", request.method)))?;
        let mut headers = HeaderMap::with_capacity(request.headers.len() + 1);
        for (name, value) in &request.headers {
            let key =
                HeaderName::from_bytes(name.as_bytes()).map_err(|_| ours(&format!("{name} is not a header's name")))?;
            let mut value =
                HeaderValue::from_str(resolve(value, secrets)?.trim_end_matches(['\r', '\n'])).map_err(|_| {
                    ours(&format!("the value of the header {name} can't be sent: it has control characters"))
                })?;
            value.set_sensitive(true);
            headers.append(key, value);
        }
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static(accept));
        Ok(Self {
            url,
            method,
            headers,
            body: request.body.as_ref().map(|body| resolve(body, secrets)).transpose()?,
            plain: Route::of(request, false, secrets)?,
            tls: Route::of(request, true, secrets)?,
            request: request.clone(),
        })
    }

    /// Sends the request and reads the whole answer into `sink` within `timeout`.
    ///
    /// # Errors
    /// Why there is no whole answer, in words.
    pub async fn send(
        &self,
        clients: &Arc<Clients>,
        clock: Clock,
        timeout: Duration,
        sink: impl Sink,
    ) -> Result<Head, PollError> {
        let phases = Phases::new(clock);
        let exchange = phases.within(self.exchange(clients, clock, &phases, sink));
        match tokio::time::timeout(timeout, exchange).await {
            Ok(result) => result,
            Err(_) => Err(PollError::Timeout(timeout, phases.words())),
        }
    }

    async fn exchange(
        &self,
        clients: &Arc<Clients>,
        clock: Clock,
        phases: &Arc<Phases>,
        mut sink: impl Sink,
    ) -> Result<Head, PollError> {
        let started = clock.now();
        let (mut response, authority) = self.follow(clients).await?;
        phases.reading();
        let first_byte = clock.now().since(started);
        let remote = response.remote_addr().map(|address| address.to_string());
        let (status, version) = (response.status().as_u16(), format!("{:?}", response.version()));
        let headers = std::mem::take(response.headers_mut());
        let certificate = response.extensions_mut().remove::<TlsInfo>();
        let certificate = certificate.and_then(|tls| tls.peer_certificate().map(<[u8]>::to_vec));
        loop {
            match response.chunk().await {
                Ok(Some(piece)) if sink.take(&piece) => {}
                Ok(Some(_)) => return Err(too_large(self.request.max_body)),
                Ok(None) => break,
                Err(error) => return Err(broken_body(&error, &authority)),
            }
        }
        let ended = clock.now();
        let total = ended.since(started);
        let (dns, connect) = phases.milliseconds();
        let mut times = Vec::with_capacity(4);
        times.extend(dns.map(|dns| ("dns", dns)));
        times.extend(connect.map(|connect| ("connect", connect)));
        times.push(("first_byte", milliseconds(first_byte)));
        times.push(("total", milliseconds(total)));
        Ok(Head { status, version, headers, remote, certificate, ended: ended.utc, phases: times })
    }

    /// Follows redirects; gives the last answer and the host it came from.
    async fn follow(&self, clients: &Arc<Clients>) -> Result<(Response, String), PollError> {
        let mut url = self.url.clone();
        let (mut method, mut body, mut headers) = (self.method.clone(), self.body.as_deref(), &self.headers);
        let bare = HeaderMap::new();
        let mut seen = Vec::new();
        loop {
            let authority = authority(&url);
            let route = if url.scheme() == "https" { &self.tls } else { &self.plain };
            let mut request = clients.get(route)?.request(method.clone(), url.clone()).headers(headers.clone());
            if let Some(body) = body {
                request = request.body(body.to_owned());
            }
            let response = request.send().await.map_err(|error| failed(&words::explain(&error, &authority)))?;
            let Some(target) = self.redirect(&response, &url) else { return Ok((response, authority)) };
            let target = target?;
            if rewrites(response.status(), &method) {
                (method, body) = (Method::GET, None);
            }
            if !same_host(&url, &target) {
                if body.is_some() {
                    let why = format!(
                        "{authority} redirects the {method} to {}: the body is not sent there",
                        self::authority(&target)
                    );
                    return Err(failed(&why));
                }
                headers = &bare;
            }
            seen.push(std::mem::replace(&mut url, target));
            if seen.contains(&url) {
                return Err(failed(&format!("{authority} redirects in a circle, back to {}", url.path())));
            }
            if seen.len() > self.request.redirects {
                return Err(failed(&format!("{authority} redirects more than {} times", self.request.redirects)));
            }
        }
    }

    /// Where an answer sends us, if it does and we may go.
    fn redirect(&self, response: &Response, from: &Url) -> Option<Result<Url, PollError>> {
        let moves = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
        if !moves || self.request.redirects == 0 {
            return None;
        }
        let location = response.headers().get(LOCATION)?;
        let target = std::str::from_utf8(location.as_bytes()).ok().and_then(|text| from.join(text).ok());
        Some(match target {
            Some(target) if matches!(target.scheme(), "http" | "https") && target.has_host() => Ok(target),
            _ => Err(failed(&format!("{} redirects to something that is no http URL", authority(from)))),
        })
    }
}

fn rewrites(status: StatusCode, method: &Method) -> bool {
    match status.as_u16() {
        301 | 302 => *method == Method::POST,
        303 => *method != Method::HEAD,
        _ => false,
    }
}

/// Host and port, and no step from TLS to plain text: where configured headers may go.
fn same_host(from: &Url, to: &Url) -> bool {
    from.host() == to.host()
        && (from.port_or_known_default() == to.port_or_known_default())
        && !(from.scheme() == "https" && to.scheme() == "http")
}

fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn too_large(limit: usize) -> PollError {
    PollError::Unreadable(SafeText::new(&format!("the body is larger than {} KiB (`max_body`)", limit / 1024)))
}

/// The decoder stands between the network and us, so that every fault of either looks like one of the decoder's.
fn broken_body(error: &reqwest::Error, authority: &str) -> PollError {
    match words::known(error, authority) {
        Some(words) => failed(&words),
        None if error.is_decode() => PollError::Unreadable(SafeText::new("the compressed body is damaged")),
        None => failed(&words::explain(error, authority)),
    }
}

fn milliseconds(duration: Duration) -> f64 {
    // Three digits after the point: what is shown and compared is never finer.
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

impl Head {
    /// The content type without parameters, in small letters.
    pub fn content_type(&self) -> String {
        let header = self.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
        header.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// Milliseconds until the whole answer was there.
    pub fn total_ms(&self) -> f64 {
        self.phases.last().map_or(0.0, |(_, total)| *total)
    }

    /// The document that jq sees.
    pub fn document(&self, body: &Body, wants: Wants) -> Value {
        let parsed = parse_json(&body.bytes);
        let mut document = Map::new();
        document.insert("status".to_owned(), json!(self.status));
        document.insert("latency_ms".to_owned(), json!(self.total_ms()));
        let timing: Map<String, Value> = ["dns", "connect", "tls", "first_byte", "total"]
            .iter()
            .map(|phase| ((*phase).to_owned(), self.phase(phase)))
            .collect();
        document.insert("timing".to_owned(), Value::Object(timing));
        if wants.headers {
            document.insert("headers".to_owned(), self.headers_value());
        }
        if wants.text || parsed.is_none() {
            let text = String::from_utf8_lossy(&body.bytes).into_owned();
            document.insert("text".to_owned(), Value::String(text));
        }
        document.insert("body".to_owned(), parsed.unwrap_or(Value::Null));
        document.insert("size".to_owned(), json!(body.bytes.len()));
        document.insert("version".to_owned(), json!(self.version));
        document.insert("remote".to_owned(), json!(self.remote));
        if wants.tls {
            let certificate = self.certificate.as_deref().and_then(Certificate::read);
            let tls = certificate.map_or(Value::Null, |certificate| certificate.value(self.ended));
            document.insert("tls".to_owned(), tls);
        }
        Value::Object(document)
    }

    fn phase(&self, wanted: &str) -> Value {
        self.phases.iter().find(|(name, _)| *name == wanted).map_or(Value::Null, |(_, time)| json!(time))
    }

    fn headers_value(&self) -> Value {
        let mut headers: Map<String, Value> = Map::new();
        for (name, value) in &self.headers {
            let value = String::from_utf8_lossy(value.as_bytes());
            match headers.get_mut(name.as_str()) {
                Some(Value::String(before)) => {
                    before.push_str(", ");
                    before.push_str(&value);
                }
                _ => drop(headers.insert(name.as_str().to_owned(), Value::String(value.into_owned()))),
            }
        }
        Value::Object(headers)
    }
}

/// Parses what looks like JSON; anything else is no mistake but another kind of answer.
fn parse_json(bytes: &[u8]) -> Option<Value> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii();
    if bytes.is_empty() {
        return None;
    }
    serde_json::from_slice(bytes).ok()
}
