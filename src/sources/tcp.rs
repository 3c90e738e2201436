//! TCP: whether a connection can be made.

use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::clock::Clock;
use crate::lang::time::Stamp;
use crate::model::document::PollError;
use crate::text::SafeText;

use super::http::{describe_io, milliseconds, unresolved};
use super::resolver::{self, Failure};
use super::shortage;

/// A connection that was made, and what it took, in milliseconds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Connected {
    remote: SocketAddr,
    /// Looking up the name; `None` for an address.
    dns: Option<f64>,
    connect: f64,
    total: f64,
}

impl Connected {
    /// The document that jq sees.
    pub(crate) fn document(&self) -> Value {
        json!({
            "connected": true,
            "latency_ms": self.total,
            "timing": {"dns": self.dns, "connect": self.connect, "total": self.total},
            "remote": self.remote.to_string(),
        })
    }

    /// What each phase took, as far as it happened.
    pub(crate) fn phases(&self) -> Vec<(&'static str, f64)> {
        let dns = self.dns.map(|dns| ("dns", dns));
        dns.into_iter().chain([("connect", self.connect), ("total", self.total)]).collect()
    }
}

/// How far an attempt to connect came.
#[derive(Debug, Default)]
struct Steps {
    /// The name is being looked up; before that it waits for its turn.
    asked: OnceLock<()>,
    /// When its addresses were there.
    found: OnceLock<Stamp>,
}

impl Steps {
    fn timed_out(&self, timeout: Duration) -> PollError {
        let words = if self.found.get().is_some() {
            "while connecting".into()
        } else if self.asked.get().is_some() {
            format!("while looking up the name: {}", resolver::system().silent()).into()
        } else {
            return PollError::Ours(SafeText::new(&resolver::system().busy()));
        };
        PollError::Timeout(timeout, words)
    }
}

/// Connects to every address of `host` in turn, within `timeout` altogether, and hangs up.
///
/// # Errors
/// Why there is no connection, in words.
pub(crate) async fn connect(host: &str, port: u16, timeout: Duration, clock: Clock) -> Result<Connected, PollError> {
    let started = clock.now();
    let steps = Steps::default();
    let attempt = async {
        let found = resolver::system().lookup(host, || _ = steps.asked.set(())).await;
        let addresses = found.map_err(|failure| unresolved(host, &failure))?;
        // Set once: the attempt is made once.
        let _ = steps.found.set(clock.now());
        let mut last = unresolved(host, &Failure::Failed("it has no address".to_owned()));
        for mut address in addresses {
            address.set_port(port);
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream.peer_addr().unwrap_or(address)),
                Err(error) => {
                    let authority = authority(host, port);
                    if let Some(why) = shortage::describe(&error) {
                        return Err(PollError::Ours(SafeText::new(&format!("{authority} was not asked: {why}"))));
                    }
                    let words =
                        describe_io(error.kind(), &authority).unwrap_or_else(|| format!("{authority}: {error}"));
                    last = failed(&words);
                }
            }
        }
        Err(last)
    };
    let result = tokio::time::timeout(timeout, attempt).await;
    let remote = result.unwrap_or_else(|_| Err(steps.timed_out(timeout)))?;
    let (ended, looked_up) = (clock.now(), steps.found.get().copied().unwrap_or(started));
    let dns = host.parse::<IpAddr>().is_err().then(|| milliseconds(looked_up.since(started)));
    let (connect, total) = (milliseconds(ended.since(looked_up)), milliseconds(ended.since(started)));
    Ok(Connected { remote, dns, connect, total })
}

/// Host and port, as they are written in a URL.
fn authority(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

fn failed(text: &str) -> PollError {
    PollError::Failed(SafeText::new(text))
}
