//! TCP: does somebody listen there?

use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::{TcpStream, lookup_host};

use crate::clock::Clock;
use crate::model::document::PollError;
use crate::model::text::SafeText;

use super::http::{io_words, resolve_words};

/// Connects to every address of `host` in turn, within `timeout` altogether, and hangs up.
///
/// # Errors
/// Why there is no connection, in words.
pub async fn connect(host: &str, port: u16, timeout: Duration, clock: Clock) -> Result<Value, PollError> {
    let started = clock.now();
    let mut waiting_for = "while looking up the name";
    let attempt = async {
        let found = lookup_host((host, port)).await;
        let addresses: Vec<_> = found.map_err(|error| failed(&resolve_words(host, &error.to_string())))?.collect();
        waiting_for = "while connecting";
        let mut last = failed(&resolve_words(host, "no address"));
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream.peer_addr().unwrap_or(address)),
                Err(error) => {
                    let authority = format!("{host}:{port}");
                    let words = io_words(error.kind(), &authority).unwrap_or_else(|| format!("{authority}: {error}"));
                    last = failed(&words);
                }
            }
        }
        Err(last)
    };
    let result = tokio::time::timeout(timeout, attempt).await;
    let remote = result.unwrap_or(Err(PollError::Timeout(timeout, waiting_for)))?;
    let latency = clock.now().since(started).as_secs_f64() * 1e3;
    Ok(json!({"connected": true, "latency_ms": (latency * 1e3).round() / 1e3, "remote": remote.to_string()}))
}

fn failed(text: &str) -> PollError {
    PollError::Failed(SafeText::new(text))
}
