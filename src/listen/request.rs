//! What is asked, and what is refused.

use crate::model::ack_link::PATH;
use crate::report::telemetry::Page;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A page.
    Page(Page),
    /// A job says that it ran.
    Heartbeat {
        /// The name of its check.
        name: String,
        /// Whether it says that it failed.
        failed: bool,
    },
    /// What a link of a message leads to.
    Link {
        /// What its path ends with: the signature in it is the authority.
        token: String,
        /// Whether its button was pressed: only POST acknowledges, for readers of messages follow links by themselves.
        acknowledges: bool,
    },
}

/// Bytes of the head of a request at most.
pub(super) const HEAD: usize = 8 << 10;
/// How the path of a heartbeat begins.
const HEARTBEAT: &str = "/heartbeat/";
/// How that of a job which failed ends.
const FAILED: &str = "/fail";
/// Headers of a request at most.
const HEADERS: usize = 64;

/// A request, as far as it matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    method: String,
    /// Without what is behind a question mark.
    path: String,
    /// What stands behind `Authorization: Bearer`.
    token: Option<Vec<u8>>,
    /// Whether only the head of the answer is wanted.
    pub is_head: bool,
    /// Bytes of a body that are still to come.
    pub body_left: usize,
}

/// Why a request gets no page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    Malformed,
    Unauthorized,
    NoSuchPage,
    Method,
    NotPosted,
    Slow,
    TooLarge,
    Busy,
}

impl Refused {
    pub(super) const fn status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::Unauthorized => 401,
            Self::NoSuchPage => 404,
            Self::Method | Self::NotPosted => 405,
            Self::Slow => 408,
            Self::TooLarge => 431,
            Self::Busy => 503,
        }
    }

    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Malformed => "this is not an HTTP/1.1 request",
            Self::Unauthorized => "a token is needed: Authorization: Bearer TOKEN",
            Self::NoSuchPage => "no such page; there are /metrics, /health and /heartbeat/NAME",
            Self::Method => "only GET and HEAD are answered",
            Self::NotPosted => "a heartbeat is sent with POST",
            Self::Slow => "the request took too long to arrive",
            Self::TooLarge => "the head of the request is too large",
            Self::Busy => "the watcher does not answer in time",
        }
    }

    /// A header that belongs to the refusal.
    pub(super) const fn header(self) -> &'static str {
        match self {
            Self::Unauthorized => "www-authenticate: Bearer\r\n",
            Self::Method => "allow: GET, HEAD\r\n",
            Self::NotPosted => "allow: POST\r\n",
            _ => "",
        }
    }
}

/// The words of a status.
pub(super) const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        410 => "Gone",
        429 => "Too Many Requests",
        400 => "Bad Request",
        401 => "Unauthorized",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        431 => "Request Header Fields Too Large",
        _ => "Service Unavailable",
    }
}

impl Request {
    /// Reads a head; `None`: it is not there as a whole.
    pub(super) fn parse(bytes: &[u8]) -> Option<Result<Self, Refused>> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS];
        let mut parsed = httparse::Request::new(&mut headers);
        match parsed.parse(bytes) {
            Ok(httparse::Status::Partial) => None,
            Ok(httparse::Status::Complete(head)) => {
                let method = parsed.method.unwrap_or_default().to_owned();
                let path = parsed.path.unwrap_or_default().split('?').next().unwrap_or_default().to_owned();
                let is_authorization =
                    |header: &&httparse::Header<'_>| header.name.eq_ignore_ascii_case("authorization");
                let token = parsed.headers.iter().find(is_authorization).and_then(|header| bearer(header.value));
                let is_length = |header: &&httparse::Header<'_>| header.name.eq_ignore_ascii_case("content-length");
                let length =
                    parsed.headers.iter().find(is_length).and_then(|header| std::str::from_utf8(header.value).ok());
                let length = length.and_then(|length| length.trim().parse::<usize>().ok()).unwrap_or(0);
                let body_left = length.saturating_sub(bytes.len() - head);
                Some(Ok(Self { is_head: method == "HEAD", method, path, token, body_left }))
            }
            Err(httparse::Error::TooManyHeaders) => Some(Err(Refused::TooLarge)),
            Err(_) => Some(Err(Refused::Malformed)),
        }
    }

    /// The page that it gets, where it shows the token that is needed. Without it, it does not learn which pages there are.
    pub(super) fn allowed(&self, token: Option<&str>) -> Result<Asked, Refused> {
        // A proxy may leave the path of the public address in front.
        if let Some((_, token)) = self.path.rsplit_once(PATH) {
            let acknowledges = self.method == "POST";
            let is_known = acknowledges || matches!(self.method.as_str(), "GET" | "HEAD");
            return if is_known {
                Ok(Asked::Link { token: token.to_owned(), acknowledges })
            } else {
                Err(Refused::Method)
            };
        }
        if token.is_some_and(|token| !self.token.as_ref().is_some_and(|shown| is_same(shown, token.as_bytes()))) {
            return Err(Refused::Unauthorized);
        }
        if let Some(name) = self.path.strip_prefix(HEARTBEAT) {
            let (name, failed) = name.strip_suffix(FAILED).map_or((name, false), |name| (name, true));
            // What only looks changes nothing: a link preview would keep a dead job alive.
            let is_sent = self.method == "POST";
            return if is_sent {
                Ok(Asked::Heartbeat { name: name.to_owned(), failed })
            } else {
                Err(Refused::NotPosted)
            };
        }
        let page = match self.path.as_str() {
            "/metrics" => Page::Metrics,
            "/health" => Page::Health,
            _ => return Err(Refused::NoSuchPage),
        };
        if matches!(self.method.as_str(), "GET" | "HEAD") { Ok(Asked::Page(page)) } else { Err(Refused::Method) }
    }
}

