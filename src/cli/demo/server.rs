//! Serves the demo's world over HTTP on loopback, and takes what the adapters' child processes do to it.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::answers::{HttpAnswer, answer};
use super::world::{Control, DemoWorld};
use crate::clock::Clock;

/// Longest request head and body that are read; everything that asks here is ours.
const LONGEST_REQUEST: u64 = 16 * 1024;

/// The world, shared between the server and the journal.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    world: Arc<Mutex<DemoWorld>>,
    clock: Clock,
}

impl Shared {
    /// A world that begins now.
    pub(crate) fn new(world: DemoWorld) -> Self {
        Self { world: Arc::new(Mutex::new(world)), clock: Clock::start() }
    }

    /// Time since the world began.
    pub(crate) fn age(&self) -> Duration {
        self.clock.elapsed()
    }

    /// Reads the world.
    pub(crate) fn read<T>(&self, with: impl FnOnce(&DemoWorld) -> T) -> T {
        with(&self.world.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn control(&self, control: Control) -> Result<(), String> {
        let at = self.age();
        self.world.lock().unwrap_or_else(PoisonError::into_inner).control(at, control)
    }

    fn version(&self, service: &str) -> String {
        let at = self.age();
        self.world.lock().unwrap_or_else(PoisonError::into_inner).version(service, at).to_owned()
    }
}

/// Binds a free port on loopback.
///
/// # Errors
/// When loopback has no free port.
pub(crate) async fn bind() -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Answers until it is dropped.
pub(crate) async fn serve(listener: TcpListener, shared: Shared) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                let shared = shared.clone();
                connections.spawn(async move {
                    // A client that goes away in the middle is nobody's fault.
                    let _ = converse(stream, &shared).await;
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Answers request after request on one connection.
async fn converse(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::with_capacity(1024, stream);
    while let Some((method, path)) = request(&mut stream).await? {
        let answered = if method == "POST" {
            Some(control(shared, &path))
        } else {
            let (at, path) = (shared.age(), path.as_str());
            shared.read(|world| answer(world, path, at))
        };
        // No answer: the service refuses, which here is a connection closed without a word.
        let Some(HttpAnswer { status, content_type, body, takes }) = answered else { return Ok(()) };
        tokio::time::sleep(takes).await;
        let length = body.len();
        let head = format!("HTTP/1.1 {status} -\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\r\n");
        stream.write_all((head + &body).as_bytes()).await?;
    }
    Ok(())
}

async fn request(stream: &mut BufReader<TcpStream>) -> io::Result<Option<(String, String)>> {
    let mut head = stream.take(LONGEST_REQUEST);
    let mut first = String::new();
    if head.read_line(&mut first).await? == 0 {
        return Ok(None);
    }
    let mut length = 0;
    loop {
        let mut line = String::new();
        if head.read_line(&mut line).await? == 0 || line == "\r\n" {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or(0).min(LONGEST_REQUEST);
        }
    }
    // Nothing that is asked here needs a body; it is read so that the next request begins where it should.
    tokio::io::copy(&mut stream.take(length), &mut tokio::io::sink()).await?;
    let mut words = first.split_whitespace();
    Ok(words.next().zip(words.next()).map(|(method, path)| (method.to_owned(), path.to_owned())))
}

/// `POST /control/restart/SERVICE`, `POST /control/rollback/SERVICE/VERSION`, `POST /control/version/SERVICE`,
/// which answers the running version and the seconds since the start.
fn control(shared: &Shared, path: &str) -> HttpAnswer {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    if let ["control", "version", service] = parts.as_slice() {
        let body = format!("{} {}", shared.version(service), shared.age().as_secs());
        return HttpAnswer { status: 200, content_type: "text/plain", body, takes: Duration::ZERO };
    }
    let done = match parts.as_slice() {
        ["control", "restart", service] => shared.control(Control::Restart((*service).to_owned())),
        ["control", "rollback", service, version] => {
            shared.control(Control::Rollback { service: (*service).to_owned(), version: (*version).to_owned() })
        }
        _ => Err(format!("nothing can be done at {path}")),
    };
    let (status, body) = match done {
        Ok(()) => (200, "done".to_owned()),
        Err(why) => (404, why),
    };
    HttpAnswer { status, content_type: "text/plain", body, takes: Duration::ZERO }
}
