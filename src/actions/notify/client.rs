//! The HTTP client of all channels: bounded, without redirects, with a few attempts.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, Url, redirect};
use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt;

use super::Order;
use crate::model::message::{DeliveryFailure, truncated};
use crate::text::SafeText;
use crate::text::causes::chain;

/// Attempts of one delivery. What fails then is tried again later, by whoever decides on messages.
const ATTEMPTS: u32 = 3;
/// The pause after the first attempt; it doubles, and up to half of it is added by chance.
const PAUSE: Duration = Duration::from_millis(500);
/// Asked to wait for longer than this, a delivery is given up for now.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Bytes of an answer that are read: an error is said in fewer, and no receiver fills our memory.
const ANSWER: usize = 16 << 10;
/// Characters of an answer that are shown.
const SHOWN: usize = 160;

/// The client. One for a process.
#[derive(Debug, Clone)]
pub(crate) struct NotifyClient(Client);

/// What is posted.
pub(super) struct Post {
    pub url: String,
    pub content_type: &'static str,
    /// Further headers; values are marked as secret.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Post {
    /// A JSON document.
    pub(super) fn json(url: String, document: &serde_json::Value) -> Self {
        let body = document.to_string().into_bytes();
        Self { url, content_type: "application/json", headers: Vec::new(), body }
    }

    /// The same with one more header.
    pub(super) fn header(mut self, name: &str, value: String) -> Self {
        self.headers.push((name.to_owned(), value));
        self
    }
}

impl NotifyClient {
    /// A client that trusts what the system trusts.
    ///
    /// # Errors
    /// There is no TLS.
    pub(crate) fn new() -> Result<Self, String> {
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let settings = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(BuilderVerifierExt::with_platform_verifier)
            .map_err(|error| format!("no TLS: {error}"))?
            .with_no_client_auth();
        let client = Client::builder()
            .user_agent(concat!("opsroom/", env!("CARGO_PKG_VERSION")))
            // A redirect would carry tokens to somebody else.
            .redirect(redirect::Policy::none())
            .referer(false)
            .tls_backend_preconfigured(settings)
            .build();
        client.map(Self).map_err(|error| format!("no HTTP client: {error}"))
    }
}

/// Whether an answer may be another one later.
const fn is_transient(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500..=599)
}

impl Order<'_> {
    /// Posts, and tries again where that may help.
    pub(super) async fn post(&self, post: &Post) -> Result<(), DeliveryFailure> {
        let url = Url::parse(&post.url).map_err(|_| DeliveryFailure::permanent("the address is not a valid URL"))?;
        let mut pause = PAUSE;
        let mut attempt = 1;
        loop {
            let failure = match self.attempt(&url, post).await {
                Ok(()) => return Ok(()),
                Err(failure) => failure,
            };
            let asked = failure.retry_after_s.map(|seconds| Duration::from_secs(seconds.into()));
            let is_too_long = asked.is_some_and(|asked| asked > LONGEST_WAIT);
            if failure.is_permanent || is_too_long || attempt == ATTEMPTS {
                return Err(self.counted(&failure, attempt));
            }
            let chance = Duration::from_millis(fastrand::u64(0..=u64::try_from(pause.as_millis()).unwrap_or(0) / 2));
            tokio::time::sleep(asked.unwrap_or_default().max(pause) + chance).await;
            (pause, attempt) = (pause * 2, attempt + 1);
        }
    }

    fn counted(&self, failure: &DeliveryFailure, attempts: u32) -> DeliveryFailure {
        let why = self.redactor.redact(failure.why.as_str()).into_owned();
        let why = if attempts > 1 { format!("{why} (after {attempts} attempts)") } else { why };
        DeliveryFailure { why: SafeText::new(&why), ..*failure }
    }

    async fn attempt(&self, url: &Url, post: &Post) -> Result<(), DeliveryFailure> {
        let host = url.host_str().unwrap_or("the receiver").to_owned();
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(post.content_type));
        for (name, value) in &post.headers {
            let name = HeaderName::from_bytes(name.as_bytes());
            let value = HeaderValue::from_str(value);
            let (Ok(name), Ok(mut value)) = (name, value) else {
                return Err(DeliveryFailure::permanent("a header has characters that no header may have"));
            };
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        let request = self.client.0.post(url.clone()).headers(headers).body(post.body.clone());
        let timeout = self.delivery.channel.timeout;
        let exchange = async {
            let answer = request.send().await?;
            let (status, retry_after) = (answer.status().as_u16(), retry_after(&answer));
            Ok::<_, reqwest::Error>((status, retry_after, beginning(answer).await))
        };
        match tokio::time::timeout(timeout, exchange).await {
            Err(_) => {
                let timeout = crate::lang::unit::duration(timeout);
                Err(DeliveryFailure::transient(format!("{host} gave no answer within {timeout}")))
            }
            Ok(Err(error)) => Err(DeliveryFailure::transient(format!("{host}: {}", reason(&error)))),
            Ok(Ok((200..=299, ..))) => Ok(()),
            Ok(Ok((status @ 300..=399, ..))) => {
                let why = format!("{host} answered {status}, a redirect, which is not followed");
                Err(DeliveryFailure::permanent(why))
            }
            Ok(Ok((status, retry_after_s, body))) => {
                let said = truncated(self.redactor.clean(&body).as_str().trim(), SHOWN).replace('\n', " ");
                let said = if said.is_empty() { said } else { format!(": {said}") };
                let why = SafeText::new(&format!("{host} answered {status}{said}"));
                Err(DeliveryFailure { why, is_permanent: !is_transient(status), retry_after_s })
            }
        }
    }
}

/// `Retry-After` in seconds. Dates are rare, and clocks differ: they are not read.
fn retry_after(answer: &Response) -> Option<u32> {
    answer.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
}

/// The beginning of the body; what is broken off ends it.
async fn beginning(mut answer: Response) -> Vec<u8> {
    let mut body = Vec::new();
    while body.len() < ANSWER
        && let Ok(Some(piece)) = answer.chunk().await
    {
        body.extend_from_slice(&piece[..piece.len().min(ANSWER - body.len())]);
    }
    body
}

/// The innermost cause, which is the one that says something, without the address.
fn reason(error: &reqwest::Error) -> String {
    chain(error).skip(1).last().map_or_else(|| "the connection failed".to_owned(), ToString::to_string)
}
