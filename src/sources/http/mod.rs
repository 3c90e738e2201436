//! HTTP: one bounded request, with redirects of our own.
//!
//! The client's own redirects would carry configured headers (`X-Api-Key`, `Project-Access-Token`) to any host that
//! the answer names; it only knows to strip the standard ones. So each hop is a request of ours, and the configured
//! headers end at the first change of host.

mod body;
mod certificate;
mod client;
pub(crate) mod codes;
mod coding;
mod errors;
mod head;
mod phases;
mod text;
mod trust;

use std::borrow::Cow;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, HeaderMap, HeaderName, HeaderValue, LOCATION, RANGE};
use reqwest::tls::TlsInfo;
use reqwest::{Method, Response, StatusCode, Url};

use crate::clock::Clock;
use crate::config::kinds::http::HttpRequest;
use crate::lang::unit;
use crate::model::document::PollError;
use crate::text::SafeText;
use crate::text::secret::{Secrets, Template};

use super::resolver::Failure;
use super::shortage;
use certificate::Certificate;
use client::Route;
use phases::Phases;

pub use body::{Body, BodySink};
pub(crate) use client::{Clients, Connection};
pub(crate) use errors::describe_io;
pub(crate) use head::{AnswerHead, Wants};

/// The least room for a packed body, in bytes.
const PACKED: usize = 64 << 10;

/// A request with its texts resolved, ready to be sent again and again.
#[derive(Debug)]
pub(crate) struct PreparedRequest {
    url: Url,
    method: Method,
    headers: HeaderMap,
    body: Option<String>,
    redirects: usize,
    insecure: bool,
    route: Route,
}

pub(crate) fn resolve(template: &Template, secrets: &Secrets) -> Result<String, PollError> {
    template.resolve(secrets).map_err(|name| {
        ours(&if secrets.is_pending(&name) {
            format!("waiting for secret {name}")
        } else {
            format!("the secret {name} has no value: look at [secret] in the configuration")
        })
    })
}

fn ours(text: &str) -> PollError {
    PollError::Ours(SafeText::new(text))
}

fn failed(text: &str) -> PollError {
    PollError::Failed(SafeText::new(text))
}

