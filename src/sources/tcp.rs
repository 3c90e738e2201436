//! TCP: whether a connection can be made.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::{TcpStream, lookup_host};

use crate::clock::Clock;
use crate::model::document::PollError;
use crate::model::text::SafeText;

use super::http::{io_words, milliseconds, resolve_words};

/// A connection that was made, and what it took, in milliseconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Connected {
    remote: SocketAddr,
    /// Looking up the name; `None` for an address.
    dns: Option<f64>,
    connect: f64,
    total: f64,
}

impl Connected {
    /// The document that jq sees.
    pub fn document(&self) -> Value {
        json!({
            "connected": true,
            "latency_ms": self.total,
            "timing": {"dns": self.dns, "connect": self.connect, "total": self.total},
            "remote": self.remote.to_string(),
        })
    }

    /// What each phase took, as far as it happened.
    pub fn phases(&self) -> Vec<(&'static str, f64)> {
        let dns = self.dns.map(|dns| ("dns", dns));
        dns.into_iter().chain([("connect", self.connect), ("total", self.total)]).collect()
    }
}

/// Connects to every address of `host` in turn, within `timeout` altogether, and hangs up.
///
/// # Errors
/// Why there is no connection, in words.
pub async fn connect(host: &str, port: u16, timeout: Duration, clock: Clock) -> Result<Connected, PollError> {
    let started = clock.now();
    let mut looked_up = started;
    let mut waiting_for = "while looking up the name";
    let attempt = async {
        let found = lookup_host((host, port)).await;
        let addresses: Vec<_> = found.map_err(|error| failed(&resolve_words(host, &error.to_string())))?.collect();
        waiting_for = "while connecting";
        looked_up = clock.now();
        let mut last = failed(&resolve_words(host, "no address"));
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream.peer_addr().unwrap_or(address)),
                Err(error) => {
                    let authority = authority(host, port);
                    let words = io_words(error.kind(), &authority).unwrap_or_else(|| format!("{authority}: {error}"));
                    last = failed(&words);
                }
            }
        }
        Err(last)
    };
    let result = tokio::time::timeout(timeout, attempt).await;
    let remote = result.unwrap_or(Err(PollError::Timeout(timeout, waiting_for)))?;
    let ended = clock.now();
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
