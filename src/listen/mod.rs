//! The HTTP server of a watcher: `/metrics` and `/health`, for scrapers and load balancers, heartbeats, for jobs, and the
//! links of messages, for people.
//!
//! It answers one request a connection. What comes in is bounded in every direction: the head of a request, the time that
//! it may take, the connections. Bodies are read to their end where that is near, and mean nothing.
//!
//! *Invariant:* no page is given to who does not show the token, where there is one, but for the links of messages, which
//! are signed; only POST to such a link, or of a heartbeat, changes anything.

mod request;

use std::io;
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

pub(crate) use self::request::Asked;
use self::request::{HEAD, Refused, Request};
use crate::report::telemetry::ServedPage;

/// Connections at once: a scraper and a load balancer need two. Those beyond wait to be accepted.
const CONNECTIONS: usize = 32;
/// Bytes of a body that are read.
const BODY: usize = 4 << 10;
/// How long a request may take to come, and an answer to be taken.
const SLOW: Duration = Duration::from_secs(5);
/// How long is waited where connections can't be accepted: the system has no file descriptors left.
const EXHAUSTED: Duration = Duration::from_millis(200);

/// Serves until it is dropped. `ask` gives a page; `None`: the watcher does not answer in time.
pub(crate) async fn serve<F>(listener: &TcpListener, token: Option<&str>, ask: impl Fn(Asked) -> F)
where
    F: Future<Output = Option<ServedPage>>,
{
    let mut open = FuturesUnordered::new();
    loop {
        tokio::select! {
            Some(()) = open.next(), if !open.is_empty() => {}
            accepted = listener.accept(), if open.len() < CONNECTIONS => match accepted {
                Ok((stream, _)) => open.push(answered(stream, token, &ask)),
                Err(error) => {
                    tracing::warn!(%error, "a connection can't be accepted");
                    tokio::time::sleep(EXHAUSTED).await;
                }
            },
        }
    }
}

async fn answered<F>(mut stream: TcpStream, token: Option<&str>, ask: &impl Fn(Asked) -> F)
where
    F: Future<Output = Option<ServedPage>>,
{
    let request = match tokio::time::timeout(SLOW, read(&mut stream)).await {
        Ok(Ok(request)) => request,
        // Whoever went away hears nothing.
        Ok(Err(_)) => return,
        Err(_) => Err(Refused::Slow),
    };
    let allowed = request.and_then(|request| request.allowed(token).map(|asked| (asked, request)));
    let response = match allowed {
        Ok((asked, request)) => {
            drain(&mut stream, request.body_left).await;
            match pin!(tokio::time::timeout(SLOW, ask(asked))).await {
                Ok(Some(page)) => response(&page, request.is_head),
                Ok(None) | Err(_) => refusal(Refused::Busy),
            }
        }
        Err(refused) => refusal(refused),
    };
    let answer = async {
        stream.write_all(response.as_bytes()).await?;
        stream.shutdown().await
    };
    tokio::time::timeout(SLOW, answer).await.ok();
}

/// The head of a request.
async fn read(stream: &mut TcpStream) -> io::Result<Result<Request, Refused>> {
    let mut head = Vec::with_capacity(1024);
    loop {
        if stream.read_buf(&mut head).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match Request::parse(&head) {
            Some(parsed) => return Ok(parsed),
            None if head.len() >= HEAD => return Ok(Err(Refused::TooLarge)),
            None => {}
        }
    }
}

/// Reads what is left of a small body: a connection that is closed before would be reset, and the answer with it.
async fn drain(stream: &mut TcpStream, left: usize) {
    let mut body = stream.take(left.min(BODY) as u64);
    let mut rest = Vec::new();
    tokio::time::timeout(SLOW, body.read_to_end(&mut rest)).await.ok();
}

fn response(page: &ServedPage, is_head: bool) -> String {
    let ServedPage { status, content_type, headers, body } = page;
    let (reason, body, length) = (request::reason(*status), if is_head { "" } else { body }, body.len());
    format!(
        "HTTP/1.1 {status} {reason}\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\ncache-control: \
         no-store\r\nx-content-type-options: nosniff\r\n{headers}connection: close\r\n\r\n{body}"
    )
}

fn refusal(refused: Refused) -> String {
    let (status, body) = (refused.status(), format!("{}\n", refused.words()));
    let (reason, length, extra) = (request::reason(status), body.len(), refused.header());
    format!(
        "HTTP/1.1 {status} {reason}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {length}\r\n{extra}\
         connection: close\r\n\r\n{body}"
    )
}