impl PreparedRequest {
    /// Fills in the secrets and checks what can be checked before anything is sent. `accept` is the `Accept` header
    /// if the configuration has none; `certificate` says whether somebody looks at the server's certificate.
    ///
    /// # Errors
    /// A secret without a value, or a URL, method or header that can't be sent.
    pub(crate) fn new(
        request: &HttpRequest,
        secrets: &Secrets,
        accept: &'static str,
        certificate: bool,
    ) -> Result<Self, PollError> {
        // The URL may hold secrets, so that the words name the written form.
        let url = Url::parse(&resolve(&request.url, secrets)?)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or_else(|| {
                ours(&format!("{} is not an http or https URL", errors::without_password(&request.url.0)))
            })?;
        let method = Method::from_bytes(request.method.to_ascii_uppercase().as_bytes())
            .map_err(|_| ours(&format!("{} is not an HTTP method", request.method)))?;
        let mut headers = HeaderMap::with_capacity(request.headers.len() + 1);
        for (name, value) in &request.headers {
            let key = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| ours(&format!("{name} is not a valid header name")))?;
            let mut value =
                HeaderValue::from_str(resolve(value, secrets)?.trim_end_matches(['\r', '\n'])).map_err(|_| {
                    ours(&format!("the value of the header {name} can't be sent: it has control characters"))
                })?;
            value.set_sensitive(true);
            headers.append(key, value);
        }
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static(accept));
        // A part of a packed body can't be unpacked.
        if !headers.contains_key(RANGE) {
            headers.entry(ACCEPT_ENCODING).or_insert(HeaderValue::from_static(coding::ACCEPTED));
        }
        Ok(Self {
            url,
            method,
            headers,
            body: request.body.as_ref().map(|body| resolve(body, secrets)).transpose()?,
            route: Route::new(request, certificate, secrets)?,
            redirects: request.redirects,
            insecure: request.insecure,
        })
    }

    /// Sends the request and reads the whole answer into `sink` within `timeout`.
    ///
    /// # Errors
    /// Why there is no whole answer, in words.
    pub(crate) async fn send(
        &self,
        clients: &Clients,
        connection: Connection,
        clock: Clock,
        timeout: Duration,
        sink: impl BodySink,
    ) -> Result<AnswerHead, PollError> {
        // Made before the time is taken: reading the system's authorities is no latency of the service.
        clients.get(&self.route(&self.url), connection)?;
        let phases = Phases::new(clock);
        let exchange = phases.within(self.exchange(clients, connection, clock, &phases, sink));
        match tokio::time::timeout(timeout, exchange).await {
            Ok(result) => result,
            Err(_) => Err(phases.timed_out(timeout)),
        }
    }

    async fn exchange(
        &self,
        clients: &Clients,
        connection: Connection,
        clock: Clock,
        phases: &Phases,
        mut sink: impl BodySink,
    ) -> Result<AnswerHead, PollError> {
        let started = clock.now();
        let (mut response, authority) = self.follow(clients, connection, phases).await?;
        phases.reading();
        let first_byte = clock.now().since(started);
        let remote = response.remote_addr().map(|address| address.to_string());
        let (status, version) = (response.status().as_u16(), format!("{:?}", response.version()));
        let headers = std::mem::take(response.headers_mut());
        let certificate = response.extensions_mut().remove::<TlsInfo>();
        let certificate = certificate.and_then(|tls| tls.peer_certificate().map(<[u8]>::to_vec));
        let undecoded = read_body(&mut response, &headers, &authority, &mut sink).await?;
        let ended = clock.now();
        let total = ended.since(started);
        if let Some(certificate) = &certificate {
            self.still_valid(certificate, &authority, ended.utc)?;
        }
        let mut times: Vec<_> = phases.milliseconds().collect();
        times.push(("first_byte", milliseconds(first_byte)));
        times.push(("total", milliseconds(total)));
        Ok(AnswerHead { status, version, headers, remote, certificate, ended: ended.utc, phases: times, undecoded })
    }

    fn route(&self, url: &Url) -> Cow<'_, Route> {
        if url.scheme() == "https" { Cow::Borrowed(&self.route) } else { Cow::Owned(self.route.in_clear()) }
    }

    /// Follows redirects; gives the last answer and the host it came from.
    async fn follow(
        &self,
        clients: &Clients,
        connection: Connection,
        phases: &Phases,
    ) -> Result<(Response, String), PollError> {
        let mut url = self.url.clone();
        let (mut method, mut body, mut headers) = (self.method.clone(), self.body.as_deref(), &self.headers);
        let bare = HeaderMap::new();
        let mut seen = Vec::new();
        loop {
            let authority = authority(&url);
            let route = self.route(&url);
            let send = async |connection| -> Result<_, PollError> {
                let client = clients.get(&route, connection)?;
                let mut request = client.request(method.clone(), url.clone()).headers(headers.clone());
                if let Some(body) = body {
                    request = request.body(body.to_owned());
                }
                Ok(request.send().await)
            };
            let before = phases.connections();
            let mut answer = send(connection).await?;
            // The kept connection may have been closed meanwhile, which says nothing of the service: only a new one does.
            if answer.is_err() && connection == Connection::Kept && phases.connections() == before {
                answer = send(Connection::Fresh).await?;
            }
            let response = answer.map_err(|error| broken(&error, &authority))?;
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
                return Err(failed(&format!("{authority} redirects in a loop, back to {}", url.path())));
            }
            if seen.len() > self.redirects {
                return Err(failed(&format!("{authority} redirects more than {} times", self.redirects)));
            }
        }
    }

    /// A connection that was kept, or whose TLS session was resumed, may outlive its certificate; nobody else gets in then.
    fn still_valid(&self, certificate: &[u8], authority: &str, now: DateTime<Utc>) -> Result<(), PollError> {
        match Certificate::read(certificate).map(|certificate| certificate.not_after) {
            Some(not_after) if not_after < now && !self.insecure => Err(failed(&errors::expired(authority, not_after))),
            _ => Ok(()),
        }
    }

    /// Where an answer sends us, if it does and we may go.
    fn redirect(&self, response: &Response, from: &Url) -> Option<Result<Url, PollError>> {
        let moves = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
        if !moves || self.redirects == 0 {
            return None;
        }
        let location = response.headers().get(LOCATION)?;
        let target = std::str::from_utf8(location.as_bytes()).ok().and_then(|text| from.join(text).ok());
        Some(match target {
            Some(target) if matches!(target.scheme(), "http" | "https") && target.has_host() => Ok(target),
            _ => Err(failed(&format!("{} redirects to something that is not an http or https URL", authority(from)))),
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

/// Reads the body into `sink`; gives the words for one that can't be unpacked, of which the sink got nothing or a part.
async fn read_body(
    response: &mut Response,
    headers: &HeaderMap,
    authority: &str,
    sink: &mut impl BodySink,
) -> Result<Option<String>, PollError> {
    let codings = match coding::codings(headers) {
        Ok(codings) if codings.is_empty() => {
            pieces(response, authority, sink).await?;
            return Ok(None);
        }
        codings => codings,
    };
    // A body that is packed is smaller than what it unpacks to, except where it is tiny.
    let mut packed = Body::up_to(sink.limit().max(PACKED));
    pieces(response, authority, &mut &mut packed).await?;
    let codings = match codings {
        Ok(codings) => codings,
        Err(words) => return Ok(Some(words)),
    };
    match coding::unpack(&packed.bytes, &codings, sink) {
        Ok(()) => Ok(None),
        Err(coding::Fault::TooLarge) => Err(too_large(sink.limit())),
        Err(coding::Fault::Damaged(words)) => Ok(Some(words)),
    }
}

/// The bytes of the body as they come.
async fn pieces(response: &mut Response, authority: &str, sink: &mut impl BodySink) -> Result<(), PollError> {
    loop {
        match response.chunk().await {
            Ok(Some(piece)) if sink.write(&piece) => {}
            Ok(Some(_)) => return Err(too_large(sink.limit())),
            Ok(None) => return Ok(()),
            Err(error) => return Err(broken(&error, authority)),
        }
    }
}

/// What a failed request means.
fn broken(error: &reqwest::Error, authority: &str) -> PollError {
    if let Some(resolve) = errors::unresolved(error) {
        return unresolved(&resolve.host, &resolve.failure);
    }
    if let Some(why) = shortage::describe(error) {
        return ours(&format!("{authority} was not asked: {why}"));
    }
    let text = SafeText::new(&errors::explain(error, authority));
    // Between connecting and the answer's end only the other side breaks off.
    if error.is_connect() || !errors::is_break(error) { PollError::Failed(text) } else { PollError::Dropped(text) }
}

/// What it means that a name has no addresses.
pub(crate) fn unresolved(host: &str, failure: &Failure) -> PollError {
    match failure {
        Failure::NotAsked(why) => ours(why),
        Failure::Failed(why) => failed(&format!("the name {host} could not be looked up: {why}")),
    }
}

fn too_large(limit: usize) -> PollError {
    PollError::Unreadable(SafeText::new(&format!("the body is larger than {} (`max_body`)", bytes(limit))))
}

/// `700 bytes`, `1 MiB`: as it is written in the configuration.
fn bytes(count: usize) -> String {
    if count < 1024 { format!("{count} bytes") } else { unit::quantity(count as f64, "B").replace(".0 ", " ") }
}

/// With three digits after the point: what is shown and compared is never finer.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