fn bearer(value: &[u8]) -> Option<Vec<u8>> {
    let (scheme, token) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii().to_vec())
}

/// Whether two are the same, in a time that says nothing of where they differ.
fn is_same(one: &[u8], two: &[u8]) -> bool {
    one.len() == two.len() && one.iter().zip(two).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str, token: Option<&str>) -> Option<Result<Asked, Refused>> {
        Request::parse(text.as_bytes()).map(|parsed| parsed.and_then(|request| request.allowed(token)))
    }

    #[test]
    fn only_two_pages_are_given_and_only_to_be_read() {
        assert_eq!(answer("GET /metrics HTTP/1.1\r\n\r\n", None), Some(Ok(Asked::Page(Page::Metrics))));
        assert_eq!(answer("HEAD /health?verbose=1 HTTP/1.0\r\n\r\n", None), Some(Ok(Asked::Page(Page::Health))));
        assert_eq!(answer("POST /metrics HTTP/1.1\r\n\r\n", None), Some(Err(Refused::Method)));
        assert_eq!(answer("GET /../etc/passwd HTTP/1.1\r\n\r\n", None), Some(Err(Refused::NoSuchPage)));
        assert_eq!(answer("GET /metrics HTTP/1.1\r\nhost: x", None), None);
        for odd in ["\0\0\0", "GET\r\n\r\n", "GET /metrics HTTP/9\r\n\r\n", "\u{16}\u{3}\u{1} tls"] {
            assert_eq!(answer(odd, None), Some(Err(Refused::Malformed)), "{odd:?}");
        }
        let many = format!("GET /metrics HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(HEADERS + 1));
        assert_eq!(answer(&many, None), Some(Err(Refused::TooLarge)));
    }

    #[test]
    fn a_token_is_needed_as_a_whole() {
        let with =
            |header: &str| answer(&format!("GET /metrics HTTP/1.1\r\n{header}\r\n\r\n"), Some("s3cret")).unwrap();
        assert_eq!(with("Authorization: Bearer s3cret"), Ok(Asked::Page(Page::Metrics)));
        assert_eq!(with("authorization: bearer s3cret"), Ok(Asked::Page(Page::Metrics)));
        for wrong in ["a: b", "authorization: Bearer", "authorization: Bearer s3cre", "authorization: Basic s3cret"] {
            assert_eq!(with(wrong), Err(Refused::Unauthorized), "{wrong}");
        }
        assert_eq!(answer("GET /nothing HTTP/1.1\r\n\r\n", Some("x")), Some(Err(Refused::Unauthorized)));
    }

    #[test]
    fn a_link_needs_no_token_and_only_its_button_acknowledges() {
        let link =
            |method: &str, path: &str| answer(&format!("{method} {path} HTTP/1.1\r\n\r\n"), Some("s3cret")).unwrap();
        for (method, acknowledges) in [("GET", false), ("HEAD", false), ("POST", true)] {
            let want = Asked::Link { token: "abc".to_owned(), acknowledges };
            assert_eq!(link(method, "/ack/abc"), Ok(want.clone()), "{method}");
            assert_eq!(link(method, "/opsroom/ack/abc?utm=1"), Ok(want), "{method}");
        }
        assert_eq!(link("PUT", "/ack/abc"), Err(Refused::Method));
        let parsed = Request::parse(b"POST /ack/abc HTTP/1.1\r\ncontent-length: 7\r\n\r\nab").unwrap().unwrap();
        assert_eq!(parsed.body_left, 5);
    }

    #[test]
    fn a_heartbeat_is_posted_with_the_token() {
        let beat = |method: &str, path: &str, header: &str| {
            answer(&format!("{method} {path} HTTP/1.1\r\n{header}\r\n"), Some("s3cret")).unwrap()
        };
        let with = "authorization: Bearer s3cret\r\n";
        let want = |failed| Ok(Asked::Heartbeat { name: "backup".to_owned(), failed });
        assert_eq!(beat("POST", "/heartbeat/backup", with), want(false));
        assert_eq!(beat("POST", "/heartbeat/backup?run=7", with), want(false));
        assert_eq!(beat("POST", "/heartbeat/backup/fail", with), want(true));
        assert_eq!(beat("POST", "/heartbeat/backup", ""), Err(Refused::Unauthorized));
        assert_eq!(beat("POST", "/heartbeat/backup", "authorization: Bearer s3cre\r\n"), Err(Refused::Unauthorized));
        for reads in ["GET", "HEAD", "PUT"] {
            assert_eq!(beat(reads, "/heartbeat/backup", with), Err(Refused::NotPosted), "{reads}");
        }
    }
}
